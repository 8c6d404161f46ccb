"""Numbers, times, sizes, switches and dates as PBS spells them (spec pbs, sections 2 and 3.2): read and write
side by side. Pure. What can't be read raises IllegalValue.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from headgate.core.model import INT_MAX
from headgate.scripts.pbs.words import IllegalValue

SIZE_MAX: Final = 2**63 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

# ---- integers

_INTEGER = re.compile(r"[+-]?[0-9]{1,10}")


def read_integer(text: str, *, least: int = 0, most: int = INT_MAX) -> int:
    """A decimal number within limits."""
    value = int(text) if _INTEGER.fullmatch(text) else None
    if value is None or not least <= value <= most:
        raise IllegalValue(f"{text[:40]!r} is not a whole number from {least} to {most}")
    return value


# ---- times: [[HH:]MM:]SS[.ms], in seconds

_TIME = re.compile(r"(?:(?:([0-9]{1,10}):)?([0-9]{1,10}):)?([0-9]{1,10})(?:\.([0-9]{1,9}))?")


def read_time(text: str) -> int:
    """Seconds; a begun one counts whole."""
    found = _TIME.fullmatch(text)
    seconds = INT_MAX + 1
    if found:
        begun = bool((found[4] or "").strip("0"))
        seconds = (int(found[1] or 0) * 60 + int(found[2] or 0)) * 60 + int(found[3]) + begun
    if seconds > INT_MAX:
        raise IllegalValue(f"{text[:40]!r} is not a time: seconds, or [[HH:]MM:]SS, at most {INT_MAX} s")
    return seconds


def write_time(seconds: int) -> str:
    """HH:MM:SS; hours may pass 99."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


# ---- sizes, in bytes

_SIZE = re.compile(r"([0-9]{1,19})([kmgtp]?)([bw]?)", re.IGNORECASE | re.ASCII)
_UNITS = ("b", "kb", "mb", "gb", "tb", "pb")


def read_size(text: str) -> int:
    """Bytes; a word (`w`) has 8 of them."""
    found = _SIZE.fullmatch(text)
    size = SIZE_MAX + 1
    if found:
        size = int(found[1]) << (10 * " kmgtp".index(found[2].lower() or " "))
        size *= 8 if found[3] in ("w", "W") else 1
    if size > SIZE_MAX:
        raise IllegalValue(
            f"{text[:40]!r} is not a size: a whole number and b, kb, mb, gb, tb or pb (or w, kw, ...)"
        )
    return size


def write_size(size: int) -> str:
    """In the largest unit that keeps it whole: the number is the same, its unit may not be the given one."""
    power = 0
    while power < len(_UNITS) - 1 and size and size % 1024 == 0:
        size, power = size // 1024, power + 1
    return f"{size}{_UNITS[power]}"


# ---- switches

_TRUE = frozenset({"true", "t", "y", "1"})
_FALSE = frozenset({"false", "f", "n", "0"})


def read_switch(text: str) -> bool:
    """True or False in any of PBS's spellings."""
    word = text.lower()
    if word not in _TRUE | _FALSE:
        raise IllegalValue(f"{text[:40]!r} is neither True nor False")
    return word in _TRUE


# ---- dates: [[[[CC]YY]MM]DD]hhmm[.SS], in UTC microseconds

_DATE = re.compile(r"((?:(?:(?:[0-9]{2})?[0-9]{2})?[0-9]{2})?[0-9]{2})?([0-9]{2})([0-9]{2})(?:\.([0-9]{2}))?")


def read_date(text: str, now: int, zone_name: str) -> tuple[int, str]:
    """The moment, and a remark on it or "". `now` in UTC microseconds.

    Parts left out make it the nearest future moment. A local time that a change of the clocks skips is read
    as if they had not been changed; of one that comes twice the first is taken.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        raise IllegalValue(f"{text[:40]!r} is not a date: [[[[CC]YY]MM]DD]hhmm[.SS]")
    zone = _zone(zone_name)
    today = (_EPOCH + now * _MICROSECOND).astimezone(zone)
    clock = (int(found[2]), int(found[3]), int(found[4] or 0))
    given = found[1] or ""
    for year, month, day in _days(given, today):
        try:
            local = datetime(year, month, day, *clock, tzinfo=zone)
            moment = (local - _EPOCH) // _MICROSECOND
            remark = _remark(local, moment <= now)
        except (ValueError, OverflowError):
            continue
        if moment > now or len(given) > 4:
            return moment, remark
    raise IllegalValue(f"{text[:40]!r} is no day and time there is")


def _days(given: str, today: datetime) -> Iterator[tuple[int, int, int]]:
    """Year, month and day of what may be meant, the nearest first."""
    if len(given) > 4:
        year = int(given[:-4])
        if len(given) == 6:
            year += 1900 if year > 68 else 2000
        yield year, int(given[-4:-2]), int(given[-2:])
    elif len(given) == 4:
        # Nine years always hold a 29 February.
        yield from ((today.year + more, int(given[:2]), int(given[2:])) for more in range(9))
    elif given:
        # Months without such a day are passed over.
        for more in range(12):
            years, month = divmod(today.month - 1 + more, 12)
            yield today.year + years, month + 1, int(given)
    else:
        for more in range(3):
            day = today.date() + timedelta(days=more)
            yield day.year, day.month, day.day


def _remark(local: datetime, past: bool) -> str:
    back = local.astimezone(UTC).astimezone(local.tzinfo)
    if back.replace(tzinfo=None) != local.replace(tzinfo=None):
        return f"The clocks skip that time; it is taken as {back:%H:%M:%S}."
    if local.utcoffset() != local.replace(fold=1).utcoffset():
        return "That time comes twice, as clocks are set back; the first is taken."
    return "That moment has passed: the job waits for nothing." if past else ""


def write_date(moment: int, zone_name: str) -> tuple[str, bool]:
    """CCYYMMDDhhmm.SS, and whether it reads back as this very moment. A begun second counts whole."""
    whole = -(-moment // 1_000_000)
    try:
        local = (_EPOCH + timedelta(seconds=whole)).astimezone(_zone(zone_name))
    except OverflowError as error:
        raise IllegalValue("that moment is beyond the year 9999") from error
    text = f"{local.year:04}{local:%m%d%H%M.%S}"
    return text, whole * 1_000_000 == moment and local.fold == 0


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        raise IllegalValue(f"there is no time zone {name[:40]!r}") from error
