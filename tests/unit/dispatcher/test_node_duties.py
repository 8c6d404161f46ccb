"""NodePrep and NodeRelease: once for each node a job uses, before and after its work there."""

from collections.abc import AsyncIterator

import pytest

from headgate.core.vocabulary import NodeState, TaskType
from headgate.ports.engine import Ending
from tests.unit.dispatcher.audit import audit
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ADMIN, ALICE, Story, basic, sweep, typed

PREP = typed(TaskType.NODE_PREP, "wait")
RELEASE = typed(TaskType.NODE_RELEASE, "wait")


@pytest.fixture
async def pair() -> AsyncIterator[Story]:
    """Two nodes of two cores."""
    told = Story(node("n1", cores=2), node("n2", cores=2))
    await told.begin()
    yield told
    audit(told)
    told.store.shut()


async def test_prep_comes_first_and_release_last(story: Story) -> None:
    job = await story.job(PREP, basic("wait"), RELEASE)
    await story.settle()
    assert story.engine.running() == [(job, 1, 1)]
    assert (story.state(job), story.states(job)) == ("RUNNING", ["RUNNING", "QUEUED", "QUEUED"])
    story.engine.end(job, 1, 1)
    await story.settle()
    assert story.engine.running() == [(job, 2, 0)]
    story.engine.end(job, 2)
    await story.settle()
    assert story.engine.running() == [(job, 3, 1)]
    assert story.state(job) == "FINISHING"
    story.engine.end(job, 3, 1)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FINISHED"] * 3)


async def test_each_node_is_prepared_and_released_once_however_many_tasks_run_there(pair: Story) -> None:
    job = await pair.job(typed(TaskType.NODE_PREP), sweep(20, "sleep 1"), typed(TaskType.NODE_RELEASE))
    for _ in range(12):
        await pair.advance(1)
    assert pair.state(job) == "FINISHED"
    assert pair.the_task(job, 1).finished == pair.the_task(job, 3).finished == 2
    assert pair.the_task(job, 2).finished == 20


async def test_a_node_still_being_prepared_does_not_hold_up_one_that_is_ready(pair: Story) -> None:
    job = await pair.job(PREP, sweep(10, "wait"), node_groups=("ComputeNodes",))
    await pair.settle()
    assert pair.engine.running() == [(job, 1, 1), (job, 1, 2)]
    pair.engine.end(job, 1, 2)
    await pair.settle()
    assert len(pair.engine.running()) == 3


async def test_a_node_whose_prep_failed_is_not_used_by_this_job(pair: Story) -> None:
    job = await pair.job(PREP, sweep(4, "sleep 1"), RELEASE)
    await pair.settle()
    pair.engine.end(job, 1, 1, exit_code=1)
    pair.engine.end(job, 1, 2)
    for _ in range(4):
        await pair.advance(1)
    assert {run.nodes for run in pair.engine.launches if run.who[1] == 2} == {("n2",)}
    pair.engine.end_all()
    await pair.settle()
    assert pair.state(job) == "FINISHED"
    assert pair.states(job) == ["FAILED", "FINISHED", "FINISHED"]


async def test_when_prep_failed_everywhere_the_job_fails(pair: Story) -> None:
    job = await pair.job(PREP, basic("true", min_cores=1), sweep(5))
    await pair.settle()
    pair.engine.end_all(exit_code=1)
    await pair.settle()
    pair.engine.end_all(exit_code=1)
    await pair.settle()
    assert (pair.state(job), pair.states(job)) == ("FAILED", ["FAILED", "CANCELED", "CANCELED"])
    assert "n1" in pair.why(job)
    assert "n2" in pair.why(job)


async def test_when_the_nodes_left_are_too_small_the_job_fails(pair: Story) -> None:
    job = await pair.job(PREP, basic(min_cores=4, max_cores=4))
    await pair.settle()
    pair.engine.end(job, 1, 1, exit_code=1)
    pair.engine.end(job, 1, 2)
    await pair.settle()
    assert pair.state(job) == "FAILED"


async def test_a_polite_cancel_runs_release_and_a_forced_one_does_not(story: Story) -> None:
    polite = await story.job(typed(TaskType.NODE_PREP), basic("wait"), RELEASE)
    forced = await story.job(typed(TaskType.NODE_PREP), basic("wait"), RELEASE)
    await story.settle()
    await story.jobs.cancel(ALICE, polite)
    await story.jobs.cancel(ALICE, forced, forced=True)
    await story.settle()
    assert story.state(forced) == "CANCELED"
    assert (story.state(polite), story.engine.running()) == ("CANCELING", [(polite, 3, 1)])
    story.engine.end_all()
    await story.settle()
    assert story.state(polite) == "CANCELED"
    assert story.engine.starts[(forced, 3, 1)] == 0


async def test_forcing_a_cancel_ends_the_release_too(story: Story) -> None:
    job = await story.job(basic("wait"), RELEASE)
    await story.settle()
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    assert story.engine.running() == [(job, 2, 1)]
    await story.jobs.cancel(ALICE, job, forced=True)
    await story.settle()
    assert (story.state(job), story.engine.running()) == ("CANCELED", [])


async def test_release_runs_when_the_run_time_of_the_job_is_over(story: Story) -> None:
    job = await story.job(basic("wait"), RELEASE, runtime_s=10)
    await story.advance(11)
    assert story.engine.running() == [(job, 2, 1)]
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == "CANCELED"


async def test_release_has_fifteen_seconds(story: Story) -> None:
    job = await story.job(basic(), RELEASE, runtime_s=100_000)
    await story.settle()
    assert story.engine.run_of(job, 2, 1).launch.wall_time_s == 15
    await story.advance(16)
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FINISHED", "FAILED"])


async def test_release_runs_on_a_node_that_is_full(story: Story) -> None:
    job = await story.job(basic("wait"), RELEASE)
    await story.settle()
    for _ in range(5):
        await story.job(basic("wait"))
    await story.settle()
    story.engine.end(job)
    await story.settle()
    assert (job, 2, 1) in story.engine.running()
    assert len(story.engine.running()) == 5


async def test_nobody_comes_to_an_exclusive_node_before_it_is_released(story: Story) -> None:
    job = await story.job(basic("wait"), RELEASE, exclusive=True)
    other = await story.job(basic("wait"))
    await story.settle()
    story.engine.end(job)
    await story.settle()
    assert story.engine.running() == [(job, 2, 1)]
    story.engine.end(job, 2, 1)
    await story.settle()
    assert story.engine.running() == [(other, 1, 0)]


async def test_a_job_cancelled_during_prep_ends_and_is_released(story: Story) -> None:
    job = await story.job(PREP, basic(), RELEASE)
    await story.settle()
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    story.engine.end_all()
    await story.settle()
    assert (story.state(job), story.states(job)) == ("CANCELED", ["FAILED", "CANCELED", "FINISHED"])


async def test_a_prep_that_never_started_is_cancelled_with_its_job(story: Story) -> None:
    job = await story.job(PREP, basic(), RELEASE)
    await story.settle()
    story.engine.end(job, 1, 1, ending=Ending.NEVER_STARTED)
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    assert (story.state(job), story.instance_state(job, 1, 1)) == ("CANCELED", "CANCELED")


async def test_jobs_of_node_duties_alone_never_use_a_node(story: Story) -> None:
    job = await story.job(
        PREP, RELEASE, run_until_canceled=True, auto_calculate_min=False, auto_calculate_max=False
    )
    await story.settle()
    assert (story.state(job), story.engine.running()) == ("RUNNING", [])
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("CANCELED", ["CANCELED", "CANCELED"])


async def test_release_is_left_out_on_a_node_that_is_gone(pair: Story) -> None:
    job = await pair.job(basic("wait"), RELEASE)
    await pair.settle()
    pair.engine.machines = [node("n2", cores=2)]
    await pair.restart()
    pair.engine.end(job)
    await pair.settle()
    assert pair.state(job) == "FINISHED"


async def test_a_node_that_is_draining_is_released_before_it_is_offline(story: Story) -> None:
    job = await story.job(basic("wait"), RELEASE)
    await story.settle()
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    story.engine.end(job)
    await story.settle()
    assert story.nodes.get(ADMIN, "n1").state is NodeState.DRAINING
    story.engine.end_all()
    await story.settle()
    assert story.nodes.get(ADMIN, "n1").state is NodeState.OFFLINE


@pytest.mark.parametrize("how", ["cancel", "finish"])
async def test_a_prep_task_that_was_ended_by_name_is_done_without(story: Story, how: str) -> None:
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    job = await story.job(PREP, basic("wait"), RELEASE)
    for number in (1, 3):
        await getattr(story.tasks, how)(ALICE, job, number)
    await story.nodes.set_state(ADMIN, "n1", NodeState.ONLINE)
    await story.settle()
    assert story.engine.running() == [(job, 2, 0)]
    story.engine.end_all()
    await story.settle()
    ended = "CANCELED" if how == "cancel" else "FINISHED"
    assert (story.state(job), story.states(job)) == ("FINISHED", [ended, "FINISHED", ended])


async def test_finishing_a_running_prep_task_makes_its_node_ready(story: Story) -> None:
    job = await story.job(PREP, basic("wait"))
    await story.settle()
    await story.tasks.finish(ALICE, job, 1)
    await story.settle()
    assert story.states(job) == ["FINISHED", "RUNNING"]
