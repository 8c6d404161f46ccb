"""Dates as HPC Pack writes them: `7/5/2019 9:05:07 AM`, UTC, no zone (spec hpcpack-model, section 1).

`write` gives the one published form, with the names of month and day nowhere in it, so that no locale
matters; `read` takes that and the others that clients send.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

PATTERN = "M/d/yyyy h:mm:ss tt"
"""The .NET pattern of what `write` gives; published by the operations that tell the date-time format."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(
    r"""\s*(?:(?P<y1>\d{4})(?P<sep>[-/])(?P<m1>\d{1,2})(?P=sep)(?P<d1>\d{1,2})
             |(?P<m2>\d{1,2})/(?P<d2>\d{1,2})/(?P<y2>\d{4}))
       (?:(?:\s+|[Tt])(?P<h>\d{1,2}):(?P<min>\d{2})(?::(?P<s>\d{2})(?:\.(?P<f>\d{1,9}))?)?
          \s*(?P<half>[AaPp][Mm])?\s*(?P<zone>[Zz]|[+-](?:0\d|1[0-4]):?[0-5]\d)?)?\s*""",
    re.VERBOSE | re.ASCII,
)


def write(at: int) -> str:
    """UTC microseconds as text; parts of a second are cut off."""
    return _write_second(at // 1_000_000)


@lru_cache(maxsize=8192)  # the rows of a list share most of their seconds
def _write_second(second: int) -> str:
    at = _EPOCH + timedelta(seconds=second)
    half = "AM" if at.hour < 12 else "PM"
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at.minute:02}:{at.second:02} {half}"


def read(text: str) -> int | None:
    """UTC microseconds of a text; None when it is not a date.

    Taken are the published form, `MM/dd/yyyy HH:mm:ss`, `yyyy-MM-dd` (section 1.2), either order of the parts
    with or without a time, and ISO 8601. Without a zone it is UTC; none is further from it than 14 hours.
    """
    found = _DATE.fullmatch(text) if len(text) <= 64 else None
    if found is None:
        return None
    part = found.groupdict()
    hour = int(part["h"] or 0)
    if part["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["half"] in ("PM", "pm", "Pm", "pM") else 0)
    try:
        at = datetime(
            int(part["y1"] or part["y2"]),
            int(part["m1"] or part["m2"]),
            int(part["d1"] or part["d2"]),
            hour,
            int(part["min"] or 0),
            int(part["s"] or 0),
            int((part["f"] or "0")[:6].ljust(6, "0")),
            UTC,
        )
    except ValueError:
        return None
    return (at - _EPOCH) // timedelta(microseconds=1) - _offset(part["zone"])


def _offset(zone: str | None) -> int:
    if zone is None or zone in "Zz":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:])
    return (-minutes if zone[0] == "-" else minutes) * 60_000_000
