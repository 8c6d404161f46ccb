"""sinfo: the nodes, with what they have, what they do, and why they do not.

After sinfo(1) of 22.05.8. Reasons are free text, so that the fields end in a separator with a random part.
"""

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from headgate.engines.command.outcomes import Command, Outcome
from headgate.engines.slurm.commands.answers import Garbled, listed, number

FIELDS: Final = (
    "NodeList",
    "Partition",
    "StateComplete",
    "CPUs",
    "CPUsState",
    "Sockets",
    "Cores",
    "Memory",
    "AllocMem",
    "FreeMem",
    "CPUsLoad",
    "Gres",
    "Features",
    "Reason",
)
_MARKS: Final = "*~#!%$@^-+"
"""sinfo(1), NODE STATE CODES: what may stand behind a state; `*` is a node that does not answer."""


class Node(Struct, frozen=True, kw_only=True):
    """A node. states: all that are said of it, lower case, `{"idle", "drain"}`; answers: whether it does.

    cores: of Slurm's CPUs, which are threads where those are counted; socket_cores: real ones of each socket.
    Memory in MiB, free_mb None where it is not known. load: as uptime has it. gres: `("gpu:2",)`. reason: why
    somebody took it out of service.
    """

    name: str
    partitions: tuple[str, ...]
    states: frozenset[str]
    answers: bool
    cores: int
    busy: int
    sockets: int
    socket_cores: int
    memory_mb: int
    allocated_mb: int
    free_mb: int | None
    load: float | None
    gres: tuple[str, ...]
    features: tuple[str, ...]
    reason: str


class Sinfo(Struct, frozen=True):
    """One question about all nodes."""

    nonce: str

    def build(self) -> Command:
        """The command."""
        between, end = self._marks()
        fields = [f"{name}:{between}" for name in FIELDS[:-1]] + [f"{FIELDS[-1]}:{end}"]
        return Command(argv=("sinfo", "--all", "--local", "--Node", f"--Format={','.join(fields)}"))

    def parse(self, outcome: Outcome) -> list[Node]:
        """Each node once, with all of its partitions. Raises NoAnswer, Rejected, Garbled."""
        between, end = self._marks()
        text = listed("sinfo", outcome)
        records = text.split(f"{end}\n")
        if records.pop():
            raise Garbled("sinfo's list does not end as it should", text[-200:])
        if not records or not records[0].startswith("NODELIST" + between):
            raise Garbled("sinfo's list has no heading", text[:200])
        found: dict[str, Node] = {}
        partitions: dict[str, list[str]] = {}
        for record in records[1:]:
            cells = record.split(between)
            try:
                node = _node(cells)
            except ValueError as error:
                raise Garbled(f"a row of sinfo is not understood ({error})", " | ".join(cells)) from None
            found[node.name] = node
            # The default one carries a mark.
            partitions.setdefault(node.name, []).append(cells[1].removesuffix("*"))
        return [replace(node, partitions=tuple(partitions[name])) for name, node in found.items()]

    def _marks(self) -> tuple[str, str]:
        return f"\x1f{self.nonce}", f"\x1e{self.nonce}"


def _node(cells: list[str]) -> Node:
    if len(cells) != len(FIELDS):
        raise ValueError(f"{len(cells)} fields instead of {len(FIELDS)}")
    name, partition, state, cores, use, sockets, each, memory, allocated, free, load, *rest = cells
    gres, features, reason = rest
    words = [word for word in state.lower().split("+") if word]
    if not name or not words:
        raise ValueError("it has no name or no state")
    return Node(
        name=name,
        partitions=(partition.removesuffix("*"),),
        states=frozenset(word.rstrip(_MARKS) for word in words),
        answers=not any("*" in word for word in words) and "not_responding" not in words,
        cores=number(cores),
        busy=number(use.partition("/")[0]),
        sockets=number(sockets),
        socket_cores=number(each),
        memory_mb=number(memory),
        allocated_mb=number(allocated),
        free_mb=number(free) if free != "N/A" else None,
        load=float(load) if load != "N/A" else None,
        gres=_items(gres),
        features=_items(features),
        reason="" if reason == "none" else reason,
    )


def _items(text: str) -> tuple[str, ...]:
    return () if text in ("(null)", "") else tuple(text.split(","))
