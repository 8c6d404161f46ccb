"""core/properties/task.py and task_changes.py.

Reading tasks and subtasks, and the rules of the task types.
"""

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from headgate.core.errors import BadProperty
from headgate.core.model import Instance, Mishap, Run, Task, TaskSpec, Times
from headgate.core.properties import TASK, TaskSubject, apply_task
from headgate.core.states import TaskState
from headgate.core.vocabulary import TaskType

SWEEP = Task(
    job_id=22,
    number=1,
    state=TaskState.RUNNING,
    spec=TaskSpec(
        type=TaskType.PARAMETRIC_SWEEP, start_value=1, end_value=3, command_line="echo *", name="Sweep"
    ),
)
SECOND = Instance(
    job_id=22,
    task=1,
    number=2,
    state=TaskState.FAILED,
    previous_state=TaskState.FINISHING,
    times=Times(ended=7),
    run=Run(exit_code=3, mishap=Mishap("Execution_TaskExecutionFailure", ("3",))),
)


def changed(changes: Mapping[str, object], task: Task | None = None) -> TaskSpec:
    return apply_task(task or Task(), {TASK[name]: value for name, value in changes.items()}).spec


def refused(changes: Mapping[str, object], task: Task | None = None) -> BadProperty:
    with pytest.raises(BadProperty) as caught:
        changed(changes, task)
    return caught.value


def test_a_subtask_has_its_own_facts_and_its_masters_description() -> None:
    subject = TaskSubject.of(SWEEP, SECOND, b"out \xff")
    read = {property.name: property.read(subject) for property in TASK}
    assert read["TaskId"] == (22, 1, 2)
    assert (read["ParentJobId"], read["JobTaskId"], read["InstanceId"]) == (22, 1, 2)
    assert read["State"] is TaskState.FAILED
    assert (read["ExitCode"], read["EndTime"]) == (3, 7)
    assert read["ErrorMessage"] == "The command of the task ended with exit code 3."
    assert (read["CommandLine"], read["Name"]) == ("echo 2", "Sweep")
    assert read["Output"] == "out \ufffd"
    assert read["EndValue"] == 3
    assert read["IsParametric"] is True


def test_a_master_reads_as_itself() -> None:
    subject = TaskSubject.of(SWEEP)
    assert TASK["TaskId"].read(subject) == (22, 1, 0)
    assert TASK["InstanceId"].read(subject) == 0
    assert TASK["CommandLine"].read(subject) == "echo *"
    assert TASK["State"].read(subject) is TaskState.RUNNING


def test_a_subtask_that_never_ran_ended_for_the_reason_of_its_task() -> None:
    master = Task(job_id=22, number=1, run=Run(mishap=Mishap("Execution_TasksJobCanceled")))
    told = "The job of this task was canceled."
    for state, message in ((TaskState.CANCELED, told), (TaskState.FAILED, told), (TaskState.QUEUED, "")):
        untouched = replace(SECOND, state=state, run=Run())
        assert TASK["ErrorMessage"].read(TaskSubject.of(master, untouched)) == message
    own = "The command of the task ended with exit code 3."
    assert TASK["ErrorMessage"].read(TaskSubject.of(master, SECOND)) == own


# ---- types (section 6.1)


def test_a_basic_task_has_no_sweep_values() -> None:
    spec = changed({"CommandLine": "true"})
    assert (spec.type, spec.start_value, spec.end_value, spec.increment) == (TaskType.BASIC, 0, 0, 1)


def test_a_sweep_that_says_nothing_goes_from_1_to_1() -> None:
    spec = changed({"Type": TaskType.PARAMETRIC_SWEEP})
    assert (spec.start_value, spec.end_value, spec.increment) == (1, 1, 1)


def test_a_sweep_keeps_what_was_said_before() -> None:
    spec = changed({"Type": TaskType.PARAMETRIC_SWEEP, "StartValue": -5, "EndValue": 9, "IncrementValue": 0})
    assert (spec.start_value, spec.end_value, spec.increment) == (-5, 9, 0)
    assert changed({"EndValue": 4}, Task(spec=spec)).start_value == -5


@pytest.mark.parametrize(
    ("changes", "type"),
    [
        ({"IsParametric": True}, TaskType.PARAMETRIC_SWEEP),
        ({"IsParametric": False}, TaskType.BASIC),
        ({"IsParametric": True, "Type": TaskType.PARAMETRIC_SWEEP}, TaskType.PARAMETRIC_SWEEP),
        ({"IsParametric": False, "Type": TaskType.SERVICE}, TaskType.SERVICE),
        ({"IsParametric": None, "Type": TaskType.SERVICE}, TaskType.SERVICE),
        ({"IsParametric": True, "Type": None}, TaskType.PARAMETRIC_SWEEP),
        ({"Type": None}, TaskType.BASIC),
    ],
)
def test_is_parametric_is_another_word_for_a_sweep(changes: Mapping[str, object], type: TaskType) -> None:
    assert changed(changes).type is type


@pytest.mark.parametrize(
    "changes",
    [
        {"IsParametric": True, "Type": TaskType.BASIC},
        {"IsParametric": False, "Type": TaskType.PARAMETRIC_SWEEP},
    ],
)
def test_contradicting_types_are_refused(changes: Mapping[str, object]) -> None:
    assert refused(changes).code == "Operation_TaskTypeAndIsParametricIncompatible"


def test_not_parametric_leaves_other_types_as_they_are() -> None:
    assert (
        changed({"IsParametric": False}, Task(spec=TaskSpec(type=TaskType.NODE_PREP))).type
        is TaskType.NODE_PREP
    )
    assert changed({"IsParametric": False}, SWEEP).type is TaskType.BASIC


@pytest.mark.parametrize(
    ("type", "name", "value"),
    [
        (TaskType.BASIC, "StartValue", 2),
        (TaskType.BASIC, "EndValue", -1),
        (TaskType.BASIC, "IncrementValue", 0),
        (TaskType.BASIC, "FailJobOnFailureCount", 2),
        (TaskType.SERVICE, "EndValue", 5),
        (TaskType.SERVICE, "DependsOn", ("a",)),
        (TaskType.SERVICE, "IsRerunnable", False),
        (TaskType.NODE_PREP, "MaxCores", 2),
        (TaskType.NODE_PREP, "IsExclusive", True),
        (TaskType.NODE_RELEASE, "RequiredNodes", ("n",)),
        (TaskType.NODE_RELEASE, "MinNodes", 0),
    ],
)
def test_what_a_type_fixes_cannot_be_set(type: TaskType, name: str, value: object) -> None:
    error = refused({"Type": type, name: value})
    assert error.code == "Operation_InvalidPropForTaskType"
    assert error.name == name
    assert error.parameters[0] == name


@pytest.mark.parametrize("type", [TaskType.BASIC, TaskType.SERVICE, TaskType.NODE_PREP])
def test_the_object_models_defaults_may_be_sent_along(type: TaskType) -> None:
    defaults = {
        "StartValue": 1,
        "EndValue": 1,
        "IncrementValue": 1,
        "MinCores": 1,
        "IsRerunnable": True,
        "DependsOn": (),
    }
    spec = changed({"Type": type, **defaults})
    assert spec.start_value == (0 if type is TaskType.BASIC else 1)


def test_a_sweep_that_becomes_basic_loses_its_values() -> None:
    spec = changed({"Type": TaskType.BASIC}, SWEEP)
    assert (spec.start_value, spec.end_value, spec.increment) == (0, 0, 1)


# ---- single values


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Name": "a,b"}, "Operation_TaskNameContainInvalidChars"),
        ({"Name": "x" * 81}, "Operation_PropertyValueTooLargeForDatabase"),
        ({"UserBlob": "ä" * 2001}, "Operation_PropertyValueTooLargeForDatabase"),
        ({"CommandLine": "x" * 65537}, "Operation_PropertyValueTooLargeForDatabase"),
        ({"FailJobOnFailureCount": 0}, "Operation_ArgumentOutOfRange"),
        ({"FailJobOnFailureCount": 1_000_001}, "Operation_ArgumentOutOfRange"),
        ({"TaskValidExitCodes": "x"}, "Operation_InvalidExitCodes"),
        ({"CommandLine": "a\0"}, "Operation_ArgumentOutOfRange"),
    ],
)
def test_bad_values_are_refused_by_name(changes: Mapping[str, object], code: str) -> None:
    error = refused(changes)
    assert error.code == code
    assert [error.name] == list(changes)


def test_a_command_line_takes_the_place_of_a_script() -> None:
    spec = changed(
        {"CommandLine": "true"}, Task(spec=TaskSpec(script=b"#!/bin/sh", interpreter=("/bin/sh",)))
    )
    assert (spec.script, spec.interpreter, spec.command_line) == (b"", ("/bin/bash",), "true")


def test_a_blob_of_4000_bytes_is_kept() -> None:
    assert changed({"UserBlob": "ä" * 2000}).user_blob == "ä" * 2000
