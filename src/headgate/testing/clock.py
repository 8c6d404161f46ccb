"""A clock that stands still until a test moves it."""

import msgspec

MICROSECONDS = 1_000_000
MORNING = 1_767_254_400 * MICROSECONDS
"""2026-01-01 08:00 UTC."""


class TestClock(msgspec.Struct):
    """`ports.Clock`. Both of its times move together."""

    __test__ = False

    microseconds: int = MORNING
    seconds: float = 1000.0

    def now(self) -> int:
        """See ports.Clock."""
        return self.microseconds

    def monotonic(self) -> float:
        """See ports.Clock."""
        return self.seconds

    def pass_time(self, seconds: float) -> None:
        """Let this much time pass."""
        self.seconds += seconds
        self.microseconds += round(seconds * MICROSECONDS)
