"""What waits for what: tasks for tasks, jobs for jobs, jobs for a moment."""

import pytest

from headgate.core.model import JobDependency
from headgate.core.properties import JOB
from headgate.core.vocabulary import DependencyCondition, HoldKind, PendingReason
from tests.unit.dispatcher.story import ALICE, OPERATOR, Story, basic, sweep

MINUTE = 60_000_000

# ---- tasks


async def test_a_dependent_task_waits_until_its_parent_has_ended(story: Story) -> None:
    job = await story.job(basic("wait", name="a"), basic("wait", name="b", depends_on=("a",)))
    await story.settle()
    assert (story.states(job), story.the_task(job, 2).waits_for) == (["RUNNING", "QUEUED"], (1,))
    story.engine.end(job, 1)
    await story.settle()
    assert story.states(job) == ["FINISHED", "RUNNING"]


async def test_a_task_waits_for_those_it_follows_beside_those_it_names(story: Story) -> None:
    job = await story.job(
        basic("wait"), basic("wait", name="b"), basic("wait", name="c", depends_on=("b",), follows=(1,))
    )
    await story.settle()
    assert story.the_task(job, 3).waits_for == (2, 1)
    story.engine.end(job, 2)
    await story.settle()
    assert story.states(job) == ["RUNNING", "FINISHED", "QUEUED"]
    story.engine.end(job, 1)
    await story.settle()
    assert story.states(job) == ["FINISHED", "FINISHED", "RUNNING"]


async def test_a_requeued_task_waits_again_for_those_it_follows(story: Story) -> None:
    job = await story.job(basic("wait"), basic("wait", follows=(1,)), basic("wait"))
    await story.settle()
    await story.tasks.cancel(ALICE, job, 2)
    await story.tasks.requeue(ALICE, job, 2)
    await story.settle()
    assert story.states(job) == ["RUNNING", "QUEUED", "RUNNING"]
    story.engine.end(job, 1)
    await story.settle()
    assert story.states(job) == ["FINISHED", "RUNNING", "RUNNING"]


@pytest.mark.parametrize("how", ["fails", "is cancelled"])
async def test_a_parent_that_ended_badly_has_ended_all_the_same(story: Story, how: str) -> None:
    job = await story.job(basic("wait", name="a"), basic(name="b", depends_on=("a",)))
    await story.settle()
    if how == "fails":
        story.engine.end(job, 1, exit_code=1)
    else:
        await story.tasks.cancel(ALICE, job, 1)
    await story.settle()
    assert story.states(job) == ["FAILED", "FINISHED"]


async def test_with_fail_dependent_tasks_a_whole_chain_fails_without_running(story: Story) -> None:
    job = await story.job(
        basic("wait", name="a"),
        basic(name="b", depends_on=("a",)),
        sweep(1_000_000, name="c", depends_on=("b",)),
        basic(name="d", depends_on=("c",)),
        basic("wait", name="e"),
        fail_dependent_tasks=True,
    )
    await story.settle()
    story.engine.end(job, 1, exit_code=1)
    await story.settle()
    assert story.states(job) == ["FAILED"] * 4 + ["RUNNING"]
    assert story.the_task(job, 3).failed == 1_000_000
    assert story.why(job, 2) == story.why(job, 4) != ""
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == "FAILED"
    assert story.engine.count(job) == 2


async def test_with_fail_dependent_tasks_a_cancelled_parent_fails_its_dependents(story: Story) -> None:
    job = await story.job(
        *[basic("wait")] * 4,
        basic(name="a"),
        basic(name="b", depends_on=("a",)),
        fail_dependent_tasks=True,
    )
    await story.settle()
    await story.tasks.cancel(ALICE, job, 5)
    assert story.states(job)[4:] == ["CANCELED", "FAILED"]


async def test_depending_on_a_sweep_waits_for_all_its_subtasks(story: Story) -> None:
    job = await story.job(sweep(6, "wait", name="s"), basic("wait", name="b", depends_on=("s",)))
    await story.advance(1)
    story.engine.end_all()
    await story.settle()
    assert story.states(job) == ["RUNNING", "QUEUED"]
    story.engine.end_all()
    await story.settle()
    assert story.states(job) == ["FINISHED", "RUNNING"]


async def test_a_name_that_several_tasks_share_means_all_of_them(story: Story) -> None:
    job = await story.job(
        basic("wait", name="a"), basic("wait", name="a"), basic("wait", name="b", depends_on=("a",))
    )
    await story.settle()
    story.engine.end(job, 2)
    await story.settle()
    assert story.states(job)[2] == "QUEUED"
    story.engine.end(job, 1)
    await story.settle()
    assert story.states(job)[2] == "RUNNING"


async def test_a_dependent_that_was_cancelled_and_is_requeued_later_does_not_wait_for_ever(
    story: Story,
) -> None:
    """Its parent had ended while it was Canceled, and nobody told it."""
    job = await story.job(
        basic("wait", name="a"), basic("wait", name="b", depends_on=("a",)), basic("wait", name="c")
    )
    await story.settle()
    await story.tasks.cancel(ALICE, job, 2)
    story.engine.end(job, 1)
    await story.settle()
    await story.tasks.requeue(ALICE, job, 2)
    await story.settle()
    assert story.states(job)[1] == "RUNNING"


async def test_a_parent_that_is_requeued_is_waited_for_again(story: Story) -> None:
    job = await story.job(
        basic("exit 1", name="a"),
        basic("wait", name="b"),
        basic("wait", name="c", depends_on=("a", "b")),
    )
    await story.settle()
    await story.tasks.requeue(ALICE, job, 1)
    assert set(story.the_task(job, 3).waits_for) == {1, 2}
    await story.settle()
    story.engine.end(job, 2)
    await story.settle()
    assert story.states(job)[2] == "RUNNING"


async def test_with_fail_dependent_tasks_a_requeued_job_fails_what_depends_on_what_stays_cancelled(
    story: Story,
) -> None:
    job = await story.job(
        *[basic("wait")] * 4,
        basic(name="a"),
        basic(name="b", depends_on=("a",)),
        basic(name="c", depends_on=("b",)),
        fail_dependent_tasks=True,
    )
    await story.settle()
    await story.tasks.cancel(ALICE, job, 5)
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    await story.jobs.requeue(ALICE, job)
    assert story.states(job)[4:] == ["CANCELED", "FAILED", "FAILED"]


async def test_one_failing_task_fails_the_job_at_once_where_it_says_so(story: Story) -> None:
    job = await story.job(basic("wait"), basic("wait"), *[basic()] * 5, fail_on_task_failure=True)
    await story.settle()
    story.engine.stubborn = True
    story.engine.end(job, 1, exit_code=1)
    await story.settle()
    assert story.state(job) == "FINISHING"
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == "FAILED"
    assert story.states(job)[:2] == ["FAILED", "FAILED"]
    assert f"{job}.1" in story.why(job)


async def test_a_critical_task_fails_the_job_and_an_ordinary_one_does_not(story: Story) -> None:
    job = await story.job(basic("exit 1"), basic("wait", fail_job_on_failure=True), basic("wait"))
    await story.settle()
    assert story.state(job) == "RUNNING"
    story.engine.end(job, 2, exit_code=1)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FAILED", ["FAILED"] * 3)


async def test_a_critical_sweep_fails_the_job_when_enough_subtasks_failed(story: Story) -> None:
    job = await story.job(
        sweep(1_000_000, "exit 1", fail_job_on_failure=True, fail_job_on_failure_count=3), basic("wait")
    )
    for _ in range(60):
        await story.step()
    await story.settle()
    assert story.state(job) == "FAILED"
    task = story.the_task(job)
    assert 3 <= task.failed < 100
    assert task.state.name == "CANCELED"


async def test_two_failed_subtasks_are_not_three(story: Story) -> None:
    job = await story.job(
        sweep(4, "wait", fail_job_on_failure=True, fail_job_on_failure_count=3), basic("wait")
    )
    await story.settle()
    for number in (1, 2, 3):
        story.engine.end(job, 1, number, exit_code=int(number < 3))
    await story.settle()
    assert story.state(job) == "RUNNING"


# ---- jobs


async def test_a_child_waits_for_all_its_parents(story: Story) -> None:
    first, second = await story.job(basic("wait")), await story.job(basic("wait"))
    child = await story.job(basic(), depends_on=(JobDependency(first), JobDependency(second)))
    await story.settle()
    assert story.the_job(child).pending_reason is PendingReason.PARENT_JOBS_NOT_FINISHED
    story.engine.end(first)
    await story.settle()
    assert story.state(child) == "QUEUED"
    story.engine.end(second)
    await story.settle()
    assert story.state(child) == "FINISHED"


async def test_a_child_of_a_failed_parent_waits_until_the_parent_was_requeued_and_finished(
    story: Story,
) -> None:
    parent = await story.job(basic("wait"))
    child = await story.job(basic(), depends_on=(JobDependency(parent),))
    await story.settle()
    story.engine.end(parent, exit_code=1)
    await story.settle()
    assert story.the_job(child).pending_reason is PendingReason.PARENT_JOBS_CANCELED_OR_FAILED
    await story.advance(3600)
    assert story.state(child) == "QUEUED"
    await story.jobs.requeue(ALICE, parent)
    assert story.the_job(child).pending_reason is PendingReason.PARENT_JOBS_NOT_FINISHED
    await story.settle()
    story.engine.end(parent)
    await story.settle()
    assert story.state(child) == "FINISHED"


async def test_a_parent_that_is_requeued_and_not_valid_any_more_tells_its_child(story: Story) -> None:
    parent = await story.job(basic(""))
    child = await story.job(basic(), depends_on=(JobDependency(parent),))
    assert story.the_job(child).pending_reason is PendingReason.PARENT_JOBS_CANCELED_OR_FAILED
    await story.jobs.requeue(ALICE, parent)
    assert story.the_job(child).pending_reason is PendingReason.PARENT_JOBS_CANCELED_OR_FAILED


@pytest.mark.parametrize(
    ("condition", "ending", "runs"),
    [
        (DependencyCondition.SUCCEEDED, 0, True),
        (DependencyCondition.SUCCEEDED, 1, False),
        (DependencyCondition.FAILED, 0, False),
        (DependencyCondition.FAILED, 1, True),
        (DependencyCondition.ENDED, 0, True),
        (DependencyCondition.ENDED, 1, True),
    ],
)
async def test_a_child_runs_on_the_condition_it_names(
    story: Story, condition: DependencyCondition, ending: int, runs: bool
) -> None:
    parent = await story.job(basic("wait"))
    child = await story.job(basic(), depends_on=(JobDependency(parent, condition),))
    await story.settle()
    assert story.state(child) == "QUEUED"
    story.engine.end(parent, exit_code=ending)
    await story.settle()
    assert story.state(child) == ("FINISHED" if runs else "QUEUED")


async def test_a_child_that_waits_for_a_start_runs_beside_its_parent(story: Story) -> None:
    parent = await story.job(basic("wait"))
    child = await story.job(basic(), depends_on=(JobDependency(parent, DependencyCondition.STARTED),))
    assert story.the_job(child).blocked
    await story.settle()
    assert (story.state(parent), story.state(child)) == ("RUNNING", "FINISHED")


async def test_a_long_chain_of_jobs_without_tasks_ends_in_one_go(story: Story) -> None:
    first = last = await story.job(basic("wait"))
    for _ in range(1500):
        last = await story.job(depends_on=(JobDependency(last),))
    await story.settle()
    story.engine.end(first)
    await story.settle()
    assert story.state(last) == "FINISHED"


async def test_a_waiting_child_that_is_cancelled_leaves_no_trace_in_the_queue(story: Story) -> None:
    parent = await story.job(basic("wait"))
    child = await story.job(basic(), sweep(5), depends_on=(JobDependency(parent),))
    await story.jobs.cancel(ALICE, child)
    assert (story.state(child), story.the_job(child).ready_tasks) == ("CANCELED", 0)
    await story.jobs.requeue(ALICE, child)
    assert (story.state(child), story.the_job(child).blocked) == ("QUEUED", True)
    await story.settle()
    story.engine.end(parent)
    await story.settle()
    assert story.state(child) == "FINISHED"


# ---- held


async def test_a_held_job_stays_queued_until_its_time(story: Story) -> None:
    job = await story.job(basic(), not_before=story.clock.now() + 10 * MINUTE)
    await story.settle()
    assert story.the_job(job).pending_reason is PendingReason.HELD_BY_USER
    await story.advance(9 * 60)
    assert story.state(job) == "QUEUED"
    await story.advance(61)
    assert story.state(job) == "FINISHED"


async def test_a_hold_that_is_taken_off_lets_the_job_run(story: Story) -> None:
    job = await story.job(basic(), not_before=story.clock.now() + 10 * MINUTE)
    await story.settle()
    await story.jobs.set(ALICE, job, {JOB["HoldUntil"]: None})
    await story.advance(1)
    assert story.state(job) == "FINISHED"


async def test_every_held_job_gets_its_turn_however_many_came_due_before(story: Story) -> None:
    """Jobs that came due and still wait for room must not hide the others."""
    due = story.clock.now() + MINUTE
    wide = await story.job(basic("wait", min_cores=4, max_cores=4))
    for _ in range(300):
        await story.job(basic("wait", min_cores=4, max_cores=4), not_before=due)
    late = await story.job(basic(), not_before=due + 1, priority=4000)
    await story.advance(61)
    await story.advance(1)
    await story.advance(1)
    assert not story.the_job(late).blocked
    story.engine.end(wide)
    await story.settle()
    assert story.state(late) == "FINISHED"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(HoldKind.USER, PendingReason.HELD_BY_USER), (HoldKind.OPERATOR, PendingReason.HELD_BY_ADMIN)],
)
async def test_a_hold_without_a_time_has_its_reason(
    story: Story, kind: HoldKind, reason: PendingReason
) -> None:
    job = await story.job(basic(), holds=(kind,), owner=OPERATOR)
    await story.advance(3600)
    assert (story.state(job), story.the_job(job).pending_reason) == ("QUEUED", reason)


async def test_a_held_job_without_tasks_waits_too(story: Story) -> None:
    job = await story.job(not_before=story.clock.now() + MINUTE)
    assert story.state(job) == "QUEUED"
    await story.advance(61)
    assert story.state(job) == "FINISHED"
