"""How many mails are sent: about one user's jobs in an hour, and in all in a minute. Pure; monotonic time."""

from collections import deque
from typing import Final

HOUR_S: Final = 3600.0
MINUTE_S: Final = 60.0


class PerUser:
    """At most so many for each user within any hour. What is more is not sent at all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: dict[str, deque[float]] = {}
        self._told: dict[str, float] = {}

    def take(self, user: str, now: float) -> bool:
        """Whether one more may be sent; if so, it counts."""
        taken = self._taken.setdefault(user.casefold(), deque())
        while taken and taken[0] <= now - HOUR_S:
            taken.popleft()
        if len(taken) >= self._most:
            return False
        taken.append(now)
        return True

    def tell(self, user: str, now: float) -> bool:
        """Whether to say (once an hour) that mails about this user's jobs are dropped."""
        last = self._told.get(user.casefold())
        if last is not None and last > now - HOUR_S:
            return False
        self._told[user.casefold()] = now
        return True

    def forget(self, now: float) -> None:
        """Drop what no longer counts, so that many users cost nothing."""
        self._taken = {
            user: taken for user, taken in self._taken.items() if taken and taken[-1] > now - HOUR_S
        }
        self._told = {user: at for user, at in self._told.items() if at > now - HOUR_S}


class Overall:
    """At most so many within any minute. What is more waits."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Seconds until one more may be sent; 0: now."""
        while self._taken and self._taken[0] <= now - MINUTE_S:
            self._taken.popleft()
        return 0.0 if len(self._taken) < self._most else self._taken[0] + MINUTE_S - now

    def take(self, now: float) -> None:
        """One is being sent."""
        self._taken.append(now)
