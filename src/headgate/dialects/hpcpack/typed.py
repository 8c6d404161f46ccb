"""The typed objects of 2019, their fields in the order of the contract (spec hpcpack-2016, section 6).

The OpenAPI description is made from these types; how they are spelled is `headgate.formats.hpcpack.typed`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

Moment = Annotated[datetime, Meta(tz=True)]
"""A date with its zone, which is always `Z`."""
State = Literal[
    "Unknown",
    "Provisioning",
    "Offline",
    "Starting",
    "Online",
    "Draining",
    "Rejected",
    "Removing",
    "NotDeployed",
    "Stopping",
]
Health = Literal["OK", "Warning", "Error", "Transitional", "Unapproved"]
Role = Literal[
    "HeadNode",
    "ComputeNode",
    "BrokerNode",
    "WorkstationNode",
    "AzureWorkerNode",
    "AzureVMNode",
    "UnManagedResource",
    "LinuxNode",
    "AzureBatchNode",
    "NonDomainComputeNode",
]


class Node(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A node. MemorySize in MB."""

    name: str
    state: State
    health: Health
    template: str
    location: str | None
    memory_size: int
    cores: int
    sockets: int
    hpc_pack_version: str
    on_azure: bool
    groups: Sequence[str]
    roles: Sequence[Role]
    installed_service_roles: Sequence[Role]
    active_service_roles: Sequence[Role]


class NodeStat(Struct, frozen=True, rename="pascal"):
    """How many nodes are in a state, or of a health."""

    name: str
    value: int


class NodeGroup(Struct, frozen=True, rename="pascal"):
    """A node group. Managed ones can't be changed."""

    name: str
    description: str
    managed: bool


class NodeGroupGiven(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A node group as it is to be; what is not given stays as it is."""

    name: str | None = None
    description: str | None = None
    managed: bool | None = None


class NodeGroupOperation(Struct, frozen=True, kw_only=True, rename="pascal"):
    """Nodes to be added to a group, or removed from it. Operation in any letter case."""

    operation: str
    node_names: tuple[str, ...]
    group_name: str | None = None


class NodeMetric(Struct, frozen=True, rename="pascal"):
    """What is known of one node now, by name; nothing of one that is not reachable."""

    node_name: str
    metrics: Mapping[str, float]


class MetricDefinition(Struct, frozen=True, rename="pascal"):
    """A metric there is."""

    name: str
    display_name: str
    description: str


class MetricValue(Struct, frozen=True, rename="pascal"):
    """A value (Value) at a time (Key)."""

    key: Moment
    value: float


class MetricInstanceData(Struct, frozen=True, rename="pascal"):
    """The values of one node, or of one kind of job, in order."""

    instance_name: str
    values: Sequence[MetricValue]


class MetricData(Struct, frozen=True, kw_only=True, rename="pascal"):
    """A metric over time."""

    metric_name: str
    from_time: Moment
    to_time: Moment
    instances: Sequence[MetricInstanceData]


class OperationLogEntry(Struct, frozen=True, kw_only=True, rename="pascal"):
    """One line of an operation."""

    message: str
    severity: Literal["Error", "Warning", "Information", "Trace"]
    source: str
    create_time: Moment


class OperationLog(Struct, frozen=True, kw_only=True, rename="pascal"):
    """An operation. Entries are null in lists without detail; Node is empty where it is about no one node."""

    id: str
    name: str
    state: str
    operator: str
    node: str
    cancelable: bool
    update_time: Moment
    entries: Sequence[OperationLogEntry] | None


class ClusterInfo(Struct, frozen=True, rename="pascal"):
    """Where in Azure a cluster is: null everywhere else."""

    subscription_id: str | None = None
    deployment_id: str | None = None
    location: str | None = None
