"""Chunks as options of sbatch. Pure.

Chunks of one kind are one request. Those of several kinds are a heterogeneous job (sbatch(1), HETEROGENEOUS
JOBS): a component for each kind, in the order in which they were asked for, all started together. Slurm gives
each component nodes of its own; so where all have to be on one node, they are one request for the sum of it.
"""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct

from headgate.core.model import Chunk
from headgate.core.vocabulary import Arrangement

MIB = 1024 * 1024
Kinds = tuple[Chunk, ...]


class CannotOrder(Exception):
    """Slurm has no way to do this; the text says what."""


class Memory(Struct, frozen=True):
    """What Slurm gives to who does not ask for any: MiB of a node, or of each core; 0: all."""

    mb: int = 0
    by_core: bool = False


def components(chunks: Kinds, arrangement: Arrangement, usable: Collection[str]) -> tuple[Kinds, ...]:
    """Which of them are asked for together. usable: the nodes that there are for them; empty: not known.

    Raises CannotOrder where there are too few, or the same node is asked for twice.
    """
    if len(chunks) < 2:
        return (chunks,)
    hosts = [chunk.host.casefold() for chunk in chunks if chunk.host]
    apart = arrangement is Arrangement.SCATTER
    same = len(set(hosts)) == 1 and len(hosts) == len(chunks)
    if arrangement is Arrangement.PACK or (not apart and (same or len(usable) == 1)):
        return (chunks,)
    twice = next((host for host in hosts if hosts.count(host) > 1), "")
    if twice:
        raise CannotOrder(f"Slurm gives each kind of chunks nodes of its own, and two ask for {twice}.")
    whole = [chunk.count if apart or not chunk.cores else 1 for chunk in chunks]
    if usable and sum(whole) > len(usable):
        raise CannotOrder(
            f"The task asks for {len(chunks)} kinds of chunks. Slurm gives each kind nodes of its own: that"
            f" takes {sum(whole)}, and there are {len(usable)} that the job may use."
        )
    return tuple((chunk,) for chunk in chunks)


def fields(kinds: Kinds, arrangement: Arrangement) -> dict[str, Any]:
    """Those of one component as fields of an sbatch request. Raises CannotOrder."""
    if len(kinds) > 1:
        return _on_one_node(kinds)
    (chunk,) = kinds
    apart = arrangement is Arrangement.SCATTER
    if chunk.max_count > chunk.count and not apart and chunk.cores:
        raise CannotOrder("Slurm can't be asked for more or fewer chunks but where each is on its own node.")
    most = max(chunk.count, chunk.max_count)
    if not chunk.cores:
        return {"nodes": (chunk.count, most), "exclusive": True, **_more(chunk, per_node=True)}
    ranks = max(1, chunk.ranks)
    found: dict[str, Any] = {"cpus_per_task": -(-chunk.cores // ranks)}
    if apart:
        found |= {"nodes": (chunk.count, most), "tasks_per_node": ranks}
        return found | _more(chunk, per_node=True)
    found["tasks"] = chunk.count * ranks
    if arrangement is Arrangement.PACK or chunk.count == 1:
        found["nodes"] = (1, 1)
    return found | _more(chunk, per_node=chunk.count == 1)


def _more(chunk: Chunk, *, per_node: bool) -> dict[str, Any]:
    """Memory and GPUs: of each node, or of each core."""
    found: dict[str, Any] = {}
    if chunk.memory and per_node:
        found["memory_mb"] = -(-chunk.memory // MIB)
    elif chunk.memory:
        found["memory_per_cpu_mb"] = -(-chunk.memory // chunk.cores // MIB)
    if chunk.gpus and not per_node:
        raise CannotOrder("Chunks with GPUs have to be scattered, or just one: Slurm counts GPUs by node.")
    if chunk.gpus:
        found["gres"] = f"gpu:{chunk.gpus}"
    return found


def _on_one_node(kinds: Kinds) -> dict[str, Any]:
    """All of them: so many tasks as they have ranks, and at least all of their cores."""
    hosts = {chunk.host.casefold() for chunk in kinds if chunk.host}
    if len(hosts) > 1:
        raise CannotOrder(f"The chunks have to be on one node, and ask for {', '.join(sorted(hosts))}.")
    if any(chunk.max_count > chunk.count for chunk in kinds):
        raise CannotOrder("Slurm can't be asked for more or fewer chunks but where each is on its own node.")
    if not all(chunk.cores for chunk in kinds):
        raise CannotOrder("The chunks have to be on one node, and one of them wants a whole one for itself.")
    cores = sum(chunk.count * chunk.cores for chunk in kinds)
    memory = sum(chunk.count * chunk.memory for chunk in kinds)
    gpus = sum(chunk.count * chunk.gpus for chunk in kinds)
    ranks = sum(chunk.count * max(1, chunk.ranks) for chunk in kinds)
    found: dict[str, Any] = {"nodes": (1, 1), "tasks": ranks, "cpus_per_task": 1}
    if cores > ranks:
        found["cores_of_node"] = cores
    if memory:
        found["memory_mb"] = -(-memory // MIB)
    if gpus:
        found["gres"] = f"gpu:{gpus}"
    return found


def with_memory(asked: Sequence[dict[str, Any]], usual: Memory) -> None:
    """Let all components say how much memory they want, all of a node or all of a core, where one does: in
    sbatch what one says is said for those that say nothing, and the two don't go together (22.05.8).

    usual: what those get that say nothing. Raises CannotOrder.
    """
    if not any({"memory_mb", "memory_per_cpu_mb"} & one.keys() for one in asked):
        return
    for one in asked:
        if not {"memory_mb", "memory_per_cpu_mb"} & one.keys():
            one["memory_per_cpu_mb" if usual.by_core else "memory_mb"] = usual.mb
    if not any("memory_per_cpu_mb" in one for one in asked):
        return
    for one in asked:
        if (amount := one.pop("memory_mb", None)) is None:
            continue
        cores = _cores_of_node(one)
        if amount and not cores:
            raise CannotOrder(
                "Slurm takes the memory of all kinds of chunks by node, or that of all by core: scatter them."
            )
        one["memory_per_cpu_mb"] = -(-amount // cores) if amount else 0


def _cores_of_node(asked: dict[str, Any]) -> int:
    """How many it has of each of its nodes; 0: that is not said."""
    if asked.get("nodes") == (1, 1) and "tasks" in asked:
        return int(asked["tasks"] * asked["cpus_per_task"])
    return int(asked.get("tasks_per_node", 0) * asked.get("cpus_per_task", 0))
