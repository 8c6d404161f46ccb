"""Submitting and requeueing: the way of a job and its tasks from Configuring to Queued, inside one
transaction.

Validation runs here, in the transaction of the submit itself, so that a submitted job is Queued (or Failed,
with the reason) as soon as the answer is on disk; listeners still see every state passed.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from headgate.core import cloud_resources
from headgate.core.chunks import unknown_resources
from headgate.core.errors import WrongState
from headgate.core.lifecycle import JobHappened, TaskHappened, state_name
from headgate.core.model import Instance, Job, Mishap, Passage, Run, Task
from headgate.core.resources import instance_count
from headgate.core.states import FINAL_TASK_STATES, JobState, TaskState
from headgate.core.validation import Surroundings, dependencies, validate, waits
from headgate.core.vocabulary import Intention, PassageKind, PendingReason, TaskType
from headgate.ports.store import Reader
from headgate.service.chains import link
from headgate.service.edit import JobEdit
from headgate.service.endings import (
    end_task,
    end_waiting,
    fail_dependent,
    recount,
    review_pending,
    settle,
)
from headgate.service.nodes import OWN_SCHEDULER

_INTO_THE_QUEUE = (TaskHappened.SUBMIT_ASKED, TaskHappened.VALIDATION_BEGUN, TaskHappened.VALIDATED)
_AGAIN = (TaskHappened.REQUEUE_ASKED, *_INTO_THE_QUEUE)
_ENDED_BADLY = frozenset({TaskState.FAILED, TaskState.CANCELED})


def submit(edit: JobEdit, kind: PassageKind = PassageKind.SUBMIT) -> None:
    """Submit a job that is being configured, and validate it. Call `settle` afterwards. Raises WrongState.

    One with many tasks is only Submitted then: what follows, as what the kind says, is in `passages.py`.
    """
    times = replace(edit.job.times, submitted=edit.tx.now, started=None, ended=None)
    if not edit.at_once:
        edit.job_happens(JobHappened.SUBMIT_ASKED, times=times)
        edit.set_job(passage=Passage(kind=kind))
        return
    edit.job_happens(JobHappened.SUBMIT_ASKED, JobHappened.VALIDATION_BEGUN, times=times)
    mishap = _validate_and_queue(edit)
    if mishap is not None:
        _reject(edit, mishap)


def _validate_and_queue(edit: JobEdit) -> Mishap | None:
    mishap = check(edit)
    if mishap is not None:
        return mishap
    mishap, others = link(edit)
    if mishap is not None:
        return mishap
    tasks = edit.all_tasks()
    parents_of = dependencies(tasks)
    wanted_by = children(parents_of)
    queued = [task.number for task in tasks if task.state is TaskState.CONFIGURING]
    for task in tasks:
        wanted = tuple(wanted_by.get(task.number, ()))
        if wanted != task.wanted_by:
            edit.set_task(task.number, wanted_by=wanted)
        if task.state is TaskState.CONFIGURING:
            queue_task(edit, task.number)
    enqueue(edit)
    recount(edit)
    for number in queued:
        wait_for(edit, number, parents_of.get(number, ()))
    for other in others:
        tie(edit, other)
    review_pending(edit)
    edit.recount_ready()
    return None


def enqueue(edit: JobEdit) -> None:
    """The job is valid, and queued from now on."""
    edit.job_happens(
        JobHappened.VALIDATED,
        blocked=False,
        pending_reason=PendingReason.NONE,
        mishap=None,
        intention=Intention.NONE,
        forced=False,
        message="",
        node_phases={},
        nodes=(),
    )


def tie(edit: JobEdit, other: Job) -> None:
    """Keep another job as it is from now on, tied to the one that is being submitted."""
    tied = JobEdit(edit.tx, edit.tx.job(other.id))
    tied.set_job(spec=other.spec)
    review_pending(tied)
    settle(tied)


def children(parents_of: Mapping[int, Sequence[int]]) -> dict[int, list[int]]:
    """The other way round: for each task that others wait for, the numbers of those."""
    wanted_by: dict[int, list[int]] = {}
    for number, parents in parents_of.items():
        for parent in parents:
            wanted_by.setdefault(parent, []).append(number)
    return wanted_by


def unheeded(job: Job, tasks: Sequence[Task]) -> tuple[str, ...]:
    """What a new job asks for that nobody here heeds: it is kept, and told."""
    said: list[str] = []
    for task in tasks:
        for name, value in unknown_resources(job.spec, task.spec).items():
            shown = f"{name}={value}" if value else name
            unknown = f"The resource {shown} is not known here: it is kept, but nothing waits for it."
            said.append(cloud_resources.told(name, value) or unknown)
    if not said:
        return ()
    # What the script's own notes say is said with the place.
    return tuple(text for text in dict.fromkeys(said) if not any(text in one for one in job.import_warnings))


def _reject(edit: JobEdit, mishap: Mishap) -> None:
    reject_tasks(edit, edit.all_tasks())
    recount(edit)
    reject_job(edit, mishap)


def reject_job(edit: JobEdit, mishap: Mishap | None) -> None:
    """The job is not valid; its tasks have failed already."""
    edit.job_happens(JobHappened.VALIDATION_FAILED)
    edit.set_job(mishap=mishap, times=edit.job.times.over(edit.tx.now))


def reject_tasks(edit: JobEdit, tasks: Iterable[Task]) -> None:
    """These tasks fail, as their job is not valid."""
    why = Mishap("Validation_TaskFailedOnJobValidationFault")
    for task in tasks:
        if task.state is TaskState.CONFIGURING:
            end_waiting(edit, task.number, TaskState.FAILED, why)
            end_task(
                edit,
                task.number,
                TaskHappened.SUBMIT_ASKED,
                TaskHappened.VALIDATION_BEGUN,
                TaskHappened.VALIDATION_FAILED,
            )
            edit.set_run(task.number, 0, mishap=why)


def check(edit: JobEdit) -> Mishap | None:
    """The first thing that is wrong with a job as it is now, or None."""
    return validate(
        edit.job, edit.all_tasks(), edit.tx.derived(surroundings), states_of_parents(edit.tx, edit.job)
    )


def states_of_parents(reader: Reader, job: Job) -> Mapping[int, JobState]:
    """The states of the jobs that this one waits for, as far as it may."""
    wanted = [dependency.job_id for dependency in job.spec.depends_on]
    # How a job ended that was entered elsewhere may never be known: nothing of ours waits for one.
    parents = [parent for parent in reader.jobs(wanted) if parent.foreign is None] if wanted else []
    return {parent.id: parent.state for parent in parents}


def surroundings(reader: Reader) -> Surroundings:
    """What there is to validate against now. To be asked of `Reader.derived`."""
    groups = [group.name for group in reader.node_groups()]
    return Surroundings(reader.nodes(), groups, no_node_duties=reader.meta(OWN_SCHEDULER) or "")


def queue_task(edit: JobEdit, number: int) -> None:
    """Submit one task of a job that is being (or has been) submitted: it is Queued afterwards, and expanded
    if it is a sweep.
    """
    task = edit.task(number)
    edit.task_happens(
        number,
        *_INTO_THE_QUEUE,
        times=replace(task.times, submitted=edit.tx.now, started=None, ended=None),
        instance_count=instance_count(task.spec),
        expanded=task.spec.type is TaskType.PARAMETRIC_SWEEP,
        rest_state=_rest(task),
    )


def _rest(task: Task) -> TaskState:
    """What the instances without a row are when the task is queued (again): those that finished stay so."""
    return TaskState.FINISHED if task.rest_state is TaskState.FINISHED else TaskState.QUEUED


def wait_for(edit: JobEdit, number: int, parents: Sequence[int]) -> None:
    """Let a task that was just queued wait for its parents that have not ended; or fail it, where one that
    ended badly does that.
    """
    if not parents and not edit.task(number).waits_for:
        return
    ended = {parent for parent in parents if edit.task(parent).state in FINAL_TASK_STATES}
    edit.set_task(number, waits_for=tuple(parent for parent in parents if parent not in ended))
    if any(edit.task(parent).state is not TaskState.FINISHED for parent in ended):
        fail_dependent(edit, number)


# ---- again


def requeue_job(edit: JobEdit) -> None:
    """Requeue a job: what failed or was cancelled runs again, what finished stays. Call `settle` afterwards.

    Tasks that were cancelled by name before they ever ran stay Canceled (spec section 7.3). Raises
    WrongState.
    """
    edit.job_happens(JobHappened.REQUEUE_ASKED)
    edit.set_job(blocked=False)
    if edit.at_once:
        requeue_tasks(edit, edit.all_tasks())
    edit.set_job(
        requeue_count=edit.job.requeue_count + 1,
        progress=None,
        times=replace(edit.job.times, started=None, ended=None),
        mishap=None,
        intention=Intention.NONE,
    )
    submit(edit, PassageKind.REQUEUE)


def requeue_tasks(edit: JobEdit, tasks: Iterable[Task]) -> None:
    """Take those of these tasks back to Configuring that a requeue of the job runs again."""
    for task in tasks:
        if is_reset(task):
            _reset_task(edit, task)
        elif is_requeued(task):
            requeue_task(edit, task.number)


def is_reset(task: Task) -> bool:
    """Whether a requeue of the job lets it begin anew, however it has ended."""
    return task.spec.type.is_node_duty or task.spec.type is TaskType.SERVICE


def is_requeued(task: Task) -> bool:
    """Whether a requeue of the job runs it again."""
    return task.state in _ENDED_BADLY and not task.cancelled_unrun


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

    Call `queue_again` (or submit the job) afterwards. Raises WrongState.
    """
    task = edit.task(number)
    require_requeueable(task)
    edit.task_happens(number, TaskHappened.REQUEUE_ASKED)
    _fresh_run(edit, number, 0)
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
        rest_state=_rest(task),
        times=replace(task.times, started=None, ended=None),
        **cleared,
    )
    if task.rows:
        for row in edit.rows(number, _ENDED_BADLY):
            _requeue_row(edit, number, row)


def queue_again(edit: JobEdit, number: int) -> None:
    """Queue a task that was taken back to Configuring alone, while its job goes on. It waits for others, and
    others for it, as at first.
    """
    queue_task(edit, number)
    task = edit.task(number)
    if waits(task.spec):
        wait_for(edit, number, dependencies(edit.all_tasks()).get(number, ()))
    for child in task.wanted_by:
        waiting = edit.task(child)
        if waiting.state is TaskState.QUEUED and number not in waiting.waits_for:
            edit.set_task(child, waits_for=(*waiting.waits_for, number))


def requeue_instance(edit: JobEdit, number: int, instance: int) -> None:
    """Put one failed or cancelled instance back into the queue, and its task too if it had ended.

    Raises WrongState.
    """
    task = edit.task(number)
    require_requeueable(task)
    row = edit.instance(number, instance)
    if row.state is TaskState.QUEUED:
        return
    if task.state in (TaskState.CANCELING, TaskState.FINISHING):
        raise WrongState(
            f"Task {task.job_id}.{number} is in the {state_name(task.state)} state: its subtasks cannot be"
            " requeued.",
            code="Operation_OnlyFailedCancelledTasksCanBeConfigured",
            parameters=(state_name(task.state),),
        )
    _requeue_row(edit, number, row)
    if task.state not in FINAL_TASK_STATES:
        return
    edit.task_happens(number, *_AGAIN)
    edit.set_run(number, 0, intention=Intention.NONE, message="", mishap=None, forced=False)
    task = edit.task(number)
    edit.set_task(
        number,
        # What never had a row stays as it ended; nothing else is started.
        concluded=False,
        cancelled_unrun=False,
        times=replace(task.times, ended=None),
    )


def _requeue_row(edit: JobEdit, number: int, row: Instance) -> None:
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
        forced=False,
        intention=Intention.NONE,
        shares=(),
        signal=None,
        failure_retry_count=0,
        auto_requeue_count=0,
    )


def require_requeueable(task: Task) -> None:
    """Prep, release and service tasks can't be requeued one by one."""
    if task.spec.type in (TaskType.BASIC, TaskType.PARAMETRIC_SWEEP):
        return
    name = task.spec.type.name.title().replace("_", "")
    raise WrongState(
        f"Task {task.job_id}.{task.number} is a {name} task: those cannot be requeued.",
        code="Operation_TaskOfTypeCannotBeReconfigured",
        parameters=(name,),
    )
