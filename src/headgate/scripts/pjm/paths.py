"""Names of output files: the `%` letters, the names of files that were not named, and what other flavours
write in their place. Spec pjm, sections 3.3, 8.2 and 10.2.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from headgate.scripts.pjm.options import OURS

LONGEST_NAME: Final = 63
"""Characters of the job's name in the names of its files."""

_LETTER: Final = re.compile(r"%(.)", re.DOTALL)
_UNFIT: Final = re.compile(r"[/\x00-\x1f\x7f]")

# The marks of other flavours, and which of ours says the same. A mark that is not here has no counterpart.
_MARKS: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        "slurm": re.compile(r"%[0-9]{0,10}[A-Za-z%]|\\"),
        "pbs": re.compile(r"\^array_index\^|%"),
        "": re.compile(r"\^[*^]|\*+|%[A-Za-z_][A-Za-z0-9_]*%|\$[A-Za-z_][A-Za-z0-9_]*|%"),
    }
)
_OURS_FOR: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "slurm": MappingProxyType({"%A": "%j", "%a": "%b", "%x": "%n"}),
        "pbs": MappingProxyType({"^array_index^": "%b"}),
        "": MappingProxyType({"*": "%b", "^*": "*", "^^": "^"}),
    }
)


def fill(path: str, facts: Mapping[str, str]) -> str:
    """The path with its letters filled in; those that are not defined expand to nothing (section 8.2)."""
    return _LETTER.sub(lambda found: facts.get(found[1], ""), path)


def fit(name: str) -> str:
    """A name without what a file name can't have."""
    return _UNFIT.sub("_", name)


def in_file_name(name: str) -> str:
    """The name of a job as those of its files begin (section 8.2)."""
    return ("J" if name[:1].isdecimal() else "") + fit(name)[:LONGEST_NAME]


def translated(path: str, flavour: str, *, sweep: bool) -> tuple[str, tuple[str, ...]]:
    """A path of another flavour with our letters, and the marks that are lost.

    sweep: the task is one of instances: Slurm's `%j` is then the id of an instance, ours that of all.
    """
    marks = _MARKS.get(flavour)
    if flavour == OURS or marks is None:
        return path, ()
    ours = _OURS_FOR[flavour]
    lost: list[str] = []

    def said(found: re.Match[str]) -> str:
        mark = found[0]
        if mark in ours:
            return ours[mark]
        if mark == "%j" and flavour == "slurm":
            return "%J" if sweep else "%j"
        lost.append(mark)
        return ""

    return marks.sub(said, path), tuple(lost)
