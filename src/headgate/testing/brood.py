"""Processes that never outlive who started them, their orphans included.

A `Brood` is a keeper process, `python -m headgate.testing.brood`, that starts what it is told and adopts
whatever its children leave behind (a `slurmstepd`, a job that called setsid). It hears of its end when its
standard input is closed, which also happens when the test is killed, and then kills everything below it and
removes their folder.
"""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from headgate.testing.server import descendants

STOP_S = 120.0
"""Slurm leaves two files for each job, and removing thousands of them takes its time on a busy disk."""
PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): orphans below this process become its children instead of init's."""


class Child(msgspec.Struct, frozen=True):
    """One process to start. log: where both of its outputs go. user: empty for the keeper's own."""

    argv: tuple[str, ...]
    log: str
    environment: dict[str, str] = {}
    user: str = ""


class Brood:
    """The keeper, seen from who started it. folder: what is removed behind the last of them."""

    def __init__(self, folder: Path | None = None) -> None:
        self._keeper = subprocess.Popen(
            [sys.executable, "-m", "headgate.testing.brood", *([str(folder)] if folder else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._keeper.stdin is not None
        assert self._keeper.stdout is not None
        self._told, self._answers = self._keeper.stdin, self._keeper.stdout

    def start(
        self, argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None, user: str = ""
    ) -> int:
        """Start a process with this environment and nothing else in it. Its pid.

        Raises OSError when it could not be started.
        """
        child = Child(tuple(argv), str(log), dict(environment or {}), user)
        self._told.write(msgspec.json.encode(child) + b"\n")
        self._told.flush()
        answer = self._answers.readline().decode().strip()
        if not answer.isdigit():
            raise OSError(f"{argv[0]} did not start: {answer or 'the keeper of the processes is gone'}")
        return int(answer)

    def stop(self) -> None:
        """End all of them, and wait until they and the folder are gone."""
        self._told.close()
        self._answers.close()
        self._keeper.wait(STOP_S)


def keep(folders: Sequence[str]) -> None:
    """The keeper: a line of its input is a Child, and is answered with a pid or with why there is none."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    try:
        for line in sys.stdin.buffer:
            try:
                answer = str(_start(msgspec.json.decode(line, type=Child)))
            except (OSError, LookupError) as error:
                answer = f"{type(error).__name__}: {error}"
            # Who asked may be gone already; then the end of our input follows.
            try:
                os.write(1, answer.encode() + b"\n")
            except BrokenPipeError:
                pass
    finally:
        _end_all()
        for folder in folders:
            shutil.rmtree(folder)


def _start(child: Child) -> int:
    with Path(child.log).open("ab") as log:
        account = pwd.getpwnam(child.user) if child.user else None
        # Not waited for by this object: _end_all reaps whatever there is.
        process = subprocess.Popen(
            child.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=child.environment,
            cwd="/",
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
    process.returncode = 0
    return process.pid


def _end_all() -> None:
    """SIGKILL everything below this process until nothing is: who is killed may just have had a child."""
    while found := descendants(os.getpid()):
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        time.sleep(0.01)


if __name__ == "__main__":
    keep(sys.argv[1:])
