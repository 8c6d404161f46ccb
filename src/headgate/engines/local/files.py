"""LocalFiles: `ports.files` on this machine. Each file is the work of a process of its own.

The process is told everything through its stdin, becomes the account and only then touches a path
(`file_hand.py`, run by `account_processes.py`), and is killed after `_ANSWER_S`.
"""

import asyncio
import errno
import os
from contextlib import aclosing
from typing import Final

import msgspec

from headgate.core.errors import BadRequest, HeadgateError, NotFound, NotPermitted, TooLarge, Unavailable
from headgate.core.launch import OsAccount
from headgate.engines.local import folders
from headgate.engines.local.account_processes import LocalProcesses
from headgate.engines.local.file_hand import (
    FOREIGN_LINK,
    NOT_REGULAR,
    PROGRAM,
    TOO_LARGE,
    Answer,
    Errand,
)
from headgate.ports import account_processes

_ANSWER_S: Final = 20.0
_AT_ONCE: Final = 4
_WAITING: Final = 32


class LocalFiles:
    """See the module. min_uid: as for tasks (`engine.local.min_uid`)."""

    def __init__(self, min_uid: int) -> None:
        self._processes = LocalProcesses(min_uid)
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._making = asyncio.Lock()
        self._open = 0

    async def read(self, account: OsAccount | None, path: str, *, limit: int) -> bytes:
        """See ports.files."""
        return await self._run(Errand(account=account, path=path, limit=limit))

    async def read_below(self, account: OsAccount | None, folder: str, path: str, *, limit: int) -> bytes:
        """See ports.files."""
        return await self._run(Errand(account=account, path=path, limit=limit, below=folder))

    async def make_folder(self, account: OsAccount | None, parent: str, name: str) -> None:
        """See ports.files."""
        # One after another: of two that find nothing, the second would put its own in place of the first's.
        async with self._making:
            await asyncio.to_thread(folders.make, account, parent, name)

    async def write(self, account: OsAccount | None, path: str, content: bytes) -> None:
        """See ports.files."""
        await self._run(Errand(account=account, path=path, content=content))

    async def _run(self, errand: Errand) -> bytes:
        if self._open >= _AT_ONCE + _WAITING:
            raise Unavailable("Too many files are being read and written; try again.")
        self._open += 1
        try:
            async with self._turn:
                answer = await _sent(self._processes, errand)
        finally:
            self._open -= 1
        if answer.fault:
            raise _refusal(errand.path, answer)
        return answer.content


async def _sent(processes: account_processes.AccountProcesses, errand: Errand) -> Answer:
    """Send a process on this errand. Raises Unavailable when it does not come back with an answer."""
    told = account_processes.Errand(
        account=errand.account, program=PROGRAM, told=msgspec.msgpack.encode(errand), silence_s=_ANSWER_S
    )
    try:
        async with aclosing(processes.run(told)) as said:
            answer = b"".join([one async for one in said])
    except Unavailable as error:
        raise Unavailable(f"The file {_shown(errand.path)} can't be reached now: {error.text}.") from None
    return msgspec.msgpack.decode(answer, type=Answer)


def _shown(path: str) -> str:
    return repr(path if len(path) <= 200 else path[:200] + "…")


def _refusal(path: str, answer: Answer) -> HeadgateError:
    """The error for what the process could not do."""
    shown = _shown(path)
    match answer.fault:
        case errno.ENOENT | errno.ENOTDIR:
            return NotFound(f"There is no file {shown}.", kind="file")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return NotPermitted(f"The OS account may not do this with {shown}.")
        case fault if fault == TOO_LARGE:
            return TooLarge(f"The file {shown} is larger than can be read in one piece.")
        case errno.EXDEV:
            return BadRequest(f"{shown} leads out of the folder that it is to be in.")
        case fault if fault == FOREIGN_LINK:
            return BadRequest(f"{shown} is a link to a file of somebody else.")
        case fault if fault in (NOT_REGULAR, errno.EISDIR, errno.ENXIO, errno.ELOOP, errno.ENAMETOOLONG):
            return BadRequest(f"{shown} is no regular file.")
        case fault:
            return Unavailable(f"The file {shown} can't be reached now: {os.strerror(fault)}.")
