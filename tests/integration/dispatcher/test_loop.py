"""The dispatcher's own loop, with its real waiting: it starts, sleeps, wakes, survives and stops.

What follows from what is told step by step in tests/unit/dispatcher; here time is real, and the store a file.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from headgate.core.environment import Site
from headgate.core.errors import StoreUnavailable
from headgate.core.states import FINAL_JOB_STATES
from headgate.dispatcher import Dispatcher
from headgate.dispatcher.timing import Timing
from tests.unit.dispatcher.audit import audit
from tests.unit.dispatcher.engine import Clock
from tests.unit.dispatcher.story import ALICE, Story, basic, sweep

BRISK = Timing(tick=0.05, reopen=0.02, answer=0.1, opening=0.2, observing=0.2)


class RealClock(Clock):
    """Time as it is."""

    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()


class Live(Story):
    """A story whose loop turns by itself."""

    def __init__(self, where: Path) -> None:
        super().__init__(clock=RealClock(), where=where)
        self.engine.patience = 0.05

    def _dispatcher(self) -> Dispatcher:
        return Dispatcher(self.store, self.engine, self.accounts, self.clock, Site("c", "h"), timing=BRISK)

    async def begin(self) -> None:
        await self.dispatcher.start()
        await asyncio.wait_for(self.dispatcher.ready.wait(), 5)

    async def until(self, what: Callable[[], bool]) -> None:
        """Until this is so, in good time."""
        async with asyncio.timeout(10):
            while not what():
                self.engine.proceed()
                await asyncio.sleep(0.005)

    async def ended(self, job: int) -> str:
        await self.until(lambda: self.the_job(job).state in FINAL_JOB_STATES)
        return self.state(job)


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[Live]:
    told = Live(tmp_path / "data")
    await told.begin()
    yield told
    await told.dispatcher.stop()
    audit(told)
    told.store.shut()


async def test_jobs_run_and_are_cancelled_by_themselves(live: Live) -> None:
    quick = await live.job(sweep(50, "true"), basic("sleep 0.05"))
    waiting = await live.job(basic("wait"))
    assert await live.ended(quick) == "FINISHED"
    await live.until(lambda: live.state(waiting) == "RUNNING")
    await live.jobs.cancel(ALICE, waiting)
    assert await live.ended(waiting) == "CANCELED"


async def test_a_stopped_dispatcher_leaves_things_running_and_another_takes_them_up(live: Live) -> None:
    job = await live.job(basic("wait"))
    await live.until(lambda: live.state(job) == "RUNNING")
    await live.dispatcher.stop()
    live.engine.end(job)
    assert live.state(job) == "RUNNING"
    live.dispatcher = live._dispatcher()
    await live.begin()
    assert await live.ended(job) == "FINISHED"
    assert live.engine.count(job) == 1


@pytest.mark.parametrize("what", ["observe", "submit", "cancel", "find"])
async def test_an_engine_that_hangs_is_given_up_and_asked_again(live: Live, what: str) -> None:
    running = await live.job(basic("wait"))
    await live.until(lambda: live.states(running) == ["RUNNING"])
    if what == "find":
        live.engine.answers.append("uncertain")
    live.engine.hanging.add(what)
    job = await live.job(basic("true"))
    await live.jobs.cancel(ALICE, running)
    await asyncio.sleep(0.3)
    live.engine.hanging.clear()
    assert await live.ended(job) == "FINISHED"
    assert await live.ended(running) == "CANCELED"
    assert live.engine.count(job) == 1


async def test_an_engine_that_is_away_for_a_while_is_waited_for(live: Live) -> None:
    job = await live.job(basic("wait"))
    await live.until(lambda: live.states(job) == ["RUNNING"])
    live.engine.failing.update(observe=3, open=3, find=2)
    live.engine.end(job)
    assert await live.ended(job) == "FINISHED"


async def test_a_store_that_is_full_for_a_while_costs_nothing_but_time(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await live.job(sweep(20, "sleep 0.01"))

    async def full(change: Any) -> Any:
        raise StoreUnavailable("the disk is full")

    with monkeypatch.context() as trouble:
        trouble.setattr(live.store, "write", full)
        await asyncio.sleep(0.2)
    assert await live.ended(job) == "FINISHED"
    assert live.engine.count(job) == 20


async def test_a_bug_in_one_cycle_does_not_end_the_dispatcher(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as trouble:
        trouble.setattr(live.engine, "observe", None)
        trouble.setattr(live.dispatcher, "_ask", None)
        await asyncio.sleep(0.15)
    job = await live.job(basic("true"))
    assert await live.ended(job) == "FINISHED"


async def test_a_job_is_started_within_a_moment_of_its_submission(live: Live) -> None:
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    job = await live.job(basic("wait"))
    await live.until(lambda: live.state(job) == "RUNNING")
    assert time.monotonic() - begun < 1
