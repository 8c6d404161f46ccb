"""core/properties/registry.py and the lists: what there is, and what may be set when."""

import re

import pytest

from headgate.core.errors import BadProperty, WrongState
from headgate.core.model import Job, Node, Share, Task
from headgate.core.properties import JOB, NODE, TASK, JobSubject, Moment, TaskSubject, check_settable
from headgate.core.properties.kinds import NAMES, Kind
from headgate.core.properties.registry import Property, Registry
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import PendingReason

# Spec hpcpack-model, section 3: the readable set of the legacy documentation, then what the 2016/2019 server
# adds.
JOB_NAMES = """Id, Name, Owner, UserName, Project, RuntimeSeconds, SubmitTime,
CreateTime, EndTime, StartTime, ChangeTime, State, PreviousState, MinCores, MaxCores, MinNodes, MaxNodes,
MinSockets, MaxSockets, UnitType, RequestedNodes, IsExclusive, RunUntilCanceled, NodeGroups,
FailOnTaskFailure, AutoCalculateMax, AutoCalculateMin, CanGrow, CanShrink, Preemptable, ErrorMessage,
HasRuntime, RequeueCount, MinMemory, MaxMemory, MinCoresPerNode, MaxCoresPerNode, EndpointReference,
SoftwareLicense, OrderBy, ClientSource, Progress, ProgressMessage, TargetResourceCount, ExpandedPriority,
ServiceName, JobTemplate, HoldUntil, NotifyOnStart, NotifyOnCompletion, ExcludedNodes, EmailAddress, Priority,
AllocatedNodes, Pool, JobValidExitCodes, ParentJobIds, FailDependentTasks, NodeGroupOp, SingleNode,
ChildJobIds, EstimatedProcessMemory,
PlannedCoreCount, TaskExecutionFailureRetryLimit"""
# Section 4, likewise.
TASK_NAMES = """TaskId, Name, State, PreviousState, MinCores, MaxCores, MinNodes,
MaxNodes, MinSockets, MaxSockets, RuntimeSeconds, SubmitTime, CreateTime, EndTime, ChangeTime, StartTime,
ParentJobId, CommandLine, WorkDirectory, RequiredNodes, DependsOn, IsExclusive, IsRerunnable, StdOutFilePath,
StdInFilePath, StdErrFilePath, ExitCode, RequeueCount, StartValue, EndValue, IncrementValue, ErrorMessage,
Output, HasRuntime, UserBlob, Type, IsServiceConcluded, FailJobOnFailure, FailJobOnFailureCount,
AllocatedCoreIds, AllocatedNodes, TaskValidExitCodes, JobTaskId, InstanceId, ExitIfPossible,
ExecutionFailureRetryCount, AutoRequeueCount, RequestedNodeGroup"""
# Section 5.
NODE_NAMES = """Id, Name, DnsSuffix, Guid, State, Reachable, Availability, Location, JobType, NumCores,
NumSockets, CpuSpeed, MemorySize, NodeGroups, OnlineTime, OfflineTime, MoveToOffline, AzureServiceName"""

# Section 7.4, as printed.
QUEUED = """JobTemplate, Name, Project, RuntimeSeconds, RunUntilCanceled, FailOnTaskFailure, UnitType,
MinCores, MaxCores, MinSockets, MaxSockets, MinNodes, MaxNodes, AutoCalculateMin, AutoCalculateMax,
IsExclusive, SoftwareLicense, NodeGroups, NodeGroupOp, MinMemory, MinCoresPerNode, RequestedNodes, OrderBy,
UserName, Password, EstimatedProcessMemory, TaskExecutionFailureRetryLimit, Priority, ExpandedPriority,
HoldUntil, NotifyOnStart, NotifyOnCompletion,
TargetResourceCount, EmailAddress, Progress, ProgressMessage"""
RUNNING = """Name, Project, RuntimeSeconds, RunUntilCanceled, Priority, ExpandedPriority, NotifyOnCompletion,
TargetResourceCount, EmailAddress, HoldUntil, Progress, ProgressMessage"""


def names(text: str) -> list[str]:
    return re.split(r",\s*", text)


@pytest.mark.parametrize(
    ("registry", "published"),
    [(JOB, JOB_NAMES), (TASK, TASK_NAMES), (NODE, NODE_NAMES)],
    ids=["job", "task", "node"],
)
def test_the_readable_set_is_the_published_one_in_its_order(registry: Registry, published: str) -> None:
    assert [property.name for property in registry.readable()] == names(published)


@pytest.mark.parametrize(
    ("state", "published"),
    [(JobState.QUEUED, QUEUED), (JobState.RUNNING, RUNNING)],
    ids=["Queued", "Running"],
)
def test_what_a_job_lets_change_in_a_state_is_the_published_list(state: JobState, published: str) -> None:
    assert {property.name for property in JOB if state in property.states} == set(names(published))


@pytest.mark.parametrize("state", [state for state in JobState if state not in (1, 16, 32)])
def test_in_other_states_only_progress_may_change(state: JobState) -> None:
    assert {property.name for property in JOB if state in property.states} == {"Progress", "ProgressMessage"}
    check_settable(JOB["Progress"], Moment.SET, state)
    with pytest.raises(WrongState) as caught:
        check_settable(JOB["Name"], Moment.SET, state)
    assert caught.value.code == "Operation_TryToModifyInvalidStateJob"


def test_while_configuring_everything_settable_may_change() -> None:
    for property in JOB:
        if Moment.SET in property.moments:
            check_settable(property, Moment.SET, JobState.CONFIGURING)


@pytest.mark.parametrize(
    ("name", "moments"),
    [
        ("Name", "CREATE SET SUBMIT"),
        ("HoldUntil", "SET SUBMIT"),
        ("ChildJobIds", "CREATE SUBMIT"),
        ("Password", "CREATE SET SUBMIT"),
        ("Id", ""),
        ("ExcludedNodes", ""),
        ("CanGrow", ""),
        ("EndpointReference", ""),
        ("PlannedCoreCount", ""),
    ],
)
def test_the_moments_at_which_a_job_property_is_settable(name: str, moments: str) -> None:
    for moment in Moment:
        if moment.name in moments.split():
            check_settable(JOB[name], moment, JobState.CONFIGURING)
        else:
            with pytest.raises(BadProperty) as caught:
                check_settable(JOB[name], moment, JobState.CONFIGURING)
            assert caught.value.code == "Operation_PropertyIsReadOnly"
            assert caught.value.parameters == (name,)


def test_a_running_job_names_the_property_and_its_state() -> None:
    with pytest.raises(WrongState) as caught:
        check_settable(JOB["MinCores"], Moment.SET, JobState.RUNNING)
    assert caught.value.code == "Operation_SetInvalidPropUnderCertainState"
    assert caught.value.parameters == ("MinCores", "Running")


def test_a_task_can_be_changed_while_it_is_configuring() -> None:
    check_settable(TASK["Name"], Moment.SET, TaskState.CONFIGURING)
    check_settable(TASK["Name"], Moment.ADD)
    with pytest.raises(WrongState) as caught:
        check_settable(TASK["Name"], Moment.SET, TaskState.QUEUED)
    assert caught.value.code == "Operation_TryToModifyInvalidStateTask"
    with pytest.raises(BadProperty):
        check_settable(TASK["TaskId"], Moment.ADD)


@pytest.mark.parametrize(
    ("registry", "name", "canonical"),
    [
        (JOB, "id", "Id"),
        (JOB, "ExpandedPRIORITY", "ExpandedPriority"),
        (JOB, "CanPreempt", "Preemptable"),
        (JOB, "minimumNumberOfProcessors", "MinCores"),
        (TASK, "NiceId", "JobTaskId"),
        (TASK, "Commandline", "CommandLine"),
        (TASK, "Depend", "DependsOn"),
        (NODE, "name", "Name"),
    ],
)
def test_names_are_found_in_any_case_and_by_their_older_spellings(
    registry: Registry, name: str, canonical: str
) -> None:
    assert registry.find(name).name == canonical


@pytest.mark.parametrize("name", ["", "Ide", "Id ", "İd", "x" * 10_000])
def test_an_unknown_name_is_refused_by_name(name: str) -> None:
    with pytest.raises(BadProperty) as caught:
        JOB.find(name)
    assert caught.value.code == "Operation_NoTableDefinedForProperty"
    assert name[:80] in caught.value.text
    assert len(caught.value.text) < 200


def test_a_password_can_be_set_and_not_read() -> None:
    assert not JOB.find("Password").readable
    with pytest.raises(BadProperty):
        JOB.find_readable("password")


def test_two_properties_of_one_name_are_refused() -> None:
    one = Property("A", Kind.STRING, str)
    with pytest.raises(ValueError, match="two x properties"):
        Registry("x", (one, Property("B", Kind.STRING, str, aliases=("a",))))
    assert repr(one) == "<Property A>"


def test_private_is_what_the_owner_wrote_or_got() -> None:
    assert {property.name for property in TASK if property.private} == {
        "CommandLine",
        "WorkDirectory",
        "StdInFilePath",
        "StdOutFilePath",
        "StdErrFilePath",
        "ErrorMessage",
        "Output",
        "UserBlob",
    }
    assert {property.name for property in TASK if property.owner_only} == {"UserBlob"}
    assert {property.name for property in JOB if property.private} == {"EmailAddress", "ErrorMessage"}


def test_what_decides_where_a_job_may_run_is_validated_again() -> None:
    for name in ("NodeGroups", "MinCores", "RequestedNodes", "UnitType", "JobTemplate"):
        assert JOB[name].resubmits
    for name in ("Name", "Priority", "NotifyOnStart"):
        assert not JOB[name].resubmits


@pytest.mark.parametrize("registry", [JOB, TASK, NODE], ids=["job", "task", "node"])
def test_private_properties_are_not_sorted_by(registry: Registry) -> None:
    for property in registry:
        assert not (property.private and property.sort)


def test_every_enumeration_has_its_names() -> None:
    for registry in (JOB, TASK, NODE):
        for property in registry:
            if property.kind in (Kind.ENUM, Kind.FLAGS):
                assert property.enum in NAMES
    assert NAMES[JobState][8] == "ExternalValidation"
    assert NAMES[TaskState][8] == "Queued"
    assert NAMES[PendingReason][12] == "ParentJobsNotfinished"


def test_every_property_can_be_read_of_the_emptiest_thing() -> None:
    for property in JOB:
        property.read(JobSubject(Job()))
    for property in TASK:
        property.read(TaskSubject.of(Task()))
    for property in NODE:
        property.read(Node(name="n"))


def test_allocated_cores_of_a_task() -> None:
    task = Task(job_id=1, number=1)
    assert TASK["AllocatedNodes"].read(TaskSubject.of(task)) == ()
    from msgspec.structs import replace

    task = replace(task, run=replace(task.run, shares=(Share("N1", (0, 1)), Share("N2", (3,)))))
    assert TASK["AllocatedNodes"].read(TaskSubject.of(task)) == ("N1", "N2")
