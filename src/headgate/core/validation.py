"""Submit-time validation: is this job complete and can it ever run here? Pure. (Spec hpcpack-model,
sections 6.1, 9 and 13.)

`validate` answers the first thing that is wrong as a `Mishap`; the service turns the job to Failed with it.
`dependencies` resolves the task names in DependsOn to numbers.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from headgate.core.chunks import shortage
from headgate.core.model import Job, JobSpec, Mishap, Node, Task, TaskSpec
from headgate.core.resources import (
    candidates,
    in_groups,
    instance_count,
    job_units,
    node_units,
    uniform_choices,
    units_of,
)
from headgate.core.states import JobState
from headgate.core.sweep import MOST_INSTANCES, index_count
from headgate.core.vocabulary import TaskType, UnitType

MAX_DEPENDENCY_DEPTH = 5000
MAX_DEPENDENCIES = 100_000
"""Pairs of tasks of which one waits for the other. Names that many tasks share make them fast: without this,
a document of a megabyte makes 200 million."""
NODE_RELEASE_LIMIT_S = 15


class Surroundings:
    """What all jobs are validated against: the nodes and the names of groups.

    no_node_duties: the name of the engine, if it can't run anything on each node of a job.
    """

    def __init__(self, nodes: Sequence[Node], groups: Collection[str], *, no_node_duties: str = "") -> None:
        self.no_node_duties = no_node_duties
        self.nodes = nodes
        self.groups = {group.casefold() for group in groups}
        self.names = {node.name.casefold() for node in nodes}


Parents = Mapping[int, JobState]
"""The states of those jobs that one depends on, as far as they exist."""


def validate(job: Job, tasks: Sequence[Task], around: Surroundings, parents: Parents) -> Mishap | None:
    """The first thing that is wrong with a job as a whole, or None."""
    spec = job.spec
    return (
        _first(_task(spec, task) for task in tasks)
        or _types(spec, tasks)
        or _node_duties(tasks, around)
        or _behaviour(spec)
        or _parents(spec, parents)
        or _places(spec, tasks, around)
        or _size(spec, tasks, around)
        or _dependencies(tasks)
    )


def validate_added(job: Job, new: Task, tasks: Sequence[Task], around: Surroundings) -> Mishap | None:
    """The first thing that is wrong with a task that is added to a submitted job.

    tasks: the new one, and with it all those that it could conflict with (of its name, or that it names).
    """
    return (
        _task(job.spec, new)
        or _types(job.spec, tasks)
        or _node_duties([new], around)
        or _places(job.spec, [new], around)
        or _size(job.spec, [new], around)
        or _dependencies(tasks)
    )


def _first(found: Iterable[Mishap | None]) -> Mishap | None:
    return next((mishap for mishap in found if mishap is not None), None)


def _in_task(task: Task, code: str, *parameters: object) -> Mishap:
    """Codes with a parameter name the task; those without are wrapped, so that the message says which task
    it is.
    """
    return Mishap(code, tuple(map(str, parameters)) or (f"{task.job_id}.{task.number}",))


def _task(job: JobSpec, task: Task) -> Mishap | None:
    """What is wrong with one task."""
    spec = task.spec
    low, high = units_of(spec, job.unit_type)
    if not spec.command_line.strip() and not spec.script:
        return _in_task(task, "Validation_MissCommandLine")
    if low < 1:
        return _in_task(task, "Validation_MinLessThanOne", f"task {task.number}")
    if high < 1:
        return _in_task(task, "Validation_MaxLessThanOne", f"task {task.number}")
    if low > high:
        return _in_task(task, "Validation_TaskMinGreaterThanTaskMax", low, high)
    if not job.auto_calculate_max and high > units_of(job, job.unit_type)[1]:
        return _in_task(task, "Validation_TaskMaxGreaterThanJobMax", task.number)
    if spec.exclusive and not job.exclusive:
        return _in_task(task, "Validation_TaskExclusiveWhileJobNot")
    if job.runtime_s is not None and (spec.runtime_s or 0) > job.runtime_s:
        return _in_task(task, "Validation_TaskRuntimeGreaterThanJob")
    if spec.requested_node_group and job.node_groups:
        return _in_task(task, "Validation_TaskRequestedNodeGroupWhileJobNodeGroups", task.number)
    if spec.requested_node_group and spec.required_nodes:
        code = "Validation_TaskRequestedNodeGroupWhileJobTaskRequiredNodes"
        return _in_task(task, code, task.number)
    if spec.type is TaskType.NODE_RELEASE and (spec.runtime_s or 0) > NODE_RELEASE_LIMIT_S:
        return _in_task(task, "Validation_TaskNodeReleaseExceedsMaxRunTime", NODE_RELEASE_LIMIT_S)
    return _sweep(task, spec)


def _sweep(task: Task, spec: TaskSpec) -> Mishap | None:
    if spec.type is not TaskType.PARAMETRIC_SWEEP:
        return None
    if spec.index_set and (wrong := _wrong_set(spec.index_set)):
        return Mishap("Script_IndexSet", (spec.index_set[:100], wrong))
    if spec.increment < 1:
        return _in_task(task, "Validation_TaskIncrementValueLessThanZero")
    if spec.start_value > spec.end_value:
        return _in_task(task, "Validation_TaskInvalidParametricSweep", spec.start_value, spec.end_value)
    if instance_count(spec) > MOST_INSTANCES:
        return _in_task(task, "Validation_TooManyParametricInstances", instance_count(spec), MOST_INSTANCES)
    return None


def _wrong_set(index_set: str) -> str:
    try:
        index_count(index_set)
    except ValueError as error:
        return str(error)
    return ""


def _node_duties(tasks: Sequence[Task], around: Surroundings) -> Mishap | None:
    """Which nodes a job has is known to an engine with its own scheduler, and only when it runs."""
    for task in tasks:
        if around.no_node_duties and task.spec.type.is_node_duty:
            kind = task.spec.type.name.title().replace("_", "")
            return Mishap(
                "Engine_NoNodeDuties", (f"{task.job_id}.{task.number}", kind, around.no_node_duties)
            )
    return None


def _types(job: JobSpec, tasks: Sequence[Task]) -> Mishap | None:
    """How many tasks of each kind a job may have (6.1)."""
    kinds = [task.spec.type for task in tasks]
    if kinds.count(TaskType.BASIC) == len(kinds):
        return None
    for kind, code in (
        (TaskType.NODE_PREP, "Validation_MultipleNodePrepTasksPerJob"),
        (TaskType.NODE_RELEASE, "Validation_MultipleNodeReleaseTasksPerJob"),
    ):
        if kinds.count(kind) > 1:
            return Mishap(code, (str([task.number for task in tasks if task.spec.type is kind][1]),))
    others = [kind for kind in kinds if not kind.is_node_duty]
    if TaskType.SERVICE in others and len(others) > 1:
        return Mishap("Validation_ServiceTaskIsNotAlone")
    if kinds and not others and not job.run_until_canceled:
        return Mishap("Validation_OnlyNodePrepOrReleaseTasksInJob")
    return None


def _behaviour(job: JobSpec) -> Mishap | None:
    low, high = units_of(job, job.unit_type)
    if job.run_until_canceled and (job.auto_calculate_min or job.auto_calculate_max):
        return Mishap("Validation_RunUntilCanceledButAutoMinMaxSet")
    if not job.auto_calculate_min and low < 1:
        return Mishap("Validation_MinLessThanOne", ("the job",))
    if not job.auto_calculate_max and high < 1:
        return Mishap("Validation_MaxLessThanOne", ("the job",))
    if not job.auto_calculate_min and not job.auto_calculate_max and low > high:
        return Mishap("Validation_MinGreaterThanMax", (job.unit_type.name.title(),))
    if job.node_group_op is not None and not job.node_groups:
        return Mishap("Validation_NodeGroupOpNoNodeGroup")
    if job.single_node and job.unit_type is UnitType.NODE and low > 1 and not job.auto_calculate_min:
        return Mishap("Validation_SingleNode_MoreThanOneNode")
    if job.target_resource_count:
        if not job.auto_calculate_max and job.target_resource_count > high:
            return Mishap(
                "Validation_TargetResourceCountMoreThanMax", (str(job.target_resource_count), str(high), "")
            )
        if not job.auto_calculate_min and job.target_resource_count < low:
            return Mishap(
                "Validation_TargetResourceCountLessThanMin", (str(job.target_resource_count), str(low), "")
            )
    return None


def _parents(job: JobSpec, parents: Parents) -> Mishap | None:
    wanted = [dependency.job_id for dependency in job.depends_on]
    missing = [str(job_id) for job_id in wanted if job_id not in parents]
    if missing:
        return Mishap("Validation_JobHasMissingParentJobs", (",".join(missing),))
    idle = [str(job_id) for job_id in wanted if parents[job_id] is JobState.CONFIGURING]
    if idle:
        return Mishap("Validation_JobHasUnsubmittedParentJobs", (",".join(idle),))
    return None


def _places(job: JobSpec, tasks: Sequence[Task], around: Surroundings) -> Mishap | None:
    """Nodes and groups that were named must exist, and required nodes be among the requested ones."""
    for name in job.requested_nodes:
        if name.casefold() not in around.names:
            return Mishap("Validation_NodeNotExist", (name,))
    for group in job.node_groups:
        if group.casefold() not in around.groups:
            return Mishap("Operation_UnknownNodeGroup", (group,))
    allowed: set[str] = set()
    if any(task.spec.required_nodes for task in tasks):
        allowed = {node.name.casefold() for node in candidates(job, around.nodes)}
    for task in tasks:
        group = task.spec.requested_node_group
        if group and group.casefold() not in around.groups:
            return Mishap("Validation_TaskRequestedNodeGroupNotAvailable", (group,))
        for name in task.spec.required_nodes:
            if name.casefold() not in around.names:
                return Mishap("Validation_NodeNotExist", (name,))
            if name.casefold() not in allowed:
                return Mishap("Validation_TaskRequiredNodeNotInJobAskedNodes", (name,))
        if job.single_node and len(task.spec.required_nodes) > 1:
            return Mishap("Validation_SingleNode_MultipleRequiredNodes")
    return None


def _size(job: JobSpec, tasks: Sequence[Task], around: Surroundings) -> Mishap | None:
    """The minimum must not be above what the candidate nodes have, whether they are online now or not."""
    nodes = candidates(job, around.nodes)
    if not nodes:
        return Mishap("Validation_NoNodeFulfillsTheSelectionCriteria", (_criteria(job),))
    for task in tasks:
        if task.spec.requested_node_group and (small := _group_size(job, task, nodes)) is not None:
            return small
    for task in tasks:
        if task.spec.chunks and (short := _shortage(job, task, nodes)) is not None:
            return short
    need, _ = job_units(job, [task.spec for task in tasks])
    if not job.auto_calculate_min:
        lows = [units_of(t.spec, job.unit_type)[0] for t in tasks if not t.spec.type.is_node_duty]
        need = max(need, *lows) if lows else need
    if any(node_units(node, job.unit_type) >= need for node in nodes):
        return None
    offers = []
    for choice in uniform_choices(job, nodes):
        sizes = [node_units(node, job.unit_type) for node in choice]
        offers.append(max(sizes, default=0) if job.single_node else sum(sizes))
    offer = max(offers, default=0)
    if need <= offer:
        return None
    unit = job.unit_type.name.lower()
    listed = bool(job.requested_nodes or job.node_groups)
    code = "Validation_NodeListSizeLessThanMin" if listed else "Validation_ClusterSizeLessThanMin"
    if job.single_node:
        code = "Validation_SingleNode_AllNodesInAllListsLessThanMin"
    return Mishap(code, (str(offer), str(need), unit))


def _shortage(job: JobSpec, task: Task, nodes: Sequence[Node]) -> Mishap | None:
    """Every chunk of a task must fit somewhere, and all of them together, if nothing else ran."""
    shorts = [shortage(job, task.spec, choice) for choice in uniform_choices(job, nodes)]
    if not shorts or None in shorts:
        return None
    return Mishap("Script_Chunk", shorts[0] or ())


def _group_size(job: JobSpec, task: Task, nodes: Sequence[Node]) -> Mishap | None:
    """A task with a node group of its own must fit there."""
    group = task.spec.requested_node_group
    offer = sum(node_units(node, job.unit_type) for node in nodes if in_groups(node, (group,), None))
    if units_of(task.spec, job.unit_type)[0] <= offer:
        return None
    return Mishap("Validation_TaskRequestedNodeGroupNotAvailable", (group,))


def _criteria(job: JobSpec) -> str:
    parts = [
        f"nodes {','.join(job.requested_nodes)}" if job.requested_nodes else "",
        f"groups {','.join(job.node_groups)}" if job.node_groups else "",
        f"memory {job.estimated_process_memory_mb}" if job.estimated_process_memory_mb else "",
        f"MinMemory {job.min_memory_mb}" if job.min_memory_mb > 1 else "",
        f"MinCoresPerNode {job.min_cores_per_node}" if job.min_cores_per_node > 1 else "",
    ]
    return "; ".join(part for part in parts if part) or "the job's limits per node"


# ---- dependencies between tasks


def waits(task: TaskSpec) -> bool:
    """Whether the task was made to wait for others of its job."""
    return bool(task.depends_on or task.follows)


def dependencies(tasks: Sequence[Task]) -> dict[int, tuple[int, ...]]:
    """For each task that waits for others, by name or by number, the numbers of those.

    Unknown names are left out (see `validate`).
    """
    waiting = [task for task in tasks if waits(task.spec)]
    by_name = _by_name(tasks) if waiting else {}
    found = {}
    for task in waiting:
        named = [number for name in task.spec.depends_on for number in by_name.get(name, ())]
        found[task.number] = tuple(dict.fromkeys((*named, *task.spec.follows)))
    return found


def _by_name(tasks: Sequence[Task]) -> dict[str, list[int]]:
    """Numbers of the tasks that can be waited for, by their name."""
    by_name: dict[str, list[int]] = {}
    for task in tasks:
        if task.spec.name and task.spec.type in (TaskType.BASIC, TaskType.PARAMETRIC_SWEEP):
            by_name.setdefault(task.spec.name, []).append(task.number)
    return by_name


def _dependencies(tasks: Sequence[Task]) -> Mishap | None:
    waiting = [task for task in tasks if waits(task.spec)]
    if not waiting:
        return None
    known = _by_name(tasks)
    pairs = 0
    for task in waiting:
        if task.spec.depends_on and not task.spec.name:
            return Mishap("Validation_TaskHasDependOnButNoName", (str(task.number),))
        for name in task.spec.depends_on:
            if name not in known:
                return Mishap("Validation_InvalidDependsOn", (name,))
        pairs += len(task.spec.follows) + sum(len(known[name]) for name in set(task.spec.depends_on))
        if pairs > MAX_DEPENDENCIES:
            return Mishap("Validation_FailToCalculateTaskGroupLevel", (str(MAX_DEPENDENCIES),))
    graph = dependencies(tasks)
    levels = _levels(graph)
    if levels is None:
        return Mishap("Validation_TaskDependenciesContainCycle")
    if max(levels.values()) > MAX_DEPENDENCY_DEPTH:
        return Mishap("Validation_TaskDependencyTreeTooDeep", (str(MAX_DEPENDENCY_DEPTH),))
    level_of_name: dict[str, int] = {}
    for task in tasks:
        level = levels.get(task.number, 0)
        if task.spec.name and level_of_name.setdefault(task.spec.name, level) != level:
            return Mishap("Validation_TwoTasksWithSameNameDifferentGroup", (task.spec.name,))
    return None


def _levels(graph: Mapping[int, tuple[int, ...]]) -> dict[int, int] | None:
    """Depth of each task in the graph of dependencies; None if it has a cycle.

    Without recursion: chains may be long.
    """
    levels: dict[int, int] = {}
    open_: set[int] = set()
    for root in graph:
        stack = [root]
        while stack:
            node = stack[-1]
            if node in levels:
                stack.pop()
                continue
            open_.add(node)
            waiting = [parent for parent in graph.get(node, ()) if parent not in levels]
            if any(parent in open_ for parent in waiting):
                return None
            if waiting:
                stack.extend(waiting)
                continue
            levels[node] = 1 + max((levels[parent] for parent in graph.get(node, ())), default=-1)
            open_.discard(node)
            stack.pop()
    return levels
