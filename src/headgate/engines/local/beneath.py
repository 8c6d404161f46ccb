"""Opening a file below a folder: whatever stands in the path, the folder is not left.

openat2(2) with RESOLVE_BENEATH (Linux 5.6) leaves it to the kernel, so nothing can be exchanged between a
look and the opening; links that stay below the folder are followed. Where the kernel has no such call (or a
sandbox hides it) the path is walked step by step, and then no link is followed at all.
"""

import ctypes
import errno
import os
from typing import Final

_OPENAT2: Final = 437
"""The same number on every architecture: calls since Linux 5.1 share one table."""
_NO_MAGICLINKS: Final = 0x02
_BENEATH: Final = 0x08
_TRIES: Final = 10

_libc = ctypes.CDLL(None, use_errno=True)


class _How(ctypes.Structure):
    """struct open_how."""

    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


def open_beneath(folder: str, path: str, flags: int) -> int:
    """A descriptor of the file at a path relative to the folder.

    Raises OSError: EXDEV when the path leads out of it, ELOOP for links that are not followed.
    """
    base = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            return by_kernel(base, path, flags)
        except OSError as error:
            # EPERM is what sandboxes say to calls that they do not know.
            if error.errno not in (errno.ENOSYS, errno.EPERM):
                raise
        return by_steps(base, path, flags)
    finally:
        os.close(base)


def by_kernel(base: int, path: str, flags: int) -> int:
    """See open_beneath. Raises OSError, with ENOSYS where there is no openat2."""
    how = _How(flags, 0, _BENEATH | _NO_MAGICLINKS)
    code = 0
    for _ in range(_TRIES):
        found: int = _libc.syscall(
            ctypes.c_long(_OPENAT2),
            ctypes.c_long(base),
            ctypes.c_char_p(os.fsencode(path)),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        )
        if found >= 0:
            return found
        code = ctypes.get_errno()
        # Something was renamed while the kernel looked at a `..`: it can't tell and wants to be asked again.
        if code not in (errno.EAGAIN, errno.EINTR):
            break
    raise OSError(code, os.strerror(code))


def by_steps(base: int, path: str, flags: int) -> int:
    """See open_beneath: without following any link, and without `..`. Raises OSError."""
    if path.startswith("/") or ".." in path.split("/"):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
    *between, last = [step for step in path.split("/") if step not in ("", ".")] or ["."]
    here = os.dup(base)
    try:
        for step in between:
            # O_PATH with O_NOFOLLOW opens a link itself, which O_DIRECTORY then refuses (ENOTDIR).
            there = os.open(step, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = there
        return os.open(last, flags | os.O_NOFOLLOW, dir_fd=here)
    finally:
        os.close(here)
