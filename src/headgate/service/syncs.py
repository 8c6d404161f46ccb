"""Syncs of a user's files with the object store: who may ask, what is accepted, who sees what.

A sync is a durable request (`POST /files/sync` of the NIFCLOUD face); the worker in `objects/` carries it
out. Users see their own and no others, whatever their role (spec nifcloud, 6.1); None as caller stands for
the local command line, which sees all.
"""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from headgate.core.errors import BadRequest, NotFound, NotPermitted, Unavailable
from headgate.core.syncs import Direction, Sync
from headgate.ports.identity import Caller
from headgate.ports.store import Store, Transaction
from headgate.ports.transfers import PlaceOf
from headgate.service.storage import below

LISTED: Final = 1000
LONGEST_NAME: Final = 255
"""Bytes of one segment (NAME_MAX)."""
LONGEST_PATH: Final = 1000
"""Bytes of the path: a key has at most 1,024."""


class SyncPolicy(Struct, frozen=True, kw_only=True):
    """configured: there is an object store. whole_root: a sync of all of the storage (`.`) is accepted.
    per_user: how many of a user's syncs may wait or run.
    """

    configured: bool
    whole_root: bool = False
    per_user: int = 100


class Syncs:
    """See the module. place_of: where a user's files are; raises NotPermitted for one without an account."""

    def __init__(
        self,
        store: Store,
        place_of: PlaceOf,
        policy: SyncPolicy,
    ) -> None:
        self._store = store
        self._place_of = place_of
        self._policy = policy
        self._listeners: list[Callable[[], None]] = []

    def on_start(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever a sync was accepted."""
        self._listeners.append(listener)

    async def start(self, caller: Caller, *, path: str, direction: Direction, delete: bool = False) -> Sync:
        """Accept a sync; it is durable when this returns. Raises BadRequest, NotPermitted, Unavailable."""
        if not caller.name:
            raise NotPermitted("Files belong to users: say whom the root key acts as.")
        if not self._policy.configured:
            raise Unavailable("No object storage is set ([object_storage] of the settings).")
        place = await self._place_of(caller.name)
        # `/` is the whole storage, as `.` is (spec nifcloud, 6.3).
        inside = _checked(path if path.strip("/") else path and ".", place.root)
        if not inside and not self._policy.whole_root:
            raise BadRequest("All of the storage is not synced here: name a directory in it.")
        asked = Sync(owner=caller.name, path=inside, direction=direction, delete=delete, created=0)

        def accept(tx: Transaction) -> Sync:
            if tx.count_open_syncs(caller.name) >= self._policy.per_user:
                raise Unavailable(f"{self._policy.per_user} syncs of {caller.name} are not over yet.")
            return tx.add_sync(asked)

        accepted = await self._store.write(accept)
        for listener in self._listeners:
            listener()
        return accepted

    def get(self, caller: Caller | None, number: int) -> Sync:
        """A sync. Raises NotFound (kind sync) for one that is not there, or not the caller's."""
        sync = self._store.peek(lambda look: look.sync(number))
        if caller is not None and sync.owner.casefold() != caller.name.casefold():
            raise NotFound(f"There is no sync {number}.", kind="sync")
        return sync

    async def list(self, caller: Caller | None) -> list[Sync]:
        """The last 1,000 of the caller's, by number."""
        owner = None if caller is None else caller.name
        return await self._store.read(lambda look: look.syncs(owner, limit=LISTED))


def _checked(path: str, root: str) -> str:
    """The path below the root; empty: the root itself. Raises BadRequest."""
    inside = below(root, path)
    if any(len(segment.encode()) > LONGEST_NAME for segment in inside.split("/")):
        raise BadRequest(f"A name in the path has more than {LONGEST_NAME} bytes.")
    if len(inside.encode()) > LONGEST_PATH:
        raise BadRequest(f"The path has more than {LONGEST_PATH} bytes.")
    return inside
