"""What is measured of nodes, by the names that clients know (spec hpcpack-2016, section 6)."""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct


class Figure(Enum):
    """One thing that is measured. The value is its published name; figures of a second are means."""

    CPU_USAGE = "HPCCpuUsage"
    """Percent of all cores, 0 to 100."""
    MEMORY_PAGING = "HPCMemoryPaging"
    """Pages swapped in and out a second."""
    DISK_THROUGHPUT = "HPCDiskThroughput"
    """Bytes read and written a second."""
    NETWORK = "HPCNetwork"
    """Bytes received and sent a second."""
    CORES_IN_USE = "HPCCoresInUse"
    """Cores that work is placed on."""


Figures = Mapping[Figure, float]
"""What is known of one node."""


class Sample(Struct, frozen=True):
    """One figure of every node it was known of, by name. `at` in UTC microseconds."""

    at: int
    values: Mapping[str, float]
