"""Moments of `--at` and PJM_AT, which are local times, from and to UTC microseconds. Spec pjm, 3.3 and 8.1.

Where clocks are set back, the earlier of two equal times is meant, as it is by the C library's mktime.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from headgate.scripts.pjm.quantities import Bad
from headgate.scripts.pjm.words import shown

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MINUTE: Final = timedelta(minutes=1)


def read_moment(text: str) -> datetime:
    """`YYYYMMDD[hhmm]`, without a zone; without a time of day its beginning. Raises Bad."""
    if text.isascii() and text.isdigit() and len(text) in (8, 12):
        try:
            return datetime(
                int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10] or 0), int(text[10:] or 0)
            )
        except ValueError:
            pass
    raise Bad("0003", f"{shown(text)} is no YYYYMMDD[hhmm]")


def utc_micros(moment: datetime, time_zone: str) -> tuple[int, bool]:
    """UTC microseconds of a moment on the clocks of a zone, and whether it is there exactly once."""
    zone = ZoneInfo(time_zone)
    # Differences, because a sum could leave the calendar at its ends.
    earlier, later = ((moment.replace(tzinfo=zone, fold=fold) - _EPOCH) // _MICROSECOND for fold in (0, 1))
    return earlier, earlier == later


def write_moment(micros: int, time_zone: str) -> tuple[str, bool]:
    """`YYYYMMDDhhmm`, rounded up to a minute, and whether it is exact; "" for one beyond the calendar."""
    try:
        moment = _local(micros, time_zone)
        whole = moment.replace(second=0, microsecond=0)
        if whole != moment:
            # Across a change of the clocks only UTC counts on.
            whole = (whole.astimezone(UTC) + _MINUTE).astimezone(moment.tzinfo)
    except OverflowError:
        return "", False
    text = f"{whole.year:04}{whole.month:02}{whole.day:02}{whole.hour:02}{whole.minute:02}"
    return text, utc_micros(read_moment(text), time_zone)[0] == micros


def write_at(micros: int, time_zone: str) -> str:
    """`YYYY/MM/DD hh:mm:ss`, as PJM_AT has it; "" for one beyond the calendar."""
    try:
        at = _local(micros, time_zone)
    except OverflowError:
        return ""
    return f"{at.year:04}/{at.month:02}/{at.day:02} {at.hour:02}:{at.minute:02}:{at.second:02}"


def _local(micros: int, time_zone: str) -> datetime:
    """Raises OverflowError."""
    return (_EPOCH + timedelta(microseconds=micros)).astimezone(ZoneInfo(time_zone))
