"""Our values as the typed objects of 2019. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from headgate.core import model, operations
from headgate.core.figures import Figure
from headgate.core.properties.kinds import NAMES
from headgate.core.states import JobState
from headgate.core.vocabulary import NodeState, Role
from headgate.dialects.hpcpack import typed
from headgate.formats.hpcpack.typed import moment
from headgate.service.metrics import Series

ROLES: Final = (
    (Role.ADMIN, "Administrator"),
    (Role.JOBADMIN, "JobAdministrator"),
    (Role.OPERATOR, "JobOperator"),
)
_OF_GROUPS: Final[Mapping[str, typed.Role]] = MappingProxyType(
    {"headnodes": "HeadNode", "computenodes": "ComputeNode", "linuxnodes": "LinuxNode"}
)
"""What a node is, by the groups it is in."""
DEFINITIONS: Final[Mapping[Figure, tuple[str, str]]] = MappingProxyType(
    {
        Figure.CPU_USAGE: ("CPU usage", "Percent of all cores of the machine, 0 to 100"),
        Figure.MEMORY_PAGING: ("Memory paging", "Pages swapped in and out a second"),
        Figure.DISK_THROUGHPUT: ("Disk throughput", "Bytes read from and written to disks a second"),
        Figure.NETWORK: ("Network", "Bytes received and sent a second"),
        Figure.CORES_IN_USE: ("Cores in use", "Cores that tasks have been placed on"),
    }
)
JOBS: Final = "Jobs"
"""What the metric of ended jobs is called."""


def user_roles(role: Role) -> list[str]:
    """Names of the roles a caller has; every caller is a user."""
    return ["User", *(name for one, name in ROLES if role & one)]


def state_of(node: model.Node) -> typed.State:
    """Whether it takes work."""
    if node.state is NodeState.ONLINE:
        return "Online"
    return "Draining" if node.state is NodeState.DRAINING else "Offline"


def health_of(node: model.Node) -> typed.Health:
    """Whether it can be reached, and is about to change its state."""
    if not node.reachable:
        return "Error"
    return "Transitional" if node.state is NodeState.DRAINING else "OK"


def node(one: model.Node, version: str) -> typed.Node:
    """A node. version: what this installation claims to be."""
    roles = [_OF_GROUPS[name] for group in one.groups if (name := group.casefold()) in _OF_GROUPS]
    offline = one.state is NodeState.OFFLINE
    return typed.Node(
        name=one.name,
        state=state_of(one),
        health=health_of(one),
        template="",
        location=None,
        memory_size=one.memory_mb,
        cores=one.cores,
        sockets=one.sockets,
        hpc_pack_version=version,
        on_azure=False,
        groups=one.groups,
        roles=roles,
        installed_service_roles=roles,
        active_service_roles=[role for role in roles if role == "HeadNode" or not offline],
    )


def node_group(group: model.NodeGroup) -> typed.NodeGroup:
    """A node group."""
    return typed.NodeGroup(group.name, group.description, group.managed)


def metric_name(figure: Figure) -> str:
    """The name in answers about nodes, `HpcCpuUsage`."""
    return "Hpc" + figure.value.removeprefix("HPC")


def node_metrics(found: Mapping[str, Mapping[Figure, float]]) -> list[typed.NodeMetric]:
    """What is known of each node now."""
    return [
        typed.NodeMetric(name, {metric_name(figure): value for figure, value in figures.items()})
        for name, figures in found.items()
    ]


def definitions() -> list[typed.MetricDefinition]:
    """Every metric there is."""
    return [typed.MetricDefinition(figure.value, *DEFINITIONS[figure]) for figure in Figure]


def history(figure: Figure, first: int, last: int, series: Iterable[Series]) -> typed.MetricData:
    """A metric of each node over time."""
    return _data(figure.value, first, last, series)


def ended_jobs(
    first: int, last: int, found: Mapping[JobState, Sequence[tuple[int, int]]]
) -> typed.MetricData:
    """How many jobs ended how, hour by hour."""
    series = [
        Series(f"Number of {NAMES[JobState][state].lower()} jobs", counts) for state, counts in found.items()
    ]
    return _data(JOBS, first, last, series)


def _data(name: str, first: int, last: int, series: Iterable[Series]) -> typed.MetricData:
    return typed.MetricData(
        metric_name=name,
        from_time=moment(first),
        to_time=moment(last),
        instances=[
            typed.MetricInstanceData(
                one.name, [typed.MetricValue(moment(at), value) for at, value in one.values]
            )
            for one in series
        ],
    )


def operation_log(operation: operations.Operation, *, detail: bool) -> typed.OperationLog:
    """An operation. detail: with its entries."""
    return typed.OperationLog(
        id=operation.id,
        name=operation.name,
        state=operation.state.value,
        operator=operation.operator,
        node=operation.node,
        cancelable=False,
        update_time=moment(operation.changed),
        entries=[
            typed.OperationLogEntry(
                message=entry.message,
                severity=entry.severity.value,
                source=entry.source,
                create_time=moment(entry.at),
            )
            for entry in operation.entries
        ]
        if detail
        else None,
    )
