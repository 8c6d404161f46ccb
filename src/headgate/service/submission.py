"""Submitting and requeueing: the way of a job and its tasks from Configuring to Queued, inside one
transaction.

Validation runs here, in the transaction of the submit itself, so that a submitted job is Queued (or Failed,
with the reason) as soon as the answer is on disk; listeners still see every state passed.
"""

from msgspec.structs import replace

from headgate.core.errors import WrongState
from headgate.core.lifecycle import JobHappened, TaskHappened
from headgate.core.model import Instance, Mishap, Run, Task
from headgate.core.resources import instance_count
from headgate.core.states import FINAL_TASK_STATES, JobState, TaskState
from headgate.core.validation import Surroundings, dependencies, validate
from headgate.core.vocabulary import Intention, PendingReason, TaskType
from headgate.ports.store import Reader
from headgate.service.edit import JobEdit
from headgate.service.endings import review_pending

_INTO_THE_QUEUE = (TaskHappened.SUBMIT_ASKED, TaskHappened.VALIDATION_BEGUN, TaskHappened.VALIDATED)
_AGAIN = (TaskHappened.REQUEUE_ASKED, *_INTO_THE_QUEUE)
_ENDED_BADLY = frozenset({TaskState.FAILED, TaskState.CANCELED})


def submit(edit: JobEdit) -> None:
    """Submit a job that is being configured, and validate it. Call `settle` afterwards. Raises WrongState."""
    edit.job_happens(JobHappened.SUBMIT_ASKED, JobHappened.VALIDATION_BEGUN)
    now = edit.tx.now
    edit.set_job(times=replace(edit.job.times, submitted=now, started=None, ended=None))
    mishap = _validate_and_queue(edit)
    if mishap is not None:
        _reject(edit, mishap)


def _validate_and_queue(edit: JobEdit) -> Mishap | None:
    tasks = edit.all_tasks()
    mishap = validate(edit.job, tasks, surroundings(edit.tx, edit))
    if mishap is not None:
        return mishap
    waits = dependencies(tasks)
    wanted: dict[int, list[int]] = {}
    for number, parents in waits.items():
        for parent in parents:
            wanted.setdefault(parent, []).append(number)
    for task in tasks:
        if task.state is TaskState.CONFIGURING:
            queue_task(edit, task)
        open_parents = [n for n in waits.get(task.number, ()) if edit.task(n).state not in FINAL_TASK_STATES]
        if open_parents or task.number in wanted or task.waits_for:
            edit.set_task(
                task.number, waits_for=tuple(open_parents), wanted_by=tuple(wanted.get(task.number, ()))
            )
    edit.job_happens(JobHappened.VALIDATED)
    edit.set_job(
        blocked=False,
        pending_reason=PendingReason.NONE,
        mishap=None,
        intention=Intention.NONE,
        forced=False,
        message="",
        node_phases={},
        nodes=(),
        open_tasks=sum(
            t.state not in FINAL_TASK_STATES and not t.spec.type.is_node_duty for t in edit.all_tasks()
        ),
        failed_tasks=sum(
            t.state is TaskState.FAILED and not t.spec.type.is_node_duty for t in edit.all_tasks()
        ),
        first_failed_task="",
        node_duties=any(t.spec.type.is_node_duty for t in tasks),
    )
    for task in edit.all_tasks():
        edit.count(task.number)  # counted just now
    review_pending(edit)
    edit.recount_ready()
    if edit.job.spec.run_until_canceled and not edit.job.blocked and not edit.job.open_tasks:
        edit.job_happens(JobHappened.ALLOCATED)
        edit.set_job(times=replace(edit.job.times, started=edit.tx.now))
    return None


def _reject(edit: JobEdit, mishap: Mishap) -> None:
    for task in edit.all_tasks():
        if task.state is TaskState.CONFIGURING:
            edit.task_happens(
                task.number,
                TaskHappened.SUBMIT_ASKED,
                TaskHappened.VALIDATION_BEGUN,
                TaskHappened.VALIDATION_FAILED,
            )
            edit.set_run(task.number, 0, mishap=Mishap("Validation_TaskFailedOnJobValidationFault"))
            edit.set_task(task.number, times=replace(edit.task(task.number).times, ended=edit.tx.now))
        edit.count(task.number)
    edit.job_happens(JobHappened.VALIDATION_FAILED)
    edit.set_job(mishap=mishap, times=replace(edit.job.times, ended=edit.tx.now))


def surroundings(reader: Reader, edit: JobEdit) -> Surroundings:
    """What there is to validate against now."""
    parents = reader.jobs([dependency.job_id for dependency in edit.job.spec.depends_on])
    groups = [group.name for group in reader.node_groups()]
    return Surroundings(reader.nodes(), groups, {parent.id: parent.state for parent in parents})


def queue_task(edit: JobEdit, task: Task) -> None:
    """Submit one task of a job that is being (or has been) submitted: it is Queued afterwards, and expanded
    if it is a sweep.
    """
    edit.task_happens(task.number, *_INTO_THE_QUEUE)
    edit.set_task(
        task.number,
        times=replace(task.times, submitted=edit.tx.now, started=None, ended=None),
        instance_count=instance_count(task.spec),
        expanded=task.spec.type is TaskType.PARAMETRIC_SWEEP,
        rest_state=TaskState.QUEUED,
    )


# ---- again


def requeue_job(edit: JobEdit) -> None:
    """Requeue a job: what failed or was cancelled runs again, what finished stays. Call `settle` afterwards.

    Tasks that were cancelled by name before they ever ran stay Canceled (spec section 7.3). Raises
    WrongState.
    """
    edit.job_happens(JobHappened.REQUEUE_ASKED)
    for task in edit.all_tasks():
        if task.spec.type.is_node_duty or task.spec.type is TaskType.SERVICE:
            _reset_task(edit, task)
        elif task.state in _ENDED_BADLY and not task.cancelled_unrun:
            requeue_task(edit, task.number)
    edit.set_job(
        requeue_count=edit.job.requeue_count + 1,
        progress=None,
        times=replace(edit.job.times, started=None, ended=None),
        mishap=None,
        intention=Intention.NONE,
    )
    submit(edit)


def _reset_task(edit: JobEdit, task: Task) -> None:
    """Let a prep, release or service task begin anew with the job, without its old instances."""
    edit.tx.drop_instances(edit.job.id, task.number)
    edit.task_happens(task.number, TaskHappened.JOB_REQUEUED)
    edit.set_task(
        task.number,
        instance_count=0,
        rows=0,
        queued_rows=0,
        live=0,
        finished=0,
        failed=0,
        canceled=0,
        next_instance=1,
        concluded=False,
        rest_state=TaskState.QUEUED,
        run=Run(requeue_count=task.run.requeue_count + 1),
        times=replace(edit.task(task.number).times, started=None, ended=None),
    )


def requeue_task(edit: JobEdit, number: int) -> None:
    """Take a failed or cancelled task back to Configuring, with those of its instances that did not finish
    queued again.

    Call `queue_task` (or submit the job) afterwards. Raises WrongState.
    """
    task = edit.task(number)
    if task.spec.type.is_node_duty or task.spec.type is TaskType.SERVICE:
        raise_not_requeueable(task)
    edit.task_happens(number, TaskHappened.REQUEUE_ASKED)
    _fresh_run(edit, number, 0)
    if task.spec.type is TaskType.BASIC:
        edit.set_task(number, times=replace(edit.task(number).times, started=None, ended=None))
        return
    for row in edit.rows(number, _ENDED_BADLY):
        requeue_instance(edit, number, row)
    task = edit.task(number)
    rest = task.instance_count - task.rows
    cleared: dict[str, object] = {}
    if task.rest_state is TaskState.CANCELED:
        cleared["canceled"] = task.canceled - rest
    elif task.rest_state is TaskState.FAILED:
        cleared["failed"] = task.failed - rest
    edit.set_task(
        number,
        concluded=False,
        cancelled_unrun=False,
        times=replace(task.times, started=None, ended=None),
        **cleared,
    )


def requeue_instance(edit: JobEdit, number: int, row: Instance) -> None:
    """Put one failed or cancelled instance back into the queue. Raises WrongState."""
    edit.instance_happens(number, row.number, *_AGAIN)
    _fresh_run(edit, number, row.number)
    edit.set_instance(number, row.number, times=replace(row.times, started=None, ended=None))


def _fresh_run(edit: JobEdit, number: int, instance: int) -> None:
    run = edit.instance(number, instance).run if instance else edit.task(number).run
    edit.set_run(
        number,
        instance,
        requeue_count=run.requeue_count + 1,
        intent=0,
        mishap=None,
        message="",
        intention=Intention.NONE,
        shares=(),
        signal=None,
        failure_retry_count=0,
        auto_requeue_count=0,
    )


def raise_not_requeueable(task: Task) -> None:
    """Prep, release and service tasks can't be requeued one by one."""
    raise WrongState(
        f"Task {task.job_id}.{task.number} is a {task.spec.type.name.title()} task:"
        " those cannot be requeued.",
        code="Operation_TaskOfTypeCannotBeReconfigured",
        parameters=(task.spec.type.name.title(),),
    )


def is_open(job_state: JobState) -> bool:
    """Whether tasks may still be added to, or requeued in, a job in this state."""
    return job_state in (JobState.CONFIGURING, JobState.QUEUED, JobState.RUNNING)
