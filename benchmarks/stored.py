"""Data folders with many jobs in them, made once in a run and used by several measurements.

The jobs are of 200 owners in all states, most of them ended, changed in another order than they were made,
with the properties that real ones set; they have nothing to start, so a server leaves them alone.
"""

import asyncio
import random
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.rig import serving
from headgate.app import SystemClock
from headgate.core.model import Job, JobSpec, Task, TaskSpec, Times
from headgate.core.states import JobState, TaskState
from headgate.store import open_store
from headgate.store.bulk import bulk_add

STATES = {
    JobState.FINISHED: 60,
    JobState.FAILED: 15,
    JobState.CANCELED: 10,
    JobState.QUEUED: 10,
    JobState.CONFIGURING: 5,
}
OWNERS = 200
SECOND = 1_000_000
DAY = 86_400 * SECOND


def folder_of(bench: Bench, count: int) -> Path:
    """A data folder with so many jobs, made if this run has none yet."""
    data = bench.folder / f"stored-{count}"
    if not data.exists():
        began = time.perf_counter()
        _fill(data, various(count))
        print(f"   {count:,} jobs stored in {time.perf_counter() - began:.0f} s", flush=True)
    return data


def folder_of_queued(bench: Bench, count: int) -> Path:
    """A data folder with so many jobs of one task each that wait to be started."""
    data = bench.folder / f"queued-{count}"
    _fill(data, queued(count), tasks_of_queued(count))
    return data


def _fill(data: Path, jobs: Iterator[Job], tasks: Iterable[Task] = ()) -> None:
    """A server makes the folder, takes its node offline and is stopped; then the jobs come in."""
    with serving(data):
        pass

    async def fill() -> None:
        store = open_store(data, clock=SystemClock())
        try:
            await bulk_add(store, jobs, tasks)
        finally:
            await store.close()

    asyncio.run(fill())


def various(count: int) -> Iterator[Job]:
    """The jobs of a long life of an installation: ids from 1, the last few days of changes."""
    chance = random.Random(20260101)
    states = list(STATES)
    weights = list(STATES.values())
    # Within the time that ended jobs are kept, or retention would remove them while we measure.
    first = time.time_ns() // 1000 - 2 * DAY
    for number in range(1, count + 1):
        state = chance.choices(states, weights)[0]
        created = first + number * DAY // count
        started = created + chance.randrange(600 * SECOND)
        ended = started + chance.randrange(3600 * SECOND)
        ran = state in (JobState.FINISHED, JobState.FAILED)
        final = ran or state is JobState.CANCELED
        yield Job(
            id=number,
            owner=f"user{chance.randrange(OWNERS):03d}",
            spec=JobSpec(
                name=f"simulation {number}",
                project=f"project {number % 50}",
                priority=chance.choice((1000, 2000, 2000, 3000)),
                runtime_s=3600,
                node_groups=("ComputeNodes",) if number % 10 == 0 else (),
            ),
            state=state,
            previous_state=JobState.RUNNING if ran else JobState.CONFIGURING,
            times=Times(
                created=created,
                changed=ended if final else started,
                submitted=None if state is JobState.CONFIGURING else created,
                started=started if ran else None,
                ended=ended if final else None,
            ),
            nodes=("node1",) if ran else (),
            blocked=state is JobState.QUEUED,
            task_count=1,
            open_tasks=0 if final else 1,
            runs=1,
            ended_runs=1 if final else 0,
        )


def queued(count: int) -> Iterator[Job]:
    """Jobs that wait, all ready to be started."""
    now = time.time_ns() // 1000
    for number in range(1, count + 1):
        yield Job(
            id=number,
            owner="bench",
            spec=JobSpec(name=f"waiting {number}", run_as="bench"),
            state=JobState.QUEUED,
            previous_state=JobState.VALIDATING,
            times=Times(created=now, changed=now, submitted=now),
            task_count=1,
            open_tasks=1,
            ready_tasks=1,
            runs=1,
        )


def tasks_of_queued(count: int) -> Iterator[Task]:
    """Their tasks."""
    now = time.time_ns() // 1000
    for number in range(1, count + 1):
        yield Task(
            job_id=number,
            number=1,
            spec=TaskSpec(command_line="true", work_directory="/"),
            state=TaskState.QUEUED,
            previous_state=TaskState.VALIDATING,
            times=Times(created=now, changed=now, submitted=now),
            ready=True,
        )
