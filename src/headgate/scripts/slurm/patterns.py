"""Names of output files (sbatch(1), filename pattern), and those of other flavours in their terms.

What a batch script's own files get was asked of Slurm 22.05.8: `%J` is the job alone, `%s` is `batch`, `%t`
and `%n` are 0, `%a` outside of an array is 4294967294, padding is at most 10 wide and only for numbers,
letters that are not known stay. `%b` came with 23.02.
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

DEFAULT: Final = "slurm-%j.out"
DEFAULT_OF_ARRAY: Final = "slurm-%A_%a.out"

_SYMBOL: Final = re.compile(r"%([0-9]{0,9})([A-Za-z%])")
_WIDEST: Final = 10
_NO_INDEX: Final = 4294967294


class Names(Struct, frozen=True, kw_only=True):
    """What the symbols of a pattern stand for. index: None outside of an array."""

    job_id: int
    index: int | None = None
    node: str = ""
    user: str = ""
    name: str = ""


def file_name(pattern: str, names: Names) -> str:
    """The name that a pattern makes. A backslash takes the next character as it is, and then no symbol is
    replaced anywhere.
    """
    if "\\" in pattern:
        return re.sub(r"\\(.?)", r"\1", pattern, flags=re.DOTALL)
    index = _NO_INDEX if names.index is None else names.index
    # Each element of an array is a job of its own in Slurm, with a number of its own; here they share one,
    # and without the index they would share the file too.
    element = "" if names.index is None else f"_{names.index}"
    numbers: Mapping[str, tuple[int, str]] = {
        "A": (names.job_id, ""),
        "a": (index, ""),
        "b": (index % 10, ""),
        "j": (names.job_id, element),
        "J": (names.job_id, element),
        "n": (0, ""),
        "t": (0, ""),
    }
    texts = {"N": names.node.partition(".")[0], "s": "batch", "u": names.user, "x": names.name, "%": "%"}

    def replaced(symbol: re.Match[str]) -> str:
        width, letter = symbol.groups()
        if letter in numbers:
            number, behind = numbers[letter]
            return str(number).zfill(min(int(width or 0), _WIDEST)) + behind
        return texts.get(letter, symbol[0])

    return _SYMBOL.sub(replaced, pattern)


def foreign(path: str, flavour: str, *, array: bool) -> tuple[str, str]:
    """A path of another flavour as a pattern, and what it can't say of it (empty: it says all).

    flavour: whose path it is; empty: HPC Pack's, with `*` for the value of a sweep.
    """
    parts: list[str] = []
    lost = ""
    for literal, symbol in _pieces(path, flavour, array):
        parts.append(literal.replace("%", "%%"))
        if symbol is None:
            continue
        written = _MEANING.get((flavour, symbol[:2]), "") if flavour else f"%{_stars(symbol)}a"
        if flavour == "pjm" and symbol == "%j" and array:
            written = "%A"
        if flavour == "pjm" and symbol == "%J" and array:
            written = "%A[%a]"
        parts.append(written)
        if not written:
            lost = f"{symbol} is left out: it has no counterpart"
    text = "".join(parts)
    if "\\" in path:
        text = text.replace("%%", "%").replace("\\", "\\\\")
        lost = "a path with a backslash has no symbols replaced" if "%" in text else lost
    return text, lost


_FOREIGN: Final[Mapping[str, re.Pattern[str]]] = {
    "pbs": re.compile(r"\^array_index\^"),
    "pjm": re.compile(r"%[A-Za-z]"),
    "": re.compile(r"\*+"),
}
_MEANING: Final[Mapping[tuple[str, str], str]] = {
    ("pbs", "^a"): "%a",
    # Spec pjm, section 10.2: the letters clash.
    ("pjm", "%j"): "%j",
    ("pjm", "%J"): "%j",
    ("pjm", "%b"): "%a",
    ("pjm", "%n"): "%x",
}


def _pieces(path: str, flavour: str, array: bool) -> list[tuple[str, str | None]]:
    pattern = _FOREIGN.get(flavour)
    if pattern is None or (not flavour and not array):
        return [(path, None)]
    pieces: list[tuple[str, str | None]] = []
    at = 0
    for found in pattern.finditer(path):
        pieces.append((path[at : found.start()], found[0]))
        at = found.end()
    return [*pieces, (path[at:], None)]


def _stars(symbol: str) -> str:
    return "" if len(symbol) == 1 else str(len(symbol))
