"""JobEdit: one job being changed inside a store transaction.

It reads the job's tasks and instances when they are needed, walks them through the lifecycle tables, and
writes each changed thing once in `save`, with one event for each thing whose state changed. It knows
counters (what is ready, live, open), not consequences: those are in `endings.py`.
"""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from operator import itemgetter
from typing import ClassVar

from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.instances import untouched
from headgate.core.lifecycle import JobHappened, TaskHappened, step_job, step_task
from headgate.core.model import Event, Instance, Job, Run, Task, Times
from headgate.core.sizes import check_grown, text_bytes
from headgate.core.states import FINAL_TASK_STATES, JobState, TaskState
from headgate.ports.store import Transaction
from headgate.service.counting import Standing, has_something_to_start, runs, standing
from headgate.service.rights import require_ours

NOT_EXPANDED = "The task ID is not valid: the specified subtask has not been expanded yet."


class JobEdit:
    """See the module. Use: make one, change things, `save()`.

    Raises EnteredElsewhere: there is none of a job that is only shown here.
    """

    piece: ClassVar[int] = 1_000
    """Tasks that go through something in one transaction, at most (`passages.py`)."""

    def __init__(self, tx: Transaction, job: Job) -> None:
        require_ours(job)
        self.tx = tx
        self.job = job
        self._before = job
        self._tasks: dict[int, Task] = {}
        self._tasks_before: dict[int, Task] = {}
        self._instances: dict[tuple[int, int], Instance] = {}
        self._new_rows: set[tuple[int, int]] = set()
        self._uncounted: set[tuple[int, int]] = set()
        """Made-up rows that are still part of the task's rest."""
        self._dirty_instances: set[tuple[int, int]] = set()
        self._paths: dict[tuple[int, int], list[JobState | TaskState]] = {}
        self._all_loaded = False
        self._recount = False
        self._concluded: dict[int, tuple[object, ...]] = {}
        self._counted: dict[int, Standing] = {}

    # ---- reading

    @property
    def kept(self) -> Job:
        """The job as it was last saved."""
        return self._before

    def task(self, number: int) -> Task:
        """A task as it is now in this edit. Raises NotFound."""
        found = self._tasks.get(number)
        if found is None:
            found = self.tx.task(self.job.id, number)
            self._tasks[number] = self._tasks_before[number] = found
        return found

    def take(self, tasks: Iterable[Task]) -> None:
        """Know these tasks, just read in the same transaction, without reading them again."""
        for task in tasks:
            if task.number not in self._tasks:
                self._tasks[task.number] = self._tasks_before[task.number] = task

    def all_tasks(self) -> list[Task]:
        """Every task of the job, by number, as it is now in this edit."""
        if not self._all_loaded:
            for task in self.tx.tasks(self.job.id):
                if task.number not in self._tasks:
                    self._tasks[task.number] = self._tasks_before[task.number] = task
            self._all_loaded = True
        return list(map(self._tasks.__getitem__, sorted(self._tasks)))

    @property
    def at_once(self) -> bool:
        """Whether the job has so few tasks that all of them go through something in one transaction."""
        return self.job.task_count <= self.piece

    def tasks_in(self, states: Collection[TaskState]) -> list[Task]:
        """The tasks that are in one of these states now."""
        self.take(self.tx.tasks_in(self.job.id, states))
        return [task for _, task in sorted(self._tasks.items()) if task.state in states]

    def changed_tasks(self) -> list[Task]:
        """The tasks that this edit has changed and not yet saved."""
        return [task for number, task in self._tasks.items() if task is not self._tasks_before[number]]

    def rows(self, number: int, states: Collection[TaskState]) -> list[Instance]:
        """The instances with a row that are in one of these states now."""
        for row in self.tx.instances(self.job.id, number, states=states):
            self._instances.setdefault((number, row.number), row)
        return self._known_rows(number, states)

    def _known_rows(self, number: int, states: Collection[TaskState]) -> list[Instance]:
        only_looked_at = self._new_rows - self._dirty_instances
        return [
            row
            for key, row in sorted(self._instances.items(), key=itemgetter(0))
            if key[0] == number and row.state in states and key not in only_looked_at
        ]

    def queued_rows(self, number: int, limit: int) -> list[Instance]:
        """The first instances with a row that are queued now."""
        changed = sum(key[0] == number for key in self._dirty_instances)
        queued = (TaskState.QUEUED,)
        for row in self.tx.instances(self.job.id, number, states=queued, limit=limit + changed):
            self._instances.setdefault((number, row.number), row)
        return self._known_rows(number, queued)[:limit]

    def touched(self, number: int, first: int, last: int) -> set[int]:
        """Which of these instances have a row, or will have one when this edit is saved."""
        rows = self.tx.instances(self.job.id, number, first=first, last=last)
        return {row.number for row in rows} | {key[1] for key in self._dirty_instances if key[0] == number}

    def instance(self, number: int, instance: int) -> Instance:
        """An instance, made up from its task where it has no row.

        Raises NotFound if it does not exist (yet).
        """
        found = self._instances.get((number, instance))
        if found is not None:
            return found
        task = self.task(number)
        row = self.tx.instance(self.job.id, number, instance)
        if row is None:
            if not task.expanded or not 1 <= instance <= task.instance_count:
                raise NotFound(NOT_EXPANDED, kind="instance", code="Operation_InvalidTaskId")
            self._made_up((number, instance))
            row = self._intended(task, untouched(task, instance))
        self._instances[(number, instance)] = row
        return row

    def _made_up(self, key: tuple[int, int]) -> None:
        self._new_rows.add(key)
        self._uncounted.add(key)

    def _intended(self, task: Task, row: Instance) -> Instance:
        """A row-less instance that an open intent covers has been given to the engine."""
        if not task.live:
            return row
        for intent in self.tx.intents(job_id=self.job.id, task=task.number):
            if row.number in intent.instances:
                return self._cover(row, intent.id)
        return row

    def _cover(self, row: Instance, intent: int) -> Instance:
        """The made-up instance as it is since the intent was made, whatever became of the rest then."""
        self._paths[(row.task, row.number)] = [TaskState.QUEUED, TaskState.DISPATCHING]
        return replace(
            row, state=TaskState.DISPATCHING, previous_state=TaskState.QUEUED, run=Run(intent=intent)
        )

    def covered_instance(self, number: int, instance: int, intent: int) -> Instance:
        """Like `instance`, when it is known that this intent covers it if it has no row (saves a look-up)."""
        found = self._instances.get((number, instance))
        if found is not None:
            return found
        row = self.tx.instance(self.job.id, number, instance)
        if row is None:
            self._made_up((number, instance))
            row = self._cover(untouched(self.task(number), instance), intent)
        self._instances[(number, instance)] = row
        return row

    # ---- changing

    def set_job(self, **fields: object) -> Job:
        """Replace fields of the job (not its state: see `job_happens`)."""
        self.job = replace(self.job, **fields)
        return self.job

    def set_task(self, number: int, **fields: object) -> Task:
        """Replace fields of a task (not its state: see `task_happens`)."""
        self._tasks[number] = task = replace(self.task(number), **fields)
        return task

    def set_instance(self, number: int, instance: int, **fields: object) -> Instance:
        """Replace fields of an instance; from now on it has a row."""
        row = replace(self.instance(number, instance), **fields)
        self._instances[(number, instance)] = row
        self._dirty_instances.add((number, instance))
        return row

    def set_run(self, number: int, instance: int, **fields: object) -> Run:
        """Replace fields of the run of a task (instance 0) or an instance."""
        if instance:
            run = replace(self.instance(number, instance).run, **fields)
            self.set_instance(number, instance, run=run)
        else:
            run = replace(self.task(number).run, **fields)
            self.set_task(number, run=run)
        return run

    def add_task(self, task: Task) -> Task:
        """Add a new task; its number follows the last one. Raises BadRequest for too much text in all."""
        number = self.job.task_count + 1
        size = self.job.task_bytes + text_bytes(task)
        check_grown(self.job.id, self.job.task_bytes, size)
        added = self.tx.add_task(
            replace(
                task, job_id=self.job.id, number=number, times=Times(created=self.tx.now, changed=self.tx.now)
            )
        )
        self._tasks[number] = self._tasks_before[number] = added
        self.set_job(task_count=number, task_bytes=size, runs=self.job.runs + runs(added)[0])
        return added

    def touch(self, number: int = 0, instance: int = 0) -> None:
        """Have listeners told of the job (or a task, or an instance) even though its state stays: it is to be
        stopped harder, say.
        """
        if instance:
            state: JobState | TaskState = self.instance(number, instance).state
        else:
            state = self.task(number).state if number else self.job.state
        self._paths.setdefault((number, instance), [state])

    def job_happens(self, *happened: JobHappened, **fields: object) -> bool:
        """Walk the job through its table, and if its state changes, replace these fields with it.

        Whether its state changed. Raises WrongState, having changed nothing.
        """
        path = [self.job.state]
        for one in happened:
            after = step_job(path[-1], one)
            if after is not path[-1]:
                path.append(after)
        if len(path) == 1:
            return False
        self._walked((0, 0), path)
        self.job = replace(self.job, state=path[-1], previous_state=path[-2], **fields)
        return True

    def task_happens(self, number: int, *happened: TaskHappened, **fields: object) -> bool:
        """Walk a task through its table, and if its state changes, replace these fields with it.

        Whether its state changed. Raises WrongState, having changed nothing.
        """
        task = self.task(number)
        path = _task_path(task.state, happened)
        if len(path) == 1:
            return False
        self._walked((number, 0), path)
        self._tasks[number] = replace(task, state=path[-1], previous_state=path[-2], **fields)
        return True

    def instance_happens(self, number: int, instance: int, *happened: TaskHappened) -> bool:
        """Walk an instance through its table.

        Whether its state changed. Raises WrongState, having changed nothing.
        """
        row = self.instance(number, instance)
        path = _task_path(row.state, happened)
        if len(path) == 1:
            return False
        self._walked((number, instance), path)
        self._count_row(number, (number, instance), path[0], path[-1])
        self._instances[(number, instance)] = replace(row, state=path[-1], previous_state=path[-2])
        self._dirty_instances.add((number, instance))
        return True

    def _walked(self, key: tuple[int, int], path: Sequence[JobState | TaskState]) -> None:
        known = self._paths.get(key)
        if known is None:
            self._paths[key] = [*path]
        else:
            known.extend(path[1:])

    def _count_row(self, number: int, key: tuple[int, int], before: TaskState, after: TaskState) -> None:
        """Keep the task's counts of instances.

        A made-up row that leaves its rest state leaves the rest too.
        """
        task = self.task(number)
        counts = {"finished": task.finished, "failed": task.failed, "canceled": task.canceled}
        for state, change in ((before, -1), (after, 1)):
            if state in FINAL_TASK_STATES:
                counts[state.name.lower()] += change
        queued = task.queued_rows
        if before is TaskState.QUEUED and key not in self._uncounted:
            queued -= 1
        if after is TaskState.QUEUED:
            queued += 1
        self._uncounted.discard(key)
        self._tasks[number] = replace(task, queued_rows=queued, **counts)

    # ---- writing

    def recount_ready(self) -> None:
        """Have the ready tasks counted anew at the next save (after the job was blocked or unblocked)."""
        self._recount = True

    def unconcluded(self) -> list[Task]:
        """Changed tasks from whose present state no conclusion has been drawn yet.

        Each is returned once per change.
        """
        found = []
        for task in self.changed_tasks():
            signature = (task.state, task.live, task.failed, task.finished, task.canceled, task.concluded)
            if self._concluded.get(task.number) != signature:
                self._concluded[task.number] = signature
                found.append(task)
        return found

    def counted(self, number: int) -> Standing:
        """As what this task was last counted."""
        return self._counted.get(number) or standing(self._tasks_before[number])

    def count(self, number: int) -> Standing:
        """As what this task counts from now on."""
        now = self._counted[number] = standing(self._tasks[number])
        return now

    def save(self) -> Job:
        """Write what changed, with its events. Returns the job as kept."""
        now = self.tx.now
        if self._dirty_instances:
            self._save_instances(now)
        counts = self._save_tasks(now)
        if counts or self.job is not self._before or self._paths:
            self.job = replace(self.job, times=replace(self.job.times, changed=now), **counts)
            self.tx.put_job(self.job)
        for key in sorted(self._paths):
            self.tx.append(Event(self.job.id, *key, tuple(map(int, self._paths[key]))))
        self._paths.clear()
        self._before = self.job
        return self.job

    def _save_instances(self, now: int) -> None:
        rows = []
        for key in sorted(self._dirty_instances):
            row = self._instances[key] = replace(
                self._instances[key], times=replace(self._instances[key].times, changed=now)
            )
            rows.append(row)
        self.tx.put_instances(rows)
        fresh: dict[int, int] = {}
        for number, instance in self._dirty_instances & self._new_rows:
            fresh[number] = fresh.get(number, 0) + 1
            self._new_rows.discard((number, instance))
            if (number, instance) in self._uncounted:
                self._uncounted.discard((number, instance))
                if self._instances[(number, instance)].state is TaskState.QUEUED:
                    self.set_task(number, queued_rows=self.task(number).queued_rows + 1)
        for number, count in fresh.items():
            self.set_task(number, rows=self.task(number).rows + count)
        self._dirty_instances.clear()

    def _save_tasks(self, now: int) -> dict[str, int]:
        """Write the tasks that changed. Which counts of the job are others now."""
        ready, all_runs, ended_runs = self.job.ready_tasks, self.job.runs, self.job.ended_runs
        size = self.job.task_bytes
        for number, task in self._tasks.items():
            before = self._tasks_before[number]
            if task is before:
                continue
            is_ready = has_something_to_start(task)
            ready += is_ready - before.ready
            runs_before, ended_before = runs(before)
            runs_now, ended_now = runs(task)
            all_runs += runs_now - runs_before
            ended_runs += ended_now - ended_before
            if not (
                task.spec is before.spec
                and task.environment is before.environment
                and task.custom is before.custom
            ):
                size += text_bytes(task) - text_bytes(before)
            kept = replace(task, ready=is_ready, times=replace(task.times, changed=now))
            self.tx.put_task(kept)
            self._tasks[number] = self._tasks_before[number] = kept
        if self.job.blocked:
            ready = 0
        elif self._recount or self._before.blocked:
            few = self._all_loaded or self.at_once
            ready = sum(task.ready for task in self.all_tasks()) if few else self.tx.count_ready(self.job.id)
        self._recount = False
        self._counted.clear()
        self._concluded.clear()
        counts: dict[str, int] = {}
        if size != self.job.task_bytes:
            check_grown(self.job.id, self.job.task_bytes, size)
            counts["task_bytes"] = size
        if (ready, all_runs, ended_runs) != (self.job.ready_tasks, self.job.runs, self.job.ended_runs):
            counts |= {"ready_tasks": ready, "runs": all_runs, "ended_runs": ended_runs}
        return counts


def add_tasks(tx: Transaction, job: Job, tasks: Sequence[Task]) -> Job:
    """Keep more tasks of a job that is not kept itself yet (`Transaction.reserve_job`). The job with them.

    Raises BadRequest for too much text in all.
    """
    number, size, all_runs = job.task_count, job.task_bytes, job.runs
    times = Times(created=job.times.created, changed=tx.now)
    for number, task in enumerate(tasks, job.task_count + 1):
        size += text_bytes(task)
        check_grown(job.id, job.task_bytes, size)
        added = tx.add_task(replace(task, job_id=job.id, number=number, times=times))
        all_runs += runs(added)[0]
    return replace(job, task_count=number, task_bytes=size, runs=all_runs)


@cache  # thousands of tasks go the same way
def _task_path(state: TaskState, happened: tuple[TaskHappened, ...]) -> Sequence[TaskState]:
    path = [state]
    for one in happened:
        after = step_task(path[-1], one)
        if after is not path[-1]:
            path.append(after)
    return path
