"""What follows when something ends or is to end: of a task for those that depend on it, of all tasks for
the job, of a job for its children. `settle` is called after every batch of changes to a job; `stop_job`
starts an ending.

Consequences are decided here, carried out by the dispatcher (which stops what is live in a job or task that
is Canceling or Finishing), and come back as sightings.
"""

from collections import deque
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from headgate.core.lifecycle import JobHappened, TaskHappened
from headgate.core.model import Job, Mishap, Passage, Share, Task
from headgate.core.states import FINAL_JOB_STATES, FINAL_TASK_STATES, JobState, TaskState
from headgate.core.vocabulary import Intention, PassageKind, PendingReason, TaskType
from headgate.ports.store import Reader
from headgate.service.chains import next_step
from headgate.service.counting import standing, waiting_instances
from headgate.service.edit import JobEdit
from headgate.service.waiting import outlook

RELEASABLE = frozenset({"ready", "unusable"})
"""Phases of a node on which NodeRelease still has to run when the job ends."""
WINDING = frozenset({JobState.FINISHING, JobState.CANCELING})
_ENDABLE = frozenset({JobState.QUEUED, JobState.RUNNING})
_UNBEGUN = frozenset({TaskState.CONFIGURING, TaskState.QUEUED})
_BEGUN = frozenset({TaskState.DISPATCHING, TaskState.RUNNING, TaskState.FINISHING})
JOB_CANCELED = Mishap("Execution_TasksJobCanceled")


def begin_job(edit: JobEdit, shares: Sequence[Share]) -> None:
    """The job runs from the moment it has been given something; note its nodes in the order of their first
    use.
    """
    edit.job_happens(JobHappened.ALLOCATED, times=replace(edit.job.times, started=edit.tx.now))
    new = [share.node for share in shares if share.node not in edit.job.nodes]
    if new:
        edit.set_job(nodes=(*edit.job.nodes, *new))


def settle(edit: JobEdit) -> None:
    """Draw every conclusion from the tasks' present state and save the edit; then let the jobs look again
    that wait for this one, and those that wait for them.
    """
    waiting = deque(_settle(edit))
    while waiting:
        job = edit.tx.job(waiting.popleft())
        if job.state is JobState.QUEUED:
            child = JobEdit(edit.tx, job)
            review_pending(child)
            waiting += _settle(child)


def _settle(edit: JobEdit) -> list[int]:
    """Settle one job. Which ones have to look again because of it."""
    _conclude_tasks(edit)
    _end_job(edit)
    was = edit.kept
    job = edit.save()
    again: list[int] = []
    ended = job.state in FINAL_JOB_STATES
    if job.state is not was.state and (
        was.state in FINAL_JOB_STATES or ended or job.state is JobState.RUNNING
    ):
        again += _dependents(edit.tx, job)
        if job.state is JobState.RUNNING:
            again += job.spec.rivals
        if ended and job.spec.step is not None and job.spec.step.of is not None:
            again += next_step(edit.tx, job.spec.step.of, job.id)
    if was.spec.name and ((ended and job.state is not was.state) or job.spec.name != was.spec.name):
        namesake = edit.tx.first_singleton(job.owner, was.spec.name)
        again += [] if namesake is None else [namesake]
    return again


def _dependents(reader: Reader, job: Job) -> list[int]:
    """Who waits for this job. Of the steps of the chain that it opened only the next one: the others wait for
    that.
    """
    found = reader.children(job.id)
    if job.spec.step is None or job.spec.step.of is not None:
        return found
    steps = {one.id for one in reader.jobs(found) if one.spec.step and one.spec.step.of == job.id}
    return [one for one in found if one not in steps] + next_step(reader, job.id, job.id)


def review_pending(edit: JobEdit) -> None:
    """Block or unblock a queued job by what it waits for now, or drop it. Call `settle` afterwards."""
    if edit.job.state is not JobState.QUEUED:
        return
    found = outlook(edit.tx, edit.job, edit.tx.now)
    if found.dropped is not None:
        stop_job(edit, JobHappened.CANCEL_ASKED, Intention.CANCEL, mishap=found.dropped)
        return
    blocked = found.reason is not PendingReason.NONE
    job = edit.job
    if (blocked, found.reason, found.wakes) == (job.blocked, job.pending_reason, job.wakes):
        return
    edit.set_job(blocked=blocked, pending_reason=found.reason, wakes=found.wakes)
    edit.recount_ready()


def _conclude_tasks(edit: JobEdit) -> None:
    """End masters whose last instance has ended, count ended tasks, and free or fail their dependents."""
    while changed := edit.unconcluded():
        ended = []
        for task in changed:
            if task.spec.type is not TaskType.BASIC and task.state not in FINAL_TASK_STATES:
                _end_master(edit, task)
            if _count(edit, task.number):
                ended.append(edit.task(task.number))
        if ended:
            _tell_dependents(edit, ended)
        for task in changed:
            _fail_job_if_critical(edit, edit.task(task.number))


def _end_master(edit: JobEdit, task: Task) -> None:
    if task.live or task.state in FINAL_TASK_STATES:
        return
    stopping = task.state in (TaskState.CANCELING, TaskState.FINISHING)
    open_ended = task.spec.type.is_node_duty or (task.spec.type is TaskType.SERVICE and not task.concluded)
    if not stopping and (waiting_instances(task) or open_ended):
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
        edit.set_task(number, times=task.times.over(edit.tx.now))


def _count(edit: JobEdit, number: int) -> bool:
    """Keep open_tasks and failed_tasks. Whether it has just ended: who waits for it is to be told."""
    task = edit.task(number)
    if task.spec.type.is_node_duty or edit.job.state is JobState.CONFIGURING:
        return False
    was, now = edit.counted(number), edit.count(number)
    if now.failed != was.failed:
        count = edit.job.failed_tasks + (1 if now.failed else -1)
        edit.set_job(failed_tasks=count, first_failed_task=_first_failed(edit, number, now.failed))
    if now.ended != was.ended:
        edit.set_job(open_tasks=edit.job.open_tasks - (1 if now.ended else -1))
    return now.ended and not was.ended


def _first_failed(edit: JobEdit, number: int, failed: bool) -> str:
    """The name of the first failed task, now that this one has failed, or no longer counts as failed."""
    known, name = edit.job.first_failed_task, f"{edit.job.id}.{number}"
    if failed:
        return known or name
    if known != name:
        return known
    if edit.job.passage is not None:  # being requeued, like all others that failed
        return known if edit.job.failed_tasks > 1 else ""
    others = [task.number for task in edit.all_tasks() if _counts_as_failed(task)]
    return f"{edit.job.id}.{others[0]}" if others else ""


def recount(edit: JobEdit) -> None:
    """Count all tasks of a job that is being submitted."""
    open_tasks, failed, node_duties = 0, list[int](), False
    for task in edit.all_tasks():
        now = edit.count(task.number)
        if task.spec.type.is_node_duty:
            node_duties = True
            continue
        open_tasks += not now.ended
        if now.failed:
            failed.append(task.number)
    edit.set_job(
        open_tasks=open_tasks,
        failed_tasks=len(failed),
        first_failed_task=f"{edit.job.id}.{failed[0]}" if failed else "",
        node_duties=node_duties,
    )


def _counts_as_failed(task: Task) -> bool:
    return standing(task).failed and not task.spec.type.is_node_duty


def _tell_dependents(edit: JobEdit, ended: Sequence[Task]) -> None:
    """Let those who wait for these tasks wait no more; each is changed once, however many it waits for."""
    numbers = {task.number for task in ended}
    failed = {number for task in ended if task.state is not TaskState.FINISHED for number in task.wanted_by}
    for number in sorted({number for task in ended for number in task.wanted_by}):
        edit.set_task(number, waits_for=tuple(n for n in edit.task(number).waits_for if n not in numbers))
        if number in failed:
            fail_dependent(edit, number)


def fail_dependent(edit: JobEdit, number: int) -> None:
    """A task of which a parent failed or was cancelled fails too, where the job has FailDependentTasks."""
    if edit.job.spec.fail_dependent_tasks and edit.task(number).state is TaskState.QUEUED:
        mishap = Mishap("Operation_FailDependentTasks")
        edit.set_run(number, 0, mishap=mishap)
        end_waiting(edit, number, TaskState.FAILED, mishap)
        end_task(edit, number, TaskHappened.DEPENDENCY_FAILED)


def _fail_job_if_critical(edit: JobEdit, task: Task) -> None:
    if not (task.spec.fail_job_on_failure or edit.job.spec.fail_on_task_failure):
        return
    several = task.spec.type is not TaskType.BASIC
    failed = standing(task).failed or (several and task.failed > 0)
    passage = edit.job.passage
    if not failed or task.spec.type.is_node_duty or (edit.job.state not in _ENDABLE and passage is None):
        return
    many = task.failed if several else 1
    critical = task.spec.fail_job_on_failure and many >= task.spec.fail_job_on_failure_count
    if not (critical or edit.job.spec.fail_on_task_failure):
        return
    if passage is not None:
        edit.set_job(passage=replace(passage, critical=True))
    else:
        fail_job(edit, edit.job.first_failed_task or f"{edit.job.id}.{task.number}")


def fail_job(edit: JobEdit, task: str) -> None:
    """Begin to end a job because a task has failed, named so."""
    mishap = Mishap("Execution_TaskFailure", (task,))
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
    was = edit.job.state
    edit.job_happens(happened)
    edit.set_job(
        intention=intention, mishap=mishap, message=message, forced=forced or edit.job.forced, blocked=False
    )
    if was is JobState.SUBMITTED:  # as if it had not been: none of its tasks has been touched since
        edit.set_job(passage=None, times=replace(edit.job.times, submitted=None))
    elif was is JobState.CONFIGURING:  # its tasks stay Configuring (7.2)
        return
    elif edit.at_once:
        stop_tasks(edit, edit.all_tasks())
    else:  # what runs at once, for the engine hears of it at once; what waits, some at a time
        stop_tasks(edit, edit.tasks_in(_BEGUN))
        edit.set_job(passage=Passage(kind=PassageKind.STOP))


def stop_tasks(edit: JobEdit, tasks: Iterable[Task]) -> None:
    """Begin to end those of these tasks that have not ended, as their job is being ended."""
    finish = edit.job.intention is Intention.FINISH
    why = Mishap("Operation_FinishedByUser", (edit.job.message or "None",)) if finish else JOB_CANCELED
    for task in tasks:
        ending = task.state in FINAL_TASK_STATES or task.state is TaskState.CANCELING
        # NodePrep and NodeRelease end last, those that were never queued with the others.
        last = task.spec.type.is_node_duty and task.state is not TaskState.CONFIGURING
        if not ending and not last:
            stop_task(edit, task.number, finish=finish, mishap=why)


def stop_task(edit: JobEdit, number: int, *, finish: bool, mishap: Mishap | None, message: str = "") -> None:
    """Cancel (or finish) a task: its waiting instances at once, its live ones through the dispatcher.

    Raises WrongState when the table does not allow it.
    """
    asked = TaskHappened.FINISH_ASKED if finish else TaskHappened.CANCEL_ASKED
    intention = Intention.FINISH if finish else Intention.CANCEL
    task = edit.task(number)
    run = replace(task.run, intention=intention, message=message, mishap=mishap)
    if task.spec.type is TaskType.BASIC:
        waiting = task.state in _UNBEGUN
        happened = (asked, TaskHappened.WOUND_UP_WELL) if finish and waiting else (asked,)
        # What waits ends at once: all in one go, for there may be 100,000.
        ended = {"times": task.times.over(edit.tx.now)} if waiting else {}
        if not edit.task_happens(number, *happened, run=run, **ended):
            edit.set_task(number, run=run)
        return
    edit.set_task(number, run=run)
    for row in edit.rows(number, _STOPPABLE):
        stop_instance(edit, number, row.number, finish=finish, mishap=mishap, message=message)
    end_waiting(edit, number, TaskState.FINISHED if finish else TaskState.CANCELED, mishap)
    end_task(edit, number, asked)
    if edit.task(number).state not in FINAL_TASK_STATES:  # else nothing had started, and it has ended
        _end_master(edit, edit.task(number))


def end_waiting(edit: JobEdit, number: int, state: TaskState, mishap: Mishap | None) -> None:
    """End all instances of a task that wait, in this final state; no more will be started."""
    if edit.task(number).spec.type is TaskType.BASIC:
        return
    for row in edit.rows(number, (TaskState.QUEUED,)):
        edit.instance_happens(number, row.number, *_WHILE_WAITING[state])
        edit.set_run(number, row.number, mishap=mishap)
        edit.set_instance(number, row.number, times=row.times.over(edit.tx.now))
    task = edit.task(number)
    changes: dict[str, object] = {"concluded": True}
    if rest := waiting_instances(task):
        count = state.name.lower()
        changes |= {"rest_state": state, count: getattr(task, count) + rest}
    edit.set_task(number, **changes)


_WHILE_WAITING = {
    TaskState.FAILED: (TaskHappened.DEPENDENCY_FAILED,),
    TaskState.CANCELED: (TaskHappened.CANCEL_ASKED,),
    TaskState.FINISHED: (TaskHappened.FINISH_ASKED, TaskHappened.WOUND_UP_WELL),
}
_STOPPABLE = frozenset(TaskState) - FINAL_TASK_STATES - {TaskState.CANCELING}


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
        edit.set_instance(number, instance, times=row.times.over(edit.tx.now))


def _end_job(edit: JobEdit) -> None:
    job = edit.job
    if job.state in _ENDABLE and job.open_tasks == 0 and not job.blocked:
        nothing_to_wait_for = job.spec.run_until_canceled or job.task_count == 0
        if nothing_to_wait_for and edit.job_happens(JobHappened.ALLOCATED):
            edit.set_job(times=replace(edit.job.times, started=edit.tx.now))
        if not job.spec.run_until_canceled:
            edit.job_happens(JobHappened.TASKS_ENDED)
    winding = edit.job.state in WINDING and edit.job.passage is None
    if winding and edit.job.live == 0 and not release_pending(edit.job):
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
    times = edit.job.times.over(edit.tx.now)
    edit.set_job(mishap=mishap, times=times, pending_reason=PendingReason.NONE)


def _node_duties(edit: JobEdit) -> Iterable[Task]:
    """NodePrep and NodeRelease tasks; jobs that have none are not searched for them."""
    if not edit.job.node_duties:
        return []
    return [task for task in edit.all_tasks() if task.spec.type.is_node_duty]
