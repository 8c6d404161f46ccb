"""Which syncs may run now. Pure.

Two that reach the same files are never at work together: the later one waits for the earlier one, also while
that still waits itself. Among those that may run, whose owner has fewest at work goes first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from headgate.core.syncs import Sync


def overlap(one: str, other: str) -> bool:
    """Whether one of these absolute directories is the other, or above it."""
    first, second = one.rstrip("/") + "/", other.rstrip("/") + "/"
    return first.startswith(second) or second.startswith(first)


def next_sync(
    open_syncs: Sequence[Sync],
    running: Mapping[int, str],
    directory_of: Mapping[int, str],
    *,
    at_once: int,
) -> Sync | None:
    """The sync to begin, if any may. open_syncs: by number. running: those at work, by number, with their
    directories; directory_of: of the others. at_once: how many may be at work; one owner never has all of
    them, for a user can stop the process that is theirs.
    """
    if len(running) >= at_once:
        return None
    most = max(1, at_once - 1)
    owners = Counter(sync.owner.casefold() for sync in open_syncs if sync.id in running)
    taken = list(running.values())
    free = []
    for sync in open_syncs:
        if sync.id in running:
            continue
        directory = directory_of[sync.id]
        mine = owners[sync.owner.casefold()]
        if mine < most and not any(overlap(directory, other) for other in taken):
            free.append(sync)
        taken.append(directory)
    return min(free, key=lambda sync: (owners[sync.owner.casefold()], sync.id), default=None)
