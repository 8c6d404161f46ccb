"""Lists of nodes in Slurm's short notation: `n[01-03,7],login` (sbatch(1), --nodelist).

What is read and written agrees with `scontrol show hostnames` and `scontrol show hostlist` of 22.05.8; only
that text behind the last bracket is taken too.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Final

MOST: Final = 65536
"""Nodes that a list may name. More (also Slurm's limit of one range) is a mistake."""

_PIECE: Final = re.compile(r"[^\[\],\s]+|\[[^\[\]]*\]|,")
_RANGE: Final = re.compile(r"([0-9]{1,12})(?:-([0-9]{1,12}))?")
_NUMBERED: Final = re.compile(r"(.*?)([0-9]{1,12})", re.DOTALL)


def expand(text: str) -> tuple[str, ...]:
    """The names of a list, each once, in its order. Raises ValueError."""
    names: dict[str, None] = {}
    for number, item in enumerate(_items(text)):
        if number == MOST:
            raise ValueError(f"it names more than {MOST} nodes")
        factors = [_numbers(part) if part.startswith("[") else (part,) for part in item]
        size = 1
        for factor in factors:
            size *= len(factor)
        if len(names) + size > MOST:
            raise ValueError(f"it names more than {MOST} nodes")
        names.update(dict.fromkeys("".join(name) for name in product(*factors)))
    if not names:
        raise ValueError("it names no node")
    return tuple(names)


def _items(text: str) -> Iterator[list[str]]:
    item: list[str] = []
    at = 0
    while at < len(text):
        found = _PIECE.match(text, at)
        if found is None:
            raise ValueError("nodes are written name,name or name[1-3,7]")
        at = found.end()
        if found[0] != ",":
            item.append(found[0])
        elif item:
            yield item
            item = []
    if item:
        yield item


def _numbers(bracket: str) -> tuple[str, ...]:
    out: list[str] = []
    for part in bracket[1:-1].split(","):
        found = _RANGE.fullmatch(part)
        if found is None or int(found[2] or found[1]) < int(found[1]):
            raise ValueError(f"[{part[:40]}] is no range of numbers")
        first, last = int(found[1]), int(found[2] or found[1])
        if len(out) + last - first >= MOST:
            raise ValueError(f"it names more than {MOST} nodes")
        width = len(found[1]) if found[1].startswith("0") else 0
        out += (f"{number:0{width}}" for number in range(first, last + 1))
    return tuple(out)


def compress(names: Sequence[str]) -> str:
    """A list of names in their order; neighbours that differ by their last number share a bracket."""
    out: list[str] = []
    prefix = ""
    ranges: list[tuple[str, str]] = []

    def close() -> None:
        if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
            out.append(prefix + ranges[0][0])
        elif ranges:
            inside = ",".join(first if first == last else f"{first}-{last}" for first, last in ranges)
            out.append(f"{prefix}[{inside}]")

    for name in names:
        found = _NUMBERED.fullmatch(name)
        if found is None:
            close()
            prefix, ranges = "", []
            out.append(name)
        elif ranges and found[1] == prefix:
            first, last = ranges[-1]
            if _follows(last, found[2]):
                ranges[-1] = (first, found[2])
            else:
                ranges.append((found[2], found[2]))
        else:
            close()
            prefix, ranges = found[1], [(found[2], found[2])]
    close()
    return ",".join(out)


def _follows(before: str, number: str) -> bool:
    """Whether a range can go on with this number: one more, and of the same width if it is padded."""
    padded = before.startswith("0") and len(before) > 1
    return int(number) == int(before) + 1 and (
        len(number) == len(before) or not (padded or number.startswith("0"))
    )
