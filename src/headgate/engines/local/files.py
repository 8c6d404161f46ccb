"""LocalFiles: `ports.files` on this machine. Each file is the work of a process of its own.

The process is told everything through its stdin, becomes the account and only then touches a path
(`file_hand.py`). Whatever becomes of it, the server has waited for it: killed after `_ANSWER_S`.
"""

import asyncio
import errno
import os
import sys
from typing import Final

import msgspec

from headgate.core.errors import BadRequest, HeadgateError, NotFound, NotPermitted, TooLarge, Unavailable
from headgate.core.launch import OsAccount
from headgate.engines.local import folders
from headgate.engines.local.file_hand import FOREIGN_LINK, NOT_REGULAR, TOO_LARGE, Answer, Errand
from headgate.engines.local.launching import import_paths

_BOOT: Final = """\
import sys
sys.path += sys.argv[1:]
from headgate.engines.local.file_hand import main
main()
"""
_ANSWER_S: Final = 20.0
_AT_ONCE: Final = 4
_WAITING: Final = 32


class LocalFiles:
    """See the module. min_uid: as for tasks (`engine.local.min_uid`)."""

    def __init__(self, min_uid: int) -> None:
        self._min_uid = min_uid
        self._turn = asyncio.Semaphore(_AT_ONCE)
        self._making = asyncio.Lock()
        self._open = 0

    async def read(self, account: OsAccount | None, path: str, *, limit: int) -> bytes:
        """See ports.files."""
        return await self._run(Errand(account=account, min_uid=self._min_uid, path=path, limit=limit))

    async def read_below(self, account: OsAccount | None, folder: str, path: str, *, limit: int) -> bytes:
        """See ports.files."""
        return await self._run(
            Errand(account=account, min_uid=self._min_uid, path=path, limit=limit, below=folder)
        )

    async def make_folder(self, account: OsAccount | None, parent: str, name: str) -> None:
        """See ports.files."""
        # One after another: of two that find nothing, the second would put its own in place of the first's.
        async with self._making:
            await asyncio.to_thread(folders.make, account, parent, name)

    async def write(self, account: OsAccount | None, path: str, content: bytes) -> None:
        """See ports.files."""
        await self._run(Errand(account=account, min_uid=self._min_uid, path=path, content=content))

    async def _run(self, errand: Errand) -> bytes:
        if self._open >= _AT_ONCE + _WAITING:
            raise Unavailable("Too many files are being read and written; try again.")
        self._open += 1
        try:
            async with self._turn:
                answer = await _sent(errand)
        finally:
            self._open -= 1
        if answer.fault:
            raise _refusal(errand.path, answer)
        return answer.content


async def _sent(errand: Errand) -> Answer:
    """Send a process on this errand. Raises Unavailable when it does not come back with an answer."""
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-B", "-c", _BOOT, *import_paths()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            cwd="/",
            env={"LC_ALL": "C.UTF-8"},
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable(f"No process can be started for a file: {error.strerror}.") from None
    try:
        told = msgspec.msgpack.encode(errand)
        said, _ = await asyncio.wait_for(process.communicate(told), _ANSWER_S)
        return msgspec.msgpack.decode(said, type=Answer)
    except TimeoutError:
        raise Unavailable(f"The file was not reached within {_ANSWER_S:.0f} s.") from None
    except msgspec.DecodeError:
        raise Unavailable("The process that should reach the file ended without an answer.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _refusal(path: str, answer: Answer) -> HeadgateError:
    """The error for what the process could not do."""
    shown = repr(path if len(path) <= 200 else path[:200] + "…")
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
            reason = answer.reason or os.strerror(abs(fault))
            return Unavailable(f"The file {shown} can't be reached now: {reason}.")
