"""scontrol: change jobs and nodes, and ask for partitions, for the configuration, and for the controller.

After scontrol(1) of 22.05.8. Jobs are never asked for here: `show job --oneliner` writes names and comments
between the other fields as they are, so that anybody's comment could pass for a state; squeue has all of it.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from headgate.engines.command.outcomes import Command, Outcome
from headgate.engines.slurm.commands.answers import (
    Garbled,
    NoAnswer,
    answered,
    decoded,
    listed,
    ordered,
    words,
)
from headgate.scripts.slurm.quantities import seconds, time_text

_SETTING: Final = re.compile(r"^([A-Za-z_][\w\[\]]*)\s*= ?(.*)$", re.MULTILINE)
_WORD: Final = re.compile(r"([A-Za-z][\w:/]*)=(\S*)")
_PING: Final = re.compile(r"Slurmctld\((\w+)\) at (\S+) is (UP|DOWN)")


def parse_change(outcome: Outcome) -> None:
    """What became of hold, release, requeue or an update.

    Raises NoAnswer when that is not known, Rejected when Slurm refused.
    """
    ordered("scontrol", outcome)


def hold(jobs: str) -> Command:
    """Keep jobs from starting. jobs: `12`, `12_[1-3]`, or several of them with commas."""
    return Command(argv=("scontrol", "hold", jobs))


def release(jobs: str) -> Command:
    """The opposite, also of sbatch's --hold."""
    return Command(argv=("scontrol", "release", jobs))


def requeue(jobs: str) -> Command:
    """Put running or finished jobs back among the waiting."""
    return Command(argv=("scontrol", "requeue", jobs))


def time_limit(job: str, limit_s: int | None) -> Command:
    """Another wall time, in seconds from the start (whole minutes count); None: none."""
    text = "UNLIMITED" if limit_s is None else time_text(limit_s)
    return Command(argv=("scontrol", "update", f"JobId={job}", f"TimeLimit={text}"))


def throttle(job: int, most: int) -> Command:
    """How many elements of an array may run at once; 0: all."""
    return Command(argv=("scontrol", "update", f"JobId={job}", f"ArrayTaskThrottle={most}"))


def node_state(nodes: str, state: str, reason: str = "") -> Command:
    """DRAIN (no new jobs) or DOWN with a reason, or RESUME. nodes: a list of Slurm's."""
    why = (f"Reason={reason}",) if reason else ()
    return Command(argv=("scontrol", "update", f"NodeName={nodes}", f"State={state}", *why))


class Partition(Struct, frozen=True, kw_only=True):
    """A partition. Limits of None: none. nodes: a list of Slurm's. state: UP, DOWN, DRAIN or INACTIVE.
    allowed_…: who may use it; empty: all. memory_mb, core_memory_mb: what a job has of each node, or of each
    core, that does not say it; 0: that of the cluster.
    """

    name: str
    state: str
    default: bool
    hidden: bool
    nodes: str
    node_count: int
    cores: int
    wall_time_s: int | None
    default_wall_time_s: int | None
    most_nodes: int | None
    priority: int
    allowed_groups: tuple[str, ...] = ()
    allowed_accounts: tuple[str, ...] = ()
    root_only: bool = False
    memory_mb: int = 0
    core_memory_mb: int = 0


def show_partitions() -> Command:
    """All partitions, the hidden ones too."""
    return Command(argv=("scontrol", "--all", "--oneliner", "show", "partition"))


def parse_partitions(outcome: Outcome) -> list[Partition]:
    """Raises NoAnswer, Rejected, Garbled."""
    text = listed("scontrol", outcome)
    if text.strip() == "No partitions in the system":
        return []
    found = [_partition(line) for line in text.splitlines() if line.strip()]
    if not found:
        raise Garbled("scontrol listed no partition and did not say so", text)
    return found


def _partition(line: str) -> Partition:
    said = dict(_WORD.findall(line))
    try:
        return Partition(
            name=said["PartitionName"],
            state=said["State"],
            default=said["Default"] == "YES",
            hidden=said["Hidden"] == "YES",
            nodes="" if said["Nodes"] == "(null)" else said["Nodes"],
            node_count=int(said["TotalNodes"]),
            cores=int(said["TotalCPUs"]),
            wall_time_s=_limit(said["MaxTime"]),
            default_wall_time_s=_limit(said["DefaultTime"]),
            most_nodes=None if said["MaxNodes"] == "UNLIMITED" else int(said["MaxNodes"]),
            priority=int(said["PriorityTier"]),
            allowed_groups=_names(said["AllowGroups"]),
            allowed_accounts=_names(said.get("AllowAccounts", "ALL")),
            root_only=said["RootOnly"] == "YES",
            memory_mb=_amount(said.get("DefMemPerNode", "")),
            core_memory_mb=_amount(said.get("DefMemPerCPU", "")),
        )
    except (KeyError, ValueError) as error:
        raise Garbled(f"a partition is not understood ({error!r})", line) from None


def _limit(text: str) -> int | None:
    return None if text in ("UNLIMITED", "NONE") else seconds(text)


def _names(text: str) -> tuple[str, ...]:
    return () if text == "ALL" else tuple(text.split(","))


class Configuration(Struct, frozen=True, kw_only=True):
    """What of slurm.conf an engine has to know, as the controller has it. Ages in seconds.

    largest_array: one more than the largest index, 0: no arrays. accounting: whether sacct can answer.
    comments_kept: whether accounting keeps them. memory_mb, core_memory_mb: what a job has of each node, or
    of each core, that does not say it; 0: all. backfill: whether jobs of several components are ever started.
    said: everything, by name.
    """

    cluster: str
    version: str
    largest_array: int
    most_jobs: int
    finished_kept_s: int
    kill_wait_s: int
    accounting: bool
    comments_kept: bool
    generic_resources: tuple[str, ...]
    said: Mapping[str, str]
    memory_mb: int = 0
    core_memory_mb: int = 0
    backfill: bool = True


def show_config() -> Command:
    """The configuration."""
    return Command(argv=("scontrol", "show", "config"))


def parse_config(outcome: Outcome) -> Configuration:
    """Raises NoAnswer, Rejected, Garbled."""
    text = listed("scontrol", outcome)
    said = {name: value.strip() for name, value in _SETTING.findall(text)}
    try:
        kinds = said.get("GresTypes", "(null)")
        return Configuration(
            cluster=said["ClusterName"],
            version=said["SLURM_VERSION"],
            largest_array=_count(said["MaxArraySize"]),
            most_jobs=_count(said["MaxJobCount"]),
            finished_kept_s=_count(said["MinJobAge"]),
            kill_wait_s=_count(said["KillWait"]),
            accounting=said["AccountingStorageType"] == "accounting_storage/slurmdbd",
            comments_kept="job_comment" in said.get("AccountingStoreFlags", "").split(","),
            generic_resources=() if kinds in ("(null)", "") else tuple(kinds.split(",")),
            said=said,
            memory_mb=_amount(said.get("DefMemPerNode", "")),
            core_memory_mb=_amount(said.get("DefMemPerCPU", "")),
            backfill=said.get("SchedulerType") == "sched/backfill",
        )
    except (KeyError, ValueError) as error:
        raise Garbled(f"the configuration is not understood ({error!r})", text[:200]) from None


def _amount(text: str) -> int:
    """MiB; UNLIMITED is 0 for Slurm itself."""
    return int(text) if text.isdecimal() else 0


def _count(text: str) -> int:
    """`300 sec`, `1001`."""
    return int(text.partition(" ")[0])


def ping() -> Command:
    """Which controllers are there."""
    return Command(argv=("scontrol", "ping"))


def parse_ping(outcome: Outcome) -> bool:
    """Whether one of them is up. Raises NoAnswer when it could not be asked, Garbled."""
    done = answered("scontrol", outcome)
    text = decoded(done.stdout)
    found = _PING.findall(text)
    if found:
        return any(state == "UP" for _, _, state in found)
    if done.exit_status != 0:
        raise NoAnswer(f"scontrol ended with {done.exit_status}", words(decoded(done.stderr)))
    raise Garbled("scontrol ping says nothing of a controller", text)
