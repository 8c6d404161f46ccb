"""Indices of a job array: `0-15:4%2`, `1,3,7-9` (sbatch(1), --array).

What passes is what slurmctld 22.05.8 took, without its leniencies (`1,,2`, `1-3%%2`).
"""

import re
from itertools import pairwise
from typing import Final

from msgspec import Struct

from headgate.core.sweep import MOST_INSTANCES

LARGEST: Final = 4_000_000
"""The largest index that any MaxArraySize allows (slurm.conf(5))."""

_ARRAY: Final = re.compile(r"\[?([0-9,:-]+)\]?(?:%([0-9]{0,9}))?")
_PART: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})(?::([0-9]{1,9}))?)?")


class Indices(Struct, frozen=True):
    """Which instances there are: a range with a step, or a list (`1,3,7-9`, ascending, each once) of so many
    instead. most: how many at once, 0: all.
    """

    start: int
    end: int
    step: int = 1
    listed: str = ""
    most: int = 0


def indices(text: str) -> Indices:
    """What an --array says. Raises ValueError."""
    found = _ARRAY.fullmatch(text)
    parts = [] if found is None else [_PART.fullmatch(part) for part in found[1].split(",")]
    if found is None or not all(parts):
        raise ValueError(
            "indices are a number, first-last[:step], or these with commas; at the end %how-many-at-once"
        )
    most = int(found[2] or 0)
    ranges = [_range(part) for part in parts if part is not None]
    if sum(len(one) for one in ranges) > MOST_INSTANCES:
        raise ValueError(f"it has more than {MOST_INSTANCES} indices")
    if len(ranges) == 1:
        only = parts[0]
        end = int(only[2] or only[1]) if only is not None else ranges[0][-1]
        return Indices(ranges[0].start, end, ranges[0].step, most=most)
    all_of_them = sorted(set().union(*ranges))
    return Indices(1, len(all_of_them), listed=_listed(all_of_them), most=most)


def _range(part: re.Match[str]) -> range:
    first, last, step = int(part[1]), int(part[2] or part[1]), int(part[3] or 1)
    if last < first:
        raise ValueError(f"{part[0]} ends before it begins")
    if step < 1:
        raise ValueError(f"{part[0]} has a step of 0")
    if last > LARGEST:
        raise ValueError(f"an index is at most {LARGEST}")
    return range(first, last + 1, step)


def _listed(numbers: list[int]) -> str:
    out, first = [], numbers[0]
    for before, number in pairwise([*numbers, numbers[-1] + 2]):
        if number != before + 1:
            out.append(str(first) if first == before else f"{first}-{before}")
            first = number
    return ",".join(out)


def bounds(listed: str) -> tuple[int, int]:
    """The smallest and the largest index of a list."""
    numbers = re.findall("[0-9]+", listed)
    return int(numbers[0]), int(numbers[-1])


def indices_text(these: Indices) -> str:
    """As --array says them."""
    text = these.listed
    if not text:
        text = str(these.start) if these.end == these.start else f"{these.start}-{these.end}"
        if these.step != 1:
            text = f"{these.start}-{these.end}:{these.step}"
    return f"{text}%{these.most}" if these.most else text
