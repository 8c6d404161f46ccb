"""Trying again: as the job's retry limit says, after a lost node, never after a guess."""

import pytest

from headgate.core.vocabulary import TaskType
from headgate.ports.engine import Ending, Fault
from tests.unit.dispatcher.story import ALICE, Story, basic, sweep, typed


async def test_a_failing_command_is_not_tried_again_by_itself(story: Story) -> None:
    job = await story.job(basic("exit 1"))
    await story.settle()
    assert (story.states(job), story.engine.count(job)) == (["FAILED"], 1)


async def test_a_failing_command_is_tried_as_often_as_the_job_says(story: Story) -> None:
    job = await story.job(basic("exit 1"), sweep(2, "exit 2"), execution_failure_retry_limit=2)
    await story.settle()
    assert story.states(job) == ["FAILED", "FAILED"]
    assert dict(story.engine.starts) == {(job, 1, 0): 3, (job, 2, 1): 3, (job, 2, 2): 3}
    assert story.the_task(job).run.failure_retry_count == 2
    told = dict(story.engine.launches[-1].launch.environment)
    assert (told["CCP_RETRY_COUNT"], told["CCP_TASK_PREV_EXITCODE"]) == ("2", "2")


async def test_a_retried_task_passes_through_the_queue(story: Story) -> None:
    job = await story.job(basic("wait"), execution_failure_retry_limit=1)
    await story.settle()
    story.engine.end(job, exit_code=1)
    await story.settle()
    story.engine.end(job, exit_code=0)
    await story.settle()
    assert story.state(job) == "FINISHED"
    assert story.path(job, 1)[4:9] == ["DISPATCHING", "RUNNING", "QUEUED", "DISPATCHING", "RUNNING"]
    assert story.the_task(job).times.started == story.engine.launches[-1].started_at


async def test_a_signal_is_a_failure_of_the_command_and_a_wall_time_is_not(story: Story) -> None:
    killed = await story.job(basic("wait"), execution_failure_retry_limit=1)
    slow = await story.job(basic("wait", runtime_s=5), execution_failure_retry_limit=1)
    await story.settle()
    story.engine.end(killed, ending=Ending.SIGNALED, signal=11)
    await story.advance(6)
    assert (story.state(killed), story.engine.count(killed)) == ("RUNNING", 2)
    assert (story.state(slow), story.engine.count(slow)) == ("FAILED", 1)
    story.engine.end(killed, ending=Ending.SIGNALED, signal=9)
    await story.settle()
    assert (story.state(killed), story.the_task(killed).run.exit_code) == ("FAILED", 9)


async def test_a_cancelled_task_is_not_tried_again(story: Story) -> None:
    job = await story.job(basic("wait"), execution_failure_retry_limit=5)
    await story.settle()
    await story.tasks.cancel(ALICE, job, 1)
    await story.settle()
    assert (story.states(job), story.engine.count(job)) == (["FAILED"], 1)


async def test_after_a_lost_node_a_task_runs_again_three_times_at_most(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    for again in range(3):
        story.engine.end(job, ending=Ending.LOST, fault=Fault.REBOOT, reason="node lost")
        await story.settle()
        assert (story.states(job), story.the_task(job).run.auto_requeue_count) == (["RUNNING"], again + 1)
    story.engine.end(job, ending=Ending.LOST, fault=Fault.REBOOT, reason="node lost")
    await story.settle()
    assert story.states(job) == ["FAILED"]
    assert "node lost" in story.why(job, 1)


@pytest.mark.parametrize(
    ("rerunnable", "fault"), [(False, Fault.REBOOT), (True, Fault.SUPERVISION), (True, Fault.NONE)]
)
async def test_what_was_lost_otherwise_is_never_run_again(
    story: Story, rerunnable: bool, fault: Fault
) -> None:
    job = await story.job(basic("wait", rerunnable=rerunnable), execution_failure_retry_limit=5)
    await story.settle()
    story.engine.end(job, ending=Ending.LOST, fault=fault, reason="gone")
    await story.settle()
    assert (story.states(job), story.engine.count(job)) == (["FAILED"], 1)


async def test_a_failing_node_prep_is_not_retried_as_the_jobs_work_is(story: Story) -> None:
    """A queued NodePrep instance would be started by nobody: the job hung."""
    job = await story.job(typed(TaskType.NODE_PREP, "exit 1"), basic(), execution_failure_retry_limit=3)
    await story.settle()
    assert story.state(job) == "FAILED"
    assert story.engine.starts == {(job, 1, 1): 1}


async def test_a_node_prep_lost_with_its_node_is_done_again(story: Story) -> None:
    job = await story.job(typed(TaskType.NODE_PREP, "wait"), basic("wait"))
    await story.settle()
    story.engine.end(job, 1, 1, ending=Ending.LOST, fault=Fault.REBOOT)
    await story.settle()
    story.engine.end(job, 1, 2)
    await story.settle()
    assert story.engine.running() == [(job, 2, 0)]


async def test_a_lost_service_instance_comes_back_and_the_service_can_still_be_concluded(
    story: Story,
) -> None:
    job = await story.job(typed(TaskType.SERVICE, "wait"))
    await story.settle()
    await story.advance(2)
    story.engine.end(job, 1, 2, ending=Ending.LOST, fault=Fault.REBOOT)
    await story.settle()
    assert [who[2] for who in story.engine.running()] == [1, 2, 3, 4]
    await story.tasks.finish(ALICE, job, 1)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FINISHED"])


async def test_a_requeue_by_hand_grants_all_tries_anew(story: Story) -> None:
    job = await story.job(basic("exit 1"), execution_failure_retry_limit=1)
    await story.settle()
    await story.jobs.requeue(ALICE, job)
    await story.settle()
    assert story.engine.count(job) == 4
