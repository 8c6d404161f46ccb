"""Who comes first: priority, age, backfill; and lanes, in which short runs follow one another."""

from typing import Any

from headgate.core.model import TaskSpec
from headgate.core.properties import JOB
from headgate.core.vocabulary import NodeState, UnitType
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ADMIN, ALICE, Story, basic, sweep


def wide(cores: int, **spec: Any) -> TaskSpec:
    """A task of so many cores that runs until it is ended."""
    return basic("wait", min_cores=cores, max_cores=cores, **spec)


async def test_a_higher_priority_comes_first_and_age_decides_between_equals(story: Story) -> None:
    running = await story.job(wide(4))
    await story.settle()
    low = await story.job(wide(4), priority=1000)
    first, second = await story.job(wide(4)), await story.job(wide(4))
    high = await story.job(wide(4), priority=2001)
    order = []
    await story.settle()
    for _ in range(5):
        ((job, _, _),) = story.engine.running()
        order.append(job)
        story.engine.end_all()
        await story.settle()
    assert order == [running, high, first, second, low]


async def test_a_priority_that_is_changed_counts_at_once(story: Story) -> None:
    running = await story.job(wide(4))
    await story.settle()
    await story.job(wide(4))
    late = await story.job(wide(4))
    await story.jobs.set(ALICE, late, {JOB["ExpandedPriority"]: 3500})
    story.engine.end(running)
    await story.settle()
    assert story.engine.running() == [(late, 1, 0)]


async def test_a_wide_job_is_not_starved_by_small_ones_behind_it(story: Story) -> None:
    for _ in range(4):
        await story.job(basic("sleep 10"))
    await story.settle()
    big = await story.job(wide(4))
    small = [await story.job(basic("sleep 10")) for _ in range(20)]
    await story.advance(3)
    for _ in range(5):
        await story.job(basic("sleep 10"))
    await story.advance(8)
    assert story.engine.running() == [(big, 1, 0)]
    assert all(story.state(job) == "QUEUED" for job in small)


async def test_a_wide_job_over_several_nodes_is_not_starved() -> None:
    """The cores of a whole node that is busy were once counted as units of the job: others took its nodes."""
    story = Story(node("n1"), node("n2"))
    await story.begin()
    first = await story.job(wide(4, runtime_s=60), requested_nodes=("n1",))
    await story.settle()
    big = await story.job(basic("wait", min_nodes=2, max_nodes=2), unit_type=UnitType.NODE)
    small = [await story.job(basic("sleep 1000")) for _ in range(3)]
    await story.advance(1)
    assert [story.state(job) for job in small] == ["QUEUED"] * 3
    story.engine.end(first)
    await story.settle()
    assert story.engine.running() == [(big, 1, 0)]
    story.store.shut()


async def test_a_short_job_goes_ahead_where_it_delays_nobody(story: Story) -> None:
    await story.job(wide(3, runtime_s=100))
    await story.settle()
    big = await story.job(wide(4))
    long = await story.job(basic("wait", runtime_s=200))
    short = await story.job(basic("wait", runtime_s=50))
    endless = await story.job(basic("wait"))
    await story.settle()
    assert [story.state(job) for job in (big, long, short, endless)] == [
        "QUEUED",
        "QUEUED",
        "RUNNING",
        "QUEUED",
    ]


async def test_cores_that_the_wide_job_does_not_need_are_lent_without_a_limit(story: Story) -> None:
    await story.job(wide(2, runtime_s=100))
    await story.settle()
    big = await story.job(wide(3))
    first, second = await story.job(basic("wait")), await story.job(basic("wait"))
    await story.settle()
    assert [story.state(job) for job in (big, first, second)] == ["QUEUED", "RUNNING", "QUEUED"]
    await story.advance(101)
    assert story.state(big) == "RUNNING"


async def test_a_job_that_could_never_run_now_keeps_nobody_waiting() -> None:
    story = Story(node("n1"), node("n2"))
    await story.begin()
    await story.nodes.set_state(ADMIN, "n2", NodeState.OFFLINE)
    await story.job(wide(8))
    small = await story.job(basic("wait"))
    await story.settle()
    assert story.engine.running() == [(small, 1, 0)]
    story.store.shut()


async def test_a_job_at_its_own_maximum_keeps_nobody_waiting(story: Story) -> None:
    await story.job(sweep(9, "wait"), auto_calculate_max=False, max_cores=2)
    others = [await story.job(basic("wait")) for _ in range(2)]
    await story.settle()
    assert [story.state(job) for job in others] == ["RUNNING", "RUNNING"]


async def test_an_exclusive_job_that_waits_gets_a_whole_node(story: Story) -> None:
    await story.job(basic("sleep 10", runtime_s=20))
    await story.settle()
    alone = await story.job(basic("wait"), exclusive=True)
    for _ in range(6):
        await story.job(basic("wait"))
    await story.advance(11)
    assert story.engine.running() == [(alone, 1, 0)]


async def test_a_job_deep_in_the_queue_is_found_when_all_before_it_do_not_fit(story: Story) -> None:
    await story.job(wide(1))
    for _ in range(1300):
        await story.job(wide(4))
    await story.settle()
    # Everything before it waits for all four cores; it is short enough not to delay them.
    late = await story.job(basic("wait", runtime_s=10))
    for _ in range(10):
        await story.step()
    assert story.state(late) == "RUNNING"


# ---- lanes


async def test_short_runs_are_handed_out_ahead_and_all_run_once(story: Story) -> None:
    job = await story.job(sweep(1000, "sleep 0.001"))
    for _ in range(1000):
        if story.state(job) == "FINISHED":
            break
        await story.step()
    assert story.state(job) == "FINISHED"
    assert story.engine.count(job) == 1000
    assert max(story.engine.starts.values()) == 1
    assert len(story.engine.submitted) < 500


async def test_no_lane_takes_what_another_core_could_run_now(story: Story) -> None:
    job = await story.job(sweep(400, "true"), basic("wait"))
    for _ in range(12):
        await story.step()
    last = await story.job(sweep(3, "wait"), priority=3000)
    await story.advance(1)
    assert [who[2] for who in story.engine.running() if who[0] == last] == [1, 2, 3]
    assert story.engine.count(job) == 401


async def test_a_more_urgent_job_gets_cores_from_a_sweep_of_short_runs_promptly(story: Story) -> None:
    await story.job(sweep(100_000, "sleep 0.002"))
    for _ in range(100):
        await story.step()
    urgent = await story.job(wide(4), priority=4000)
    waited = 0
    while story.state(urgent) != "RUNNING":
        await story.step()
        waited += 1
        assert waited < 400
    assert {who[0] for who in story.engine.running()} == {urgent}


async def test_runs_behind_one_that_turned_out_long_are_taken_back_and_run_elsewhere(story: Story) -> None:
    job = await story.job(sweep(100, "sleep 0.001"))
    for _ in range(14):
        await story.step()
    stuck = story.engine.live()[0]
    assert any(run.lane == stuck.lane for run in story.engine.waiting())
    stuck.launch = type(stuck.launch)(script=b"wait", environment=stuck.launch.environment)
    await story.advance(0.9)
    await story.advance(1.2)
    assert story.engine.recalled
    await story.settle()
    assert story.engine.running() == [stuck.who]
    task = story.the_task(job)
    assert (task.finished, task.live) == (99, 1)
    story.engine.end_all()
    await story.settle()
    assert story.engine.count(job) == 100
