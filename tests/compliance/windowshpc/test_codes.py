"""All codes of section 14 (hpcpack-model) that can happen here do happen, with their numbers.

A refusal is read from the fault of the legacy face, what is wrong with a submitted job from its ErrorMessage.
What only running brings about, and that nothing is left out, is in `test_codes_running.py`.
"""

import re
from collections.abc import Mapping

import pytest
from msgspec import Struct

from headgate.core import codes
from headgate.core.model import Template, TemplateItem
from headgate.ports.store import Transaction
from tests.compliance.windowshpc.world import NEW, Legacy, fault, properties, values

# ---- refusals


class Refused(Struct, frozen=True, kw_only=True):
    """A request that is refused with this number, in the world that `World.furnish` makes."""

    number: int
    method: str = "POST"
    target: str
    body: bytes = b""
    user: str | None = "ann"
    as_user: str = ""


def job(number: int, **given: str) -> Refused:
    """A job that can't be created like this."""
    return Refused(number=number, target="/Jobs", body=properties(**given))


def task(number: int, **given: str) -> Refused:
    """A task that can't be added like this."""
    return Refused(number=number, target="/Job/1/Tasks", body=properties(**given))


def put(number: int, **given: str) -> Refused:
    """Properties that job 1 can't have."""
    return Refused(number=number, method="PUT", target="/Job/1", body=properties(**given))


def variables(number: int, **given: str) -> Refused:
    """Variables that can't be set."""
    return Refused(number=number, target="/Job/1/EnvVariables", body=properties(**given))


def custom(number: int, given: Mapping[str, str]) -> Refused:
    """Custom properties that can't be set."""
    return Refused(number=number, target="/Job/1/CustomProperties", body=properties(**given))


def read(number: int, target: str) -> Refused:
    """Something that can't be read."""
    return Refused(number=number, method="GET", target=target)


TWICE = (
    b"<ArrayOfProperty><Property><Name>Name</Name><Value>a</Value></Property>"
    b"<Property><Name>name</Name><Value>b</Value></Property></ArrayOfProperty>"
)
NAMELESS = b"<ArrayOfProperty><Property><Name/><Value>a</Value></Property></ArrayOfProperty>"
REFUSED: dict[str, list[Refused]] = {
    "Operation_ArgumentOutOfRange": [read(-2147220987, "/Job/1?Render=Pdf"), job(-2147220987, MinCores="x")],
    "Operation_AuthenticationFailure": [
        Refused(number=-2147220980, method="GET", target="/Version", user=None),
        job(-2147220980, UserName="ben"),
    ],
    "Operation_CancelMessageIsTooLong": [
        Refused(number=-2147220781, target="/Job/4/Cancel", body=b"<string>%s</string>" % (b"x" * 129))
    ],
    "Operation_CustomPropertyNameTooLong": [custom(-2147220772, {"n" * 81: "v"})],
    "Operation_CustomPropertyValueTooLong": [custom(-2147220771, {"n": "v" * 1025})],
    "Operation_DuplicateLicenseFeature": [job(-2147220946, SoftwareLicense="a:1,A:2")],
    "Operation_EnvironmentVarValueTooLong": [variables(-2147220928, A="v" * 2048)],
    "Operation_ExpandedPriorityMustBeInteger": [job(-2147220776, ExpandedPriority="high")],
    "Operation_ExpandedPriorityOutOfRange": [job(-2147220775, ExpandedPriority="4001")],
    "Operation_InvalidCancelJobState": [
        Refused(number=-2147220984, target="/Job/3/Cancel"),
        Refused(number=-2147220984, target="/Job/3/Finish"),
    ],
    "Operation_InvalidCancelTaskState": [Refused(number=-2147220983, target="/Job/3/Task/1/Cancel")],
    "Operation_InvalidCustomProperties": [custom(-2147220566, {f"n{number}": "v" for number in range(1000)})],
    "Operation_InvalidEmailAddress": [job(-2147220690, EmailAddress="nobody")],
    "Operation_InvalidEnvironmentVarName": [variables(-2147220931, **{"a b": "v"})],
    "Operation_InvalidExitCodes": [job(-2147220568, JobValidExitCodes="1..")],
    "Operation_InvalidFilterProperty": [read(-2147220925, "/Jobs?$filter=Colour eq red")],
    "Operation_InvalidJobId": [read(-2147220986, "/Job/99"), read(-2147220986, "/Job/x")],
    "Operation_InvalidNodeId": [read(-2147220978, "/Node/none")],
    "Operation_InvalidParentJobIds": [job(-2147220567, ParentJobIds="0"), job(-2147220567, ParentJobIds="x")],
    "Operation_InvalidPropForTaskType": [task(-2147220908, Type="Service", StartValue="7")],
    "Operation_InvalidRowEnumId": [read(-2147220935, "/Jobs?QueryId=none")],
    "Operation_InvalidTaskId": [
        read(-2147220985, "/Job/1/Task/9"),
        read(-2147220985, "/Job/2/Task/1/SubTask/9"),
        Refused(
            number=-2147220985, method="PUT", target="/Job/2/Task/1/SubTask/9", body=properties(Name="x")
        ),
        Refused(number=-2147220985, target="/Job/1/Task/1/SubTask/1/Cancel"),
    ],
    "Operation_JobHoldUntilTooLong": [put(-2147220783, HoldUntil="1/1/2040 1:00:00 AM")],
    "Operation_JobInvalidHoldUntil": [put(-2147220789, HoldUntil="1/1/2020 1:00:00 AM")],
    "Operation_JobProgressOutOfRange": [put(-2147220917, Progress="101")],
    "Operation_NoTableDefinedForProperty": [
        job(-2147220944, Colour="red"),
        read(-2147220944, "/Job/1?Properties=Colour"),
    ],
    "Operation_OnlyConfigJobsCanBeSubmitted": [Refused(number=-2147220990, target="/Job/4/Submit")],
    # Documented as faults of the web service itself (windowshpc, section 4).
    "Operation_OnlyFailedCancelledJobsCanBeConfigured": [Refused(number=267386880, target="/Job/1/Requeue")],
    "Operation_OnlyFailedCancelledTasksCanBeConfigured": [
        Refused(number=267386880, target="/Job/2/Task/1/Requeue")
    ],
    "Operation_PermissionDenied": [Refused(number=-2147220981, target="/Job/4/Cancel", user="ben")],
    "Operation_PreservedEnvironmentVariables": [variables(-2147220938, CCP_JOBID="1")],
    "Operation_PriorityAndExPriCannotBeSetTogether": [
        job(-2147220791, Priority="Lowest", ExpandedPriority="4000")
    ],
    "Operation_PriorityNotValid": [job(-2147220774, Priority="Middling")],
    "Operation_ProfileNotFound": [job(-2147220965, JobTemplate="none")],
    "Operation_PropertyIsReadOnly": [put(-2147220989, State="Running"), job(-2147220989, HoldUntil="")],
    "Operation_PropertyNameAlreadyExists": [Refused(number=-2147220973, target="/Jobs", body=TWICE)],
    "Operation_PropertyNameCannotBeEmpty": [Refused(number=-2147220786, target="/Jobs", body=NAMELESS)],
    "Operation_PropertyValueTooLargeForDatabase": [
        job(-2147220939, Name="n" * 81),
        task(-2147220939, UserBlob="b" * 4001),
    ],
    "Operation_ServiceAsClientBadUserName": [
        Refused(number=-2147220540, method="GET", target="/Version", user="boss", as_user="zoe")
    ],
    "Operation_ServiceAsClientUserNotTrusted": [
        Refused(number=-2147220541, method="GET", target="/Version", as_user="ben")
    ],
    "Operation_SetInvalidPropUnderCertainState": [
        Refused(number=-2147220943, method="PUT", target="/Job/2", body=properties(UnitType="Node"))
    ],
    "Operation_TaskNameContainInvalidChars": [task(-2147220565, Name="a,b")],
    "Operation_TaskTypeAddedInWrongJobState": [
        Refused(
            number=-2147220910,
            target="/Job/4/Tasks",
            body=properties(Type="NodePrep", CommandLine="x"),
        )
    ],
    "Operation_TaskTypeAndIsParametricIncompatible": [task(-2147220905, Type="Service", IsParametric="True")],
    "Operation_TryToModifyInvalidStateJob": [
        Refused(number=-2147220961, method="PUT", target="/Job/3", body=properties(Name="x")),
        Refused(number=-2147220961, target="/Job/3/Tasks"),
    ],
    "Operation_TryToModifyInvalidStateTask": [
        Refused(number=-2147220921, method="PUT", target="/Job/2/Task/2", body=properties(Name="x"))
    ],
    "Operation_UnknownNodeGroup": [read(-2147220937, "/NodeGroup/none")],
    "Operation_WrongLicenseFormat": [job(-2147220947, SoftwareLicense="a")],
}
EACH_REFUSED = [(code, case) for code, cases in REFUSED.items() for case in cases]


@pytest.mark.parametrize(("code", "case"), EACH_REFUSED, ids=[f"{c} {r.target}" for c, r in EACH_REFUSED])
async def test_a_refusal_has_its_number(world: Legacy, code: str, case: Refused) -> None:
    await world.furnish()
    headers = {**NEW, "x-ms-as-user": case.as_user} if case.as_user else NEW
    got = await world.old(case.method, case.target, case.body, user=case.user, headers=headers)
    assert got.status >= 400
    number, message = fault(got)
    assert number == case.number, message
    assert message
    known = codes.CODES[code].number
    assert number in (known, codes.WEB_SERVICE_FAULT)


async def test_a_prep_task_is_not_requeued_with_its_number(world: Legacy) -> None:
    """Operation_TaskOfTypeCannotBeReconfigured."""
    await world.furnish()
    await world.task(1, Type="NodePrep", CommandLine="x")
    assert (await world.old("POST", "/Job/1/Submit")).status == 200
    assert fault(await world.old("POST", "/Job/1/Task/2/Requeue"))[0] == -2147220915


# ---- job templates: what they do not allow

Given = dict[str, str]
STRICT = Template(
    name="Strict",
    items={
        "MaxCores": TemplateItem(low=2, high=4, default="2"),
        "Project": TemplateItem(required=True),
        "UnitType": TemplateItem(allowed=("Core",)),
        "NodeGroups": TemplateItem(required_values=("ComputeNodes",), default="ComputeNodes"),
    },
)
SECRET = Template(name="Secret", users=("ben",))
NOT_ALLOWED: dict[str, tuple[int, Given, str]] = {
    # the number, what the job is given, what is asked then
    "Operation_JobTemplateRequiredValueMissing": (-2147220878, {"NodeGroups": "HeadNodes"}, ""),
    "Operation_JobTemplateValueInvalid": (-2147220881, {"UnitType": "Node"}, ""),
    "Operation_JobTemplateValueTooLarge": (-2147220879, {"MaxCores": "5"}, ""),
    "Operation_JobTemplateValueTooSmall": (-2147220880, {"MaxCores": "1"}, ""),
    "Operation_NoPermissionToUseProfile": (-2147220967, {"JobTemplate": "Secret"}, ""),
    "Validation_RequiredPropertyNotSet": (-2147219981, {}, "/Job/1/Submit"),
}


def put_templates(tx: Transaction) -> None:
    tx.put_template(STRICT)
    tx.put_template(SECRET)


@pytest.mark.parametrize("code", NOT_ALLOWED)
async def test_what_a_template_does_not_allow_has_its_number(world: Legacy, code: str) -> None:
    number, given, then = NOT_ALLOWED[code]
    await world.store.write(put_templates)
    got = await world.old("POST", "/Jobs", properties(**{"JobTemplate": "Strict", **given}))
    if then:
        assert got.status == 200
        await world.task(1, CommandLine="x")
        got = await world.old("POST", then)
    assert fault(got)[0] == number == codes.CODES[code].number


# ---- validation: the call succeeds, the job fails and says why

X = {"CommandLine": "x"}
INVALID: dict[str, tuple[Given, list[Given]]] = {
    # What the job is given, and each of its tasks.
    "Operation_UnknownNodeGroup": ({"NodeGroups": "none"}, [X]),
    "Validation_ClusterSizeLessThanMin": ({}, [{**X, "MinCores": "13", "MaxCores": "13"}]),
    "Validation_InvalidDependsOn": ({}, [{**X, "Name": "a", "DependsOn": "b"}]),
    "Validation_JobHasMissingParentJobs": ({"ParentJobIds": "99"}, [X]),
    "Validation_JobHasUnsubmittedParentJobs": ({"ParentJobIds": "1"}, [X]),
    "Validation_MaxLessThanOne": ({}, [{**X, "MaxCores": "0"}]),
    "Validation_MinGreaterThanMax": (
        {"AutoCalculateMin": "False", "AutoCalculateMax": "False", "MinCores": "2", "MaxCores": "1"},
        [X],
    ),
    "Validation_MinLessThanOne": ({"AutoCalculateMin": "False", "MinCores": "0"}, [X]),
    "Validation_MissCommandLine": ({}, [{}]),
    "Validation_MultipleNodePrepTasksPerJob": ({}, [X, {**X, "Type": "NodePrep"}, {**X, "Type": "NodePrep"}]),
    "Validation_MultipleNodeReleaseTasksPerJob": (
        {},
        [X, {**X, "Type": "NodeRelease"}, {**X, "Type": "NodeRelease"}],
    ),
    "Validation_NoNodeFulfillsTheSelectionCriteria": ({"MinMemory": "99999"}, [X]),
    "Validation_NodeGroupOpNoNodeGroup": ({"NodeGroupOp": "Union"}, [X]),
    "Validation_NodeListSizeLessThanMin": (
        {"RequestedNodes": "NODE2"},
        [{**X, "MinCores": "5", "MaxCores": "5"}],
    ),
    "Validation_NodeNotExist": ({"RequestedNodes": "none"}, [X]),
    "Validation_OnlyNodePrepOrReleaseTasksInJob": ({}, [{**X, "Type": "NodePrep"}]),
    "Validation_RunUntilCanceledButAutoMinMaxSet": ({"RunUntilCanceled": "True"}, [X]),
    "Validation_ServiceTaskIsNotAlone": ({}, [X, {**X, "Type": "Service"}]),
    "Validation_SingleNode_AllNodesInAllListsLessThanMin": (
        {"SingleNode": "True"},
        [{**X, "MinCores": "9", "MaxCores": "9"}],
    ),
    "Validation_SingleNode_MoreThanOneNode": (
        {
            "SingleNode": "True",
            "UnitType": "Node",
            "AutoCalculateMin": "False",
            "MinNodes": "2",
            "MaxNodes": "2",
        },
        [X],
    ),
    "Validation_SingleNode_MultipleRequiredNodes": (
        {"SingleNode": "True"},
        [{**X, "RequiredNodes": "NODE1,NODE2"}],
    ),
    "Validation_TargetResourceCountLessThanMin": (
        {"TargetResourceCount": "1", "AutoCalculateMin": "False", "MinCores": "2", "MaxCores": "3"},
        [X],
    ),
    "Validation_TargetResourceCountMoreThanMax": (
        {"TargetResourceCount": "4", "AutoCalculateMax": "False", "MaxCores": "3"},
        [X],
    ),
    "Validation_TaskDependenciesContainCycle": ({}, [{**X, "Name": "a", "DependsOn": "a"}]),
    "Validation_TaskExclusiveWhileJobNot": ({}, [{**X, "IsExclusive": "True"}]),
    "Validation_TaskHasDependOnButNoName": ({}, [{**X, "DependsOn": "a"}, {**X, "Name": "a"}]),
    "Validation_TaskIncrementValueLessThanZero": (
        {},
        [{**X, "Type": "ParametricSweep", "IncrementValue": "0"}],
    ),
    "Validation_TaskInvalidParametricSweep": (
        {},
        [{**X, "Type": "ParametricSweep", "StartValue": "2", "EndValue": "1"}],
    ),
    "Validation_TaskMaxGreaterThanJobMax": (
        {"AutoCalculateMax": "False", "MaxCores": "2"},
        [{**X, "MaxCores": "3"}],
    ),
    "Validation_TaskMinGreaterThanTaskMax": ({}, [{**X, "MinCores": "3", "MaxCores": "2"}]),
    "Validation_TaskNodeReleaseExceedsMaxRunTime": (
        {},
        [X, {**X, "Type": "NodeRelease", "RuntimeSeconds": "16"}],
    ),
    "Validation_TaskRequestedNodeGroupNotAvailable": ({}, [{**X, "RequestedNodeGroup": "none"}]),
    "Validation_TaskRequestedNodeGroupWhileJobNodeGroups": (
        {"NodeGroups": "ComputeNodes"},
        [{**X, "RequestedNodeGroup": "ComputeNodes"}],
    ),
    "Validation_TaskRequestedNodeGroupWhileJobTaskRequiredNodes": (
        {},
        [{**X, "RequestedNodeGroup": "ComputeNodes", "RequiredNodes": "NODE1"}],
    ),
    "Validation_TaskRequiredNodeNotInJobAskedNodes": (
        {"RequestedNodes": "NODE1"},
        [{**X, "RequiredNodes": "NODE2"}],
    ),
    "Validation_TaskRuntimeGreaterThanJob": ({"RuntimeSeconds": "5"}, [{**X, "RuntimeSeconds": "6"}]),
    "Validation_TooManyParametricInstances": (
        {},
        [{**X, "Type": "ParametricSweep", "EndValue": "1000001"}],
    ),
    "Validation_TwoTasksWithSameNameDifferentGroup": (
        {},
        [{**X, "Name": "a"}, {**X, "Name": "b", "DependsOn": "a"}, {**X, "Name": "b"}],
    ),
}


def says(code: str, message: str | None) -> bool:
    """Whether this is the message of a code, whatever its parameters are."""
    said = [codes.MESSAGES[code], *filter(None, [codes.PLACELESS.get(code)])]
    patterns = ["(.*)".join(map(re.escape, re.split(r"\{\d\}", one))).strip() for one in said]
    return any(re.fullmatch(pattern, message or "") for pattern in patterns)


@pytest.mark.parametrize("code", INVALID)
async def test_a_job_that_is_not_valid_fails_with_its_code(world: Legacy, code: str) -> None:
    await world.furnish()
    job_given, tasks = INVALID[code]
    assert (await world.old("POST", "/Jobs", properties(**job_given))).status == 200
    for given in tasks:
        assert (await world.old("POST", "/Job/5/Tasks", properties(**given))).status == 200
    assert (await world.old("POST", "/Job/5/Submit")).status == 200
    told = values(await world.old("GET", "/Job/5?Properties=State,ErrorMessage"))
    assert told["State"] == "Failed"
    assert says(code, told["ErrorMessage"]), told
    of_task = values(await world.old("GET", "/Job/5/Task/1?Properties=State,ErrorMessage"))
    assert says("Validation_TaskFailedOnJobValidationFault", of_task["ErrorMessage"])


async def test_a_chain_of_dependencies_may_be_long_but_not_endless(world: Legacy) -> None:
    """Validation_TaskDependencyTreeTooDeep."""
    tasks = "".join(
        f'<Task Name="t{number}" CommandLine="x" DependsOn="{f"t{number - 1}" if number else ""}"/>'
        for number in range(5003)
    )
    body = f"<Job><Tasks>{tasks}</Tasks></Job>".encode()
    assert (await world.old("POST", "/Jobs/JobFile", body)).status == 200
    assert (await world.old("POST", "/Job/1/Submit")).status == 200
    await world.carry_on()
    told = values(await world.old("GET", "/Job/1?Properties=State,ErrorMessage"))
    assert says("Validation_TaskDependencyTreeTooDeep", told["ErrorMessage"])


async def test_tasks_that_wait_for_each_other_make_no_endless_pairs(world: Legacy) -> None:
    """Validation_FailToCalculateTaskGroupLevel."""
    above = '<Task Name="a" CommandLine="x"/>' * 1000
    below = '<Task Name="b" CommandLine="x" DependsOn="a"/>' * 101
    body = f"<Job><Tasks>{above}{below}</Tasks></Job>".encode()
    assert (await world.old("POST", "/Jobs/JobFile", body)).status == 200
    assert (await world.old("POST", "/Job/1/Submit")).status == 200
    await world.carry_on()
    told = values(await world.old("GET", "/Job/1?Properties=State,ErrorMessage"))
    assert says("Validation_FailToCalculateTaskGroupLevel", told["ErrorMessage"])
