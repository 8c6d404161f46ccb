"""A passage: what all tasks of a job with many of them go through, some at a time, so that nobody waits long
for somebody else's job. Few tasks (`JobEdit.piece`) go through it in the transaction that asks for it.

The job's own state, and that there is a passage (`Job.passage`), is durable first and answered. Then
`advance` takes piece after piece, each in a transaction of its own; `dispatcher.passing` calls it, and again
after a crash, until the last one brings the job to where it was going:

    SUBMIT, REQUEUE   Submitted  -- judge, verdict --> Validating  -- each piece: Queued -->    Queued
    REJECT                                             Validating  -- each piece: Failed -->    Failed
    STOP              Canceling, Finishing  -- each piece: Canceled, Finished -->   wound up as always

While a job is Submitted none of its tasks has been touched, so `judge` may look at all of them on a snapshot,
beside the writer: nobody changes a task of a job that is Submitted or Validating (`require_settled`). A job
that is cancelled meanwhile goes on with STOP, from its first task.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.errors import NotFound, WrongState
from headgate.core.lifecycle import JobHappened, state_name
from headgate.core.model import Job, JobSpec, Mishap, Passage, Task
from headgate.core.states import FINAL_TASK_STATES, JobState, TaskState
from headgate.core.validation import dependencies, validate
from headgate.core.vocabulary import PassageKind
from headgate.ports.store import Reader, Transaction
from headgate.service.chains import link
from headgate.service.counting import standing
from headgate.service.edit import JobEdit
from headgate.service.endings import fail_dependent, fail_job, review_pending, settle, stop_tasks
from headgate.service.submission import (
    children,
    enqueue,
    is_requeued,
    is_reset,
    queue_task,
    reject_job,
    reject_tasks,
    requeue_tasks,
    states_of_parents,
    surroundings,
    tie,
)

UNDER_WAY = frozenset({JobState.SUBMITTED, JobState.VALIDATING, JobState.FINISHING, JobState.CANCELING})
"""States of jobs that may have a passage."""
_BEING_SUBMITTED = frozenset({JobState.SUBMITTED, JobState.VALIDATING})


class Judgement(Struct, frozen=True, kw_only=True):
    """What is known when all tasks of a job that is being submitted have been looked at.

    spec, requeue_count: of the job then, by which it is known again. mishap: why it is not valid, if it is
    not. open_tasks, failed_tasks, node_duties: of its tasks as they were. parents, wanted_by: who waits for
    whom. staying: tasks that others wait for and that have ended for good.
    """

    spec: JobSpec
    requeue_count: int
    mishap: Mishap | None
    open_tasks: int
    failed_tasks: tuple[int, ...]
    node_duties: bool
    parents: Mapping[int, Sequence[int]]
    wanted_by: Mapping[int, Sequence[int]]
    staying: frozenset[int]


class Next(Enum):
    """What is to be done next with a job."""

    NOTHING = "nothing"
    PIECE = "piece"
    JUDGE = "judge"


def require_settled(job: Job) -> None:
    """Raises WrongState while a job is being submitted: then nobody else changes it or its tasks."""
    if job.state in _BEING_SUBMITTED:
        name = state_name(job.state)
        raise WrongState(
            f"Job {job.id} is in the {name} state: it and its tasks can be changed when it is queued.",
            code="Operation_TryToModifyInvalidStateJob",
            parameters=(name,),
        )


# ---- beside the writer


def judge(reader: Reader, job_id: int) -> Judgement | None:
    """Look at all tasks of a job that is being submitted; None: it no longer is."""
    try:
        job = reader.job(job_id)
    except NotFound:
        return None
    if job.passage is None or job.state not in _BEING_SUBMITTED:
        return None
    tasks = _all_tasks(reader, job_id)
    work = [task for task in tasks if not task.spec.type.is_node_duty]
    mishap = None
    if job.state is JobState.SUBMITTED:
        mishap = validate(job, tasks, reader.derived(surroundings), states_of_parents(reader, job))
    parents = dependencies(tasks) if mishap is None else {}
    wanted_by = children(parents)
    again = job.passage.kind is PassageKind.REQUEUE
    return Judgement(
        spec=job.spec,
        requeue_count=job.requeue_count,
        mishap=mishap,
        open_tasks=sum(task.state not in FINAL_TASK_STATES for task in work),
        failed_tasks=tuple(task.number for task in work if standing(task).failed),
        node_duties=len(work) < len(tasks),
        parents=parents,
        wanted_by=wanted_by,
        staying=frozenset(number for number in wanted_by if _stays(tasks[number - 1], again=again)),
    )


def _all_tasks(reader: Reader, job_id: int) -> list[Task]:
    """Read in portions: each is one call that keeps the interpreter from everybody else."""
    tasks: list[Task] = []
    while some := reader.tasks(job_id, after=len(tasks), limit=JobEdit.piece):
        tasks += some
    return tasks


def _stays(task: Task, *, again: bool) -> bool:
    """Whether a task has ended and will not be queued."""
    if task.state not in FINAL_TASK_STATES:
        return False
    return not (again and (is_reset(task) or is_requeued(task)))


# ---- in a transaction


def advance(tx: Transaction, job_id: int, judgement: Judgement | None) -> Next:
    """Take the next step with a job. What is to be done then; NOTHING: it has no passage (any more).

    judgement: of `judge`; it may be an old one, or None.
    """
    try:
        job = tx.job(job_id)
    except NotFound:
        return Next.NOTHING
    passage = job.passage
    if passage is None:
        return Next.NOTHING
    if passage.kind in (PassageKind.SUBMIT, PassageKind.REQUEUE):
        if judgement is None or not _is_of(judgement, job):
            return Next.JUDGE
        edit = JobEdit(tx, job)
        if job.state is JobState.SUBMITTED:
            _verdict(edit, judgement)
        else:
            _piece(edit, passage, judgement)
    else:
        edit = JobEdit(tx, job)
        _piece(edit, passage, None)
    settle(edit)
    return Next.NOTHING if edit.job.passage is None else Next.PIECE


def _is_of(judgement: Judgement, job: Job) -> bool:
    same = judgement.spec == job.spec or job.state is not JobState.SUBMITTED
    return same and judgement.requeue_count == job.requeue_count


def _verdict(edit: JobEdit, judgement: Judgement) -> None:
    """Count the tasks, and say what they are to go through."""
    failed = judgement.failed_tasks
    edit.job_happens(JobHappened.VALIDATION_BEGUN)
    edit.set_job(
        open_tasks=judgement.open_tasks,
        failed_tasks=len(failed),
        first_failed_task=f"{edit.job.id}.{failed[0]}" if failed else "",
        node_duties=judgement.node_duties,
    )
    mishap, others = judgement.mishap, list[Job]()
    if mishap is None:
        mishap, others = link(edit)
    if mishap is not None:
        edit.set_job(passage=Passage(kind=PassageKind.REJECT), mishap=mishap)
    for other in others:
        tie(edit, other)


def _piece(edit: JobEdit, passage: Passage, judgement: Judgement | None) -> None:
    tasks = edit.tx.tasks(edit.job.id, after=passage.done, limit=edit.piece)
    edit.take(tasks)
    if passage.kind is PassageKind.STOP:
        stop_tasks(edit, tasks)
    elif judgement is None:
        reject_tasks(edit, tasks)
    else:
        if passage.kind is PassageKind.REQUEUE:
            requeue_tasks(edit, tasks)
        _queue_tasks(edit, tasks, judgement)
    if tasks and tasks[-1].number < edit.job.task_count:
        edit.set_job(passage=replace(passage, done=tasks[-1].number))
        return
    edit.set_job(passage=None)
    if passage.kind is PassageKind.REJECT:
        reject_job(edit, edit.job.mishap)
    elif judgement is not None:
        _enqueue(edit, passage)


def _queue_tasks(edit: JobEdit, tasks: Sequence[Task], judgement: Judgement) -> None:
    numbers = [task.number for task in tasks if edit.task(task.number).state is TaskState.CONFIGURING]
    for task in tasks:
        wanted = tuple(judgement.wanted_by.get(task.number, ()))
        if wanted != task.wanted_by:
            edit.set_task(task.number, wanted_by=wanted)
    for number in numbers:
        queue_task(edit, number)
    last = tasks[-1].number if tasks else 0
    for number in numbers:
        parents = judgement.parents.get(number, ())
        if parents or edit.task(number).waits_for:
            _wait_for(edit, number, parents, last, judgement.staying)


def _wait_for(edit: JobEdit, number: int, parents: Sequence[int], last: int, staying: frozenset[int]) -> None:
    """As `submission.wait_for`, where the parents behind `last` have not had their turn yet."""
    ended = {
        parent
        for parent in parents
        if parent in staying or (parent <= last and edit.task(parent).state in FINAL_TASK_STATES)
    }
    edit.set_task(number, waits_for=tuple(parent for parent in parents if parent not in ended))
    if any(edit.task(parent).state is not TaskState.FINISHED for parent in ended):
        fail_dependent(edit, number)


def _enqueue(edit: JobEdit, passage: Passage) -> None:
    """All tasks are queued: so is the job."""
    enqueue(edit)
    if edit.job.failed_tasks:
        failed = [
            task.number
            for task in edit.tasks_in({TaskState.FAILED, TaskState.CANCELED})
            if standing(task).failed and not task.spec.type.is_node_duty
        ]
        edit.set_job(first_failed_task=f"{edit.job.id}.{failed[0]}" if failed else "")
    if passage.critical:
        fail_job(edit, edit.job.first_failed_task)
    review_pending(edit)
