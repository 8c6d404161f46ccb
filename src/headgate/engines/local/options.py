"""The settings of the embedded engine: the table `[engine.local]`."""

from msgspec import Struct

from headgate.core.launch import CAPTURE_LIMIT

DEFAULT_GROUPS = ("ComputeNodes", "HeadNodes", "LinuxNodes")
"""The groups of a node that names none. The one machine is both head node and compute node."""


class NodeOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One logical node on this machine. `cores` and `memory_mb` of 0: what the machine has."""

    name: str
    cores: int = 0
    memory_mb: int = 0
    gpus: int = 0
    groups: tuple[str, ...] = DEFAULT_GROUPS


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set.

    nodes: the logical nodes; none given: one with this machine's name.
    min_uid: the smallest uid of an account whose tasks are run (`nobody` is the one exception); never uid 0.
    capture_limit: bytes of captured output that are kept of a task.
    idle_worker_s: a worker process without work is kept this long for the next task of its account.
    idle_exit_s: the shepherd ends itself after this long without a server, work or reports.
    scratch: the folder in which runs of job scripts get their scratch folder (TMPDIR) and private files;
        every account must be able to make folders there.
    """

    nodes: tuple[NodeOptions, ...] = ()
    min_uid: int = 1000
    capture_limit: int = CAPTURE_LIMIT
    idle_worker_s: float = 10.0
    idle_exit_s: float = 10.0
    scratch: str = "/tmp"  # noqa: S108  a folder with a random name is made there, by the account itself
