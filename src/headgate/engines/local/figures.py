"""What this machine is doing, from /proc: the figures of every logical node on it, for they share it.

`read` looks, `figures_between` makes means of two looks (pure). See proc(5) for the files.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from headgate.core.figures import Figure

SECTOR = 512
"""Bytes of a sector in /proc/diskstats, whatever the disk's own are."""
_NOT_DISKS = re.compile(r"(loop|ram|zram|dm-|md|sr|fd)\d")
"""What is no disk, or lies on disks that are counted already."""


class Look(Struct, frozen=True, kw_only=True):
    """Counters since boot. `at` in seconds of the monotonic clock; None: the machine does not tell."""

    at: float
    busy: int | None = None
    ticks: int | None = None
    pages: int | None = None
    disk_bytes: int | None = None
    network_bytes: int | None = None


def read(at: float) -> Look:
    """The counters now."""
    busy, ticks = processor(_text("/proc/stat")) or (None, None)
    return Look(
        at=at,
        busy=busy,
        ticks=ticks,
        pages=swapped(_text("/proc/vmstat")),
        disk_bytes=disks(_text("/proc/diskstats"), _whole_disks()),
        network_bytes=network(_text("/proc/net/dev")),
    )


def figures_between(before: Look, after: Look) -> Mapping[Figure, float]:
    """Means over the time between two looks; what either does not tell is left out."""
    found: dict[Figure, float] = {}
    seconds = after.at - before.at
    if seconds <= 0:
        return found
    busy, ticks = _more(before.busy, after.busy), _more(before.ticks, after.ticks)
    if busy is not None and ticks:
        found[Figure.CPU_USAGE] = round(100 * busy / ticks, 2)
    for figure, more in (
        (Figure.MEMORY_PAGING, _more(before.pages, after.pages)),
        (Figure.DISK_THROUGHPUT, _more(before.disk_bytes, after.disk_bytes)),
        (Figure.NETWORK, _more(before.network_bytes, after.network_bytes)),
    ):
        if more is not None:
            found[figure] = round(more / seconds, 2)
    return found


def _more(before: int | None, after: int | None) -> int | None:
    """The difference; None where it is not known, or a device has gone with its counter."""
    return after - before if before is not None and after is not None and after >= before else None


# ---- the files


def processor(stat: str) -> tuple[int, int] | None:
    """(busy, all) ticks of all cores: idle and waiting for a disk is not busy. Guests count as user time."""
    found = re.search(r"^cpu +([\d ]+)$", stat, re.MULTILINE)
    if found is None:
        return None
    ticks = [int(number) for number in found[1].split()][:8]
    return sum(ticks) - sum(ticks[3:5]), sum(ticks)


def swapped(vmstat: str) -> int | None:
    """Pages swapped in and out."""
    found = re.findall(r"^pswp(?:in|out) (\d+)$", vmstat, re.MULTILINE)
    return sum(map(int, found)) if found else None


def disks(diskstats: str, whole: frozenset[str]) -> int | None:
    """Bytes read from and written to the disks (not their partitions once more)."""
    rows = [line.split() for line in diskstats.splitlines()]
    mine = [row for row in rows if len(row) > 9 and row[2] in whole]
    return sum(int(row[5]) + int(row[9]) for row in mine) * SECTOR if mine else None


def network(net_dev: str) -> int | None:
    """Bytes received and sent, but for those the machine sent itself."""
    found = re.findall(r"^ *([^:\s]+): *(\d+)(?: +\d+){7} +(\d+)", net_dev, re.MULTILINE)
    return sum(int(got) + int(sent) for name, got, sent in found if name != "lo") if found else None


def _whole_disks() -> frozenset[str]:
    try:
        return frozenset(
            path.name for path in Path("/sys/block").iterdir() if not _NOT_DISKS.match(path.name)
        )
    except OSError:
        return frozenset()


def _text(path: str) -> str:
    try:
        return Path(path).read_text("ascii", "replace")
    except OSError:
        return ""
