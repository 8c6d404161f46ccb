"""The lifecycle tables, line by line, and their picture in the documents."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headgate.core.errors import WrongState
from headgate.core.lifecycle import (
    JOB,
    JOB_ASKED,
    TASK,
    TASK_ASKED,
    JobHappened,
    Seen,
    TaskHappened,
    page,
    state_name,
    step_foreign,
    step_job,
    step_task,
)
from headgate.core.states import JobState, TaskState

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "states.md"
J, JH, T, TH = JobState, JobHappened, TaskState, TaskHappened


def came_of(step: Callable[[Any, Any], object], state: JobState | TaskState, happened: object) -> object:
    """The state after, or what is named in the refusal."""
    try:
        return step(state, happened)
    except WrongState as refused:
        return refused.parameters if state_name(state) in str(refused) else str(refused)


@pytest.mark.parametrize("happened", JobHappened, ids=lambda one: one.name)
def test_a_job_steps_as_the_table_says(happened: JobHappened) -> None:
    for state in JobState:
        other = (state_name(state),) if happened in JOB_ASKED else state
        assert came_of(step_job, state, happened) == JOB.get((state, happened), other), state


def test_a_job_that_was_entered_elsewhere_is_what_it_is_seen_as_whatever_it_was() -> None:
    states = {seen: step_foreign(J.CONFIGURING, seen) for seen in Seen}
    assert sorted(states.values()) == [J.QUEUED, J.RUNNING, J.FINISHED, J.FAILED, J.CANCELED]
    for before in states.values():
        assert {seen: step_foreign(before, seen) for seen in Seen} == states
    assert step_foreign(J.CANCELING, Seen.RUNNING) is J.CANCELING


@pytest.mark.parametrize("happened", TaskHappened, ids=lambda one: one.name)
def test_a_task_steps_as_the_table_says(happened: TaskHappened) -> None:
    for state in TaskState:
        other = (state_name(state),) if happened in TASK_ASKED else state
        assert came_of(step_task, state, happened) == TASK.get((state, happened), other), state


JOB_WAYS = [
    [J.CONFIGURING, JH.SUBMIT_ASKED, J.SUBMITTED, JH.VALIDATION_BEGUN, J.VALIDATING, JH.VALIDATED, J.QUEUED],
    [J.VALIDATING, JH.FILTER_BEGUN, J.EXTERNAL_VALIDATION, JH.VALIDATED, J.QUEUED],
    [J.VALIDATING, JH.VALIDATION_FAILED, J.FAILED],
    [J.QUEUED, JH.ALLOCATED, J.RUNNING, JH.TASKS_ENDED, J.FINISHING, JH.WOUND_UP_WELL, J.FINISHED],
    [J.RUNNING, JH.TASK_FAILURE_COUNTED, J.FINISHING, JH.WOUND_UP_BADLY, J.FAILED],
    [J.RUNNING, JH.EXPIRED, J.CANCELING, JH.WOUND_UP_BADLY, J.CANCELED],
    [J.FINISHING, JH.CANCEL_ASKED, J.CANCELING, JH.CANCEL_ASKED, J.CANCELING, JH.WOUND_UP_WELL, J.CANCELED],
    [J.FAILED, JH.REQUEUE_ASKED, J.CONFIGURING],
    [J.CANCELED, JH.REQUEUE_ASKED, J.CONFIGURING],
    *[
        [state, JH.CANCEL_ASKED, J.CANCELING]
        for state in (J.CONFIGURING, J.SUBMITTED, J.VALIDATING, J.QUEUED)
    ],
]
TASK_WAYS = [
    [T.CONFIGURING, TH.SUBMIT_ASKED, T.SUBMITTED, TH.VALIDATION_BEGUN, T.VALIDATING, TH.VALIDATED, T.QUEUED],
    [T.QUEUED, TH.INTENDED, T.DISPATCHING, TH.STARTED, T.RUNNING, TH.EXITED, T.FINISHING],
    [T.FINISHING, TH.WOUND_UP_WELL, T.FINISHED],
    [T.FINISHING, TH.WOUND_UP_BADLY, T.FAILED],
    *[[state, TH.CANCEL_ASKED, T.CANCELED] for state in (T.CONFIGURING, T.SUBMITTED, T.VALIDATING, T.QUEUED)],
    *[[state, TH.CANCEL_ASKED, T.CANCELING] for state in (T.DISPATCHING, T.RUNNING)],
    # Cancelled while it ran, it is Failed, however it ended; taken back in time, it is Canceled.
    [T.CANCELING, TH.WOUND_UP_WELL, T.FAILED],
    [T.CANCELING, TH.WOUND_UP_BADLY, T.FAILED],
    [T.CANCELING, TH.NEVER_RAN, T.CANCELED],
    [T.DISPATCHING, TH.NEVER_RAN, T.QUEUED],
    [T.RUNNING, TH.RETRIED, T.QUEUED],
    [T.FAILED, TH.REQUEUE_ASKED, T.CONFIGURING],
    [T.CANCELED, TH.REQUEUE_ASKED, T.CONFIGURING],
    [T.QUEUED, TH.DEPENDENCY_FAILED, T.FAILED],
]


@pytest.mark.parametrize("way", JOB_WAYS, ids=lambda way: f"{way[0].name} {way[1].name}")
def test_the_ways_of_a_job_are_the_published_ones(way: list[JobState | JobHappened]) -> None:
    for state, happened, after in zip(way[::2], way[1::2], way[2::2], strict=False):
        assert isinstance(state, JobState)
        assert isinstance(happened, JobHappened)
        assert step_job(state, happened) is after


@pytest.mark.parametrize("way", TASK_WAYS, ids=lambda way: f"{way[0].name} {way[1].name}")
def test_the_ways_of_a_task_are_the_published_ones(way: list[TaskState | TaskHappened]) -> None:
    for state, happened, after in zip(way[::2], way[1::2], way[2::2], strict=False):
        assert isinstance(state, TaskState)
        assert isinstance(happened, TaskHappened)
        assert step_task(state, happened) is after


@pytest.mark.parametrize(
    ("state", "happened", "code", "text"),
    [
        (
            J.FINISHED,
            JH.CANCEL_ASKED,
            "InvalidCancelJobState",
            "Jobs in the Finished state cannot be canceled.",
        ),
        (
            J.RUNNING,
            JH.REQUEUE_ASKED,
            "OnlyFailedCancelledJobsCanBeConfigured",
            "Only jobs that are in the Canceled or Failed state can be requeued. This one is Running.",
        ),
        (
            J.QUEUED,
            JH.SUBMIT_ASKED,
            "OnlyConfigJobsCanBeSubmitted",
            "Only jobs in the Configuring state can be submitted; this one is Queued.",
        ),
    ],
)
def test_a_refusal_has_the_words_that_clients_look_for(
    state: JobState, happened: JobHappened, code: str, text: str
) -> None:
    with pytest.raises(WrongState) as refused:
        step_job(state, happened)
    assert (refused.value.code, refused.value.text) == (f"Operation_{code}", text)


def test_a_state_is_called_as_published() -> None:
    assert state_name(JobState.EXTERNAL_VALIDATION) == "ExternalValidation"
    assert state_name(TaskState.CANCELED) == "Canceled"


def test_every_state_of_the_tables_can_be_reached() -> None:
    assert {J.CONFIGURING, *JOB.values()} == set(JobState)
    assert {T.CONFIGURING, *TASK.values()} == set(TaskState)


def test_the_documented_diagrams_are_those_of_the_tables() -> None:
    """To write them anew: python -m headgate.core.lifecycle > docs/reference/states.md"""
    assert PAGE.read_text() == page()
