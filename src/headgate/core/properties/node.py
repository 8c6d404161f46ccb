"""The node properties as the scheduler sees nodes; all read-only (spec hpcpack-model, section 5)."""

from operator import attrgetter

from headgate.core.properties.kinds import Kind, NodeAvailability, NodeLocation
from headgate.core.properties.registry import Property, Registry
from headgate.core.vocabulary import JobType, NodeState

NODE = Registry(
    "node",
    (
        Property("Id", Kind.INT32, attrgetter("id"), sort="id"),
        Property("Name", Kind.STRING, attrgetter("name"), sort="name"),
        Property("DnsSuffix", Kind.STRING, lambda node: "", ""),
        Property("Guid", Kind.GUID, attrgetter("guid"), "", sort="guid"),
        Property("State", Kind.ENUM, attrgetter("state"), enum=NodeState, sort="state"),
        Property("Reachable", Kind.BOOL, attrgetter("reachable"), True, sort="reachable"),
        Property(
            "Availability",
            Kind.ENUM,
            lambda node: NodeAvailability.ALWAYS_ON,
            NodeAvailability.ALWAYS_ON,
            enum=NodeAvailability,
        ),
        Property(
            "Location", Kind.ENUM, lambda node: NodeLocation.LINUX, NodeLocation.LINUX, enum=NodeLocation
        ),
        Property("JobType", Kind.FLAGS, lambda node: JobType.BATCH | JobType.ADMIN, enum=JobType),
        Property("NumCores", Kind.INT32, attrgetter("cores"), sort="cores"),
        Property("NumSockets", Kind.INT32, attrgetter("sockets"), sort="sockets"),
        Property("CpuSpeed", Kind.INT32, attrgetter("cpu_mhz"), sort="cpu_mhz"),
        Property("MemorySize", Kind.INT64, attrgetter("memory_mb"), sort="memory_mb"),
        Property("NodeGroups", Kind.STRINGS, attrgetter("groups"), ()),
        Property("OnlineTime", Kind.TIME, attrgetter("online_at"), sort="online_at"),
        Property("OfflineTime", Kind.TIME, attrgetter("offline_at"), sort="offline_at"),
        Property("MoveToOffline", Kind.BOOL, lambda node: node.state is NodeState.DRAINING, False),
        Property("AzureServiceName", Kind.STRING, lambda node: "", ""),
    ),
)
