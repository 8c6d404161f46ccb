"""Doubts: parts that were given to sbatch without an answer. Whether Slurm has them is decided by looking.

That a part is not there is believed only when two whole looks, `settle_s` apart, have not found it, the first
of them so long after sbatch had ended; and when it can't have come and gone meanwhile: where records are
kept, there is none (a run makes one before anything else); elsewhere, less time has passed than Slurm
remembers jobs for. Otherwise it is lost, and never run again.

An sbatch that belongs to another account can't be killed by a server that is not root: while it is there,
looks that do not find the part count for nothing. After `PATIENCE_S` the part is lost: its owner may keep it
there, and all others wait.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from headgate.engines.slurm.parts import Part

MARGIN_S: Final = 2.0
"""Of what Slurm remembers so much is left alone: clocks and rounding."""

PATIENCE_S: Final = 600.0
"""How long an sbatch that can't be killed is waited for."""


class Finding(Enum):
    """What has become of a part in doubt."""

    THERE = "there"
    ABSENT = "absent"
    LOST = "lost"


@dataclass(slots=True)
class Doubt:
    """added: when it came up. since: when sbatch was certainly dead. tried: when it was called, None:
    longer ago than anybody remembers. first_look: of those that did not find it.
    """

    part: Part
    reason: str
    added: float
    since: float
    tried: float | None
    first_look: float | None = None


class Doubts:
    """See the module. Times are monotonic. lives: whether an sbatch is there still that has this part."""

    def __init__(
        self,
        clock: Callable[[], float],
        settle_s: float,
        lives: Callable[[Part], bool] = lambda _: False,
    ) -> None:
        self._clock = clock
        self._settle_s = settle_s
        self._lives = lives
        self._open: dict[str, Doubt] = {}

    @property
    def open(self) -> bool:
        """Whether there are any."""
        return bool(self._open)

    def about(self, part: str) -> bool:
        """Whether this part is in doubt."""
        return part in self._open

    def add(self, part: Part, reason: str, tried: float | None) -> None:
        """sbatch has ended, by now, without an answer. tried: when it was called; None: nobody knows."""
        now = self._clock()
        self._open[part.name] = Doubt(part, reason, now, now, tried)

    def look(
        self,
        found: Mapping[str, int],
        recorded: Callable[[Part], int] | None,
        began: float,
        memory_s: float,
    ) -> list[tuple[Part, Finding, int, str]]:
        """Decide, after a look that began at this time. found: job by part, of all that Slurm has in memory.
        recorded: the job that has left records of a part (0: none); None where records are not kept.
        memory_s: how long Slurm remembers a job that has ended.
        """
        decided: list[tuple[Part, Finding, int, str]] = []
        for name, doubt in list(self._open.items()):
            job = found.get(name, 0) or (recorded(doubt.part) if recorded is not None else 0)
            if job:
                decided.append((doubt.part, Finding.THERE, job, doubt.reason))
            elif self._lives(doubt.part):
                doubt.since, doubt.first_look = self._clock(), None
                if doubt.since < doubt.added + PATIENCE_S:
                    continue
                decided.append((doubt.part, Finding.LOST, 0, f"{doubt.reason}, and is there still"))
            elif began < doubt.since + self._settle_s:
                continue
            elif doubt.first_look is None:
                doubt.first_look = began
                continue
            elif began < doubt.first_look + self._settle_s:
                continue
            else:
                sure = recorded is not None or (
                    doubt.tried is not None and began - doubt.tried < memory_s - MARGIN_S
                )
                decided.append((doubt.part, Finding.ABSENT if sure else Finding.LOST, 0, doubt.reason))
            del self._open[name]
        return decided
