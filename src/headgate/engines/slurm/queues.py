"""Partitions as queues. Pure.

Each partition that everybody may see is a queue of its name; a queue that the settings map to a partition is
that partition under another name, also where its own name is one's.
"""

from collections.abc import Mapping, Sequence

from headgate.engines.slurm.commands.scontrol import Partition
from headgate.ports.engine import QueueSighting

_TAKES_JOBS = frozenset({"UP", "DOWN"})
_STARTS_JOBS = frozenset({"UP", "DRAIN"})
"""scontrol(1), SPECIFICATIONS FOR UPDATE COMMAND, PARTITIONS, State. An unknown one does neither."""


def queues(
    partitions: Sequence[Partition],
    mapped: Mapping[str, str],
    default: str,
    *,
    privileged: bool,
) -> list[QueueSighting]:
    """The queues, each name once. mapped: queue to partition. default: the partition of jobs without a queue;
    "": the cluster's own. privileged: whether jobs are submitted as root (slurm.conf(5), RootOnly).
    """
    by_name = {one.name: one for one in partitions}
    names: dict[str, tuple[str, Partition]] = {}
    for queue, partition in mapped.items():
        if partition in by_name:
            names.setdefault(queue.casefold(), (queue, by_name[partition]))
    for one in partitions:
        if not one.hidden:
            names.setdefault(one.name.casefold(), (one.name, one))
    usual = _usual(names, default or next((one.name for one in partitions if one.default), ""))
    return [
        QueueSighting(
            name=queue,
            default=queue == usual,
            enabled=one.state in _TAKES_JOBS and (privileged or not one.root_only),
            started=one.state in _STARTS_JOBS,
            most_s=one.wall_time_s,
            usual_s=one.default_wall_time_s,
        )
        for queue, one in names.values()
    ]


def _usual(names: Mapping[str, tuple[str, Partition]], partition: str) -> str:
    """The queue that stands for this partition, best of its own name."""
    found = [queue for queue, one in names.values() if one.name == partition]
    return partition if partition in found else next(iter(found), "")
