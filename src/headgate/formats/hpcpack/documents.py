"""Job XML in and out of the service (spec hpcpack-model, section 12; windowshpc, section 4.1)."""

import asyncio
from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from headgate.core.errors import BadRequest, NotSupported
from headgate.core.model import Job, Task, TaskSpec
from headgate.core.properties import apply_job
from headgate.ports.identity import Caller
from headgate.ports.store import Cursor, TaskQuery
from headgate.scripts.jobxml import JobDocument, TaskDocument, parse
from headgate.service.jobs import NewJob, NewTask
from headgate.service.tasks import Tasks

LONG: Final = 64 * 1024
"""A document longer than this is read beside other requests, not before them."""
AT_ONCE: Final = 1000
"""Tasks read from the store together."""
MOST_LINKS: Final = 100_000
"""Pairs of tasks of which one waits for the other because of their groups."""


# ---- in


async def new_job(caller: Caller, document: bytes | str, now: int) -> NewJob:
    """The job that a document asks for. `now` in UTC microseconds. Raises BadRequest."""
    if len(document) <= LONG:
        return _new_job(caller, document, now)
    return await asyncio.to_thread(_new_job, caller, document, now)


def _new_job(caller: Caller, document: bytes | str, now: int) -> NewJob:
    said: JobDocument = parse(document, now)
    specs = with_groups(said.tasks)
    return NewJob(
        spec=apply_job(Job(owner=caller.name), said.changes, now).spec,
        tasks=[
            NewTask(spec=spec, environment=task.environment, custom=task.custom)
            for spec, task in zip(specs, said.tasks, strict=True)
        ],
        environment=said.environment,
        custom=said.custom,
    )


def with_groups(tasks: Sequence[TaskDocument]) -> list[TaskSpec]:
    """The tasks, where groups have become DependsOn, the only thing a task waits by here.

    Tasks without a name that take part get one. Raises NotSupported where a name also belongs to a task that
    is not waited for, BadRequest for too many pairs.
    """
    specs = [task.spec for task in tasks]
    if not any(task.follows for task in tasks):
        return specs
    if sum(len(task.follows) for task in tasks) > MOST_LINKS:
        raise BadRequest(f"The task groups make more than {MOST_LINKS} pairs of tasks that wait.")
    taken = {spec.name for spec in specs}
    for place, task in enumerate(tasks):
        for number in (place + 1, *task.follows) if task.follows else ():
            if not specs[number - 1].name:
                specs[number - 1] = replace(specs[number - 1], name=_unused(f"task{number}", taken))
    numbers_of: dict[str, set[int]] = {}
    for number, spec in enumerate(specs, 1):
        numbers_of.setdefault(spec.name, set()).add(number)
    for place, task in enumerate(tasks):
        if not task.follows:
            continue
        waits = set(task.follows)
        names = dict.fromkeys((*specs[place].depends_on, *(specs[n - 1].name for n in task.follows)))
        for name in names:
            if name not in specs[place].depends_on and not numbers_of[name] <= waits:
                raise NotSupported(
                    f"Task {place + 1} waits by its group for some of the tasks named {name[:80]!r}, not for"
                    " all of them: give the others another name.",
                    parameters=("Dependencies", ""),
                )
        specs[place] = replace(specs[place], depends_on=tuple(names))
    return specs


def _unused(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name


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
