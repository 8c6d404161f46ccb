"""scripts/jobxml: what Get Job renders makes the same job again; anything may arrive."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from headgate.core.errors import BadRequest
from headgate.core.model import INT_MAX, Job, Task
from headgate.core.properties import JOB, TASK, JobSubject, Property, apply_job, apply_task
from headgate.core.properties.checks import UNWRITABLE
from headgate.core.vocabulary import NodeGroupOp, TaskType, UnitType
from headgate.scripts.jobxml import parse, render
from headgate.scripts.jobxml.words import PAIRS
from tests.property.scripts.test_safe_xml import PIECES

NOW = 1_600_000_000_000_000


def texts(most: int = 20) -> st.SearchStrategy[str]:
    return st.text(max_size=most).filter(lambda text: not UNWRITABLE.search(text))


# Lists are separated by commas, and blanks around their items are no part of them.
ITEMS = st.lists(texts(8).map(lambda text: text.replace(",", "").strip()).filter(bool), max_size=3).map(tuple)
NUMBERS = st.integers(0, INT_MAX)
# Blanks around the names and values of pairs are no part of them (12.2); an empty variable is none.
TRIMMED = texts(10).map(lambda text: text.strip(" \t\r\n"))
TERMS = st.dictionaries(TRIMMED.filter(bool), TRIMMED, max_size=3)
VARIABLES = st.dictionaries(TRIMMED.filter(bool), TRIMMED.filter(bool), max_size=3)

JOB_VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("Name", "Project", "ClientSource", "ServiceName", "JobTemplate", "Pool"), texts()),
    **dict.fromkeys(("RequestedNodes", "NodeGroups"), ITEMS),
    **dict.fromkeys(
        (
            *("RunUntilCanceled", "IsExclusive", "FailOnTaskFailure", "AutoCalculateMin", "AutoCalculateMax"),
            *("Preemptable", "NotifyOnStart", "NotifyOnCompletion", "FailDependentTasks", "SingleNode"),
        ),
        st.booleans(),
    ),
    **dict.fromkeys(
        (
            *("MinMemory", "MaxMemory", "MinCoresPerNode", "MaxCoresPerNode", "TargetResourceCount"),
            *("EstimatedProcessMemory", "TaskExecutionFailureRetryLimit"),
        ),
        NUMBERS,
    ),
    "RuntimeSeconds": st.none() | NUMBERS,
    "ExpandedPriority": st.integers(0, 4000),
    "SoftwareLicense": st.sampled_from([(), ("a:1",), ("a:1", "b c:20")]),
    "OrderBy": st.sampled_from(["", "Cores", "-Memory,Cores"]),
    # The text has whole seconds.
    "HoldUntil": st.none() | st.integers(1, 360 * 86400).map(lambda seconds: NOW + seconds * 1_000_000),
    "EmailAddress": st.sampled_from(["", "a@example.org", "a@example.org;b@example.org"]),
    "JobValidExitCodes": st.sampled_from(["", "0", "1..3,min..-1"]),
    "ParentJobIds": st.lists(st.integers(1, INT_MAX), max_size=3).map(tuple),
    "NodeGroupOp": st.none() | st.sampled_from(NodeGroupOp),
}
TASK_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "Name": texts().map(lambda name: name.replace(",", "")),
    **dict.fromkeys(
        ("CommandLine", "WorkDirectory", "StdInFilePath", "StdOutFilePath", "StdErrFilePath"), texts()
    ),
    **dict.fromkeys(("UserBlob", "RequestedNodeGroup"), texts()),
    "FailJobOnFailure": st.booleans(),
    "RuntimeSeconds": st.none() | NUMBERS,
    "TaskValidExitCodes": st.sampled_from(["", "0", "max"]),
}
# What a NodePrep, NodeRelease or Service task cannot have otherwise than by default (6.1).
FREE_VALUES: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(("DependsOn", "RequiredNodes"), ITEMS),
    **dict.fromkeys(("IsExclusive", "IsRerunnable"), st.booleans()),
}
RANGE = ("StartValue", "EndValue", "IncrementValue")


def pair(unit: UnitType) -> dict[str, st.SearchStrategy[Any]]:
    """Only the pair of the unit has meaning, and only it is written."""
    return dict.fromkeys(PAIRS[unit], NUMBERS)


@st.composite
def chosen(draw: st.DrawFn, values: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """Values for some of the properties."""
    return draw(st.fixed_dictionaries({}, optional=values))


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    unit = draw(st.sampled_from(UnitType))
    said = draw(chosen(JOB_VALUES | pair(unit))) | {"UnitType": unit}
    job = apply_job(Job(id=draw(st.integers(1, 99)), owner="ann"), of(JOB, said), NOW)
    return replace(job, custom=draw(TERMS) | job.custom, environment=draw(VARIABLES))


@st.composite
def tasks(draw: st.DrawFn, unit: UnitType, number: int) -> Task:
    kind = draw(st.sampled_from(TaskType))
    values = dict(TASK_VALUES)
    if kind in (TaskType.BASIC, TaskType.PARAMETRIC_SWEEP):
        values |= FREE_VALUES | pair(unit)
    if kind is not TaskType.BASIC:
        values["FailJobOnFailureCount"] = st.integers(1, 1_000_000)
    if kind is TaskType.PARAMETRIC_SWEEP:
        values |= dict.fromkeys(RANGE, st.integers(-INT_MAX - 1, INT_MAX))
    said = draw(chosen(values)) | {"Type": kind}
    task = apply_task(Task(job_id=1, number=number), of(TASK, said))
    return replace(task, custom=draw(TERMS), environment=draw(VARIABLES))


@st.composite
def whole_jobs(draw: st.DrawFn) -> tuple[Job, list[Task]]:
    job = draw(jobs())
    count = draw(st.integers(0, 5))
    some = [draw(tasks(job.spec.unit_type, number)) for number in range(1, count + 1)]
    grouped = [task.number for task in some if task.spec.type in (TaskType.BASIC, TaskType.PARAMETRIC_SWEEP)]
    for number in grouped:
        before = draw(st.lists(st.sampled_from(grouped), unique=True).map(lambda them: tuple(sorted(them))))
        task = some[number - 1]
        some[number - 1] = replace(task, spec=replace(task.spec, follows=before))
    return job, some


def of(registry: Any, said: dict[str, Any]) -> dict[Property, object]:
    return {registry[name]: value for name, value in said.items()}


@given(whole_jobs())
def test_what_is_rendered_makes_the_same_job(
    given_job: tuple[Job, list[Task]],
) -> None:
    job, some = given_job
    document = parse("".join(render(JobSubject(job), some)), NOW)
    again = apply_job(Job(id=job.id, owner="ann"), document.changes, NOW)
    assert again.spec == job.spec
    assert {**again.custom, **document.custom} == job.custom
    assert document.environment == job.environment
    assert [task.spec for task in document.tasks] == [task.spec for task in some]
    assert [(task.custom, task.environment) for task in document.tasks] == [
        (task.custom, task.environment) for task in some
    ]
    assert document.warnings == ()


@given(whole_jobs())
def test_what_was_read_is_rendered_as_it_was(
    given_job: tuple[Job, list[Task]],
) -> None:
    """And so on: the second document is the first but for what only the first job had lived through."""
    job, some = given_job
    first = "".join(render(JobSubject(job), some))
    document = parse(first, NOW)
    made = apply_job(job, document.changes, NOW)
    second = "".join(render(JobSubject(made), some))
    assert second == first


def test_every_settable_property_takes_part_in_these_laws() -> None:
    """A property that is added and not drawn here would be left untested."""
    elsewhere = {"UnitType", "Priority", "UserName", "Password", "Progress", "ProgressMessage", "ChildJobIds"}
    pairs = {name for names in PAIRS.values() for name in names}
    assert {entry.name for entry in JOB if entry.moments} == {*JOB_VALUES, *pairs, *elsewhere}
    drawn = {*TASK_VALUES, *FREE_VALUES, *RANGE, *pairs, "Type", "FailJobOnFailureCount", "IsParametric"}
    assert {entry.name for entry in TASK if entry.moments} == drawn


NAMES = st.sampled_from(
    [
        *(
            "Job",
            "Tasks",
            "Task",
            "EnvironmentVariables",
            "Variable",
            "CustomProperties",
            "Term",
            "Name",
            "Value",
        ),
        *("Dependencies", "Parent", "Child", "Other", "job", "TASK"),
    ]
)
ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        [
            *(
                "Name",
                "name",
                "Priority",
                "MinCores",
                "MinimumNumberOfProcessors",
                "Runtime",
                "GroupId",
                "Type",
            ),
            *("IsParametric", "DependsOn", "UnitType", "HoldUntil", "IsExclusive", "StartValue", "Id", "Odd"),
        ]
    ),
    st.sampled_from(
        ["", "1", "2", "x", "true", "Normal+5", "Core", "a,b", "0", "2020-10-10", "Service", "-1"]
    ),
    max_size=4,
)
ELEMENTS = st.recursive(
    st.sampled_from(["", "text", " "]),
    lambda inside: st.builds(
        lambda name, attributes, parts: "<{0}{1}>{2}</{0}>".format(
            name,
            "".join(f' {key}="{value}"' for key, value in attributes.items()),
            "".join(parts),
        ),
        NAMES,
        ATTRIBUTES,
        st.lists(inside, max_size=4),
    ),
    max_leaves=12,
)


@given(
    ELEMENTS.map(lambda inside: f"<Job>{inside}</Job>")
    | ELEMENTS
    | st.lists(PIECES, max_size=15).map(lambda pieces: "<Job><Tasks>" + "".join(pieces))
    | st.binary(max_size=60)
)
def test_any_document_is_a_job_or_a_bad_request(document: str | bytes) -> None:
    try:
        parse(document, NOW)
    except BadRequest:
        pass
