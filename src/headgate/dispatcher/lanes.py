"""What a lane holds, worked out from its shares: the same when it is opened and after a restart. Pure."""

from collections.abc import Mapping, Sequence

from headgate.core.chunks import memory_mb
from headgate.core.model import Job, Node, Share, Task
from headgate.core.vocabulary import Sharing, UnitType
from headgate.dispatcher.board import Lane
from headgate.dispatcher.launching import wall_time


def lane_for(
    number: int, job: Job, task: Task, shares: Sequence[Share], nodes: Mapping[str, Node], now: int
) -> Lane:
    """The lane for a task on these shares. NodePrep and NodeRelease count for nothing but their cores."""
    spec, duty = job.spec, task.spec.type.is_node_duty
    limit = wall_time(job, task, now)
    return Lane(
        id=number,
        job_id=job.id,
        task=task.number,
        shares=tuple(shares),
        units=0 if duty else sum(_units(job, share, nodes.get(share.node)) for share in shares),
        gpus=tuple(0 if duty else _gpus(job, task, share, nodes.get(share.node)) for share in shares),
        memory_mb=tuple(0 if duty else _memory(job, task, share) for share in shares),
        exclusive=spec.exclusive or task.spec.sharing is Sharing.EXCLUSIVE,
        ends_by=None if limit is None else now + int(limit * 1e6),
    )


def cores_per_socket(node: Node) -> int:
    """Cores of a socket of this node."""
    return max(1, node.cores // max(1, node.sockets))


def _units(job: Job, share: Share, node: Node | None) -> int:
    unit = job.spec.unit_type
    if unit is UnitType.NODE:
        return 1
    if unit is UnitType.SOCKET and node is not None:
        return max(1, len(share.cores) // cores_per_socket(node))
    return len(share.cores)


def _memory(job: Job, task: Task, share: Share) -> int:
    """MiB held on a node: what its chunks say, and what the job says of each process."""
    chunks = sum(memory_mb(task.spec.chunks[position]) for position in share.parts)
    return chunks + job.spec.estimated_process_memory_mb


def _gpus(job: Job, task: Task, share: Share, node: Node | None) -> int:
    """What its chunks say; else one for each core, in a job that counts GPUs."""
    if share.parts:
        return sum(task.spec.chunks[position].gpus for position in share.parts)
    if job.spec.unit_type is not UnitType.GPU or node is None:
        return 0
    return node.gpus if task.spec.exclusive else min(len(share.cores), node.gpus)
