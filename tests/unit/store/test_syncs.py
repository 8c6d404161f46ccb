"""store/syncs.py: syncs, their numbers, and which of them are over."""

from functools import partial

import pytest
from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.syncs import Complaint, Direction, Progress, Sync, SyncState
from headgate.ports.store import Reader, Transaction
from tests.unit.store.worlds import NOON, World


def asked(owner: str = "Ada", path: str = "work") -> Sync:
    return Sync(owner=owner, path=path, direction=Direction.TO_ONLINE, created=0)


def looked_up(number: int, look: Reader) -> Sync:
    return look.sync(number)


def added(sync: Sync, tx: Transaction) -> Sync:
    return tx.add_sync(sync)


def test_a_sync_comes_back_as_it_was_kept(world: World) -> None:
    kept = world.write(lambda tx: tx.add_sync(asked()))
    assert (kept.id, kept.created, kept.state) == (1, NOON, SyncState.WAITING)
    running = replace(
        kept,
        state=SyncState.RUNNING,
        started=NOON + 1,
        progress=Progress(files_done=3, bytes_total=2**40),
        complaints=(Complaint("a", "why"),),
    )
    world.write(lambda tx: tx.put_sync(running))
    assert world.look(lambda look: look.sync(1)) == running
    for number in (0, 2, -1, 2**70):
        with pytest.raises(NotFound, match="no sync"):
            world.look(partial(looked_up, number))


def test_a_number_is_never_given_twice_not_even_after_its_sync_was_removed(world: World) -> None:
    first = world.write(lambda tx: tx.add_sync(asked()))
    world.write(lambda tx: tx.put_sync(replace(first, ended=NOON)))
    assert world.write(lambda tx: tx.remove_syncs(before=NOON + 1, limit=9)) == 1
    assert world.write(lambda tx: tx.add_sync(asked())).id == 2


def test_what_is_not_over_is_neither_removed_nor_left_out_of_the_open_ones(world: World) -> None:
    for owner in ("Ada", "ben", "ADA"):
        world.write(partial(added, asked(owner)))
    over = replace(world.look(lambda look: look.sync(1)), ended=NOON + 5, state=SyncState.COMPLETE)
    world.write(lambda tx: tx.put_sync(over))
    assert [one.id for one in world.look(lambda look: look.open_syncs())] == [2, 3]
    assert world.look(lambda look: look.count_open_syncs("ada")) == 1
    assert world.write(lambda tx: tx.remove_syncs(before=NOON + 5, limit=9)) == 0
    assert world.write(lambda tx: tx.remove_syncs(before=NOON + 6, limit=9)) == 1
    assert [one.id for one in world.look(lambda look: look.syncs(limit=9))] == [2, 3]


def test_a_user_lists_the_last_of_their_own(world: World) -> None:
    for owner in ("Ada", "ben", "ada", "ada"):
        world.write(partial(added, asked(owner)))
    assert [one.id for one in world.look(lambda look: look.syncs("aDa", limit=2))] == [3, 4]
    assert [one.id for one in world.look(lambda look: look.syncs(limit=3))] == [2, 3, 4]
