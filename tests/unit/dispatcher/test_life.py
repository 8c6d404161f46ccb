"""dispatcher/dispatcher.py as it lives: by itself, until it is stopped."""

import asyncio

import pytest

from headgate.ports.engine import Sightings
from tests.unit.dispatcher.story import Story


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
