"""What the engine has in hand: the parts of submissions, their runs, and the reports about them.

A part is one job of Slurm's: an array, whose elements are the instances of the part by position, or a single
job. The engine alone changes these values, in one event loop.
"""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from headgate.ports.engine import Ended, Key, Sighting, Sightings


@dataclass(slots=True)
class Stop:
    """An instance was asked to end. signal: to be sent first; empty: it was, or is not wanted. kill_at: when
    it is ended by force (monotonic); None: it was.
    """

    forced: bool
    kill_at: float | None = None
    signal: str = ""


@dataclass(slots=True)
class Part:
    """See the module. job: 0 while it is not known that Slurm has it."""

    name: str
    tag: str
    intent: int
    instances: tuple[int, ...]
    uid: int
    account: str = ""
    job: int = 0
    started: set[int] = field(default_factory=set)
    ended: set[int] = field(default_factory=set)
    over: set[int] = field(default_factory=set)
    """Whose end was acknowledged."""
    stops: dict[int, Stop] = field(default_factory=dict)
    missing: dict[int, float] = field(default_factory=dict)
    """Since when (monotonic) nothing is seen of an instance that Slurm had."""
    seen: float | None = None
    """When (monotonic) Slurm certainly had it last; None: not in this life of the server."""
    unseen: set[int] = field(default_factory=set)
    """Of which nothing has been seen for so long that Slurm is asked for this job alone."""
    beside: set[int] = field(default_factory=set)
    """Ids of the other components of a heterogeneous job, as far as they were seen."""
    positions: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.positions = {instance: position for position, instance in enumerate(self.instances)}

    @property
    def is_array(self) -> bool:
        """Whether it is an array for Slurm."""
        return len(self.instances) > 1

    @property
    def lives(self) -> bool:
        """Whether any instance has not ended."""
        return len(self.ended) < len(self.instances)

    def live(self) -> Iterator[int]:
        """The instances that have not ended."""
        return (instance for instance in self.instances if instance not in self.ended)

    def elements(self, instances: Iterable[int]) -> tuple[int, ...]:
        """How scancel and scontrol name these; () for a job that is no array."""
        return tuple(self.positions[one] for one in instances) if self.is_array else ()


class Ledger:
    """All parts that are not over, and what is to be told of them."""

    def __init__(self, first_report: int) -> None:
        self.parts: dict[str, Part] = {}
        self._by_intent: dict[int, list[Part]] = {}
        self._next = first_report
        self._reports: list[tuple[int, Sighting]] = []
        self.news = asyncio.Event()

    def add(self, part: Part) -> None:
        """From now on it is known."""
        self.parts[part.name] = part
        self._by_intent.setdefault(part.intent, []).append(part)

    def drop(self, part: Part) -> None:
        """It is over, or never was."""
        self.parts.pop(part.name, None)
        mine = self._by_intent.get(part.intent, [])
        if part in mine:
            mine.remove(part)
        if not mine:
            self._by_intent.pop(part.intent, None)

    def of_intent(self, intent: int, tag: str | None = None) -> list[Part]:
        """The parts of an intent (with this tag)."""
        return [part for part in self._by_intent.get(intent, ()) if tag is None or part.tag == tag]

    def by_part(self, keys: Collection[Key]) -> dict[str, list[int]]:
        """The instances of these keys that have not ended, by the name of their part."""
        found: dict[str, list[int]] = {}
        for key in keys:
            for part in self._by_intent.get(key.intent, ()):
                if key.instance in part.positions and key.instance not in part.ended:
                    found.setdefault(part.name, []).append(key.instance)
        return found

    def live(self) -> list[Part]:
        """The parts of which something has not ended."""
        return [part for part in self.parts.values() if part.lives]

    # ---- reports

    def say(self, sighting: Sighting) -> None:
        """Report it, once; an end ends the instance."""
        for part in self._by_intent.get(sighting.intent, ()):
            if sighting.instance not in part.positions or sighting.instance in part.ended:
                continue
            if isinstance(sighting, Ended):
                part.ended.add(sighting.instance)
                part.stops.pop(sighting.instance, None)
                part.missing.pop(sighting.instance, None)
            elif sighting.instance in part.started:
                return
            part.started.add(sighting.instance)
            self._reports.append((self._next, sighting))
            self._next += 1
            self.news.set()
            return

    def following(self, since: int) -> Sightings:
        """What is to be told after `since`."""
        later = [(number, seen) for number, seen in self._reports if number > since]
        if not later:
            return Sightings(since, ())
        return Sightings(later[-1][0], tuple(seen for _, seen in later))

    def acknowledge(self, since: int) -> Mapping[str, list[int]]:
        """Forget what was told up to `since`. Whose end that was, by the name of the part."""
        over: dict[str, list[int]] = {}
        kept: list[tuple[int, Sighting]] = []
        for number, seen in self._reports:
            if number > since:
                kept.append((number, seen))
            elif isinstance(seen, Ended):
                for part in self._by_intent.get(seen.intent, ()):
                    if seen.instance in part.positions and seen.instance not in part.over:
                        part.over.add(seen.instance)
                        over.setdefault(part.name, []).append(seen.instance)
        self._reports = kept
        return over
