"""Running a command of a foreign scheduler to its end: what all engines that have such commands share.

There is no shell. The environment is built from nothing, so that no variable of the server's own
(`SBATCH_PARTITION`, `SLURM_CONF`, `LD_PRELOAD`, `HEADGATE_…`) reaches a command; what a command needs besides
is on the `Command`. Each runs in a session of its own in `/`, and is killed with everything that it started
when its deadline has passed or when it says more than can be true.

It is started by vfork (`subprocess`, whichever the event loop: uvloop would fork, and copy the page tables of
the whole server), with its input in a file in memory, and its end is told by a pidfd: no thread, nobody who
feeds it.

What came of it is one of four values. Only `Done` says that the command ended by itself; after `Hung` and
`Flooded` it may or may not have done its work, after `NotRun` it certainly has not.
"""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
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
    """What to run. environment: variables of ours that it needs beyond the runner's."""

    argv: tuple[str, ...]
    stdin: bytes = b""
    environment: Mapping[str, str] = {}


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
                process = _start(argv, command.stdin, environment)
            except (OSError, ValueError) as error:
                # ValueError: a NUL in an argument. OSError: E2BIG, EAGAIN, EACCES and the like.
                return NotRun(f"{command.argv[0]} could not be started: {error}")
            return await _Attended(process, self._most_bytes).outcome(deadline_s)


def _start(argv: Sequence[str], stdin: bytes, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start it. Raises OSError, ValueError: then it certainly does not run."""
    with open(os.memfd_create("stdin"), "wb") as file:
        file.write(stdin)
        file.flush()
        file.seek(0)
        return subprocess.Popen(
            argv,
            bufsize=0,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
        )


class _Attended:
    """A command that runs. Its two outputs are read, and its end waited for, as they come."""

    def __init__(self, process: "subprocess.Popen[bytes]", most_bytes: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._process = process
        self._most_bytes = most_bytes
        self._stdout, self._stderr = bytearray(), bytearray()
        self._open: set[int] = set()
        """What is still waited for: the end of the process, and of each output."""
        self._ended, self._all_over = self._loop.create_future(), self._loop.create_future()

    async def outcome(self, deadline_s: float) -> Outcome:
        """What came of it, when it has ended and nobody holds its outputs any more."""
        out, err = self._process.stdout, self._process.stderr
        if out is None or err is None:
            raise RuntimeError("a command was started without its pipes")
        with out, err:
            try:
                pidfd = os.pidfd_open(self._process.pid)
            except OSError:  # no descriptor is left for it: nobody would hear of its end
                self._kill()
                return Hung(0.0, b"", b"")
            try:
                self._wait_for(pidfd, self._end_seen, pidfd)
                self._wait_for(out.fileno(), self._read, out.fileno(), self._stdout)
                self._wait_for(err.fileno(), self._read, err.fileno(), self._stderr)
                async with asyncio.timeout(deadline_s):
                    await self._all_over
            except BaseException as error:
                await self._end()
                if isinstance(error, TimeoutError):
                    return Hung(deadline_s, bytes(self._stdout), bytes(self._stderr))
                raise
            finally:
                for fd in self._open:
                    self._loop.remove_reader(fd)
                os.close(pidfd)
                self._process.poll()  # reaped only now: until here its number is nobody else's
        if max(len(self._stdout), len(self._stderr)) > self._most_bytes:
            return Flooded(self._most_bytes)
        return Done(self._process.wait(), bytes(self._stdout), bytes(self._stderr))

    def _wait_for(self, fd: int, then: Callable[..., None], *arguments: object) -> None:
        self._loop.add_reader(fd, then, *arguments)
        self._open.add(fd)

    def _over(self, fd: int) -> None:
        self._loop.remove_reader(fd)
        self._open.discard(fd)
        if not self._open and not self._all_over.done():
            self._all_over.set_result(None)

    def _end_seen(self, pidfd: int) -> None:
        if not self._ended.done():
            self._ended.set_result(None)
        self._over(pidfd)

    def _read(self, fd: int, said: bytearray) -> None:
        chunk = os.read(fd, _CHUNK)
        if not chunk:
            self._over(fd)
        elif len(said) <= self._most_bytes:  # else it is killed already; this was left in the pipe
            said += chunk
            if len(said) > self._most_bytes:
                self._kill()

    async def _end(self) -> None:
        """Kill what is left of its session, and see its end."""
        self._kill()
        try:
            async with asyncio.timeout(REAP_S):
                await self._ended
        except TimeoutError:
            pass

    def _kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            # PermissionError: sudo is root's. It ends when it finds its streams closed, or stays; we go on.
            pass
