"""Lines: who has as many jobs with Slurm as he may have waits here with the rest until there is room.

Slurm refuses a job that would be one too many (MaxSubmitJobs and its like), and does not say when there is
room again: one has to ask. All that the same limits apply to (one owner, account, QOS and partition) stands
in one line, in the order in which it came, and one of it is tried at a time: at once after one that was
taken, soon after a run of the same owner has ended, else later and later.
"""

import bisect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from msgspec import Struct

FIRST_PAUSE_S: Final = 2.0
LONGEST_PAUSE_S: Final = 30.0
ROOM_S: Final = 1.0
"""When a run has ended others may end as well, and there is room for more of an array in one piece."""


class Whose(Struct, frozen=True):
    """What a limit of Slurm's can apply to."""

    uid: int
    account: str
    qos: str
    partition: str


class Standing(Struct, frozen=True, order=True):
    """A part in a line. number, first: its place there."""

    number: int
    first: int
    name: str
    intent: int


@dataclass(slots=True)
class _Line:
    reason: str
    due: float
    """When the next one is tried (the clock of Lines)."""
    pause: float = FIRST_PAUSE_S
    sent: str = ""
    """The part that is being tried."""
    full: bool = False
    """The last one was refused; else what stands here does so for reasons of its own (`turns`)."""
    standing: list[Standing] = field(default_factory=list)


class Lines:
    """See the module. clock: monotonic."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lines: dict[Whose, _Line] = {}
        self._reasons: Mapping[int, str] | None = {}

    def holds(self, whose: Whose, name: str) -> bool:
        """Whether this part has to stand in line: there is one, and it is not its turn."""
        line = self._lines.get(whose)
        return line is not None and line.sent != name

    def join(self, whose: Whose, *some: Standing) -> None:
        """Stand in a line that there is."""
        line = self._lines[whose]
        for one in some:
            bisect.insort(line.standing, one)
        if not line.full:
            line.due = self._clock()
        self._reasons = None

    def full(self, whose: Whose, name: str, reason: str, *some: Standing, smaller: bool) -> None:
        """The limit is reached: this part waits for it, as these. smaller: they are less, and may fit."""
        line = self._lines.get(whose)
        if line is None:
            line = self._lines[whose] = _Line(reason, self._clock(), sent=name)
        self.join(whose, *some)
        line.reason = reason
        if line.sent != name:
            return
        line.sent, line.full = "", not smaller
        if line.full:
            line.due = self._clock() + line.pause
            line.pause = min(2 * line.pause, LONGEST_PAUSE_S)

    def room(self, uid: int) -> None:
        """Something of this owner's has ended: there may be room."""
        for whose, line in self._lines.items():
            if whose.uid == uid:
                line.due = min(line.due, self._clock() + ROOM_S)

    def over(self, whose: Whose, name: str, *, taken: bool = False) -> None:
        """Whatever became of this part, it was its turn: the next one."""
        line = self._lines.get(whose)
        if line is None or line.sent != name:
            return
        line.sent, line.due = "", self._clock()
        if taken:
            line.pause, line.full = FIRST_PAUSE_S, False
        if not line.standing:
            del self._lines[whose]
        self._reasons = None

    def turns(self, may: Callable[[str], bool]) -> list[str]:
        """The names of those whose turn has come. may: whether a part can go before what stands behind it."""
        found = []
        now = self._clock()
        for line in self._lines.values():
            if line.sent or line.due > now:
                continue
            place = next((n for n, one in enumerate(line.standing) if may(one.name)), None)
            if place is None:
                line.due = now + line.pause
                continue
            line.sent = line.standing.pop(place).name
            found.append(line.sent)
        return found

    def wait_s(self) -> float | None:
        """How long it is until somebody's turn comes; None: nobody's comes by itself."""
        due = [line.due for line in self._lines.values() if not line.sent]
        return max(0.0, min(due) - self._clock()) if due else None

    @property
    def reasons(self) -> Mapping[int, str]:
        """Why what stands in line does so, by intents; the same object while nothing has changed."""
        if self._reasons is None:
            self._reasons = {
                one.intent: line.reason for line in self._lines.values() for one in line.standing
            }
        return self._reasons
