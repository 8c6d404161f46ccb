"""From an order to sbatch's options: what of our normal form Slurm can do, and how. Pure.

What it can't do is refused here with the reason, before anything is submitted; docs/reference/slurm-engine.md
has the whole table.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from headgate.core.model import DEFAULT_PRIORITY, JobSpec, Node, TaskSpec
from headgate.core.resources import candidates, in_groups, units_of
from headgate.core.vocabulary import Arrangement, NodeGroupOp, Sharing, UnitType
from headgate.engines.slurm import chunks
from headgate.engines.slurm.chunks import CannotOrder, Kinds, Memory
from headgate.engines.slurm.commands.sbatch import Component
from headgate.engines.slurm.options import Options
from headgate.engines.slurm.sockets import Sockets, alike, fields
from headgate.ports.engine import Order

MOST_NICE = 2147483645
"""sbatch(1), --nice."""
LONGEST_NAME = 200


class Known(Struct, frozen=True, kw_only=True):
    """What is known of the cluster. partitions: by their names; default_partition: of those. nodes: with
    their features and partitions as groups. sockets: by the names of nodes. privileged: whether the server
    may raise priorities. memory: what a partition gives to who does not ask. together: whether jobs of
    several components are ever started (sched/backfill alone does).
    """

    partitions: frozenset[str] = frozenset()
    default_partition: str = ""
    nodes: tuple[Node, ...] = ()
    sockets: Mapping[str, Sockets] = {}
    features: frozenset[str] = frozenset()
    privileged: bool = False
    memory: Mapping[str, Memory] = {}
    together: bool = True


def options(order: Order, known: Known, settings: Options) -> dict[str, Any]:
    """Fields of an sbatch request for this order. Raises CannotOrder."""
    job, task = order.job, order.task
    partition = _partition(job.queue, known, settings)
    usable = _usable(job, task, known)
    if job.unit_type is UnitType.SOCKET and not task.chunks:
        usable = _with_sockets(job, task, known, usable, partition or known.default_partition)
    found: dict[str, Any] = {
        "name": _name(job.name),
        "partition": partition,
        "account": job.account or settings.accounts.get(job.project, ""),
        "licenses": _licenses(job),
        "nice": _nice(job.priority, known, settings),
        **_asked(job, task, known, usable, partition or known.default_partition),
    }
    if order.wall_time_s is not None:
        found["wall_time_s"] = max(60, -(-int(order.wall_time_s + 0.999) // 60) * 60)
    if job.flavour == "slurm":
        found |= {name: job.options[name] for name in ("qos", "reservation") if job.options.get(name)}
    return found


def array(count: int, at_once: int) -> str:
    """The indices of so many items; "" for one."""
    if count == 1:
        return ""
    return f"0-{count - 1}" + (f"%{at_once}" if 0 < at_once < count else "")


def _name(name: str) -> str:
    shown = "".join(letter if letter.isprintable() else "_" for letter in name)
    return shown[:LONGEST_NAME] or "headgate"


def _partition(queue: str, known: Known, settings: Options) -> str:
    mapped = {name.casefold(): partition for name, partition in settings.partitions.items()}
    found = mapped.get(queue.casefold())
    if found is not None:
        return found
    by_name = {name.casefold(): name for name in known.partitions}
    return by_name.get(queue.casefold(), settings.default_partition) if queue else settings.default_partition


def _licenses(job: JobSpec) -> str:
    """As they are asked for: `name:count` of HPC Pack is Slurm's own form, and a script has its own words."""
    for one in job.software_license:
        if job.flavour != "slurm" and set(one) & set(" \t\n;|@"):
            raise CannotOrder(f"{one!r} can't be asked for: Slurm has no licence with such a name.")
    return ",".join(job.software_license)


def _nice(priority: int, known: Known, settings: Options) -> int | None:
    """Slurm's nice value rises as priority falls; only root may go below 0."""
    value = round((DEFAULT_PRIORITY - priority) * settings.priority_scale)
    value = max(-MOST_NICE, min(MOST_NICE, value))
    return None if value == 0 or (value < 0 and not known.privileged) else value


# ---- how much


def _asked(
    job: JobSpec, task: TaskSpec, known: Known, usable: frozenset[str], partition: str
) -> dict[str, Any]:
    """What it is to have, and where; of several components the first one, with the others beside it."""
    there = usable & {node.name for node in known.nodes if partition in node.groups} or usable
    arrangement = Arrangement.PACK if job.single_node else task.arrangement
    kinds = chunks.components(task.chunks, arrangement, there)
    first, *others = asked = [
        {**_resources(job, task, some, known, usable), **_places(job, task, some, known, usable)}
        for some in kinds
    ]
    if not others:
        return first
    if not known.together:
        raise CannotOrder(
            f"The task asks for {len(task.chunks)} kinds of chunks: Slurm starts such jobs with"
            " SchedulerType=sched/backfill alone."
        )
    if task.required_nodes:
        raise CannotOrder("Nodes that are required can't be asked for beside several kinds of chunks.")
    if job.node_group_op is NodeGroupOp.UNIFORM and len(job.node_groups) > 1:
        raise CannotOrder("Several kinds of chunks can't be kept to nodes of one group.")
    chunks.with_memory(asked, known.memory.get(partition, Memory()))
    return {**first, "beside": tuple(Component(**one) for one in others)}


def _resources(
    job: JobSpec, task: TaskSpec, kinds: Kinds, known: Known, usable: Collection[str]
) -> dict[str, Any]:
    found = chunks.fields(kinds, task.arrangement) if kinds else _of_units(job, task, known, usable)
    if job.exclusive or task.exclusive or task.sharing is Sharing.EXCLUSIVE:
        found["exclusive"] = True
    elif task.sharing is Sharing.SHARED:
        found["oversubscribe"] = True
    if job.single_node:
        found["nodes"] = (1, 1)
    return found


def _of_units(job: JobSpec, task: TaskSpec, known: Known, usable: Collection[str]) -> dict[str, Any]:
    low, high = units_of(task, job.unit_type)
    found: dict[str, Any] = {}
    if job.unit_type is UnitType.NODE:
        found = {"nodes": (low, max(low, high)), "exclusive": True}
    elif job.unit_type is UnitType.GPU:
        found = {"tasks": 1, "gres": f"gpu:{low}", "nodes": (1, 1)}
    elif job.unit_type is UnitType.SOCKET:
        found = fields(low, known.sockets[next(iter(usable))])
    else:
        found = {"tasks": low, "cpus_per_task": 1}
    if job.estimated_process_memory_mb:
        found["memory_mb"] = job.estimated_process_memory_mb
    return found


# ---- where


def _usable(job: JobSpec, task: TaskSpec, known: Known) -> frozenset[str]:
    """The nodes that it may have, by name."""
    usable = {node.name for node in candidates(job, known.nodes)}
    if task.requested_node_group:
        group = (task.requested_node_group,)
        usable &= {node.name for node in known.nodes if in_groups(node, group, None)}
    if known.nodes and not usable:
        raise CannotOrder("No node of the cluster is one that the job may use.")
    return frozenset(usable)


def _with_sockets(
    job: JobSpec, task: TaskSpec, known: Known, usable: frozenset[str], partition: str
) -> frozenset[str]:
    """Those of them whose sockets are all of one kind: the most that its partition has."""
    there = {node.name for node in known.nodes if not partition or partition in node.groups}
    required = [_named(host, known.nodes) for host in task.required_nodes]
    found = alike(usable & there, known.sockets, required=required, single=job.single_node)
    if not found and required:
        raise CannotOrder(
            f"Sockets can only be had of nodes whose sockets have equally many cores: {', '.join(required)}"
            " are not all such nodes of one partition."
        )
    if not found:
        raise CannotOrder("No node that the job may use has its cores in whole sockets, by what Slurm says.")
    return found


def _places(
    job: JobSpec, task: TaskSpec, kinds: Kinds, known: Known, usable: Collection[str]
) -> dict[str, Any]:
    """Nodes that it must have, and those that it must not have: whatever the job says of nodes, sizes and
    groups comes down to that.
    """
    found: dict[str, Any] = {}
    left_out = tuple(node.name for node in known.nodes if node.name not in usable)
    if left_out:
        found["not_nodes"] = left_out
    hosts = (*task.required_nodes, *(chunk.host for chunk in kinds if chunk.host))
    if hosts:
        found["only_nodes"] = tuple(dict.fromkeys(_named(host, known.nodes) for host in hosts))
    constraint = [_feature(name) for chunk in kinds for name in chunk.features]
    if job.node_group_op is NodeGroupOp.UNIFORM and len(job.node_groups) > 1:
        constraint.append(_uniform(job.node_groups, known.features))
    if constraint:
        found["constraint"] = "&".join(dict.fromkeys(constraint))
    return found


def _named(host: str, nodes: Sequence[Node]) -> str:
    """The node as Slurm spells it."""
    by_name: Mapping[str, str] = {node.name.casefold(): node.name for node in nodes}
    return by_name.get(host.casefold(), host)


def _feature(name: str) -> str:
    if not name or set(name) & set("&|[]()*, \t\n"):
        raise CannotOrder(f"{name!r} is not the name of a feature.")
    return name


def _uniform(groups: Sequence[str], features: frozenset[str]) -> str:
    """One of these for all nodes (sbatch(1), --constraint, matching OR)."""
    by_name = {name.casefold(): name for name in features}
    named = [by_name.get(group.casefold()) for group in groups]
    if None in named:
        raise CannotOrder("Nodes of one group can only be asked for where the groups are features of nodes.")
    return "[" + "|".join(name for name in named if name) + "]"
