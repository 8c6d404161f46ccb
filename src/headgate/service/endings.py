"""What follows when something ends or is to end: of a task for those that depend on it, of all tasks for
the job, of a job for its children. `settle` is called after every batch of changes to a job; `stop_job`
starts an ending.

Consequences are decided here, carried out by the dispatcher (which stops what is live in a job or task that
is Canceling or Finishing), and come back as sightings.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from headgate.core.lifecycle import JobHappened, TaskHappened
from headgate.core.model import Job, Mishap, Task
from headgate.core.states import FINAL_JOB_STATES, FINAL_TASK_STATES, JobState, TaskState
from headgate.core.vocabulary import HoldKind, Intention, PendingReason, TaskType
from headgate.ports.store import Reader, Transaction
from headgate.service.edit import JobEdit, waiting_instances

RELEASABLE = frozenset({"ready", "unusable"})
"""Phases of a node on which NodeRelease still has to run when the job ends."""
_WINDING = frozenset({JobState.FINISHING, JobState.CANCELING})
_ENDABLE = frozenset({JobState.QUEUED, JobState.RUNNING})
JOB_CANCELED = Mishap("Execution_TasksJobCanceled")


def settle(edit: JobEdit) -> None:
    """Draw every conclusion from the tasks' present state, then save the edit and free the job's children."""
    before = edit.job.state
    _conclude_tasks(edit)
    _end_job(edit)
    job = edit.save()
    if job.state in FINAL_JOB_STATES and before not in FINAL_JOB_STATES:
        free_children(edit.tx, job)


def _conclude_tasks(edit: JobEdit) -> None:
    """End masters whose last instance has ended, count ended tasks, and free or fail their dependents."""
    while changed := edit.unconcluded():
        for task in changed:
            if task.spec.type is not TaskType.BASIC and task.state not in FINAL_TASK_STATES:
                _end_master(edit, task)
            _count(edit, task.number)


def _end_master(edit: JobEdit, task: Task) -> None:
    if task.live or task.spec.type.is_node_duty:
        return
    stopping = task.state in (TaskState.CANCELING, TaskState.FINISHING)
    if not stopping and (
        waiting_instances(task) or (task.spec.type is TaskType.SERVICE and not task.concluded)
    ):
        return
    if task.state is TaskState.CANCELING:
        happened: tuple[TaskHappened, ...] = (TaskHappened.ALL_STOPPED,)
    elif task.state is TaskState.FINISHING:
        happened = (TaskHappened.WOUND_UP_WELL,)
    elif task.failed:
        happened = (TaskHappened.EXITED, TaskHappened.WOUND_UP_BADLY)
    elif task.canceled and task.canceled == task.instance_count:
        happened = (TaskHappened.CANCEL_ASKED, TaskHappened.ALL_STOPPED)
    else:
        happened = (TaskHappened.EXITED, TaskHappened.WOUND_UP_WELL)
    end_task(edit, task.number, *happened)


def end_task(edit: JobEdit, number: int, *happened: TaskHappened) -> None:
    """Walk a task to its end and note when."""
    if edit.task_happens(number, *happened) and edit.task(number).state in FINAL_TASK_STATES:
        task = edit.task(number)
        edit.set_task(number, times=replace(task.times, ended=edit.tx.now))


def _count(edit: JobEdit, number: int) -> None:
    """Keep open_tasks and failed_tasks, and tell those who wait for a task that ended."""
    task = edit.task(number)
    if task.spec.type.is_node_duty:
        return
    was, now = edit.count(number)
    ended_was, ended_now = was in FINAL_TASK_STATES, now in FINAL_TASK_STATES
    change = (now is TaskState.FAILED) - (was is TaskState.FAILED)
    if change:
        count = edit.job.failed_tasks + change
        first = edit.job.first_failed_task or f"{edit.job.id}.{number}"
        edit.set_job(failed_tasks=count, first_failed_task=first if count else "")
    if ended_now != ended_was:
        edit.set_job(open_tasks=edit.job.open_tasks - (1 if ended_now else -1))
    if ended_now and not ended_was:
        _tell_dependents(edit, task)
    if now is TaskState.FAILED or (task.failed and task.spec.type is not TaskType.BASIC):
        _fail_job_if_critical(edit, task)


def _tell_dependents(edit: JobEdit, ended: Task) -> None:
    bad = ended.state in (TaskState.FAILED, TaskState.CANCELED) and edit.job.spec.fail_dependent_tasks
    for number in ended.wanted_by:
        task = edit.task(number)
        if task.state in FINAL_TASK_STATES:
            continue
        edit.set_task(number, waits_for=tuple(n for n in task.waits_for if n != ended.number))
        if bad and task.state is TaskState.QUEUED:
            edit.set_run(number, 0, mishap=Mishap("Operation_FailDependentTasks"))
            if task.spec.type is not TaskType.BASIC:
                edit.set_task(
                    number, rest_state=TaskState.FAILED, failed=task.failed + waiting_instances(task)
                )
            end_task(edit, number, TaskHappened.DEPENDENCY_FAILED)


def _fail_job_if_critical(edit: JobEdit, task: Task) -> None:
    if edit.job.state not in _ENDABLE:
        return
    many = task.failed if task.spec.type is not TaskType.BASIC else 1
    critical = task.spec.fail_job_on_failure and many >= task.spec.fail_job_on_failure_count
    if critical or edit.job.spec.fail_on_task_failure:
        mishap = Mishap(
            "Execution_TaskFailure", (edit.job.first_failed_task or f"{edit.job.id}.{task.number}",)
        )
        stop_job(edit, JobHappened.TASK_FAILURE_COUNTED, Intention.FAIL, mishap=mishap)


def stop_job(
    edit: JobEdit,
    happened: JobHappened,
    intention: Intention,
    *,
    mishap: Mishap | None = None,
    message: str = "",
    forced: bool = False,
) -> None:
    """Begin to end a job: nothing more starts, what waits is cancelled, what is live is to be stopped.

    Raises WrongState when the table does not allow it.
    """
    configuring = edit.job.state is JobState.CONFIGURING
    edit.job_happens(happened)
    edit.set_job(
        intention=intention, mishap=mishap, message=message, forced=forced or edit.job.forced, blocked=False
    )
    if configuring:  # its tasks stay Configuring (7.2)
        return
    for task in edit.all_tasks():
        if task.state in FINAL_TASK_STATES or task.spec.type.is_node_duty:
            continue
        stop_task(edit, task.number, finish=intention is Intention.FINISH, mishap=JOB_CANCELED)


def stop_task(edit: JobEdit, number: int, *, finish: bool, mishap: Mishap | None, message: str = "") -> None:
    """Cancel (or finish) a task: its waiting instances at once, its live ones through the dispatcher."""
    asked = TaskHappened.FINISH_ASKED if finish else TaskHappened.CANCEL_ASKED
    intention = Intention.FINISH if finish else Intention.CANCEL
    task = edit.task(number)
    edit.set_run(number, 0, intention=intention, message=message, mishap=mishap)
    if task.spec.type is TaskType.BASIC:
        waiting = task.state is TaskState.QUEUED
        end_task(edit, number, asked, *([TaskHappened.WOUND_UP_WELL] if finish and waiting else []))
        return
    for row in edit.rows(number, _NOT_FINAL):
        stop_instance(edit, number, row.number, finish=finish, mishap=mishap, message=message)
    task = edit.task(number)
    rest = waiting_instances(task)
    if finish:
        edit.set_task(number, rest_state=TaskState.FINISHED, finished=task.finished + rest, concluded=True)
    else:
        edit.set_task(number, rest_state=TaskState.CANCELED, canceled=task.canceled + rest, concluded=True)
    edit.task_happens(number, asked)
    if edit.task(number).state not in FINAL_TASK_STATES:  # nothing had started: it has ended already
        _end_master(edit, edit.task(number))
    if edit.task(number).state in FINAL_TASK_STATES:
        edit.set_task(number, times=replace(edit.task(number).times, ended=edit.tx.now))


_NOT_FINAL = frozenset(TaskState) - FINAL_TASK_STATES


def stop_instance(
    edit: JobEdit, number: int, instance: int, *, finish: bool, mishap: Mishap | None, message: str = ""
) -> None:
    """Cancel (or finish) one instance. Raises WrongState when it has ended."""
    asked = TaskHappened.FINISH_ASKED if finish else TaskHappened.CANCEL_ASKED
    waiting = edit.instance(number, instance).state is TaskState.QUEUED
    edit.instance_happens(
        number, instance, asked, *([TaskHappened.WOUND_UP_WELL] if finish and waiting else [])
    )
    edit.set_run(
        number,
        instance,
        intention=Intention.FINISH if finish else Intention.CANCEL,
        message=message,
        mishap=mishap,
    )
    row = edit.instance(number, instance)
    if row.state in FINAL_TASK_STATES:
        edit.set_instance(number, instance, times=replace(row.times, ended=edit.tx.now))


def _end_job(edit: JobEdit) -> None:
    job = edit.job
    if job.state in _ENDABLE and job.open_tasks == 0 and not job.spec.run_until_canceled and not job.blocked:
        if job.task_count or job.state is JobState.RUNNING:
            edit.job_happens(JobHappened.TASKS_ENDED)
        else:  # a job without tasks has nothing to wait for
            edit.job_happens(JobHappened.ALLOCATED, JobHappened.TASKS_ENDED)
    if edit.job.state in _WINDING and edit.job.live == 0 and not release_pending(edit.job):
        _wind_up(edit)


def release_pending(job: Job) -> bool:
    """Whether NodeRelease still has to run somewhere."""
    return not job.forced and any(
        phase in RELEASABLE or phase == "releasing" for phase in job.node_phases.values()
    )


def _wind_up(edit: JobEdit) -> None:
    for task in _node_duties(edit):
        if task.state in FINAL_TASK_STATES or task.state is TaskState.CONFIGURING:
            continue
        if task.instance_count == 0:
            end_task(edit, task.number, TaskHappened.CANCEL_ASKED)
        else:
            bad = TaskHappened.WOUND_UP_BADLY if task.failed else TaskHappened.WOUND_UP_WELL
            end_task(edit, task.number, TaskHappened.EXITED, bad)
    job = edit.job
    badly = job.intention is Intention.FAIL or (job.intention is Intention.NONE and job.failed_tasks > 0)
    edit.job_happens(JobHappened.WOUND_UP_BADLY if badly else JobHappened.WOUND_UP_WELL)
    mishap = job.mishap
    if badly and mishap is None:
        mishap = Mishap("Execution_TaskFailure", (job.first_failed_task,))
    edit.set_job(
        mishap=mishap, times=replace(edit.job.times, ended=edit.tx.now), pending_reason=PendingReason.NONE
    )


def _node_duties(edit: JobEdit) -> Iterable[Task]:
    """NodePrep and NodeRelease tasks; jobs that have none are not searched for them."""
    if not edit.job.node_duties:
        return []
    return [task for task in edit.all_tasks() if task.spec.type.is_node_duty]


# ---- jobs that wait


def pending_reason(reader: Reader, job: Job, now: int) -> PendingReason:
    """Why a queued job may not start yet, resources aside; NONE when it may."""
    if job.spec.holds:
        return PendingReason.HELD_BY_USER if HoldKind.USER in job.spec.holds else PendingReason.HELD_BY_ADMIN
    if job.spec.depends_on:
        parents = reader.jobs([dependency.job_id for dependency in job.spec.depends_on])
        if any(parent.state in (JobState.FAILED, JobState.CANCELED) for parent in parents):
            return PendingReason.PARENT_JOBS_CANCELED_OR_FAILED
        if any(parent.state is not JobState.FINISHED for parent in parents):
            return PendingReason.PARENT_JOBS_NOT_FINISHED
    if job.spec.not_before is not None and job.spec.not_before > now:
        return PendingReason.HELD_BY_USER
    return PendingReason.NONE


def review_pending(edit: JobEdit) -> None:
    """Block or unblock a queued job by what it waits for now. Call `settle` afterwards."""
    if edit.job.state is not JobState.QUEUED:
        return
    reason = pending_reason(edit.tx, edit.job, edit.tx.now)
    blocked = reason is not PendingReason.NONE
    if blocked == edit.job.blocked and reason is edit.job.pending_reason:
        return
    edit.set_job(blocked=blocked, pending_reason=reason)
    edit.recount_ready()


def free_children(tx: Transaction, parent: Job) -> None:
    """Let the jobs that wait for this one look again."""
    for job_id in tx.children(parent.id):
        edit = JobEdit(tx, tx.job(job_id))
        review_pending(edit)
        settle(edit)
