"""The words of sbatch about resources, read into what `shape.py` takes: numbers, GPUs and generic resources.

Raises Trouble, which names the option; who knows where it stands makes a ScriptError of it.
"""

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from headgate.core.model import INT_MAX
from headgate.core.scripts import Loss
from headgate.scripts.slurm import quantities, shape
from headgate.scripts.slurm.shape import Asked

_RANKED: Final = frozenset(
    {"ntasks", "ntasks-per-node", "ntasks-per-gpu", "cpus-per-task", "cpus-per-gpu", "mincpus"}
)
"""With any of these, exclusive nodes are more than is asked for, and not all that is."""
_NUMBERS: Final[Mapping[str, tuple[str, Callable[[str], int]]]] = {
    "ntasks": ("tasks", quantities.count),
    "ntasks-per-node": ("node_tasks", quantities.count),
    "ntasks-per-gpu": ("gpu_tasks", quantities.count),
    "cpus-per-task": ("cpus", quantities.count),
    "cpus-per-gpu": ("gpu_cpus", quantities.count),
    "mincpus": ("least_cpus", quantities.count),
    "mem": ("node_memory", quantities.memory),
    "mem-per-cpu": ("cpu_memory", quantities.memory),
    "mem-per-gpu": ("gpu_memory", quantities.memory),
}
_GPUS: Final = {"gpus": "gpus", "gpus-per-node": "node_gpus", "gpus-per-task": "task_gpus"}
_LARGEST: Final = 2**62
"""More than fits into what is stored: of products, too."""


class Trouble(ValueError):
    """A word that can't be understood, or not beside another. option: which one."""

    def __init__(self, option: str, why: str) -> None:
        super().__init__(why)
        self.option = option


class Resources(Struct, frozen=True, kw_only=True):
    """What the words ask for. extra: generic resources by `name[:type]`. kept: words that say more than that,
    and what of them does nothing.
    """

    asked: Asked
    extra: Mapping[str, str] = {}
    kept: Mapping[str, str] = {}


def resources(said: Mapping[str, str], *, exclusive: bool, features: tuple[str, ...] = ()) -> Resources:
    """What the words say. Raises Trouble."""
    found: dict[str, int] = {}
    kept: dict[str, str] = {}
    for name, (field, read) in _NUMBERS.items():
        if name in said:
            found[field] = _read(name, read, said[name])
            if not found[field]:
                kept[name] = "all memory of a node is not reserved here: no amount is"
    for name, field in _GPUS.items():
        if name in said:
            found[field] = _gpus(name, said[name], kept)
    extra = _gres(said["gres"], found, kept) if "gres" in said else {}
    nodes = (0, 0)
    if "nodes" in said:
        nodes = _nodes(said["nodes"], kept)
    _check_pairs(said)
    whole = exclusive and not _RANKED.intersection(said)
    asked = Asked(nodes=nodes, whole=whole, features=features, **found)
    _check_size(asked, said)
    return Resources(asked=asked, extra=extra, kept=kept)


def _read(name: str, read: Callable[[str], int], text: str) -> int:
    try:
        return read(text)
    except ValueError as error:
        raise Trouble(name, str(error)) from error


def _nodes(text: str, kept: dict[str, str]) -> tuple[int, int]:
    try:
        nodes = quantities.nodes(text)
    except ValueError as error:
        raise Trouble("nodes", str(error)) from error
    if "," in text or ":" in text:
        kept["nodes"] = f"it is taken as {nodes[0]} to {nodes[1]} nodes"
    return nodes


def _gpus(name: str, text: str, kept: dict[str, str]) -> int:
    total = 0
    for part in text.split(","):
        kind, _, number = part.rpartition(":")
        if kind:
            kept[name] = "the type of the GPUs is not looked at here"
        total += _read(name, quantities.amount, number)
    return _few(name, total)


def _few(name: str, gpus: int) -> int:
    if gpus > INT_MAX:
        raise Trouble(name, f"the count is more than {INT_MAX}")
    return gpus


def _gres(text: str, found: dict[str, int], kept: dict[str, str]) -> dict[str, str]:
    """The named resources, and the GPUs of a node among them."""
    extra: dict[str, str] = {}
    if text.lower() == "none":
        return extra
    for part in text.split(","):
        name, *rest = part.split(":")
        if not name or len(rest) > 2 or not all(rest) or part.lower() == "help":
            raise Trouble("gres", f"{part[:40]!r}: a resource is written name[:type][:count]")
        counted = len(rest) == 2 or (len(rest) == 1 and rest[0][0] in "0123456789")
        number = rest.pop() if counted else "1"
        kind = rest[0] if rest else ""
        count = _read("gres", quantities.amount, number)
        if name != "gpu":
            extra[f"{name}:{kind}" if kind else name] = number
            continue
        if kind:
            kept["gres"] = "the type of the GPUs is not looked at here"
        found["node_gpus"] = _few("gres", found.get("node_gpus", 0) + count)
    return extra


def _check_pairs(said: Mapping[str, str]) -> None:
    memory = [name for name in ("mem", "mem-per-cpu", "mem-per-gpu") if name in said]
    if len(memory) > 1:
        raise Trouble(memory[1], f"it excludes --{memory[0]} (sbatch(1), --mem)")
    if "ntasks-per-gpu" in said:
        for other in ("gpus-per-task", "ntasks-per-node"):
            if other in said:
                raise Trouble("ntasks-per-gpu", f"it excludes --{other} (sbatch(1), --ntasks-per-gpu)")
    if "cpus-per-gpu" in said and "cpus-per-task" in said:
        raise Trouble("cpus-per-gpu", "it excludes --cpus-per-task (sbatch(1), --cpus-per-gpu)")


def _check_size(asked: Asked, said: Mapping[str, str]) -> None:
    """That no product grows beyond what can be stored."""
    ranks = max(
        asked.tasks, asked.node_tasks, asked.gpus * asked.gpu_tasks, asked.node_gpus * asked.gpu_tasks, 1
    )
    gpus = max(asked.gpus, asked.node_gpus, asked.task_gpus * ranks)
    cores = max(ranks * max(asked.cpus, 1), gpus * asked.gpu_cpus)
    if max(cores, gpus, asked.cpu_memory * cores, asked.gpu_memory * gpus) > _LARGEST:
        name = next(name for name in said if name not in ("gres", "nodes"))
        raise Trouble(name, "together with the other options it is more than any cluster has")


# ---- and back

_SAME: Final = (
    ("mem", "mem-per-cpu", "mem-per-gpu"),
    ("gpus", "gpus-per-node", "gpus-per-task", "gres"),
)
"""Words that say the same thing in different ways: a kept one takes the place of all of them."""


def written(
    made: shape.Shape, kept: Mapping[str, str], *, exclusive: bool, features: tuple[str, ...] = ()
) -> tuple[dict[str, str], list[Loss]]:
    """Chunks as words. kept: words as they were written, which win; alone, where they say it all."""
    said, losses = shape.words(made.chunks, made.arrangement, made.processes)
    if not kept:
        return said, losses
    if reads_as(kept, made, exclusive=exclusive, features=features):
        return dict(kept), []
    replaced = {name for names in _SAME if kept.keys() & set(names) for name in names}
    both = {name: value for name, value in said.items() if name not in replaced} | dict(kept)
    if not losses and reads_as(both, made, exclusive=exclusive, features=features):
        return both, []
    return dict(kept), []


def reads_as(
    said: Mapping[str, str], made: shape.Shape, *, exclusive: bool, features: tuple[str, ...] = ()
) -> bool:
    """Whether words are read as these chunks."""
    try:
        again = shape.shape(resources(said, exclusive=exclusive, features=features).asked)
    except Trouble:
        return False
    return (again.chunks, again.arrangement, again.processes) == (
        made.chunks,
        made.arrangement,
        made.processes,
    )
