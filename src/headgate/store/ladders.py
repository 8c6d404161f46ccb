"""Counts that make a page cost the same anywhere in a list of jobs, and its total exact.

A *ladder* is an order of jobs (by id, by time of change; of everybody or of one owner) with the number of
jobs in each stretch of it, by state, at several scales: its *shelves*. A shelf cuts the order's key into
buckets of 2**shift. To find the job at an offset, walk down: on the highest shelf, sum buckets until the
offset is reached; then only that bucket's parts on the next; at last step through the few index entries of
one lowest bucket. A total is the sum of the highest shelf. Empty buckets have no row.

The counts are rows of the same database, changed in the same transaction as the jobs, so a reader's snapshot
is exact. The writer adds up what a whole commit has moved (`Moves`) and applies it once, just before the
commit.
"""

from typing import NamedTuple

from msgspec import Struct

from headgate.store.session import Session
from headgate.store.sql import counts as sql

EVERYBODY = ""


def of_owner(owner: str) -> str:
    """The name under which an owner's jobs are counted; an owner may have the empty name, hence the sign."""
    return "=" + owner


def owner_of(name: str) -> str:
    """The reverse."""
    return name[1:]


class Shelf(NamedTuple):
    """A row of `counts` belongs to a shelf by its number, which is never used again for something else."""

    number: int
    shift: int


class Ladder(Struct, frozen=True):
    """The shelves of one order, the coarsest first."""

    shelves: tuple[Shelf, ...]


# Ids: leaves of 1024 jobs. Of one owner: wider ones, for there is a set of them for each owner.
BY_ID = Ladder((Shelf(1, 20), Shelf(2, 15), Shelf(3, 10)))
BY_OWNER_ID = Ladder((Shelf(4, 22), Shelf(5, 17), Shelf(6, 12)))
# Times of change, in microseconds: leaves of a second, then a minute, an hour, three days.
BY_CHANGE = Ladder((Shelf(7, 38), Shelf(8, 32), Shelf(9, 26), Shelf(10, 20)))
BY_OWNER_CHANGE = Ladder((Shelf(11, 38), Shelf(12, 32), Shelf(13, 26), Shelf(14, 20)))


class Place(NamedTuple):
    """What a job counts as."""

    id: int
    state: int
    owner: str
    changed: int


Key = tuple[int, str, int, int]


class Moves:
    """What the changes of one commit have moved, in the order in which they were made."""

    def __init__(self) -> None:
        self.log: list[tuple[Place | None, Place | None]] = []
        """From where to where: None for a job that is new, or gone."""
        self.applied = 0
        """How much of the log the counts hold already."""

    def sum(self) -> dict[Key, int]:
        """What to add to which row of `counts`, still. A job that was moved several times counts once."""
        net: dict[int, list[Place | None]] = {}
        for old, new in self.log[self.applied :]:
            place = new or old
            if place is None:
                continue
            if (known := net.get(place.id)) is None:
                net[place.id] = [old, new]
            else:
                known[1] = new
        ids: dict[tuple[str, int, int], int] = {}
        changes: dict[tuple[str, int, int], int] = {}
        for old, new in net.values():
            same_shelf = (
                old is not None and new is not None and old.state == new.state and old.owner == new.owner
            )
            for place, step in ((old, -1), (new, 1)):
                if place is None:
                    continue
                _, state, owner, changed = place
                key = (owner, state, changed >> 20)
                changes[key] = changes.get(key, 0) + step
                if not same_shelf:
                    key = (owner, state, place.id >> 10)
                    ids[key] = ids.get(key, 0) + step
        sums: dict[Key, int] = {}
        _raise(sums, ids, 10, BY_ID, BY_OWNER_ID)
        _raise(sums, changes, 20, BY_CHANGE, BY_OWNER_CHANGE)
        return sums

    def apply(self, session: Session) -> None:
        """Bring the counts up to date."""
        if self.applied == len(self.log):
            return
        sums = self.sum()
        rows = [
            {"shelf": shelf, "owner": owner, "state": state, "bucket": bucket, "n": n}
            for (shelf, owner, state, bucket), n in sums.items()
            if n
        ]
        self.applied = len(self.log)
        lower = any(n < 0 for n in sums.values())
        if rows:
            session.add_many(sql.add, rows)
            if lower:
                session.change(sql.drop_empty)


def _raise(
    sums: dict[Key, int],
    leaves: dict[tuple[str, int, int], int],
    shift: int,
    everybody: Ladder,
    of_one: Ladder,
) -> None:
    """Carry what was added up in leaves of 2**shift to all shelves."""
    for (owner, state, leaf), n in leaves.items():
        if n:
            one = of_owner(owner)
            for shelf in everybody.shelves:
                key = (shelf.number, EVERYBODY, state, leaf >> (shelf.shift - shift))
                sums[key] = sums.get(key, 0) + n
            for shelf in of_one.shelves:
                key = (shelf.number, one, state, leaf >> (shelf.shift - shift))
                sums[key] = sums.get(key, 0) + n


def by_state(session: Session, owner: str | None = None) -> dict[int, int]:
    """How many jobs there are in each state that has any; of everybody, or of one owner."""
    ladder, scope = (BY_ID, EVERYBODY) if owner is None else (BY_OWNER_ID, of_owner(owner))
    return {
        state: n
        for state, n in session.rows(sql.by_state, {"shelf": ladder.shelves[0].number, "owner": scope})
        if n
    }


class Found(NamedTuple):
    """Where an offset is: in the lowest bucket that covers the keys from `first` to `last`, `rest` jobs
    behind its beginning.
    """

    first: int
    last: int
    rest: int


def find(
    session: Session, ladder: Ladder, states: tuple[int, ...], owner: str, offset: int, *, descending: bool
) -> Found | None:
    """The bucket that holds the job at an offset (counted from the end, if descending); None when there are
    not so many.
    """
    low, high = -(2**62), 2**62
    for shelf in ladder.shelves:
        row = session.row(
            sql.reaching(states, descending),
            {
                "shelf": shelf.number,
                "owner": owner,
                "low": low >> shelf.shift,
                "high": high >> shelf.shift,
                "offset": offset,
            },
        )
        if row is None:
            return None
        bucket, before = row
        offset -= before
        low, high = bucket << shelf.shift, ((bucket + 1) << shelf.shift) - 1
    return Found(low, high, offset)


def count_below(
    session: Session, ladder: Ladder, states: tuple[int, ...], owner: str, key: int
) -> tuple[int, int]:
    """How many jobs lie in whole lowest buckets below `key`, and where the bucket that holds `key` begins."""
    total = 0
    low = -(2**62)
    for shelf in ladder.shelves:
        bucket = key >> shelf.shift
        total += session.value(
            sql.between(states),
            {"shelf": shelf.number, "owner": owner, "low": low >> shelf.shift, "below": bucket},
        )
        low = bucket << shelf.shift
    return total, low
