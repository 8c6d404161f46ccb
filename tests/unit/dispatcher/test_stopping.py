"""Cancel and finish: of jobs, tasks and subtasks, in every state, with what the user said."""

import pytest

from headgate.core.errors import BadRequest, NotFound, WrongState
from headgate.core.vocabulary import NodeState
from tests.unit.dispatcher.story import ADMIN, ALICE, UNTIL_CANCELED, Story, basic, sweep

# ---- jobs


async def test_a_job_cancelled_while_configuring_leaves_its_tasks_configuring(story: Story) -> None:
    job = await story.job(basic(), sweep(3), submitted=False)
    await story.jobs.cancel(ALICE, job, message="never mind")
    assert (story.state(job), story.states(job)) == ("CANCELED", ["CONFIGURING", "CONFIGURING"])
    assert "never mind" in story.why(job)
    assert story.path(job) == ["CONFIGURING", "CANCELING", "CANCELED"]


async def test_a_job_cancelled_while_queued_never_runs(story: Story) -> None:
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    job = await story.job(basic(), sweep(1_000_000))
    await story.settle()
    await story.jobs.cancel(ALICE, job)
    assert (story.state(job), story.states(job)) == ("CANCELED", ["CANCELED", "CANCELED"])
    assert "None" in story.why(job)
    await story.settle()
    assert not story.engine.submitted


async def test_a_running_job_is_cancelled_politely(story: Story) -> None:
    job = await story.job(basic("wait"), sweep(10, "wait"), stop_signal="TERM", stop_grace_s=3.0)
    await story.settle()
    story.engine.stubborn = True
    await story.jobs.cancel(ALICE, job, message="enough")
    await story.settle()
    assert story.state(job) == "CANCELING"
    assert story.instance_state(job, 2, 10) == "CANCELED"
    assert [(told.stop_signal, told.grace_s, told.forced) for told in story.engine.told] == [
        ("TERM", 3.0, False)
    ]
    story.engine.end_all(exit_code=0)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("CANCELED", ["FAILED", "CANCELED"])
    task = story.the_task(job, 2)
    assert (task.failed, task.canceled) == (3, 7)
    assert "canceled" in story.why(job, 1)
    assert "enough" in story.why(job)


async def test_a_cancel_is_told_to_the_engine_once_and_forcing_it_once_more(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.stubborn = True
    for _ in range(3):
        await story.jobs.cancel(ALICE, job, message="first")
        await story.advance(1)
    assert [told.forced for told in story.engine.told] == [False]
    await story.jobs.cancel(ALICE, job, message="now", forced=True)
    await story.settle()
    assert [told.forced for told in story.engine.told] == [False, True]
    assert story.state(job) == "CANCELED"
    assert "first" in story.why(job)


async def test_a_job_that_is_being_cancelled_cannot_be_submitted_or_requeued(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.stubborn = True
    await story.jobs.cancel(ALICE, job)
    with pytest.raises(WrongState):
        await story.jobs.requeue(ALICE, job)
    with pytest.raises(WrongState):
        await story.jobs.submit(ALICE, job)
    await story.jobs.cancel(ALICE, job, forced=True)
    await story.settle()


@pytest.mark.parametrize("ending", ["finished", "failed", "canceled"])
async def test_an_ended_job_cannot_be_cancelled_or_finished(story: Story, ending: str) -> None:
    job = await story.job(basic({"finished": "true", "failed": "exit 1", "canceled": "wait"}[ending]))
    await story.settle()
    if ending == "canceled":
        await story.jobs.cancel(ALICE, job)
        await story.settle()
    name = ending.title()
    with pytest.raises(WrongState, match=rf"^Jobs in the {name} state cannot be canceled\.$") as refused:
        await story.jobs.cancel(ALICE, job)
    assert refused.value.code == "Operation_InvalidCancelJobState"
    assert refused.value.parameters == (name,)
    with pytest.raises(WrongState, match=f"Jobs in the {name} state"):
        await story.jobs.finish(ALICE, job)


async def test_a_finished_job_ends_finished_with_all_that_ran_and_all_that_waited(story: Story) -> None:
    job = await story.job(basic("wait"), sweep(1_000_000, "wait"), basic("exit 7", name="x"))
    await story.settle()
    await story.jobs.finish(ALICE, job, message="good enough")
    await story.settle()
    assert (story.state(job), set(story.states(job))) == ("FINISHED", {"FINISHED"})
    assert story.why(job) == ""
    assert "good enough" in story.why(job, 1)
    assert story.the_task(job, 2).finished == 1_000_000
    assert story.the_task(job, 2).rows < 10


async def test_a_job_is_finished_while_one_of_its_tasks_is_being_cancelled(story: Story) -> None:
    job = await story.job(basic("wait"), sweep(3, "wait"))
    await story.settle()
    story.engine.stubborn = True
    await story.tasks.cancel(ALICE, job, 1, message="this one")
    await story.tasks.cancel(ALICE, job, 2, instance=1, message="and this")
    await story.jobs.finish(ALICE, job)
    await story.settle()
    story.engine.end_all()
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FAILED", "FINISHED"])
    assert "this one" in story.why(job, 1)
    assert "and this" in story.why(job, 2, 1)


async def test_finishing_a_job_that_fails_already_does_not_save_it(story: Story) -> None:
    job = await story.job(basic("exit 1"), basic("wait"), fail_on_task_failure=True)
    story.engine.stubborn = True
    await story.settle()
    assert story.state(job) == "FINISHING"
    await story.jobs.finish(ALICE, job)
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == "FAILED"
    assert f"{job}.1" in story.why(job)


async def test_a_job_that_is_ending_can_still_be_cancelled(story: Story) -> None:
    job = await story.job(basic("exit 1"), basic("wait"), fail_on_task_failure=True)
    story.engine.stubborn = True
    await story.settle()
    await story.jobs.cancel(ALICE, job, message="quick", forced=True)
    await story.settle()
    assert story.state(job) == "CANCELED"


@pytest.mark.parametrize("what", ["job", "task", "subtask"])
async def test_a_message_has_at_most_128_characters(story: Story, what: str) -> None:
    job = await story.job(sweep(2, "wait"))
    await story.settle()
    for act in ("cancel", "finish"):
        for length, fits in ((129, False), (128, True)):
            text = "m" * length
            instance = 1 if act == "cancel" else 2
            if what == "job":
                call = getattr(story.jobs, act)(ALICE, job, message=text)
            elif what == "task":
                call = getattr(story.tasks, act)(ALICE, job, 1, message=text)
            else:
                call = getattr(story.tasks, act)(ALICE, job, 1, instance=instance, message=text)
            if fits and act == "cancel" and what != "subtask":
                call.close()  # it would end the story
                continue
            if fits:
                await call
                continue
            with pytest.raises(BadRequest) as refused:
                await call
            assert refused.value.code == "Operation_CancelMessageIsTooLong"
    await story.settle()


# ---- tasks


async def test_a_running_task_that_is_cancelled_fails_and_so_does_the_job(story: Story) -> None:
    job = await story.job(basic("wait"), basic("sleep 1"))
    await story.settle()
    await story.tasks.cancel(ALICE, job, 1, message="wrong input")
    await story.advance(2)
    assert (story.state(job), story.states(job)) == ("FAILED", ["FAILED", "FINISHED"])
    assert "wrong input" in story.why(job, 1)
    assert story.path(job, 1)[-3:] == ["RUNNING", "CANCELING", "FAILED"]


async def test_a_running_task_that_is_cancelled_fails_even_when_it_ends_well_in_that_moment(
    story: Story,
) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.end(job)
    await story.tasks.cancel(ALICE, job, 1)
    await story.settle()
    assert story.states(job) == ["FAILED"]


async def test_a_waiting_task_that_is_cancelled_never_runs_and_does_not_fail_the_job(story: Story) -> None:
    job = await story.job(*[basic("wait")] * 4, basic())
    await story.settle()
    await story.tasks.cancel(ALICE, job, 5, message="not this one")
    assert story.states(job)[4] == "CANCELED"
    assert "not this one" in story.why(job, 5)
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == "FINISHED"


async def test_a_task_being_configured_is_cancelled_and_stays_so(story: Story) -> None:
    job = await story.job(basic(), basic(), sweep(3), submitted=False)
    await story.tasks.cancel(ALICE, job, 2)
    await story.tasks.cancel(ALICE, job, 3)
    assert story.states(job) == ["CONFIGURING", "CANCELED", "CANCELED"]
    await story.jobs.submit(ALICE, job)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FINISHED", "CANCELED", "CANCELED"])


async def test_cancelling_every_task_before_it_ran_finishes_the_job(story: Story) -> None:
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    job = await story.job(basic(), basic())
    await story.tasks.cancel(ALICE, job, 1)
    await story.tasks.cancel(ALICE, job, 2)
    assert (story.state(job), story.states(job)) == ("FINISHED", ["CANCELED", "CANCELED"])


async def test_an_ended_task_cannot_be_cancelled_or_finished(story: Story) -> None:
    job = await story.job(basic(), basic("wait"), sweep(2))
    await story.settle()
    for number, instance in ((1, None), (3, None), (3, 1)):
        with pytest.raises(
            WrongState, match=r"^Tasks in the Finished state cannot be canceled\.$"
        ) as refused:
            await story.tasks.cancel(ALICE, job, number, instance=instance)
        assert refused.value.code == "Operation_InvalidCancelTaskState"
        with pytest.raises(WrongState, match="Tasks in the Finished state"):
            await story.tasks.finish(ALICE, job, number, instance=instance)
    assert story.state(job) == "RUNNING"


async def test_a_task_that_is_being_cancelled_can_be_forced(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.stubborn = True
    await story.tasks.cancel(ALICE, job, 1, message="please")
    await story.settle()
    assert story.states(job) == ["CANCELING"]
    await story.tasks.cancel(ALICE, job, 1, message="now", forced=True)
    await story.settle()
    assert story.states(job) == ["FAILED"]
    assert "please" in story.why(job, 1)
    assert [told.forced for told in story.engine.told] == [False, True]


async def test_a_finished_running_task_ends_finished_with_the_message(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    await story.tasks.finish(ALICE, job, 1, message="seen enough")
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FINISHED"])
    assert "seen enough" in story.why(job, 1)


async def test_a_waiting_task_can_be_finished_and_a_configuring_one_cannot(story: Story) -> None:
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    job = await story.job(basic(), submitted=False)
    with pytest.raises(WrongState):
        await story.tasks.finish(ALICE, job, 1)
    await story.jobs.submit(ALICE, job)
    await story.tasks.finish(ALICE, job, 1)
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FINISHED"])


async def test_a_cancelled_job_keeps_what_was_said_about_a_task_cancelled_before(story: Story) -> None:
    job = await story.job(basic("wait"), basic("wait"))
    await story.settle()
    story.engine.stubborn = True
    await story.tasks.cancel(ALICE, job, 1, message="wrong input")
    await story.jobs.cancel(ALICE, job, message="all of it")
    story.engine.end_all()
    await story.settle()
    assert "wrong input" in story.why(job, 1)
    assert "wrong input" not in story.why(job, 2)


async def test_a_job_that_runs_until_it_is_cancelled_survives_a_cancelled_task(story: Story) -> None:
    job = await story.job(basic("wait"), **UNTIL_CANCELED)
    await story.settle()
    await story.tasks.cancel(ALICE, job, 1)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("RUNNING", ["FAILED"])


# ---- sweeps and subtasks


async def test_cancelling_a_sweep_cancels_all_its_subtasks_and_itself(story: Story) -> None:
    job = await story.job(sweep(1_000_000, "wait"), basic(name="other"))
    await story.settle()
    await story.tasks.cancel(ALICE, job, 1, message="stop")
    await story.settle()
    task = story.the_task(job)
    assert (task.state.name, task.failed, task.canceled) == ("CANCELED", 4, 999_996)
    assert task.rows == 4
    assert "stop" in story.why(job, 1, 1)
    assert story.instance_state(job, 1, 500_000) == "CANCELED"
    # Running subtasks were cancelled, so they failed, and the job has a failed task.
    assert story.state(job) == "FAILED"


async def test_one_waiting_subtask_is_cancelled_and_gets_a_row_of_its_own(story: Story) -> None:
    job = await story.job(sweep(1_000_000, "wait"))
    await story.settle()
    await story.tasks.cancel(ALICE, job, 1, instance=777_777, message="not that")
    assert story.instance_state(job, 1, 777_777) == "CANCELED"
    assert "not that" in story.why(job, 1, 777_777)
    task = story.the_task(job)
    assert (task.canceled, task.rows, task.state.name) == (1, 5, "RUNNING")
    with pytest.raises(WrongState):
        await story.tasks.cancel(ALICE, job, 1, instance=777_777)


async def test_a_cancelled_waiting_subtask_is_not_started_when_its_turn_comes(story: Story) -> None:
    job = await story.job(sweep(8, "wait"))
    await story.settle()
    for instance in (5, 7, 8):
        await story.tasks.cancel(ALICE, job, 1, instance=instance)
    story.engine.end_all()
    await story.settle()
    assert story.engine.running() == [(job, 1, 6)]
    assert story.the_job(job).ready_tasks == 0
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == "FINISHED"


async def test_one_running_subtask_is_cancelled_and_the_others_go_on(story: Story) -> None:
    job = await story.job(sweep(3, "wait"))
    await story.settle()
    await story.tasks.cancel(ALICE, job, 1, instance=2, message="this")
    await story.settle()
    assert story.instance_state(job, 1, 2) == "FAILED"
    assert "this" in story.why(job, 1, 2)
    assert story.engine.running() == [(job, 1, 1), (job, 1, 3)]
    story.engine.end_all()
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FAILED", ["FAILED"])


async def test_forcing_one_subtask_does_not_force_another(story: Story) -> None:
    job = await story.job(sweep(3, "wait"))
    await story.settle()
    story.engine.stubborn = True
    await story.tasks.cancel(ALICE, job, 1, instance=1, forced=True)
    await story.settle()
    await story.tasks.cancel(ALICE, job, 1, instance=2)
    await story.settle()
    assert [told.forced for told in story.engine.told] == [True, False]
    assert [story.instance_state(job, 1, n) for n in (1, 2, 3)] == ["FAILED", "CANCELING", "RUNNING"]


async def test_subtasks_are_finished_one_by_one_until_the_sweep_is(story: Story) -> None:
    job = await story.job(sweep(6, "wait"))
    await story.settle()
    for instance in range(1, 7):
        await story.tasks.finish(ALICE, job, 1, instance=instance, message=f"m{instance}")
        await story.settle()
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FINISHED"])
    assert "m3" in story.why(job, 1, 3)


async def test_all_subtasks_cancelled_one_by_one_cancel_the_sweep(story: Story) -> None:
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    job = await story.job(sweep(3))
    for instance in (1, 2, 3):
        await story.tasks.cancel(ALICE, job, 1, instance=instance)
    assert story.states(job) == ["CANCELED"]


async def test_a_subtask_that_does_not_exist_yet_says_so(story: Story) -> None:
    job = await story.job(sweep(3, "wait"), submitted=False)
    for instance in (1, 4):
        with pytest.raises(NotFound, match="the specified subtask has not been expanded yet"):
            await story.tasks.cancel(ALICE, job, 1, instance=instance)
    await story.jobs.submit(ALICE, job)
    with pytest.raises(NotFound, match="the specified subtask has not been expanded yet"):
        await story.tasks.cancel(ALICE, job, 1, instance=4)
    with pytest.raises(NotFound):
        await story.tasks.cancel(ALICE, job, 1, instance=-1)


async def test_a_sweep_finished_while_a_subtask_failed_ends_finished(story: Story) -> None:
    job = await story.job(sweep(1000, "wait"))
    await story.settle()
    story.engine.end(job, 1, 1, exit_code=1)
    await story.settle()
    await story.tasks.finish(ALICE, job, 1)
    await story.settle()
    task = story.the_task(job)
    assert (task.state.name, task.failed, task.finished) == ("FINISHED", 1, 999)


async def test_subtasks_handed_out_ahead_are_taken_back_when_the_sweep_is_cancelled(story: Story) -> None:
    """They were given to the engine but had not been started: they end Canceled, with no row before that."""
    job = await story.job(sweep(2000, "sleep 0.01"))
    for _ in range(40):
        await story.step()
    assert story.engine.waiting()
    await story.tasks.cancel(ALICE, job, 1, message="stop")
    await story.settle()
    task = story.the_task(job)
    assert task.state.name == "CANCELED"
    assert task.finished + task.failed + task.canceled == 2000
    assert "stop" in "".join(story.why(job, 1, row.number) for row in story.rows(job))


async def test_what_was_finished_stays_finished_when_the_job_is_cancelled_after(story: Story) -> None:
    """The waiting subtasks had ended Finished; cancelling the rest must not rewrite them."""
    job = await story.job(sweep(1000, "wait"))
    await story.settle()
    story.engine.stubborn = True
    await story.tasks.finish(ALICE, job, 1)
    await story.jobs.cancel(ALICE, job, forced=True)
    await story.settle()
    task = story.the_task(job)
    assert (task.finished, task.failed, task.canceled) == (996, 4, 0)
    assert story.instance_state(job, 1, 500) == "FINISHED"


async def test_finishing_a_job_that_is_being_cancelled_is_accepted_and_changes_nothing(story: Story) -> None:
    """The state check is the one of cancel, which may be repeated."""
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.stubborn = True
    await story.jobs.cancel(ALICE, job, message="stop")
    await story.jobs.finish(ALICE, job)
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == "CANCELED"
    assert "stop" in story.why(job)
