"""How much a job or task needs, and which nodes come into question for it. Pure.

A job counts in units of cores, sockets, nodes or GPUs (`UnitType`); only the pair of minimum and maximum
that matches the unit has meaning (spec hpcpack-model, section 3).
"""

from collections.abc import Iterable, Sequence

from headgate.core import sweep
from headgate.core.model import JobSpec, Node, TaskSpec
from headgate.core.vocabulary import NodeGroupOp, TaskType, UnitType


def units_of(spec: JobSpec | TaskSpec, unit: UnitType) -> tuple[int, int]:
    """(minimum, maximum) in this unit. GPUs are counted in the socket pair, as HPC Pack does."""
    if unit is UnitType.CORE:
        return spec.min_cores, spec.max_cores
    if unit is UnitType.NODE:
        return spec.min_nodes, spec.max_nodes
    return spec.min_sockets, spec.max_sockets


def job_units(job: JobSpec, tasks: Iterable[TaskSpec]) -> tuple[int, int]:
    """(minimum, maximum) of a job: what it says, or computed from its tasks where it asks for that.

    Computed: the largest minimum of a task, and the sum of all maxima (a sweep counts each instance).
    """
    low, high = units_of(job, job.unit_type)
    if not (job.auto_calculate_min or job.auto_calculate_max):
        return low, high
    needed, wanted = 1, 0
    for task in tasks:
        if task.type.is_node_duty:
            continue
        task_low, task_high = units_of(task, job.unit_type)
        needed = max(needed, task_low)
        wanted += task_high * max(1, instance_count(task))
    return (
        needed if job.auto_calculate_min else low,
        max(wanted, needed) if job.auto_calculate_max else high,
    )


def instance_count(task: TaskSpec) -> int:
    """Instances that a task's range or index set says (0 for tasks without one). Spec section 6.2."""
    if task.type is not TaskType.PARAMETRIC_SWEEP:
        return 0
    if task.index_set:
        return sweep.index_count(task.index_set)
    return sweep.instance_count(task.start_value, task.end_value, task.increment)


def node_units(node: Node, unit: UnitType) -> int:
    """How many units a node has."""
    if unit is UnitType.CORE:
        return node.cores
    if unit is UnitType.SOCKET:
        return node.sockets
    return node.gpus if unit is UnitType.GPU else 1


def in_groups(node: Node, groups: Sequence[str], op: NodeGroupOp | None) -> bool:
    """Whether the node's groups satisfy the job's (UNIFORM: like UNION here; the choice of one group comes
    later).
    """
    if not groups:
        return True
    mine = {group.casefold() for group in node.groups}
    hits = [group.casefold() in mine for group in groups]
    return all(hits) if op in (None, NodeGroupOp.INTERSECT) else any(hits)


def candidates(job: JobSpec, nodes: Sequence[Node]) -> list[Node]:
    """The nodes that this job may use, whatever their state, in the order it prefers them (OrderBy)."""
    least, most = job.min_cores_per_node, job.max_cores_per_node
    memory = max(job.min_memory_mb if job.min_memory_mb > 1 else 0, job.estimated_process_memory_mb)
    most_memory = job.max_memory_mb
    found = [
        node for node in nodes if least <= node.cores <= most and memory <= node.memory_mb <= most_memory
    ]
    if job.requested_nodes:
        requested = {name.casefold() for name in job.requested_nodes}
        found = [node for node in found if node.name.casefold() in requested]
    if job.excluded_nodes:
        excluded = {name.casefold() for name in job.excluded_nodes}
        found = [node for node in found if node.name.casefold() not in excluded]
    if job.node_groups:
        found = [node for node in found if in_groups(node, job.node_groups, job.node_group_op)]
    for item in reversed([part for part in job.order_by.split(",") if part]):
        ascending, key = item.startswith("-"), item.lstrip("-").casefold()
        found.sort(key=lambda n: n.cores if key == "cores" else n.memory_mb, reverse=not ascending)
    return found


def uniform_choices(job: JobSpec, nodes: Sequence[Node]) -> list[list[Node]]:
    """The sets of nodes a job may choose one of: one per group for UNIFORM, else just one."""
    if job.node_group_op is not NodeGroupOp.UNIFORM or not job.node_groups:
        return [list(nodes)]
    return [[node for node in nodes if in_groups(node, (group,), None)] for group in job.node_groups]
