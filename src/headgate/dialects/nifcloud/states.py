"""Our states as PJM's, what a run ended with, and why a job waits (spec pjm, sections 5 and 6).

Every table is total over what it maps. Pure.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from headgate.core.lines import Hindrance, Wait
from headgate.core.model import Job, Task
from headgate.core.states import FINAL_JOB_STATES, JobState, TaskState
from headgate.core.vocabulary import HoldKind, PendingReason
from headgate.service.chains import code_of, exit_of

NOTHING: Final = "-"
"""Stands for what does not apply."""
HELD: Final = "HLD"
ACQUIRING: Final = "RNA"
REJECTED: Final = "RJT"
RUNNING: Final = "RUN"

JOBS: Final[Mapping[JobState, str]] = MappingProxyType(
    {
        JobState.CONFIGURING: "ACC",
        JobState.SUBMITTED: "ACC",
        JobState.VALIDATING: "ACC",
        JobState.EXTERNAL_VALIDATION: "ACC",
        JobState.QUEUED: "QUE",
        JobState.RUNNING: RUNNING,
        JobState.FINISHING: "RNE",
        JobState.CANCELING: "RNO",
        JobState.FINISHED: "EXT",
        JobState.FAILED: "EXT",
        JobState.CANCELED: "CCL",
    }
)
_DROPPED: Final = frozenset({"Script_StepDeleted", "Script_DroppedByDependency"})
_NOT_YET: Final = frozenset({JobState.SUBMITTED, JobState.VALIDATING, JobState.EXTERNAL_VALIDATION})


def of_job(job: Job, task: Task | None) -> str:
    """`status`. task: the one that stands for the job."""
    if job.state is JobState.QUEUED and job.spec.holds:
        return HELD
    if job.state is JobState.RUNNING and task is not None and task.state is TaskState.DISPATCHING:
        return ACQUIRING
    if job.state is JobState.FAILED and job.previous_state in _NOT_YET:
        return REJECTED
    if job.mishap is not None and job.mishap.code in _DROPPED and job.state in FINAL_JOB_STATES:
        return JOBS[JobState.CANCELED]  # pjm 4.2
    return JOBS[job.state]


def before(job: Job, status: str) -> str:
    """`Fugaku:lst`, the state before this one; nothing where this is the first."""
    if status in (RUNNING, HELD):
        return ACQUIRING if status == RUNNING else JOBS[JobState.QUEUED]
    known = JOBS[job.previous_state]
    return known if known != status else NOTHING


def ending(job: Job, task: Task | None, status: str) -> tuple[str, str, str]:
    """`Fugaku:ec`, `pc`, `sn`. Zeros before the end; held is a verdict too (pjm 6)."""
    if task is not None and task.spec.type.has_instances:
        return NOTHING, NOTHING, NOTHING  # 4.1
    if job.state not in FINAL_JOB_STATES or task is None:
        return "0", "4" if status == HELD else "0", "0"
    if status == REJECTED:
        return "0", "2", "0"
    return str(exit_of(task)), str(code_of(job, task)), str(task.run.signal or 0)


_WAITING: Final[Mapping[PendingReason, str]] = MappingProxyType(
    {
        PendingReason.NONE: NOTHING,
        PendingReason.NOT_ENOUGH_RESOURCE: "INSUFF NODE",
        PendingReason.HIGHER_PRIORITY_JOB: "WAIT SCHED",
        PendingReason.JOB_SUBMITTED_EARLIER: "WAIT SCHED",
        PendingReason.DEPENDENCY_NOT_DONE: NOTHING,
        PendingReason.REQUIRED_NODES_NOT_AVAILABLE: "INSUFF NODE",
        PendingReason.HELD_BY_ADMIN: NOTHING,
        PendingReason.HELD_BY_USER: NOTHING,
        PendingReason.PARENT_JOBS_CANCELED_OR_FAILED: NOTHING,
        PendingReason.PARENT_JOBS_NOT_FINISHED: NOTHING,
    }
)
_HINDRANCES: Final[Mapping[Wait, str]] = MappingProxyType(
    {
        Wait.GONE: "RSCGRP NOT EXIST",
        Wait.NOT_STARTED: "RSCGRP STOP",
        Wait.MAX_RUNNING: "RUNLIMIT EXCEED",
        Wait.MAX_RUNNING_PER_USER: "RUNLIMIT EXCEED",
        Wait.MAX_NODES_RUNNING: "USELIMIT EXCEED",
        Wait.ENGINE: "WAIT SCHED",
    }
)
_ENDED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "11": "ELAPSE LIMIT EXCEEDED",
        "16": "FILE IO ERROR",
        "20": "LOST COMM",
    }
)
_NO_DIRECTORY: Final = "Execution_WorkingDirectoryNotFound"


def reason(job: Job, task: Task | None, hindrance: Hindrance | None, pc: str) -> str:
    """`Fugaku:reason`. pc: of `ending`."""
    if job.state in FINAL_JOB_STATES:
        if pc == "1":
            return f"{short_name(job.owner)}:{job.message}"
        mishap = task.run.mishap if task is not None else None
        if mishap is not None and mishap.code == _NO_DIRECTORY:
            return "NO CURRENT DIR"
        return _ENDED.get(pc, NOTHING)
    if job.state is not JobState.QUEUED:
        return NOTHING
    if HoldKind.USER in job.spec.holds:
        return f"{short_name(job.owner)}:"
    return _HINDRANCES[hindrance.why] if hindrance is not None else _WAITING[job.pending_reason]


def short_name(owner: str) -> str:
    """A user without their domain."""
    return owner.rpartition("\\")[2]
