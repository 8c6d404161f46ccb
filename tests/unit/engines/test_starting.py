"""engines/starting.py: work in another loop, as if it were here."""

import asyncio
import threading

import pytest

from headgate.engines.starting import elsewhere


async def test_it_is_another_thread_and_its_answer_comes_back() -> None:
    async def where() -> int:
        await asyncio.sleep(0)
        return threading.get_ident()

    assert await elsewhere(where()) != threading.get_ident()


async def test_what_it_raises_is_raised_here() -> None:
    async def fail() -> None:
        raise LookupError("there")

    with pytest.raises(LookupError, match="there"):
        await elsewhere(fail())


async def test_who_is_cancelled_goes_when_the_work_has_ended() -> None:
    said: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            said.append("ended")

    task = asyncio.create_task(elsewhere(work()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert said == ["ended"]


async def test_one_that_is_cancelled_before_it_began_ends_too() -> None:
    async def work() -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task(elsewhere(work()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
