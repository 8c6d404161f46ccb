"""Standard input in a file that is locked as long as anybody has it: so whoever comes later can tell whether
a command that can't be killed is there still, whatever account it runs under and whatever /proc shows.

A lock of flock(2) belongs to the open file, which the command and all that it starts inherit.
"""

import fcntl
import os
from pathlib import Path


def keep(path: str, content: bytes) -> int:
    """Write the file and lock it. Its descriptor, for reading. Raises OSError."""
    with open(path, "wb", opener=_private) as file:
        file.write(content)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_SH)
    except OSError:
        os.close(fd)
        raise
    return fd


def held(path: Path) -> bool:
    """Whether anybody has the file still; if not, it is removed. Raises OSError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        path.unlink(missing_ok=True)
        return False
    finally:
        os.close(fd)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
