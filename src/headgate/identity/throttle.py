"""Failed attempts, counted for each user and address: after a few, the next one is not looked at for a while.

The waiting time doubles with each further failure up to a minute, and a quiet quarter of an hour forgives
all. It is bound to the address, so that guessing somebody's password from elsewhere does not lock them out.
Memory is bounded: beyond `MOST` pairs the one longest without an attempt is forgotten; to flood it, each pair
costs a password check.
"""

from collections import OrderedDict
from typing import Final

from msgspec import Struct

FREE: Final = 5
"""Failures without a consequence."""
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
FORGIVEN_AFTER_S: Final = 900.0
MOST: Final = 10_000

Key = tuple[str, str]
"""User (case folded) and address."""


class _Failures(Struct):
    count: int
    last: float


def waiting_time(failures: int) -> float:
    """Seconds after the latest of so many failures until another attempt is looked at."""
    beyond = failures - FREE
    if beyond < 0:
        return 0.0
    # The exponent is bounded before the power is taken: somebody may fail a million times.
    return float(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(beyond, 10)))


class Throttle:
    """Failures by user and address. Times are seconds of a monotonic clock."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._failures: OrderedDict[Key, _Failures] = OrderedDict()

    def wait(self, key: Key, now: float) -> float:
        """Seconds until an attempt is looked at; 0: now."""
        known = self._failures.get(key)
        if known is None:
            return 0.0
        if now - known.last >= FORGIVEN_AFTER_S:
            del self._failures[key]
            return 0.0
        return max(0.0, known.last + waiting_time(known.count) - now)

    def attempt(self, key: Key, now: float) -> None:
        """An attempt begins: it counts as failed until it succeeds, so that many at once gain nothing."""
        known = self._failures.get(key)
        if known is None:
            self._failures[key] = _Failures(1, now)
        else:
            known.count += 1
            known.last = now
            self._failures.move_to_end(key)
        while len(self._failures) > self._most:
            self._failures.popitem(last=False)

    def undecided(self, key: Key) -> None:
        """The attempt could not be looked at (the server's fault): it does not count."""
        known = self._failures.get(key)
        if known is not None:
            known.count -= 1
            if known.count <= 0:
                del self._failures[key]

    def succeeded(self, key: Key) -> None:
        """The right password: everything before is forgiven."""
        self._failures.pop(key, None)

    def __len__(self) -> int:
        return len(self._failures)
