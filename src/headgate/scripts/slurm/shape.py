"""What a job needs, between sbatch's words (nodes, ranks, cores, memory of a node, a core or a GPU) and the
model's chunks.

With nodes said, a chunk is what stands on one of them and each has a node of its own; without, a chunk is a
rank and stands where it fits. sbatch's words say more ways than chunks do: `reading.py` keeps the words
themselves where the chunks would not be written as words of the same meaning.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.model import Chunk
from headgate.core.scripts import Loss
from headgate.core.vocabulary import Arrangement
from headgate.scripts.slurm.quantities import MIB, memory_text

WORDS: Final = (
    "nodes",
    "ntasks",
    "ntasks-per-node",
    "ntasks-per-gpu",
    "cpus-per-task",
    "cpus-per-gpu",
    "mincpus",
    "mem",
    "mem-per-cpu",
    "mem-per-gpu",
    "gpus",
    "gpus-per-node",
    "gpus-per-task",
    "gres",
)
"""The options that say it."""


class Asked(Struct, frozen=True, kw_only=True):
    """What was asked for; 0 and (0, 0): not said. Memory in bytes.

    nodes: least and most. node_gpus, task_gpus, gpus: of a node, of a rank, in all. whole: exclusive nodes,
    with nothing said of ranks or cores.
    """

    nodes: tuple[int, int] = (0, 0)
    tasks: int = 0
    node_tasks: int = 0
    gpu_tasks: int = 0
    cpus: int = 0
    gpu_cpus: int = 0
    least_cpus: int = 0
    node_memory: int = 0
    cpu_memory: int = 0
    gpu_memory: int = 0
    node_gpus: int = 0
    task_gpus: int = 0
    gpus: int = 0
    whole: bool = False
    features: tuple[str, ...] = ()


class Shape(Struct, frozen=True, kw_only=True):
    """The same as chunks. odd: what is not taken as written, with the option it is about; where the chunks
    do not say as much as that, it is kept (`keeps`).
    """

    chunks: tuple[Chunk, ...] = ()
    arrangement: Arrangement = Arrangement.FREE
    processes: int = 0
    odd: tuple[tuple[str, str], ...] = ()
    keeps: tuple[str, ...] = ()


def shape(asked: Asked) -> Shape:
    """The chunks of what was asked for."""
    if asked == Asked():
        return Shape()
    odd: list[tuple[str, str]] = []
    asked = _with_gpu_tasks(asked)
    if asked.nodes == (0, 0) and asked.node_tasks:
        # A most of ranks for each node: so many nodes at least.
        nodes = -(-asked.tasks // asked.node_tasks) if asked.tasks else 1
        asked = replace(asked, nodes=(nodes, nodes))
    if asked.nodes == (0, 0) and asked.tasks > 1 and _of_a_node(asked):
        odd.append(
            ("ntasks", f"the number of nodes is not said: the {asked.tasks} ranks are taken to be on one")
        )
        asked = replace(asked, nodes=(1, 1))
    if asked.nodes == (0, 0):
        chunks, arrangement = _free(asked, odd), Arrangement.FREE
    else:
        chunks, arrangement = _scattered(asked, odd), Arrangement.SCATTER
    return Shape(
        chunks=chunks,
        arrangement=arrangement,
        processes=asked.tasks,
        odd=tuple(odd),
        keeps=tuple(name for name, _ in odd if name in _KEEPS),
    )


_KEEPS: Final = ("nodes", "mem", "gpus")


def _of_a_node(asked: Asked) -> bool:
    """Whether something is asked of a node that can't be divided among its ranks."""
    return bool(asked.node_gpus or asked.least_cpus or asked.gpus % asked.tasks)


def _with_gpu_tasks(asked: Asked) -> Asked:
    """--ntasks-per-gpu: the ranks follow from the GPUs, or the GPUs from the ranks."""
    if not asked.gpu_tasks:
        return asked
    gpus = asked.gpus or asked.node_gpus * asked.nodes[0] or asked.node_gpus
    if asked.tasks and not gpus:
        return replace(asked, gpus=-(-asked.tasks // asked.gpu_tasks))
    return asked if asked.tasks else replace(asked, tasks=gpus * asked.gpu_tasks)


def _scattered(asked: Asked, odd: list[tuple[str, str]]) -> tuple[Chunk, ...]:
    low, high = asked.nodes
    tasks = asked.tasks
    if not tasks:
        counts = {asked.node_tasks: low}
    else:
        if tasks < low:
            odd.append(("ntasks", f"{tasks} ranks need no more than {tasks} nodes: so many are taken"))
            low, high = tasks, min(high, tasks)
        if asked.node_tasks and -(-tasks // asked.node_tasks) > low:
            low = -(-tasks // asked.node_tasks)
            if low > high:
                odd.append(
                    (
                        "ntasks-per-node",
                        f"{tasks} ranks with at most {asked.node_tasks} on a node take {low} nodes",
                    )
                )
        if high > low:
            odd.append(("nodes", f"the fewest nodes that will do, {low}, are taken"))
        share, more = divmod(tasks, low)
        counts = {share + 1: more, share: low - more} if more else {share: low}
        high = low
    gpus, rest = divmod(asked.gpus, low)
    if rest:
        odd.append(("gpus", f"{asked.gpus} GPUs on {low} nodes: {gpus + 1} on each are taken"))
        gpus += 1
    made = []
    for ranks, nodes in counts.items():
        of_it = asked.node_gpus or gpus or asked.task_gpus * (ranks or 1)
        cores = _cores(asked, ranks or 1, of_it)
        made.append(
            Chunk(
                count=nodes,
                max_count=high if high > low else 0,
                cores=0 if asked.whole else max(cores, asked.least_cpus),
                ranks=ranks,
                threads=_threads(asked, cores, ranks or 1, of_it),
                memory=_memory(asked, cores, of_it),
                gpus=of_it,
                features=asked.features,
            )
        )
    return tuple(made)


def _free(asked: Asked, odd: list[tuple[str, str]]) -> tuple[Chunk, ...]:
    parts, ranks = asked.tasks or 1, min(asked.tasks, 1)
    gpus = asked.gpus // parts or asked.node_gpus or asked.task_gpus * (ranks or 1)
    cores = _cores(asked, ranks or 1, gpus)
    memory = _memory(asked, cores, gpus)
    if asked.node_memory and parts > 1:
        memory = -(-memory // parts // MIB) * MIB
        odd.append(
            (
                "mem",
                f"the number of nodes is not said: the memory of a node is divided among the {parts} ranks",
            )
        )
    return (
        Chunk(
            count=parts,
            cores=0 if asked.whole else max(cores, asked.least_cpus),
            ranks=ranks,
            threads=_threads(asked, cores, ranks or 1, gpus),
            memory=memory,
            gpus=gpus,
            features=asked.features,
        ),
    )


def _cores(asked: Asked, ranks: int, gpus: int) -> int:
    if asked.gpu_cpus and gpus and not asked.cpus:
        return max(asked.gpu_cpus * gpus, ranks)
    return ranks * (asked.cpus or 1)


def _threads(asked: Asked, cores: int, ranks: int, gpus: int) -> int:
    return cores // ranks if asked.gpu_cpus and gpus else asked.cpus


def _memory(asked: Asked, cores: int, gpus: int) -> int:
    return asked.node_memory or asked.cpu_memory * cores or asked.gpu_memory * gpus


# ---- and back


def words(
    chunks: Sequence[Chunk], arrangement: Arrangement, processes: int
) -> tuple[dict[str, str], list[Loss]]:
    """Chunks as options, and what these don't say. Names, features and extras of nodes are not among them."""
    kinds = _merged(chunks)
    if not kinds:
        return ({"ntasks": str(processes)} if processes else {}), []
    parts = sum(chunk.count for chunk in kinds)
    losses: list[Loss] = []
    if processes:
        kinds, processes = _with_ranks(kinds, processes, losses)
    if arrangement is Arrangement.PACK and parts > 1:
        if any(chunk.max_count > chunk.count for chunk in kinds):
            losses.append(_MOST_PARTS)
        kinds, arrangement = [_packed(kinds)], Arrangement.SCATTER
        parts = 1
    if arrangement is Arrangement.SCATTER or (parts == 1 and kinds[0].ranks > 1):
        said = _scattered_words(kinds, parts, processes, losses)
    else:
        said = _free_words(kinds, parts, processes, losses)
        if arrangement is Arrangement.PACK:
            said["nodes"] = "1"
    return said, losses


def _with_ranks(kinds: list[Chunk], processes: int, losses: list[Loss]) -> tuple[list[Chunk], int]:
    """Parts with the ranks that so many processes in all make, and how many that are."""
    total = sum(chunk.count * (chunk.ranks or 1) for chunk in kinds)
    only = kinds[0]
    if processes == total:
        return kinds, processes
    if len(kinds) == 1 and not only.ranks and not processes % only.count:
        return [replace(only, ranks=processes // only.count)], processes
    losses.append(_nearly(f"{processes} processes", f"{total} ranks are asked for, as the parts have them"))
    return kinds, total


def _merged(chunks: Sequence[Chunk]) -> list[Chunk]:
    """The kinds of chunks by what options can tell apart, those that are alike together."""
    kinds: list[Chunk] = []
    for chunk in chunks:
        plain = replace(chunk, host="", features=(), extra={})
        if kinds and replace(kinds[-1], count=plain.count) == plain and not plain.max_count:
            kinds[-1] = replace(plain, count=kinds[-1].count + plain.count)
        else:
            kinds.append(plain)
    return kinds


def _packed(kinds: Sequence[Chunk]) -> Chunk:
    """One chunk that holds them all."""
    ranked = any(chunk.ranks for chunk in kinds)
    return Chunk(
        cores=0 if any(not chunk.cores for chunk in kinds) else _sum(kinds, "cores"),
        ranks=sum(chunk.count * (chunk.ranks or 1) for chunk in kinds) if ranked else _sum(kinds, "count"),
        threads=max(chunk.threads for chunk in kinds),
        memory=_sum(kinds, "memory"),
        gpus=_sum(kinds, "gpus"),
    )


def _sum(kinds: Sequence[Chunk], field: str) -> int:
    if field == "count":
        return sum(chunk.count for chunk in kinds)
    return sum(chunk.count * int(getattr(chunk, field)) for chunk in kinds)


def _scattered_words(
    kinds: Sequence[Chunk], nodes: int, processes: int, losses: list[Loss]
) -> dict[str, str]:
    first = kinds[0]
    said = {"nodes": str(nodes)}
    most = sum(max(chunk.max_count, chunk.count) for chunk in kinds)
    if most > nodes:
        said["nodes"] = f"{nodes}-{most}"
    ranks = {chunk.ranks for chunk in kinds}
    total = sum(chunk.count * (chunk.ranks or 1) for chunk in kinds)
    if processes or len(ranks) > 1:
        said["ntasks"] = str(processes or total)
        if max(ranks) - min(ranks) > 1:
            losses.append(_nearly("ranks of each part", "they are spread evenly over the nodes"))
    elif first.ranks:
        said["ntasks-per-node"] = str(first.ranks)
    said.update(_cpus(kinds, losses))
    said.update(_node_memory(kinds, losses))
    gpus = {chunk.gpus for chunk in kinds}
    of_rank = {chunk.gpus / (chunk.ranks or 1) for chunk in kinds}
    if len(gpus) == 1:
        said.update({"gpus-per-node": str(first.gpus)} if first.gpus else {})
    elif len(of_rank) == 1 and first.gpus % (first.ranks or 1) == 0:
        said["gpus-per-task"] = str(first.gpus // (first.ranks or 1))
    else:
        said["gpus-per-node"] = str(max(gpus))
        losses.append(_nearly("GPUs of each part", f"{max(gpus)} on every node"))
    return said


def _free_words(kinds: Sequence[Chunk], parts: int, processes: int, losses: list[Loss]) -> dict[str, str]:
    first = kinds[0]
    said: dict[str, str] = {}
    total = sum(chunk.count * (chunk.ranks or 1) for chunk in kinds)
    if parts > 1 or first.ranks or processes:
        said["ntasks"] = str(processes or total)
    if len(kinds) > 1 or any(chunk.ranks > 1 for chunk in kinds):
        losses.append(
            _nearly("parts of several ranks, or of several kinds", f"{total} equal ranks are asked for")
        )
    if any(chunk.max_count > chunk.count for chunk in kinds):
        losses.append(_MOST_PARTS)
    said.update(_cpus(kinds, losses))
    if parts == 1:
        said.update(_node_memory(kinds, losses))
        said.update({"gpus": str(first.gpus)} if first.gpus else {})
        return said
    of_core = max(-(-chunk.memory // (chunk.cores or 1)) for chunk in kinds)
    if of_core:
        said["mem-per-cpu"] = memory_text(of_core)
        if any(chunk.memory != -(-of_core // MIB) * MIB * (chunk.cores or 1) for chunk in kinds):
            losses.append(_nearly("memory of a part", f"{said['mem-per-cpu']} for each core"))
    gpus = max(-(-chunk.gpus // (chunk.ranks or 1)) for chunk in kinds)
    if gpus:
        said["gpus-per-task"] = str(gpus)
        if any(chunk.gpus != gpus * (chunk.ranks or 1) for chunk in kinds):
            losses.append(_nearly("GPUs of a part", f"{gpus} for each rank"))
    return said


def _cpus(kinds: Sequence[Chunk], losses: list[Loss]) -> Iterator[tuple[str, str]]:
    """Cores of a rank, where they are not 1."""
    of_rank = [-(-chunk.cores // (chunk.ranks or 1)) for chunk in kinds]
    cpus = max(of_rank)
    threads = max(chunk.threads for chunk in kinds)
    if cpus > 1 or threads:
        yield "cpus-per-task", str(max(cpus, 1))
    if any(chunk.cores and chunk.cores != cpus * (chunk.ranks or 1) for chunk in kinds):
        losses.append(_nearly("cores of a part", f"{cpus} for each rank"))
    if threads and any(chunk.threads != max(cpus, 1) for chunk in kinds):
        losses.append(_nearly(f"{threads} threads", "sbatch counts the cores of a rank"))


def _node_memory(kinds: Sequence[Chunk], losses: list[Loss]) -> Iterator[tuple[str, str]]:
    amounts = {chunk.memory for chunk in kinds}
    most = max(amounts)
    if not most:
        return
    of_core = kinds[0].memory // (kinds[0].cores or 1)
    if len(amounts) == 1:
        yield "mem", memory_text(most)
    elif of_core and all(chunk.memory == of_core * chunk.cores for chunk in kinds):
        most = of_core
        yield "mem-per-cpu", memory_text(most)
    else:
        yield "mem", memory_text(most)
        losses.append(_nearly("memory of each part", f"{memory_text(most)} on every node"))
    if most % MIB:
        losses.append(_nearly(f"memory of {most} bytes", f"rounded up to {memory_text(most)}"))


_MOST_PARTS: Final = Loss("most parts", "only the least number is asked for")


def _nearly(what: str, why: str) -> Loss:
    return Loss(what, why, approximated=True)
