"""The machine the figures are from, and what else it was doing: under other load a figure says little."""

import os
import platform
import sqlite3
from pathlib import Path
from typing import Any

import headgate

CORES = len(os.sched_getaffinity(0))


def load() -> str:
    """Runnable processes in the last minute, other people's included."""
    one, five, _ = os.getloadavg()
    return f"load {one:.2f} (5 min {five:.2f}) on {CORES} cores"


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
