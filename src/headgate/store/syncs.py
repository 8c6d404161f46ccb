"""Syncs: `SyncReader` looks them up, `SyncChanges` writes them."""

from abc import ABC, abstractmethod

from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.syncs import Sync
from headgate.store import codec
from headgate.store.codec import encode, folded
from headgate.store.counters import Counters
from headgate.store.session import Session
from headgate.store.sql import syncs as sql

_NUMBER_MAX = 2**63 - 1


class SyncReader:
    """Look-ups of syncs."""

    _session: Session

    def sync(self, number: int) -> Sync:
        found = self._session.value(sql.get_sync, {"id": number}) if 0 < number <= _NUMBER_MAX else None
        if found is None:
            raise no_sync(number)
        return codec.SYNCS.one(found)

    def syncs(self, owner: str | None = None, *, limit: int) -> list[Sync]:
        if owner is None:
            found = self._session.value(sql.all_syncs, {"limit": limit})
        else:
            found = self._session.value(sql.syncs_of, {"owner": folded(owner), "limit": limit})
        return _in_order(found)

    def open_syncs(self) -> list[Sync]:
        return _in_order(self._session.value(sql.open_syncs))

    def count_open_syncs(self, owner: str) -> int:
        count: int = self._session.value(sql.count_open, {"owner": folded(owner)})
        return count


class SyncChanges(ABC):
    """Changes of syncs, within a transaction."""

    _session: Session
    counters: Counters
    now: int

    @abstractmethod
    def touch(self) -> None:
        """Before each statement that writes."""

    def add_sync(self, sync: Sync) -> Sync:
        self.touch()
        self.counters.sync += 1
        sync = replace(sync, id=self.counters.sync, created=self.now)
        self.put_sync(sync)
        return sync

    def put_sync(self, sync: Sync) -> None:
        self.touch()
        self._session.change(
            sql.put_sync,
            {
                "id": sync.id,
                "owner": folded(sync.owner),
                "ended": sync.ended,
                "open_id": sync.id if sync.ended is None else None,
                "body": encode(sync),
            },
        )

    def remove_syncs(self, *, before: int, limit: int) -> int:
        self.touch()
        return self._session.change(sql.remove_syncs, {"before": before, "limit": limit})


def no_sync(number: int) -> NotFound:
    """There is none of this number, or none to be seen."""
    return NotFound(f"There is no sync {number}.", kind="sync")


def _in_order(joined: str | None) -> list[Sync]:
    found = codec.SYNCS.many(joined)
    found.sort(key=lambda sync: sync.id)
    return found
