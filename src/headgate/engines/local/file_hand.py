"""Reading or writing one file, in a process that is somebody else. Its words are `files.py`'s too.

A file that is no regular one is neither read nor written; opening it does not wait.
"""

import errno
import os
import stat
from typing import Final

import msgspec

from headgate.core.launch import OsAccount
from headgate.engines.local.beneath import open_beneath
from headgate.ports.account_processes import Work

NOT_REGULAR: Final = -1
TOO_LARGE: Final = -2
FOREIGN_LINK: Final = -3
"""Beside the numbers of errno. FOREIGN_LINK: a hard link to a file of somebody else."""
PROGRAM: Final = "headgate.engines.local.file_hand:program"
_BLOCK: Final = 1 << 20
_OPEN: Final = os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What to do. content: what to write; None: read up to `limit` bytes, of a file that is reached from
    `below` without leaving it, where that is set.
    """

    account: OsAccount | None
    path: str
    below: str = ""
    limit: int = 0
    content: bytes | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it. fault: 0: done; a number of errno or one of the above."""

    content: bytes = b""
    fault: int = 0


def program(told: bytes) -> Work:
    """See ports.account_processes."""
    errand = msgspec.msgpack.decode(told, type=Errand)
    return lambda say: say(msgspec.msgpack.encode(carry_out(errand)))


def carry_out(errand: Errand) -> Answer:
    """Read or write, as whoever this process is."""
    try:
        if errand.content is None:
            return _read(errand)
        return _write(errand.path, errand.content)
    except OSError as error:
        return Answer(fault=error.errno or errno.EIO)


def _read(errand: Errand) -> Answer:
    flags = os.O_RDONLY | _OPEN
    descriptor = (
        open_beneath(errand.below, errand.path, flags) if errand.below else os.open(errand.path, flags)
    )
    found_there = os.fstat(descriptor)
    if not stat.S_ISREG(found_there.st_mode):
        return Answer(fault=NOT_REGULAR)
    # Anybody may link to a file of the same file system that they can't write (where
    # fs.protected_hardlinks is off), and such a name says nothing about whose the file is.
    if errand.below and found_there.st_nlink > 1 and found_there.st_uid != os.geteuid():
        return Answer(fault=FOREIGN_LINK)
    found = bytearray()
    # Its length may change, and files of /proc say 0.
    while block := os.read(descriptor, _BLOCK):
        found += block
        if len(found) > errand.limit:
            return Answer(fault=TOO_LARGE)
    return Answer(content=bytes(found))


def _write(path: str, content: bytes) -> Answer:
    # Not emptied by opening: first it has to be a file.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | _OPEN, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        return Answer(fault=NOT_REGULAR)
    os.ftruncate(descriptor, 0)
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
    os.fsync(descriptor)
    return Answer()
