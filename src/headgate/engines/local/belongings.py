"""A run's private files and scratch folders: one folder, made and removed by the worker.

The worker has the account's rights and no more, so nothing here can reach what is not the account's anyway.
"""

import itertools
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from headgate.core.launch import Launch
from headgate.engines.local.log import log


def lay_out(launch: Launch, below: str) -> tuple[str, Mapping[str, str]]:
    """Make the folder with all that the launch asks for, if it asks for anything.

    The folder (empty: none) and the variables that name what is in it. Raises OSError, having left nothing.
    """
    if not launch.files and not launch.scratch:
        return "", {}
    folder = tempfile.mkdtemp(prefix="headgate-", dir=below)
    variables = {}
    try:
        for name, content in launch.files:
            path = os.path.join(folder, name)
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(fd, "wb") as file:
                file.write(content)
            variables[name] = path
        for name in launch.scratch:
            path = os.path.join(folder, f"{name}.d")
            os.mkdir(path, 0o700)
            variables[name] = path
    except BaseException:
        clear_away(folder)
        raise
    return folder, variables


def clear_away(folder: str) -> None:
    """Remove the folder, whatever its account did to the modes of what is in it and however deep it goes.

    What can't be removed stays, and is told.
    """
    if not folder or not os.path.lexists(folder):
        return
    with _told(folder):
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            os.unlink(folder)  # put there in its place
            return
        top = _opened(folder)
        try:
            _empty(folder, top)
        finally:
            os.close(top)
        os.rmdir(folder)


def _empty(folder: str, top: int) -> None:
    """Not by recursion, which ends in the middle of a deep tree: folders below are moved up here, and have
    their turn. So it takes two descriptors and no long path.
    """
    prefix = secrets.token_hex(8)
    fresh = (f"{prefix}.{number}" for number in itertools.count())
    waiting = _strip(folder, top, top, fresh)
    while waiting:
        name = waiting.pop()
        with _told(os.path.join(folder, name)):
            below = _opened(name, top)
            try:
                waiting += _strip(folder, below, top, fresh)
            finally:
                os.close(below)
            os.rmdir(name, dir_fd=top)


def _strip(folder: str, here: int, top: int, fresh: Iterator[str]) -> list[str]:
    """Take out what is here; the folders that stand in `top` for it."""
    found = []
    for name in os.listdir(here):
        with _told(os.path.join(folder, name)):
            if not stat.S_ISDIR(os.stat(name, dir_fd=here, follow_symlinks=False).st_mode):
                os.unlink(name, dir_fd=here)
            elif here == top:
                found.append(name)
            else:
                moved = next(fresh)
                os.chmod(name, 0o700, dir_fd=here)  # to move a folder is to write in it
                os.rename(name, moved, src_dir_fd=here, dst_dir_fd=top)
                found.append(moved)
    return found


def _opened(path: str, base: int | None = None) -> int:
    os.chmod(path, 0o700, dir_fd=base)
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=base)


@contextmanager
def _told(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        log("not removed", path=path, error=error)
