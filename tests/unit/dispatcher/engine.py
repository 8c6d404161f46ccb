"""FakeEngine: an honest engine in memory, whose time and misfortunes a test decides.

A command line tells how a run goes: `sleep 5` takes five seconds, `exit 3` ends with 3, `wait` lasts until
the test ends it; anything else is over at once. Runs of one lane follow one another. `starts` counts how
often each run was really started, whatever was reported of it.
"""

import asyncio
import re
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msgspec.structs import replace

from headgate.core.errors import EngineUnavailable
from headgate.core.launch import Launch
from headgate.ports.engine import (
    Ability,
    Accepted,
    Ended,
    Ending,
    Fault,
    Found,
    Key,
    NodeSighting,
    Refused,
    Sighting,
    Sightings,
    Started,
    Submission,
    Uncertain,
)

Answer = Literal["accept", "refuse", "uncertain", "uncertain but taken", "half taken"]


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.microseconds = 1_750_000_000_000_000

    def now(self) -> int:
        return self.microseconds

    def monotonic(self) -> float:
        return self.microseconds / 1e6

    def advance(self, seconds: float) -> None:
        self.microseconds += round(seconds * 1e6)


@dataclass
class Run:
    """One instance that the engine has taken."""

    key: Key
    tag: str
    lane: int
    launch: Launch
    nodes: tuple[str, ...]
    cores: tuple[tuple[str, int], ...]
    state: Literal["waiting", "running", "ended"] = "waiting"
    started_at: int | None = None
    forced: bool | None = None
    """Whether it was told to stop, and how."""

    @property
    def who(self) -> tuple[int, int, int]:
        """(job, task, instance), as the run itself is told."""
        told = dict(self.launch.environment)
        return int(told["CCP_JOBID"]), int(told["CCP_TASKID"]), int(told["CCP_TASKINSTANCEID"])

    @property
    def script(self) -> str:
        return self.launch.script.decode()

    @property
    def lasts(self) -> float | None:
        """Seconds; None: until it is ended."""
        if "wait" in self.script:
            return None
        found = re.search(r"sleep ([\d.]+)", self.script)
        return float(found[1]) if found else 0.0

    @property
    def exit_code(self) -> int:
        found = re.search(r"exit (-?\d+)", self.script)
        return int(found[1]) if found else 0


@dataclass
class Told:
    """A stop that the engine was told of."""

    keys: tuple[Key, ...]
    stop_signal: str
    grace_s: float
    forced: bool


@dataclass
class FakeEngine:
    """See the module."""

    clock: Clock
    machines: list[NodeSighting] = field(default_factory=lambda: [node("n1", cores=4)])
    name: str = "local"
    abilities: frozenset[Ability] = frozenset(
        {Ability.NODE_STATE, Ability.LIVE_OUTPUT, Ability.RECALL, Ability.WALL_TIME}
    )

    def __post_init__(self) -> None:
        self.runs: dict[Key, Run] = {}
        self.starts: Counter[tuple[int, int, int]] = Counter()
        self.launches: list[Run] = []
        self.submitted: list[Submission] = []
        self.told: list[Told] = []
        self.recalled: list[Key] = []
        self.failing: Counter[str] = Counter()
        """How many calls of each method fail before one works again."""
        self.hanging: set[str] = set()
        self.answers: deque[Answer] = deque()
        self.stubborn = False
        """Runs heed only force."""
        self.holding_back = False
        self.certain = True
        self.patience = 0.0
        self.repeat = 1
        self.reorder: Callable[[list[Sighting]], list[Sighting]] = lambda seen: seen
        self.calls = 0
        self._reports: list[tuple[int, Sighting]] = []
        self._number = 0
        self._news = asyncio.Event()

    # ---- the port

    async def open(self) -> None:
        await self._call("open")

    async def close(self) -> None:
        return

    async def nodes(self) -> Sequence[NodeSighting]:
        await self._call("nodes")
        return self.machines

    async def submit(self, submissions: Sequence[Submission]) -> Sequence[Accepted | Refused | Uncertain]:
        try:
            await self._call("submit")
        except EngineUnavailable as error:
            return [Uncertain(error.text)] * len(submissions)
        return [self._submit(one) for one in submissions]

    def _submit(self, one: Submission) -> Accepted | Refused | Uncertain:
        self.submitted.append(one)
        answer = self.answers.popleft() if self.answers else "accept"
        if answer == "refuse":
            return Refused("I do not like it")
        if answer == "uncertain":
            return Uncertain("who knows")
        items = one.items[: (len(one.items) + 1) // 2] if answer == "half taken" else one.items
        for item in items:
            key = Key(one.intent, item.instance)
            assert key not in self.runs, f"{key} was handed over twice"
            cores = tuple((share.node, core) for share in one.placement.shares for core in share.cores)
            self.runs[key] = Run(key, one.tag, one.lane, item.launch, one.placement.nodes, cores)
        self.proceed()
        return Accepted() if answer == "accept" else Uncertain("who knows")

    async def find(self, tags: Mapping[int, str]) -> Mapping[int, Found]:
        await self._call("find")
        taken: dict[int, set[int]] = {intent: set() for intent in tags}
        for key, run in self.runs.items():
            if key.intent in tags:
                assert run.tag == tags[key.intent]
                taken[key.intent].add(key.instance)
        return {intent: Found(frozenset(mine), certain=self.certain) for intent, mine in taken.items()}

    async def observe(self, since: int) -> Sightings:
        await self._call("observe", counts=False)
        self._reports = [(number, seen) for number, seen in self._reports if number > since]
        if self.patience and (not self._reports or self.holding_back):
            self._news.clear()
            try:
                async with asyncio.timeout(self.patience):
                    await self._news.wait()
            except TimeoutError:
                pass
        if self.holding_back or not self._reports:
            return Sightings(since, ())
        seen = self.reorder([one for _, one in self._reports for _ in range(self.repeat)])
        return Sightings(self._reports[-1][0], tuple(seen))

    async def cancel(self, keys: Collection[Key], *, stop_signal: str, grace_s: float, forced: bool) -> None:
        await self._call("cancel")
        self.told.append(Told(tuple(keys), stop_signal, grace_s, forced))
        for key in keys:
            run = self.runs.get(key)
            if run is None or run.state == "ended":
                continue
            run.forced = forced or bool(run.forced)
            if run.state == "waiting":
                self._end(run, Ending.NEVER_STARTED)
            elif forced or not self.stubborn:
                self._end(run, Ending.STOPPED)
        self.proceed()

    async def allow(self, wall_times: Mapping[Key, float | None]) -> None:
        await self._call("allow")
        for key, wall_time_s in wall_times.items():
            run = self.runs.get(key)
            if run is not None and run.state != "ended":
                run.launch = replace(run.launch, wall_time_s=wall_time_s)

    async def recall(self, keys: Collection[Key]) -> None:
        await self._call("recall")
        for key in keys:
            run = self.runs.get(key)
            if run is not None and run.state == "waiting":
                self.recalled.append(key)
                self._end(run, Ending.NEVER_STARTED)

    async def _call(self, what: str, *, counts: bool = True) -> None:
        self.calls += counts
        if what in self.hanging:
            await asyncio.Event().wait()
        if self.failing[what]:
            self.failing[what] -= 1
            raise EngineUnavailable(f"{what} fails")

    # ---- what happens on the machines

    def proceed(self) -> None:
        """Start the first waiting run of each free lane, and end what is over."""
        while self._proceed():
            pass

    def _proceed(self) -> bool:
        now, moved = self.clock.now(), False
        busy = {run.lane for run in self.runs.values() if run.state == "running"}
        for run in list(self.runs.values()):
            if run.state == "waiting" and run.lane not in busy:
                busy.add(run.lane)
                self._start(run)
                moved = True
            if run.state == "running" and self._over(run, now):
                moved = True
        return moved

    def _start(self, run: Run) -> None:
        here = {core for other in self.runs.values() if other.state == "running" for core in other.cores}
        assert not here & set(run.cores), f"{run.who} was given cores that others use"
        assert run.who not in self.running(), f"{run.who} runs already"
        run.state, run.started_at = "running", self.clock.now()
        self.starts[run.who] += 1
        self.launches.append(run)
        self._report(Started(run.key.intent, run.key.instance, run.started_at, f"pid-{len(self.launches)}"))

    def _over(self, run: Run, now: int) -> bool:
        elapsed = (now - (run.started_at or now)) / 1e6
        limit = run.launch.wall_time_s
        if limit is not None and elapsed >= limit and (run.lasts is None or run.lasts > limit):
            self._end(run, Ending.WALL_TIME)
        elif run.lasts is not None and elapsed >= run.lasts:
            self._end(run, Ending.EXITED, exit_code=run.exit_code)
        else:
            return False
        return True

    def _end(
        self,
        run: Run,
        ending: Ending,
        *,
        exit_code: int | None = None,
        signal: int | None = None,
        fault: Fault = Fault.NONE,
        reason: str = "",
        output: bytes = b"",
    ) -> None:
        run.state = "ended"
        self._report(
            Ended(
                intent=run.key.intent,
                instance=run.key.instance,
                ending=ending,
                at=self.clock.now(),
                started_at=run.started_at,
                exit_code=exit_code,
                signal=signal,
                fault=fault,
                reason=reason,
                output=output,
                native="pid",
            )
        )

    def _report(self, seen: Sighting) -> None:
        self._number += 1
        self.calls += 1
        self._reports.append((self._number, seen))
        self._news.set()

    # ---- what a test decides

    def report(self, seen: Sighting) -> None:
        """Say something, true or not."""
        self._report(seen)

    def live(self) -> list[Run]:
        """What runs now, in the order in which it was handed over."""
        return [run for run in self.runs.values() if run.state == "running"]

    def waiting(self) -> list[Run]:
        return [run for run in self.runs.values() if run.state == "waiting"]

    def running(self) -> list[tuple[int, int, int]]:
        """(job, task, instance) of what runs now."""
        return sorted(run.who for run in self.live())

    def run_of(self, job: int, task: int = 1, instance: int = 0) -> Run:
        """The run of this instance that is going on."""
        (found,) = [run for run in self.live() if run.who == (job, task, instance)]
        return found

    def end(
        self,
        job: int,
        task: int = 1,
        instance: int = 0,
        *,
        exit_code: int | None = 0,
        ending: Ending = Ending.EXITED,
        signal: int | None = None,
        fault: Fault = Fault.NONE,
        reason: str = "",
        output: bytes = b"",
    ) -> None:
        """End a run that is going on."""
        self._end(
            self.run_of(job, task, instance),
            ending,
            exit_code=exit_code if ending is Ending.EXITED else None,
            signal=signal,
            fault=fault,
            reason=reason,
            output=output,
        )
        self.proceed()

    def end_all(self, exit_code: int = 0) -> None:
        """End whatever runs now."""
        for run in self.live():
            self._end(run, Ending.EXITED, exit_code=exit_code)
        self.proceed()

    def reboot(self) -> None:
        """Everything is gone: runs, reports, records."""
        self.runs.clear()
        self._reports.clear()
        self.certain = False

    def count(self, job: int) -> int:
        """How many runs of a job were started."""
        return sum(n for (mine, _, _), n in self.starts.items() if mine == job)


def node(
    name: str, *, cores: int = 4, groups: tuple[str, ...] = ("ComputeNodes",), **more: int
) -> NodeSighting:
    """A node; 8 GiB unless told otherwise."""
    sockets, gpus = more.get("sockets", 1), more.get("gpus", 0)
    memory_mb = more.get("memory_mb", 8192)
    return NodeSighting(
        name=name, cores=cores, sockets=sockets, gpus=gpus, memory_mb=memory_mb, groups=groups
    )
