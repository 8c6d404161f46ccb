"""Job XML in and out of the service (spec hpcpack-model, section 12; windowshpc, section 4.1)."""

import asyncio
from typing import Final

from headgate.core.model import Task
from headgate.ports.identity import Caller
from headgate.ports.store import Cursor, TaskQuery
from headgate.scripts.jobxml import JobDocument, parse
from headgate.service.jobs import NewJob, NewTask
from headgate.service.tasks import Tasks

LONG: Final = 64 * 1024
"""A document longer than this is read beside other requests, not before them."""
AT_ONCE: Final = 1000
"""Tasks read from the store together."""


# ---- in


async def new_job(document: bytes | str, now: int) -> NewJob:
    """The job that a document asks for. `now` in UTC microseconds. Raises BadRequest."""
    if len(document) <= LONG:
        return _new_job(document, now)
    return await asyncio.to_thread(_new_job, document, now)


def _new_job(document: bytes | str, now: int) -> NewJob:
    said: JobDocument = parse(document, now)
    return NewJob(
        changes=said.changes,
        tasks=[
            NewTask(spec=task.spec, environment=task.environment, custom=task.custom) for task in said.tasks
        ],
        environment=said.environment,
        custom=said.custom,
        warnings=said.warnings,
    )


# ---- out


async def all_tasks(service: Tasks, caller: Caller, job_id: int) -> list[Task]:
    """The tasks of a job as they were made: sweeps without their subtasks (12.3)."""
    found: list[Task] = []
    after: Cursor | None = None
    query = TaskQuery(job_id=job_id, expand=False)
    while True:
        _, _, page = await service.list(caller, query, limit=AT_ONCE, after=after)
        found += [row.task for row in page.rows]
        if not page.more or page.end is None:
            return found
        after = page.end
