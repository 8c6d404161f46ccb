"""dispatcher/dispatcher.py as it lives: by itself, until it is stopped."""

import asyncio
from collections.abc import Sequence

import pytest

from headgate.dispatcher.timing import Timing
from headgate.ports.engine import NodeSighting, Sightings
from tests.unit.dispatcher import story as stories
from tests.unit.dispatcher.story import Story, basic
from tests.unit.dispatcher.test_forwarding import Forwarded


async def quiet(since: int) -> Sightings:
    await asyncio.Event().wait()
    return Sightings(since, ())


@pytest.mark.parametrize("turns", range(8))
async def test_a_dispatcher_that_is_stopped_just_as_it_wakes_does_stop(story: Story, turns: int) -> None:
    """`asyncio.wait_for` of Python 3.11 forgets a cancellation that comes when what it waits for is done: the
    loop went on, and whoever had stopped it waited for ever.
    """
    story.engine.observe = quiet  # type: ignore[method-assign]  # that of stories answers without waiting
    story.dispatcher = story._dispatcher()
    await story.dispatcher.start()
    await story.dispatcher.ready.wait()
    await asyncio.sleep(0.1)
    story.dispatcher._wake.set()
    for _ in range(turns):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await story.dispatcher.stop()


async def test_jobs_go_on_while_an_engine_does_not_say_what_its_nodes_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """slurmctld hangs: what its runs have recorded themselves is seen all the same."""
    monkeypatch.setattr(stories, "QUICK", Timing(reopen=0.001, answer=20.0))
    story = Forwarded()
    observe, asked = story.engine.observe, asyncio.Event()

    async def unhurried(since: int) -> Sightings:
        await asyncio.sleep(0.01)  # that of stories answers without waiting
        return await observe(since)

    async def nodes() -> Sequence[NodeSighting]:
        if story.dispatcher.ready.is_set():
            asked.set()
            await asyncio.Event().wait()
        return story.engine.machines

    monkeypatch.setattr(story.engine, "observe", unhurried)
    monkeypatch.setattr(story.engine, "nodes", nodes)
    await story.dispatcher.start()
    try:
        async with asyncio.timeout(5):
            await asked.wait()
            job = await story.job(basic("wait"))
            while story.state(job) != "RUNNING":  # noqa: ASYNC110  a story has no events to wait for
                await asyncio.sleep(0.01)
            story.engine.end(job)
            while story.state(job) != "FINISHED":  # noqa: ASYNC110  the same
                await asyncio.sleep(0.01)
    finally:
        await story.dispatcher.stop()
        story.store.shut()
