"""Choosing nodes and cores for a task. Pure: a board, a job and a task in, shares of cores (or none) out.

Nodes are tried in the job's order of preference; one that the job already uses comes first, and one node
that fits alone is preferred over several. A task gets at least its minimum and up to its maximum of what is
free now. A task with chunks gets each part of them on one node, as it is to be arranged (`core/chunks.py`).
"""

from collections.abc import Iterable, Mapping, Sequence

from headgate.core.chunks import Bin, spread, takes_whole_nodes
from headgate.core.model import Job, Node, Share, Task
from headgate.core.resources import candidates, in_groups, uniform_choices, units_of
from headgate.core.vocabulary import NodeGroupOp, Sharing, UnitType
from headgate.dispatcher.board import Board, Room
from headgate.dispatcher.lanes import cores_per_socket

Shares = tuple[Share, ...]
Withheld = Mapping[str, frozenset[int]]
"""Cores, by node, that may not be taken though they are free."""
NOTHING: Withheld = {}


def usable_nodes(job: Job, task: Task, nodes: Sequence[Node]) -> list[Node]:
    """The nodes this task may run on, whatever is free or online, most wanted first."""
    found = [node for node in candidates(job.spec, nodes) if job.node_phases.get(node.name) != "unusable"]
    if task.spec.requested_node_group:
        found = [node for node in found if in_groups(node, (task.spec.requested_node_group,), None)]
    used = set(job.nodes)
    found.sort(key=lambda node: node.name not in used)
    return found


def place(
    board: Board, job: Job, task: Task, most_units: int | None = None, withheld: Withheld = NOTHING
) -> Shares | None:
    """Cores for one lane of the task, or None when there are not enough free now.

    most_units: what the job may still take.
    """
    limits = _limits(job, task, most_units)
    if limits is None:
        return None
    for nodes in node_choices(board, job, task):
        rooms = [
            _room(board.rooms[node.name], job, task, withheld)
            for node in nodes
            if job.node_phases.get(node.name) != "preparing"
        ]
        if task.spec.chunks:
            if (shares := _in_chunks(rooms, job, task, most_units)) is not None:
                return shares
            continue
        found = (_required if task.spec.required_nodes else _anywhere)(rooms, job, task, *limits)
        if found is not None:
            return found
    return None


def node_choices(board: Board, job: Job, task: Task) -> list[list[Node]]:
    """The sets of nodes of which the task may use one: all it may run on, or those of one group (Uniform).

    A job that must stay on one node, or in one group, stays where it has begun.
    """
    usable = usable_nodes(job, task, [room.node for room in board.rooms.values()])
    busy = {share.node for lane in board.lanes_of(job.id) for share in lane.shares}
    if job.spec.single_node and busy:
        return [[node for node in usable if node.name in busy]]
    choices = uniform_choices(job.spec, usable)
    if job.spec.node_group_op is NodeGroupOp.UNIFORM:
        mine = (busy | set(job.nodes)) & {node.name for node in usable}
        choices = [choice for choice in choices if mine <= {node.name for node in choice}]
    return choices


def _room(room: Room, job: Job, task: Task, withheld: Withheld) -> Room:
    kept = withheld.get(room.node.name, frozenset())
    whole = (
        job.spec.exclusive
        or task.spec.exclusive
        or job.spec.unit_type is UnitType.NODE
        or takes_whole_nodes(task.spec)
    )
    return room.lent(kept, whole=whole)


def _limits(job: Job, task: Task, most_units: int | None) -> tuple[int, int] | None:
    low, high = units_of(task.spec, job.spec.unit_type)
    if most_units is not None:
        if most_units < low:
            return None
        high = min(high, most_units)
    return low, high


def free_units(room: Room, job: Job, task: Task | None = None) -> int:
    """Units of the job's type that this job could take on this node now."""
    if not _is_open(room, job, task):
        return 0
    unit = job.spec.unit_type
    if unit is UnitType.CORE:
        return len(room.free)
    if unit is UnitType.SOCKET:
        return len(room.free) // cores_per_socket(room.node)
    if unit is UnitType.GPU:
        return max(0, min(room.gpus, len(room.free)))
    return int(len(room.free) == room.node.cores and not room.jobs)


def _is_open(room: Room, job: Job, task: Task | None) -> bool:
    """Whether this job may take anything on this node now, cores aside."""
    if not room.open or (room.exclusive is not None and room.exclusive != job.id):
        return False
    alone = job.spec.exclusive or (task is not None and task.spec.sharing is Sharing.EXCLUSIVE)
    if alone and any(other != job.id for other in room.jobs):
        return False
    if task is not None and task.spec.exclusive and room.jobs:
        return False
    return job.spec.estimated_process_memory_mb <= max(0, room.memory_mb)


def _in_chunks(rooms: Sequence[Room], job: Job, task: Task, most_cores: int | None) -> Shares | None:
    """Each part of each chunk on a node that has room for it."""
    spec, kept = task.spec, job.spec.estimated_process_memory_mb
    open_ = {room.node.name: room for room in rooms if _is_open(room, job, task)}
    bins = [
        Bin(room.node, len(room.free), room.memory_mb - kept, room.gpus, not room.jobs)
        for room in open_.values()
    ]
    found = spread(
        spec,
        bins,
        one_node=job.spec.single_node,
        required=spec.required_nodes,
        most_cores=most_cores,
    )
    if found is None:
        return None
    return tuple(
        Share(part.bin.node.name, tuple(sorted(open_[part.bin.node.name].free))[: part.cores], part.parts)
        for part in found
    )


def _made(job: Job, task: Task, taken: Iterable[tuple[Room, int]]) -> Shares:
    return tuple(Share(room.node.name, _cores(room, job, task, units)) for room, units in taken)


def _cores(room: Room, job: Job, task: Task, units: int) -> tuple[int, ...]:
    """The core numbers for so many units on this node."""
    unit = job.spec.unit_type
    free = tuple(sorted(room.free))
    if task.spec.exclusive or unit is UnitType.NODE:
        return free
    return free[: units * cores_per_socket(room.node) if unit is UnitType.SOCKET else units]


def _anywhere(rooms: Sequence[Room], job: Job, task: Task, low: int, high: int) -> Shares | None:
    offers = [(room, free_units(room, job, task)) for room in rooms]
    for room, offer in offers:
        if offer >= max(1, low):
            return _made(job, task, [(room, min(high, offer))])
    if job.spec.single_node:
        return None
    taken: list[tuple[Room, int]] = []
    count = 0
    for room, offer in offers:
        use = min(offer, high - count)
        if use > 0:
            taken.append((room, use))
            count += use
    return _made(job, task, taken) if count >= low else None


def _required(rooms: Sequence[Room], job: Job, task: Task, low: int, high: int) -> Shares | None:
    """On each of the required nodes, at least one unit; the rest wherever it fits, required nodes first."""
    wanted = {name.casefold() for name in task.spec.required_nodes}
    required = [room for room in rooms if room.node.name.casefold() in wanted]
    if len(required) < len(wanted) or any(free_units(room, job, task) < 1 for room in required):
        return None
    high = max(high, len(required))
    use = {room.node.name: 1 for room in required}
    count = len(required)
    for room in [*required, *(room for room in rooms if room not in required)]:
        have = use.get(room.node.name, 0)
        more = min(free_units(room, job, task) - have, (low if have == 0 else high) - count)
        if more > 0:
            use[room.node.name] = have + more
            count += more
    if count < low:
        return None
    return _made(job, task, [(room, use[room.node.name]) for room in rooms if room.node.name in use])
