"""Rows held back: what a commit has changed of jobs, tasks and events, and not yet written.

A job that is created, filled and submitted in one change is written once, as it is at the end, and the rows
of all changes of a commit go to the database a table at a time. Each statement costs the writer a turn of the
interpreter lock and, alone, a savepoint; so this is most of what a small change costs.

There are two layers, for a change that raises must leave nothing: what the change under way holds, and what
those before it have left (`Layer.take`). Nobody misses a row: the session has them written before any
statement that names their table (`session.Held`), and look-ups by key ask here first (`transaction.py`).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from headgate.core.errors import BadRequest
from headgate.core.model import Event, Job, Task
from headgate.store import columns
from headgate.store.codec import encode
from headgate.store.columns import Columns
from headgate.store.ladders import Place
from headgate.store.session import Session
from headgate.store.sql import jobs as job_sql
from headgate.store.sql import ledger as ledger_sql
from headgate.store.sql import tasks as task_sql
from headgate.store.statement import Statement


class Standing(NamedTuple):
    """What the database holds of a job besides its body."""

    place: Place
    links: int


class Rows:
    """The rows of one table: columns by key, and which keys the database has not got yet."""

    def __init__(self) -> None:
        self.columns: dict[Any, Columns] = {}
        self.new: set[Any] = set()

    def take(self, later: "Rows") -> None:
        """These, too, which have come later."""
        self.columns |= later.columns
        self.new |= later.new

    def write(self, session: Session, add: Statement, put: Statement) -> None:
        """Insert those that are new, change the others."""
        if not self.columns:
            return
        added = [row for key, row in self.columns.items() if key in self.new]
        changed = [row for key, row in self.columns.items() if key not in self.new]
        session.add_many(add, added, apart=True)
        if changed:
            session.change_many(put, changed, apart=True)


class Layer:
    """What is held. `tables`: the names of those that have rows here."""

    def __init__(self) -> None:
        self.tables: set[str] = set()
        self.jobs: dict[int, Job] = {}
        self.tasks: dict[int, dict[int, Task]] = {}
        self._events: list[Columns] = []
        self._job_rows = Rows()
        self._task_rows = Rows()

    # What a change does.

    def hold_job(self, job: Job, *, new: bool = False) -> None:
        """Write this job later."""
        self.jobs[job.id] = job
        self.tables.add("jobs")
        if new:
            self._job_rows.new.add(job.id)

    def hold_task(self, task: Task, *, new: bool = False) -> None:
        """Write this task later."""
        self.tasks.setdefault(task.job_id, {})[task.number] = task
        self.tables.add("tasks")
        if new:
            self._task_rows.new.add((task.job_id, task.number))

    def hold_event(self, event: Event) -> None:
        """Write this event later."""
        self._events.append({"seq": event.seq, "job_id": event.job_id, "body": encode(event)})
        self.tables.add("events")

    def is_new(self, job_id: int) -> bool:
        """Whether nothing of this job is in the database yet."""
        return job_id in self._job_rows.new

    # What becomes of it.

    def spell(self, standings: Mapping[int, Standing]) -> None:
        """Make rows of the values. standings: of the jobs held here.

        Raises BadRequest for a value that no column takes.
        """
        try:
            for job in self.jobs.values():
                self._job_rows.columns[job.id] = columns.of_job(job, *standings[job.id])
            for tasks in self.tasks.values():
                for task in tasks.values():
                    self._task_rows.columns[task.job_id, task.number] = columns.of_task(task)
        except UnicodeEncodeError as error:
            raise BadRequest(f"a value cannot be stored: {error}") from error

    def take(self, later: "Layer") -> None:
        """Hold what a change has left, too, which has come later and is spelled."""
        self.tables |= later.tables
        self.jobs |= later.jobs
        for job_id, tasks in later.tasks.items():
            self.tasks.setdefault(job_id, {}).update(tasks)
        self._events += later._events
        self._job_rows.take(later._job_rows)
        self._task_rows.take(later._task_rows)

    def write(self, session: Session) -> None:
        """Write all of it, spelled, and hold nothing any more."""
        jobs, tasks, events = self._job_rows, self._task_rows, self._events
        self.clear()
        jobs.write(session, job_sql.add, job_sql.put)
        tasks.write(session, task_sql.add, task_sql.put)
        session.add_many(ledger_sql.add_event, events, apart=True)

    def clear(self) -> None:
        """Hold nothing any more."""
        if self.tables:
            self.tables, self.jobs, self.tasks = set(), {}, {}
            self._events, self._job_rows, self._task_rows = [], Rows(), Rows()
