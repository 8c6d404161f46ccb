"""Lists: a page of 100 jobs over `/hpc` out of 1,000,000 stored ones and out of 1,000.

First, middle and last page; by continuation (`x-ms-continuation-queryId`) and by `startRow` with the exact
row count; sorted by Id, ChangeTime and Owner; all jobs and those of one state. Every combination is asked for
1,000 times on one connection and shows the p99. The two servers are asked in turns, a hundred requests each,
so that what else the machine does falls on both alike. A middle or last page is one of a few neighbours.
"""

import random
import time
from itertools import product
from statistics import median
from typing import NamedTuple

from benchmarks import stored
from benchmarks.bench import Bench, p99, under
from benchmarks.rig import Rig, serving

P99_MS = 20
RATIO = 1.5
PAGE = 100
TURN = 100
STRIDE = 10_000
SORTS = ("Id", "ChangeTime", "Owner")
FILTERS = {"all": "", "Finished": "&$filter=JobState+eq+Finished"}
PLACES = ("first", "middle", "last")
WAYS = ("continuation", "startRow")


class Combination(NamedTuple):
    """One kind of request."""

    way: str
    sort: str
    filter: str
    place: str


class Times(NamedTuple):
    """Milliseconds of one round of one combination, at few jobs and at many."""

    few: list[float]
    many: list[float]


COMBINATIONS = [Combination(*each) for each in product(WAYS, SORTS, FILTERS, PLACES)]
Rounds = dict[Combination, list[Times]]


def measure(bench: Bench) -> None:
    """See the module."""
    many, few = bench.size(1_000_000, 20_000), 1_000
    each = bench.size(1_000, 100)
    rounds: Rounds = {one: [] for one in COMBINATIONS}
    with (
        serving(stored.folder_of(bench, few)) as small,
        serving(stored.folder_of(bench, many)) as large,
    ):
        askers = _Asker(small), _Asker(large)
        for _ in bench.each_round():
            for one in COMBINATIONS:
                times = Times([], [])
                for _ in range(max(1, each // TURN)):
                    for asker, took in zip(askers, times, strict=True):
                        took += asker.times(one, min(each, TURN))
                rounds[one].append(times)
    _report(bench, rounds, many, few)


def _report(bench: Bench, rounds: Rounds, many: int, few: int) -> None:
    """A line for each list, of the slowest of its three places, and the worst of all."""
    slowest, ratios, typical = [], [], []
    for way, sort, wanted in product(WAYS, SORTS, FILTERS):
        places = {place: rounds[Combination(way, sort, wanted, place)] for place in PLACES}
        late = {place: [p99(times.many) for times in found] for place, found in places.items()}
        place = max(late, key=lambda name: median(late[name]))
        note = ", ".join(f"{name} {median(values):.1f}" for name, values in late.items())
        name = f"list of {many:,}: {way}, by {sort}, {wanted}"
        slowest.append(bench.report(name, "ms p99", late[place], under(P99_MS), note).median)
        for found in places.values():
            ratios.append(median(p99(times.many) / p99(times.few) for times in found))
            typical.append(median(median(times.many) / median(times.few) for times in found))
    bench.report("lists: the slowest page", "ms p99", [max(slowest)], under(P99_MS))
    bench.report(f"lists: p99 to p99 at {few:,}, the largest", "times", [max(ratios)], under(RATIO))
    bench.report(f"lists: median to median at {few:,}, the largest", "times", [max(typical)], under(RATIO))


def exercise(rig: Rig, each: int) -> None:
    """Ask a server for all kinds of pages."""
    asker = _Asker(rig)
    for one in COMBINATIONS:
        asker.times(one, each)


class _Asker:
    """A connection to one server, and the requests that stand for each combination."""

    def __init__(self, rig: Rig) -> None:
        self._client = rig.client()
        self._chance = random.Random(1)
        self._requests: dict[Combination, list[bytes]] = {}
        self._followed: dict[str, dict[int, str]] = {}

    def times(self, one: Combination, count: int) -> list[float]:
        """Milliseconds of so many requests."""
        requests = self._requests.get(one)
        if requests is None:
            requests = self._requests[one] = [self._client.prepared("GET", path) for path in self._paths(one)]
            for request in requests:
                assert self._client.exchange(request).status == 200, request
        took = []
        for _ in range(count):
            request = self._chance.choice(requests)
            began = time.perf_counter()
            answer = self._client.exchange(request)
            took.append((time.perf_counter() - began) * 1000)
            assert answer.status == 200, answer
        return took

    def _paths(self, one: Combination) -> list[str]:
        asked = f"/hpc/jobs?sortJobsBy={one.sort}{FILTERS[one.filter]}"
        page = f"{asked}&rowsPerRead={PAGE}"
        counted = self._client.ask("GET", f"{asked}&rowsPerRead=1&startRow=0&properties=Id")
        total = int(counted.header("x-ms-row-count"))
        row = {"first": 0, "middle": total // 2, "last": max(0, total - PAGE)}[one.place]
        if one.way == "startRow":
            starts = {row, max(0, row - 37), max(0, row - 5 * PAGE)} if one.place == "middle" else {row}
            return [f"{page}&startRow={start}" for start in sorted(starts)]
        if one.place == "first":
            return [page]
        token = self._token(asked, row)
        return [f"{page}&queryId={token}"]

    def _token(self, asked: str, row: int) -> str:
        """The continuation of a list behind so many rows: by way of long strides, as any client could, on
        from where this list has been followed to before.
        """
        known = self._followed.setdefault(asked, {0: ""})
        at = max(place for place in known if place <= row)
        while at < row:
            rows = min(row - at, STRIDE)
            following = f"&queryId={known[at]}" if at else ""
            answer = self._client.ask("GET", f"{asked}&rowsPerRead={rows}&properties=Id{following}")
            at += rows
            known[at] = answer.header("x-ms-continuation-queryId")
        return known[row]
