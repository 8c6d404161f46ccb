"""Kinds of values, the moments at which properties can be set, and the published names of enumerations.

Spec hpcpack-model, sections 1 (kinds) and 2 (enumerations).
"""

from collections.abc import Mapping
from enum import Enum, IntEnum
from types import MappingProxyType

from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import JobType, NodeGroupOp, NodeState, PendingReason, TaskType, UnitType


class Kind(Enum):
    """The kind of a property's value, and its type here. None stands for "not set" in every kind."""

    STRING = "string"  # str
    INT32 = "int32"  # int
    INT64 = "int64"  # int
    BOOL = "bool"  # bool
    ENUM = "enum"  # a member of Property.enum
    FLAGS = "flags"  # an IntFlag: any set of members of Property.enum
    TIME = "time"  # int: UTC microseconds
    STRINGS = "strings"  # tuple[str, ...]
    IDS = "ids"  # tuple[int, ...]
    TASK_ID = "task id"  # tuple[int, int, int]: job, task, instance (0: none)
    CORE_IDS = "core ids"  # tuple[Share, ...]
    ORDER_BY = "order by"  # str, canonical
    EXIT_CODES = "exit codes"  # str, canonical
    GUID = "guid"  # str


class Moment(Enum):
    """When a property is set: with Create Job, Set Job (or Task) Properties, Submit Job, or Add Task."""

    CREATE = "create"
    SET = "set"
    SUBMIT = "submit"
    ADD = "add"


class JobPriority(IntEnum):
    """The five-level view of a priority; `level * 1000` is its expanded priority (section 2.4)."""

    LOWEST = 0
    BELOW_NORMAL = 1
    NORMAL = 2
    ABOVE_NORMAL = 3
    HIGHEST = 4


class NodeAvailability(IntEnum):
    """Whether a node is the cluster's all the time (section 2.3)."""

    ALWAYS_ON = 1
    AVAILABLE = 2
    OCCUPIED = 4


class NodeLocation(IntEnum):
    """Where a node is (section 2.3), as far as ours can be."""

    ON_PREMISE = 1
    LINUX = 7


def _published(kind: type[IntEnum] | type[JobType], odd: Mapping[str, str]) -> dict[int, str]:
    """`ABOVE_NORMAL` is published as `AboveNormal`; `odd` holds those that are not spelled so."""
    return {
        int(member): odd.get(member.name or "", (member.name or "").title().replace("_", ""))
        for member in kind
    }


_ODD: Mapping[type, Mapping[str, str]] = MappingProxyType(
    {PendingReason: {"PARENT_JOBS_NOT_FINISHED": "ParentJobsNotfinished"}}
)

NAMES: Mapping[type, Mapping[int, str]] = MappingProxyType(
    {
        kind: MappingProxyType(_published(kind, _ODD.get(kind, {})))
        for kind in (
            JobState,
            TaskState,
            NodeState,
            JobPriority,
            UnitType,
            JobType,
            NodeGroupOp,
            TaskType,
            PendingReason,
            NodeAvailability,
            NodeLocation,
        )
    }
)
"""Published name of every member, by type and number."""

MEMBERS: Mapping[type, Mapping[str, int]] = MappingProxyType(
    {
        kind: MappingProxyType({name.lower(): number for number, name in names.items()})
        for kind, names in NAMES.items()
    }
)
"""Number of every member, by type and lower-cased published name."""


def name_of(member: IntEnum) -> str:
    """The published name of a member: `BelowNormal`."""
    return NAMES[type(member)][member]
