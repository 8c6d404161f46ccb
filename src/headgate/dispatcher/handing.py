"""What a decision does to a job: runs are marked as handed out, what can't be started is ended."""

from collections.abc import Sequence

from headgate.core.lifecycle import JobHappened, TaskHappened
from headgate.core.model import Instance, Intent, Job, Mishap, Run, Task
from headgate.core.states import FINAL_TASK_STATES, TaskState
from headgate.core.vocabulary import Intention, TaskType
from headgate.dispatcher.corresponding import choose_corresponding
from headgate.service.edit import JobEdit
from headgate.service.endings import end_task, end_waiting, settle, stop_job
from headgate.service.waiting import corresponding


def choose_runs(edit: JobEdit, number: int, wanted: int) -> tuple[list[Instance], list[int]]:
    """Up to `wanted` runs to hand out: instances with a row that are queued, then ones never touched."""
    task = edit.task(number)
    if task.spec.type is TaskType.BASIC:
        return [], [0] if task.state is TaskState.QUEUED else []
    if task.spec.type is TaskType.PARAMETRIC_SWEEP and (parents := list(corresponding(edit.tx, edit.job))):
        return choose_corresponding(edit, number, wanted, parents), []
    rows = edit.queued_rows(number, wanted) if task.queued_rows else []
    if task.spec.type is TaskType.SERVICE:
        return (rows, []) if rows else ([], [new_instance(edit, number)])
    if task.rest_state is not TaskState.QUEUED:  # what was never touched has ended all the same
        return rows, []
    fresh: list[int] = []
    first = task.next_instance
    while len(rows) + len(fresh) < wanted and first <= task.instance_count:
        last = min(task.instance_count, first + wanted - len(rows) - len(fresh) - 1)
        touched = edit.touched(number, first, last)
        fresh += [one for one in range(first, last + 1) if one not in touched]
        first = last + 1
    edit.set_task(number, next_instance=first)
    return rows, fresh


def new_instance(edit: JobEdit, number: int) -> int:
    """One more instance of a task whose instances are made as they are needed."""
    fresh = edit.task(number).instance_count + 1
    edit.set_task(number, instance_count=fresh, next_instance=fresh + 1, expanded=True)
    return fresh


def node_duty(edit: JobEdit, kind: TaskType) -> Task | None:
    """The job's NodePrep or NodeRelease task, unless somebody has put an end to it."""
    return next((task for task in edit.all_tasks() if task.spec.type is kind and not task.concluded), None)


def mark_intended(edit: JobEdit, number: int, intent: Intent, rows: Sequence[Instance]) -> dict[int, Run]:
    """Note on the task and on the instances with a row that this intent is responsible for them now."""
    count = len(intent.instances)
    edit.set_job(live=edit.job.live + count)
    edit.set_task(number, live=edit.task(number).live + count)
    edit.task_happens(number, TaskHappened.INTENDED)
    runs: dict[int, Run] = {}
    if edit.task(number).spec.type is TaskType.BASIC:
        runs[0] = edit.set_run(number, 0, intent=intent.id, shares=intent.shares)
    for row in rows:
        edit.instance_happens(number, row.number, TaskHappened.INTENDED)
        runs[row.number] = edit.set_run(number, row.number, intent=intent.id, shares=intent.shares)
    return runs


def refuse_task(edit: JobEdit, number: int, mishap: Mishap) -> None:
    """A task that can't be started at all: it fails, with all its waiting instances, for this reason."""
    if edit.task(number).state in FINAL_TASK_STATES:
        return
    edit.set_run(number, 0, mishap=mishap)
    end_waiting(edit, number, TaskState.FAILED, mishap)
    if not edit.task(number).live:
        end_task(edit, number, TaskHappened.EXITED, TaskHappened.WOUND_UP_BADLY)


def refuse_all(edit: JobEdit, tasks: Sequence[Task], reason: str) -> Job:
    """The owner of a job has no account that it could run under: all of these fail. The job as it is then."""
    for task in tasks:
        refuse_task(edit, task.number, Mishap("Execution_StartJobFailedOnNode", ("", reason)))
    settle(edit)
    return edit.job


def fail_unusable(edit: JobEdit) -> None:
    """NodePrep failed on every node the job could use: the job fails."""
    nodes = ",".join(name for name, phase in edit.job.node_phases.items() if phase == "unusable")
    mishap = Mishap("Execution_NodePrepTaskFailure", (nodes,))
    stop_job(edit, JobHappened.TASK_FAILURE_COUNTED, Intention.FAIL, mishap=mishap)
