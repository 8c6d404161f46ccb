"""The machine the figures are from, and what else it was doing: under other load a figure says little."""

import os
import platform
import sqlite3
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import headgate

CORES = len(os.sched_getaffinity(0))
QUIET = 0.15
"""The share of all cores that may be in use when a round begins that waits for quiet."""


def load() -> str:
    """Runnable processes in the last minute, other people's included."""
    one, five, _ = os.getloadavg()
    return f"load {one:.2f} (5 min {five:.2f}) on {CORES} cores"


def busy(seconds: float = 1.0) -> float:
    """The share of all cores that is in use, by anybody, measured over some time."""
    used, total = _ticks("cpu")
    time.sleep(seconds)
    used_now, total_now = _ticks("cpu")
    return (used_now - used) / max(1, total_now - total)


def in_use(cores: Collection[int]) -> float:
    """Seconds in which these processors, added up, have had something to do so far."""
    return sum(_ticks(f"cpu{core}")[0] for core in cores) / os.sysconf("SC_CLK_TCK")


def _ticks(name: str) -> tuple[int, int]:
    """proc(5), a line of stat: user nice system idle iowait irq softirq steal. In use, and in all."""
    for line in Path("/proc/stat").read_text().splitlines():
        words = line.split()
        if words[0] == name:
            ticks = [int(word) for word in words[1:9]]
            return sum(ticks) - ticks[3] - ticks[4], sum(ticks)
    raise LookupError(f"/proc/stat says nothing of {name}")


@contextmanager
def on(cores: Collection[int]) -> Iterator[None]:
    """What this thread does and starts is kept to these processors; what it started stays there."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def move(pid: int, cores: Collection[int]) -> None:
    """Keep all threads of a process, and what they start from now on, to these processors."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), cores)


def wait_quiet(within_s: float) -> float:
    """Wait, at most so long, until the machine has little else to do. How busy it was at the end."""
    until = time.monotonic() + within_s
    share = busy()
    while share > QUIET and time.monotonic() < until:
        share = busy()
    return share


def model() -> str:
    """The processor's name."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def memory_mb(pid: int) -> float:
    """Resident memory of a process, in MiB."""
    for line in Path("/proc", str(pid), "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


class Spent(NamedTuple):
    """Processor time, user's and system's, in seconds. children: of those that have ended and were reaped."""

    own: float
    children: float


def spent(pid: int) -> Spent:
    """What a process has used so far (proc(5), stat)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, children_user, children_system = (int(field) for field in fields[11:15])
    ticks = os.sysconf("SC_CLK_TCK")
    return Spent((user + system) / ticks, (children_user + children_system) / ticks)


def facts() -> dict[str, Any]:
    """For the JSON."""
    return {
        "processor": model(),
        "cores": CORES,
        "load": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "headgate": headgate.__version__,
    }


def described() -> str:
    """One line below the table."""
    return (
        f"{CORES} cores of {model()}, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}; {load()} at the end"
    )
