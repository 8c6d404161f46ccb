"""dialects/soca/states.py: spec pbs, sections 5 and 6."""

import pytest

from headgate.core.model import Job, JobSpec, Mishap, Run
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import HoldKind, PendingReason
from headgate.dialects.soca import states


def test_every_state_has_a_letter_and_every_reason_words() -> None:
    assert set(states.JOBS) == set(JobState)
    assert set(states.SUBJOBS) == set(TaskState)
    assert set(states.WHY_NOT) == set(PendingReason)


@pytest.mark.parametrize(
    ("reason", "holds", "letter"),
    [
        (PendingReason.HELD_BY_USER, (HoldKind.USER,), states.HELD),
        (PendingReason.HELD_BY_ADMIN, (HoldKind.SYSTEM,), states.HELD),
        (PendingReason.HELD_BY_USER, (), states.WAITING),
        (PendingReason.PARENT_JOBS_NOT_FINISHED, (), states.HELD_BY_JOBS),
    ],
)
def test_a_blocked_job_is_held_or_waits(
    reason: PendingReason, holds: tuple[HoldKind, ...], letter: states.Letter
) -> None:
    job = Job(state=JobState.QUEUED, blocked=True, pending_reason=reason, spec=JobSpec(holds=holds))
    assert states.of_job(job, array=False) == letter
    assert states.of_subjob(job, TaskState.QUEUED) == letter
    assert states.waits_for_jobs(job) is (letter == states.HELD_BY_JOBS)


def test_an_array_that_runs_has_begun_and_its_ended_parts_are_over() -> None:
    running, over = Job(state=JobState.RUNNING), Job(state=JobState.FINISHED)
    assert states.of_job(running, array=True) == states.BEGUN
    assert states.of_job(running, array=False) == states.RUNNING
    assert states.of_subjob(running, TaskState.FINISHED).letter == "X"
    assert states.of_subjob(over, TaskState.FINISHED).letter == "F"


@pytest.mark.parametrize(
    ("run", "status"),
    [
        (Run(exit_code=0), 0),
        (Run(exit_code=7, mishap=Mishap("Execution_TaskExecutionFailure")), 7),
        (Run(signal=9, exit_code=9, mishap=Mishap("Execution_TaskExecutionFailure")), 265),
        (Run(exit_code=170, mishap=Mishap("Execution_TaskCanceledDuringExecution")), 271),
        (Run(signal=15, exit_code=15, mishap=Mishap("Execution_TaskRuntimeExpired")), -29),
        (Run(mishap=Mishap("Execution_WorkingDirectoryNotFound")), -1),
        (Run(mishap=Mishap("Execution_NodeError")), -4),
    ],
)
def test_an_ending_has_the_status_of_pbs(run: Run, status: int) -> None:
    assert states.exit_status(run) == status
