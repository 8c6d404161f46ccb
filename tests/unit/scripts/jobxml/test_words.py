"""scripts/jobxml/words.py: spec hpcpack-model, sections 1.2, 2.4 and 12."""

import pytest

from headgate.core.errors import BadProperty
from headgate.core.properties import JOB, TASK, Moment
from headgate.core.vocabulary import NodeGroupOp, TaskType, UnitType
from headgate.scripts.jobxml import words

# Section 12.2, as printed.
JOB_HONOURED = """
Name, Priority, Project, RuntimeSeconds, RunUntilCanceled, SoftwareLicense, UnitType, FailOnTaskFailure,
NodeGroups, NodeGroupOp, OrderBy, MinCores, MaxCores, MinSockets, MaxSockets, MinNodes, MaxNodes,
MinCoresPerNode, MaxCoresPerNode, MinMemory, MaxMemory, AutoCalculateMin, AutoCalculateMax, RequestedNodes,
IsExclusive, NotifyOnStart, NotifyOnCompletion, EmailAddress, HoldUntil, SingleNode, JobValidExitCodes,
ParentJobIds, EstimatedProcessMemory, TaskExecutionFailureRetryLimit, JobTemplate, FailDependentTasks
"""
TASK_HONOURED = """
Name, MinCores, MaxCores, MinSockets, MaxSockets, MinNodes, MaxNodes, CommandLine, RuntimeSeconds,
IsExclusive, IsRerunnable, StdInFilePath, StdOutFilePath, StdErrFilePath, WorkDirectory, RequiredNodes,
DependsOn, Type, IsParametric, StartValue, EndValue, IncrementValue, TaskValidExitCodes, FailJobOnFailure,
FailJobOnFailureCount, RequestedNodeGroup, MinimumNumberOfProcessors, MaximumNumberOfProcessors, Depend,
Stdin, Stdout, Stderr
"""


def listed(names: str) -> set[str]:
    return {name.strip().lower() for name in names.split(",")}


def test_everything_that_the_contract_says_is_honoured_is_taken() -> None:
    assert listed(JOB_HONOURED) - set(words.TAKEN_OF_JOB) == set()
    assert listed(TASK_HONOURED) - set(words.TAKEN_OF_TASK) == set()


def test_what_is_taken_beyond_that_is_written_too() -> None:
    """So that an export makes the same job."""
    more = {name for name in words.TAKEN_OF_JOB if name not in listed(JOB_HONOURED)}
    assert more == {
        *("minimumnumberofprocessors", "maximumnumberofprocessors", "canpreempt"),
        *("preemptable", "targetresourcecount", "clientsource", "servicename", "pool"),
    }
    assert {entry.name for entry in words.MORE_OF_JOB} == {
        *("Preemptable", "ClientSource", "ServiceName", "Pool", "FailDependentTasks"),
    }
    assert set(words.TAKEN_OF_TASK) - listed(TASK_HONOURED) == {"userblob"}
    assert {entry.name for entry in words.MORE_OF_TASK} == {"UserBlob"}


def test_nothing_is_taken_that_cannot_be_set() -> None:
    assert all(entry.moments for entry in (*words.TAKEN_OF_JOB.values(), *words.TAKEN_OF_TASK.values()))
    assert all(Moment.ADD in entry.moments for entry in words.TAKEN_OF_TASK.values())


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Normal", 2000), ("normal", 2000), ("ABOVENORMAL", 3000), ("Highest", 4000), ("Lowest", 0),
        ("Normal+5", 2005), ("AboveNormal-100", 2900), ("aboveNormal - 100", 2900), (" Lowest + 1 ", 1),
        # A bare number is an expanded priority here, not a level.
        ("2", 2), ("2005", 2005), ("+4000", 4000), ("Normal+1999", 3999), ("Normal+0", 2000),
    ],
)  # fmt: skip
def test_a_priority_is_a_name_a_name_and_a_difference_or_an_expanded_number(text: str, number: int) -> None:
    assert words.read_priority(text) == number


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Urgent", "Operation_PriorityNotValid"),
        ("", "Operation_PriorityNotValid"),
        ("Urgent+1", "Operation_PriorityNotValid"),
        ("Normal+x", "Operation_ExpandedPriorityMustBeInteger"),
        ("Normal+", "Operation_ExpandedPriorityMustBeInteger"),
        ("4001", "Operation_ExpandedPriorityOutOfRange"),
        ("-1", "Operation_ExpandedPriorityOutOfRange"),
        ("Lowest-1", "Operation_ExpandedPriorityOutOfRange"),
        ("Highest+1", "Operation_ExpandedPriorityOutOfRange"),
    ],
)
def test_a_bad_priority_is_refused_with_its_own_code(text: str, code: str) -> None:
    with pytest.raises(BadProperty) as refused:
        words.read_priority(text)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (2000, "Normal"), (2005, "Normal+5"), (2500, "Normal+500"), (2501, "AboveNormal-499"),
        (2900, "AboveNormal-100"), (0, "Lowest"), (999, "BelowNormal-1"), (4000, "Highest"),
        (3501, "Highest-499"),
    ],
)  # fmt: skip
def test_a_priority_is_written_from_the_nearer_name(number: int, text: str) -> None:
    assert words.write_priority(number) == text


def test_every_priority_is_read_as_it_was_written() -> None:
    assert all(words.read_priority(words.write_priority(number)) == number for number in range(4001))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 300), ("1:05", 3900), ("1:2:03", 93780), ("0:0:90", 5400), ("Infinite", None),
        ("infinite", None), ("", None), ("0", None), (" 10 ", 600),
    ],
)  # fmt: skip
def test_the_older_runtime_is_days_hours_and_minutes(text: str, seconds: int | None) -> None:
    assert words.read_runtime(JOB["RuntimeSeconds"], text) == seconds


@pytest.mark.parametrize("text", ["x", "1:", ":1", "1:2:3:4", "-5", "1.5", "99999999", "1:2:", "٣"])
def test_what_is_no_runtime_is_refused(text: str) -> None:
    with pytest.raises(BadProperty, match="Runtime"):
        words.read_runtime(TASK["RuntimeSeconds"], text)


@pytest.mark.parametrize(
    ("text", "flag"),
    [("true", True), ("TRUE", True), ("1", True), ("false", False), (" False ", False), ("0", False)],
)
def test_a_boolean_is_a_word_or_a_digit(text: str, flag: bool) -> None:
    assert words.read_value(JOB["IsExclusive"], text) is flag


@pytest.mark.parametrize("text", ["", "yes", "t", "2", "True!", "tr ue"])
def test_any_other_text_is_no_boolean(text: str) -> None:
    """Unlike in property lists, where the first character decides."""
    with pytest.raises(BadProperty, match="neither true nor false"):
        words.read_value(JOB["IsExclusive"], text)


def test_other_values_have_the_texts_of_property_lists() -> None:
    assert words.read_value(JOB["UnitType"], "node") is UnitType.NODE
    assert words.read_value(JOB["NodeGroupOp"], "Uniform") is NodeGroupOp.UNIFORM
    assert words.read_value(TASK["Type"], "1") is TaskType.PARAMETRIC_SWEEP
    assert words.read_value(JOB["NodeGroups"], "a, b,,") == ("a", "b")
    assert words.read_value(JOB["RuntimeSeconds"], "") is None
    assert words.value_writer(JOB["IsExclusive"])(True) == "true"
    assert words.value_writer(JOB["ParentJobIds"])((1, 2)) == "1,2"
