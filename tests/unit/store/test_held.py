"""store/held.py: what a change holds back is written once, and nobody misses it meanwhile."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from headgate.core.errors import BadRequest, NotFound, StoreUnavailable
from headgate.core.model import Event, Job, JobSpec, Queue, Task
from headgate.core.states import JobState, TaskState
from headgate.ports.store import JobQuery, TaskQuery, Transaction
from headgate.store.held import Layer
from headgate.store.session import Session
from tests.unit.store.worlds import World

replace = msgspec.structs.replace


def whole(tx: Transaction) -> Job:
    """A job and its task, made and changed as a submission does."""
    job = tx.add_job(Job(owner="ada"))
    task = tx.add_task(Task(job_id=job.id, number=1))
    tx.put_task(replace(task, state=TaskState.QUEUED))
    tx.put_job(replace(job, state=JobState.QUEUED))
    tx.append(Event(job.id, 0, 0, (1, 16)))
    return job


def written(world: World) -> list[str]:
    """From now on: each row that the writer inserts or updates in the tables of jobs, tasks and events."""
    seen: list[str] = []
    session: Session = world.store._writer._session
    session.connection.set_trace_callback(
        lambda text: (
            seen.append(" ".join(text.split()[: 3 if text.startswith("INSERT") else 2]))
            if text.startswith(("INSERT INTO jobs", "INSERT INTO tasks", "INSERT INTO events", "UPDATE"))
            else None
        )
    )
    return seen


def test_a_job_made_and_changed_in_one_change_is_written_once(on_disk: World) -> None:
    seen = written(on_disk)
    job = on_disk.write(whole)
    assert [text for text in seen if "jobs" in text or "tasks" in text] == [
        "INSERT INTO jobs",
        "INSERT INTO tasks",
    ]
    assert on_disk.look(lambda look: look.job(job.id)).state is JobState.QUEUED
    assert on_disk.look(lambda look: look.task(job.id, 1)).state is TaskState.QUEUED
    on_disk.reopen()
    assert on_disk.look(lambda look: look.count_jobs()) == {JobState.QUEUED: 1}


SEEN: list[Callable[[Transaction, int], Any]] = [
    lambda tx, job: tx.job(job).id == job,
    lambda tx, job: [one.id for one in tx.jobs([job])] == [job],
    lambda tx, job: tx.task(job, 1).state is TaskState.QUEUED,
    lambda tx, job: [task.number for task in tx.tasks(job)] == [1],
    lambda tx, job: tx.tasks(job, after=1) == [],
    lambda tx, job: len(tx.tasks_in(job, [TaskState.QUEUED])) == 1,
    lambda tx, job: job in tx.first_tasks([job]),
    lambda tx, job: [one.id for one in tx.jobs_in([JobState.QUEUED], limit=9)] == [job],
    lambda tx, job: tx.list_jobs(JobQuery(owner="ada"), limit=9, count=True).total == 1,
    lambda tx, job: len(tx.list_tasks(TaskQuery(job_id=job), limit=9).rows) == 1,
    lambda tx, job: tx.count_jobs() == {JobState.QUEUED: 1},
    lambda tx, job: [event.job_id for event in tx.events(after=0, limit=9)] == [job],
]


@pytest.mark.parametrize("look", SEEN)
def test_a_change_sees_what_it_holds_back_itself(
    world: World, look: Callable[[Transaction, int], Any]
) -> None:
    assert world.write(lambda tx: look(tx, whole(tx).id))


@pytest.mark.parametrize("look", SEEN)
def test_a_change_sees_what_those_before_it_hold_back(
    world: World, look: Callable[[Transaction, int], Any]
) -> None:
    def both(tx: Transaction) -> bool:
        job = whole(tx)
        tx.keep()  # type: ignore[attr-defined]  # as the writer does between two changes of a commit
        tx.mark()  # type: ignore[attr-defined]  # as the line before
        return bool(look(tx, job.id))

    assert world.write(both)


def test_tasks_that_are_held_and_tasks_that_are_written_are_one_list(world: World) -> None:
    job = world.write(whole)

    def more(tx: Transaction) -> list[int]:
        tx.add_task(Task(job_id=job.id, number=2))
        return [task.number for task in tx.tasks(job.id)]

    assert world.write(more) == [1, 2]


def test_a_change_that_raises_takes_only_what_it_held_itself(world: World) -> None:
    def bad(tx: Transaction) -> None:
        job = whole(tx)
        tx.list_jobs(JobQuery(), limit=9)  # writes what is held
        tx.put_job(replace(tx.job(job.id), owner="eve"))
        tx.put_job(replace(tx.job(1), owner="eve"))
        raise ValueError

    async def all_at_once() -> list[Any]:
        changes = (whole, bad, whole)
        return await asyncio.gather(*map(world.store.write, changes), return_exceptions=True)

    first, failed, last = world.runner.run(all_at_once())
    assert (first.id, last.id) == (1, 2)
    assert isinstance(failed, ValueError)
    assert [job.owner for job in world.look(lambda look: look.jobs([1, 2, 3]))] == ["ada", "ada"]
    assert [event.seq for event in world.look(lambda look: look.events(after=0, limit=9))] == [1, 2]
    assert world.look(lambda look: look.count_jobs()) == {JobState.QUEUED: 2}


@pytest.mark.parametrize(
    "spec",
    [JobSpec(not_before=2**63), JobSpec(not_before=2**70), JobSpec(name="\ud800"), JobSpec(queue="\ud800")],
)
def test_a_value_that_no_column_takes_is_the_fault_of_its_change_alone(world: World, spec: JobSpec) -> None:
    def bad(tx: Transaction) -> None:
        tx.add_job(Job(state=JobState.QUEUED, spec=spec))

    async def all_at_once() -> list[Any]:
        changes = (whole, bad, whole)
        return await asyncio.gather(*map(world.store.write, changes), return_exceptions=True)

    first, failed, last = world.runner.run(all_at_once())
    assert (first.id, last.id) == (1, 2)
    assert isinstance(failed, BadRequest)


def test_a_task_that_is_not_there_is_not_held(world: World) -> None:
    job = world.write(whole)
    with pytest.raises(NotFound):
        world.write(lambda tx: tx.put_task(Task(job_id=job.id, number=2)))


def test_rows_that_cannot_be_written_fail_the_commit_and_not_the_change_that_looked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(self: Layer, session: Session) -> None:
        self.clear()
        raise ValueError("broken")

    def look(tx: Transaction) -> int:
        return tx.list_jobs(JobQuery(), limit=9, count=True).total or 0

    async def both() -> list[Any]:
        changes = (whole, look)
        return await asyncio.gather(*map(world.store.write, changes), return_exceptions=True)

    with monkeypatch.context() as patch:
        patch.setattr(Layer, "write", break_down)
        answers = world.runner.run(both())
    assert all(isinstance(answer, StoreUnavailable) for answer in answers)
    assert world.write(whole).id == 1


def test_a_queue_that_is_changed_is_known_as_it_is_at_once(world: World) -> None:
    def changed(tx: Transaction) -> list[int]:
        tx.put_queue(Queue(name="q", priority=1))
        before = tx.queues()
        tx.put_queue(Queue(name="q", priority=2))
        return [queue.priority for queue in (*before, *tx.queues())]

    assert world.write(changed) == [1, 2]


def test_a_queue_of_a_change_that_raised_is_not_known(world: World) -> None:
    def bad(tx: Transaction) -> None:
        tx.put_queue(Queue(name="q"))
        tx.queues()
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        world.write(bad)
    assert world.write(lambda tx: tx.queues()) == []
