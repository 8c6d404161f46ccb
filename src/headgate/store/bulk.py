"""Many jobs at once, for benchmarks and tests: a million in about a minute."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import msgspec

from headgate.core.model import Job, Task
from headgate.store.store import HeadgateStore
from headgate.store.transaction import Transaction

T = TypeVar("T")

_TOGETHER = 5_000


async def bulk_add(
    store: HeadgateStore, jobs: Iterable[Job], tasks: Iterable[Task] = (), *, together: int = _TOGETHER
) -> int:
    """Keep jobs and tasks as they are, in whatever state, with their own times; `together` in one commit.

    A job with id 0 gets the next id; another one must have an id that was never used. Tasks get their
    `system_id`. How many jobs were added.
    """
    added = 0
    for portion in _portions(iter(jobs), together):
        added += len(portion)

        def add_jobs(tx: Transaction, portion: list[Job] = portion) -> None:
            for job in portion:
                tx.insert_job(job if job.id else msgspec.structs.replace(job, id=tx.counters.job + 1))

        await store.write(add_jobs)
    for some in _portions(iter(tasks), together):

        def add_tasks(tx: Transaction, some: list[Task] = some) -> None:
            for task in some:
                tx.add_task(task)

        await store.write(add_tasks)
    return added


def _portions(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while portion := list(islice(items, size)):
        yield portion
