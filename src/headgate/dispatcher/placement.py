"""Choosing nodes and cores for a task. Pure: a board, a job and a task in, shares of cores (or none) out.

Nodes are tried in the job's order of preference; one that the job already uses comes first, and one node
that fits alone is preferred over several. A task gets at least its minimum and up to its maximum of what is
free now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from headgate.core.model import Job, Node, Share, Task
from headgate.core.resources import candidates, in_groups, uniform_choices, units_of
from headgate.core.vocabulary import UnitType
from headgate.dispatcher.board import Board, Room


@dataclass(frozen=True, slots=True)
class Place:
    """Where a task may run now: shares of cores, and how many of the job's units they are."""

    shares: tuple[Share, ...]
    units: int
    gpus: int = 0


def usable_nodes(job: Job, task: Task, nodes: Sequence[Node]) -> list[Node]:
    """The nodes this task may run on, whatever is free or online, most wanted first."""
    found = [node for node in candidates(job.spec, nodes) if job.node_phases.get(node.name) != "unusable"]
    if task.spec.requested_node_group:
        found = [node for node in found if in_groups(node, (task.spec.requested_node_group,), None)]
    used = set(job.nodes)
    found.sort(key=lambda node: node.name not in used)
    return found


def place(board: Board, job: Job, task: Task, most_units: int | None = None) -> Place | None:
    """Cores for one lane of the task, or None when there are not enough free now.

    most_units: what the job may still take.
    """
    nodes = [room.node for name, room in board.rooms.items() if job.node_phases.get(name) != "preparing"]
    usable = usable_nodes(job, task, nodes)
    busy = {share.node for lane in board.lanes_of(job.id) for share in lane.shares}
    if job.spec.single_node and busy:
        usable = [node for node in usable if node.name in busy]
    for choice in uniform_choices(job.spec, usable):
        if job.spec.node_groups and not busy <= {node.name for node in choice}:
            continue  # UNIFORM: the job has begun in another group
        rooms = [board.rooms[node.name] for node in choice]
        if task.spec.required_nodes:
            found = _required(rooms, job, task, most_units)
        else:
            found = _anywhere(rooms, job, task, most_units)
        if found is not None:
            return found
    return None


def _limits(job: Job, task: Task, most_units: int | None) -> tuple[int, int] | None:
    low, high = units_of(task.spec, job.spec.unit_type)
    if most_units is not None:
        if most_units < low:
            return None
        high = min(high, most_units)
    return low, high


def free_units(room: Room, job: Job, task: Task | None = None) -> int:
    """Units of the job's type that this job could take on this node now."""
    if not room.open or (room.exclusive is not None and room.exclusive != job.id):
        return 0
    if job.spec.exclusive and any(other != job.id for other in room.jobs):
        return 0
    if task is not None and task.spec.exclusive and room.jobs:
        return 0
    if job.spec.estimated_process_memory_mb > room.memory_mb and job.spec.estimated_process_memory_mb:
        return 0
    unit = job.spec.unit_type
    if unit is UnitType.CORE:
        return len(room.free)
    if unit is UnitType.SOCKET:
        return len(room.free) // _cores_per_socket(room)
    if unit is UnitType.GPU:
        return min(room.gpus, len(room.free))
    return int(len(room.free) == room.node.cores and not room.jobs)


def _cores_per_socket(room: Room) -> int:
    return max(1, room.node.cores // max(1, room.node.sockets))


def _cores(room: Room, unit: UnitType, units: int, *, whole: bool) -> tuple[int, ...]:
    """The core numbers for so many units on this node."""
    if whole or unit is UnitType.NODE:
        return tuple(sorted(room.free))
    count = units * _cores_per_socket(room) if unit is UnitType.SOCKET else units
    return tuple(sorted(room.free)[:count])


def _made(job: Job, task: Task, taken: Iterable[tuple[Room, int]]) -> Place:
    unit = job.spec.unit_type
    taken = list(taken)
    shares = tuple(
        Share(room.node.name, _cores(room, unit, units, whole=task.spec.exclusive)) for room, units in taken
    )
    total = sum(units for _, units in taken)
    return Place(shares, total, total if unit is UnitType.GPU else 0)


def _anywhere(rooms: Sequence[Room], job: Job, task: Task, most_units: int | None) -> Place | None:
    limits = _limits(job, task, most_units)
    if limits is None:
        return None
    low, high = limits
    offers = [(room, free_units(room, job, task)) for room in rooms]
    for room, offer in offers:
        if offer >= low and offer:
            return _made(job, task, [(room, min(high, offer))])
    if job.spec.single_node:
        return None
    taken, count = [], 0
    for room, offer in offers:
        use = min(offer, high - count)
        if use > 0:
            taken.append((room, use))
            count += use
    return _made(job, task, taken) if count >= low else None


def _required(rooms: Sequence[Room], job: Job, task: Task, most_units: int | None) -> Place | None:
    """On each of the required nodes, at least one unit; the rest wherever it fits, required nodes first."""
    limits = _limits(job, task, most_units)
    if limits is None:
        return None
    low, high = limits
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
