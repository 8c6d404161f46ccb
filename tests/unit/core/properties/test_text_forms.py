"""core/properties/text_forms.py: spec hpcpack-model, section 1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadProperty
from headgate.core.model import INT_MAX, Job, Node, Share, Task
from headgate.core.properties import JOB, NODE, TASK, JobPriority, JobSubject, Property, Registry, TaskSubject
from headgate.core.properties.text_forms import read, read_integer, write
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import JobType, PendingReason, TaskType, UnitType

EVERY = [*JOB, *TASK, *NODE]


@pytest.mark.parametrize(
    ("registry", "name", "value", "text"),
    [
        (JOB, "Id", 14, "14"),
        (JOB, "PlannedCoreCount", -1, "-1"),
        (JOB, "Name", "x y", "x y"),
        (JOB, "IsExclusive", True, "True"),
        (JOB, "IsExclusive", False, "False"),
        (JOB, "State", JobState.CANCELED, "Canceled"),
        (JOB, "State", JobState.EXTERNAL_VALIDATION, "ExternalValidation"),
        (JOB, "Priority", JobPriority.BELOW_NORMAL, "BelowNormal"),
        (JOB, "PendingReason", PendingReason.PARENT_JOBS_NOT_FINISHED, "ParentJobsNotfinished"),
        (JOB, "JobType", JobType.BATCH | JobType.SERVICE, "Batch, Service"),
        (JOB, "EndTime", None, ""),
        (JOB, "EndTime", 1_562_317_507_000_000, "7/5/2019 9:05:07 AM"),
        (JOB, "RuntimeSeconds", None, ""),
        (JOB, "NodeGroups", ("A", "B"), "A,B"),
        (JOB, "NodeGroups", (), ""),
        (JOB, "ParentJobIds", (3, 12), "3,12"),
        (JOB, "OrderBy", "-Cores", "-Cores"),
        (TASK, "TaskId", (22, 1, 3), "22.1.3"),
        (TASK, "TaskId", (22, 1, 0), "22.1"),
        (TASK, "State", TaskState.QUEUED, "Queued"),
        (TASK, "Type", TaskType.PARAMETRIC_SWEEP, "ParametricSweep"),
        (TASK, "AllocatedCoreIds", (Share("NODE1", (0, 1)), Share("NODE2", (0,))), "NODE1 0 1 NODE2 0"),
        (TASK, "AllocatedCoreIds", (), ""),
        (NODE, "Guid", "ABC-1", "abc-1"),
        (NODE, "MemorySize", 1 << 40, "1099511627776"),
    ],
)
def test_values_as_text(registry: Registry, name: str, value: object, text: str) -> None:
    assert write(registry[name], value) == text


@pytest.mark.parametrize(
    ("registry", "name", "text", "value"),
    [
        (JOB, "MinCores", " 4 ", 4),
        (JOB, "MinCores", "+4", 4),
        (JOB, "MinCores", "-0004", -4),
        (JOB, "MinCores", "2147483647", INT_MAX),
        (JOB, "RuntimeSeconds", "", None),
        (JOB, "Progress", "", None),
        (JOB, "IsExclusive", "1", True),
        (JOB, "IsExclusive", "t", True),
        (JOB, "IsExclusive", "True", True),
        (JOB, "IsExclusive", "Trash", True),
        (JOB, "IsExclusive", "yes", False),
        (JOB, "IsExclusive", "0", False),
        (JOB, "IsExclusive", "false", False),
        (JOB, "IsExclusive", "", None),
        (JOB, "IsExclusive", None, None),
        (JOB, "UnitType", "node", UnitType.NODE),
        (JOB, "UnitType", "2", UnitType.NODE),
        (JOB, "Priority", "0", JobPriority.LOWEST),
        (JOB, "Priority", "ABOVENORMAL", JobPriority.ABOVE_NORMAL),
        (JOB, "HoldUntil", "7/5/2019 9:05:07 AM", 1_562_317_507_000_000),
        (JOB, "HoldUntil", "", None),
        (JOB, "NodeGroupOp", "", None),
        (JOB, "NodeGroups", " A ,, B ,", ("A", "B")),
        (JOB, "NodeGroups", "", ()),
        (JOB, "ParentJobIds", "3, 12,", (3, 12)),
        (JOB, "Name", " x ", " x "),
        (JOB, "JobValidExitCodes", "1..5", "1..5"),
        (TASK, "Type", "parametricsweep", TaskType.PARAMETRIC_SWEEP),
        (TASK, "Type", "1", TaskType.PARAMETRIC_SWEEP),
    ],
)
def test_texts_as_values(registry: Registry, name: str, text: str | None, value: object) -> None:
    got = read(registry[name], text)
    assert got == value
    assert type(got) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("MinCores", "", "Operation_ArgumentOutOfRange"),
        ("MinCores", "four", "Operation_ArgumentOutOfRange"),
        ("MinCores", "1.0", "Operation_ArgumentOutOfRange"),
        ("MinCores", "1_0", "Operation_ArgumentOutOfRange"),
        ("MinCores", "0x10", "Operation_ArgumentOutOfRange"),
        ("MinCores", "2147483648", "Operation_ArgumentOutOfRange"),
        ("MinCores", "9" * 10_000, "Operation_ArgumentOutOfRange"),
        ("MinCores", "٤", "Operation_ArgumentOutOfRange"),
        ("MinCores", "\u00a04", "Operation_ArgumentOutOfRange"),
        ("ExpandedPriority", "high", "Operation_ExpandedPriorityMustBeInteger"),
        ("ExpandedPriority", "", "Operation_ExpandedPriorityMustBeInteger"),
        ("Priority", "Urgent", "Operation_PriorityNotValid"),
        ("Priority", "5", "Operation_PriorityNotValid"),
        ("UnitType", "Thread", "Operation_ArgumentOutOfRange"),
        ("UnitType", "", "Operation_ArgumentOutOfRange"),
        ("HoldUntil", "tomorrow", "Operation_ArgumentOutOfRange"),
        ("ParentJobIds", "1,x", "Operation_InvalidParentJobIds"),
        ("ParentJobIds", "99999999999", "Operation_InvalidParentJobIds"),
        ("JobType", "Batch", "Operation_PropertyIsReadOnly"),
    ],
)
def test_bad_texts_are_refused_by_property_and_text(name: str, text: str, code: str) -> None:
    with pytest.raises(BadProperty) as caught:
        read(JOB[name], text)
    assert caught.value.code == code
    assert caught.value.name == name
    assert len(caught.value.text) < 500
    if len(text) < 20 and code != "Operation_PropertyIsReadOnly":
        assert repr(text) in caught.value.text or repr(text.rpartition(",")[2]) in caught.value.text


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("-0", 0), ("\t12\r\n", 12), ("1 2", None), ("", None), ("-", None), ("--1", None)],
)
def test_integers_like_dotnet(text: str, number: int | None) -> None:
    assert read_integer(text) == number


@given(st.sampled_from(EVERY), st.text() | st.text("0123456789-+.,:/ TFtfAPM", max_size=24))
def test_anything_may_arrive(property: Property, text: str) -> None:
    blamed, said = property.name, ""
    try:
        assert isinstance(write(property, read(property, text)), str)
    except BadProperty as error:
        blamed, said = error.name, error.text
    assert blamed == property.name
    assert len(said) < 600


@pytest.mark.parametrize("property", [entry for entry in EVERY if entry.moments and entry.readable], ids=repr)
def test_what_is_written_is_read_again(property: Property) -> None:
    subjects = {JOB: JobSubject(Job(id=1)), TASK: TaskSubject.of(Task()), NODE: Node(name="n")}
    registry = next(registry for registry in subjects if property in tuple(registry))
    value = property.read(subjects[registry])
    text = write(property, value)
    assert write(property, read(property, text)) == text


def test_64_bits() -> None:
    assert read(NODE["MemorySize"], "9223372036854775807") == 2**63 - 1
    with pytest.raises(BadProperty, match="64-bit integer"):
        read(NODE["MemorySize"], "9223372036854775808")
