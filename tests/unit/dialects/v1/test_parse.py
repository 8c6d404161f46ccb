"""Requests of /v1 into values of the model, and what is said of those that can't be."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadProperty, BadRequest, HeadgateError, Refusal
from headgate.core.model import Chunk, Job, JobDependency, JobSpec, TaskSpec
from headgate.core.properties import JOB, apply_job
from headgate.core.scripts import Script
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import TaskType
from headgate.dialects.v1 import parse, wire
from headgate.ports.store import Cursor
from headgate.service.jobs import NewJob

NOW = 1_767_254_400_000_000


def new(**members: object) -> NewJob:
    raw = msgspec.json.encode({"tasks": [{"command": "true"}], **members})
    return parse.new_job(parse.body(raw, wire.NewJob), NOW)


def test_a_command_is_a_basic_task() -> None:
    job = new()
    assert [task.spec.command_line for task in job.tasks] == ["true"]
    assert job.tasks[0].spec.type is TaskType.BASIC
    assert job.changes == {}, "what is not said is for the template to say"


def test_everything_that_was_said_arrives() -> None:
    job = new(
        name="n",
        project="p",
        priority=0,
        environment={"A": "b"},
        runtime_s=60,
        min_cores=2,
        max_cores=4,
        exclusive=True,
        requested_nodes=["x"],
        excluded_nodes=["y"],
        node_groups=["g"],
        depends_on=[3],
        not_before="2026-01-02T00:00:00Z",
        fail_on_task_failure=True,
    )
    spec = apply_job(Job(spec=job.spec), job.changes, NOW).spec
    assert (spec.name, spec.project, spec.priority, spec.runtime_s) == ("n", "p", 0, 60)
    assert (spec.min_cores, spec.max_cores, spec.auto_calculate_min, spec.auto_calculate_max) == (
        2,
        4,
        False,
        False,
    )
    assert (spec.requested_nodes, spec.excluded_nodes, spec.node_groups) == (("x",), ("y",), ("g",))
    assert spec.depends_on == (JobDependency(3),)
    assert spec.not_before == 1_767_312_000_000_000
    assert spec.exclusive
    assert spec.fail_on_task_failure
    assert job.environment == {"A": "b"}


def test_what_is_said_to_be_as_by_default_is_said() -> None:
    said = new(exclusive=False, node_groups=[], project="", template="Night").changes
    assert said == {
        JOB["IsExclusive"]: False,
        JOB["NodeGroups"]: (),
        JOB["Project"]: "",
        JOB["JobTemplate"]: "Night",
    }


def test_a_sweep_makes_a_sweep() -> None:
    spec = new(tasks=[{"command": "echo *", "sweep": {"end": 9, "increment": 2}}]).tasks[0].spec
    assert spec.type is TaskType.PARAMETRIC_SWEEP
    assert (spec.start_value, spec.end_value, spec.increment) == (1, 9, 2)


def test_a_script_brings_its_interpreter_along() -> None:
    spec = new(tasks=[{"script": "#!/usr/bin/env -S python3 -u\nprint(1)\n"}]).tasks[0].spec
    assert spec.interpreter == ("/usr/bin/env", "-S", "python3", "-u")
    assert spec.script == b"#!/usr/bin/env -S python3 -u\nprint(1)\n"
    assert new(tasks=[{"script": "echo 1"}]).tasks[0].spec.interpreter == ("/bin/bash",)


def test_a_task_has_its_own_settings() -> None:
    task = {
        "command": "x",
        "name": "t",
        "work_directory": "/w",
        "stdin": "i",
        "stdout": "o",
        "stderr": "e",
        "cores": 3,
        "rerunnable": False,
        "valid_exit_codes": "0,3",
        "runtime_s": 5,
        "environment": {"K": "v"},
    }
    made = new(tasks=[task]).tasks[0]
    spec = made.spec
    assert (spec.name, spec.work_directory, spec.stdin, spec.stdout, spec.stderr) == (
        "t",
        "/w",
        "i",
        "o",
        "e",
    )
    assert (spec.min_cores, spec.max_cores, spec.rerunnable, spec.runtime_s) == (3, 3, False, 5)
    assert made.environment == {"K": "v"}


@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"tasks": []}, "tasks"),
        ({"tasks": [{}]}, "tasks[0].command"),
        ({"tasks": [{"command": "a", "script": "b"}]}, "tasks[0].command"),
        ({"tasks": [{"command": "a", "kind": "sweep"}]}, "tasks[0].sweep"),
        ({"tasks": [{"command": "a", "kind": "basic", "sweep": {"end": 2}}]}, "tasks[0].sweep"),
        ({"tasks": [{"command": "a"}, {"command": "a", "name": "x,y"}]}, "tasks[1].name"),
        ({"tasks": [{"command": "a", "name": "a\0b"}]}, "tasks[0].name"),
        ({"tasks": [{"command": "a", "valid_exit_codes": "boo"}]}, "tasks[0].valid_exit_codes"),
        ({"tasks": [{"script": "#!/bin/sh 'open\n"}]}, "tasks[0].script"),
        ({"tasks": [{"command": "a", "cores": 0}]}, "tasks[0].cores"),
        ({"name": "x" * 10_000}, "name"),
        ({"name": 1}, "name"),
        ({"priority": 4001}, "priority"),
        ({"runtime_s": 10**30}, "runtime_s"),
        ({"not_before": "2001-01-01T00:00:00Z"}, "not_before"),
        ({"not_before": "tomorrow"}, "not_before"),
        ({"excluded_nodes": ["a,b"]}, "excluded_nodes"),
    ],
)
def test_what_is_wrong_is_named(members: dict[str, object], field: str) -> None:
    with pytest.raises(BadRequest) as refused:
        new(**members)
    assert getattr(refused.value, "name", "") == field


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"tasks": NaN}', b"[" * 5000])
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        parse.body(raw, wire.NewJob)


def test_a_misspelt_member_is_refused_with_its_name() -> None:
    with pytest.raises(BadRequest, match="runtime"):
        new(runtime=5)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    ["tasks", "command", "name", "sweep", "end", "depends_on", "not_before", "environment"]
                ),
                x,
            )
        ),
        max_leaves=20,
    )
)
def test_anything_may_arrive(value: object) -> None:
    """The answer is a job or one of our refusals; nothing else escapes."""
    try:
        parse.new_job(parse.body(msgspec.json.encode(value), wire.NewJob), NOW)
    except Refusal:
        pass
    except UnicodeEncodeError:
        assert "\\ud" in repr(value)


def test_states_owner_and_order_of_a_list() -> None:
    query, order = parse.job_query({"state": "queued, Running", "owner": "ada", "sort": "-changed"})
    assert query.states == frozenset({JobState.QUEUED, JobState.RUNNING})
    assert (query.owner, query.sort, query.descending, order) == ("ada", "times.changed", True, "-changed")


@pytest.mark.parametrize(
    "query",
    [{"state": "sleeping"}, {"state": ""}, {"sort": "colour"}, {"sort": "--id"}, {"sort": ""}],
)
def test_a_list_that_cannot_be_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadRequest):
        parse.job_query(query)


def test_who_asks_for_a_state_that_is_none_is_told_which_there_are() -> None:
    with pytest.raises(BadProperty, match=r"'lost'; there are: configuring, .*, failed"):
        parse.job_query({"state": "lost"})


def test_tasks_are_asked_for_by_state_and_number() -> None:
    query, order = parse.task_query({"state": "failed,canceled", "task": "3", "expand": "true"}, 7)
    assert query.states == frozenset({TaskState.FAILED, TaskState.CANCELED})
    assert (query.job_id, query.numbers, query.expand) == (7, frozenset({3}), True)
    assert order == "tasks:True"
    assert parse.task_query({}, 7)[0].states is parse.task_query({}, 7)[0].numbers is None


@pytest.mark.parametrize("query", [{"state": "lost"}, {"task": "x"}, {"task": "9" * 50}, {"expand": "maybe"}])
def test_a_list_of_tasks_that_cannot_be_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadProperty):
        parse.task_query(query, 7)


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "x", "", "1e3", "²", "9" * 5000, "0000000001" * 500])
def test_a_limit_is_a_number_within_bounds(limit: str) -> None:
    with pytest.raises(BadRequest):
        parse.page({"limit": limit}, "id")


def test_an_unknown_parameter_is_refused() -> None:
    with pytest.raises(BadRequest, match="lmit"):
        parse.check_query({"lmit": "1"}, ("limit",))


@given(st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(), st.integers(0, 2**62), st.integers(0, 2**31))
def test_a_cursor_read_is_the_cursor_written(value: int | str | None, number: int, instance: int) -> None:
    try:
        text = parse.write_cursor(Cursor(value, number, instance), "id")
    except UnicodeEncodeError:
        return
    assert parse.read_cursor(text, "id") == Cursor(value, number, instance)
    with pytest.raises(BadRequest):
        parse.read_cursor(text, "-id")


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_no_made_up_cursor_is_more_than_refused(text: str) -> None:
    try:
        parse.read_cursor(text, "id")
    except HeadgateError:
        pass


# ---- job scripts


def told(**members: object) -> NewJob:
    """What comes of a script and of what is said beside it."""
    asked = parse.body(msgspec.json.encode({"flavour": "tiny", **members}), wire.NewJob)
    text = parse.script_text(asked)
    task = TaskSpec(script=text, interpreter=(), chunks=(Chunk(count=2, cores=2),), stdout="said")
    job = JobSpec(name="said", flavour="tiny", runtime_s=60, depends_on=(JobDependency(3, delay_s=5),))
    return parse.new_job(asked, NOW, Script(job=job, task=task, environment={"A": "1", "B": "2"}))


def test_a_script_is_as_it_says_itself() -> None:
    made = told(tasks=[{"script": "true"}])
    assert made.spec.depends_on == (JobDependency(3, delay_s=5),)
    assert (made.changes, made.environment) == ({}, {"A": "1", "B": "2"})
    assert (made.tasks[0].spec.stdout, made.tasks[0].spec.chunks) == ("said", (Chunk(count=2, cores=2),))


def test_what_is_said_beside_a_script_wins() -> None:
    task = {"script": "true", "cores": 3, "stdout": "given", "environment": {"C": "3"}}
    made = told(tasks=[task], name="given", environment={"A": "9"}, excluded_nodes=["n1"])
    assert made.changes[JOB["Name"]] == "given"
    assert made.spec.excluded_nodes == ("n1",)
    assert made.environment == {"A": "9", "B": "2"}
    spec = made.tasks[0].spec
    assert (spec.chunks, spec.stdout) == ((Chunk(cores=3),), "given")
    assert made.tasks[0].environment == {"C": "3"}


@pytest.mark.parametrize(
    "tasks",
    [
        [{"command": "true"}],
        [{"script": "true"}, {"script": "true"}],
        [{"script": "true", "command": "true"}],
        [{"script": "true", "sweep": {"end": 3}}],
        [{"script": "true", "kind": "service"}],
        [{"script": "true", "cores": 1, "max_cores": 2}],
    ],
)
def test_a_job_with_a_flavour_is_one_script_and_no_more(tasks: list[object]) -> None:
    with pytest.raises(BadProperty) as refused:
        told(tasks=tasks)
    assert refused.value.name.startswith("tasks")
