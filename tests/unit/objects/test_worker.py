"""objects/worker.py: what waits is begun, what ends is written down, what was interrupted is begun again."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import pytest

from headgate.core.errors import NotPermitted, Unavailable
from headgate.core.syncs import Complaint, Direction, Progress, Sync, SyncState
from headgate.objects import worker as module
from headgate.objects.settings import ObjectStorageSettings
from headgate.objects.worker import COMPLAINTS, SyncWorker
from headgate.ports.transfers import Done, Order, Place, Report
from headgate.store import HeadgateStore
from headgate.testing.clock import TestClock
from tests.unit.store.memory import memory_store

DAY_S = 86400


class Transfers:
    """Carries out by heart: what it is to say of each path, in turn; a path without words goes on until it
    is let go.
    """

    def __init__(self) -> None:
        self.words: dict[str, list[list[Report | Exception]]] = {}
        self.orders: list[Order] = []
        self.open: set[str] = set()
        self.let_go = asyncio.Event()

    async def carry_out(self, order: Order) -> AsyncGenerator[Report, None]:
        """See ports.transfers."""
        self.orders.append(order)
        self.open.add(order.path)
        try:
            if order.path not in self.words:
                await self.let_go.wait()
                yield Done(0)
                return
            for word in self.words[order.path].pop(0):
                if isinstance(word, Exception):
                    raise word
                yield word
        finally:
            self.open.discard(order.path)


class World:
    """A store in memory, a worker, and transfers by heart."""

    def __init__(self) -> None:
        self.clock = TestClock()
        self.store: HeadgateStore = memory_store(clock=self.clock)
        self.transfers = Transfers()
        self.worker = self.make()

    def make(self, *, configured: bool = True) -> SyncWorker:
        """Another life."""
        return SyncWorker(
            self.store,
            self.transfers if configured else None,
            self.place_of,
            ObjectStorageSettings(prefix="users/{user}", at_once=2),
            self.clock,
            keep_s=DAY_S,
        )

    async def place_of(self, user: str) -> Place:
        if user == "homeless":
            raise NotPermitted("homeless has no account")
        return Place(None, f"/srv/{user}")

    async def ask(self, path: str, owner: str = "ada") -> int:
        sync = Sync(owner=owner, path=path, direction=Direction.TO_ONLINE, created=0)
        number = (await self.store.write(lambda tx: tx.add_sync(sync))).id
        self.worker.wake()
        return number

    def sync(self, number: int) -> Sync:
        return self.store.peek(lambda look: look.sync(number))

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not true():  # noqa: ASYNC110 - it is the store that changes
                await asyncio.sleep(0.001)

    async def ended(self, number: int) -> Sync:
        await self.until(lambda: self.sync(number).ended is not None)
        return self.sync(number)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(module, "RETRY_S", (0.0, 0.0, 0.0))
    made = World()
    await made.worker.start()
    yield made
    await made.worker.stop()
    await made.store.close()


async def test_what_was_said_is_kept_with_how_it_ended(world: World) -> None:
    many = [Complaint(str(number), "why") for number in range(COMPLAINTS + 5)]
    world.transfers.words["a"] = [[Progress(files_done=1), *many, Progress(files_done=2), Done(1, "failed")]]
    sync = await world.ended(await world.ask("a"))
    assert (sync.state, sync.result, sync.reason) == (SyncState.COMPLETE, 1, "failed")
    assert sync.progress == Progress(files_done=2)
    assert sync.complaints == tuple(many[:COMPLAINTS])
    assert (sync.started, sync.ended) == (world.clock.now(), world.clock.now())
    assert world.transfers.orders[0].prefix == "users/ada/"
    assert world.transfers.orders[0].root == "/srv/ada"


async def test_unusable_parameters_are_told_apart(world: World) -> None:
    world.transfers.words["a"] = [[Done(9, "no directory", unusable=True)]]
    assert (await world.ended(await world.ask("a"))).state is SyncState.UNUSABLE


async def test_overlapping_ones_and_those_beyond_the_limit_wait(world: World) -> None:
    first, inside = [await world.ask(path) for path in ("a", "a/b")]
    other, third = [await world.ask(path, owner) for path, owner in (("c", "ben"), ("d", "eve"))]
    await world.until(lambda: len(world.transfers.open) == 2)
    assert world.transfers.open == {"a", "c"}
    assert world.sync(first).state is world.sync(other).state is SyncState.RUNNING
    assert world.sync(inside).state is world.sync(third).state is SyncState.WAITING
    world.transfers.let_go.set()
    for number in (first, inside, other, third):
        assert (await world.ended(number)).result == 0


async def test_a_process_that_ends_without_a_word_is_sent_again_and_at_last_given_up(world: World) -> None:
    world.transfers.words["a"] = [[Progress(files_done=9), Unavailable("killed")], [], [Done(0)]]
    again = await world.ended(await world.ask("a"))
    assert (again.result, again.progress) == (0, Progress())
    world.transfers.words["b"] = [[Unavailable("killed")] for _ in range(4)]
    given_up = await world.ended(await world.ask("b"))
    assert (given_up.state, given_up.result, given_up.reason) == (SyncState.COMPLETE, 9, "killed")


async def test_a_stop_leaves_it_and_the_next_life_goes_on(world: World) -> None:
    number = await world.ask("a")
    await world.until(lambda: "a" in world.transfers.open)
    await world.worker.stop()
    assert world.transfers.open == set()
    assert world.sync(number).state is SyncState.RUNNING
    world.transfers.let_go.set()
    world.worker = world.make()
    await world.worker.start()
    assert (await world.ended(number)).result == 0


async def test_nothing_waits_for_ever_without_a_store_or_an_account(world: World) -> None:
    homeless = await world.ended(await world.ask("a", owner="homeless"))
    assert (homeless.result, homeless.reason) == (9, "homeless has no account")
    await world.worker.stop()
    world.worker = world.make(configured=False)
    number = await world.ask("a")
    await world.worker.start()
    ended = await world.ended(number)
    assert (ended.state, ended.result) == (SyncState.COMPLETE, 9)


async def test_what_is_over_for_long_enough_is_forgotten(world: World) -> None:
    world.transfers.words["a"] = [[Done(0)]]
    number = await world.ask("a")
    await world.ended(number)
    world.clock.pass_time(DAY_S + 1)
    world.worker.wake()
    await world.until(lambda: world.store.peek(lambda look: look.syncs(limit=9)) == [])
