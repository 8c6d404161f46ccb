"""How much of what: the chunks, the array and the process limits of any task, as near as PBS can say them,
and what is lost by that (spec pbs, sections 3.1 and 9). Pure.
"""

import itertools
import math
import re
from collections.abc import Iterator

from headgate.core.model import Chunk, JobSpec, TaskSpec
from headgate.core.scripts import Loss
from headgate.core.vocabulary import Arrangement, Sharing, TaskType, UnitType
from headgate.scripts.pbs.resources import bounded, inexpressible
from headgate.scripts.pbs.tables import LIMITS
from headgate.scripts.pbs.words import IllegalValue

# ---- chunks


def chunks_of(job: JobSpec, task: TaskSpec) -> tuple[tuple[Chunk, ...], Arrangement, Sharing, list[Loss]]:
    """The chunks, how they are spread and shared, and what is lost. Without chunks those that its numbers of
    cores or nodes make.
    """
    losses: list[Loss] = []
    chunks, arrangement, sharing = task.chunks, task.arrangement, task.sharing
    if not chunks:
        chunks, arrangement, sharing = _from_units(job, task, losses)
    elif job.unit_type is not UnitType.CORE:
        losses.append(Loss(f"unit {job.unit_type.name.lower()}", "PBS counts chunks"))
    if job.single_node:
        arrangement = Arrangement.PACK
    if any(chunk.cores == 0 for chunk in chunks):
        # PBS has no chunk of unknown size; a node that is not shared comes near.
        losses.append(Loss("all cores of a node", "one is asked for, and the node alone", approximated=True))
        sharing = Sharing.EXCLUSIVE
    elif sharing is Sharing.DEFAULT and (job.exclusive or task.exclusive):
        sharing = Sharing.EXCLUSIVE
    chunks = _with_processes(chunks, task.processes, losses)
    for number, chunk in enumerate(chunks, 1):
        if chunk.max_count > chunk.count:
            losses.append(
                Loss(f"up to {chunk.max_count} of chunk {number}", f"{chunk.count} are asked for", True)
            )
        losses += [Loss(what, "a chunk of PBS can't say it") for what in inexpressible(chunk)]
    try:
        bounded(chunks)
    except IllegalValue as error:
        losses.append(Loss("chunks", error.text))
        chunks = ()
    return chunks, arrangement, sharing, losses


def _from_units(
    job: JobSpec, task: TaskSpec, losses: list[Loss]
) -> tuple[tuple[Chunk, ...], Arrangement, Sharing]:
    """HPC Pack's minima and maxima of one unit (cores, sockets, nodes)."""
    unit = _PAIRS[job.unit_type]
    least = max(getattr(job, f"min_{unit}"), getattr(task, f"min_{unit}"))
    most = max(getattr(job, f"max_{unit}"), getattr(task, f"max_{unit}"), least)
    for other in ("cores", "sockets", "nodes"):
        pairs = [getattr(spec, f"{end}_{other}") for spec in (job, task) for end in ("min", "max")]
        if other != unit and pairs != [1] * 4:
            losses.append(Loss(f"{other}", f"the job counts {unit}"))
    if job.unit_type is not UnitType.CORE or most != least:
        name = job.unit_type.name.lower()
        losses.append(
            Loss(
                f"{least} to {most} of unit {name}",
                f"{least} chunks of one core are asked for",
                approximated=True,
            )
        )
    if job.unit_type is UnitType.NODE:
        return (Chunk(count=least),), Arrangement.SCATTER, Sharing.EXCLUSIVE
    gpus = 1 if job.unit_type is UnitType.GPU else 0
    return (Chunk(count=least, gpus=gpus),), task.arrangement, task.sharing


_PAIRS = {
    UnitType.CORE: "cores",
    UnitType.SOCKET: "sockets",
    UnitType.NODE: "nodes",
    # The pair of sockets counts GPUs in a job of that unit.
    UnitType.GPU: "sockets",
}


def _with_processes(chunks: tuple[Chunk, ...], processes: int, losses: list[Loss]) -> tuple[Chunk, ...]:
    """The chunks with the MPI processes of the whole divided over them, where that comes out even."""
    slots = sum(chunk.count * chunk.ranks for chunk in chunks)
    if not processes or slots == processes:
        return chunks
    count = sum(chunk.count for chunk in chunks)
    if not slots and processes % count == 0:
        ranks = processes // count
        return tuple(
            Chunk(**{name: getattr(chunk, name) for name in Chunk.__struct_fields__} | {"ranks": ranks})
            for chunk in chunks
        )
    losses.append(
        Loss(f"{processes} MPI processes", "in PBS they follow from mpiprocs of the chunks", slots > 0)
    )
    return chunks


# ---- arrays


def array_of(task: TaskSpec) -> tuple[str, list[Loss]]:
    """The value of -J, or "", and what is lost."""
    if task.type is not TaskType.PARAMETRIC_SWEEP:
        return "", list(_no_array(task))
    ranges = [_range(part) for part in task.index_set.split(",")] if task.index_set else []
    losses: list[Loss] = []
    start, end, step = task.start_value, task.end_value, task.increment
    if ranges:
        start, end, step, exact = _progression(ranges)
        if not exact:
            losses.append(
                Loss(
                    f"indices {task.index_set}",
                    f"all of {start}-{end}:{step} are run instead",
                    approximated=True,
                )
            )
    if start < 0 or end < start or step < 1:
        return "", [Loss(f"indices {start} to {end} by {step}", "indices of PBS go up from 0 or more")]
    if start == end:
        # Y has to be greater than X, but need not be an index.
        end, step = start + 1, 2
    text = f"{start}-{end}" + (f":{step}" if step != 1 else "")
    return text + (f"%{task.max_running}" if task.max_running else ""), losses


def _no_array(task: TaskSpec) -> Iterator[Loss]:
    if task.type is not TaskType.BASIC:
        yield Loss(f"task type {task.type.name.lower()}", "PBS runs a script once, or as an array")
    plain = TaskSpec()
    for name in ("start_value", "end_value", "increment", "index_set", "max_running"):
        if getattr(task, name) != getattr(plain, name):
            yield Loss(name.replace("_", " "), "it is not an array")


def _range(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last or first)


def _progression(ranges: list[tuple[int, int]]) -> tuple[int, int, int, bool]:
    """First, last and step of the indices, and whether these are all there are."""
    start, end = ranges[0][0], ranges[-1][1]
    if len(ranges) == 1:
        return start, end, 1, True
    step = 0
    for (first, last), (following, _) in itertools.pairwise(ranges):
        step = math.gcd(step, following - last, *([1] if last > first else []))
    step = math.gcd(step, *([1] if ranges[-1][1] > ranges[-1][0] else []))
    step = step or 1
    return start, end, step, (end - start) // step + 1 == sum(last - first + 1 for first, last in ranges)


# ---- limits of each process


def limits_lost(task: TaskSpec) -> Iterator[Loss]:
    """Limits without a resource of PBS, and those that are lifted."""
    for name, value in task.limits.items():
        if name not in LIMITS.values():
            yield Loss(f"limit {name}", "PBS has no resource for it")
        elif value < 0:
            yield Loss(
                f"limit {name} lifted", "PBS has no word for that; without the resource it sets none", True
            )


_FOREIGN_MARK = re.compile(r"%[0-9]*[A-Za-z%]")


def path_of(path: str, flavour: str) -> tuple[str, list[Loss]]:
    """An output path of another flavour, whose marks for the index become PBS's. flavour: "" is HPC Pack."""
    if not flavour and "*" in path:
        return path, [Loss(f"* in {path}", "PBS fills in nothing but ^array_index^")]
    if flavour == "slurm":
        path = re.sub(r"%[0-9]*a", "^array_index^", path)
    marks = sorted(set(_FOREIGN_MARK.findall(path)))
    if not marks:
        return path, []
    return path, [Loss(f"{', '.join(marks)} in {path}", "PBS fills in nothing but ^array_index^")]
