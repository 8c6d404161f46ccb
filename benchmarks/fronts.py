"""The same load on a server that does HTTP itself and on one with a front, in turns; and what a request costs
each process.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import machine
from benchmarks.bench import Bench, Figure, Target
from benchmarks.rig import Rig, serving
from benchmarks.wrk import Load


class Turn:
    """One of the two servers. label: behind the name of its figure; empty without fronts."""

    def __init__(self, rig: Rig, label: str) -> None:
        self.rig = rig
        self.label = label
        self.loads: list[Load] = []
        self._core = self._fronts = 0.0

    def load(self, run: Callable[[Rig], Load]) -> None:
        """Put it under load once, and take note of what that cost."""
        before = self._spent()
        self.loads.append(run(self.rig))
        after = self._spent()
        self._core += after[0] - before[0]
        self._fronts += after[1] - before[1]

    def report(self, bench: Bench, name: str, unit: str, target: Target | None = None) -> Figure:
        """Keep the figure. The target is for the server without fronts."""
        requests = sum(load.requests for load in self.loads)
        cost = f"{1e6 * self._core / requests:.0f} us of the server a request"
        if self.label:
            cost += f", {1e6 * self._fronts / requests:.0f} us of the front"
        note = f"p99 of one request {max(load.p99_ms for load in self.loads):.1f} ms; {cost}"
        rates = [load.rate for load in self.loads]
        return bench.report(name + self.label, unit, rates, None if self.label else target, note)

    def _spent(self) -> tuple[float, float]:
        return machine.spent(self.rig.pid).own, sum(machine.spent(pid).own for pid in self.rig.fronts)


@contextmanager
def with_and_without(folder: Path, *, tls: bool = False) -> Iterator[tuple[Turn, Turn]]:
    """Both servers, ready, their nodes offline, on folders beside this one. tls: see rig.serving."""
    with (
        serving(folder, fronts=0, tls=tls) as plain,
        serving(folder.with_name(f"{folder.name}-front"), fronts=1, tls=tls) as fronted,
    ):
        yield Turn(plain, ""), Turn(fronted, ", one front")
