"""The queues of an engine that has a scheduler of its own, as queues of ours."""

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from headgate.core.model import Queue, QueueLimits
from headgate.dispatcher.queues import take_queues
from headgate.ports.engine import QueueSighting
from headgate.service.queues import UNCHOSEN_DEFAULT, put_queue
from tests.unit.dispatcher.story import Story

NORMAL = Queue(name="normal", default=True)


class Site:
    """A store with the default queue that nobody chose, and an engine's queues brought in."""

    def __init__(self) -> None:
        self.story = Story()
        self.store = self.story.store

    async def begin(self) -> None:
        def seed(tx: Any) -> None:
            tx.put_queue(NORMAL)
            tx.put_meta(UNCHOSEN_DEFAULT, "normal")

        await self.store.write(seed)

    async def see(self, *seen: QueueSighting) -> dict[str, Queue]:
        await self.store.write(lambda tx: take_queues(tx, "there", seen))
        return self.queues()

    def queues(self) -> dict[str, Queue]:
        found: Sequence[Queue] = self.store.peek(lambda reader: reader.queues())
        return {queue.name: queue for queue in found}

    async def change(self, name: str, **changes: Any) -> None:
        await self.story.queues.change(None, name, lambda queue: replace(queue, **changes))


@pytest.fixture
async def site() -> Any:
    made = Site()
    await made.begin()
    yield made
    made.store.shut()


def sighting(name: str = "batch", **said: Any) -> QueueSighting:
    return QueueSighting(name=name, **said)


def default(queues: dict[str, Queue]) -> list[str]:
    return [name for name, queue in queues.items() if queue.default]


async def test_a_queue_is_made_with_what_the_engine_says_and_follows_it(site: Site) -> None:
    made = (await site.see(sighting(most_s=60, started=False)))["batch"]
    assert (made.enabled, made.started, made.maxima.runtime_s) == (True, False, 60)
    later = (await site.see(sighting(most_s=120, usual_s=30, enabled=False)))["batch"]
    assert (later.enabled, later.started) == (False, True)
    assert (later.maxima.runtime_s, later.defaults.runtime_s) == (120, 30)


async def test_what_an_administrator_set_stays_and_the_rest_follows(site: Site) -> None:
    await site.see(sighting(most_s=60))
    await site.change("batch", maxima=QueueLimits(runtime_s=30, cores=4), started=False, priority=7)
    kept = (await site.see(sighting(most_s=120, enabled=False)))["batch"]
    assert (kept.maxima, kept.started, kept.priority) == (QueueLimits(runtime_s=30, cores=4), False, 7)
    assert not kept.enabled
    await site.change("batch", maxima=QueueLimits(runtime_s=120, cores=4))
    again = (await site.see(sighting(most_s=240)))["batch"]
    assert again.maxima == QueueLimits(runtime_s=240, cores=4)


async def test_a_queue_that_was_there_keeps_what_was_set_and_gets_the_rest(site: Site) -> None:
    await site.story.queue("Batch", enabled=False, max_running=3)
    found = await site.see(sighting(most_s=60))
    assert set(found) == {"normal", "Batch"}
    assert not found["Batch"].enabled
    assert (found["Batch"].max_running, found["Batch"].maxima.runtime_s) == (3, 60)


async def test_the_default_of_the_engine_is_ours_until_somebody_chooses(site: Site) -> None:
    assert default(await site.see(sighting("a", default=True), sighting("b"))) == ["a"]
    assert default(await site.see(sighting("a"), sighting("b", default=True))) == ["b"]
    await site.change("normal", default=True)
    assert default(await site.see(sighting("a", default=True), sighting("b"))) == ["normal"]


async def test_a_default_that_somebody_chose_before_stays(site: Site) -> None:
    await site.story.queue("own")
    await site.store.write(lambda tx: put_queue(tx, Queue(name="own", default=True), tx.queues()))
    assert default(await site.see(sighting(default=True))) == ["own"]


async def test_a_closed_default_keeps_its_jobs_waiting_and_opens_again(site: Site) -> None:
    held = (await site.see(sighting(default=True, enabled=False)))["batch"]
    assert (held.default, held.enabled, held.started) == (True, True, False)
    opened = (await site.see(sighting(default=True)))["batch"]
    assert (opened.enabled, opened.started) == (True, True)


async def test_a_queue_that_the_engine_has_no_longer_is_closed_until_it_is_back(site: Site) -> None:
    await site.see(sighting())
    gone = (await site.see())["batch"]
    assert (gone.enabled, gone.started) == (False, False)
    back = (await site.see(sighting()))["batch"]
    assert (back.enabled, back.started) == (True, True)


async def test_a_queue_that_was_removed_is_not_made_again(site: Site) -> None:
    await site.see(sighting())
    await site.story.queues.remove(None, "batch")
    assert set(await site.see(sighting(most_s=5))) == {"normal"}
    await site.see()
    assert set(await site.see(sighting())) == {"normal", "batch"}


async def test_a_name_that_is_none_for_a_queue_makes_none(site: Site) -> None:
    assert set(await site.see(sighting("_x"), sighting("ok"))) == {"normal", "ok"}


async def test_a_limit_below_an_administrators_minimum_changes_nothing(site: Site) -> None:
    await site.see(sighting(most_s=100))
    await site.change("batch", minima=QueueLimits(runtime_s=50))
    kept = (await site.see(sighting(most_s=10, started=False)))["batch"]
    assert (kept.maxima.runtime_s, kept.started) == (100, True)
