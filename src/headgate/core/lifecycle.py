"""The life of jobs, tasks and instances: every state change there is, in one table each. Pure.

Read top to bottom: what can happen, the tables, `step`. Nobody else chooses a state (spec hpcpack-model,
section 7).

There are two kinds of happenings. What somebody *asked* for is refused where the table has no line for it
(`step` raises WrongState). What was *seen* (by an engine, or by the clock) is never refused: where the
table has no line, the sighting is late or repeated and changes nothing.

A task with instances (a sweep's master) lives by the same table as a Basic task; it differs in what ends
it: its last instance, and it ends Canceled rather than Failed when it was cancelled.

A job that was entered elsewhere, and its one task, have a table of their own: they are what their engine
says.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from types import MappingProxyType

from headgate.core.errors import WrongState
from headgate.core.states import FINAL_JOB_STATES, FINAL_TASK_STATES, JobState, TaskState


class JobHappened(Enum):
    """What can happen to a job. The value tells how it reads in the state diagram."""

    SUBMIT_ASKED = "submit"
    CHANGE_ASKED = "change while queued"
    CANCEL_ASKED = "cancel"
    FINISH_ASKED = "finish"
    REQUEUE_ASKED = "requeue"
    VALIDATION_BEGUN = "validation begins"
    FILTER_BEGUN = "submission filter begins"
    VALIDATED = "valid"
    VALIDATION_FAILED = "not valid"
    ALLOCATED = "resources allocated"
    TASKS_ENDED = "all tasks ended"
    TASK_FAILURE_COUNTED = "a failure that fails the job"
    EXPIRED = "run time over"
    WOUND_UP_WELL = "nothing left, all well"
    WOUND_UP_BADLY = "nothing left, something failed"


class TaskHappened(Enum):
    """What can happen to a task or an instance."""

    SUBMIT_ASKED = "submit"
    CANCEL_ASKED = "cancel"
    FINISH_ASKED = "finish"
    REQUEUE_ASKED = "requeue"
    JOB_REQUEUED = "its job was requeued"
    VALIDATION_BEGUN = "validation begins"
    VALIDATED = "valid"
    VALIDATION_FAILED = "not valid"
    DEPENDENCY_FAILED = "a task it depends on failed"
    INTENDED = "given to the engine"
    STARTED = "started"
    NEVER_RAN = "taken back before it ran"
    RETRIED = "to be run again"
    EXITED = "ended"
    WOUND_UP_WELL = "successfully"
    WOUND_UP_BADLY = "unsuccessfully"
    ALL_STOPPED = "its last instance stopped"


class Seen(Enum):
    """As what an engine shows a job that was entered elsewhere."""

    WAITING = "seen waiting"
    RUNNING = "seen running"
    FINISHED = "seen ended well"
    FAILED = "seen ended badly, or seen no longer"
    CANCELED = "seen canceled"


JOB_ASKED = frozenset(
    {
        JobHappened.SUBMIT_ASKED,
        JobHappened.CHANGE_ASKED,
        JobHappened.CANCEL_ASKED,
        JobHappened.FINISH_ASKED,
        JobHappened.REQUEUE_ASKED,
    }
)
TASK_ASKED = frozenset(
    {
        TaskHappened.SUBMIT_ASKED,
        TaskHappened.CANCEL_ASKED,
        TaskHappened.FINISH_ASKED,
        TaskHappened.REQUEUE_ASKED,
    }
)

_J, _JH = JobState, JobHappened

JOB: Mapping[tuple[JobState, JobHappened], JobState] = MappingProxyType(
    {
        (_J.CONFIGURING, _JH.SUBMIT_ASKED): _J.SUBMITTED,
        (_J.CONFIGURING, _JH.CANCEL_ASKED): _J.CANCELING,
        (_J.SUBMITTED, _JH.VALIDATION_BEGUN): _J.VALIDATING,
        (_J.SUBMITTED, _JH.CANCEL_ASKED): _J.CANCELING,
        (_J.VALIDATING, _JH.FILTER_BEGUN): _J.EXTERNAL_VALIDATION,
        (_J.VALIDATING, _JH.VALIDATED): _J.QUEUED,
        (_J.VALIDATING, _JH.VALIDATION_FAILED): _J.FAILED,
        (_J.VALIDATING, _JH.CANCEL_ASKED): _J.CANCELING,
        (_J.EXTERNAL_VALIDATION, _JH.VALIDATED): _J.QUEUED,
        (_J.EXTERNAL_VALIDATION, _JH.VALIDATION_FAILED): _J.FAILED,
        (_J.EXTERNAL_VALIDATION, _JH.CANCEL_ASKED): _J.CANCELING,
        (_J.QUEUED, _JH.CHANGE_ASKED): _J.CONFIGURING,
        (_J.QUEUED, _JH.ALLOCATED): _J.RUNNING,
        (_J.QUEUED, _JH.TASKS_ENDED): _J.FINISHING,  # every task was cancelled or finished before any ran
        (_J.QUEUED, _JH.TASK_FAILURE_COUNTED): _J.FINISHING,
        (_J.QUEUED, _JH.CANCEL_ASKED): _J.CANCELING,
        (_J.QUEUED, _JH.FINISH_ASKED): _J.FINISHING,
        (_J.RUNNING, _JH.TASKS_ENDED): _J.FINISHING,
        (_J.RUNNING, _JH.TASK_FAILURE_COUNTED): _J.FINISHING,
        (_J.RUNNING, _JH.CANCEL_ASKED): _J.CANCELING,
        (_J.RUNNING, _JH.FINISH_ASKED): _J.FINISHING,
        (_J.RUNNING, _JH.EXPIRED): _J.CANCELING,
        (_J.FINISHING, _JH.CANCEL_ASKED): _J.CANCELING,
        (_J.FINISHING, _JH.FINISH_ASKED): _J.FINISHING,
        (_J.FINISHING, _JH.WOUND_UP_WELL): _J.FINISHED,
        (_J.FINISHING, _JH.WOUND_UP_BADLY): _J.FAILED,
        (_J.CANCELING, _JH.CANCEL_ASKED): _J.CANCELING,
        (_J.CANCELING, _JH.WOUND_UP_WELL): _J.CANCELED,
        (_J.CANCELING, _JH.WOUND_UP_BADLY): _J.CANCELED,
        (_J.FAILED, _JH.REQUEUE_ASKED): _J.CONFIGURING,
        (_J.CANCELED, _JH.REQUEUE_ASKED): _J.CONFIGURING,
    }
)

_T, _TH = TaskState, TaskHappened

TASK: Mapping[tuple[TaskState, TaskHappened], TaskState] = MappingProxyType(
    {
        (_T.CONFIGURING, _TH.SUBMIT_ASKED): _T.SUBMITTED,
        (_T.CONFIGURING, _TH.CANCEL_ASKED): _T.CANCELED,
        (_T.SUBMITTED, _TH.VALIDATION_BEGUN): _T.VALIDATING,
        (_T.SUBMITTED, _TH.CANCEL_ASKED): _T.CANCELED,
        (_T.VALIDATING, _TH.VALIDATED): _T.QUEUED,
        (_T.VALIDATING, _TH.VALIDATION_FAILED): _T.FAILED,
        (_T.VALIDATING, _TH.CANCEL_ASKED): _T.CANCELED,
        (_T.QUEUED, _TH.INTENDED): _T.DISPATCHING,
        (_T.QUEUED, _TH.DEPENDENCY_FAILED): _T.FAILED,
        (_T.QUEUED, _TH.EXITED): _T.FINISHING,  # a sweep whose instances were all ended one by one
        (_T.QUEUED, _TH.CANCEL_ASKED): _T.CANCELED,
        (_T.QUEUED, _TH.FINISH_ASKED): _T.FINISHING,
        (_T.QUEUED, _TH.REQUEUE_ASKED): _T.QUEUED,
        (_T.DISPATCHING, _TH.STARTED): _T.RUNNING,
        (_T.DISPATCHING, _TH.NEVER_RAN): _T.QUEUED,
        (_T.DISPATCHING, _TH.RETRIED): _T.QUEUED,
        (_T.DISPATCHING, _TH.EXITED): _T.FINISHING,  # it could not be started
        (_T.DISPATCHING, _TH.CANCEL_ASKED): _T.CANCELING,
        (_T.DISPATCHING, _TH.FINISH_ASKED): _T.FINISHING,
        (_T.RUNNING, _TH.RETRIED): _T.QUEUED,
        (_T.RUNNING, _TH.EXITED): _T.FINISHING,
        (_T.RUNNING, _TH.CANCEL_ASKED): _T.CANCELING,
        (_T.RUNNING, _TH.FINISH_ASKED): _T.FINISHING,
        (_T.FINISHING, _TH.CANCEL_ASKED): _T.CANCELING,
        (_T.FINISHING, _TH.FINISH_ASKED): _T.FINISHING,
        (
            _T.FINISHING,
            _TH.NEVER_RAN,
        ): _T.FINISHED,  # finished by its owner while it was waiting for its start
        (_T.FINISHING, _TH.WOUND_UP_WELL): _T.FINISHED,
        (_T.FINISHING, _TH.WOUND_UP_BADLY): _T.FAILED,
        (_T.CANCELING, _TH.CANCEL_ASKED): _T.CANCELING,
        # A cancelled running task is Failed, not Canceled, even when it ended well in the same moment (7.2).
        (_T.CANCELING, _TH.WOUND_UP_WELL): _T.FAILED,
        (_T.CANCELING, _TH.WOUND_UP_BADLY): _T.FAILED,
        (_T.CANCELING, _TH.NEVER_RAN): _T.CANCELED,
        (_T.CANCELING, _TH.ALL_STOPPED): _T.CANCELED,
        (_T.FAILED, _TH.REQUEUE_ASKED): _T.CONFIGURING,
        (_T.CANCELED, _TH.REQUEUE_ASKED): _T.CONFIGURING,
        # Only NodePrep, NodeRelease and Service tasks hear this: they did their part for nodes the job had
        # then.
        (_T.FINISHED, _TH.JOB_REQUEUED): _T.CONFIGURING,
        (_T.FAILED, _TH.JOB_REQUEUED): _T.CONFIGURING,
        (_T.CANCELED, _TH.JOB_REQUEUED): _T.CONFIGURING,
    }
)

_AS_SEEN = {
    Seen.WAITING: _J.QUEUED,
    Seen.RUNNING: _J.RUNNING,
    Seen.FINISHED: _J.FINISHED,
    Seen.FAILED: _J.FAILED,
    Seen.CANCELED: _J.CANCELED,
}

# Engines put back what runs, and what has ended: nothing is final that we do not decide.
FOREIGN: Mapping[tuple[JobState, Seen], JobState] = MappingProxyType(
    {
        (before, seen): after
        for before in (_J.CONFIGURING, *_AS_SEEN.values())
        for seen, after in _AS_SEEN.items()
        if before is not after
    }
)

_JOB_REFUSALS = MappingProxyType(
    {
        _JH.SUBMIT_ASKED: (
            "Operation_OnlyConfigJobsCanBeSubmitted",
            "Only jobs in the Configuring state can be submitted; this one is {}.",
        ),
        _JH.CANCEL_ASKED: ("Operation_InvalidCancelJobState", "Jobs in the {} state cannot be canceled."),
        _JH.FINISH_ASKED: ("Operation_InvalidCancelJobState", "Jobs in the {} state cannot be finished."),
        _JH.REQUEUE_ASKED: (
            "Operation_OnlyFailedCancelledJobsCanBeConfigured",
            "Only jobs that are in the Canceled or Failed state can be requeued. This one is {}.",
        ),
        _JH.CHANGE_ASKED: (
            "Operation_TryToModifyInvalidStateJob",
            "A job in the {} state cannot be changed like that.",
        ),
    }
)
_TASK_REFUSALS = MappingProxyType(
    {
        _TH.SUBMIT_ASKED: (
            "Operation_OnlyConfiguringTasksCanBeSubmitted",
            "Only tasks in the Configuring state can be submitted; this one is {}.",
        ),
        _TH.CANCEL_ASKED: ("Operation_InvalidCancelTaskState", "Tasks in the {} state cannot be canceled."),
        _TH.FINISH_ASKED: ("Operation_InvalidCancelTaskState", "Tasks in the {} state cannot be finished."),
        _TH.REQUEUE_ASKED: (
            "Operation_OnlyFailedCancelledTasksCanBeConfigured",
            "Only tasks that are in the Canceled or Failed state can be requeued. This one is {}.",
        ),
    }
)


def state_name(state: JobState | TaskState) -> str:
    """`ExternalValidation` for EXTERNAL_VALIDATION: the published name, for messages."""
    return state.name.title().replace("_", "")


def step_job(state: JobState, happened: JobHappened) -> JobState:
    """The state after this. Raises WrongState for something asked that is not possible now."""
    after = JOB.get((state, happened))
    if after is not None:
        return after
    if happened in JOB_ASKED:
        code, text = _JOB_REFUSALS[happened]
        raise WrongState(text.format(state_name(state)), code=code, parameters=(state_name(state),))
    return state


def step_task(state: TaskState, happened: TaskHappened) -> TaskState:
    """The state after this, for tasks and instances.

    Raises WrongState for something asked that is not possible now.
    """
    after = TASK.get((state, happened))
    if after is not None:
        return after
    if happened in TASK_ASKED:
        code, text = _TASK_REFUSALS[happened]
        raise WrongState(text.format(state_name(state)), code=code, parameters=(state_name(state),))
    return state


def step_foreign(state: JobState, seen: Seen) -> JobState:
    """The state of a job that was entered elsewhere after it was seen like this."""
    return FOREIGN.get((state, seen), state)


def diagram() -> str:
    """The tables as Mermaid state diagrams."""
    jobs = [(before, happened.value, after) for (before, happened), after in JOB.items()]
    tasks = [(before, happened.value, after) for (before, happened), after in TASK.items()]
    foreign = [(before, seen.value, after) for (before, seen), after in FOREIGN.items()]
    drawn = (
        _drawn("Job", jobs, FINAL_JOB_STATES),
        _drawn("Task and instance", tasks, FINAL_TASK_STATES),
        _drawn("Job that was entered elsewhere", foreign, FINAL_JOB_STATES),
    )
    return "\n\n".join(drawn) + "\n"


def _drawn(
    title: str,
    lines: Sequence[tuple[JobState | TaskState, str, JobState | TaskState]],
    final: Collection[JobState | TaskState],
) -> str:
    arrows = [f"    {state_name(before)} --> {state_name(after)}: {text}" for before, text, after in lines]
    ends = [f"    {state_name(state)} --> [*]" for state in sorted(final)]
    return "\n".join(
        [f"## {title}", "", "```mermaid", "stateDiagram-v2", "    [*] --> Configuring", *arrows, *ends, "```"]
    )


_PAGE = """\
# States of jobs, tasks and instances

Every state change there is, drawn from the tables in `src/headgate/core/lifecycle.py` by
`python -m headgate.core.lifecycle > docs/reference/states.md`; a test compares them.

What somebody asks for (submit, cancel, finish, requeue, change) is refused where there is no arrow for it.
What was seen, by an engine or by the clock, is never refused: where there is no arrow, it came late or twice,
and changes nothing. A requeue is the only way out of a final state.

A task with instances, such as a sweep with its subtasks, goes the way of a task: its last instance ends it.
It is Finished when none of them failed, and Canceled, not Failed, when it was cancelled itself.

A [job that was entered elsewhere](slurm-engine.md#jobs-of-others), and its task, are what their engine shows.
Nobody can ask anything of it here, and its engine may take it out of a final state.

"""


def page() -> str:
    """docs/reference/states.md."""
    return _PAGE + diagram()


if __name__ == "__main__":
    print(page(), end="")
