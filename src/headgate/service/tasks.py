"""Tasks and instances (subtasks): what a user can ask about them.

Every method takes the caller first and checks the rights itself.
"""

from collections.abc import Mapping, Sequence

from headgate.core.codes import message as describe
from headgate.core.environment import merge
from headgate.core.errors import BadRequest, NotFound, WrongState
from headgate.core.instances import untouched
from headgate.core.lifecycle import state_name
from headgate.core.model import Instance, Job, Mishap, Task
from headgate.core.properties import Moment, Property, apply_task, check_settable
from headgate.core.states import JobState, TaskState
from headgate.core.validation import dependencies, validate_added
from headgate.core.vocabulary import TaskType
from headgate.ports.identity import Caller
from headgate.ports.store import Cursor, Reader, Store, TaskPage, TaskQuery, Transaction
from headgate.service.customs import merge_custom
from headgate.service.edit import NOT_EXPANDED, JobEdit
from headgate.service.endings import settle, stop_instance, stop_task
from headgate.service.jobs import check_message, check_settable_environment, wrong_job_state
from headgate.service.passages import require_settled
from headgate.service.queueing import look_again
from headgate.service.rights import may_see_all, require_change, require_seeing, require_stop
from headgate.service.submission import (
    queue_again,
    queue_task,
    requeue_instance,
    requeue_task,
    require_requeueable,
    surroundings,
    wait_for,
)
from headgate.service.views import TaskView

_OPEN = frozenset({JobState.QUEUED, JobState.RUNNING})
MOST_BESIDE_A_SERVICE = 4
"""A job with a Service task has at most a NodePrep and a NodeRelease task besides: with the new one, four."""


class Tasks:
    """See the module. `instance` None (or 0) means the task itself."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # ---- making and changing

    async def add(self, caller: Caller, job_id: int, changes: Mapping[Property, object]) -> int:
        """A new task, at once submitted if its job already is. Returns its number."""
        for prop in changes:
            check_settable(prop, Moment.ADD, TaskState.CONFIGURING)
        new = apply_task(Task(job_id=job_id), changes)

        def change(tx: Transaction) -> int:
            job = tx.job(job_id)
            require_change(caller, job)
            edit = JobEdit(tx, job)
            _check_addable(job, new)
            task = edit.add_task(new)
            if job.state is JobState.CONFIGURING:
                edit.save()
            else:
                _submit_added(edit, task)
                settle(edit)
            return task.number

        return await self._store.write(change)

    async def set(
        self,
        caller: Caller,
        job_id: int,
        number: int,
        changes: Mapping[Property, object],
        instance: int | None = None,
    ) -> None:
        """Change properties of a task that is still Configuring: all of them or none."""

        def change(tx: Transaction) -> None:
            edit = _edit(tx, caller, job_id)
            task = edit.task(number)
            state = edit.instance(number, instance).state if instance else task.state
            if state is not TaskState.CONFIGURING:
                raise WrongState(
                    f"Task {job_id}.{number} is in the {state_name(state)} state: only tasks that are being"
                    " configured can be changed.",
                    code="Operation_TryToModifyInvalidStateTask",
                    parameters=(state_name(state),),
                )
            for prop in changes:
                check_settable(prop, Moment.ADD, state)
            edit.set_task(number, spec=apply_task(task, changes).spec)
            edit.save()

        await self._store.write(change)

    async def cancel(
        self,
        caller: Caller,
        job_id: int,
        number: int,
        *,
        instance: int | None = None,
        message: str = "",
        forced: bool = False,
    ) -> None:
        """Cancel a task with all its instances, or one instance."""
        check_message(message)

        def change(tx: Transaction) -> None:
            edit = _edit_to_stop(tx, caller, job_id)
            task = edit.task(number)
            state = edit.instance(number, instance).state if instance else task.state
            running = state in (TaskState.DISPATCHING, TaskState.RUNNING)
            code = "Execution_TaskCanceledDuringExecution" if running else "Operation_CanceledByUser"
            mishap = Mishap(code, (message or "None",))
            if state is TaskState.CANCELING:
                pass  # it is being cancelled already; all that can be added is force
            elif instance:
                stop_instance(edit, number, instance, finish=False, mishap=mishap, message=message)
            else:
                unrun = task.times.started is None and not running
                stop_task(edit, number, finish=False, mishap=mishap, message=message)
                edit.set_task(number, cancelled_unrun=unrun)
            if forced:
                edit.set_run(number, instance or 0, forced=True)
                edit.touch(number, instance or 0)
            settle(edit)

        await self._store.write(change)

    async def finish(
        self, caller: Caller, job_id: int, number: int, *, instance: int | None = None, message: str = ""
    ) -> None:
        """End a task or instance as Finished, whatever still runs."""
        check_message(message)
        mishap = Mishap("Execution_TaskFinishedDuringExecution", (message or "None",))

        def change(tx: Transaction) -> None:
            edit = _edit_to_stop(tx, caller, job_id)
            if instance:
                stop_instance(edit, number, instance, finish=True, mishap=mishap, message=message)
            else:
                stop_task(edit, number, finish=True, mishap=mishap, message=message)
            settle(edit)

        await self._store.write(change)

    async def requeue(self, caller: Caller, job_id: int, number: int, *, instance: int | None = None) -> None:
        """Run again a task or instance that failed or was cancelled, while its job is Queued or Running."""

        def change(tx: Transaction) -> None:
            edit = _edit(tx, caller, job_id)
            if edit.job.state not in _OPEN:
                raise wrong_job_state(
                    edit.job, "its tasks can only be requeued while it is Queued or Running"
                )
            require_requeueable(edit.task(number))
            if instance:
                requeue_instance(edit, number, instance)
            elif edit.task(number).state is not TaskState.QUEUED:
                requeue_task(edit, number)
                queue_again(edit, number)
            settle(edit)

        await self._store.write(change)

    # ---- looking

    def get(self, caller: Caller, job_id: int, number: int, instance: int | None = None) -> TaskView:
        """One task or instance. Raises NotFound."""

        def look(reader: Reader) -> TaskView:
            job, task = reader.job(job_id), reader.task(job_id, number)
            row = _row(reader, task, instance) if instance else None
            full = may_see_all(caller, job)
            output = reader.output(job_id, number, instance or 0) if full else b""
            own = job.owner.casefold() == caller.name.casefold()
            return TaskView(task=task, instance=row, full=full, own=own, output=output)

        return self._store.peek(look)

    async def outputs(self, rows: Sequence[tuple[int, int, int]]) -> Sequence[bytes]:
        """Captured output of (job, task, instance) rows of a list whose reader may see it."""
        return await self._store.read(lambda reader: [reader.output(*row) for row in rows])

    async def list(
        self,
        caller: Caller,
        query: TaskQuery,
        *,
        limit: int,
        after: Cursor | None = None,
        offset: int | None = None,
        count: bool = False,
    ) -> tuple[Job, bool, TaskPage]:
        """(the job, whether private properties may be shown, a page of its tasks).

        Raises NotFound for an unknown job.
        """

        def look(reader: Reader) -> tuple[Job, TaskPage]:
            job = reader.job(query.job_id)
            return job, reader.list_tasks(query, limit=limit, after=after, offset=offset, count=count)

        job, page = await self._store.read(look)
        return job, may_see_all(caller, job), page

    # ---- variables and custom properties

    def environment(self, caller: Caller, job_id: int, number: int) -> Mapping[str, str]:
        """The variables set on the task itself."""
        return self._full(caller, job_id, number).environment

    async def set_environment(
        self, caller: Caller, job_id: int, number: int, changes: Mapping[str, str | None]
    ) -> None:
        """Merge variables into those of a task; an empty value deletes."""

        def change(tx: Transaction) -> None:
            edit = _edit(tx, caller, job_id)
            check_settable_environment(edit)
            edit.set_task(number, environment=merge(edit.task(number).environment, changes))
            edit.save()

        await self._store.write(change)

    def custom_properties(self, caller: Caller, job_id: int, number: int) -> Mapping[str, str]:
        """The custom properties of the task."""
        return self._full(caller, job_id, number).custom

    async def set_custom_properties(
        self, caller: Caller, job_id: int, number: int, changes: Mapping[str, str | None]
    ) -> None:
        """Merge custom properties; None deletes."""

        def change(tx: Transaction) -> None:
            edit = _edit(tx, caller, job_id)
            edit.set_task(number, custom=merge_custom(edit.task(number).custom, changes))
            edit.save()

        await self._store.write(change)

    def _full(self, caller: Caller, job_id: int, number: int) -> Task:
        job, task = self._store.peek(lambda reader: (reader.job(job_id), reader.task(job_id, number)))
        require_seeing(caller, job)
        return task


def _edit(tx: Transaction, caller: Caller, job_id: int) -> JobEdit:
    job = tx.job(job_id)
    require_change(caller, job)
    require_settled(job)
    return JobEdit(tx, job)


def _edit_to_stop(tx: Transaction, caller: Caller, job_id: int) -> JobEdit:
    job = tx.job(job_id)
    require_stop(caller, job)
    require_settled(job)
    return JobEdit(tx, job)


def _row(reader: Reader, task: Task, number: int) -> Instance:
    row = reader.instance(task.job_id, task.number, number)
    if row is not None:
        return row
    if not task.expanded or not 1 <= number <= task.instance_count:
        raise NotFound(NOT_EXPANDED, kind="instance", code="Operation_InvalidTaskId")
    return untouched(task, number)


def _check_addable(job: Job, new: Task) -> None:
    if job.state is JobState.CONFIGURING:
        return
    if job.state not in _OPEN:
        raise wrong_job_state(job, "no tasks can be added to it")
    if new.spec.type not in (TaskType.BASIC, TaskType.PARAMETRIC_SWEEP):
        name = new.spec.type.name.title().replace("_", "")
        raise WrongState(
            f"A {name} task can only be added while the job is being configured.",
            code="Operation_TaskTypeAddedInWrongJobState",
            parameters=(name,),
        )


def _submit_added(edit: JobEdit, task: Task) -> None:
    """Validate and queue a task added to a submitted job. Raises BadRequest when it is not valid."""
    few = edit.job.task_count <= MOST_BESIDE_A_SERVICE
    tasks = edit.all_tasks() if task.spec.depends_on or few else [task]
    mishap = validate_added(edit.job, task, tasks, edit.tx.derived(surroundings))
    if mishap is not None:
        raise BadRequest(describe(mishap), code=mishap.code, parameters=mishap.parameters)
    look_again(edit)
    queue_task(edit, task.number)
    edit.set_job(open_tasks=edit.job.open_tasks + 1)
    edit.count(task.number)
    parents = dependencies(tasks).get(task.number, ())
    for parent in parents:
        edit.set_task(parent, wanted_by=(*edit.task(parent).wanted_by, task.number))
    wait_for(edit, task.number, parents)
