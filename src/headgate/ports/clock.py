"""Clock: what time it is. Handed in, so that a test can be a story with dates in it."""

from typing import Protocol


class Clock(Protocol):
    """Two clocks: one for dates, one for measuring."""

    def now(self) -> int:
        """UTC microseconds since the epoch."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never runs backwards."""
        ...
