"""Error codes: their names, their numbers, and what they say to people.

A code travels by name everywhere inside (`HeadgateError.code`, `Mishap.code`); faces that need the number
look it up here. Spec hpcpack-model, section 14; the list itself is in `code_table.py`. In this order: the
code, messages in our own words for what Headgate can produce, the message of anything else made from its
name.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

from msgspec import Struct

from headgate.core.code_table import TABLE
from headgate.core.model import Mishap

WEB_SERVICE_FAULT = 0x0FF00000
"""The generic fault code of the web service itself: 267386880 (section 14)."""

PARAMETER_SEPARATOR = "|||"
"""What stands between the parameters of a stored message (section 14)."""


class Code(Struct, frozen=True):
    """One published code.

    `number` is the signed 32-bit value that travels; `parameters` how many its message takes.
    """

    name: str
    number: int
    parameters: int


def _read(table: str) -> Mapping[str, Code]:
    codes = {}
    for line in table.splitlines():
        number, name, parameters = line.split()
        codes[name] = Code(name, int(number, 16) - (1 << 32), int(parameters))
    return MappingProxyType(codes)


CODES: Mapping[str, Code] = _read(TABLE)
BY_NUMBER: Mapping[int, Code] = MappingProxyType({code.number: code for code in CODES.values()})


def number(name: str) -> int:
    """The signed number of a code by its name.

    The web service's own fault code for a name that is not published.
    """
    code = CODES.get(name)
    return WEB_SERVICE_FAULT if code is None else code.number


# Clients search these for fixed words (section 14): "Jobs in the … state cannot be canceled.", "Only jobs
# that are in the Canceled or Failed state can be requeued.", "the specified subtask has not been expanded
# yet". Keep them.
MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        # asked for, and refused
        "Operation_CanceledByUser": "Canceled by user. Message: {0}",
        "Operation_FinishedByUser": "Finished by user. Message: {0}",
        "Operation_OnlyConfigJobsCanBeSubmitted": (
            "Only jobs that are in the Configuring state can be submitted."
        ),
        "Operation_OnlyConfiguringTasksCanBeSubmitted": (
            "Only tasks that are in the Configuring state can be submitted."
        ),
        "Operation_PropertyIsReadOnly": "The property {0} is read-only.",
        "Operation_DatabaseException": "The server could not store the change: {0}",
        "Operation_ArgumentOutOfRange": "The value is out of range: {0}",
        "Operation_InvalidJobId": "There is no job with this ID.",
        "Operation_InvalidTaskId": (
            "There is no task with this ID, or the specified subtask has not been expanded yet."
        ),
        "Operation_InvalidNodeId": "There is no node with this name or ID.",
        "Operation_UnknownNodeGroup": "There is no node group named {0}.",
        "Operation_InvalidCancelJobState": "Jobs in the {0} state cannot be canceled.",
        "Operation_InvalidCancelTaskState": "Tasks in the {0} state cannot be canceled.",
        "Operation_OnlyFailedCancelledJobsCanBeConfigured": (
            "Only jobs that are in the Canceled or Failed state can be requeued."
        ),
        "Operation_OnlyFailedCancelledTasksCanBeConfigured": (
            "Only tasks that are in the Canceled or Failed state can be requeued."
        ),
        "Operation_TaskOfTypeCannotBeReconfigured": "Tasks of type {0} cannot be requeued.",
        "Operation_PermissionDenied": "You do not have permission to do this.",
        "Operation_AuthenticationFailure": "The user name or password is not valid: {0}",
        "Operation_ServiceAsClientUserNotTrusted": "The user {0} may not act as another user.",
        "Operation_ServiceAsClientBadUserName": "There is no user named {0} to act as.",
        "Operation_HpcCredOwnerNameInvalid": "The user name {0} is not the job's owner.",
        "Operation_InvalidOperation": "The operation is not valid: {0}",
        "Operation_ProfileNotFound": "There is no such job template.",
        "Operation_NoPermissionToUseProfile": "You may not use this job template.",
        "Operation_NotAllowedToDeleteDefaultProfile": "The job template Default cannot be removed.",
        "Operation_ObjectInUse": "It is in use.",
        "Operation_JobTemplateValueInvalid": "The job template does not allow the value of {0}.",
        "Operation_JobTemplateValueTooSmall": "The value of {0} is less than the job template allows, {1}.",
        "Operation_JobTemplateValueTooLarge": "The value of {0} is more than the job template allows, {1}.",
        "Operation_JobTemplateRequiredValueMissing": "{0} lacks {1}, which the job template requires.",
        "Operation_TryToModifyInvalidStateJob": "A job in the {0} state cannot be changed.",
        "Operation_TryToModifyInvalidStateTask": "A task in the {0} state cannot be changed.",
        "Operation_SetInvalidPropUnderCertainState": (
            "The property {0} cannot be set while the job is in the {1} state."
        ),
        "Operation_NoTableDefinedForProperty": "Property {0} is not known.",
        "Operation_WrongLicenseFormat": (
            "A software license is written feature:amount, with an amount of at least 1."
        ),
        "Operation_DuplicateLicenseFeature": "The software license feature {0} is given more than once.",
        "Operation_PropertyValueTooLargeForDatabase": "The value of {0} is longer than {1} characters.",
        "Operation_PreservedEnvironmentVariables": (
            "An environment variable that the system sets itself cannot be set."
        ),
        "Operation_InvalidEnvironmentVarName": "The name of an environment variable is not valid.",
        "Operation_InvalidEnvironmentVarValue": "The value of an environment variable is not valid.",
        "Operation_EnvironmentVarNameTooLong": (
            "The name of an environment variable is longer than {0} characters."
        ),
        "Operation_EnvironmentVarValueTooLong": "The environment variables are longer than {0} characters.",
        "Operation_PropertyNameCannotBeEmpty": "The name of a property cannot be empty.",
        "Operation_CustomPropertyNameTooLong": (
            "The name of the custom property {0} is longer than {1} characters."
        ),
        "Operation_CustomPropertyValueTooLong": (
            "The value of the custom property {0} is longer than {1} characters."
        ),
        "Operation_InvalidCustomProperties": "The custom properties are not valid: {0}",
        "Operation_InvalidFilterProperty": "The filter property {0} is not valid.",
        "Operation_InvalidRowEnumId": "The continuation ID is not known, or has expired.",
        "Operation_JobProgressOutOfRange": "The progress {0} is not between 0 and 100.",
        "Operation_TaskTypeAddedInWrongJobState": (
            "A task of type {0} cannot be added in the job's present state."
        ),
        "Operation_InvalidPropForTaskType": "The property {0} cannot have this value for a task of type {1}.",
        "Operation_TaskTypeAndIsParametricIncompatible": "The task type {0} contradicts IsParametric {1}.",
        "Operation_TaskNameContainInvalidChars": "The task name {0} holds a character that is not allowed.",
        "Operation_ExpandedPriorityMustBeInteger": "The expanded priority must be an integer.",
        "Operation_ExpandedPriorityOutOfRange": "The expanded priority is not between {0} and {1}.",
        "Operation_PriorityNotValid": (
            "The priority is not one of Lowest, BelowNormal, Normal, AboveNormal, Highest or their numbers."
        ),
        "Operation_PriorityAndExPriCannotBeSetTogether": (
            "Priority and ExpandedPriority contradict each other."
        ),
        "Operation_JobHoldInvalidState": "A job in the {0} state cannot be held.",
        "Operation_JobInvalidHoldUntil": "HoldUntil must lie in the future.",
        "Operation_JobHoldUntilTooLong": "HoldUntil must not lie more than a year ahead.",
        "Operation_CancelMessageIsTooLong": "The message is longer than 128 characters.",
        "Operation_InvalidEmailAddress": "The e-mail address {0} is not valid.",
        "Operation_InvalidExitCodes": "The exit codes {0} are not valid.",
        "Operation_InvalidParentJobIds": "The parent job IDs {0} are not valid.",
        "Operation_FailDependentTasks": "A task that this task depends on failed or was canceled.",
        "Operation_FeatureUnimplemented": "This is not supported: {0} {1}",
        "Operation_ServerIsBusy": "The server is busy: {0}",
        "Operation_UnexpectedException": "Something unexpected happened: {0}",
        "Operation_IllegalTaskAddedToServiceJob": (
            "A job with a Service task can only have NodePrep and NodeRelease tasks beside it."
        ),
        # found at submission: the job fails with one of these
        "Validation_RequiredPropertyNotSet": "The property {0} is required and not set.",
        "Validation_PropertyOutOfRange": "The property {0} is out of range.",
        "Validation_JobHasMissingParentJobs": "These parent jobs do not exist: {0}",
        "Validation_JobHasUnsubmittedParentJobs": "These parent jobs have not been submitted: {0}",
        "Validation_JobRequestedNodesContainZeroValidNode": "None of the requested nodes can be used: {0}",
        "Validation_NoNodeFulfillsTheSelectionCriteria": "No node fulfills the job's selection criteria: {0}",
        "Validation_NodeNotExist": "There is no node named {0}.",
        "Validation_RunUntilCanceledButAutoMinMaxSet": (
            "A job that runs until canceled needs a minimum and a maximum of its own."
        ),
        "Validation_MinLessThanOne": "The minimum of {0} is less than one.",
        "Validation_MaxLessThanOne": "The maximum of {0} is less than one.",
        "Validation_MinGreaterThanMax": "The minimum of {0} is greater than its maximum.",
        "Validation_NodeListSizeLessThanMin": (
            "The nodes that can be used have {0} units of kind {2}, fewer than the minimum {1}."
        ),
        "Validation_ClusterSizeLessThanMin": (
            "The cluster has {0} units of kind {2}, fewer than the minimum {1}."
        ),
        "Validation_SingleNode_AllNodesInAllListsLessThanMin": (
            "The job runs on a single node. The largest has {0} units of kind {2}, fewer than {1}."
        ),
        "Validation_MissCommandLine": "The task has no command line.",
        "Validation_TaskMinGreaterThanJobMin": (
            "The minimum of task {0} is greater than the minimum of the job."
        ),
        "Validation_TaskMaxGreaterThanJobMax": (
            "The maximum of task {0} is greater than the maximum of the job."
        ),
        "Validation_TaskMinGreaterThanTaskMax": (
            "The minimum {0} of the task is greater than its maximum {1}."
        ),
        "Validation_TaskExclusiveWhileJobNot": "The task is exclusive and its job is not.",
        "Validation_TaskRequiredNodeNotInJobAskedNodes": (
            "The required node {0} is not among the nodes the job asks for."
        ),
        "Validation_TaskRuntimeGreaterThanJob": "The run time of the task is longer than that of its job.",
        "Validation_TaskRequiredNodeNotAvailable": "The required node {0} is not available.",
        "Validation_TaskFailedOnJobValidationFault": "The job of this task is not valid.",
        "Validation_TaskValidationFailed": "Task {0} is not valid: {1} {2}",
        "Validation_TwoTasksWithSameNameDifferentGroup": (
            "Tasks named {0} are at different depths of the dependencies."
        ),
        "Validation_TaskNodeReleaseExceedsMaxRunTime": (
            "The run time of a NodeRelease task is longer than {0} seconds."
        ),
        "Validation_TaskDependencyTreeTooDeep": (
            "The tasks depend on each other in a chain of more than {0}."
        ),
        "Validation_FailToCalculateTaskGroupLevel": (
            "The tasks make more than {0} pairs of which one waits for the other: put a task between many"
            " tasks and many that wait for all of them."
        ),
        "Validation_TaskDependenciesContainCycle": "The dependencies of the tasks contain a cycle.",
        "Validation_InvalidDependsOn": "A task depends on {0}, which no task it may depend on is named.",
        "Validation_TaskHasDependOnButNoName": "Task {0} depends on others but has no name.",
        "Validation_TaskIncrementValueLessThanZero": (
            "The increment of a parametric sweep must be at least 1."
        ),
        "Validation_TaskInvalidParametricSweep": "The parametric sweep starts at {0}, behind its end {1}.",
        "Validation_TooManyParametricInstances": "The parametric sweep has {0} instances, more than {1}.",
        "Validation_MultipleNodePrepTasksPerJob": (
            "A job can have one NodePrep task only; task {0} is another one."
        ),
        "Validation_MultipleNodeReleaseTasksPerJob": (
            "A job can have one NodeRelease task only; task {0} is another one."
        ),
        "Validation_OnlyNodePrepOrReleaseTasksInJob": (
            "The job has nothing but NodePrep and NodeRelease tasks."
        ),
        "Validation_InvalidPropForTaskType": (
            "The property {0} cannot have this value for a task of type {1}."
        ),
        "Validation_ServiceTaskIsNotAlone": (
            "A job with a Service task can only have NodePrep and NodeRelease tasks beside it."
        ),
        "Validation_TargetResourceCountMoreThanMax": (
            "The target resource count {0} is greater than the maximum {1}."
        ),
        "Validation_TargetResourceCountLessThanMin": (
            "The target resource count {0} is less than the minimum {1}."
        ),
        "Validation_NodeGroupOpNoNodeGroup": "NodeGroupOp is set but NodeGroups is not.",
        "Validation_SingleNode_MultipleRequiredNodes": (
            "The job runs on a single node but its tasks require several."
        ),
        "Validation_SingleNode_MoreThanOneNode": "The job runs on a single node but asks for more than one.",
        "Validation_TaskRequestedNodeGroupNotAvailable": (
            "The requested node group {0} of a task is not available."
        ),
        "Validation_TaskRequestedNodeGroupWhileJobTaskRequiredNodes": (
            "Task {0} has both a requested node group and required nodes."
        ),
        "Validation_TaskRequestedNodeGroupWhileJobNodeGroups": (
            "Task {0} has a requested node group and its job has node groups."
        ),
        "Validation_ProfileNotExist": "There is no job template named {0}.",
        "Validation_Unknown": "The job is not valid.",
        # what became of it while it ran
        "Execution_UnknownError": "An unknown error occurred while it ran.",
        "Execution_NodeError": "An error occurred on node {0}.",
        "Execution_TasksJobCanceled": "The job of this task was canceled.",
        "Execution_ParentJobCanceled": "The job was canceled.",
        "Execution_JobRuntimeExpired": "The job ran longer than its run time.",
        "Execution_TaskRuntimeExpired": "The task ran longer than its run time.",
        "Execution_NodeUnreachable": "Node {0} cannot be reached.",
        "Execution_ProcessDead": "The process of the task is gone and its exit status is not known.",
        "Execution_JobCanceled": "The job was canceled. Message: {0}",
        "Execution_ResourceFailure": "The resources of the job failed.",
        "Execution_TaskFailure": "Task {0} failed.",
        "Execution_TaskExecutionFailure": "The command of the task ended with exit code {0}.",
        "Execution_StartJobFailedOnNode": "The job could not be started on node {0}: {1}",
        "Execution_FailedToOpenStandardInput": "The standard input could not be opened: {0}",
        "Execution_FailedToOpenStandardOutput": "The standard output could not be opened: {0}",
        "Execution_FailedToOpenStandardError": "The standard error could not be opened: {0}",
        "Execution_WorkingDirectoryNotFound": "The work directory could not be entered on node {0}.",
        "Execution_TaskCanceledBeforeAssignment": "The task was canceled before it was given resources.",
        "Execution_TaskCanceledOnJobRequeue": "The task was canceled because its job was requeued.",
        "Execution_TaskCanceledDuringExecution": "The task was canceled while it ran. Message: {0}",
        "Execution_TaskFinishedDuringExecution": "The task was finished while it ran. Message: {0}",
        "Execution_NodePrepTaskFailure": "The NodePrep task failed on node {0}.",
        "Execution_TaskNodeNotUsable": "The node of this task cannot be used: its NodePrep task failed.",
        "UnknownError": "An unknown error occurred.",
    }
)

OWN: Mapping[str, str] = MappingProxyType(
    {
        # what only jobs that came as a script can do; nothing was ever published for it
        "Engine_EndUnknown": "How it ended is not known: {0}",
        "Engine_NoNodeDuties": "Task {0} is a {1} task: the engine {2} has its own scheduler and runs none.",
        "Script_IndexSet": "{0} is no set of indices: {1}.",
        "Script_Chunk": "The chunk {0} can't be had: {1}.",
        "Script_JobLink": "{0}",
        "Script_DroppedByDependency": "Job deleted as result of dependency on job {0}",
        "Script_StepDeleted": "Deleted by a rule that step {0} made true (deletes {1})",
        "Script_InstanceDropped": "Deleted as result of dependency on instance {0}",
    }
)
"""Codes of our own, which have no number, and what they say."""

PLACELESS: Mapping[str, str] = MappingProxyType(
    {"Execution_StartJobFailedOnNode": "The job could not be started: {1}"}
)
"""What a code says whose first parameter, a node, is empty: it failed before one was chosen."""

_PLACE = re.compile(r"\{(\d)\}")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|\d+")


def message(code: Mishap | str, parameters: tuple[str, ...] = ()) -> str:
    """What a code says, its parameters filled in.

    A missing parameter reads as nothing; braces in one stay as they are.
    """
    if isinstance(code, Mishap):
        name, parameters = code.code, code.parameters
    else:
        name = code
    template = MESSAGES.get(name) or OWN.get(name)
    if name in PLACELESS and parameters[:1] == ("",):
        template = PLACELESS[name]
    if template is None:
        return _from_name(name, parameters)

    def parameter(place: re.Match[str]) -> str:
        position = int(place[1])
        return parameters[position] if position < len(parameters) else ""

    return _PLACE.sub(parameter, template).rstrip()


def _from_name(name: str, parameters: tuple[str, ...]) -> str:
    """`Operation_PoolNameTooLong`, ("p",) reads "Pool name too long: p."."""
    words = [
        word if word.isupper() else word.lower() for word in _WORD.findall(name.partition("_")[2] or name)
    ]
    text = " ".join(words) or name
    return text[:1].upper() + text[1:] + (f": {', '.join(parameters)}" if parameters else "") + "."
