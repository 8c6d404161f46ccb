"""Parametric sweeps: how many instances, the value of each, and the text each gets.

Spec hpcpack-model, sections 6.2 and 6.3. An instance's *id* is 1…n; its *value* is what the text gets.
Pure: arithmetic, and one scan of a text. Nothing here depends on how many instances there are.
"""

import re

from msgspec.structs import replace

from headgate.core.model import TaskSpec
from headgate.core.vocabulary import TaskType

MOST_INSTANCES = 1_000_000
"""More than this is a validation error, TooManyParametricInstances (6.2)."""

SUBSTITUTED = ("name", "command_line", "work_directory", "stdin", "stdout", "stderr")
"""The fields of a TaskSpec whose text gets the value. work_directory is not in the documented list, but is
widely expected (6.3)."""

_MARK = re.compile(r"\^[*^]|\*+")


def instance_count(start: int, end: int, increment: int) -> int:
    """Number of instances; 0 when the increment is not positive or the end lies before the start (6.2)."""
    if increment <= 0 or end < start:
        return 0
    return (end - start) // increment + 1


def value(start: int, increment: int, instance: int) -> int:
    """The value of the instance with this id (1…n)."""
    return start + (instance - 1) * increment


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

    Only a ParametricSweep has values; the instances of other types are like their master.
    """
    if spec.type is not TaskType.PARAMETRIC_SWEEP or not instance:
        return spec
    number = value(spec.start_value, spec.increment, instance)
    fields = {}
    for name in SUBSTITUTED:
        text = getattr(spec, name)
        filled = substitute(text, number)
        if filled is not text:
            fields[name] = filled
    return replace(spec, **fields) if fields else spec
