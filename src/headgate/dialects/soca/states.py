"""Our states as PBS's letters and substates, and what a run ended with as Exit_status (spec pbs, 5, 5.1, 6).

Every table is total over our states. Pure.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from headgate.core.lines import Hindrance, Wait
from headgate.core.model import Job, Run
from headgate.core.states import FINAL_JOB_STATES, JobState, TaskState
from headgate.core.vocabulary import PendingReason


class Letter(NamedTuple):
    """A state letter with its substate."""

    letter: str
    substate: int


QUEUED: Final = Letter("Q", 10)
HELD: Final = Letter("H", 20)
HELD_BY_JOBS: Final = Letter("H", 22)
WAITING: Final = Letter("W", 30)
BEGUN: Final = Letter("B", 70)
RUNNING: Final = Letter("R", 42)
STARTING: Final = Letter("R", 41)

TERMINATED: Final = 91
FINISHED: Final = 92
FAILED: Final = 93
"""Substates of what has ended."""

_MOVING: Final = Letter("T", 0)
"""Being made, or on its way into a queue: what PBS calls in transit."""
_EXITING: Final = Letter("E", 51)

JOBS: Final[Mapping[JobState, Letter]] = MappingProxyType(
    {
        JobState.CONFIGURING: _MOVING,
        JobState.SUBMITTED: _MOVING,
        JobState.VALIDATING: _MOVING,
        JobState.EXTERNAL_VALIDATION: _MOVING,
        JobState.QUEUED: QUEUED,
        JobState.RUNNING: RUNNING,
        JobState.FINISHING: _EXITING,
        JobState.CANCELING: _EXITING,
        JobState.FINISHED: Letter("F", FINISHED),
        JobState.FAILED: Letter("F", FAILED),
        JobState.CANCELED: Letter("F", TERMINATED),
    }
)
SUBJOBS: Final[Mapping[TaskState, Letter]] = MappingProxyType(
    {
        TaskState.CONFIGURING: _MOVING,
        TaskState.SUBMITTED: _MOVING,
        TaskState.VALIDATING: _MOVING,
        TaskState.QUEUED: QUEUED,
        TaskState.DISPATCHING: STARTING,
        TaskState.RUNNING: RUNNING,
        TaskState.FINISHING: _EXITING,
        TaskState.CANCELING: _EXITING,
        TaskState.FINISHED: Letter("X", FINISHED),
        TaskState.FAILED: Letter("X", FAILED),
        TaskState.CANCELED: Letter("X", TERMINATED),
    }
)
_FOR_OTHER_JOBS: Final = frozenset(
    {
        PendingReason.DEPENDENCY_NOT_DONE,
        PendingReason.PARENT_JOBS_CANCELED_OR_FAILED,
        PendingReason.PARENT_JOBS_NOT_FINISHED,
    }
)


def waits_for_jobs(job: Job) -> bool:
    """Whether it is held until other jobs have come so far."""
    return job.state is JobState.QUEUED and job.blocked and job.pending_reason in _FOR_OTHER_JOBS


def of_job(job: Job, *, array: bool) -> Letter:
    """The state of a job."""
    if job.state is JobState.RUNNING and array:
        return BEGUN
    if job.state is JobState.QUEUED and job.blocked:
        if job.pending_reason in _FOR_OTHER_JOBS:
            return HELD_BY_JOBS
        return HELD if job.spec.holds else WAITING
    return JOBS[job.state]


def of_subjob(job: Job, state: TaskState) -> Letter:
    """The state of a subjob: over with its array once that is over, and held while it is held (9)."""
    letter = SUBJOBS[state]
    if letter.letter == "X" and job.state in FINAL_JOB_STATES:
        return Letter("F", letter.substate)
    return of_job(job, array=False) if letter == QUEUED and job.state is JobState.QUEUED else letter


WHY_NOT: Final[Mapping[PendingReason, str]] = MappingProxyType(
    {
        PendingReason.NONE: "It waits for its turn, or for enough free resources",
        PendingReason.NOT_ENOUGH_RESOURCE: "Insufficient amount of resources",
        PendingReason.HIGHER_PRIORITY_JOB: "Jobs of a higher priority are first",
        PendingReason.JOB_SUBMITTED_EARLIER: "Jobs that were submitted earlier are first",
        PendingReason.DEPENDENCY_NOT_DONE: "",
        PendingReason.REQUIRED_NODES_NOT_AVAILABLE: "The nodes that were asked for are not available",
        PendingReason.HELD_BY_ADMIN: "",
        PendingReason.HELD_BY_USER: "",
        PendingReason.PARENT_JOBS_CANCELED_OR_FAILED: "",
        PendingReason.PARENT_JOBS_NOT_FINISHED: "",
    }
)
"""What `Not Running:` goes on with; nothing where the state says it."""

_LAUNCHED: Final = "_({})_or_queued_job_being_launched_reached"
_LIMITS: Final[Mapping[Wait, str]] = MappingProxyType(
    {
        Wait.MAX_RUNNING: f"Number_of_concurrent_running_jobs{_LAUNCHED}",
        Wait.MAX_NODES_RUNNING: f"Number_of_concurrent_provisioned_instances{_LAUNCHED}",
    }
)


def error_message(hindrance: Hindrance) -> str:
    """Resource_List.error_message of a job that waits for its queue, with `_` for blanks (spec soca, 8.4)."""
    known = _LIMITS.get(hindrance.why)
    return known.format(hindrance.limit) if known else hindrance.text.replace(" ", "_")


DROPPED: Final = frozenset({"Script_DroppedByDependency", "Script_InstanceDropped"})
EXPIRED: Final = frozenset({"Execution_TaskRuntimeExpired", "Execution_JobRuntimeExpired"})
_TERMINATED: Final = frozenset({"Execution_TaskCanceledDuringExecution", "Operation_CanceledByUser"})
_NEVER_STARTED: Final = frozenset(
    {
        "Execution_WorkingDirectoryNotFound",
        "Execution_FailedToOpenStandardInput",
        "Execution_FailedToOpenStandardOutput",
        "Execution_FailedToOpenStandardError",
        "Execution_StartJobFailedOnNode",
    }
)
NOT_STARTED: Final = -1
_SIGNALLED: Final = 256
_TERM: Final = 15


def never_started(run: Run) -> bool:
    """Whether its program could not be started."""
    return run.mishap is not None and run.mishap.code in _NEVER_STARTED


def exit_status(run: Run) -> int:
    """Exit_status of a run that has ended (6)."""
    code = run.mishap.code if run.mishap else ""
    if code in EXPIRED:
        return -29
    if run.signal is not None:
        return _SIGNALLED + run.signal
    if code in _TERMINATED:
        return _SIGNALLED + _TERM
    if never_started(run):
        return NOT_STARTED
    return -4 if code == "Execution_NodeError" else run.exit_code
