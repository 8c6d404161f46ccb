"""One command, from its start to its end, in a thread of the starter's."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from headgate.engines.command import kept
from headgate.engines.command.outcomes import Done, Flooded, Hung, NotRun, Outcome, Run, not_run

REAP_S: Final = 2.0
"""How long after SIGKILL the end of a command is waited for."""
_CHUNK: Final = 256 * 1024


class Attended:
    """One command; `outcome` is a thread's, the rest the starter's. Raises OSError: no descriptor is left."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._command = run.command
        self._stdout, self._stderr = bytearray(), bytearray()
        self._given_up = os.eventfd(0, os.EFD_CLOEXEC)

    def give_up(self) -> None:
        """Nobody wants its outcome any more: it is killed."""
        os.eventfd_write(self._given_up, 1)

    def close(self) -> None:
        """There is an outcome, and nothing to be given up any more."""
        os.close(self._given_up)

    def outcome(self) -> Outcome:
        """Run it, until it has ended and nobody holds its outputs any more."""
        name = self._command.argv[0]
        found = shutil.which(name, path=self._run.environment["PATH"])
        if found is None:
            return NotRun(f"{name} is not in {self._run.environment['PATH']}")
        try:
            process = self._start(found)
        except (OSError, ValueError) as error:
            # ValueError: a NUL in an argument. OSError: E2BIG, EAGAIN, EACCES and the like.
            return not_run(name, error)
        try:
            pidfd = os.pidfd_open(process.pid)
        except OSError:  # there is no descriptor left for it: nobody would hear of its end
            self._kill(process)
            return Hung(0.0, b"", b"")
        if self._command.niceness:
            _be_nice(process, self._command.niceness)
        try:
            in_time = self._attend(process, pidfd)
            if not in_time:
                self._kill(process)
                end = select.poll()
                end.register(pidfd, select.POLLIN)
                end.poll(REAP_S * 1000)
            # Reaped only now: until here its number is nobody else's.
            status = process.poll()
        finally:
            os.close(pidfd)
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        if self._command.kept:
            with contextlib.suppress(OSError):  # it is looked at again by whoever wants to know
                kept.held(Path(self._command.kept))
        if not in_time or status is None:
            return Hung(self._run.deadline_s, bytes(self._stdout), bytes(self._stderr))
        if max(len(self._stdout), len(self._stderr)) > self._run.most_bytes:
            return Flooded(self._run.most_bytes)
        return Done(status, bytes(self._stdout), bytes(self._stderr))

    def _start(self, found: str) -> "subprocess.Popen[bytes]":
        with open(self._stdin(), "rb") as file:
            return subprocess.Popen(
                [*self._run.sudo, found, *self._command.argv[1:]],
                bufsize=0,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._run.environment,
                cwd="/",
                process_group=0,
            )

    def _stdin(self) -> int:
        if self._command.kept:
            return kept.keep(self._command.kept, self._command.stdin)
        fd = os.memfd_create("stdin")
        with open(os.dup(fd), "wb") as file:
            file.write(self._command.stdin)
        os.lseek(fd, 0, os.SEEK_SET)
        return fd

    def _kill(self, process: "subprocess.Popen[bytes]") -> None:
        """End it, with all in its group. It has not been reaped.

        Killed, sudo would leave its command behind; told to end, it ends that first (sudo(8), Signal
        handling), and with TIMEOUT in its rule it kills it at last.
        """
        try:
            if self._run.sudo:
                os.kill(process.pid, signal.SIGTERM)
            else:
                os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # PermissionError: a sudo that does not stay has become the command. We go on.
            pass

    def _attend(self, process: "subprocess.Popen[bytes]", pidfd: int) -> bool:
        """Read what it says until all is over. False: its time is over, or it was given up."""
        if process.stdout is None or process.stderr is None:
            raise RuntimeError("a command was started without its pipes")
        ends = time.monotonic() + self._run.deadline_s
        said = {process.stdout.fileno(): self._stdout, process.stderr.fileno(): self._stderr}
        waited = {pidfd, *said}
        poll = select.poll()
        for fd in (*waited, self._given_up):
            poll.register(fd, select.POLLIN)
        while waited:
            left = ends - time.monotonic()
            ready = [fd for fd, _ in poll.poll(left * 1000)] if left > 0 else []
            if not ready or self._given_up in ready:
                return False
            for fd in ready:
                chunk = os.read(fd, _CHUNK) if fd in said else b""
                if not chunk:
                    poll.unregister(fd)
                    waited.discard(fd)
                elif len(said[fd]) <= self._run.most_bytes:  # else it is killed, and this was in the pipe
                    said[fd] += chunk
                    if len(said[fd]) > self._run.most_bytes:
                        self._kill(process)
        return True


def _be_nice(process: "subprocess.Popen[bytes]", niceness: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
    except PermissionError:  # it is another account's
        pass
