"""Points of time, as --begin and --deadline take them (sbatch(1), --begin), to UTC microseconds and back.

A text is a date and a time of day in either order, either alone, a keyword, or `now` with a distance; which
spellings pass is what sbatch 22.05.8 took. Local times are read as mktime(3) does: one that a change of the
clocks skips is the same distance behind the change, of one that comes twice the first is meant.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from headgate.core.scripts import Submitter

_SECOND: Final = 1_000_000
_FIRST_YEAR, _LAST_YEAR = 1970, 9998
_NOW: Final = re.compile(
    r"now(?:\s*([+-])\s*([0-9]{1,10})\s*(?:(second|minute|hour|day|week)s?)?)?", re.IGNORECASE
)
_EPOCH: Final = re.compile(r"uts([0-9]{1,12})", re.IGNORECASE)
_UNIT: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800}
_HOURS: Final = {"midnight": 0, "noon": 12, "fika": 15, "teatime": 16}
_PART: Final = re.compile(
    r"""(?P<time>(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?(?:\s*(?P<half>[AP]M))?)
    |(?P<iso>(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2}))
    |(?P<us>(?P<m>[0-9]{1,2})[/.](?P<d>[0-9]{1,2})(?:[/.](?P<y>[0-9]{2}))?)
    |(?P<digits>(?P<mm>[0-9]{2})(?P<dd>[0-9]{2})(?P<yy>[0-9]{2})?)
    |(?P<keyword>midnight|noon|fika|teatime)
    |(?P<relative>today|tomorrow)""",
    re.IGNORECASE | re.VERBOSE,
)
_BETWEEN: Final = re.compile(r"\s+|\s*[T-]\s*", re.IGNORECASE)
_ALLOWED: Final = (
    "a time is HH:MM[:SS] [AM|PM], MMDD[YY], MM/DD[/YY], YYYY-MM-DD[THH:MM[:SS]], now[+COUNT[UNIT]], today, "
    "tomorrow, midnight, noon, fika or teatime"
)


class Moment(Struct, frozen=True):
    """A point of time in UTC microseconds. odd: what is odd about it; empty: nothing."""

    at: int
    odd: str = ""


def moment(text: str, by: Submitter) -> Moment:
    """What a text means when it is submitted. Raises ValueError that says what is allowed."""
    text = text.strip()
    now_s = by.now // _SECOND
    epoch = _EPOCH.fullmatch(text)
    if epoch is not None:
        return Moment(_bounded(int(epoch[1])))
    relative = _NOW.fullmatch(text)
    if relative is not None:
        distance = int(relative[2] or 0) * _UNIT[(relative[3] or "second").lower()]
        return Moment(_bounded(now_s - distance if relative[1] == "-" else now_s + distance))
    zone = ZoneInfo(by.time_zone)
    now = datetime.fromtimestamp(now_s, zone).replace(tzinfo=None)
    return _local(_combined(*_parts(text, now), now), zone)


def moment_text(at: int, by: Submitter) -> str:
    """A point of time as text that `moment` reads back, rounded up to a second.

    Where no local time says it (it comes twice), as seconds since 1970.
    """
    at_s = max(-(-at // _SECOND), 0)
    try:
        local = datetime.fromtimestamp(at_s, ZoneInfo(by.time_zone)).replace(tzinfo=None)
        text = local.isoformat()
        if moment(text, by).at == at_s * _SECOND:
            return text
    except (ValueError, OverflowError, OSError):
        pass  # A year that no calendar has: only seconds say it.
    return f"uts{at_s}"


def _parts(text: str, now: datetime) -> tuple[tuple[int | None, int, int] | None, time | None]:
    """The date (year, month, day) and the time of day in a text, None where it has none."""
    day: tuple[int | None, int, int] | None = None
    clock: time | None = None
    at = 1 if text[:1] in ("T", "t") and text[1:2].isdigit() else 0
    while True:
        found = _PART.match(text, at)
        if found is None:
            raise ValueError(_ALLOWED)
        if found["time"] or found["keyword"]:
            if clock is not None:
                raise ValueError(f"it holds two times of day; {_ALLOWED}")
            clock = _clock(found)
        else:
            if day is not None:
                raise ValueError(f"it holds two dates; {_ALLOWED}")
            day = _date(found, now)
        at = found.end()
        if at == len(text):
            return day, clock
        between = _BETWEEN.match(text, at)
        if between is None:
            raise ValueError(_ALLOWED)
        at = between.end()


def _clock(found: re.Match[str]) -> time:
    if found["keyword"]:
        return time(_HOURS[found["keyword"].lower()])
    hour, half = int(found["hour"]), (found["half"] or "").upper()
    if hour > (12 if half else 23) or int(found["minute"]) > 59 or int(found["second"] or 0) > 59:
        raise ValueError(f"{found['time']} is no time of day")
    if half:
        hour = hour % 12 + (12 if half == "PM" else 0)
    return time(hour, int(found["minute"]), int(found["second"] or 0))


def _date(found: re.Match[str], now: datetime) -> tuple[int | None, int, int]:
    if found["relative"]:
        then = now.date() + timedelta(days=found["relative"].lower() == "tomorrow")
        return then.year, then.month, then.day
    if found["iso"]:
        year, month, day = int(found["year"]), int(found["month"]), int(found["day"])
        said: int | None = year
    else:
        short = found["y"] or found["yy"]
        said = 2000 + int(short) if short else None
        month, day = int(found["m"] or found["mm"]), int(found["d"] or found["dd"])
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError(f"{found[0]} is no date")
    if said is not None and not _FIRST_YEAR <= said <= _LAST_YEAR:
        raise ValueError(f"the year is not between {_FIRST_YEAR} and {_LAST_YEAR}")
    return said, month, day


def _combined(day: tuple[int | None, int, int] | None, clock: time | None, now: datetime) -> datetime:
    if day is None:
        then = datetime.combine(now.date(), clock or time())
        return then + timedelta(days=1) if then < now else then
    year, month, number = day
    # 02/30 is 03/02, as for mktime(3).
    first = date(now.year if year is None else year, month, 1)
    then = datetime.combine(first, clock or time()) + timedelta(days=number - 1)
    if year is None and then < now:
        then = datetime.combine(first.replace(year=now.year + 1), clock or time()) + timedelta(
            days=number - 1
        )
    return then


def _local(then: datetime, zone: ZoneInfo) -> Moment:
    first = then.replace(tzinfo=zone)
    at = _bounded(int(first.timestamp()))
    shown = datetime.fromtimestamp(at // _SECOND, UTC).astimezone(zone).replace(tzinfo=None)
    if shown != then:
        return Moment(at, f"{then} is skipped when the clocks change; {shown} is taken")
    if first.utcoffset() != then.replace(tzinfo=zone, fold=1).utcoffset():
        return Moment(at, f"{then} comes twice when the clocks change; the first one is taken")
    return Moment(at)


def _bounded(at_s: int) -> int:
    if not 0 <= at_s < (_LAST_YEAR + 1 - _FIRST_YEAR) * 31_556_952:
        raise ValueError(f"it is not between the years {_FIRST_YEAR} and {_LAST_YEAR}")
    return at_s * _SECOND
