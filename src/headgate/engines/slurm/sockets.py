"""Whole sockets, as Slurm has to be asked for them: by the cores that they have. Pure.

A socket is a task that gets all of one: as many CPUs as a socket has (`--cpus-per-task`), one such task on
each (`--ntasks-per-socket`), and only sockets with all of their cores free (`--cores-per-socket`: without it
Slurm 22.05 also makes one up of cores of two). That is one number of cores for the whole job, so that all of
its nodes have sockets of one kind.
"""

from collections.abc import Collection, Mapping
from typing import Any

from msgspec import Struct


class Sockets(Struct, frozen=True):
    """Of a node. cpus: Slurm's CPUs of each, which are threads where those are counted; cores: real ones."""

    count: int
    cpus: int
    cores: int


def of_node(cpus: int, sockets: int, socket_cores: int) -> Sockets | None:
    """What a node has, by what sinfo says; None where its CPUs are in no whole sockets."""
    if sockets < 1 or socket_cores < 1 or cpus < sockets or cpus % sockets:
        return None
    return Sockets(sockets, cpus // sockets, socket_cores)


def alike(
    nodes: Collection[str], known: Mapping[str, Sockets], *, required: Collection[str], single: bool
) -> frozenset[str]:
    """Of these nodes the set with sockets of one kind that has most of them; required ones have to be in it.
    single: it counts how many are on one node. Empty: there is none.
    """
    sets: dict[tuple[int, int], dict[str, int]] = {}
    for name in nodes:
        one = known.get(name)
        if one is not None:
            sets.setdefault((one.cpus, one.cores), {})[name] = one.count
    able = {kind: counts for kind, counts in sets.items() if set(required) <= counts.keys()}
    if not able:
        return frozenset()
    together = max if single else sum
    best = max(able, key=lambda kind: (together(able[kind].values()), kind))
    return frozenset(able[best])


def fields(count: int, each: Sockets) -> dict[str, Any]:
    """So many of these, as fields of an sbatch request."""
    return {
        "tasks": count,
        "tasks_per_socket": 1,
        "cpus_per_task": each.cpus,
        "cores_per_socket": each.cores,
    }
