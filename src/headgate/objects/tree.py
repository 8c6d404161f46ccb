"""A user's directory, entered component by component and never through a link.

Every name is opened relative to the directory above it, with O_NOFOLLOW, and is one segment without `/`, `.`
or `..`: so nothing outside the root is reached, whatever is renamed or linked meanwhile. The root itself is
the administrator's path and followed. Runs as the user: what the user may not do fails here.
"""

import ctypes
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from headgate.objects.comparing import Local
from headgate.objects.keys import TEMPORARY

_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_WRITE: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_libc = ctypes.CDLL(None, use_errno=True)


class NotRegular(OSError):
    """Something that is no regular file is where one should be."""

    def __init__(self) -> None:
        super().__init__(errno.EINVAL, "what is there is no regular file")


class Listing:
    """What is below a directory, by names: the regular files; what does not travel (links, devices, …) and
    the directories that could not be read, each with the reason.
    """

    def __init__(self) -> None:
        self.files: dict[str, Local] = {}
        self.others: dict[str, str] = {}
        self.unread: dict[str, str] = {}


class Tree:
    """A directory below a root. Names are relative to it, with `/`. Raises OSError.

    path: its segments, as `Sync.path`; make: where there is none, it is made.
    """

    def __init__(self, root: str, path: str, *, make: bool = False) -> None:
        self._top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for segment in path.split("/") if path else ():
            above, self._top = self._top, _entered(self._top, segment, make=make)
            os.close(above)

    def listing(self, *, clean: bool = False) -> Listing:
        """Everything there is. clean: remove what an earlier life left unfinished."""
        found = Listing()
        waiting = [""]
        while waiting:
            below = waiting.pop()
            try:
                with self._directory(below) as here:
                    waiting += _look(here, below, found, clean=clean)
            except OSError as error:
                found.unread[below] = f"the directory can't be read: {error.strerror}"
        return found

    @contextmanager
    def reading(self, name: str) -> Iterator[int]:
        """A file, open."""
        below, _, last = name.rpartition("/")
        with self._directory(below) as here:
            descriptor = os.open(last, _READ, dir_fd=here)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise NotRegular
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def replacing(self, name: str, size: int) -> Iterator[int]:
        """An empty file that takes the place of this name when the block ends well, and is gone otherwise.

        size: bytes it will have, for which there must be room now. Keeps the permissions of what it replaces;
        takes the place of regular files only.
        """
        below, _, last = name.rpartition("/")
        with self._directory(below, make=True) as here:
            mode = _mode(here, last)
            room = os.fstatvfs(here)
            if room.f_frsize and size > room.f_bavail * room.f_frsize:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            temporary = TEMPORARY + secrets.token_hex(8)
            descriptor = os.open(temporary, _WRITE, 0o666, dir_fd=here)
            try:
                if mode is not None:
                    os.fchmod(descriptor, mode)
                yield descriptor
                _mode(here, last)
                os.rename(temporary, last, src_dir_fd=here, dst_dir_fd=here)
            except BaseException:
                os.unlink(temporary, dir_fd=here)
                raise
            finally:
                os.close(descriptor)

    def set_time(self, name: str, mtime_ns: int) -> None:
        """Set when a file was changed."""
        with self.reading(name) as descriptor:
            os.utime(descriptor, ns=(mtime_ns, mtime_ns))

    def remove(self, name: str) -> None:
        """Remove a file, and the directories that this empties."""
        below, _, last = name.rpartition("/")
        with self._directory(below) as here:
            os.unlink(last, dir_fd=here)
        while below:
            above, _, last = below.rpartition("/")
            with self._directory(above) as here:
                try:
                    os.rmdir(last, dir_fd=here)
                except OSError:
                    return  # not empty, or not ours
            below = above

    def sync(self) -> None:
        """Return when all that was written is on disk."""
        if _libc.syncfs(self._top) != 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))

    @contextmanager
    def _directory(self, path: str, *, make: bool = False) -> Iterator[int]:
        here = os.dup(self._top)
        try:
            for segment in path.split("/") if path else ():
                above, here = here, _entered(here, segment, make=make)
                os.close(above)
            yield here
        finally:
            os.close(here)


def _look(here: int, below: str, found: Listing, *, clean: bool) -> list[str]:
    """Take in what is in one directory. The directories in it."""
    directories = []
    with os.scandir(here) as entries:
        for entry in entries:
            name = f"{below}/{entry.name}" if below else entry.name
            if entry.name.startswith(TEMPORARY):
                if clean:
                    _discard(entry.name, here)
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISREG(status.st_mode):
                found.files[name] = Local(status.st_size, status.st_mtime_ns)
            elif stat.S_ISDIR(status.st_mode):
                directories.append(name)
            else:
                found.others[name] = _kind(status.st_mode)
    return directories


def _discard(name: str, here: int) -> None:
    try:
        os.unlink(name, dir_fd=here)
    except OSError:
        pass  # no file of ours then; it does not travel in any case


def _entered(above: int, segment: str, *, make: bool) -> int:
    try:
        return os.open(segment, _DIRECTORY, dir_fd=above)
    except FileNotFoundError:
        if not make:
            raise
    try:
        os.mkdir(segment, 0o777, dir_fd=above)
    except FileExistsError:
        pass  # somebody was quicker
    return os.open(segment, _DIRECTORY, dir_fd=above)


def _mode(here: int, name: str) -> int | None:
    """The permissions of a regular file; None: there is nothing. Raises NotRegular."""
    try:
        status = os.stat(name, dir_fd=here, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise NotRegular
    return stat.S_IMODE(status.st_mode) & 0o777


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a link: not followed"
    return "no regular file"
