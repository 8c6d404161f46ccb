"""A store under test, and a clock that stands still until it is told to move, for tests without async."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from headgate.core.model import Event, Instance, Job, JobSpec, Task, Times
from headgate.core.states import FINAL_JOB_STATES, JobState, TaskState
from headgate.ports.store import Reader
from headgate.store import HeadgateStore, open_store
from headgate.store.transaction import Transaction

T = TypeVar("T")

NOON = 1_900_000_000_000_000


class StillClock:
    """Moves when told to."""

    def __init__(self, now: int = NOON) -> None:
        self.time = now

    def now(self) -> int:
        return self.time

    def monotonic(self) -> float:
        return self.time / 1e6


class World:
    """A store, its clock, and an event loop to reach it by."""

    def __init__(self, where: Path | str, *, exclusive: bool = True, now: int = NOON) -> None:
        self.where = where
        self.clock = StillClock(now)
        self.ids = 0
        self.store: HeadgateStore = open_store(
            where, clock=self.clock, new_id=self.new_id, exclusive=exclusive
        )
        self.runner = asyncio.Runner()

    def new_id(self) -> str:
        self.ids += 1
        return f"id-{self.ids}"

    def write(self, change: Callable[[Transaction], T]) -> T:
        return self.runner.run(self.store.write(change))

    def write_together(self, changes: Sequence[Callable[[Transaction], Any]]) -> list[Any]:
        """Results and exceptions of changes that are queued up before the first is made."""

        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*map(self.store.write, changes), return_exceptions=True)

        return self.runner.run(all_of_them())

    def look(self, look: Callable[[Reader], T]) -> T:
        return self.store.peek(look)

    def read(self, look: Callable[[Reader], T]) -> T:
        return self.runner.run(self.store.read(look))

    def reopen(self) -> None:
        self.store.shut()
        self.store = open_store(self.where, clock=self.clock, new_id=self.new_id)

    def close(self) -> None:
        self.store.shut()
        self.runner.close()

    # What tests do all the time.

    def add(self, owner: str = "ann", **spec: Any) -> Job:
        return self.write(lambda tx: tx.add_job(Job(owner=owner, spec=JobSpec(**spec))))

    def put(self, job_id: int, **fields: Any) -> Job:
        def change(tx: Transaction) -> Job:
            job = msgspec.structs.replace(tx.job(job_id), **fields)
            job = msgspec.structs.replace(job, times=msgspec.structs.replace(job.times, changed=tx.now))
            tx.put_job(job)
            return job

        return self.write(change)

    def end(self, job_id: int, state: JobState = JobState.FINISHED) -> Job:
        assert state in FINAL_JOB_STATES

        def change(tx: Transaction) -> Job:
            job = tx.job(job_id)
            times = msgspec.structs.replace(job.times, changed=tx.now, ended=tx.now)
            job = msgspec.structs.replace(job, state=state, times=times)
            tx.put_job(job)
            return job

        return self.write(change)

    def task(self, job_id: int, number: int = 1, **fields: Any) -> Task:
        def change(tx: Transaction) -> Task:
            return tx.add_task(
                Task(job_id=job_id, number=number, times=Times(created=tx.now, changed=tx.now), **fields)
            )

        return self.write(change)

    def instance(self, job_id: int, task: int, number: int, state: TaskState, **fields: Any) -> Instance:
        def change(tx: Transaction) -> Instance:
            made = Instance(
                job_id=job_id,
                task=task,
                number=number,
                state=state,
                previous_state=TaskState.QUEUED,
                times=Times(changed=tx.now),
                **fields,
            )
            tx.put_instances([made])
            return made

        return self.write(change)

    def event(self, job_id: int, *path: int) -> Callable[[Transaction], None]:
        return lambda tx: tx.append(Event(job_id, 0, 0, path))
