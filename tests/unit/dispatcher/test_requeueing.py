"""Requeue: what failed or was cancelled runs again, what finished stays."""

import pytest
from msgspec.structs import replace

from headgate.core.errors import WrongState
from headgate.core.model import JobDependency
from headgate.core.vocabulary import NodeState, TaskType
from headgate.ports.store import Transaction
from tests.unit.dispatcher.story import ADMIN, ALICE, UNTIL_CANCELED, Story, basic, sweep, typed

# ---- jobs


async def test_a_failed_job_runs_only_its_failed_tasks_again(story: Story) -> None:
    job = await story.job(basic(), basic("wait"), basic("wait"))
    await story.settle()
    story.engine.end(job, 2, exit_code=1)
    story.engine.end(job, 3)
    await story.settle()
    assert story.state(job) == "FAILED"
    await story.jobs.requeue(ALICE, job)
    assert (story.state(job), story.states(job)) == ("QUEUED", ["FINISHED", "QUEUED", "FINISHED"])
    assert (story.why(job), story.why(job, 2)) == ("", "")
    assert (story.the_job(job).requeue_count, story.the_task(job, 2).run.requeue_count) == (1, 1)
    assert story.the_job(job).times.ended is story.the_job(job).times.started is None
    await story.settle()
    assert story.engine.running() == [(job, 2, 0)]
    story.engine.end_all()
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FINISHED"] * 3)
    assert "CONFIGURING" in story.path(job)[3:]


async def test_a_sweep_that_failed_in_parts_runs_only_those_again(story: Story) -> None:
    job = await story.job(sweep(10, "wait"))
    await story.settle()
    for number in range(1, 11):
        await story.advance(1)
        story.engine.end(job, 1, number, exit_code=number % 2)
        await story.settle()
    assert (story.state(job), story.the_task(job).failed) == ("FAILED", 5)
    await story.jobs.requeue(ALICE, job)
    assert story.the_task(job).queued_rows == 5
    await story.settle()
    assert [who[2] for who in story.engine.running()] == [1, 3, 5, 7]
    await story.advance(1)
    story.engine.end_all()
    await story.settle()
    assert [who[2] for who in story.engine.running()] == [9]
    story.engine.end_all()
    await story.settle()
    assert (story.state(job), story.the_task(job).finished) == ("FINISHED", 10)
    assert sum(story.engine.starts.values()) == 15


async def test_a_cancelled_sweep_of_a_million_is_requeued_without_a_row_each(story: Story) -> None:
    job = await story.job(sweep(1_000_000, "wait"))
    await story.settle()
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    await story.jobs.requeue(ALICE, job)
    await story.settle()
    task = story.the_task(job)
    assert (task.state.name, task.canceled, task.failed, task.live, task.rows) == ("RUNNING", 0, 0, 4, 4)
    assert [who[2] for who in story.engine.running()] == [1, 2, 3, 4]
    await story.advance(1)
    story.engine.end_all()
    await story.settle()
    assert [who[2] for who in story.engine.running()] == [5, 6, 7, 8]


async def test_a_task_cancelled_before_it_ever_ran_stays_cancelled(story: Story) -> None:
    job = await story.job(*[basic("wait")] * 4, basic(), basic())
    await story.settle()
    await story.tasks.cancel(ALICE, job, 5)
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    await story.jobs.requeue(ALICE, job)
    assert story.states(job) == ["QUEUED"] * 4 + ["CANCELED", "QUEUED"]


async def test_a_task_requeued_by_name_counts_as_wanted_again(story: Story) -> None:
    """It was cancelled before it ran, then wanted after all, then it failed: the job's requeue runs it."""
    job = await story.job(*[basic("wait")] * 4, basic("exit 1"))
    await story.settle()
    await story.tasks.cancel(ALICE, job, 5)
    await story.tasks.requeue(ALICE, job, 5)
    story.engine.end_all()
    await story.settle()
    assert (story.state(job), story.states(job)[4]) == ("FAILED", "FAILED")
    await story.jobs.requeue(ALICE, job)
    assert story.states(job)[4] == "QUEUED"


async def test_a_job_cancelled_while_configuring_can_be_requeued(story: Story) -> None:
    job = await story.job(basic(), sweep(3), submitted=False)
    await story.jobs.cancel(ALICE, job)
    await story.jobs.requeue(ALICE, job)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FINISHED", "FINISHED"])


async def test_a_job_that_was_not_valid_can_be_requeued_when_it_is(story: Story) -> None:
    job = await story.job(basic(""), sweep(3))
    assert (story.state(job), story.states(job)) == ("FAILED", ["FAILED", "FAILED"])
    await story.jobs.requeue(ALICE, job)
    assert story.state(job) == "FAILED"
    assert story.the_job(job).requeue_count == 1


async def test_a_requeued_job_that_is_no_longer_valid_fails_with_all_that_was_to_run(story: Story) -> None:
    parent = await story.job(basic("exit 1"))
    job = await story.job(sweep(3, "wait"), basic())
    await story.settle()
    story.engine.end(job, 1, 2, exit_code=1)
    await story.jobs.cancel(ALICE, job)
    await story.settle()

    def spoil(tx: Transaction) -> None:
        """What it asks for exists no longer."""
        kept = tx.job(job)
        tx.put_job(replace(kept, spec=replace(kept.spec, depends_on=(JobDependency(parent + 1000),))))

    await story.store.write(spoil)
    await story.jobs.requeue(ALICE, job)
    assert (story.state(job), story.states(job)) == ("FAILED", ["FAILED", "FINISHED"])


@pytest.mark.parametrize("state", ["Configuring", "Queued", "Running", "Finished"])
async def test_only_failed_and_cancelled_jobs_are_requeued(story: Story, state: str) -> None:
    if state == "Queued":
        await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    job = await story.job(basic("wait" if state == "Running" else "true"), submitted=state != "Configuring")
    await story.settle()
    with pytest.raises(
        WrongState, match=r"^Only jobs that are in the Canceled or Failed state can be requeued\."
    ) as refused:
        await story.jobs.requeue(ALICE, job)
    assert refused.value.parameters == (state,)


async def test_prep_release_and_service_tasks_begin_anew_with_their_job(story: Story) -> None:
    job = await story.job(
        typed(TaskType.NODE_PREP), typed(TaskType.SERVICE, "wait"), typed(TaskType.NODE_RELEASE)
    )
    await story.settle()
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    assert story.states(job) == ["FINISHED", "CANCELED", "FINISHED"]
    await story.jobs.requeue(ALICE, job)
    assert story.states(job) == ["QUEUED"] * 3
    assert story.rows(job, 2) == []
    await story.settle()
    assert story.engine.running() == [(job, 2, number) for number in (1, 2, 3, 4)]
    assert story.engine.starts[(job, 1, 1)] == 2
    await story.jobs.cancel(ALICE, job)
    await story.settle()


async def test_a_job_that_runs_until_it_is_cancelled_runs_on_when_requeued(story: Story) -> None:
    job = await story.job(basic(), **UNTIL_CANCELED)
    await story.settle()
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    await story.jobs.requeue(ALICE, job)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("RUNNING", ["FINISHED"])


async def test_the_first_failed_task_is_named_anew_after_a_requeue(story: Story) -> None:
    job = await story.job(basic("wait"), basic("exit 1"), basic("wait"))
    await story.settle()
    story.engine.end(job, 1, exit_code=1)
    await story.settle()
    await story.tasks.requeue(ALICE, job, 2)
    await story.settle()
    assert story.the_job(job).first_failed_task == f"{job}.1"
    await story.tasks.requeue(ALICE, job, 1)
    await story.settle()
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == "FAILED"
    assert f"{job}.2" in story.why(job)


# ---- tasks and subtasks


async def test_a_failed_task_is_requeued_while_its_job_runs(story: Story) -> None:
    job = await story.job(basic("exit 1"), basic("wait"))
    await story.settle()
    await story.tasks.requeue(ALICE, job, 1)
    assert story.states(job)[0] == "QUEUED"
    assert story.path(job, 1)[-4:] == ["CONFIGURING", "SUBMITTED", "VALIDATING", "QUEUED"]
    await story.settle()
    assert story.engine.starts[(job, 1, 0)] == 2


@pytest.mark.parametrize("what", ["running", "finished", "ended job"])
async def test_a_task_that_did_not_end_badly_is_not_requeued(story: Story, what: str) -> None:
    job = await story.job(basic("wait" if what == "running" else "true"), basic("wait"))
    await story.settle()
    if what == "ended job":
        await story.jobs.cancel(ALICE, job)
        await story.settle()
    with pytest.raises(WrongState):
        await story.tasks.requeue(ALICE, job, 2 if what == "ended job" else 1)


async def test_prep_and_service_tasks_and_their_subtasks_are_not_requeued_by_name(story: Story) -> None:
    job = await story.job(typed(TaskType.NODE_PREP), typed(TaskType.SERVICE, "wait"))
    await story.settle()
    story.engine.end(job, 2, 1, exit_code=1)
    await story.settle()
    for number, instance in ((1, 1), (2, 1), (1, None), (2, None)):
        with pytest.raises(WrongState) as refused:
            await story.tasks.requeue(ALICE, job, number, instance=instance)
        assert refused.value.code == "Operation_TaskOfTypeCannotBeReconfigured"


async def test_a_queued_task_that_is_requeued_stays_as_it_is(story: Story) -> None:
    job = await story.job(*[basic("wait")] * 5)
    await story.settle()
    await story.tasks.requeue(ALICE, job, 5)
    assert (story.states(job)[4], story.the_task(job, 5).run.requeue_count) == ("QUEUED", 0)


async def test_a_failed_subtask_is_requeued_and_the_others_left(story: Story) -> None:
    job = await story.job(sweep(3, "wait"), basic("wait"))
    await story.settle()
    for number in (1, 2, 3):
        story.engine.end(job, 1, number, exit_code=number - 1)
    await story.settle()
    assert story.states(job)[0] == "FAILED"
    await story.tasks.requeue(ALICE, job, 1, instance=2)
    await story.settle()
    assert story.states(job)[0] == "RUNNING"
    assert story.engine.running() == [(job, 1, 2), (job, 2, 0)]
    assert story.instance_state(job, 1, 3) == "FAILED"
    story.engine.end(job, 1, 2)
    await story.settle()
    assert story.states(job)[0] == "FAILED"


async def test_a_subtask_requeued_out_of_a_cancelled_sweep_runs_to_its_end(story: Story) -> None:
    """The sweep's own cancellation is over: it must not end the requeued subtask as well."""
    job = await story.job(sweep(100, "wait"), basic("wait"))
    await story.settle()
    await story.tasks.cancel(ALICE, job, 1)
    await story.settle()
    await story.tasks.requeue(ALICE, job, 1, instance=1)
    await story.tasks.requeue(ALICE, job, 1, instance=50)
    await story.settle()
    assert story.engine.running() == [(job, 1, 1), (job, 1, 50), (job, 2, 0)]
    story.engine.end_all()
    await story.settle()
    assert [story.instance_state(job, 1, n) for n in (1, 2, 50)] == ["FINISHED", "FAILED", "FINISHED"]
    task = story.the_task(job)
    assert (task.finished, task.failed, task.canceled, task.state.name) == (2, 3, 95, "FAILED")


async def test_a_subtask_of_a_sweep_that_is_being_cancelled_is_not_requeued(story: Story) -> None:
    job = await story.job(sweep(3, "wait"))
    await story.settle()
    story.engine.end(job, 1, 1, exit_code=1)
    await story.settle()
    story.engine.stubborn = True
    await story.tasks.cancel(ALICE, job, 1)
    with pytest.raises(WrongState):
        await story.tasks.requeue(ALICE, job, 1, instance=1)


async def test_a_requeued_sweep_shares_all_cores_at_once(story: Story) -> None:
    """Queued subtasks with a row are read anew for each lane; the ones just handed out must not count."""
    job = await story.job(sweep(4, "wait"), basic("wait"))
    await story.settle()
    for number in (1, 2, 3):
        story.engine.end(job, 1, number, exit_code=1)
    await story.settle()
    story.engine.end(job, 1, 4, exit_code=1)
    await story.settle()
    await story.tasks.requeue(ALICE, job, 1)
    await story.settle()
    assert len(story.engine.running()) == 4


async def test_a_requeued_task_has_the_exit_code_of_its_last_try(story: Story) -> None:
    job = await story.job(basic("exit 5"), basic("wait"))
    await story.settle()
    await story.tasks.requeue(ALICE, job, 1)
    await story.settle()
    told = dict(story.engine.launches[-1].launch.environment)
    assert (told["CCP_RETRY_COUNT"], told["CCP_TASK_PREV_EXITCODE"]) == ("1", "5")


async def test_subtasks_that_were_finished_unstarted_stay_finished_in_a_requeue(story: Story) -> None:
    job = await story.job(sweep(100, "wait"))
    await story.settle()
    story.engine.stubborn = True
    await story.tasks.finish(ALICE, job, 1)
    await story.jobs.cancel(ALICE, job, forced=True)
    await story.settle()
    story.engine.stubborn = False
    await story.jobs.requeue(ALICE, job)
    await story.settle()
    assert [who[2] for who in story.engine.running()] == [1, 2, 3, 4]
    await story.advance(1)
    story.engine.end_all()
    await story.settle()
    assert (story.state(job), story.the_task(job).finished) == ("FINISHED", 100)
    assert story.engine.count(job) == 8


async def test_a_quick_sweep_requeued_in_one_part_starts_nothing_else_that_was_cancelled(
    story: Story,
) -> None:
    job = await story.job(sweep(500, "sleep 0.002"), basic("wait"))
    for _ in range(8):
        await story.step()
    await story.tasks.cancel(ALICE, job, 1)
    await story.settle()
    before = story.the_task(job)
    await story.tasks.requeue(ALICE, job, 1, instance=500)
    await story.settle()
    after = story.the_task(job)
    assert (after.finished, after.canceled) == (before.finished + 1, before.canceled - 1)
