"""Nodes and virtual nodes: `-L` and `-P`, to chunks and back. Spec pjm, section 3.

Whole nodes are chunks with cores = 0, each on a node of its own that nobody shares; a job that asks for
nothing gets one (section 11). Virtual nodes are chunks with cores. The shape of the nodes and what else has
no neutral meaning is kept in `options`. Reading comes first, then writing.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.model import Chunk, JobSpec, TaskSpec
from headgate.core.resources import units_of
from headgate.core.scripts import Loss
from headgate.core.vocabulary import Arrangement, Sharing, UnitType
from headgate.scripts.pjm.mpi import read_processes, write_processes
from headgate.scripts.pjm.quantities import (
    MEMORY_UNITS,
    MIB,
    MOST,
    UNLIMITED,
    at,
    kept_bytes,
    read_amount,
    read_number,
    write_amount,
)
from headgate.scripts.pjm.shape import Shape, count_of, read_shape
from headgate.scripts.pjm.words import Given, refused, shown

_VNODE = re.compile(r"([^()]*)(?:\(([^()]*)\))?")

_ARRANGEMENTS: Final = {"abs-pack": Arrangement.PACK, "abs-unpack": Arrangement.SCATTER}
_SHARINGS: Final = {"simplex": Sharing.EXCLUSIVE, "share": Sharing.SHARED}


class Allocation(Struct, frozen=True, kw_only=True):
    """What a job gets. kept: for `JobSpec.options`."""

    chunk: Chunk
    arrangement: Arrangement
    sharing: Sharing
    processes: int = 0
    kept: dict[str, str] = {}


# ---- reading


def spread_vnode(given: Given) -> list[Given]:
    """`vnode=N(core=c;mem=m)` as the items that say the same apart. Raises ScriptError."""
    found = _VNODE.fullmatch(given.value)
    if found is None:
        raise refused("0003", f"vnode: {shown(given.value)} is not N or N(core=c;mem=m)", given.place)
    spread = [Given(found[1], given.place, "vnode")]
    for part in (found[2] or "").split(";"):
        name, _, value = part.strip(" \t").partition("=")
        apart = {"core": "vnode-core", "mem": "vnode-mem", "core-mem": "core-mem"}.get(name)
        if apart is not None:
            spread.append(Given(value, given.place, apart))
        elif part or found[2] is not None:
            raise refused("0003", f"vnode: {shown(part)} is none of core=c, mem=m, core-mem=m", given.place)
    return spread


def read_allocation(
    rsc: Mapping[str, Given], placement: Mapping[str, Given], mpi: Mapping[str, Given]
) -> Allocation:
    """What a job gets, of the items of `-L`, `-P` and `--mpi`. Raises ScriptError.

    Of `core-mem` and `vnode-mem` only the later one may be there.
    """
    virtual = next(
        (rsc[name] for name in ("vnode", "vnode-core", "vnode-mem", "core-mem") if name in rsc), None
    )
    node = rsc.get("node") or rsc.get("node-mem")
    if virtual is not None and node is not None:
        raise refused("0002", f"{node.name} and {virtual.name} exclude each other", virtual.place)
    gpus = at(rsc["gpu"], lambda text: read_number(text, 1)) if "gpu" in rsc else 0
    kept: dict[str, str] = {}
    chunk = _virtual(rsc, kept) if virtual is not None or (gpus and node is None) else _whole(rsc, kept)
    ranks, processes = read_processes(mpi, chunk, kept)
    policies = {name: _policy(name, given) for name, given in placement.items()}
    arrangement, sharing = _placed(policies, kept, whole=chunk.cores == 0)
    return Allocation(
        chunk=replace(chunk, gpus=gpus, ranks=ranks),
        arrangement=arrangement,
        sharing=sharing,
        processes=processes,
        kept=kept,
    )


def _whole(rsc: Mapping[str, Given], kept: dict[str, str]) -> Chunk:
    shape = at(rsc["node"], read_shape) if "node" in rsc else Shape((1,))
    if str(shape) != str(shape.count):
        kept["rsc-list.node"] = str(shape)
    return Chunk(count=shape.count, cores=0, memory=_memory(rsc, "node-mem", kept))


def _placed(policies: Mapping[str, str], kept: dict[str, str], *, whole: bool) -> tuple[Arrangement, Sharing]:
    """What `-P` asks for; it is for virtual nodes alone."""
    if whole:
        kept |= {f"P.{name}": policy for name, policy in policies.items()}
        return Arrangement.SCATTER, Sharing.EXCLUSIVE
    policy = policies.get("vn-policy", "")
    arrangement = _ARRANGEMENTS.get(policy, Arrangement.FREE)
    if policy and arrangement is Arrangement.FREE:
        kept["P.vn-policy"] = policy
    return arrangement, _SHARINGS.get(policies.get("exec-policy", ""), Sharing.DEFAULT)


def _virtual(rsc: Mapping[str, Given], kept: dict[str, str]) -> Chunk:
    one = Given("1", next(iter(rsc.values())).place, "vnode")
    count = at(rsc.get("vnode", one), lambda text: read_number(text, 1))
    cores = at(rsc.get("vnode-core", one), lambda text: read_number(text, 1))
    memory = _memory(rsc, "vnode-mem", kept)
    if "core-mem" in rsc:
        memory = _memory(rsc, "core-mem", kept) * cores
        kept["rsc-list.core-mem"] = rsc["core-mem"].value
    return Chunk(count=count, cores=cores, memory=memory)


def _memory(rsc: Mapping[str, Given], name: str, kept: dict[str, str]) -> int:
    """Bytes; 0 where nothing is said, or `unlimited`, which is kept."""
    if name not in rsc:
        return 0
    memory = at(rsc[name], lambda text: read_amount(text, MEMORY_UNITS, MIB))
    if memory is None:
        kept[f"rsc-list.{name}"] = UNLIMITED
    return memory or 0


def _policy(name: str, given: Given) -> str:
    """A policy as it is kept. Raises ScriptError."""
    kind, equals, number = given.value.partition("=")
    allowed = ("abs-pack", "pack", "abs-unpack", "unpack") if name == "vn-policy" else ("simplex", "share")
    if kind not in allowed or (equals and not kind.endswith("unpack")):
        raise refused("0003", f"{name}: {shown(given.value)} is none of {', '.join(allowed)}", given.place)
    if not equals:
        return kind
    count = at(Given(number, given.place, name), lambda text: read_number(text, 1))
    return kind if count == 1 else f"{kind}={count}"


# ---- writing


def write_allocation(
    job: JobSpec, task: TaskSpec, kept: Mapping[str, str], losses: list[Loss]
) -> list[tuple[str, str]]:
    """Options and values that ask for what a task needs; what they can't say is added to the losses.

    kept: of `JobSpec.options`, for a job of this flavour.
    """
    chunk = _one_chunk(task, losses) if task.chunks else _units(job, task, losses)
    chunk = _bounded(chunk, losses)
    exclusive = task.exclusive or job.exclusive or task.sharing is Sharing.EXCLUSIVE
    if chunk.cores == 0:
        lines = _nodes(chunk, kept, losses)
        if task.sharing is Sharing.SHARED:
            losses.append(Loss("shared nodes", "whole nodes are never shared", approximated=True))
        if task.arrangement is Arrangement.PACK and chunk.count > 1:
            losses.append(Loss("all on one node", "whole nodes are as many nodes"))
    else:
        lines = _vnodes(chunk, task, kept, losses)
        if exclusive or task.sharing is Sharing.SHARED:
            lines.append(("-P", f"exec-policy={'simplex' if exclusive else 'share'}"))
    if chunk.gpus:
        lines.append(("--rsc-list", f"gpu={chunk.gpus}"))
    return lines + write_processes(chunk, task.processes, kept, losses)


def _bounded(chunk: Chunk, losses: list[Loss]) -> Chunk:
    """The chunk with no number above what PJM takes."""
    numbers = {name: getattr(chunk, name) for name in ("count", "cores", "gpus", "ranks")}
    beyond = {name: MOST for name, number in numbers.items() if number > MOST}
    losses += [
        Loss(f"{numbers[name]} as {name} of its parts", f"{MOST} are asked for", approximated=True)
        for name in beyond
    ]
    return replace(chunk, **beyond)


def _units(job: JobSpec, task: TaskSpec, losses: list[Loss]) -> Chunk:
    """What a task without chunks needs: units of the job's kind."""
    low, high = units_of(task, job.unit_type)
    unit = job.unit_type.name.lower()
    if low != high:
        losses.append(Loss(f"{low} to {high} {unit}s", "the most is asked for", approximated=True))
    if job.unit_type is UnitType.SOCKET:
        losses.append(Loss(f"{high} sockets", "a core for each is asked for", approximated=True))
    return Chunk(
        count=max(high, 1),
        cores=0 if job.unit_type is UnitType.NODE else 1,
        gpus=1 if job.unit_type is UnitType.GPU else 0,
    )


def _one_chunk(task: TaskSpec, losses: list[Loss]) -> Chunk:
    """The chunks as one kind: PJM has no other."""
    chunks = task.chunks
    if len(chunks) > 1:
        losses.append(
            Loss("parts of several kinds", "as many of the largest are asked for", approximated=True)
        )
    for chunk in chunks:
        _unsaid(chunk, losses)
    whole = any(chunk.cores == 0 for chunk in chunks)
    return Chunk(
        count=sum(chunk.count for chunk in chunks),
        cores=0 if whole else max(chunk.cores for chunk in chunks),
        memory=max(chunk.memory for chunk in chunks),
        gpus=max(chunk.gpus for chunk in chunks),
        ranks=max(chunk.ranks for chunk in chunks),
    )


def _unsaid(chunk: Chunk, losses: list[Loss]) -> None:
    for said, what, why in (
        (chunk.max_count, f"up to {chunk.max_count} parts", "the least number is asked for"),
        (chunk.host, f"host {chunk.host}", "nodes have no names in a script"),
        (chunk.features, f"features {','.join(chunk.features)}", "nodes have no features in a script"),
        (chunk.extra, f"resources {','.join(chunk.extra)} of each part", "only a job has custom resources"),
    ):
        if said:
            losses.append(Loss(what, why))


def _nodes(chunk: Chunk, kept: Mapping[str, str], losses: list[Loss]) -> list[tuple[str, str]]:
    nodes = str(chunk.count)
    shape = kept.get("rsc-list.node", "")
    if count_of(shape) == chunk.count:
        nodes = shape
    elif shape:
        losses.append(Loss(f"node={shape}", f"the job has {nodes} nodes now", approximated=True))
    lines = [("--rsc-list", f"node={nodes}")]
    lines += _memory_line("node-mem", chunk.memory, kept, losses)
    return lines + [("-P", f"{name[2:]}={value}") for name, value in kept.items() if name.startswith("P.")]


def _vnodes(
    chunk: Chunk, task: TaskSpec, kept: Mapping[str, str], losses: list[Loss]
) -> list[tuple[str, str]]:
    lines = [("--rsc-list", f"vnode={chunk.count}"), ("--rsc-list", f"vnode-core={chunk.cores}")]
    by_core = kept.get("rsc-list.core-mem", "")
    if by_core and kept_bytes(by_core) * chunk.cores == chunk.memory:
        lines.append(("--rsc-list", f"core-mem={by_core}"))
    else:
        lines += _memory_line("vnode-mem", chunk.memory, kept, losses)
    if task.arrangement is not Arrangement.FREE:
        policy = "abs-pack" if task.arrangement is Arrangement.PACK else "abs-unpack"
        lines.append(("-P", f"vn-policy={policy}"))
    elif "P.vn-policy" in kept:
        lines.append(("-P", f"vn-policy={kept['P.vn-policy']}"))
    return lines


def _memory_line(
    name: str, memory: int, kept: Mapping[str, str], losses: list[Loss]
) -> list[tuple[str, str]]:
    if not memory:
        return [("--rsc-list", f"{name}={UNLIMITED}")] if f"rsc-list.{name}" in kept else []
    text, exact = write_amount(max(memory, MIB), MEMORY_UNITS)
    if not exact or memory < MIB:
        losses.append(Loss(f"{memory} bytes of memory", f"{text} are asked for", approximated=True))
    return [("--rsc-list", f"{name}={text}")]
