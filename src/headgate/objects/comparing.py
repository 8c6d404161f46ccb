"""What is to be copied (spec nifcloud, section 6.3). Pure: whoever asks brings the answers.

Two of the same size are the same when their content is, or when their times are. The cheapest question that
decides comes first: the checksum of a small file is computed sooner than the store answers for its time; of
a large one the time is asked first. A time alone never hides an edit of the same size of a small file.
"""

import re
from decimal import Decimal, InvalidOperation
from enum import Enum, auto
from typing import Final, NamedTuple

SMALL: Final = 1 << 20
"""Bytes up to which a file is read rather than asked about."""
SAME_TIME_NS: Final = 1_000_000_000
"""Times that differ by no more are the same."""
_LATEST_S: Final = 253_402_300_799
"""The end of the year 9999."""


class Local(NamedTuple):
    """A regular file: bytes, and when it was changed (nanoseconds since 1970)."""

    size: int
    mtime_ns: int


class Remote(NamedTuple):
    """An object as it is listed."""

    size: int
    etag: str
    modified_ns: int


class Facts(NamedTuple):
    """What only asking for an object tells. mtime_ns: of its file; when it was stored, where that is unknown.
    opaque: its ETag is no checksum although it looks like one, because it is encrypted.
    """

    mtime_ns: int
    opaque: bool


class Step(Enum):
    """What is to be done about two of one name, or to be found out first."""

    COPY = auto()
    SAME = auto()
    SET_TIME = auto()
    """The content is the same, the time is not."""
    ASK = auto()
    """Ask the store for the facts."""
    SUM = auto()
    """Compute the checksum of the file."""


def next_step(local: Local, remote: Remote, *, facts: Facts | None = None, md5: str | None = None) -> Step:
    """What follows from what is known by now."""
    if local.size != remote.size:
        return Step.COPY
    wanted = plain_md5(remote.etag)
    if facts is not None and facts.opaque:
        wanted = ""
    if not wanted:
        if facts is None:
            return Step.ASK
        return Step.SAME if _same_time(local, facts) else Step.COPY
    if local.size <= SMALL:
        return _small(wanted, facts, md5)
    if facts is None:
        return Step.ASK
    if _same_time(local, facts):
        return Step.SAME
    if md5 is None:
        return Step.SUM
    return Step.SET_TIME if md5 == wanted else Step.COPY


def _small(wanted: str, facts: Facts | None, md5: str | None) -> Step:
    if md5 is None:
        return Step.SUM
    if md5 == wanted:
        return Step.SAME
    # Is that a checksum at all?
    return Step.ASK if facts is None else Step.COPY


def _same_time(local: Local, facts: Facts) -> bool:
    return abs(local.mtime_ns - facts.mtime_ns) <= SAME_TIME_NS


def plain_md5(etag: str) -> str:
    """The MD5 that an ETag is, in lower case; empty: it is none (`md5-N` of an object stored in parts)."""
    bare = etag.strip('"').lower()
    return bare if re.fullmatch(r"[0-9a-f]{32}", bare) else ""


def mtime_text(mtime_ns: int) -> str:
    """A time as rclone keeps it with an object: decimal seconds; nothing is older than 1970."""
    seconds, rest = divmod(max(0, mtime_ns), 1_000_000_000)
    return f"{seconds}.{rest:09d}"


def mtime_of(text: str, otherwise_ns: int) -> int:
    """What `mtime_text` says; `otherwise_ns` where it is no time."""
    try:
        seconds = Decimal(text)
    except InvalidOperation:
        return otherwise_ns
    if not seconds.is_finite() or not 0 <= seconds <= _LATEST_S:
        return otherwise_ns
    return int(seconds * 1_000_000_000)
