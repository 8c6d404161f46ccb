"""Identity: who is calling, and which OS account that is.

Faces ask it to check what a client presented; the dispatcher asks it for the OS account of a job's owner.
Whether the caller *may* do something is the service's question (`service/rights.py`), never asked here.
"""

from typing import Protocol

from msgspec import Struct

from headgate.core.launch import OsAccount
from headgate.core.vocabulary import Role


class Caller(Struct, frozen=True):
    """Somebody who has proved who they are.

    `name` as stored; `login` as the client spelled it (`DOM\\\\user`). `root`: proved by the root key, which
    passes every check and names nobody unless it is told whom to act as.
    """

    name: str
    role: Role
    login: str = ""
    root: bool = False


class Identity(Protocol):
    """Checks what clients present. All methods run on the event loop; the slow ones are awaited."""

    def remembered(self, authorization: str) -> Caller | None:
        """The caller of this exact `Basic …`/`Bearer …` header if it was checked a short time ago and
        nothing has changed since.

        Costs a keyed hash; `authenticate` is the slow way and fills this.
        """
        ...

    async def authenticate(self, authorization: str, *, address: str) -> Caller:
        """Check a `Basic` or `Bearer` Authorization header.

        Raises NotAuthenticated (throttled: with retry_after_s).
        """
        ...

    def caller(self, name: str) -> Caller:
        """The caller that this user would be (for acting as somebody else).

        Raises NotFound (kind user), also for disabled ones.
        """
        ...

    def os_account(self, user: str, group: str = "") -> OsAccount | None:
        """The OS account that tasks of this user run under; None when all run under the server's own (it is
        not root, and goes no other way). group: by name or number, what it has instead of its own primary
        group.

        Raises NotPermitted with the reason when there is none or it is not allowed (uid 0, below min_uid; a
        group that it is no member of).
        """
        ...
