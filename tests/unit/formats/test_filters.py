"""formats/filters.py: spec hpcpack-2016, section 3.2."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadRequest
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import NodeState
from headgate.formats.filters import (
    JobFilter,
    NodeFilter,
    TaskFilter,
    filled,
    job_filter,
    node_filter,
    task_filter,
)

JAN_31_14H = 1_580_479_200_000_000


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("", JobFilter()),
        ("  ", JobFilter()),
        ("JobState eq Running", JobFilter(frozenset({JobState.RUNNING}))),
        ("jobstate EQ running", JobFilter(frozenset({JobState.RUNNING}))),
        ("JobState eq 48", JobFilter(frozenset({JobState.QUEUED, JobState.RUNNING}))),
        ("JobState eq Queued, Running", JobFilter(frozenset({JobState.QUEUED, JobState.RUNNING}))),
        ("JobState eq All", JobFilter(frozenset(JobState))),
        ("JobState eq Running and JobState eq Queued", JobFilter(frozenset())),
        ("ChangeTimeFrom eq 01/31/2020 14:00:00", JobFilter(changed_from=JAN_31_14H)),
        (
            "ChangeTimeFrom eq 2020-01-31 and ChangeTimeFrom eq 1/31/2020 2:00:00 PM",
            JobFilter(changed_from=JAN_31_14H),
        ),
        ("NodeGroup eq My Group", JobFilter(node_group="My Group")),
        ("NodeGroup eq sandy and nodegroup eq SANDY", JobFilter(node_group="SANDY")),
        (
            "JobState eq Finished  AND  ChangeTimeFrom eq 01/31/2020 14:00:00 and NodeGroup eq G",
            JobFilter(frozenset({JobState.FINISHED}), "G", JAN_31_14H),
        ),
    ],
)
def test_filters_of_jobs(text: str, meaning: JobFilter) -> None:
    assert job_filter(text) == meaning


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("TaskState eq Queued", TaskFilter(frozenset({TaskState.QUEUED}))),
        ("TaskStates eq Failed,Canceled", TaskFilter(frozenset({TaskState.FAILED, TaskState.CANCELED}))),
        ("TaskStates eq Failed,Canceled and TaskState eq Failed", TaskFilter(frozenset({TaskState.FAILED}))),
        ("TaskIds eq 1, 3", TaskFilter(numbers=frozenset({1, 3}))),
        ("TaskIds eq 1,3 and TaskIds eq 3,4", TaskFilter(numbers=frozenset({3}))),
        (
            "TaskInstanceIds eq 2 and ChangeTimeFrom eq 01/31/2020 14:00:00",
            TaskFilter(instances=frozenset({2}), changed_from=JAN_31_14H),
        ),
    ],
)
def test_filters_of_tasks(text: str, meaning: TaskFilter) -> None:
    assert task_filter(text) == meaning


def test_filters_of_nodes() -> None:
    assert node_filter("NodeState eq online") == NodeFilter(frozenset({NodeState.ONLINE}))
    assert node_filter("") == NodeFilter()


@pytest.mark.parametrize(
    "text",
    [
        "Owner eq me",
        "State eq Running",
        "JobState = Running",
        "JobState eq",
        "JobState eq ",
        "JobState ne Running",
        "JobStateeqRunning",
        "eq Running",
        "and",
        "JobState eq Running and",
        "JobState eq Running or JobState eq Queued",
        "JobState eq Walking",
        "JobState eq 0",
        "JobState eq 2048",
        "JobState eq -1",
        "JobState eq Running,",
        "ChangeTimeFrom eq yesterday",
        "NodeGroup eq A and NodeGroup eq B",
        "TaskIds eq 1",
        " and ".join(["JobState eq Running"] * 51),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        job_filter(text)
    assert caught.value.code == "Operation_InvalidFilterProperty"
    assert len(caught.value.text) < 300


@pytest.mark.parametrize(
    "text", ["TaskIds eq x", "TaskIds eq 1,,2", "TaskIds eq -1", "TaskState eq NA", "Foo eq 1"]
)
def test_bad_filters_of_tasks_are_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        task_filter(text)


@pytest.mark.parametrize("blank", [" ", "\t", " and", "a and "])
def test_a_long_filter_takes_no_longer_than_it_is(blank: str) -> None:
    started = time.process_time()
    for read in (job_filter, task_filter, node_filter):
        with pytest.raises(BadRequest):
            read("x" + blank * 60_000 + "y")
    assert time.process_time() - started < 1


WORDS = st.sampled_from(
    ["JobState", "TaskIds", "eq", "and", "Running", "NodeState", "1", ",", " ", "ChangeTimeFrom"]
)


@given(st.text() | st.lists(WORDS).map(" ".join))
def test_anything_may_arrive(text: str) -> None:
    for read in (job_filter, task_filter, node_filter):
        code = "Operation_InvalidFilterProperty"
        try:
            assert read(text) == read(f" {text} ")
        except BadRequest as error:
            code = error.code
        assert code == "Operation_InvalidFilterProperty"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", ""),
        ("JobState eq", ""),
        ("JobState eq  and NodeGroup EQ", ""),
        ("JobState eq Running and NodeGroup eq", "JobState eq Running"),
        ("NodeGroup eq a b and JobState eq 4", "NodeGroup eq a b and JobState eq 4"),
        ("nonsense", "nonsense"),
    ],
)
def test_terms_without_a_value_can_be_left_out(text: str, left: str) -> None:
    assert filled(text) == left


def test_nodes_by_their_last_change() -> None:
    text = "ChangeTimeFrom eq 3/17/2030 and NodeState eq Online and ChangeTimeFrom eq 1/1/2030"
    assert node_filter(text, by_change=True).changed_from == 1_899_936_000_000_000
    with pytest.raises(BadRequest):
        node_filter(text)
