"""Laws of the lifecycle, for any sequence of happenings."""

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import WrongState
from headgate.core.lifecycle import (
    JOB_ASKED,
    TASK_ASKED,
    JobHappened,
    TaskHappened,
    step_job,
    step_task,
)
from headgate.core.states import FINAL_JOB_STATES, FINAL_TASK_STATES, JobState, TaskState

SEEN_OF_TASKS = frozenset(TaskHappened) - TASK_ASKED - {TaskHappened.JOB_REQUEUED}


@given(st.lists(st.sampled_from(JobHappened), max_size=30))
def test_a_jobs_final_state_is_never_left_but_by_a_requeue(happenings: list[JobHappened]) -> None:
    state = JobState.CONFIGURING
    for happened in happenings:
        before = state
        try:
            state = step_job(state, happened)
        except WrongState:
            assert happened in JOB_ASKED
            assert state is before
        if before in FINAL_JOB_STATES and state is not before:
            assert happened is JobHappened.REQUEUE_ASKED
            assert before is not JobState.FINISHED


@given(st.lists(st.sampled_from(TaskHappened), max_size=30))
def test_a_tasks_final_state_is_never_left_but_by_a_requeue(happenings: list[TaskHappened]) -> None:
    state = TaskState.CONFIGURING
    for happened in happenings:
        before = state
        try:
            state = step_task(state, happened)
        except WrongState:
            assert happened in TASK_ASKED
        if before in FINAL_TASK_STATES and state is not before:
            assert happened in (TaskHappened.REQUEUE_ASKED, TaskHappened.JOB_REQUEUED)


@given(st.sampled_from(TaskState), st.sampled_from(sorted(SEEN_OF_TASKS, key=lambda one: one.name)))
def test_a_sighting_is_never_refused_and_its_repetition_changes_nothing(
    state: TaskState, seen: TaskHappened
) -> None:
    once = step_task(state, seen)
    twice = step_task(once, seen)
    assert twice is once


@given(st.sampled_from(sorted(FINAL_TASK_STATES)), st.lists(st.sampled_from(sorted(SEEN_OF_TASKS, key=str))))
def test_late_sightings_change_nothing(state: TaskState, seen: list[TaskHappened]) -> None:
    for one in seen:
        assert step_task(state, one) is state


@given(st.sampled_from(JobState))
def test_from_every_state_a_job_can_be_brought_to_its_end(state: JobState) -> None:
    for happened in (
        JobHappened.VALIDATION_BEGUN,
        JobHappened.VALIDATED,
        JobHappened.CANCEL_ASKED,
        JobHappened.WOUND_UP_WELL,
    ):
        try:
            state = step_job(state, happened)
        except WrongState:
            assert state in FINAL_JOB_STATES
    assert state in FINAL_JOB_STATES
