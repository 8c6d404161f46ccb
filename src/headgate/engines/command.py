"""Running a command of a foreign scheduler to its end: what all engines that have such commands share.

There is no shell. The environment is built from nothing, so that no variable of the server's own
(`SBATCH_PARTITION`, `SLURM_CONF`, `LD_PRELOAD`, `HEADGATE_…`) reaches a command; what a command needs besides
is on the `Command`. Each runs in a session of its own in `/`, and is killed with everything that it started
when its deadline has passed or when it says more than can be true.

What came of it is one of four values. Only `Done` says that the command ended by itself; after `Hung` and
`Flooded` it may or may not have done its work, after `NotRun` it certainly has not.
"""

import asyncio
import os
import shutil
import signal
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from headgate.engines.starting import elsewhere

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
            return await elsewhere(self._started(command, argv, environment, deadline_s))

    async def _started(
        self, command: Command, argv: list[str], environment: Mapping[str, str], deadline_s: float
    ) -> Outcome:
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment,
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            # ValueError: a NUL in an argument. OSError: E2BIG, EAGAIN, EACCES and the like.
            return NotRun(f"{command.argv[0]} could not be started: {error}")
        return await self._attend(process, command.stdin, deadline_s)

    async def _attend(self, process: asyncio.subprocess.Process, stdin: bytes, deadline_s: float) -> Outcome:
        stdout, stderr = bytearray(), bytearray()
        into, out, err = process.stdin, process.stdout, process.stderr
        if into is None or out is None or err is None:
            raise RuntimeError("a command was started without its pipes")
        try:
            async with asyncio.timeout(deadline_s), asyncio.TaskGroup() as group:
                group.create_task(_feed(into, stdin))
                group.create_task(self._read(process, out, stdout))
                group.create_task(self._read(process, err, stderr))
                group.create_task(process.wait())
        except BaseException as error:
            await _end(process)
            if isinstance(error, TimeoutError):
                return Hung(deadline_s, bytes(stdout), bytes(stderr))
            raise
        if max(len(stdout), len(stderr)) > self._most_bytes:
            return Flooded(self._most_bytes)
        # No signal to its group any more: once it is reaped, its number may be another's.
        # wait() is over, so that it has a status.
        return Done(process.returncode or 0, bytes(stdout), bytes(stderr))

    async def _read(
        self, process: asyncio.subprocess.Process, stream: asyncio.StreamReader, said: bytearray
    ) -> None:
        while chunk := await stream.read(_CHUNK):
            if len(said) > self._most_bytes:
                # Killed already; this is what was left in the pipe.
                continue
            said += chunk
            if len(said) > self._most_bytes:
                _kill(process)


async def _feed(stream: asyncio.StreamWriter, data: bytes) -> None:
    if stream.is_closing():
        # It has ended already. (uvloop refuses to write then.)
        return
    try:
        stream.write(data)
        await stream.drain()
        stream.close()
        await stream.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        # It ended, or closed its input, without reading all of it: its exit status says what that means.
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of its session, and see it reaped."""
    _kill(process)
    if process.returncode is None:
        try:
            async with asyncio.timeout(REAP_S):
                await process.wait()
        except TimeoutError:
            pass
    # Not public, and the only way to be rid of pipes that somebody else still holds (python/cpython#119710).
    transport = process._transport  # type: ignore[attr-defined]  # see above
    transport.close()


def _kill(process: asyncio.subprocess.Process) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # PermissionError: sudo is root's. It ends when it finds its streams closed, or stays; we go on.
        pass
