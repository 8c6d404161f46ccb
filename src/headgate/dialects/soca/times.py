"""Times as PBS prints them: local, in English, of a fixed width (spec pbs, 12.2). Pure."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MICROSECONDS: Final = 1_000_000


def ctime(moment: int, zone: ZoneInfo) -> str:
    """`Tue Mar  5 09:15:02 2024` of UTC microseconds."""
    return _ctime(moment // MICROSECONDS, zone)


# A list of jobs has the same few seconds over and over: some were submitted together, all are of one day.
@lru_cache(maxsize=1 << 16)
def _ctime(second: int, zone: ZoneInfo) -> str:
    at = (_EPOCH + timedelta(seconds=second)).astimezone(zone)
    clock = f"{at.hour:02}:{at.minute:02}:{at.second:02}"
    return f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at.day:>2} {clock} {at.year}"


def in_a_comment(moment: int, zone: ZoneInfo) -> str:
    """`Tue Mar 05 at 09:15` (5.1)."""
    at = (_EPOCH + timedelta(seconds=moment // MICROSECONDS)).astimezone(zone)
    return f"{_DAYS[at.weekday()]} {_MONTHS[at.month - 1]} {at.day:02} at {at.hour:02}:{at.minute:02}"
