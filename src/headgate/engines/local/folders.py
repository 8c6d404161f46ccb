"""A folder for an account, below one that the administrator made.

This is work for root, who alone can give a folder away; therefore the parent must be such that nobody else
can put anything there meanwhile. The folder comes to its name complete: made, given away, then renamed.
"""

import os
import secrets
import stat

from headgate.core.errors import NotPermitted, Unavailable
from headgate.core.launch import OsAccount

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make(account: OsAccount | None, parent: str, name: str) -> None:
    """See `ports.files.StorageFiles.make_folder`."""
    try:
        above = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Unavailable(f"The folder {parent!r} can't be used: {error.strerror}.") from None
    try:
        owner = os.geteuid() if account is None else account.uid
        is_there = _is_there(above, name, owner)
        _check_parent(above, parent, is_there=is_there)
        if not is_there:
            _make(above, name, account)
    except OSError as error:
        raise Unavailable(f"The folder {name!r} can't be made in {parent!r}: {error.strerror}.") from None
    finally:
        os.close(above)


def _is_there(above: int, name: str, owner: int) -> bool:
    try:
        found = os.stat(name, dir_fd=above, follow_symlinks=False)
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
        raise NotPermitted(f"{name!r} is no folder of the account that it is for.")
    return True


def _check_parent(above: int, parent: str, *, is_there: bool) -> None:
    """Whoever may rename in the parent could put a folder of their own in the place of somebody else's, and
    have their scripts run as that user. Where the folder is there, a sticky bit is enough against that.
    """
    found = os.fstat(above)
    by_others = bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
    if is_there:
        unsafe = by_others and not found.st_mode & stat.S_ISVTX
    else:
        unsafe = by_others or found.st_uid not in (0, os.geteuid())
    if unsafe:
        raise Unavailable(f"The folder {parent!r} can be changed by others; nothing is kept in it.")


def _make(above: int, name: str, account: OsAccount | None) -> None:
    making = f".{secrets.token_hex(8)}.new"
    os.mkdir(making, 0o700, dir_fd=above)
    try:
        folder = os.open(making, _FOLDER, dir_fd=above)
        try:
            os.fchmod(folder, 0o700)
            if account is not None and os.geteuid() == 0:
                os.fchown(folder, account.uid, account.gid)
        finally:
            os.close(folder)
        os.rename(making, name, src_dir_fd=above, dst_dir_fd=above)
    except OSError:
        os.rmdir(making, dir_fd=above)
        raise
