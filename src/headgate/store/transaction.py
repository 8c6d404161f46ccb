"""What can be changed: the writer's half of the port (`ports.store.Transaction`).

One `Transaction` serves a whole commit: change after change is run in it, each seeing those before it. Jobs,
tasks and events are held back as long as nobody looks for them (`held.py`). Of what is written at once, the
first statement of a change sets a savepoint; so a change that raises can be undone alone (`undo`). Small
tables are in `changes.py`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from headgate.core.errors import StoreUnavailable
from headgate.core.model import Event, Instance, Intent, Job, Task
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.ports.store import Cursor, JobPage, JobQuery
from headgate.store import codec, columns, retention, stretches
from headgate.store.changes import EntryChanges
from headgate.store.codec import encode, folded
from headgate.store.counters import Counters
from headgate.store.entries import Known
from headgate.store.held import Layer, Standing
from headgate.store.ladders import Moves, Place
from headgate.store.reader import NUMBER_MAX, Reader, no_job
from headgate.store.records import RecordChanges, Tally
from headgate.store.session import Session
from headgate.store.soa import SoaChanges
from headgate.store.sql import jobs as job_sql
from headgate.store.sql import ledger as ledger_sql
from headgate.store.sql import tasks as task_sql
from headgate.store.syncs import SyncChanges


class Mark(NamedTuple):
    """How things stood before a change."""

    counters: Counters
    events: int
    moves: int
    applied: int
    endings: int


class Transaction(Reader, EntryChanges, RecordChanges, SyncChanges, SoaChanges):
    """One commit. `counters` and `events` are what it has given out so far."""

    def __init__(
        self,
        session: Session,
        counters: Counters,
        *,
        now: int,
        installation: str,
        new_id: Callable[[], str],
        entries: Known | None = None,
        reserved: set[int] | None = None,
    ) -> None:
        """entries: what is known of small tables from commits before; cleared where it is so no longer.
        reserved: ids of jobs that are being made, kept from commit to commit.
        """
        super().__init__(session)
        if entries is not None:
            self._entries = entries
        self.now = now
        self.counters = counters
        self.events_made: list[Event] = []
        self.dirty = False
        """Whether there is anything to commit."""
        self._installation = installation
        self._new_id = new_id
        self._reserved = set[int]() if reserved is None else reserved
        self._moves = Moves()
        self._endings = Tally()
        self._places: dict[int, Standing] = {}
        self._seen: set[tuple[int, int]] = set()
        """Tasks that the database has."""
        self._savepoint = False
        self._kept = Layer()
        self._own = Layer()
        session.held = self

    # Around each change.

    def mark(self) -> Mark:
        """Before a change."""
        self._savepoint = False
        return Mark(
            self.counters.copy(),
            len(self.events_made),
            len(self._moves.log),
            self._moves.applied,
            len(self._endings.log),
        )

    def keep(self) -> None:
        """After a change that went well."""
        if self._own.tables:
            self._own.spell(self._places)
        if self._savepoint:
            self._session.command("RELEASE SAVEPOINT one_change")
            self.dirty = True
        if self._own.tables:
            self._kept.take(self._own)
            self._own.clear()
            self.dirty = True

    def undo(self, mark: Mark) -> None:
        """After a change that raised: as if it had not been."""
        if self._savepoint:
            self._session.command("ROLLBACK TO SAVEPOINT one_change")
            self._session.command("RELEASE SAVEPOINT one_change")
        self._own.clear()
        self.counters = mark.counters
        del self.events_made[mark.events :]
        del self._moves.log[mark.moves :]
        self._moves.applied = mark.applied
        del self._endings.log[mark.endings :]
        self._places.clear()
        self._seen.clear()
        self._entries.clear()

    def finish(self) -> None:
        """Write what was held back and added up, just before the commit."""
        self._write_kept()
        self._moves.apply(self._session)
        self._endings.apply(self._session)
        self._session.change(ledger_sql.put_counters, msgspec.structs.asdict(self.counters))

    def touch(self) -> None:
        """Before each statement that writes."""
        if not self._savepoint:
            self._write_kept()
            self._session.command("SAVEPOINT one_change")
            self._savepoint = True

    # What is held back.

    def holds(self, tables: frozenset[str]) -> bool:
        """Whether rows of these tables are not written yet."""
        return not (self._kept.tables.isdisjoint(tables) and self._own.tables.isdisjoint(tables))

    def write_held(self) -> None:
        """Write them, because somebody looks."""
        if not self._own.tables:
            self._write_kept()
            return
        self._own.spell(self._places)
        self.touch()
        self._own.write(self._session)

    def _write_kept(self) -> None:
        """Write what earlier changes have left. If that fails, it is not the fault of the one under way."""
        if not self._kept.tables:
            return
        try:
            self._kept.write(self._session)
        except StoreUnavailable:
            raise
        except Exception as error:
            self._session.failed = StoreUnavailable(f"the commit failed: {error!r}")
            raise self._session.failed from error

    # Jobs.

    def list_jobs(
        self,
        query: JobQuery,
        *,
        limit: int,
        after: Cursor | None = None,
        offset: int | None = None,
        count: bool = False,
    ) -> JobPage:
        self._bring_counts_up_to_date()
        return super().list_jobs(query, limit=limit, after=after, offset=offset, count=count)

    def count_jobs(self) -> Mapping[JobState, int]:
        self._bring_counts_up_to_date()
        return super().count_jobs()

    def _bring_counts_up_to_date(self) -> None:
        """Lists rely on the counts, which are otherwise changed once for all changes of a commit."""
        if self._moves.applied < len(self._moves.log):
            self.touch()
            self._moves.apply(self._session)

    def job(self, job_id: int) -> Job:
        held = self._held_job(job_id)
        if held is not None:
            return held
        given = {"id": job_id}
        row = (
            self._session.row(job_sql.get_with_keys, given, apart=True) if 0 < job_id <= NUMBER_MAX else None
        )
        if row is None:
            raise no_job(job_id)
        body, state, owner, changed, links = row
        self._places[job_id] = Standing(Place(job_id, state, owner, changed), links)
        return codec.JOBS.one(body)

    def _held_job(self, job_id: int) -> Job | None:
        return self._own.jobs.get(job_id) or self._kept.jobs.get(job_id)

    def add_job(self, job: Job) -> Job:
        self.counters.job += 1
        times = msgspec.structs.replace(job.times, created=self.now, changed=self.now)
        job = msgspec.structs.replace(job, id=self.counters.job, times=times)
        self.insert_job(job)
        return job

    def insert_job(self, job: Job) -> None:
        """Keep a new job that has its id and times."""
        self.counters.job = max(self.counters.job, job.id)
        standing = self._places[job.id] = Standing(columns.place_of(job), columns.links_of(job))
        self._own.hold_job(job, new=True)
        if standing.links:
            self._link(job)
        self._moves.log.append((None, standing.place))

    def reserve_job(self) -> int:
        self.touch()
        self.counters.job += 1
        self._session.change(ledger_sql.add_remains, {"job_id": self.counters.job})
        self._reserved.add(self.counters.job)
        return self.counters.job

    def add_reserved(self, job: Job) -> Job:
        self.touch()
        self._session.change(ledger_sql.drop_remains, {"job_id": job.id})
        job = msgspec.structs.replace(job, times=msgspec.structs.replace(job.times, changed=self.now))
        self.insert_job(job)
        self.write_held()  # else it would count as new, and all its tasks as held
        return job

    def end_reservation(self, job_id: int) -> None:
        self._reserved.discard(job_id)

    def put_job(self, job: Job) -> None:
        known = self._places.get(job.id) or self._look_up(job.id)
        place, links = standing = Standing(columns.place_of(job), columns.links_of(job))
        self._own.hold_job(job)
        if links or known.links:
            self._unlink(job.id, known.links)
            self._link(job)
        if place != known.place:
            self._moves.log.append((known.place, place))
            if place.state != known.place.state and job.state in FINAL_JOB_STATES and job.foreign is None:
                self._endings.note(self.now, job.state)
        self._places[job.id] = standing

    def _look_up(self, job_id: int) -> Standing:
        """What is kept of a job that is changed without having been read."""
        held = self._held_job(job_id)
        if held is not None:
            return Standing(columns.place_of(held), columns.links_of(held))
        row = self._session.row(job_sql.keys, {"id": job_id}, apart=True)
        if row is None:
            raise no_job(job_id)
        state, owner, changed, links = row
        return Standing(Place(job_id, state, owner, changed), links)

    def remove_job(self, job_id: int) -> None:
        """Forget the job itself; its rows in other tables are `retention`'s."""
        self.touch()
        row = self._session.row(job_sql.keys, {"id": job_id})
        if row is None:
            raise no_job(job_id)
        state, owner, changed, links = row
        self._unlink(job_id, links)
        self._session.change(job_sql.remove, {"id": job_id})
        self._moves.log.append((Place(job_id, state, owner, changed), None))
        self._places.pop(job_id, None)

    def _link(self, job: Job) -> None:
        self.touch()
        for parent in columns.parents_of(job):
            self._session.change(job_sql.add_parent, {"parent_id": parent, "job_id": job.id})
        for group in {folded(group) for group in job.spec.node_groups}:
            self._session.change(job_sql.add_node_group, {"node_group": group, "job_id": job.id})

    def _unlink(self, job_id: int, links: int) -> None:
        if links:
            self.touch()
        if links & columns.HAS_PARENTS:
            self._session.change(job_sql.drop_parents, {"job_id": job_id})
        if links & columns.HAS_GROUPS:
            self._session.change(job_sql.drop_node_groups, {"job_id": job_id})

    def remove_ended(self, *, before: int, limit: int) -> int:
        return retention.remove_ended(self, self._session, before=before, limit=limit, sparing=self._reserved)

    def remove_foreign(self, *, limit: int) -> int:
        return retention.remove_foreign(self, self._session, limit=limit, sparing=self._reserved)

    # Tasks and instances.

    def task(self, job_id: int, number: int) -> Task:
        held = self._own.tasks.get(job_id, {}).get(number) or self._kept.tasks.get(job_id, {}).get(number)
        if held is not None:
            return held
        task = super().task(job_id, number)
        self._seen.add((job_id, number))
        return task

    def tasks(self, job_id: int, *, after: int = 0, limit: int | None = None) -> list[Task]:
        kept, own = self._kept.tasks.get(job_id, {}), self._own.tasks.get(job_id, {})
        if self._own.is_new(job_id) or self._kept.is_new(job_id):
            found = kept | own
            return [found[number] for number in sorted(found) if number > after][:limit]
        if kept or own:
            self.write_held()
        return super().tasks(job_id, after=after, limit=limit)

    def first_tasks(self, job_ids: Collection[int]) -> dict[int, Task]:
        found = super().first_tasks(job_ids)
        self._seen.update((task.job_id, task.number) for task in found.values())
        return found

    def _tasks(self, joined: str | None) -> list[Task]:
        tasks = super()._tasks(joined)
        self._seen.update((task.job_id, task.number) for task in tasks)
        return tasks

    def add_task(self, task: Task) -> Task:
        self.counters.task += 1
        task = msgspec.structs.replace(task, system_id=self.counters.task)
        self._own.hold_task(task, new=True)
        return task

    def put_task(self, task: Task) -> None:
        if (task.job_id, task.number) not in self._seen:
            self.task(task.job_id, task.number)
        self._own.hold_task(task)

    def put_instances(self, instances: Iterable[Instance]) -> None:
        self.touch()
        stretches.put(self._session, instances)

    def drop_instances(self, job_id: int, task: int) -> None:
        self.touch()
        stretches.drop(self._session, job_id, task)

    def put_output(self, job_id: int, task: int, instance: int, output: bytes) -> None:
        self.touch()
        key = {"job_id": job_id, "task": task, "instance": instance}
        if output:
            self._session.change(task_sql.put_output, {**key, "output": output})
        else:
            self._session.change(task_sql.drop_output, key)

    # Events, intents, epochs.

    def append(self, event: Event) -> None:
        self.counters.event += 1
        event = Event(event.job_id, event.task, event.instance, event.path, self.now, self.counters.event)
        self._own.hold_event(event)
        self.events_made.append(event)

    def last_event(self) -> int:
        return self.counters.event

    def add_intent(self, intent: Intent) -> Intent:
        self.counters.intent += 1
        number = self.counters.intent
        intent = msgspec.structs.replace(intent, id=number, tag=f"{self._installation}-{number}")
        self.put_intent(intent)
        return intent

    def put_intent(self, intent: Intent) -> None:
        self.touch()
        self._session.change(
            ledger_sql.put_intent,
            {"id": intent.id, "job_id": intent.job_id, "task": intent.task, "body": encode(intent)},
        )

    def drop_intent(self, intent_id: int) -> None:
        self.touch()
        self._session.change(ledger_sql.drop_intent, {"id": intent_id})

    def next_epoch(self) -> int:
        self.touch()
        self.counters.epoch += 1
        return self.counters.epoch
