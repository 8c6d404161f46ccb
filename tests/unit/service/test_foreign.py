"""service/foreign.py: what is seen of jobs of others becomes rows, and nobody changes them."""

from collections.abc import Mapping
from typing import Any

import pytest

from headgate.core.codes import message
from headgate.core.errors import EnteredElsewhere, WrongState
from headgate.core.model import Job, JobDependency, JobSpec, Task, User
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import Origin
from headgate.ports.engine import Ending, ForeignElements, ForeignJob, ForeignStage
from headgate.ports.store import JobQuery
from headgate.service.foreign import conclude, owner_of, record
from headgate.service.jobs import NewJob, NewTask
from tests.unit.dispatcher.story import ADMIN, ALICE, Story, basic
from tests.unit.service.test_rights import CHANGE, STOP

W, R, OVER = ForeignStage.WAITING, ForeignStage.RUNNING, ForeignStage.OVER
SECOND = 1_000_000


def seen(stage: ForeignStage = W, **said: Any) -> ForeignJob:
    fields: dict[str, Any] = {"cluster": "c", "native": "345", "account": "ann", "submitted": SECOND}
    if stage is not W:
        fields["started"] = 2 * SECOND
    if stage is OVER:
        fields |= {"ended": 3 * SECOND, "ending": Ending.EXITED, "exit_code": 0}
    return ForeignJob(**{"stage": stage, **fields, **said})


def array(stage: ForeignStage, **elements: set[int]) -> ForeignJob:
    some = {name: frozenset(which) for name, which in elements.items()}
    return seen(stage, ending=None, exit_code=None, elements=ForeignElements(**some))


async def keep(story: Story, *jobs: ForeignJob) -> Job:
    kept = await story.store.write(lambda tx: record(tx, "slurm", jobs))
    return story.the_job(kept[jobs[-1].key].job_id)


async def end(story: Story, past: Mapping[str, ForeignJob] | None = None) -> Job:
    key = seen().key
    await story.store.write(lambda tx: conclude(tx, [key], past or {}))
    found = story.store.peek(lambda reader: reader.foreign_job(key))
    assert found is not None
    return found


def task(story: Story, job: Job) -> Task:
    return story.store.peek(lambda reader: reader.task(job.id, 1))


async def listed(story: Story) -> list[Job]:
    page = await story.store.read(lambda reader: reader.list_jobs(JobQuery(), limit=100))
    return page.jobs


async def test_it_is_a_row_with_one_task_in_the_state_it_was_seen_in(story: Story) -> None:
    job = await keep(story, seen(R, name="x", queue="batch", charged="bio", wall_time_s=60))
    assert (job.state, job.previous_state) == (JobState.RUNNING, JobState.CONFIGURING)
    assert (job.origin, job.engine, job.owner) == (Origin.FOREIGN, "slurm", "slurm:ann")
    assert (job.spec.name, job.spec.queue, job.spec.account, job.spec.runtime_s) == ("x", "batch", "bio", 60)
    assert (job.times.submitted, job.times.started, job.times.ended) == (SECOND, 2 * SECOND, None)
    assert (job.task_count, job.open_tasks, job.runs, job.ended_runs, job.ready_tasks) == (1, 1, 1, 0, 0)
    assert "(its id there is 345)" in job.warnings[0]
    work = task(story, job)
    assert (work.state, work.run.native, work.spec.command_line) == (TaskState.RUNNING, "345", "")
    assert [event.path for event in story.events(job.id)] == [(1, 32), (1, 32)]


async def test_a_name_is_kept_so_that_each_face_can_say_it(story: Story) -> None:
    job = await keep(story, seen(R, name="a\x01\x1b[31m" + "b" * 5000, comment="line\nline"))
    assert job.spec.name.startswith("a\ufffd\ufffd[31mb")
    assert len(job.spec.name) == 1000
    assert task(story, job).spec.name == job.spec.name
    assert job.spec.comment == "line\ufffdline"


@pytest.mark.parametrize(
    ("said", "state", "why"),
    [
        ({}, JobState.FINISHED, ""),
        ({"exit_code": 3}, JobState.FAILED, "exit code 3"),
        ({"ending": Ending.SIGNALED, "exit_code": None, "signal": 9}, JobState.FAILED, "exit code 9"),
        ({"ending": Ending.WALL_TIME, "exit_code": None}, JobState.FAILED, "longer than its run time"),
        ({"ending": Ending.STOPPED, "exit_code": None}, JobState.CANCELED, "Canceled"),
        ({"ending": Ending.LOST, "exit_code": None, "reason": "n1"}, JobState.FAILED, "node n1"),
    ],
)
async def test_it_ends_as_it_was_seen_to(story: Story, said: Any, state: JobState, why: str) -> None:
    job = await keep(story, seen(OVER, **said))
    assert job.state is state
    assert (job.times.ended, job.open_tasks, job.ended_runs) == (3 * SECOND, 0, 1)
    assert job.failed_tasks == (state is JobState.FAILED)
    mishap = task(story, job).run.mishap
    assert why in (message(mishap) if mishap else "")


async def test_the_same_look_again_writes_nothing(story: Story) -> None:
    first = await keep(story, seen(R))
    story.clock.advance(5)
    assert await keep(story, seen(R)) == first
    assert len(story.events(first.id)) == 2
    ended = await keep(story, seen(OVER, ended=None))
    story.clock.advance(5)
    assert await keep(story, seen(OVER, ended=None)) == ended


async def test_a_job_that_was_put_back_is_the_same_another_one_under_its_id_is_not(story: Story) -> None:
    first = await keep(story, seen(R))
    again = await keep(story, seen(W, submitted=9 * SECOND, restarts=1))
    assert (again.id, again.state, again.times.started) == (first.id, JobState.QUEUED, None)
    await keep(story, seen(OVER, submitted=9 * SECOND, restarts=1))
    assert (await keep(story, seen(W, submitted=10 * SECOND, restarts=2))).id == first.id
    other = await keep(story, seen(W, submitted=20 * SECOND))
    assert other.id != first.id
    lost = story.the_job(first.id)
    assert lost.state is JobState.FAILED
    assert lost.mishap is not None
    assert "forgotten" in message(lost.mishap)
    assert (await keep(story, seen(W, account="bob", submitted=20 * SECOND))).id not in (first.id, other.id)


async def test_what_is_gone_ends_as_on_record_else_nobody_knows_how(story: Story) -> None:
    await keep(story, seen(R))
    job = await end(story)
    assert job.state is JobState.FAILED
    assert job.mishap is not None
    assert "not known" in message(job.mishap)
    assert (await keep(story, seen(R))).state is JobState.RUNNING, "it is seen again"
    key = seen().key
    others = {key: seen(OVER, account="bob")}
    assert (await end(story, others)).state is JobState.FAILED
    await keep(story, seen(R, name="x"))
    recorded = await end(story, {key: seen(OVER)})
    assert (recorded.state, recorded.spec.name) == (JobState.FINISHED, "x")


async def test_the_elements_of_an_array_are_counted(story: Story) -> None:
    job = await keep(story, array(W, waiting={1, 2, 3, 4, 7}))
    assert (job.state, job.runs) == (JobState.QUEUED, 5)
    await keep(story, array(R, running={1, 2}, waiting={3, 4, 7}))
    job = await keep(story, array(R, finished={1}, failed={2}, running={3}, waiting={4, 7}))
    work = task(story, job)
    assert (work.instance_count, work.live, work.finished, work.failed) == (5, 1, 1, 1)
    assert (work.spec.index_set, job.ended_runs, work.expanded) == ("1-4,7", 2, False)
    # Slurm has forgotten the first two; the third was put back.
    job = await keep(story, array(R, running={4}, waiting={3, 7}))
    work = task(story, job)
    assert (work.finished, work.failed, work.live, job.state) == (1, 1, 1, JobState.RUNNING)
    job = await keep(story, array(OVER, finished={3, 4}, canceled={7}))
    assert (job.state, job.ended_runs) == (JobState.FAILED, 5)


async def test_an_array_is_not_over_while_the_end_of_an_element_was_not_seen(story: Story) -> None:
    await keep(story, array(R, running={1, 2}))
    assert (await keep(story, array(OVER, finished={2}))).state is JobState.RUNNING
    key = seen().key
    job = await end(story, {key: array(OVER, finished={1, 2})})
    assert (job.state, task(story, job).finished) == (JobState.FINISHED, 2)
    await keep(story, array(R, running={1, 2}))
    job = await end(story)
    assert (job.state, task(story, job).failed) == (JobState.FAILED, 2)


def test_it_belongs_to_the_one_user_whose_account_it_is() -> None:
    users = [User(name="Jane", os_account="ann"), User(name="x", os_account="y"), User(name="none")]
    assert owner_of("ann", users, "slurm") == "Jane"
    assert owner_of("y", [*users, User(name="z", os_account="y")], "slurm") == "slurm:y", "two have it"
    assert owner_of("jane", users, "slurm") == "slurm:jane", "a user's name is not an account's"
    assert owner_of("", users, "slurm") == "slurm:", "no account is nobody's account"


async def test_an_account_gives_no_right_to_the_user_of_its_name(story: Story) -> None:
    job = await keep(story, seen(R, account="alice"))
    assert not story.jobs.may_see_all(ALICE, job)
    page = await story.jobs.list(ALICE, JobQuery(owner="alice"), limit=9)
    assert not page.jobs


@pytest.mark.parametrize("what", [*CHANGE, *STOP])
@pytest.mark.parametrize("state", [W, R, OVER])
async def test_nobody_changes_it_whoever_it_is(story: Story, what: str, state: ForeignStage) -> None:
    job = await keep(story, seen(state))
    with pytest.raises(EnteredElsewhere) as refused:
        await {**CHANGE, **STOP}[what](story, ADMIN, job.id)
    told = f"Job {job.id} was entered with Slurm's own commands (its id there is 345): change it there."
    assert refused.value.text == told
    for act in (story.jobs.hold, story.jobs.release, story.jobs.requeue):
        with pytest.raises(WrongState):
            await act(ADMIN, job.id)
    assert story.the_job(job.id) == job


async def test_the_dispatcher_leaves_it_alone_also_over_its_time_and_after_a_restart(story: Story) -> None:
    running = await keep(story, seen(R, wall_time_s=1))
    waiting = await keep(story, seen(W, native="346"))
    story.clock.advance(100)
    await story.settle()
    await story.restart()
    story.clock.advance(100)
    await story.settle()
    assert [story.the_job(one.id) for one in (running, waiting)] == [running, waiting]
    assert not story.engine.runs


async def test_no_job_of_ours_waits_for_it_or_is_its_rival(story: Story) -> None:
    other = (await keep(story, seen(R))).id
    for spec in (JobSpec(depends_on=(JobDependency(other),)), JobSpec(rivals=(other,))):
        job = await story.jobs.create_whole(ALICE, NewJob(spec=spec, tasks=[NewTask(spec=basic())]))
        assert job.state is JobState.FAILED


async def test_how_it_ended_is_not_counted_among_ours(story: Story) -> None:
    await keep(story, seen(R))
    await keep(story, seen(OVER))
    assert not story.store.peek(lambda reader: reader.job_endings(first_hour=0))
    assert [job.state for job in await listed(story)] == [JobState.FINISHED]
