"""Resources in chunks: what a task needs in all, and how its parts are spread over nodes. Pure.

A chunk is so many equal parts, each wholly on one node (`model.Chunk`). `with_units` derives the pairs of
minimum and maximum that everything else reads; `spread` finds places for the parts, counting and not listing
them, and is asked both whether a job can ever fit (`validation.py`) and what it can have now
(`dispatcher/placement.py`). A feature of a node is one of its groups, or its name.
"""

from collections.abc import Collection, Sequence

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.model import INT_MAX, Chunk, JobSpec, Node, TaskSpec
from headgate.core.vocabulary import Arrangement, Sharing

MIB = 1024 * 1024
MOST_CHUNKS = 1000
"""Kinds of chunks in one task; each costs a look at each node whenever the task is placed."""
MOST_RANKS = 100_000
"""MPI processes of one task; a node file has a line for each, and is written for each run."""


def memory_mb(chunk: Chunk) -> int:
    """MiB that one part needs, rounded up."""
    return -(-chunk.memory // MIB)


def with_units(task: TaskSpec) -> TaskSpec:
    """The task with the minimum and maximum of cores and nodes that follow from its chunks.

    How many cores a whole node has is not known here: it counts as one.
    """
    if not task.chunks:
        return task
    least = most = parts = most_parts = 0
    for chunk in task.chunks:
        cores, high = max(1, chunk.cores), max(chunk.count, chunk.max_count)
        parts += chunk.count
        most_parts += high
        least += chunk.count * cores
        most += high * cores
    scattered, packed = task.arrangement is Arrangement.SCATTER, task.arrangement is Arrangement.PACK
    return replace(
        task,
        min_cores=min(least, INT_MAX),
        max_cores=min(most, INT_MAX),
        min_nodes=min(parts if scattered else 1, INT_MAX),
        max_nodes=1 if packed else min(most_parts, INT_MAX),
    )


def takes_whole_nodes(task: TaskSpec) -> bool:
    """Whether the task has some node for itself alone."""
    return task.sharing is Sharing.EXCLUSIVE or any(not chunk.cores for chunk in task.chunks)


def takes_more_than_cores(task: TaskSpec) -> bool:
    """Whether free cores alone do not tell if it fits."""
    return takes_whole_nodes(task) or any(chunk.memory or chunk.gpus for chunk in task.chunks)


class Bin(Struct, frozen=True):
    """A node, and what of it can be had. `empty`: nothing runs there."""

    node: Node
    cores: int
    memory_mb: int
    gpus: int
    empty: bool = True


class Part(Struct, frozen=True):
    """What was found on one node: the positions of the chunks whose parts are there, and the cores in all."""

    bin: Bin
    parts: tuple[int, ...]
    cores: int


class _Room:
    """What is left of a bin while parts are put there."""

    __slots__ = ("bin", "cores", "gpus", "memory", "parts", "used", "whole")

    def __init__(self, one: Bin) -> None:
        self.bin = one
        self.cores = one.cores
        self.memory = one.memory_mb
        self.gpus = one.gpus
        self.whole = False
        self.used = 0
        self.parts: list[int] = []

    def holds(self, chunk: Chunk) -> int:
        """How many parts still fit."""
        if not _suits(self.bin.node, chunk) or self.whole:
            return 0
        if not chunk.cores:
            everything = self.bin.empty and not self.parts and self.cores == self.bin.node.cores
            fits = everything and memory_mb(chunk) <= self.memory and chunk.gpus <= self.gpus
            return int(fits)
        found = self.cores // chunk.cores
        if chunk.memory:
            found = min(found, self.memory // memory_mb(chunk))
        if chunk.gpus:
            found = min(found, self.gpus // chunk.gpus)
        return max(0, found)

    def put(self, position: int, chunk: Chunk, count: int) -> None:
        self.parts += [position] * count
        self.memory -= memory_mb(chunk) * count
        self.gpus -= chunk.gpus * count
        self.whole = not chunk.cores
        taken = self.cores if self.whole else chunk.cores * count
        self.cores -= taken
        self.used += taken


def _suits(node: Node, chunk: Chunk) -> bool:
    if chunk.host and not is_called(node, chunk.host):
        return False
    if not chunk.features:
        return True
    has = {group.casefold() for group in node.groups}
    return all(feature.casefold() in has or is_called(node, feature) for feature in chunk.features)


def is_called(node: Node, name: str) -> bool:
    """Whether this is the node's name, with or without its domain."""
    mine, wanted = node.name.casefold(), name.casefold()
    return wanted == mine or wanted == mine.partition(".")[0]


def spread(
    task: TaskSpec,
    bins: Sequence[Bin],
    *,
    one_node: bool = False,
    required: Collection[str] = (),
    most_cores: int | None = None,
) -> list[Part] | None:
    """Places for at least the minimum of every chunk, the bins tried in their order; None if there are none.

    Parts that are hard to place come first, so that easy ones do not take their places. one_node: whatever
    the task's arrangement. required: names of nodes each of which must get a part. most_cores: no further
    parts beyond these (the minimum is the minimum).
    """
    if one_node or task.arrangement is Arrangement.PACK:
        if len(required) > 1:
            return None
        return next((found for one in bins if (found := _attempt(task, [one], required, most_cores))), None)
    if task.arrangement is Arrangement.FREE and not required:
        for one in bins:
            if one.cores and (found := _attempt(task, [one], (), most_cores)):
                return found
    return _attempt(task, bins, required, most_cores)


def _attempt(
    task: TaskSpec, bins: Sequence[Bin], required: Collection[str], most_cores: int | None
) -> list[Part] | None:
    rooms = [_Room(one) for one in bins]
    scatter = task.arrangement is Arrangement.SCATTER
    left = [chunk.count for chunk in task.chunks]
    order = sorted(range(len(task.chunks)), key=lambda position: _difficulty(task.chunks[position]))
    for name in required:
        if not any(_place(task, order, left, room) for room in rooms if is_called(room.bin.node, name)):
            return None
    for position in order:
        _fill(rooms, position, task.chunks[position], left, scatter=scatter)
        if left[position]:
            return None
    used = sum(room.used for room in rooms)
    for position, chunk in enumerate(task.chunks):
        more = chunk.max_count - chunk.count
        if more > 0 and most_cores is not None:
            more = min(more, (most_cores - used) // max(1, chunk.cores))
        if more > 0:
            left[position] = more
            _fill(rooms, position, chunk, left, scatter=scatter)
            used = sum(room.used for room in rooms)
    found = [Part(room.bin, tuple(sorted(room.parts)), room.used) for room in rooms if room.parts]
    found.sort(key=lambda part: part.parts[0])  # the command is started where the first chunk is
    return found


def _difficulty(chunk: Chunk) -> tuple[bool, int, bool, int, int, int]:
    """Sort key: what fits fewest nodes first."""
    features = -len(chunk.features)
    return (not chunk.host, features, bool(chunk.cores), -chunk.gpus, -chunk.cores, -chunk.memory)


def _place(task: TaskSpec, order: Sequence[int], left: list[int], room: _Room) -> bool:
    """One part, the first that fits, on this node. True also when it has one already."""
    if room.parts:
        return True
    for position in order:
        if left[position] and room.holds(task.chunks[position]):
            room.put(position, task.chunks[position], 1)
            left[position] -= 1
            return True
    return False


def _fill(rooms: Sequence[_Room], position: int, chunk: Chunk, left: list[int], *, scatter: bool) -> None:
    for room in rooms:
        if not left[position]:
            return
        if scatter and room.parts:
            continue
        count = min(left[position], room.holds(chunk), 1 if scatter else INT_MAX)
        if count:
            room.put(position, chunk, count)
            left[position] -= count


def shortage(job: JobSpec, task: TaskSpec, nodes: Sequence[Node]) -> tuple[str, str] | None:
    """Which chunk can never be had on these nodes, and why, as text; None when it fits if all is free."""
    if len(task.chunks) > MOST_CHUNKS:
        return f"number {MOST_CHUNKS + 1}", f"a task has at most {MOST_CHUNKS} kinds of chunks"
    for chunk in task.chunks:
        if max(chunk.count, chunk.max_count) * chunk.ranks > MOST_RANKS:
            return said(chunk), f"a task has at most {MOST_RANKS} MPI processes"
    required = task.required_nodes
    together = task.arrangement is not Arrangement.SCATTER and not required
    if together and any(_takes_all(node, task.chunks) for node in nodes):
        return None
    bins = [Bin(node, node.cores, node.memory_mb, node.gpus) for node in nodes]
    if spread(task, bins, one_node=job.single_node, required=required, most_cores=0) is not None:
        return None
    for chunk in task.chunks:
        if not any(_Room(one).holds(chunk) for one in bins):
            return said(chunk), "no node that the job may use has all of it"
    whole = " + ".join(said(chunk) for chunk in task.chunks[:8])
    if job.single_node or task.arrangement is Arrangement.PACK:
        return whole, "no single node is large enough for all of it"
    if task.arrangement is Arrangement.SCATTER:
        return whole, "there are too few nodes that could each hold one part"
    return whole, "the nodes that the job may use are not large enough for all of it"


def _takes_all(node: Node, chunks: Sequence[Chunk]) -> bool:
    """Whether all parts fit on this node when nothing runs there; False also where that takes a closer look,
    as for chunks that are a whole node.
    """
    cores, memory, gpus = node.cores, node.memory_mb, node.gpus
    for chunk in chunks:
        if not chunk.cores or not _suits(node, chunk):
            return False
        cores -= chunk.count * chunk.cores
        memory -= chunk.count * memory_mb(chunk)
        gpus -= chunk.count * chunk.gpus
    return cores >= 0 and memory >= 0 and gpus >= 0


def said(chunk: Chunk) -> str:
    """A chunk for people: `2 x (4 cores, 1024 MiB)`."""
    what = ["a whole node" if not chunk.cores else f"{chunk.cores} core{'s' if chunk.cores > 1 else ''}"]
    if chunk.memory:
        what.append(f"{memory_mb(chunk)} MiB")
    if chunk.gpus:
        what.append(f"{chunk.gpus} GPU{'s' if chunk.gpus > 1 else ''}")
    if chunk.host:
        what.append(f"host {chunk.host}")
    if chunk.features:
        what.append(f"features {', '.join(chunk.features)}")
    return f"{chunk.count} x ({', '.join(what)})"


def unknown_resources(job: JobSpec, task: TaskSpec) -> dict[str, str]:
    """Named resources of a site that were asked for: nothing here counts them."""
    asked = dict(job.extra_resources)
    for chunk in task.chunks:
        asked |= chunk.extra
    return asked
