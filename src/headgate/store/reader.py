"""What can be looked up about jobs, tasks, instances, events and intents (`ports.store.Reader`).

Small tables are in `entries.py`, records of other things in `records.py`, lists in `joblist.py` and
`tasklist.py`; `Reader` puts them together.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from headgate.core.errors import NotFound
from headgate.core.model import INT_MAX, Event, Instance, Intent, Job, Task
from headgate.core.states import JobState, TaskState
from headgate.ports.store import Cursor, Head, JobPage, JobQuery, TaskPage, TaskQuery
from headgate.store import codec, joblist, ladders, tasklist
from headgate.store.codec import folded
from headgate.store.entries import EntryReader
from headgate.store.records import RecordReader
from headgate.store.session import Session
from headgate.store.soa import SoaReader
from headgate.store.sql import instances as instance_sql
from headgate.store.sql import jobs as job_sql
from headgate.store.sql import ledger as ledger_sql
from headgate.store.sql import tasks as task_sql
from headgate.store.syncs import SyncReader

T = TypeVar("T")

NUMBER_MAX = 2**63 - 1
"""The largest number a column holds: nothing has a larger one, so nothing is looked for."""
_TOGETHER = 64


def no_job(job_id: int) -> NotFound:
    """There is no such job."""
    return NotFound(f"there is no job {job_id}", kind="job", code="Operation_InvalidJobId")


def no_task(job_id: int, number: int) -> NotFound:
    """There is no such task."""
    return NotFound(f"there is no task {job_id}.{number}", kind="task", code="Operation_InvalidTaskId")


def numbers(states: Collection[JobState] | Collection[TaskState]) -> tuple[int, ...]:
    """States as the shape of a statement."""
    return tuple(sorted(state.value for state in states))


def _in_portions(job_ids: Collection[int]) -> Iterator[dict[str, int]]:
    """The ids as parameters of statements for several.

    Filled up to a few sizes, so that there are few statements: asking twice for the same changes nothing.
    """
    wanted = sorted({job_id for job_id in job_ids if 0 < job_id <= NUMBER_MAX})
    for start in range(0, len(wanted), _TOGETHER):
        some = wanted[start : start + _TOGETHER]
        size = 1 if len(some) == 1 else 8 if len(some) <= 8 else _TOGETHER
        some += [some[-1]] * (size - len(some))
        yield {f"id{number}": job_id for number, job_id in enumerate(some)}


class Reader(EntryReader, RecordReader, SyncReader, SoaReader):
    """A snapshot, or what the writer sees.

    `apart`, in look-ups by key: the writer's half asks first among what it holds back (`transaction.py`).
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._entries = {}

    def job(self, job_id: int) -> Job:
        body = self._session.value(job_sql.get, {"id": job_id}) if 0 < job_id <= NUMBER_MAX else None
        if body is None:
            raise no_job(job_id)
        return codec.JOBS.one(body)

    def jobs(self, job_ids: Collection[int]) -> list[Job]:
        found: list[Job] = []
        for ids in _in_portions(job_ids):
            found += codec.JOBS.many(self._session.value(job_sql.several(len(ids)), ids))
        found.sort(key=lambda job: job.id)
        return found

    def task(self, job_id: int, number: int) -> Task:
        body = None
        if 0 < job_id <= NUMBER_MAX and 0 < number <= NUMBER_MAX:
            body = self._session.value(task_sql.get, {"job_id": job_id, "number": number}, apart=True)
        if body is None:
            raise no_task(job_id, number)
        return codec.TASKS.one(body)

    def tasks(self, job_id: int, *, after: int = 0, limit: int | None = None) -> list[Task]:
        return self._tasks(
            self._session.value(
                task_sql.of_job,
                {"job_id": job_id, "after": after, "limit": NUMBER_MAX if limit is None else limit},
                apart=True,
            )
        )

    def tasks_in(self, job_id: int, states: Collection[TaskState], *, limit: int | None = None) -> list[Task]:
        if not states:
            return []
        return self._tasks(
            self._session.value(
                task_sql.of_job_in(numbers(states)),
                {"job_id": job_id, "limit": NUMBER_MAX if limit is None else limit},
            )
        )

    def first_tasks(self, job_ids: Collection[int]) -> dict[int, Task]:
        found: dict[int, Task] = {}
        for ids in _in_portions(job_ids):
            tasks = codec.TASKS.many(self._session.value(task_sql.first_of(len(ids)), ids))
            found |= {task.job_id: task for task in tasks}
        return found

    def ready_tasks(self, job_ids: Collection[int], *, limit_per_job: int) -> dict[int, list[Task]]:
        found: dict[int, list[Task]] = {}
        for job_id in job_ids:
            joined = self._session.value(task_sql.ready, {"job_id": job_id, "limit": limit_per_job})
            if joined is not None:
                found[job_id] = self._tasks(joined)
        return found

    def count_ready(self, job_id: int) -> int:
        found: int = self._session.value(task_sql.count_ready, {"job_id": job_id})
        return found

    def _tasks(self, joined: str | None) -> list[Task]:
        tasks = codec.TASKS.many(joined)
        tasks.sort(key=lambda task: task.number)
        return tasks

    def instance(self, job_id: int, task: int, number: int) -> Instance | None:
        if not 0 < number <= INT_MAX:
            return None
        body = self._session.value(instance_sql.get, {"job_id": job_id, "task": task, "number": number})
        return None if body is None else codec.INSTANCES.one(body)

    def instances(
        self,
        job_id: int,
        task: int,
        *,
        first: int = 1,
        last: int | None = None,
        states: Collection[TaskState] | None = None,
        limit: int | None = None,
    ) -> list[Instance]:
        joined = self._session.value(
            instance_sql.page(None if states is None else numbers(states), changed_from=False),
            {
                "job_id": job_id,
                "task": task,
                "first": first,
                "last": NUMBER_MAX if last is None else last,
                "limit": NUMBER_MAX if limit is None else limit,
            },
        )
        found = codec.INSTANCES.many(joined)
        found.sort(key=lambda instance: instance.number)
        return found

    def foreign_job(self, key: str) -> Job | None:
        body = self._session.value(job_sql.foreign, {"key": key})
        return None if body is None else codec.JOBS.one(body)

    def open_foreign(self, *, after: int = 0, limit: int) -> list[Job]:
        found = codec.JOBS.many(self._session.value(job_sql.open_foreign, {"after": after, "limit": limit}))
        found.sort(key=lambda job: job.id)
        return found

    def output(self, job_id: int, task: int, instance: int) -> bytes:
        found = self._session.value(
            task_sql.get_output, {"job_id": job_id, "task": task, "instance": instance}
        )
        return b"" if found is None else bytes(found)

    def list_jobs(
        self,
        query: JobQuery,
        *,
        limit: int,
        after: Cursor | None = None,
        offset: int | None = None,
        count: bool = False,
    ) -> JobPage:
        return joblist.page(self._session, query, limit=limit, after=after, offset=offset, count=count)

    def list_tasks(
        self,
        query: TaskQuery,
        *,
        limit: int,
        after: Cursor | None = None,
        offset: int | None = None,
        count: bool = False,
    ) -> TaskPage:
        return tasklist.page(self._session, query, limit=limit, after=after, offset=offset, count=count)

    def count_jobs(self) -> Mapping[JobState, int]:
        return {JobState(state): n for state, n in ladders.by_state(self._session).items()}

    def queue(self, *, line: str = "", after: tuple[int, int] | None, limit: int) -> list[Job]:
        place = _behind(after)
        found = codec.JOBS.many(self._session.value(job_sql.queue, {**place, "line": line, "limit": limit}))
        found.sort(key=lambda job: (-job.spec.priority, job.id))
        return found

    def heads(self, *, after: tuple[int, int] | None) -> list[Head]:
        rows = self._session.rows(job_sql.heads, _behind(after))
        return [Head(line, -queue_key, job_id) for line, queue_key, job_id in rows]

    def lines(self, prefix: str) -> dict[str, int]:
        return dict(self._session.rows(job_sql.lines, _lines_with(prefix)))

    def count_in_lines(self, prefix: str, *, limit: int) -> int:
        found: int = self._session.value(job_sql.count_in_lines, {**_lines_with(prefix), "limit": limit})
        return found

    def jobs_in(self, states: Collection[JobState], *, after: int = 0, limit: int) -> list[Job]:
        return joblist.in_states(self._session, numbers(states), after=after, limit=limit)

    def children(self, job_id: int) -> list[int]:
        return [child for (child,) in self._session.rows(job_sql.children, {"id": job_id})]

    def earlier_namesake(self, owner: str, name: str, job_id: int) -> int | None:
        keys = {"owner": folded(owner), "name": name, "id": job_id}
        found: int | None = self._session.value(job_sql.earlier_namesake, keys)
        return found

    def first_singleton(self, owner: str, name: str) -> int | None:
        keys = {"owner": folded(owner), "name": name}
        found: int | None = self._session.value(job_sql.first_singleton, keys)
        return found

    def chain_named(self, owner: str, name: str) -> int | None:
        keys = {"owner": folded(owner), "name": name}
        found: int | None = self._session.value(job_sql.chain_named, keys)
        return found

    def held_until(self, now: int, *, limit: int) -> list[Job]:
        found = codec.JOBS.many(self._session.value(job_sql.held_until, {"now": now, "limit": limit}))
        found.sort(key=lambda job: (job.wakes or job.spec.not_before or 0, job.id))
        return found

    def intents(self, *, job_id: int | None = None, task: int | None = None) -> list[Intent]:
        if job_id is None:
            joined = self._session.value(ledger_sql.all_intents)
        elif task is None:
            joined = self._session.value(ledger_sql.intents_of_job, {"job_id": job_id})
        else:
            joined = self._session.value(ledger_sql.intents_of_task, {"job_id": job_id, "task": task})
        found = codec.INTENTS.many(joined)
        found.sort(key=lambda intent: intent.id)
        return found

    def events(self, *, after: int, limit: int, job_id: int | None = None) -> list[Event]:
        if job_id is None:
            joined = self._session.value(ledger_sql.events_after, {"after": after, "limit": limit})
        else:
            joined = self._session.value(
                ledger_sql.events_of_job, {"job_id": job_id, "after": after, "limit": limit}
            )
        found = codec.EVENTS.many(joined)
        found.sort(key=lambda event: event.seq)
        return found

    def last_event(self) -> int:
        row = self._session.row(ledger_sql.get_counters)
        return 0 if row is None else int(row[ledger_sql.COUNTERS.index("event")])


def _behind(after: tuple[int, int] | None) -> dict[str, int]:
    """A place in the order of the queue, or before all there are."""
    return {"queue_key": -INT_MAX, "id": 0} if after is None else {"queue_key": -after[0], "id": after[1]}


def _lines_with(prefix: str) -> dict[str, str]:
    """The range of lines that begin like this; it ends in a slash."""
    return {"first": prefix, "behind": prefix[:-1] + "0"}
