"""Queues and their limits, as time brings them about."""

from typing import Any

import pytest
from msgspec.structs import replace

from headgate.core.model import Chunk, TaskSpec
from headgate.core.vocabulary import Arrangement
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ALICE, BOB, Story, basic, sweep
from tests.unit.dispatcher.test_costs import statements


async def change(story: Story, name: str, **fields: Any) -> None:
    await story.queues.change(None, name, lambda queue: replace(queue, **fields))


def states(story: Story, jobs: list[int]) -> list[str]:
    return [story.state(job) for job in jobs]


@pytest.fixture
async def wide() -> Any:
    """A story on many cores, so that only limits hold anything back."""
    story = Story(node("n1", cores=64))
    await story.begin()
    yield story
    story.store.shut()


async def test_a_queue_runs_as_many_jobs_as_it_may_and_the_next_when_one_ends(wide: Story) -> None:
    await wide.queue("q", max_running=2)
    jobs = [await wide.job(basic("wait"), queue="q") for _ in range(4)]
    await wide.settle()
    assert states(wide, jobs) == ["RUNNING", "RUNNING", "QUEUED", "QUEUED"]
    assert [wide.waits(job) for job in jobs] == ["", "", "MAX_RUNNING", "MAX_RUNNING"]
    wide.engine.end(*wide.engine.live()[0].who)
    await wide.settle()
    assert states(wide, jobs) == ["FINISHED", "RUNNING", "RUNNING", "QUEUED"]


async def test_a_user_at_his_limit_holds_up_nobody_else(wide: Story) -> None:
    await wide.queue("q", max_running_per_user=1)
    alices = [await wide.job(basic("wait"), queue="q") for _ in range(3)]
    bobs = [await wide.job(basic("wait"), queue="q", owner=BOB) for _ in range(2)]
    await wide.settle()
    assert states(wide, alices) == ["RUNNING", "QUEUED", "QUEUED"]
    assert states(wide, bobs) == ["RUNNING", "QUEUED"]
    assert wide.waits(bobs[1]) == "MAX_RUNNING_PER_USER"


async def test_a_job_of_few_nodes_overtakes_one_that_would_have_too_many(wide: Story) -> None:
    """Spec soca, section 8.2: smaller jobs may overtake one that does not fit."""
    await wide.queue("q", max_nodes_running=3)

    def on(nodes: int) -> TaskSpec:
        return TaskSpec(command_line="wait", chunks=(Chunk(count=nodes),), arrangement=Arrangement.FREE)

    two, other, one = [await wide.job(on(count), queue="q") for count in (2, 2, 1)]
    await wide.settle()
    assert states(wide, [two, other, one]) == ["RUNNING", "QUEUED", "RUNNING"]
    assert wide.waits(other) == "MAX_NODES_RUNNING"
    wide.engine.end(*wide.engine.live()[0].who)
    await wide.settle()
    assert states(wide, [two, other, one]) == ["FINISHED", "RUNNING", "RUNNING"]


async def test_a_queue_that_is_stopped_starts_nothing_and_goes_on_when_it_is_started(wide: Story) -> None:
    await wide.queue("q", started=False)
    job = await wide.job(basic("wait"), queue="q")
    free = await wide.job(basic("wait"))
    await wide.settle()
    assert states(wide, [job, free]) == ["QUEUED", "RUNNING"]
    assert wide.waits(job) == "NOT_STARTED"
    await wide.queues.set_started(None, "q", True)
    await wide.advance(1)
    assert wide.state(job) == "RUNNING"


async def test_a_sweep_that_runs_starts_no_more_in_a_queue_that_is_stopped(story: Story) -> None:
    await story.queue("q")
    job = await story.job(sweep(9, "wait"), queue="q")
    await story.settle()
    assert len(story.engine.live()) == 4
    await story.queues.set_started(None, "q", False)
    story.engine.end_all()
    await story.advance(1)
    assert (len(story.engine.live()), story.state(job)) == (0, "RUNNING")
    await story.queues.set_started(None, "q", True)
    await story.advance(1)
    assert len(story.engine.live()) == 4


async def test_a_running_sweep_is_bound_by_no_limit_of_its_queue(story: Story) -> None:
    await story.queue("q", max_running=1, max_running_per_user=1)
    first = await story.job(sweep(6, "wait"), queue="q")
    other = await story.job(basic("wait"), queue="q")
    await story.settle()
    story.engine.end_all()
    await story.settle()
    assert len(story.engine.live()) == 2
    assert states(story, [first, other]) == ["RUNNING", "QUEUED"]
    story.engine.end_all()
    await story.settle()
    assert states(story, [first, other]) == ["FINISHED", "RUNNING"]


async def test_urgency_is_the_queue_then_the_job_then_age(story: Story) -> None:
    """A job without a queue stands where a queue of the default priority is."""
    await story.queue("high", priority=3000)
    await story.queue("plain")
    await story.queue("low", priority=1000)
    blocker = await story.job(basic("wait", min_cores=4, max_cores=4))
    await story.settle()
    wanted = [
        ("low", 4000),
        ("", 1000),
        ("plain", 2000),
        ("", 2000),
        ("plain", 3000),
        ("high", 0),
        ("", 4000),
    ]
    jobs = {
        one: await story.job(basic("wait", min_cores=4, max_cores=4), queue=one[0], priority=one[1])
        for one in wanted
    }
    started: list[int] = []
    for _ in wanted:
        story.engine.end_all()
        await story.settle()
        started += [job for job in jobs.values() if job not in started and story.state(job) == "RUNNING"]
    order = [
        ("high", 0),
        ("", 4000),
        ("plain", 3000),
        ("plain", 2000),
        ("", 2000),
        ("", 1000),
        ("low", 4000),
    ]
    assert started == [jobs[one] for one in order]
    assert story.state(blocker) == "FINISHED"


async def test_a_limit_that_is_changed_counts_for_jobs_that_wait(wide: Story) -> None:
    await wide.queue("q", max_running=1)
    jobs = [await wide.job(basic("wait"), queue="q") for _ in range(3)]
    await wide.settle()
    await change(wide, "q", max_running=2)
    await wide.advance(1)
    assert states(wide, jobs) == ["RUNNING", "RUNNING", "QUEUED"]
    await change(wide, "q", max_running=1)
    wide.engine.end(*wide.engine.live()[0].who)
    await wide.advance(1)
    assert states(wide, jobs) == ["FINISHED", "RUNNING", "QUEUED"]


async def test_limits_hold_after_a_restart(wide: Story) -> None:
    await wide.queue("q", max_running_per_user=2)
    jobs = [await wide.job(basic("wait"), queue="q") for _ in range(4)]
    await wide.settle()
    await wide.restart()
    await wide.advance(1)
    assert states(wide, jobs) == ["RUNNING", "RUNNING", "QUEUED", "QUEUED"]


async def test_jobs_of_a_queue_that_was_removed_wait_until_there_is_one_again(wide: Story) -> None:
    await wide.queue("q", max_running=1)
    runs, waits = [await wide.job(basic("wait"), queue="q") for _ in range(2)]
    await wide.settle()
    await wide.queues.remove(None, "q", force=True)
    wide.engine.end_all()
    await wide.advance(1)
    assert states(wide, [runs, waits]) == ["FINISHED", "QUEUED"]
    assert wide.waits(waits) == "GONE"
    await wide.queue("Q")
    await wide.advance(1)
    assert wide.state(waits) == "RUNNING"


async def test_a_job_that_is_canceled_and_requeued_counts_once(wide: Story) -> None:
    await wide.queue("q", max_running=1)
    first, second = [await wide.job(basic("wait"), queue="q") for _ in range(2)]
    await wide.settle()
    await wide.jobs.cancel(ALICE, first)
    await wide.settle()
    await wide.jobs.requeue(ALICE, first)
    await wide.settle()
    assert sorted(states(wide, [first, second])) == ["QUEUED", "RUNNING"]


async def test_a_job_that_a_limit_holds_back_keeps_no_cores(story: Story) -> None:
    """A job that does not fit has cores reserved; one that may not start must not."""
    await story.queue("q", max_running=1, priority=4000)
    first = await story.job(basic("wait"), queue="q")
    await story.settle()
    large = await story.job(basic("wait", min_cores=4, max_cores=4), queue="q")
    small = await story.job(basic("wait"))
    await story.settle()
    assert states(story, [first, large, small]) == ["RUNNING", "QUEUED", "RUNNING"]


async def test_a_cycle_costs_the_same_whether_few_or_many_jobs_wait_for_a_limit() -> None:
    costs = []
    for many in (20, 1000):
        story = Story(node("n1", cores=8))
        await story.begin()
        await story.queue("q", max_running_per_user=1)
        for _ in range(many):
            await story.job(basic("wait"), queue="q")
        await story.settle()
        with statements() as count:
            other = await story.job(basic("wait"), queue="q", owner=BOB)
            free = await story.job(basic("wait"), priority=0)
            await story.settle()
            for _ in range(5):
                await story.advance(0.6)
        assert states(story, [other, free]) == ["RUNNING", "RUNNING"]
        costs.append(count.total())
        story.store.shut()
    assert costs[1] <= costs[0] * 1.1
