"""What is measured of nodes, and how jobs have ended: now and over the last week. Every user may read it.

Spec hpcpack-2016, section 6. Samples are taken by the dispatcher once a minute (`dispatcher.measuring`); the
cores in use are read from the book of what was handed out.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from headgate.core.errors import BadRequest
from headgate.core.figures import Figure, Sample
from headgate.core.model import Intent
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.ports.identity import Caller
from headgate.ports.store import Reader, Store

US_OF_A_MINUTE: Final = 60_000_000
US_OF_AN_HOUR: Final = 60 * US_OF_A_MINUTE
KEPT_US: Final = 7 * 24 * US_OF_AN_HOUR
"""How long samples and counts of ended jobs are kept."""
FRESH_US: Final = 3 * US_OF_A_MINUTE
"""A figure that is older is no longer told as what is now."""
MOST_VALUES: Final = 50_000
"""Of one history, over all nodes: where there are more, neighbours become their mean."""
_TOGETHER: Final = 500


class Series(Struct, frozen=True):
    """One thing over time: (UTC microseconds, value) in order."""

    name: str
    values: Sequence[tuple[int, float]]


class Metrics:
    """See the module. now: UTC microseconds."""

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now

    async def current(
        self, caller: Caller, figures: Collection[Figure]
    ) -> Mapping[str, Mapping[Figure, float]]:
        """These figures of each node; those that are not known are left out, and all of unreachable nodes."""
        since = self._now() - FRESH_US

        def look(reader: Reader) -> Mapping[str, Mapping[Figure, float]]:
            nodes = reader.nodes()
            reachable = [node.name for node in nodes if node.reachable]
            found: dict[str, dict[Figure, float]] = {node.name: {} for node in nodes}
            for figure in figures:
                if figure is Figure.CORES_IN_USE:
                    values: Mapping[str, float] = cores_in_use(reachable, reader.intents())
                else:
                    sample = reader.last_sample(figure)
                    values = sample.values if sample is not None and sample.at >= since else {}
                for name in reachable:
                    if name in values:
                        found[name][figure] = values[name]
            return found

        return await self._store.read(look)

    async def history(self, caller: Caller, figure: Figure, first: int, last: int) -> Sequence[Series]:
        """A figure of each node from one time to another, both inclusive. Raises BadRequest."""
        if first > last:
            raise BadRequest("The time a history begins at is not after the one it ends at.")
        first, last = max(first, self._now() - KEPT_US), min(last, self._now())
        return await self._store.read(lambda reader: _series(reader, figure, first, last))

    async def jobs(self, caller: Caller) -> tuple[int, int, Mapping[JobState, Sequence[tuple[int, int]]]]:
        """(from, to, how many jobs reached each final state in each hour that began between the two)."""
        last = self._now()
        first_hour = -(-(last - KEPT_US) // US_OF_AN_HOUR)
        found: dict[JobState, list[tuple[int, int]]] = {state: [] for state in sorted(FINAL_JOB_STATES)}
        for ended in await self._store.read(lambda reader: reader.job_endings(first_hour=first_hour)):
            found[ended.state].append((ended.hour * US_OF_AN_HOUR, ended.n))
        return first_hour * US_OF_AN_HOUR, last, found


def cores_in_use(nodes: Iterable[str], intents: Iterable[Intent]) -> dict[str, float]:
    """How many cores of each of these nodes work is placed on. Runs that follow one another share theirs."""
    cores: dict[str, set[int]] = {name: set() for name in nodes}
    for intent in intents:
        for share in intent.shares:
            if share.node in cores:
                cores[share.node].update(share.cores)
    return {name: float(len(mine)) for name, mine in cores.items()}


def _series(reader: Reader, figure: Figure, first: int, last: int) -> list[Series]:
    """Read in portions, and thinned while it is read, so that a week of many nodes stays small."""
    step = _step(len(reader.nodes()), last - first)
    sums: dict[str, dict[int, tuple[int, float, int]]] = {}
    while samples := reader.samples(figure, first=first, last=last, limit=_TOGETHER):
        for sample in samples:
            _add(sums, sample, step)
        first = samples[-1].at + 1
    return [
        Series(name, [(at, total / n) for at, total, n in stretches.values()])
        for name, stretches in sorted(sums.items(), key=lambda one: one[0].casefold())
    ]


def _step(nodes: int, span_us: int) -> int:
    """Minutes that make one value."""
    return max(1, -(-(span_us // US_OF_A_MINUTE) * nodes // MOST_VALUES))


def _add(sums: dict[str, dict[int, tuple[int, float, int]]], sample: Sample, step: int) -> None:
    stretch = sample.at // (step * US_OF_A_MINUTE)
    for name, value in sample.values.items():
        mine = sums.setdefault(name, {})
        # Where a stretch is one minute, two samples may share it: both are kept by their own time.
        key = sample.at if step == 1 else stretch
        at, total, n = mine.get(key, (sample.at, 0.0, 0))
        mine[key] = (at, total + value, n + 1)
