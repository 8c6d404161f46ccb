"""Files of an OS account, read and written with that account's rights and no others."""

from typing import Protocol

from headgate.core.launch import OsAccount


class AccountFiles(Protocol):
    """Whole files, by absolute path. Account None: the server's own, where the server is not root.

    The path is followed by a process that is the account and nothing more, so links lead where the account
    may go. Only regular files are read and written.
    """

    async def read(self, account: OsAccount | None, path: str, *, limit: int) -> bytes:
        """The content. Raises NotFound (kind file), NotPermitted, BadRequest, TooLarge beyond `limit` bytes,
        Unavailable.
        """
        ...

    async def write(self, account: OsAccount | None, path: str, content: bytes) -> None:
        """Make the file, or another content for it, on disk when this returns. Raises as `read`."""
        ...


class StorageFiles(Protocol):
    """Files below a folder of an account, which no path leaves, read with the account's rights."""

    async def read_below(self, account: OsAccount | None, folder: str, path: str, *, limit: int) -> bytes:
        """The content of the file at a path relative to the folder, an absolute one. Raises as
        `AccountFiles.read`.

        BadRequest is raised for what leads out of the folder by `..` or links, also when they change
        meanwhile, and for a hard link to a file that belongs to somebody else.
        """
        ...

    async def make_folder(self, account: OsAccount | None, parent: str, name: str) -> None:
        """See to it that there is a folder of this name, of the account; for it alone (0700) if it had to be
        made.

        parent: the absolute path of a folder in which nobody but root or the server makes anything. Raises
        NotPermitted when the folder is there and somebody else's, Unavailable.
        """
        ...
