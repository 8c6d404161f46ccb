"""Parametric sweeps: how many instances, the value of each, and the text each gets.

Spec hpcpack-model, sections 6.2 and 6.3. An instance's *id* is 1…n; its *value* (of a job script: its index)
is what the text gets. Pure: arithmetic, and one scan of a text. Nothing here depends on how many instances
there are; an index set costs as much as it has ranges.
"""

import re
from bisect import bisect_right
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from msgspec.structs import replace

from headgate.core.model import TaskSpec
from headgate.core.vocabulary import TaskType

MOST_INSTANCES = 1_000_000
"""More than this is a validation error, TooManyParametricInstances (6.2)."""

SUBSTITUTED = ("name", "command_line", "work_directory", "stdin", "stdout", "stderr")
"""The fields of a TaskSpec whose text gets the value. work_directory is not in the documented list, but is
widely expected (6.3)."""

LONGEST_SET = 65536
"""Characters of an index set; it is read whenever an index is asked for."""
_RANGE = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")
_MARK = re.compile(r"\^[*^]|\*+")


def instance_count(start: int, end: int, increment: int) -> int:
    """Number of instances; 0 when the increment is not positive or the end lies before the start (6.2)."""
    if increment <= 0 or end < start:
        return 0
    return (end - start) // increment + 1


def value(start: int, increment: int, instance: int) -> int:
    """The value of the instance with this id (1…n)."""
    return start + (instance - 1) * increment


class Range(NamedTuple):
    """Consecutive indices of an index set; `before`: how many of the set are smaller."""

    first: int
    last: int
    before: int


@lru_cache(maxsize=256)
def ranges(index_set: str) -> tuple[Range, ...]:
    """The ranges of `1,3,7-9`, ascending. Raises ValueError for what is no such set."""
    if len(index_set) > LONGEST_SET:
        raise ValueError(f"it has {len(index_set)} characters, more than {LONGEST_SET}")
    found: list[Range] = []
    before, least = 0, 0
    for part in index_set.split(","):
        said = _RANGE.fullmatch(part.strip(" "))
        if said is None:
            raise ValueError(f"{part[:40]!r} is neither a number nor a range")
        first = int(said[1])
        last = int(said[2] or first)
        if first < least or last < first:
            raise ValueError(f"{part[:40]!r} does not ascend")
        found.append(Range(first, last, before))
        before += last - first + 1
        least = last + 1
    return tuple(found)


def index_count(index_set: str) -> int:
    """Number of indices in a set. Raises ValueError."""
    last = ranges(index_set)[-1]
    return last.before + last.last - last.first + 1


def index_of(spec: TaskSpec, instance: int) -> int:
    """The index (or value) of the instance with this id (1…n) of a sweep."""
    if not spec.index_set:
        return value(spec.start_value, spec.increment, instance)
    parts = ranges(spec.index_set)
    here = parts[bisect_right(parts, instance - 1, key=attrgetter("before")) - 1]
    return here.first + instance - 1 - here.before


def instance_with(spec: TaskSpec, index: int) -> int | None:
    """The id of the instance that has this index; None when none has it."""
    if spec.index_set:
        parts = ranges(spec.index_set)
        position = bisect_right(parts, index, key=attrgetter("first")) - 1
        if position < 0 or index > parts[position].last:
            return None
        return parts[position].before + index - parts[position].first + 1
    offset, rest = divmod(index - spec.start_value, spec.increment)
    return offset + 1 if not rest and offset >= 0 and index <= spec.end_value else None


def substitute(text: str, value: int) -> str:
    """Replace runs of `*` by the value, padded with zeros to the run's length (6.3).

    `^*` and `^^` stand for `*` and `^`. Padding goes in front of the whole text, sign included: -5 in `***`
    is `0-5`.
    """
    if "*" not in text and "^" not in text:
        return text
    digits = str(value)

    def written(mark: re.Match[str]) -> str:
        found = mark[0]
        return found[1] if found[0] == "^" else digits.rjust(len(found), "0")

    return _MARK.sub(written, text)


def instance_spec(spec: TaskSpec, instance: int) -> TaskSpec:
    """What an instance runs: its master's description with the value filled in (6.2).

    Only a ParametricSweep has values; the instances of other types are like their master. So are those of a
    script: it reads its index from a variable, and a `*` in it is a `*`.
    """
    if spec.type is not TaskType.PARAMETRIC_SWEEP or spec.script or not instance:
        return spec
    number = index_of(spec, instance)
    fields = {}
    for name in SUBSTITUTED:
        text = getattr(spec, name)
        filled = substitute(text, number)
        if filled is not text:
            fields[name] = filled
    return replace(spec, **fields) if fields else spec
