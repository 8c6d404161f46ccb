"""Times, amounts and numbers as PJM spells them, to values and back. Spec pjm, section 3.2.

A bare time is in seconds, bare memory in MiB, a bare size in MB (of 1000). `unlimited` is `None`. Nothing may
be larger than 2147483647 of the unit it is given in. Writers say whether the text is the exact value: where
it can't be, they round up.
"""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from headgate.scripts.pjm.words import Given, refused, shown

Value = TypeVar("Value")

MOST: Final = 2147483647
UNLIMITED: Final = "unlimited"
MIB: Final = 1 << 20

MEMORY_UNITS: Final[Mapping[str, int]] = MappingProxyType(
    {"Pi": 1 << 50, "Ti": 1 << 40, "Gi": 1 << 30, "Mi": MIB, "Ki": 1 << 10}
)
SIZE_UNITS: Final[Mapping[str, int]] = MappingProxyType(
    {"P": 10**15, "T": 10**12, "G": 10**9, "M": 10**6, "K": 10**3}
)
ANY_UNITS: Final[Mapping[str, int]] = MappingProxyType({**MEMORY_UNITS, **SIZE_UNITS})
"""The manuals call the `proc-` limits of memory both; a suffix says which is meant, bare ones are MiB."""

# Digits are bounded because there are values of the user's behind them, and int() minds very long ones.
_COLONS = re.compile(r"(?:(?:(\d{1,18}):)?(\d{1,18}):)?(\d{1,18})", re.ASCII)
_LETTERS = re.compile(r"(?:(\d{1,18})[hH])?(?:(\d{1,18})[mM])?(?:(\d{1,18})[sS])?", re.ASCII)
_AMOUNT = re.compile(r"(\d{1,18})([KMGTP]i?)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,18}", re.ASCII)


class Bad(ValueError):
    """A value that can't be taken: the number PJM gives the error, and its text."""

    def __init__(self, number: str, text: str) -> None:
        super().__init__(text)
        self.number = number
        self.text = text


def at(given: Given, read: Callable[[str], Value]) -> Value:
    """The value, or the error of PJM's with the name of the item and its place. Raises ScriptError."""
    try:
        return read(given.value)
    except Bad as bad:
        raise refused(bad.number, f"{given.name}: {bad.text}", given.place) from bad


def read_number(text: str, least: int = 0, most: int = MOST) -> int:
    """A whole number. Raises Bad."""
    if not _NUMBER.fullmatch(text):
        raise Bad("0003", f"{shown(text)} is not a whole number")
    return _bounded(int(text), text, least, most)


def read_count(text: str, least: int = 0, most: int = MOST) -> int | None:
    """A whole number, or None for `unlimited`. Raises Bad."""
    return None if text == UNLIMITED else read_number(text, least, most)


def read_time(text: str, least: int = 0) -> int | None:
    """Seconds of `[[H:]M:]S` or `[Hh][Mm][Ss]`, whose fields may exceed 59; None for `unlimited`."""
    if text == UNLIMITED:
        return None
    found = _COLONS.fullmatch(text) or _LETTERS.fullmatch(text)
    if not text or found is None:
        raise Bad(
            "0003",
            f"{shown(text)} is no time: [[H:]M:]S, [Hh][Mm][Ss] or {UNLIMITED}; a bare number is seconds",
        )
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return _bounded(hours * 3600 + minutes * 60 + seconds, text, least, MOST)


def write_time(seconds: int) -> str:
    """HH:MM:SS, with more digits of hours where it takes them."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def read_amount(text: str, units: Mapping[str, int], least: int = 0) -> int | None:
    """Bytes of an amount in one of these families of units; None for `unlimited`. least: in bytes."""
    if text == UNLIMITED:
        return None
    found = _AMOUNT.fullmatch(text)
    bare = "M" if units is SIZE_UNITS else "Mi"
    unit = units.get(found[2] or bare) if found else None
    if found is None or unit is None:
        raise Bad(
            "0003",
            f"{shown(text)} is no amount: a whole number with one of {' '.join(units)} "
            f"or {UNLIMITED}; a bare number is {bare}B",
        )
    count = _bounded(int(found[1]), text, 0, MOST)
    if count * unit < least:
        raise Bad("0054", f"{shown(text)} is less than the lower limit ({write_amount(least, units)[0]})")
    return count * unit


def kept_bytes(text: str) -> int:
    """The bytes of an amount of memory in `JobSpec.options`; 0 for `unlimited`, and for what is none."""
    try:
        return read_amount(text, MEMORY_UNITS) or 0
    except Bad:
        return 0


def write_amount(amount: int, units: Mapping[str, int]) -> tuple[str, bool]:
    """The largest unit that says it exactly, or the smallest that holds it when rounded up; whether it is
    exact.
    """
    for name, unit in units.items():
        if amount % unit == 0 and 0 < amount // unit <= MOST:
            return f"{amount // unit}{name}", True
    if amount == 0:
        return "0", True
    for name, unit in sorted(units.items(), key=lambda item: item[1]):
        if -(-amount // unit) <= MOST:
            return f"{-(-amount // unit)}{name}", False
    return UNLIMITED, False


def _bounded(value: int, text: str, least: int, most: int) -> int:
    if value < least:
        raise Bad("0054", f"{shown(text)} is less than the lower limit ({least})")
    if value > most:
        raise Bad("0057", f"{shown(text)} is greater than the upper limit ({most})")
    return value
