"""Metrics in Prometheus' text form. Counted where it happens; what only the store knows is asked when
somebody scrapes.

`/metrics` is for operators: numbers of jobs and users' habits are nobody else's business, on loopback
neither.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from headgate.core.states import JobState

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
# A keyed look-up takes well under a millisecond, a durable change a few, a full page some more.
SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5, 30)
EVENTS: Final = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 1024)


class Loads(Collector):
    """Faces that take only so many requests at once: (in progress, refused) by face, as they say it."""

    def __init__(self) -> None:
        self.known: Mapping[str, tuple[int, int]] = {}

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        now = GaugeMetricFamily(
            "headgate_limited_requests", "Requests in progress of faces with a limit.", labels=("face",)
        )
        over = CounterMetricFamily(
            "headgate_limited_requests_refused",
            "Requests refused because a face had as many as it takes.",
            labels=("face",),
        )
        for face, (in_progress, refused) in self.known.items():
            now.add_metric((face,), in_progress)
            over.add_metric((face,), refused)
        yield now
        yield over


class FrontFigures(Collector):
    """Processes that do HTTP for the server (`fronts`), told by whoever keeps them.

    connections: open ones, of all that run. ended: so many ended unasked.
    """

    def __init__(self) -> None:
        self.running = self.connections = self.ended = 0

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        yield GaugeMetricFamily("headgate_fronts", "Fronts that take connections.", self.running)
        yield GaugeMetricFamily("headgate_front_connections", "Connections of all fronts.", self.connections)
        yield CounterMetricFamily("headgate_fronts_ended", "Fronts that ended unasked.", self.ended)


class Metrics:
    """All metrics of one server, in a registry of their own: several servers may live in one test process.

    fronts: where there are any.
    """

    def __init__(self, fronts: FrontFigures | None = None) -> None:
        self._registry = CollectorRegistry()
        if fronts is not None:
            self._registry.register(fronts)
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "headgate_requests",
            "Requests answered, by face and status.",
            ("face", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "headgate_request_seconds", "Time to answer.", ("face",), buckets=SECONDS, registry=self._registry
        )
        self._jobs = Gauge("headgate_jobs", "Jobs stored, by state.", ("state",), registry=self._registry)
        self._commits = Histogram(
            "headgate_commit_events",
            "Events written by one commit (changes that came together share one).",
            buckets=EVENTS,
            registry=self._registry,
        )
        self._websockets = Gauge("headgate_websockets", "WebSockets that are open.", registry=self._registry)
        self._ready = Gauge("headgate_ready", "1 when jobs are being dispatched.", registry=self._registry)
        self._loads = Loads()
        self._registry.register(self._loads)
        # Children are looked up by label under a lock; kept, a request pays for a dictionary look-up.
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def request(self, face: str, status: int, seconds: float) -> None:
        """A request was answered."""
        known = self._known.get((face, status))
        if known is None:
            known = (self._requests.labels(face, str(status)), self._seconds.labels(face))
            self._known[(face, status)] = known
        known[0].inc()
        known[1].observe(seconds)

    def commit(self, events: int) -> None:
        """A commit is on disk."""
        self._commits.observe(events)

    def text(
        self,
        *,
        jobs: Mapping[JobState, int],
        ready: bool,
        websockets: int = 0,
        loads: Mapping[str, tuple[int, int]] | None = None,
    ) -> bytes:
        """What a scraper is answered. loads: (in progress, refused) of faces with a limit."""
        self._loads.known = loads or {}
        for state in JobState:
            self._jobs.labels(state.name.lower()).set(jobs.get(state, 0))
        self._ready.set(ready)
        self._websockets.set(websockets)
        return generate_latest(self._registry)
