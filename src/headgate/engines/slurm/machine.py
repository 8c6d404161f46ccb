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
    """Kill what an earlier life has left of sbatch: it might still submit one of these."""
    wanted = {f"--comment={part}".encode() for part in parts}
    if not wanted:
        return
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            process = Path("/proc", entry)
            if process.stat().st_uid != os.geteuid():  # anybody may write anything on a command line
                continue
            words = (process / "cmdline").read_bytes().split(b"\0")
            if wanted.intersection(words) and any(word.endswith(b"sbatch") for word in words[:8]):
                group = os.getpgid(int(entry))
                log.warning("orphan_ended", pid=int(entry))
                if group == os.getpgrp():
                    os.kill(int(entry), signal.SIGKILL)
                else:  # it was started in a process group of its own, with all that it has started
                    os.killpg(group, signal.SIGKILL)
        except (OSError, ValueError):
            continue
