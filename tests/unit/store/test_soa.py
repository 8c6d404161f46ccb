"""store/soa.py: what is kept of sessions."""

from headgate.core.soa import BatchRecord, ChunkRecord, Session, SessionStart
from tests.unit.store.worlds import World

SESSION = Session(id=7, owner="ann", start=SessionStart(service="S", durable=True))
BATCH = BatchRecord(number=1, name="b", owner="ann")


def add(world: World, first: int, *, session: int = 7, batch: int = 1, answers: bool = False) -> None:
    chunk = ChunkRecord(first, 2, b"12345678")
    world.write(
        lambda tx: tx.add_soa_messages(
            session, batch, answers=answers, chunk=chunk, messages=f"m{first}".encode()
        )
    )


def test_a_session_and_its_batches_are_kept(world: World) -> None:
    world.write(lambda tx: tx.put_soa_session(SESSION))
    world.write(lambda tx: tx.put_soa_batch(7, BATCH, b"r"))
    committed = BatchRecord(number=1, name="b", owner="ann", committed=True)
    world.write(lambda tx: tx.put_soa_batch(7, committed, b"s"))
    world.write(lambda tx: tx.put_soa_batch(8, BATCH, b""))
    assert world.look(lambda look: look.soa_sessions()) == [SESSION]
    assert world.look(lambda look: look.soa_batches(7)) == [(committed, b"s")]
    world.write(lambda tx: tx.drop_soa_session(7))
    assert world.look(lambda look: look.soa_sessions()) == []
    assert world.look(lambda look: look.soa_batches(7)) == []
    assert world.look(lambda look: look.soa_batches(8)) == [(BATCH, b"")]
    world.write(lambda tx: tx.drop_soa_batch(8, 1))
    assert world.look(lambda look: look.soa_batches(8)) == []


def test_messages_are_found_by_their_place(world: World) -> None:
    add(world, 2)
    add(world, 0)
    add(world, 0, answers=True)
    add(world, 0, batch=2)
    chunks = world.look(lambda look: look.soa_chunks(7, 1, answers=False))
    assert chunks == [ChunkRecord(0, 2, b"12345678"), ChunkRecord(2, 2, b"12345678")]
    assert world.look(lambda look: look.soa_messages(7, 1, answers=False, first=2)) == b"m2"
    assert world.look(lambda look: look.soa_messages(7, 1, answers=True, first=2)) == b""


def test_messages_are_removed_in_portions(world: World) -> None:
    for first in range(5):
        add(world, first)
    add(world, 0, batch=2)
    add(world, 0, session=9)
    assert world.write(lambda tx: tx.drop_soa_messages(7, 1, limit=3)) == 3
    assert world.write(lambda tx: tx.drop_soa_messages(7, 1, limit=3)) == 2
    assert world.look(lambda look: look.soa_next_with_messages(0)) == 7
    assert world.write(lambda tx: tx.drop_soa_messages(7, None, limit=3)) == 1
    assert world.look(lambda look: look.soa_next_with_messages(0)) == 9
    assert world.look(lambda look: look.soa_next_with_messages(9)) is None
