"""Files of a user, through the OS account that the user's tasks run under.

Every user may: what can be read and written is the account's matter, whatever the role (spec soca, section
6.1, as of its later releases). Who has no account has no files.
"""

from typing import Final

from headgate.core.errors import BadRequest, NotPermitted
from headgate.ports.files import AccountFiles
from headgate.ports.identity import Caller, Identity

LARGEST: Final = 8 * 1024 * 1024
"""Bytes of a file that is read or written whole."""
LONGEST_PATH: Final = 4095
"""PATH_MAX of Linux, without its final NUL."""


class UserFiles:
    """See the module."""

    def __init__(self, files: AccountFiles, identity: Identity) -> None:
        self._files = files
        self._identity = identity

    async def read(self, caller: Caller, path: str) -> bytes:
        """The content of a file. Raises as `ports.files.AccountFiles`; NotPermitted without an account."""
        _check(caller, path)
        return await self._files.read(self._identity.os_account(caller.name), path, limit=LARGEST)

    async def write(self, caller: Caller, path: str, content: bytes) -> None:
        """Make or replace a file. Raises as `read`."""
        _check(caller, path)
        if len(content) > LARGEST:
            raise BadRequest(f"The content has {len(content)} bytes, more than {LARGEST}.")
        await self._files.write(self._identity.os_account(caller.name), path, content)


def _check(caller: Caller, path: str) -> None:
    if not caller.name:
        raise NotPermitted("Files belong to users: say whom the root key acts as.")
    try:
        length = len(path.encode())
    except UnicodeEncodeError:
        raise BadRequest("The path is not Unicode.") from None
    if not path.startswith("/") or "\0" in path or length > LONGEST_PATH:
        raise BadRequest(f"A path begins with / and has up to {LONGEST_PATH} bytes.")
