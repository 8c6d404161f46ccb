"""Transfers: what carries files between a user's directory and an object store.

`Transfers` moves; the service says who may ask (`service/syncs.py`); `objects/` works the requests off. The
directory is entered with the rights of the user's OS account and no others, and only what lies below the root
is reached, whatever links there are in between.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from headgate.core.launch import OsAccount
from headgate.core.syncs import Complaint, Direction, Progress


class Place(Struct, frozen=True):
    """Where a user's files are: the account that reaches them, and the absolute path of the storage."""

    account: OsAccount | None
    root: str


PlaceOf = Callable[[str], Awaitable[Place]]
"""Where this user's files are. Raises NotPermitted for one without an account, Unavailable."""


class Order(Struct, frozen=True, kw_only=True):
    """One sync. root: the absolute path of the user's storage; path: the directory below it, normalised,
    without `.` or `..`; empty: the root itself. prefix: of the keys that stand for the root, empty or ending
    in `/`.
    """

    account: OsAccount | None
    root: str
    path: str
    prefix: str
    direction: Direction
    delete: bool


class Done(Struct, frozen=True):
    """The end of a sync. result: spec nifcloud, section 6.2: 0 all done, 1 something failed, 2 something was
    skipped, 3 the source cannot be listed, 9 aborted. unusable: its parameters proved unusable, nothing was
    done; reason: why, for people.
    """

    result: int
    reason: str = ""
    unusable: bool = False


Report = Progress | Complaint | Done


class Transfers(Protocol):
    """Carries out syncs, each in its own process with the account's rights."""

    def carry_out(self, order: Order) -> AsyncGenerator[Report, None]:
        """Do it; reports come as it goes on, `Done` is the last. Closing the iterator aborts it.

        Done again after an end of any kind, it goes on with what is left. Raises Unavailable when it could
        not be started or ended without a word.
        """
        ...
