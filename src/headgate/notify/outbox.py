"""What is still to be sent, and up to where the events have been looked at. Pure.

The store remembers it as one short text: the number of the last event looked at, and the numbers of the mails
up to there that are still to be sent. So there is no moment at which a mail is in neither.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from headgate.ports.mailer import Mail

MOST: Final = 1000
"""Mails that wait at one time; while there are as many, no more events are looked at."""
LONGEST_PAUSE_S: Final = 1800.0


@dataclass(slots=True)
class Waiting:
    """A mail, when it may be tried next (monotonic), and how often it was tried."""

    mail: Mail
    due: float = 0.0
    tries: int = 0


class Outbox:
    """See the module."""

    def __init__(self, seen: int = 0) -> None:
        self.seen = seen
        self._waiting: dict[int, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether to wait with further events."""
        return len(self._waiting) >= MOST

    def add(self, mail: Mail) -> None:
        """A mail to send."""
        self._waiting.setdefault(mail.number, Waiting(mail))

    def done(self, number: int) -> None:
        """A mail has been sent, or never will be."""
        self._waiting.pop(number, None)

    def later(self, mail: Mail, now: float, retry_s: float) -> None:
        """It is to be tried again, each time after twice as long."""
        waiting = self._waiting[mail.number]
        waiting.mail = mail
        waiting.due = now + pause(waiting.tries, retry_s)
        waiting.tries += 1

    def next(self, now: float) -> Mail | None:
        """The first mail that may be tried now."""
        return next((one.mail for one in self._waiting.values() if one.due <= now), None)

    def due(self) -> float | None:
        """When the next mail may be tried; None when there is none."""
        return min((one.due for one in self._waiting.values()), default=None)

    def text(self) -> str:
        """What the store remembers."""
        return " ".join(map(str, (self.seen, *sorted(self._waiting))))


def read(text: str) -> tuple[int, list[int]]:
    """The last event looked at, and the numbers of the mails that were still to be sent."""
    seen, *numbers = map(int, text.split())
    return seen, numbers


def pause(tries: int, retry_s: float) -> float:
    """Seconds until something is tried again that failed as often before."""
    return float(min(LONGEST_PAUSE_S, retry_s * 2 ** min(tries, 20)))


def events_of(numbers: Iterable[int]) -> list[int]:
    """The events that mails are about, each once, in order."""
    return sorted({number // 2 for number in numbers})
