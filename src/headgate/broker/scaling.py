"""How many hosts a session should have: rules, pure (spec windowshpc, section 7.1, the thresholds).

The load is the requests that are not answered, for each host, in per cent. Above the one threshold the
session grows, to as many as would bring it down to that, and at most to twice as many at once; below the
other it shrinks, when that has lasted. A session with nothing to do keeps its least.
"""

from msgspec import Struct


class Bounds(Struct, frozen=True):
    """Of one session. least, most: hosts. grow, shrink: thresholds, in per cent."""

    least: int
    most: int
    grow: int
    shrink: int


def target(
    bounds: Bounds, *, now: int, requests: int, slots: int, low_for_s: float, patience_s: float
) -> int:
    """How many hosts there should be.

    now: how many were asked for. requests: not answered. slots: requests that one host does at once.
    low_for_s: how long the load has been below the shrink threshold.
    """
    now = max(1, now)
    each = max(1, slots)
    if load(requests, now, slots) > bounds.grow:
        enough = -(-100 * requests // (max(1, bounds.grow) * each))
        return _within(bounds, min(enough, 2 * now))
    if is_low(bounds, requests, now, slots) and low_for_s >= patience_s:
        return min(now, _within(bounds, -(-requests // each)))
    return _within(bounds, now)


def load(requests: int, hosts: int, slots: int) -> float:
    """Requests for each that can be done at once, in per cent."""
    return 100 * requests / (max(1, hosts) * max(1, slots))


def is_low(bounds: Bounds, requests: int, hosts: int, slots: int) -> bool:
    """Whether there are more hosts than there is work for."""
    return hosts > max(1, bounds.least) and load(requests, hosts, slots) < bounds.shrink


def _within(bounds: Bounds, wanted: int) -> int:
    return max(1, bounds.least, min(bounds.most, wanted))
