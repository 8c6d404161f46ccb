"""store/ladders.py: counts are what has been moved, and an offset is found by them."""

from itertools import pairwise

import pytest

from headgate.store.ladders import (
    BY_CHANGE,
    BY_ID,
    BY_OWNER_CHANGE,
    BY_OWNER_ID,
    Moves,
    Place,
    count_below,
    find,
)
from tests.unit.store.worlds import World

LADDERS = (BY_ID, BY_OWNER_ID, BY_CHANGE, BY_OWNER_CHANGE)
A = Place(5, 16, "ann", 7_000_000)


def test_shelves_are_numbered_once_and_get_finer() -> None:
    numbers = [shelf.number for ladder in LADDERS for shelf in ladder.shelves]
    assert len(numbers) == len(set(numbers))
    for ladder in LADDERS:
        shifts = [shelf.shift for shelf in ladder.shelves]
        assert shifts == sorted(shifts, reverse=True)
        # What is looked at on the way down: at most so many buckets on each shelf.
        assert all(upper - lower <= 6 for upper, lower in pairwise(shifts))


def test_what_is_new_counts_on_every_shelf() -> None:
    moves = Moves()
    moves.log.append((None, A))
    sums = moves.sum()
    assert set(sums.values()) == {1}
    assert len(sums) == sum(len(ladder.shelves) for ladder in LADDERS)


def test_what_went_to_and_fro_does_not_count() -> None:
    moves = Moves()
    moves.log += [(None, A), (A, A._replace(state=32)), (A._replace(state=32), None)]
    assert not any(moves.sum().values())


def test_a_change_that_keeps_state_and_owner_leaves_the_ids_alone() -> None:
    moves = Moves()
    moves.log.append((A, A._replace(changed=A.changed + 2**40)))
    shelves = {key[0] for key, n in moves.sum().items() if n}
    assert shelves == {shelf.number for ladder in (BY_CHANGE, BY_OWNER_CHANGE) for shelf in ladder.shelves}


def test_a_new_owner_moves_everything_of_the_owner() -> None:
    moves = Moves()
    moves.log.append((A, A._replace(owner="bob")))
    sums = {key: n for key, n in moves.sum().items() if n}
    assert {key[1] for key in sums} == {"=ann", "=bob"}
    assert sum(sums.values()) == 0


@pytest.mark.parametrize("offset", range(6))
def test_an_offset_is_found_from_both_ends(world: World, offset: int) -> None:
    def change(tx: object) -> None:
        moves = Moves()
        moves.log += [(None, Place(job_id, 1, "x", 0)) for job_id in (1, 2, 1024, 5000, 2**20, 2**21 + 5)]
        moves.apply(tx._session)  # type: ignore[attr-defined]  # a store.Transaction
        tx.dirty = True  # type: ignore[attr-defined]  # a store.Transaction

    world.write(change)
    session = world.store._peeking.session
    ids = (1, 2, 1024, 5000, 2**20, 2**21 + 5)
    up = find(session, BY_ID, (1,), "", offset, descending=False)
    assert up is not None
    assert [each for each in ids if each >= up.first][up.rest] == ids[offset]
    down = find(session, BY_ID, (1,), "", offset, descending=True)
    assert down is not None
    assert [each for each in reversed(ids) if each <= down.last][down.rest] == ids[-1 - offset]
    below, begins = count_below(session, BY_ID, (1,), "", ids[offset])
    assert below == len([each for each in ids if each < begins])
    assert begins <= ids[offset] < begins + 1024


def test_an_offset_beyond_the_end_is_nowhere(world: World) -> None:
    world.add()
    session = world.store._peeking.session
    assert find(session, BY_ID, (1,), "", 1, descending=False) is None
    assert find(session, BY_ID, (2,), "", 0, descending=False) is None
