"""How jobs and tasks come to their end."""

from collections.abc import AsyncIterator

import pytest

from headgate.core.model import JobSpec, Node, TaskSpec
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import Role, TaskType
from headgate.ports.identity import Caller
from headgate.service.jobs import Jobs, NewJob, NewTask
from headgate.store import HeadgateStore
from headgate.testing.clock import TestClock
from tests.unit.store.memory import memory_store

ADA = Caller("ada", Role.USER)


@pytest.fixture
async def store() -> AsyncIterator[HeadgateStore]:
    store = memory_store(clock=TestClock())
    await store.write(lambda tx: tx.put_node(Node(name="one", cores=2)))
    yield store
    await store.close()


@pytest.mark.parametrize("finish", [False, True])
async def test_a_sweep_of_which_nothing_has_started_can_be_ended(store: HeadgateStore, finish: bool) -> None:
    """Cancelling it was refused: the task was already Canceled when its master was to be ended."""
    jobs = Jobs(store)
    sweep = TaskSpec(type=TaskType.PARAMETRIC_SWEEP, command_line="true", start_value=1, end_value=1_000_000)
    job_id = (await jobs.create_whole(ADA, NewJob(spec=JobSpec(), tasks=[NewTask(spec=sweep)]))).id
    if finish:
        await jobs.finish(ADA, job_id)
    else:
        await jobs.cancel(ADA, job_id)
    job, task = store.peek(lambda reader: (reader.job(job_id), reader.task(job_id, 1)))
    assert job.state is (JobState.FINISHED if finish else JobState.CANCELED)
    assert task.state is (TaskState.FINISHED if finish else TaskState.CANCELED)
    assert (task.finished if finish else task.canceled) == 1_000_000
    assert task.rows == 0
    assert task.times.ended is not None
