"""Times, memory and counts: pattern, parse and print together (sbatch(1): --time, --mem, --nodes, --gres).

A bare time is minutes, bare memory MiB. Everything here raises ValueError with a text that says what is
allowed; who knows the place makes a ScriptError of it.
"""

import re
from typing import Final

from headgate.core.model import INT_MAX

MIB: Final = 1024 * 1024

_DIGITS = "([0-9]{1,12})"
_TIME: Final = re.compile(
    rf"{_DIGITS}-(?:{_DIGITS}(?::{_DIGITS}(?::{_DIGITS})?)?)?|{_DIGITS}(?::{_DIGITS}(?::{_DIGITS})?)?"
)
_ENDLESS: Final = frozenset({"unlimited", "infinite", "-1"})
_MEMORY: Final = re.compile(r"([0-9]{1,15})(?:([KMGT])B?)?", re.IGNORECASE)
_COUNT: Final = re.compile(r"\s*\+?([0-9]{1,10})")
_SUFFIXED: Final = re.compile(r"([0-9]{1,15})([kmgtp])?", re.IGNORECASE)
_UNITS: Final = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4, "p": 1024**5}
_NODES: Final = re.compile(r"([0-9]{1,9})([km])?(?:-([0-9]{1,9})([km])?)?", re.IGNORECASE)
_SIZES: Final = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9})(?::([0-9]{1,9}))?)?")


def seconds(text: str) -> int | None:
    """A run time in seconds; None: without limit, which 0 stands for too. Seconds are kept, though Slurm
    rounds them up to minutes.
    """
    if text.lower() in _ENDLESS:
        return None
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError(
            "a time is minutes, minutes:seconds, hours:minutes:seconds, days-hours, days-hours:minutes, "
            "days-hours:minutes:seconds or UNLIMITED"
        )
    days, hours, minutes, rest, first, second, third = (int(part or 0) for part in found.groups())
    if found[1] is not None:
        total = ((days * 24 + hours) * 60 + minutes) * 60 + rest
    elif found[7] is not None:
        total = (first * 60 + second) * 60 + third
    else:
        total = first * 60 + second
    if total > INT_MAX:
        raise ValueError(f"it is more than {INT_MAX} seconds; UNLIMITED sets no limit")
    return total or None


def time_text(amount: int) -> str:
    """A run time as HH:MM:SS, with days in front where there are any."""
    minutes, rest = divmod(amount, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours:02}:{minutes:02}:{rest:02}"
    return f"{days}-{clock}" if days else clock


def memory(text: str) -> int:
    """Memory in bytes, in whole MiB as sbatch counts it; 0 stands for all of a node."""
    found = _MEMORY.fullmatch(text)
    if found is None:
        raise ValueError("memory is a whole number with K, M (the default), G or T")
    amount = int(found[1]) * _UNITS[(found[2] or "m").lower()]
    whole = -(-amount // MIB) * MIB
    if whole > 2**62:
        raise ValueError("it is more than any machine has")
    return whole


def memory_text(amount: int) -> str:
    """Bytes, rounded up to MiB, with the largest unit that says them exactly."""
    mib = -(-amount // MIB)
    if mib and mib % 1024**2 == 0:
        return f"{mib // 1024**2}T"
    return f"{mib // 1024}G" if mib and mib % 1024 == 0 else f"{mib}M"


def count(text: str) -> int:
    """A number from 1."""
    found = _COUNT.fullmatch(text)
    if found is None or not 1 <= int(found[1]) <= INT_MAX:
        raise ValueError(f"a whole number from 1 to {INT_MAX} is wanted")
    return int(found[1])


def amount(text: str) -> int:
    """How many of a generic resource; k, m, g, t and p count by 1024."""
    found = _SUFFIXED.fullmatch(text)
    if found is None:
        raise ValueError("a resource is written name[:type][:count], the count a whole number")
    return int(found[1]) * _UNITS[(found[2] or "").lower()]


def nodes(text: str) -> tuple[int, int]:
    """The least and the most nodes of `2`, `2-4`, `1k`, and (23.02) of `1-15:4` and `1,5,9`."""
    found = _NODES.fullmatch(text)
    if found is not None:
        low = int(found[1]) * _UNITS[(found[2] or "").lower()]
        high = int(found[3]) * _UNITS[(found[4] or "").lower()] if found[3] else low
    else:
        low, high = _sizes(text)
    if low < 1 or high > INT_MAX:
        raise ValueError("a job has at least 1 node")
    if high < low:
        raise ValueError(f"the most, {high}, is less than the least, {low}")
    return low, high


def _sizes(text: str) -> tuple[int, int]:
    least, most = INT_MAX, 0
    for part in text.split(","):
        found = _SIZES.fullmatch(part)
        if found is None or (found[3] is not None and int(found[3]) < 1):
            raise ValueError("nodes are a number, least-most, or sizes such as 1-15:4 or 1,5,9")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise ValueError(f"the most, {last}, is less than the least, {first}")
        step = int(found[3] or 1)
        least, most = min(least, first), max(most, last - (last - first) % step)
    return least, most
