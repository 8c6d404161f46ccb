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
