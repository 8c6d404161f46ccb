"""Syncs as a face asks for them."""

from typing import Protocol

from headgate.core.syncs import Direction, Sync
from headgate.ports.identity import Caller


class Syncs(Protocol):
    """Begins syncs and tells of them. Whoever asks sees their own alone."""

    async def start(self, caller: Caller, *, path: str, direction: Direction, delete: bool) -> Sync:
        """A new sync, on disk. path: of a directory in the caller's storage.

        Raises BadRequest for a path that is none at first sight, NotPermitted without an account,
        Unavailable where there is no object store.
        """
        ...

    def get(self, caller: Caller, number: int) -> Sync:
        """One's own sync. Raises NotFound, also for one of somebody else."""
        ...
