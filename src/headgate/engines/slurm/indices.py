"""Which elements of an array a row of Slurm's is about: `7`, `3-50%2`, `1,4-9:2`, and the same in brackets.

Ranges stay ranges, so that a waiting array of a million costs nothing.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from msgspec import Struct

_PART: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})(?::([0-9]{1,9}))?)?")
_WHOLE: Final = re.compile(r"\[?([0-9,:-]+)\]?(?:%([0-9]{1,10}))?\]?")


class Indices(Struct, frozen=True):
    """Elements of an array, as ranges in their order. most: how many of them may run at once; 0: all."""

    ranges: tuple[range, ...]
    most: int = 0

    def __iter__(self) -> Iterator[int]:
        for each in self.ranges:
            yield from each

    def __len__(self) -> int:
        return sum(map(len, self.ranges))

    def __contains__(self, index: object) -> bool:
        return any(index in each for each in self.ranges)

    @property
    def only(self) -> int:
        """The one element. Raises ValueError when there are more."""
        if len(self) != 1:
            raise ValueError("it is about more than one element")
        return self.ranges[0].start


@lru_cache(maxsize=65536)
def indices(text: str) -> Indices:
    """Read them. Raises ValueError, also for a list that Slurm has cut (`1,3,5,...`)."""
    found = _WHOLE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:60]!r} are no indices of an array")
    ranges = []
    for part in found[1].split(","):
        numbers = _PART.fullmatch(part)
        if numbers is None:
            raise ValueError(f"{part[:40]!r} is no index of an array and no range")
        first, last, step = int(numbers[1]), int(numbers[2] or numbers[1]), int(numbers[3] or 1)
        if last < first or step < 1:
            raise ValueError(f"{part!r} is no range")
        ranges.append(range(first, last + 1, step))
    return Indices(tuple(ranges), int(found[2] or 0))


def text(elements: Iterator[int] | list[int] | tuple[int, ...]) -> str:
    """Elements as Slurm's commands take them, neighbours as ranges: `1-3,7`. In order, each once."""
    out: list[str] = []
    numbers = sorted(set(elements))
    start = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or numbers[end] != numbers[end - 1] + 1:
            first, last = numbers[start], numbers[end - 1]
            out.append(str(first) if first == last else f"{first}-{last}")
            start = end
    return ",".join(out)
