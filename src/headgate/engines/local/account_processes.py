"""LocalProcesses: `ports.account_processes.AccountProcesses` on this machine.

A process is told everything through its stdin, becomes the account and only then works (`account_hand.py`).
It gets nothing of the server: no descriptors, no environment, its own session. Whatever becomes of it, the
server has waited for it.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from typing import Final

import msgspec

from headgate.core.errors import NotPermitted, Unavailable
from headgate.engines.account import own_account
from headgate.engines.isolated import import_paths
from headgate.engines.local.account_hand import DONE, HEAD, REFUSED, SAID, Told
from headgate.engines.local.rights import AccountRefused, account_for
from headgate.ports.account_processes import Errand

_BOOT: Final = """\
import sys
sys.path += sys.argv[1:]
from headgate.engines.local.account_hand import main
main()
"""
_LARGEST: Final = 1 << 26
"""Bytes of a message. Its process belongs to a user, who can't reach into it; but nobody is trusted twice."""


class LocalProcesses:
    """See the module. min_uid: as for tasks (`engine.local.min_uid`)."""

    def __init__(self, min_uid: int) -> None:
        self._min_uid = min_uid

    async def run(self, errand: Errand) -> AsyncGenerator[bytes, None]:
        """See ports.account_processes."""
        try:
            account_for(errand.account, self._min_uid, own_account())
        except AccountRefused as refused:
            raise NotPermitted(str(refused)) from None
        process = await _started()
        try:
            async with asyncio.timeout(errand.silence_s):
                await self._tell(process, errand)
            while True:
                async with asyncio.timeout(errand.silence_s):
                    kind, message = await _heard(process)
                if kind == DONE:
                    return
                if kind == REFUSED:
                    raise Unavailable(f"the account can't be entered: {message.decode('utf-8', 'replace')}")
                yield message
        except TimeoutError:
            raise Unavailable(f"the process said nothing for {errand.silence_s:.0f} s") from None
        except (ConnectionError, asyncio.IncompleteReadError):
            raise Unavailable("the process ended before its work was done") from None
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _tell(self, process: asyncio.subprocess.Process, errand: Errand) -> None:
        told = Told(account=errand.account, min_uid=self._min_uid, program=errand.program, told=errand.told)
        message = msgspec.msgpack.encode(told)
        if process.stdin is not None:
            # It stays open: its end tells the process that we are gone.
            process.stdin.write(len(message).to_bytes(4, "big") + message)
            await process.stdin.drain()


async def _started() -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-B", "-c", _BOOT, *import_paths()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env={"LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(f"no process can be started: {error.strerror}") from None


async def _heard(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    if process.stdout is None:
        raise ConnectionError
    kind, length = HEAD.unpack(await process.stdout.readexactly(HEAD.size))
    if kind not in (SAID, REFUSED, DONE) or length > _LARGEST:
        raise ConnectionError
    return kind, await process.stdout.readexactly(length)
