"""store/writer.py: group commit, listeners, and what happens when the database fails."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest

from headgate.core.errors import StoreUnavailable
from headgate.core.model import Event, Job
from headgate.ports.store import Transaction
from headgate.store.session import Session
from tests.unit.store.worlds import World


def commits(world: World) -> list[str]:
    """From now on: every BEGIN, COMMIT and ROLLBACK of the writer."""
    seen: list[str] = []
    session: Session = world.store._writer._session
    session.connection.set_trace_callback(
        lambda text: (
            seen.append(text.split()[0]) if text.startswith(("BEGIN", "COMMIT", "ROLLBACK")) else None
        )
    )
    return seen


def test_changes_that_queue_up_share_a_commit(world: World) -> None:
    seen = commits(world)

    async def many() -> None:
        first = asyncio.ensure_future(world.store.write(lambda tx: tx.add_job(Job())))
        await asyncio.gather(first, *(world.store.write(lambda tx: tx.add_job(Job())) for _ in range(50)))

    world.runner.run(many())
    assert seen.count("COMMIT") <= 3
    assert sum(world.look(lambda look: look.count_jobs()).values()) == 51


def test_what_only_looks_commits_nothing(world: World) -> None:
    seen = commits(world)
    world.write(lambda tx: tx.count_jobs())
    assert seen == ["BEGIN", "ROLLBACK"]


def test_listeners_hear_events_in_order_and_one_that_fails_harms_nobody(world: World) -> None:
    heard: list[int] = []
    complaints: list[Any] = []

    def deaf(events: Sequence[Event]) -> None:
        raise ValueError("deaf")

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: complaints.append(context["exception"])
        )
        world.store.on_commit(deaf)
        world.store.on_commit(lambda events: heard.extend(event.seq for event in events))
        await asyncio.gather(*(world.store.write(world.event(number, 1, 2)) for number in range(20)))
        await world.store.write(lambda tx: tx.put_meta("k", "v"))
        await asyncio.sleep(0)

    world.runner.run(work())
    assert heard == list(range(1, 21))
    assert {str(each) for each in complaints} == {"deaf"}


def test_an_answer_nobody_waits_for_any_more_is_dropped(world: World) -> None:
    async def work() -> None:
        task = asyncio.ensure_future(world.store.write(lambda tx: tx.add_job(Job())))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await world.store.write(lambda tx: tx.add_job(Job()))

    world.runner.run(work())
    assert sum(world.look(lambda look: look.count_jobs()).values()) == 2


def test_a_full_database_refuses_the_whole_commit_and_goes_on_when_there_is_room(world: World) -> None:
    kept = world.add("before")
    connection = world.store._writer._session.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")

    def large(tx: Transaction) -> None:
        tx.put_meta("large", "x" * 1_000_000)

    found = world.write_together([lambda tx: tx.add_job(Job()), large, lambda tx: tx.add_job(Job())])
    assert [type(each) for each in found] == [StoreUnavailable] * 3
    assert found[0].text == "the disk with the data directory is full"
    assert world.look(lambda look: look.jobs([1, 2, 3])) == [kept]
    assert not connection.in_transaction
    connection.execute("PRAGMA max_page_count = 1000000")
    world.write(large)
    assert world.add("after").id == 2


def test_a_change_that_swallows_the_failure_is_not_kept(world: World) -> None:
    connection = world.store._writer._session.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")

    def careless(tx: Transaction) -> str:
        tx.put_meta("small", "x")
        try:
            tx.put_meta("large", "x" * 1_000_000)
        except StoreUnavailable:
            pass
        return "fine"

    with pytest.raises(StoreUnavailable):
        world.write(careless)
    assert world.look(lambda look: look.meta("small")) is None


def test_a_commit_that_fails_answers_everybody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Session.command

    def failing(session: Session, text: str) -> Any:
        if text == "COMMIT":
            raise StoreUnavailable("the disk has gone")
        return plain(session, text)

    with monkeypatch.context() as patched:
        patched.setattr(Session, "command", failing)
        found = world.write_together([lambda tx: tx.add_job(Job()), lambda tx: 1 / 0, lambda tx: tx.now])
    assert [type(each) for each in found] == [StoreUnavailable] * 3
    assert world.look(lambda look: look.count_jobs()) == {}
    assert world.add().id == 1


def test_a_closed_store_says_so(world: World) -> None:
    world.runner.run(world.store.close())
    with pytest.raises(StoreUnavailable, match="closed"):
        world.write(lambda tx: tx.now)
    with pytest.raises(StoreUnavailable, match="closed"):
        world.look(lambda look: look.last_event())
    with pytest.raises(StoreUnavailable, match="closed"):
        world.read(lambda look: look.last_event())
    world.store.shut()


def test_changes_that_are_queued_when_the_store_closes_are_made(on_disk: World) -> None:
    async def work() -> list[int]:
        changes = [on_disk.store.write(lambda tx: tx.add_job(Job()).id) for _ in range(30)]
        waiting = asyncio.gather(*changes)
        await asyncio.sleep(0)
        await on_disk.store.close()
        return await waiting

    assert on_disk.runner.run(work()) == list(range(1, 31))
    on_disk.reopen()
    assert sum(on_disk.look(lambda look: look.count_jobs()).values()) == 30


def test_synchronous_is_full_and_the_journal_a_write_ahead_log(on_disk: World) -> None:
    connection = on_disk.store._writer._session.connection
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_nobody_waits_for_a_writer_that_has_died(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        def now(self) -> int:
            return 1

        def monotonic(self) -> float:
            raise ZeroDivisionError

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    world.store._writer._clock = Broken()

    async def work() -> list[Any]:
        changes = [world.store.write(lambda tx: tx.now) for _ in range(3)]
        return await asyncio.wait_for(asyncio.gather(*changes, return_exceptions=True), 5)

    found = world.runner.run(work())
    world.store._writer._thread.join()
    assert [type(each) for each in found] == [StoreUnavailable] * 3
    with pytest.raises(StoreUnavailable, match="closed"):
        world.write(lambda tx: tx.now)
