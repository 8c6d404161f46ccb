"""dialects/nifcloud/states.py: spec pjm, sections 5 and 6."""

import pytest
from msgspec.structs import replace

from headgate.core.lines import Hindrance, Wait
from headgate.core.model import Job, JobSpec, Mishap, Run, Task, TaskSpec
from headgate.core.states import JobState, TaskState
from headgate.core.syncs import SyncState
from headgate.core.vocabulary import HoldKind, PendingReason, TaskType
from headgate.dialects.nifcloud import states
from headgate.dialects.nifcloud.calls import _STATUSES
from headgate.dialects.nifcloud.openapi import STATES


def test_every_table_is_total_and_says_only_what_pjm_has() -> None:
    assert set(states.JOBS) == set(JobState)
    assert set(states.JOBS.values()) < set(STATES)
    assert set(states._WAITING) == set(PendingReason)
    assert set(states._HINDRANCES) == set(Wait)
    assert set(_STATUSES) == set(SyncState)


@pytest.mark.parametrize(
    ("job", "task", "status", "before"),
    [
        (Job(state=JobState.CONFIGURING), None, "ACC", "-"),
        (Job(state=JobState.QUEUED, previous_state=JobState.VALIDATING), Task(), "QUE", "ACC"),
        (Job(state=JobState.QUEUED, spec=JobSpec(holds=(HoldKind.SYSTEM,))), Task(), "HLD", "QUE"),
        (
            Job(state=JobState.RUNNING, previous_state=JobState.QUEUED),
            Task(state=TaskState.DISPATCHING),
            "RNA",
            "QUE",
        ),
        (
            Job(state=JobState.RUNNING, previous_state=JobState.QUEUED),
            Task(state=TaskState.RUNNING),
            "RUN",
            "RNA",
        ),
        (Job(state=JobState.FINISHING, previous_state=JobState.RUNNING), Task(), "RNE", "RUN"),
        (Job(state=JobState.CANCELING, previous_state=JobState.QUEUED), Task(), "RNO", "QUE"),
        (Job(state=JobState.FINISHED, previous_state=JobState.FINISHING), Task(), "EXT", "RNE"),
        (Job(state=JobState.FAILED, previous_state=JobState.RUNNING), Task(), "EXT", "RUN"),
        (Job(state=JobState.FAILED, previous_state=JobState.VALIDATING), Task(), "RJT", "ACC"),
        (Job(state=JobState.CANCELED, previous_state=JobState.CANCELING), Task(), "CCL", "RNO"),
        (
            Job(
                state=JobState.FAILED,
                previous_state=JobState.QUEUED,
                mishap=Mishap("Script_DroppedByDependency"),
            ),
            Task(),
            "CCL",
            "QUE",
        ),
    ],
)
def test_a_job_has_a_state_of_pjm_and_one_before(
    job: Job, task: Task | None, status: str, before: str
) -> None:
    assert states.of_job(job, task) == status
    assert states.before(job, status) == before


@pytest.mark.parametrize(
    ("job", "run", "codes", "reason"),
    [
        (Job(state=JobState.FINISHED), Run(exit_code=0), ("0", "0", "0"), "-"),
        (Job(state=JobState.FAILED, previous_state=JobState.RUNNING), Run(exit_code=7), ("7", "0", "0"), "-"),
        (
            Job(state=JobState.FAILED, previous_state=JobState.RUNNING),
            Run(exit_code=139, signal=11),
            ("0", "0", "11"),
            "-",
        ),
        (
            Job(
                state=JobState.CANCELED,
                owner="DOM\\ada",
                mishap=Mishap("Operation_CanceledByUser"),
                message="no",
            ),
            Run(signal=15),
            ("0", "1", "15"),
            "ada:no",
        ),
        (
            Job(state=JobState.FAILED, previous_state=JobState.RUNNING),
            Run(mishap=Mishap("Execution_TaskRuntimeExpired"), signal=9),
            ("0", "11", "9"),
            "ELAPSE LIMIT EXCEEDED",
        ),
        (
            Job(state=JobState.FAILED, previous_state=JobState.RUNNING),
            Run(mishap=Mishap("Execution_WorkingDirectoryNotFound")),
            ("0", "16", "0"),
            "NO CURRENT DIR",
        ),
        (
            Job(state=JobState.FAILED, previous_state=JobState.RUNNING),
            Run(mishap=Mishap("Execution_NodeError")),
            ("0", "20", "0"),
            "LOST COMM",
        ),
        (Job(state=JobState.FAILED, previous_state=JobState.VALIDATING), Run(), ("0", "2", "0"), "-"),
        (Job(state=JobState.RUNNING), Run(), ("0", "0", "0"), "-"),
    ],
)
def test_what_it_ended_with_is_told_as_pjm_tells_it(
    job: Job, run: Run, codes: tuple[str, str, str], reason: str
) -> None:
    task = Task(run=run)
    found = states.ending(job, task, states.of_job(job, task))
    assert found == codes
    assert states.reason(job, task, None, found[1]) == reason


def test_a_bulk_job_has_no_codes_of_its_own() -> None:
    task = Task(spec=TaskSpec(type=TaskType.PARAMETRIC_SWEEP))
    assert states.ending(Job(state=JobState.RUNNING), task, "RUN") == ("-", "-", "-")


@pytest.mark.parametrize(
    ("job", "hindrance", "reason"),
    [
        (Job(pending_reason=PendingReason.NOT_ENOUGH_RESOURCE), None, "INSUFF NODE"),
        (Job(pending_reason=PendingReason.HIGHER_PRIORITY_JOB), None, "WAIT SCHED"),
        (Job(), Hindrance(Wait.NOT_STARTED, "small"), "RSCGRP STOP"),
        (Job(owner="ada", spec=JobSpec(holds=(HoldKind.USER,))), None, "ada:"),
        (Job(owner="ada", spec=JobSpec(holds=(HoldKind.SYSTEM,))), None, "-"),
        (Job(), None, "-"),
    ],
)
def test_a_job_that_waits_says_why(job: Job, hindrance: Hindrance | None, reason: str) -> None:
    assert states.reason(replace(job, state=JobState.QUEUED), None, hindrance, "0") == reason
