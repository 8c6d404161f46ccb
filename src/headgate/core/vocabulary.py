"""Enumerations of the job model other than states, with HPC Pack's numbers (spec hpcpack-model, 2)."""

from enum import Enum, IntEnum, IntFlag


class UnitType(IntEnum):
    """What a job's minimum and maximum count."""

    CORE = 0
    SOCKET = 1
    NODE = 2
    GPU = 3


class TaskType(IntEnum):
    """Kinds of tasks (spec hpcpack-model, section 6.1)."""

    BASIC = 0
    PARAMETRIC_SWEEP = 1
    NODE_PREP = 2
    NODE_RELEASE = 3
    SERVICE = 4

    has_instances: bool
    """Whether tasks of this type consist of numbered instances (subtasks)."""
    is_node_duty: bool
    """Whether it runs once per node, before or after the job's real work there."""

    def __init__(self, number: int) -> None:
        # Kept, not asked for: each change of a job looks at them a dozen times.
        self.has_instances = number != 0
        self.is_node_duty = number in (2, 3)


class NodeGroupOp(IntEnum):
    """How several node groups of a job combine."""

    INTERSECT = 0
    UNIFORM = 1
    UNION = 2


class JobType(IntFlag):
    """Kinds of jobs; a node accepts a set of them."""

    BATCH = 1
    ADMIN = 2
    SERVICE = 4
    BROKER = 8


class PendingReason(IntEnum):
    """Why a queued job is not running."""

    NONE = 0
    NOT_ENOUGH_RESOURCE = 1
    HIGHER_PRIORITY_JOB = 2
    JOB_SUBMITTED_EARLIER = 3
    DEPENDENCY_NOT_DONE = 4
    REQUIRED_NODES_NOT_AVAILABLE = 5
    HELD_BY_ADMIN = 9
    HELD_BY_USER = 10
    PARENT_JOBS_CANCELED_OR_FAILED = 11
    PARENT_JOBS_NOT_FINISHED = 12


class NodeState(IntEnum):
    """Whether the scheduler gives work to a node."""

    OFFLINE = 1
    DRAINING = 2
    ONLINE = 4


class Role(IntFlag):
    """What a user of the installation may do (spec hpcpack-model, section 2.1: UserRoles)."""

    NONE = 0
    USER = 1
    ADMIN = 2
    JOBADMIN = 4
    OPERATOR = 8


class Origin(Enum):
    """Where a job came from."""

    OURS = "ours"
    FOREIGN = "foreign"


class HoldKind(Enum):
    """Who holds a queued job back."""

    USER = "user"
    OPERATOR = "operator"
    SYSTEM = "system"


class DependencyCondition(Enum):
    """What a dependency waits for."""

    ENDED = "ended"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STARTED = "started"
    CORRESPONDS = "corresponds"
    """Instance by instance: the one of the same index has succeeded (Slurm aftercorr)."""


class Arrangement(Enum):
    """How the chunks of a task are spread over nodes (OpenPBS place=, Slurm --nodes)."""

    FREE = "free"
    """Wherever they fit."""
    PACK = "pack"
    """All on one node."""
    SCATTER = "scatter"
    """Each on a node of its own."""


class Sharing(Enum):
    """Whether a task's nodes are shared with others; DEFAULT leaves that to the queue."""

    DEFAULT = "default"
    SHARED = "shared"
    EXCLUSIVE = "exclusive"


class PassageKind(Enum):
    """What the tasks of a job with many go through, some at a time."""

    SUBMIT = "submit"
    REQUEUE = "requeue"
    REJECT = "reject"
    """The job is not valid."""
    STOP = "stop"


class Intention(Enum):
    """What was asked of something that has not ended yet, and so how it shall end."""

    NONE = "none"
    CANCEL = "cancel"
    FINISH = "finish"
    FAIL = "fail"
    EXPIRE = "expire"
