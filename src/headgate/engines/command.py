"""Running a command of a foreign scheduler to its end: what all engines that have such commands share.

There is no shell. The environment is built from nothing, so that no variable of the server's own
(`SBATCH_PARTITION`, `SLURM_CONF`, `LD_PRELOAD`, `HEADGATE_…`) reaches a command; what a command needs besides
is on the `Command`. Each runs in a process group of its own in `/`, and is killed with everything that it
started when its deadline has passed or when it says more than can be true. (Not in a session of its own:
where sessions share the processors evenly, sched(7) on autogroups, each would count as much as the server.)

Each has a thread that starts it, reads its outputs and waits for its end, so that the event loop does nothing
for it but begin and go on. (uvloop's own way is a fork, for which the page tables of the whole server are
copied while all clients wait. `subprocess` uses vfork: its thread waits until the command has been given a
processor, which can take long where there are few.)

What came of it is one of four values. Only `Done` says that the command ended by itself; after `Hung` and
`Flooded` it may or may not have done its work, after `NotRun` it certainly has not.
"""

import asyncio
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from msgspec import Struct

PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BASE: Final[Mapping[str, str]] = {"PATH": PATH, "LC_ALL": "C.UTF-8", "TZ": "UTC0"}
"""What every command gets: the standard places, plain English, and times in UTC."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""Of standard output, and of standard error. 200,000 rows of squeue are 40 MB."""
REAP_S: Final = 2.0
"""How long after SIGKILL the end of a command is waited for."""
_CHUNK: Final = 256 * 1024


class Command(Struct, frozen=True, kw_only=True):
    """What to run. environment: variables of ours that it needs beyond the runner's. niceness: how much more
    of it than the server has (nice(1)); 0 to 19.
    """

    argv: tuple[str, ...]
    stdin: bytes = b""
    environment: Mapping[str, str] = {}
    niceness: int = 0


class Done(Struct, frozen=True):
    """It ended by itself. exit_status below 0: by that signal."""

    exit_status: int
    stdout: bytes
    stderr: bytes


class Hung(Struct, frozen=True):
    """It did not end in `after_s` seconds, and was killed. What it had said so far."""

    after_s: float
    stdout: bytes
    stderr: bytes


class Flooded(Struct, frozen=True):
    """It said more than `limit` bytes, and was killed."""

    limit: int


class NotRun(Struct, frozen=True):
    """It could not even be started."""

    reason: str


Outcome = Done | Hung | Flooded | NotRun


class Runner:
    """Runs commands, some at once; the others wait their turn.

    environment: what all of them get besides `BASE` (SLURM_CONF, or another PATH). most_at_once: how many
    run at the same time. sudo: the command that becomes another account, as `sudo -n -u NAME -- …`.
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        most_at_once: int = 8,
        most_bytes: int = MOST_BYTES,
        sudo: str = "sudo",
    ) -> None:
        self._environment = {**BASE, **(environment or {})}
        self._turns = asyncio.Semaphore(most_at_once)
        self._threads = ThreadPoolExecutor(most_at_once, thread_name_prefix="command")
        self._most_bytes = most_bytes
        self._sudo = sudo

    async def run(self, command: Command, *, deadline_s: float, account: str = "") -> Outcome:
        """Run it to its end, its output read whole. Never raises for what the command does.

        account: the account that it runs as by way of sudo; empty for the server's own. The deadline counts
        from its start, not from when it began to wait for its turn. Cancelled, it kills the command.
        """
        environment = {**self._environment, **command.environment}
        found = shutil.which(command.argv[0], path=environment["PATH"])
        if found is None:
            return NotRun(f"{command.argv[0]} is not in {environment['PATH']}")
        argv = [found, *command.argv[1:]]
        if account:
            # sudo(8): it makes an environment of its own, and keeps of ours what the rule's SETENV lets it.
            keep = ",".join(sorted(environment.keys() - {"PATH"}))
            argv = [self._sudo, "-n", f"--preserve-env={keep}", "-u", account, "--", *argv]
        async with self._turns:
            try:
                attended = _Attended(command, argv, environment, deadline_s, self._most_bytes)
            except OSError as error:  # no descriptor is left
                return NotRun(f"{argv[0]} could not be started: {error}")
            over = asyncio.get_running_loop().run_in_executor(self._threads, attended.outcome)
            over.add_done_callback(attended.close)
            try:
                return await asyncio.shield(over)
            except asyncio.CancelledError:
                if not over.done():
                    attended.give_up()
                    await asyncio.wait([over])
                raise


class _Attended:
    """One command; `outcome` is a thread's, the rest the event loop's."""

    def __init__(
        self,
        command: Command,
        argv: Sequence[str],
        environment: Mapping[str, str],
        deadline_s: float,
        most_bytes: int,
    ) -> None:
        self._command = command
        self._argv = argv
        self._environment = environment
        self._deadline_s = deadline_s
        self._most_bytes = most_bytes
        self._stdout, self._stderr = bytearray(), bytearray()
        self._given_up = os.eventfd(0, os.EFD_CLOEXEC)

    def give_up(self) -> None:
        """Nobody wants its outcome any more: it is killed."""
        os.eventfd_write(self._given_up, 1)

    def close(self, _over: object) -> None:
        """There is an outcome, and nothing to be given up any more."""
        os.close(self._given_up)

    def outcome(self) -> Outcome:
        """Run it, until it has ended and nobody holds its outputs any more."""
        try:
            process = self._start()
        except (OSError, ValueError) as error:
            # ValueError: a NUL in an argument. OSError: E2BIG, EAGAIN, EACCES and the like.
            return NotRun(f"{self._argv[0]} could not be started: {error}")
        try:
            pidfd = os.pidfd_open(process.pid)
        except OSError:  # there is no descriptor left for it: nobody would hear of its end
            _kill(process)
            return Hung(0.0, b"", b"")
        if self._command.niceness:
            _be_nice(process, self._command.niceness)
        try:
            in_time = self._attend(process, pidfd)
            if not in_time:
                _kill(process)
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
        if not in_time or status is None:
            return Hung(self._deadline_s, bytes(self._stdout), bytes(self._stderr))
        if max(len(self._stdout), len(self._stderr)) > self._most_bytes:
            return Flooded(self._most_bytes)
        return Done(status, bytes(self._stdout), bytes(self._stderr))

    def _start(self) -> "subprocess.Popen[bytes]":
        with open(os.memfd_create("stdin"), "wb") as file:
            file.write(self._command.stdin)
            file.flush()
            file.seek(0)
            return subprocess.Popen(
                self._argv,
                bufsize=0,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment,
                cwd="/",
                process_group=0,
            )

    def _attend(self, process: "subprocess.Popen[bytes]", pidfd: int) -> bool:
        """Read what it says until all is over. False: its time is over, or it was given up."""
        if process.stdout is None or process.stderr is None:
            raise RuntimeError("a command was started without its pipes")
        ends = time.monotonic() + self._deadline_s
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
                elif len(said[fd]) <= self._most_bytes:  # else it is killed already, and this was in the pipe
                    said[fd] += chunk
                    if len(said[fd]) > self._most_bytes:
                        _kill(process)
        return True


def _be_nice(process: "subprocess.Popen[bytes]", niceness: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, process.pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
    except PermissionError:  # sudo is root's
        pass


def _kill(process: "subprocess.Popen[bytes]") -> None:
    """End it, with all in its group. It has not been reaped."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # PermissionError: sudo is root's. It ends when it finds its streams closed, or stays; we go on.
        pass
