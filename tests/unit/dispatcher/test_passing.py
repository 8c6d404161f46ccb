"""dispatcher/passing.py: jobs with many tasks go through what was asked for some tasks at a time."""

import asyncio

import pytest

from headgate.core.errors import WrongState
from headgate.core.model import Job, TaskSpec
from headgate.core.properties import JOB, TASK
from headgate.core.states import TaskState
from headgate.dispatcher import passing
from headgate.dispatcher.passing import Passing
from headgate.service.edit import JobEdit
from tests.unit.dispatcher.audit import audit
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ALICE, Story, basic


@pytest.fixture(autouse=True)
def _two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JobEdit, "piece", 2)


async def begun(*machines: int) -> Story:
    story = Story(*(node(f"n{number}", cores=cores) for number, cores in enumerate(machines, 1)))
    await story.begin()
    return story


def five(command: str = "wait") -> list[TaskSpec]:
    return [basic(command) for _ in range(5)]


async def test_a_submit_is_answered_at_once_and_the_tasks_follow_two_by_two() -> None:
    story = await begun(1)
    job = await story.job(*five())
    seen = []
    for _ in range(8):
        seen.append((story.state(job), story.states(job).count("QUEUED")))
        audit(story)
        await story.passing.turn()
    assert seen == [
        ("SUBMITTED", 0),
        ("SUBMITTED", 0),  # they were looked at
        ("VALIDATING", 0),
        ("VALIDATING", 2),
        ("VALIDATING", 4),
        ("QUEUED", 5),
        ("QUEUED", 5),
        ("QUEUED", 5),
    ]


async def test_nothing_of_a_job_starts_before_all_of_it_is_queued() -> None:
    story = await begun(8)
    job = await story.job(*five())
    for _ in range(3):
        await story.passing.turn()
        await story.dispatcher.turn()
    assert story.state(job) == "VALIDATING"
    assert not story.engine.live()
    await story.settle()
    assert story.states(job) == ["RUNNING"] * 5


async def test_a_cancel_in_the_middle_of_a_submit_ends_every_task() -> None:
    story = await begun(8)
    job = await story.job(*five())
    for _ in range(3):
        await story.passing.turn()
    await story.jobs.cancel(ALICE, job)
    audit(story)
    assert story.state(job) == "CANCELING"
    await story.settle()
    audit(story)
    assert story.state(job) == "CANCELED"
    assert story.states(job) == ["CANCELED"] * 5
    assert not story.engine.starts


async def test_a_job_cancelled_before_its_tasks_were_looked_at_keeps_them_as_they_were() -> None:
    story = await begun(8)
    job = await story.job(*five())
    await story.jobs.cancel(ALICE, job)
    assert (story.state(job), story.states(job)) == ("CANCELED", ["CONFIGURING"] * 5)
    await story.settle()
    await story.jobs.requeue(ALICE, job)
    await story.settle()
    audit(story)
    assert story.states(job) == ["RUNNING"] * 5


async def test_what_runs_hears_of_a_cancel_at_once_and_what_waits_follows() -> None:
    story = await begun(1)
    job = await story.job(*five())
    await story.settle()
    await story.jobs.cancel(ALICE, job)
    assert story.states(job) == ["CANCELING", *["QUEUED"] * 4]
    await story.settle()
    audit(story)
    assert story.states(job) == ["FAILED", *["CANCELED"] * 4]


async def test_a_finish_ends_all_as_finished() -> None:
    story = await begun(1)
    job = await story.job(*five())
    await story.settle()
    await story.jobs.finish(ALICE, job, message="enough")
    await story.settle()
    audit(story)
    assert (story.state(job), set(story.states(job))) == ("FINISHED", {"FINISHED"})


async def test_a_finish_that_is_cancelled_begins_anew_with_what_is_left() -> None:
    story = await begun(1)
    job = await story.job(*five())
    await story.settle()
    await story.jobs.finish(ALICE, job)
    await story.passing.turn()
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    audit(story)
    assert story.state(job) == "CANCELED"
    assert story.states(job)[1:] == ["FINISHED", "CANCELED", "CANCELED", "CANCELED"]


async def test_a_job_that_is_not_valid_fails_with_all_its_tasks() -> None:
    story = await begun(1)
    job = await story.job(*five(), basic(" "))
    await story.settle()
    audit(story)
    assert (story.state(job), set(story.states(job))) == ("FAILED", {"FAILED"})
    assert story.why(job) == "The task has no command line."


async def test_the_server_ends_in_the_middle_and_the_next_one_goes_on() -> None:
    story = await begun(1)
    job = await story.job(*five())
    for _ in range(3):
        await story.passing.turn()
    assert story.states(job).count("QUEUED") == 2
    story.passing = Passing(story.store)
    await story.passing.begin()
    await story.settle()
    audit(story)
    assert story.states(job) == ["RUNNING", *["QUEUED"] * 4]


async def test_a_requeue_runs_again_what_failed_and_leaves_what_finished() -> None:
    story = await begun(8)
    job = await story.job(basic("true"), basic("exit 1"), basic("true"), basic("exit 1"), basic("exit 1"))
    await story.settle()
    assert story.state(job) == "FAILED"
    await story.jobs.requeue(ALICE, job)
    assert story.state(job) == "SUBMITTED"
    for _ in range(5):
        await story.passing.turn()
        audit(story)
    await story.settle()
    assert story.states(job) == ["FINISHED", "FAILED", "FINISHED", "FAILED", "FAILED"]
    assert story.engine.starts[(job, 1, 0)] == 1
    assert story.engine.starts[(job, 2, 0)] == 2


async def test_tasks_wait_for_others_before_and_behind_them() -> None:
    story = await begun(8)
    job = await story.job(
        basic("wait", name="a", depends_on=("d",)),
        basic("wait", name="b"),
        basic("wait", name="c", depends_on=("b",)),
        basic("wait", name="d"),
        basic("wait", name="e", depends_on=("d", "b")),
    )
    await story.settle()
    audit(story)
    assert story.states(job) == ["QUEUED", "RUNNING", "QUEUED", "RUNNING", "QUEUED"]
    story.engine.end_all()
    await story.settle()
    assert story.states(job) == ["RUNNING", "FINISHED", "RUNNING", "FINISHED", "RUNNING"]


async def test_nobody_changes_a_job_or_its_tasks_while_it_is_being_submitted() -> None:
    story = await begun(1)
    job = await story.job(*five())
    for turns in (0, 3):
        for _ in range(turns):
            await story.passing.turn()
        for refused in (
            story.jobs.set(ALICE, job, {JOB["Priority"]: 1}),
            story.jobs.submit(ALICE, job),
            story.jobs.requeue(ALICE, job),
            story.tasks.add(ALICE, job, {TASK["CommandLine"]: "true"}),
            story.tasks.set(ALICE, job, 5, {TASK["CommandLine"]: "true"}),
            story.tasks.cancel(ALICE, job, 5),
        ):
            with pytest.raises(WrongState):
                await refused


async def test_a_hold_in_the_middle_holds() -> None:
    story = await begun(8)
    job = await story.job(*five())
    await story.passing.turn()
    await story.jobs.hold(ALICE, job)
    await story.settle()
    audit(story)
    assert (story.state(job), story.the_job(job).ready_tasks) == ("QUEUED", 0)
    await story.jobs.release(ALICE, job)
    assert story.the_job(job).ready_tasks == 5
    await story.settle()
    assert story.states(job) == ["RUNNING"] * 5


async def test_nobody_sees_a_job_before_all_of_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    story = await begun(8)
    seen: list[tuple[int, int]] = []
    real = story.store.write

    async def write(change: object) -> object:
        done = await real(change)  # type: ignore[arg-type, var-annotated]  # any change
        jobs = story.store.peek(lambda reader: reader.count_jobs())
        seen.append((sum(jobs.values()), len(story.store.peek(lambda reader: reader.tasks(1)))))
        return done

    monkeypatch.setattr(story.store, "write", write)
    job = await story.job(*five(), submitted=False)
    monkeypatch.undo()
    assert seen == [(0, 0), (0, 2), (0, 4), (0, 5), (1, 5), (1, 5)]
    kept = story.the_job(job)
    assert (kept.id, kept.task_count, kept.runs) == (1, 5, 5)
    audit(story)


async def test_it_goes_by_itself_and_after_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    story = await begun(8)
    monkeypatch.setattr(passing, "AGAIN_S", 0.001)
    mine = Passing(story.store)
    real, failures = mine.turn, [RuntimeError("a bug"), WrongState("another")]

    async def turn() -> bool:
        if failures:
            raise failures.pop()
        return await real()

    monkeypatch.setattr(mine, "turn", turn)
    await mine.start()
    job = await story.job(*five())
    async with asyncio.timeout(10):
        while story.state(job) != "QUEUED":  # noqa: ASYNC110 — it tells nobody
            await asyncio.sleep(0.001)
    await mine.stop()


async def test_a_step_that_fails_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    story = await begun(8)
    job = await story.job(*five())
    with monkeypatch.context() as patch:

        async def fails(_change: object) -> None:
            raise WrongState("no")

        patch.setattr(story.store, "write", fails)
        with pytest.raises(WrongState):
            await story.passing.turn()
    await story.settle()
    assert story.states(job) == ["RUNNING"] * 5


def all_of(story: Story, job: int, state: TaskState) -> bool:
    return story.states(job) == [state.name] * story.the_job(job).task_count


async def test_small_jobs_are_queued_when_the_call_returns() -> None:
    story = await begun(8)
    job = await story.job(basic("wait"), basic("wait"))
    kept: Job = story.the_job(job)
    assert (kept.state.name, kept.passage) == ("QUEUED", None)
    assert all_of(story, job, TaskState.QUEUED)
    assert await story.passing.turn() is False
