"""Jobs as faces see them to whom a job is one script: each with the task that stands for it, its first.

Reading only. Every method takes the caller first; who may see what is `rights.py`'s to say.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.instances import untouched
from headgate.core.lines import Hindrance, line_of
from headgate.core.model import Instance, Job, Task
from headgate.core.states import JobState
from headgate.core.sweep import instance_with
from headgate.core.vocabulary import TaskType
from headgate.ports.identity import Caller
from headgate.ports.store import Cursor, JobQuery, Reader, Store
from headgate.service.queueing import hindrances, in_engine
from headgate.service.rights import may_see_all, sees_all

T = TypeVar("T")


class Portrait(Struct, frozen=True):
    """A job and its first task, None where it has none. full: whether the caller may see all of it.

    hindrance: what it waits for of its queue or in the engine's, where that is all it waits for.
    """

    job: Job
    task: Task | None
    full: bool
    hindrance: Hindrance | None = None


class Portraits:
    """See the module. reasons: why jobs wait in the engine's queue, by id."""

    def __init__(self, store: Store, reasons: Callable[[], Mapping[int, str]] = dict) -> None:
        self._store = store
        self._reasons = reasons

    def get(self, caller: Caller, job_id: int) -> Portrait:
        """One job. Raises NotFound."""

        def look(reader: Reader) -> Portrait:
            return _portraits(reader, caller, [reader.job(job_id)], self._reasons())[0]

        return self._store.peek(look)

    def instance(self, task: Task, index: int) -> Instance:
        """The instance of a task that has this index. Raises NotFound."""
        sweep = task.spec.type is TaskType.PARAMETRIC_SWEEP
        number = instance_with(task.spec, index) if sweep else index
        if number is None or not 1 <= number <= task.instance_count or (sweep and not task.expanded):
            raise NotFound(f"Job {task.job_id} has no part {index}.", kind="instance")
        found = self._store.peek(lambda reader: reader.instance(task.job_id, task.number, number))
        return untouched(task, number) if found is None else found

    async def page(
        self,
        caller: Caller,
        query: JobQuery,
        *,
        limit: int,
        after: Cursor | None,
        own: bool,
        shown: Callable[[list[Portrait]], T],
    ) -> tuple[T, Cursor | None]:
        """A page of jobs, made into something by `shown` beside the event loop, and where the next begins
        (None: it was the last). own: those of others are left out, unless the caller may see all of all.
        """
        narrowed = own and not sees_all(caller)
        if narrowed and query.owner is not None and query.owner.casefold() != caller.name.casefold():
            return shown([]), None
        if narrowed:
            query = replace(query, owner=caller.name)

        reasons = self._reasons()

        def look(reader: Reader) -> tuple[T, Cursor | None]:
            found = reader.list_jobs(query, limit=limit, after=after)
            made = shown(_portraits(reader, caller, found.jobs, reasons))
            return made, found.end if found.more else None

        return await self._store.read(look)


def _portraits(
    reader: Reader, caller: Caller, jobs: Sequence[Job], reasons: Mapping[int, str]
) -> list[Portrait]:
    tasks = reader.first_tasks([job.id for job in jobs])
    # Jobs in one line wait for the same: one of each is asked about, however many there are.
    waiting = [job for job in jobs if job.state is JobState.QUEUED and not job.blocked]
    lines = {line_of(job): job for job in waiting}
    hindered = hindrances(reader, list(lines.values()))
    by_line = {line: hindered[job.id] for line, job in lines.items() if job.id in hindered}
    found = {job.id: by_line.get(line_of(job)) for job in waiting} if by_line else {}
    found |= in_engine(waiting, reasons)
    return [Portrait(job, tasks.get(job.id), may_see_all(caller, job), found.get(job.id)) for job in jobs]
