"""Storage: the folder of each user beside the jobs, in which scripts are and syncs read and write.

`[storage] root` has one of the user's name for each; without it, the home of the user's OS account is it.
What is in it is reached with the account's rights and no others, and no path leads out of it
(spec nifcloud, 5.1 and 6.1).
"""

import posixpath
from collections.abc import Callable

from headgate.core.errors import BadRequest, NotPermitted
from headgate.core.launch import OsAccount
from headgate.ports.files import StorageFiles
from headgate.ports.identity import Caller, Identity
from headgate.ports.transfers import Place
from headgate.service.files import LONGEST_PATH


class Storage:
    """See the module. account_of: the OS account of a user's jobs, the server's own where it is not root.

    root: of all folders; empty: homes.
    """

    def __init__(
        self,
        files: StorageFiles,
        identity: Identity,
        account_of: Callable[[str], OsAccount],
        *,
        root: str = "",
    ) -> None:
        self._files = files
        self._identity = identity
        self._account_of = account_of
        self._root = root.rstrip("/")

    async def of(self, user: str) -> Place:
        """The storage of a user, made where the server may and it is not there.

        Raises NotPermitted without an OS account or where the folder is somebody else's, Unavailable when it
        can't be made.
        """
        account = self._identity.os_account(user)
        if not self._root:
            home = posixpath.normpath(self._account_of(user).home)
            if not home.strip("/") or not home.startswith("/"):
                # `/` is what accounts without a home have; all of the machine is nobody's storage.
                raise NotPermitted(f"The OS account of {user!r} has no home.")
            return Place(account, home)
        if not user or user.startswith(".") or "/" in user or "\0" in user:
            raise NotPermitted(f"No folder can have the name {user!r}.")
        await self._files.make_folder(account, self._root, user)
        return Place(account, f"{self._root}/{user}")

    async def read(self, caller: Caller, path: str, *, limit: int) -> tuple[Place, str, bytes]:
        """A file of the caller's storage: where that is, the file's path below it, its content.

        Raises as `of`, `below` and `ports.files.StorageFiles.read_below`.
        """
        if not caller.name:
            raise NotPermitted("Storage belongs to users.")
        place = await self.of(caller.name)
        inside = below(place.root, path)
        if not inside:
            raise BadRequest("A file is asked for, not the whole storage.")
        content = await self._files.read_below(place.account, place.root, inside, limit=limit)
        return place, inside, content


def below(root: str, path: str) -> str:
    """A path that somebody gave, relative to a root and normalised; empty: the root itself. Pure.

    An absolute one has to be inside the root as it is written. Raises BadRequest: for nothing at all, a NUL,
    any `..`, what is no Unicode or too long. Links are looked at when the path is used.
    """
    try:
        length = len(path.encode())
    except UnicodeEncodeError:
        raise BadRequest("The path is not Unicode.") from None
    if not path or "\0" in path or length > LONGEST_PATH:
        raise BadRequest(f"A path has 1 to {LONGEST_PATH} bytes, and no NUL among them.")
    steps = [step for step in path.split("/") if step not in ("", ".")]
    if ".." in steps:
        raise BadRequest(f"The path {path[:200]!r} goes up: `..` has no place in it.")
    if path.startswith("/"):
        above = [step for step in root.split("/") if step]
        if steps[: len(above)] != above:
            raise BadRequest(f"The path {path[:200]!r} is outside the storage.")
        steps = steps[len(above) :]
    return "/".join(steps)
