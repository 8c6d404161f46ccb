"""`make slurm-up` and `make slurm-down`: a test cluster that stays while somebody works with it.

Up starts `python -m headgate.testing.slurm` in a session of its own and writes its pid into a file, with when
that process began (so that nobody else's process is ended later on); down reads it, ends that process, and
waits: the cluster goes with it.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from headgate.testing.slurm import unavailable

STATE = Path(".cache/slurm.json")
UP_S = 60.0
DOWN_S = 30.0


class Kept(msgspec.Struct, frozen=True):
    """The process that keeps the cluster. began: its start in clock ticks since boot (proc(5))."""

    pid: int
    began: int


def up(state: Path, arguments: Sequence[str]) -> int:
    """Start one, print the SLURM_CONF to export, and leave it running."""
    kept = _kept(state)
    if kept is not None:
        print(f"a cluster is up already (pid {kept.pid}); make slurm-down ends it", file=sys.stderr)
        return 1
    if reason := unavailable():
        print(f"no cluster: {reason}", file=sys.stderr)
        return 1
    state.parent.mkdir(parents=True, exist_ok=True)
    log = state.with_suffix(".log")
    with log.open("wb") as into:
        process = subprocess.Popen(
            [sys.executable, "-m", "headgate.testing.slurm", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=into,
            stderr=into,
            start_new_session=True,
        )
    state.write_bytes(msgspec.json.encode(Kept(process.pid, _began(process.pid) or 0)))
    until = time.monotonic() + UP_S
    while "Ctrl-C" not in log.read_text():
        if process.poll() is not None or time.monotonic() > until:
            print(log.read_text(), file=sys.stderr)
            down(state)
            return 1
        time.sleep(0.05)
    process.returncode = 0  # Not ours to wait for: it stays.
    print("\n".join(line for line in log.read_text().splitlines() if line.startswith("export ")))
    return 0


def down(state: Path) -> int:
    """End it with its jobs, and wait until it is gone. Fine if there is none."""
    kept = _kept(state)
    if kept is not None:
        os.kill(kept.pid, signal.SIGTERM)
        until = time.monotonic() + DOWN_S
        while _began(kept.pid) == kept.began:
            if time.monotonic() > until:
                print(f"the cluster's process {kept.pid} does not end", file=sys.stderr)
                return 1
            time.sleep(0.05)
    state.unlink(missing_ok=True)
    return 0


def _kept(state: Path) -> Kept | None:
    """The one of the file, if that very process is still there."""
    try:
        kept = msgspec.json.decode(state.read_bytes(), type=Kept)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
    return kept if kept.began and _began(kept.pid) == kept.began else None


def _began(pid: int) -> int | None:
    """When a process began; None if it is gone, or only waits to be collected."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # proc(5): the state is the third field, and the first here; the start is the 22nd.
    return None if fields[0] == "Z" else int(fields[19])


def main() -> int:
    """`up` or `down`; what follows `up` is for the cluster."""
    parser = argparse.ArgumentParser(prog="python -m headgate.testing.slurm_kept", description=main.__doc__)
    parser.add_argument("what", choices=("up", "down"))
    options, rest = parser.parse_known_args()
    return up(STATE, rest) if options.what == "up" else down(STATE)


if __name__ == "__main__":
    sys.exit(main())
