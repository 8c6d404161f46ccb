"""What makes a job invalid, and with which code."""

from typing import Any

import pytest

from headgate.core.codes import CODES, message
from headgate.core.model import Job, JobDependency, JobSpec, Node, Task, TaskSpec
from headgate.core.states import JobState
from headgate.core.validation import (
    MAX_DEPENDENCY_DEPTH,
    Surroundings,
    dependencies,
    validate,
    validate_added,
)
from headgate.core.vocabulary import NodeGroupOp, TaskType, UnitType

AROUND = Surroundings(
    [
        Node(name="n1", cores=4, sockets=2, gpus=1, memory_mb=8000, groups=("Red",)),
        Node(name="n2", cores=4, sockets=2, memory_mb=8000, groups=("Blue",)),
    ],
    ["Red", "Blue", "Empty"],
)
PARENTS = {7: JobState.FINISHED, 8: JobState.CONFIGURING, 9: JobState.FAILED}
OWN_SIZE: dict[str, Any] = {"auto_calculate_min": False, "auto_calculate_max": False}


def task(**spec: Any) -> TaskSpec:
    return TaskSpec(**{"command_line": "true", **spec})


def sweep(start: int, end: int, increment: int = 1, **spec: Any) -> TaskSpec:
    return task(type=TaskType.PARAMETRIC_SWEEP, start_value=start, end_value=end, increment=increment, **spec)


def typed(kind: TaskType, **spec: Any) -> TaskSpec:
    return task(type=kind, **spec)


def numbered(specs: tuple[TaskSpec, ...]) -> list[Task]:
    return [Task(job_id=1, number=number, spec=spec) for number, spec in enumerate(specs, 1)]


def verdict(*specs: TaskSpec, **spec: Any) -> str:
    """The code of what is wrong, without its family; empty when nothing is."""
    mishap = validate(Job(id=1, spec=JobSpec(**spec)), numbered(specs), AROUND, PARENTS)
    if mishap is None:
        return ""
    assert mishap.code in CODES
    assert message(mishap)
    return mishap.code.partition("_")[2]


@pytest.mark.parametrize(
    ("specs", "spec"),
    [
        ((), {}),
        ((task(),), {}),
        ((task(command_line="", script=b"#!/bin/sh\n"),), {}),
        ((task(min_cores=8, max_cores=8),), {}),
        ((sweep(1, 1_000_000),), {}),
        ((sweep(-5, 5, 5),), {}),
        ((typed(TaskType.SERVICE), typed(TaskType.NODE_PREP), typed(TaskType.NODE_RELEASE)), {}),
        ((typed(TaskType.NODE_PREP),), {"run_until_canceled": True, **OWN_SIZE}),
        ((task(required_nodes=("N1",)),), {"requested_nodes": ("n1", "N2")}),
        ((task(exclusive=True),), {"exclusive": True}),
        ((task(runtime_s=10),), {"runtime_s": 10}),
        ((task(requested_node_group="red", min_cores=4, max_cores=4),), {}),
        ((task(),), {"depends_on": (JobDependency(7), JobDependency(9))}),
        ((task(name="a"), task(name="b", depends_on=("a",))), {}),
        ((task(name="b", depends_on=("a",)), task(name="a"), task(name="a")), {}),
    ],
)
def test_a_sound_job_is_valid(specs: tuple[TaskSpec, ...], spec: dict[str, Any]) -> None:
    assert verdict(*specs, **spec) == ""


@pytest.mark.parametrize(
    ("wrong", "spec", "code"),
    [
        (task(command_line=" "), {}, "MissCommandLine"),
        (task(min_cores=0), {}, "MinLessThanOne"),
        (task(min_cores=0, max_cores=0), {}, "MinLessThanOne"),
        (task(min_cores=3, max_cores=2), {}, "TaskMinGreaterThanTaskMax"),
        (task(min_cores=2, max_cores=3), {**OWN_SIZE, "max_cores": 2}, "TaskMaxGreaterThanJobMax"),
        (task(exclusive=True), {}, "TaskExclusiveWhileJobNot"),
        (task(runtime_s=11), {"runtime_s": 10}, "TaskRuntimeGreaterThanJob"),
        (
            task(requested_node_group="Red"),
            {"node_groups": ("Red",)},
            "TaskRequestedNodeGroupWhileJobNodeGroups",
        ),
        (
            task(requested_node_group="Red", required_nodes=("n1",)),
            {},
            "TaskRequestedNodeGroupWhileJobTaskRequiredNodes",
        ),
        (typed(TaskType.NODE_RELEASE, runtime_s=16), {}, "TaskNodeReleaseExceedsMaxRunTime"),
        (sweep(1, 5, 0), {}, "TaskIncrementValueLessThanZero"),
        (sweep(1, 5, -1), {}, "TaskIncrementValueLessThanZero"),
        (sweep(5, 1), {}, "TaskInvalidParametricSweep"),
        (sweep(1, 1_000_001), {}, "TooManyParametricInstances"),
        (task(required_nodes=("n9",)), {}, "NodeNotExist"),
        (task(required_nodes=("n2",)), {"requested_nodes": ("n1",)}, "TaskRequiredNodeNotInJobAskedNodes"),
        (task(requested_node_group="Green"), {}, "TaskRequestedNodeGroupNotAvailable"),
        (task(requested_node_group="Empty"), {}, "TaskRequestedNodeGroupNotAvailable"),
        (
            task(requested_node_group="Red", min_cores=5, max_cores=5),
            {},
            "TaskRequestedNodeGroupNotAvailable",
        ),
        (task(required_nodes=("n1", "n2")), {"single_node": True}, "SingleNode_MultipleRequiredNodes"),
    ],
)
def test_what_is_wrong_with_one_task_makes_the_job_invalid(
    wrong: TaskSpec, spec: dict[str, Any], code: str
) -> None:
    assert verdict(task(), wrong, **spec) == code


@pytest.mark.parametrize(
    ("specs", "code"),
    [
        ([TaskType.NODE_PREP, TaskType.NODE_PREP, TaskType.BASIC], "MultipleNodePrepTasksPerJob"),
        ([TaskType.NODE_RELEASE, TaskType.BASIC, TaskType.NODE_RELEASE], "MultipleNodeReleaseTasksPerJob"),
        ([TaskType.SERVICE, TaskType.BASIC], "ServiceTaskIsNotAlone"),
        ([TaskType.SERVICE, TaskType.SERVICE], "ServiceTaskIsNotAlone"),
        ([TaskType.NODE_PREP, TaskType.NODE_RELEASE], "OnlyNodePrepOrReleaseTasksInJob"),
    ],
)
def test_kinds_of_tasks_go_together_or_not(specs: list[TaskType], code: str) -> None:
    assert verdict(*[typed(kind) for kind in specs]) == code


@pytest.mark.parametrize(
    ("spec", "code"),
    [
        ({"run_until_canceled": True}, "RunUntilCanceledButAutoMinMaxSet"),
        ({"run_until_canceled": True, "auto_calculate_min": False}, "RunUntilCanceledButAutoMinMaxSet"),
        ({"auto_calculate_min": False, "min_cores": 0}, "MinLessThanOne"),
        ({"auto_calculate_max": False, "max_cores": 0}, "TaskMaxGreaterThanJobMax"),
        ({**OWN_SIZE, "min_cores": 3, "max_cores": 2}, "MinGreaterThanMax"),
        ({"node_group_op": NodeGroupOp.UNION}, "NodeGroupOpNoNodeGroup"),
        (
            {"single_node": True, "unit_type": UnitType.NODE, "auto_calculate_min": False, "min_nodes": 2},
            "SingleNode_MoreThanOneNode",
        ),
        (
            {"target_resource_count": 5, "auto_calculate_max": False, "max_cores": 4},
            "TargetResourceCountMoreThanMax",
        ),
        (
            {"target_resource_count": 1, "auto_calculate_min": False, "min_cores": 2},
            "TargetResourceCountLessThanMin",
        ),
        ({"depends_on": (JobDependency(6),)}, "JobHasMissingParentJobs"),
        ({"depends_on": (JobDependency(7), JobDependency(8))}, "JobHasUnsubmittedParentJobs"),
        ({"requested_nodes": ("n9",)}, "NodeNotExist"),
        ({"node_groups": ("Green",)}, "UnknownNodeGroup"),
        ({"node_groups": ("Empty",)}, "NoNodeFulfillsTheSelectionCriteria"),
        ({"excluded_nodes": ("n1", "n2")}, "NoNodeFulfillsTheSelectionCriteria"),
        ({"min_memory_mb": 9000}, "NoNodeFulfillsTheSelectionCriteria"),
        ({"estimated_process_memory_mb": 9000}, "NoNodeFulfillsTheSelectionCriteria"),
        ({"auto_calculate_min": False, "min_cores": 9}, "ClusterSizeLessThanMin"),
        (
            {"auto_calculate_min": False, "min_cores": 5, "requested_nodes": ("n1",)},
            "NodeListSizeLessThanMin",
        ),
    ],
)
def test_what_is_wrong_with_the_job_itself(spec: dict[str, Any], code: str) -> None:
    assert verdict(task(), **spec) == code


@pytest.mark.parametrize(
    ("specs", "spec", "code"),
    [
        ([task(min_cores=9, max_cores=9)], {}, "ClusterSizeLessThanMin"),
        ([task(min_cores=9, max_cores=9)], {"auto_calculate_min": False}, "ClusterSizeLessThanMin"),
        ([task(min_cores=5, max_cores=5)], {"single_node": True}, "SingleNode_AllNodesInAllListsLessThanMin"),
        (
            [task(min_cores=5, max_cores=5)],
            {"node_groups": ("Red", "Blue"), "node_group_op": NodeGroupOp.UNIFORM},
            "NodeListSizeLessThanMin",
        ),
        ([task(min_nodes=3, max_nodes=3)], {"unit_type": UnitType.NODE}, "ClusterSizeLessThanMin"),
        ([task(min_sockets=5, max_sockets=5)], {"unit_type": UnitType.SOCKET}, "ClusterSizeLessThanMin"),
        ([task(min_sockets=2, max_sockets=2)], {"unit_type": UnitType.GPU}, "ClusterSizeLessThanMin"),
    ],
)
def test_a_job_that_could_never_fit_is_invalid(
    specs: list[TaskSpec], spec: dict[str, Any], code: str
) -> None:
    assert verdict(*specs, **spec) == code


@pytest.mark.parametrize(
    ("specs", "code"),
    [
        ([task(name="a", depends_on=("x",))], "InvalidDependsOn"),
        ([task(name="p"), task(depends_on=("p",))], "TaskHasDependOnButNoName"),
        ([task(name="a", depends_on=("a",))], "TaskDependenciesContainCycle"),
        (
            [
                task(name="a", depends_on=("c",)),
                task(name="b", depends_on=("a",)),
                task(name="c", depends_on=("b",)),
            ],
            "TaskDependenciesContainCycle",
        ),
        (
            [task(name="a"), task(name="b", depends_on=("a",)), task(name="a", depends_on=("b",))],
            "TaskDependenciesContainCycle",
        ),
        (
            [task(name="a"), task(name="b", depends_on=("a",)), task(name="b")],
            "TwoTasksWithSameNameDifferentGroup",
        ),
        ([typed(TaskType.NODE_PREP, name="p"), task(name="a", depends_on=("p",))], "InvalidDependsOn"),
    ],
)
def test_dependencies_must_lead_somewhere_and_not_in_circles(specs: list[TaskSpec], code: str) -> None:
    assert verdict(*specs) == code


def test_a_long_chain_is_valid_and_too_long_a_one_is_not() -> None:
    def chain(length: int) -> list[TaskSpec]:
        return [task(name=f"t{n}", depends_on=(f"t{n - 1}",) if n else ()) for n in range(length)]

    assert verdict(*chain(MAX_DEPENDENCY_DEPTH)) == ""
    assert verdict(*reversed(chain(MAX_DEPENDENCY_DEPTH + 2))) == "TaskDependencyTreeTooDeep"


def test_tasks_that_share_names_cannot_make_endless_pairs() -> None:
    def pairs(above: int, below: int) -> list[TaskSpec]:
        named = [task(name="a")] * above
        return [*named, *[task(name="b", depends_on=("a", "a"))] * below]

    assert verdict(*pairs(400, 250)) == ""
    assert verdict(*pairs(401, 250)) == "FailToCalculateTaskGroupLevel"
    assert verdict(*pairs(20_000, 10_000)) == "FailToCalculateTaskGroupLevel"


def test_a_name_that_several_tasks_share_means_all_of_them() -> None:
    tasks = numbered((task(name="a"), task(name="b", depends_on=("a", "a")), task(name="a")))
    assert dependencies(tasks) == {2: (1, 3)}


def test_an_added_task_is_judged_by_itself_not_by_what_has_become_of_its_job() -> None:
    """Its parent job was removed long ago, say; that is no fault of the new task."""
    job = Job(id=1, spec=JobSpec(depends_on=(JobDependency(6),)))
    good, bad = numbered((task(), task(command_line="")))
    assert validate_added(job, good, [good], AROUND) is None
    mishap = validate_added(job, bad, [bad], AROUND)
    assert mishap is not None
    assert mishap.code == "Validation_MissCommandLine"
