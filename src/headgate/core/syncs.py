"""A sync: one side of a user's storage is made like the other (spec nifcloud, section 6). Values only."""

from enum import StrEnum

from msgspec import Struct


class Direction(StrEnum):
    """From where to where: the storage beside the jobs, and the object store (spec nifcloud, 6.1)."""

    TO_ONLINE = "to_online"
    FROM_ONLINE = "from_online"


class SyncState(StrEnum):
    """How far a sync is."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    """Over, well or not: `result` tells."""
    UNUSABLE = "unusable"
    """Nothing was done: its parameters proved unusable."""


class Progress(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done so far. `_total`: what is known to need copying until now."""

    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    deleted: int = 0
    same: int = 0
    """Compared and left alone."""
    skipped: int = 0
    """Not fit to travel: links, special files, what cannot be read."""
    failed: int = 0


class Complaint(Struct, frozen=True):
    """A file or key that was not synced, and why. Empty name: the sync as a whole."""

    name: str
    reason: str


class Sync(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sync as it was asked for, and how far it is.

    path: normalised, below the owner's storage; empty: all of it. Times are UTC microseconds. result: of one
    that is COMPLETE (spec nifcloud, 6.2): 0 all done, 1 something failed, 2 something was skipped, 3 the
    source could not be listed, 9 aborted. complaints: the first so many; `reason`: why it ended as it did.
    """

    id: int = 0
    owner: str
    path: str
    direction: Direction
    delete: bool = False
    state: SyncState = SyncState.WAITING
    created: int
    started: int | None = None
    ended: int | None = None
    result: int = 0
    reason: str = ""
    progress: Progress = Progress()
    complaints: tuple[Complaint, ...] = ()
