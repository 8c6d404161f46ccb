"""The machine that the server runs on: its clock, its account, and what is left of an earlier life."""

import os
import signal
import time
from collections.abc import Collection
from pathlib import Path

import structlog

log = structlog.get_logger("headgate.engines.slurm")


def now() -> int:
    """UTC microseconds."""
    return time.time_ns() // 1000


def boot_id() -> str:
    """Which run of the machine this is (proc(5), random/boot_id)."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def end_orphans(parts: Collection[str]) -> None:
    """End what an earlier life has left of sbatch: it might still submit one of these.

    sudo is root's, but ours by its real uid: it may be told to end, and ends its sbatch first.
    """
    wanted = {f"--comment={part}".encode() for part in parts}
    if not wanted:
        return
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            process = Path("/proc", entry)
            words = (process / "cmdline").read_bytes().split(b"\0")
            if not wanted.intersection(words) or not any(word.endswith(b"sbatch") for word in words[:12]):
                continue
            real, effective = _uids(process)
            if real != os.geteuid():  # anybody may write anything on a command line
                continue
            group = os.getpgid(int(entry))
            log.warning("orphan_ended", pid=int(entry))
            if effective != real:
                os.kill(int(entry), signal.SIGTERM)
            elif group == os.getpgrp():
                os.kill(int(entry), signal.SIGKILL)
            else:  # it was started in a process group of its own, with all that it has started
                os.killpg(group, signal.SIGKILL)
        except (OSError, ValueError):
            continue


def _uids(process: Path) -> tuple[int, int]:
    """The real uid and the effective one (proc(5), status). Raises OSError, ValueError."""
    for line in (process / "status").read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("Uid:"):
            return int(line.split()[1]), int(line.split()[2])
    raise ValueError(f"{process} does not say whose it is")
