"""The loop: wakes when something was seen or committed or time has passed, runs one cycle, then acts on
what it decided.

Two coroutines: one waits for the engine's reports, one runs the cycles. A report is acknowledged to the
engine with the next `observe`, which is after the cycle that recorded it is on disk.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from msgspec.structs import replace

from headgate.core.environment import Site
from headgate.core.errors import EngineUnavailable, HeadgateError
from headgate.core.model import Event, Node, NodeGroup
from headgate.core.states import JobState
from headgate.dispatcher.board import Board, Lane
from headgate.dispatcher.cycle import Answer, Ask, Setting, cycle, deadline_of
from headgate.dispatcher.nodes import take_nodes
from headgate.dispatcher.recovery import Open, Verdict, judge, lanes_of, open_instances
from headgate.dispatcher.winding import Stop
from headgate.ports.clock import Clock
from headgate.ports.engine import (
    Ability,
    Accepted,
    Ended,
    Ending,
    Engine,
    Fault,
    Key,
    Refused,
    Sighting,
    Sightings,
    Submission,
)
from headgate.ports.identity import Identity
from headgate.ports.store import Reader, Store, Transaction

log = structlog.get_logger("headgate.dispatcher")

_STOPPING_STATES = frozenset({int(JobState.CANCELING), int(JobState.FINISHING)})
"""The numbers are the same for jobs, tasks and instances."""
_MOST_BATCHES = 50
NODE_GROUPS = {
    "ComputeNodes": "Nodes that run jobs",
    "HeadNodes": "The node this server runs on",
    "LinuxNodes": "Nodes that run Linux",
}


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How often things are looked at, in seconds. keep_finished: how long ended jobs are kept."""

    tick: float = 0.5
    between_cycles: float = 0.002
    stuck_lane: float = 1.0
    keep_finished: float = 5 * 86400.0
    retention_every: float = 30.0
    retention_batch: int = 200
    reopen: float = 1.0


class Dispatcher:
    """Start it once; it works until stopped.

    `ready` is set when everything from an earlier life has been looked up.
    """

    def __init__(
        self,
        store: Store,
        engine: Engine,
        identity: Identity,
        clock: Clock,
        site: Site,
        *,
        owner: str = "",
        timing: Timing | None = None,
    ) -> None:
        self._store = store
        self._engine = engine
        self._identity = identity
        self._clock = clock
        self._site = site
        self._owner = owner
        self._timing = timing or Timing()
        self.ready = asyncio.Event()
        self._board = Board()
        self._setting: Setting | None = None
        self._wake = asyncio.Event()
        self._inbox: list[Sighting] = []
        self._seen: Sightings | None = None
        self._recorded = asyncio.Event()
        self._winding: set[int] = set()
        self._sent_stops: dict[Key, bool] = {}
        self._deadlines: dict[int, int] = {}
        self._doubtful: set[int] = set()
        self._nodes_changed = False
        self._new_work = True
        self._after: tuple[int, int] | None = None
        self._services: dict[tuple[int, int], int] = {}
        self._next_tick = 0.0
        self._next_retention = 0.0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Begin. Returns at once; `ready` tells when the recovery is done."""
        self._store.on_commit(self._committed)
        self._tasks = [asyncio.create_task(self._live(), name="dispatcher")]

    async def stop(self) -> None:
        """Stop looking and acting; what is running goes on running."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self._engine.close()

    # ---- beginning

    async def _live(self) -> None:
        await self._patiently("open the engine", self._engine.open)
        await self._patiently("take stock", self._take_stock)
        self.ready.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch())
            group.create_task(self._cycles())

    async def _patiently(self, what: str, act: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await act()
                return
            except HeadgateError as error:
                log.warning("not_possible_yet", what=what, reason=error.text)
                await asyncio.sleep(self._timing.reopen)

    async def _take_stock(self) -> None:
        """Take a new epoch, bring in the engine's nodes, and look up every open intent."""
        seen_nodes = await self._engine.nodes()

        def begin(tx: Transaction) -> int:
            take_nodes(tx, self._engine.name, seen_nodes)
            known = {group.name for group in tx.node_groups()}
            for name, text in NODE_GROUPS.items():
                if name not in known:
                    tx.put_node_group(NodeGroup(name, text, managed=True))
            return tx.next_epoch()

        epoch = await self._store.write(begin)
        self._setting = Setting(self._identity, self._site, self._engine.name, epoch, self._owner)
        found = await self._store.read(self._stock)
        board = Board()
        board.restore([one.intent for one in found.open], found.lanes, self._clock.monotonic())
        board.set_nodes(found.nodes)
        self._board = board
        self._winding |= found.winding
        self._deadlines.update(found.deadlines)
        await self._look_up(found.open)

    def _stock(self, reader: Reader) -> "_Stock":
        intents = [intent for intent in reader.intents() if intent.engine == self._engine.name]
        opened = [open_instances(reader, intent) for intent in intents]
        opened = [
            Open(replace(one.intent, left=len(one.instances)), one.instances)
            for one in opened
            if one.instances
        ]
        winding, deadlines, after = set(), {}, 0
        states = (JobState.RUNNING, JobState.CANCELING, JobState.FINISHING)
        while batch := reader.jobs_in(states, after=after, limit=500):
            for job in batch:
                winding.add(job.id)
                if (deadline := deadline_of(job)) is not None:
                    deadlines[job.id] = deadline
            after = batch[-1].id
        return _Stock(opened, lanes_of(reader, opened), list(reader.nodes()), winding, deadlines)

    async def _look_up(self, opened: Sequence[Open]) -> None:
        """Find out what the engine has of these intents, hand it the rest, and note what is lost."""
        if not opened:
            return
        found = await self._engine.find({one.intent.id: one.intent.tag for one in opened})

        def look(reader: Reader) -> Verdict:
            return judge(reader, opened, found, reader.nodes(), self._identity, self._site, self._clock.now())

        verdict = await self._store.read(look)
        self._inbox += verdict.sightings
        log.info(
            "looked_up",
            intents=len(opened),
            handed_over=sum(len(one.items) for one in verdict.submissions),
            lost=len(verdict.sightings),
        )
        await self._submit(verdict.submissions)

    # ---- listening

    def _committed(self, events: Sequence[Event]) -> None:
        """Called on the event loop after each commit."""
        for event in events:
            if event.job_id == 0:
                self._nodes_changed = True
            elif event.path[-1] in _STOPPING_STATES:
                self._winding.add(event.job_id)
            self._new_work = True
        if events:
            self._wake.set()

    async def _watch(self) -> None:
        """Wait for reports, one batch at a time; each is acknowledged by asking for the next."""
        since = 0
        while True:
            try:
                sightings = await self._engine.observe(since)
            except EngineUnavailable as error:
                log.warning("engine_unavailable", engine=self._engine.name, reason=error.text)
                await asyncio.sleep(self._timing.reopen)
                await self._reopen()
                continue
            if not sightings.seen:
                since = max(since, sightings.watermark)
                continue
            self._seen = sightings
            self._recorded.clear()
            self._wake.set()
            await self._recorded.wait()
            since = sightings.watermark

    async def _reopen(self) -> None:
        """The engine was gone: connect again, and look up everything that may not have reached it."""
        await self._patiently("open the engine again", self._engine.open)
        self._doubtful |= set(self._board.intents)
        self._sent_stops.clear()
        self._wake.set()

    # ---- cycles

    async def _cycles(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._timing.tick)
            self._wake.clear()
            try:
                await self._one_cycle()
            except HeadgateError as error:
                log.warning("cycle_failed", reason=error.text)
                self._new_work = True
                await asyncio.sleep(self._timing.reopen)
            await asyncio.sleep(self._timing.between_cycles)

    async def _one_cycle(self) -> None:
        now = self._clock.monotonic()
        tick = now >= self._next_tick
        if tick:
            self._next_tick = now + self._timing.tick
        if self._doubtful:
            await self._resolve_doubts()
        inbox, self._inbox = self._inbox, []
        seen = self._seen
        ask = Ask(
            seen=[*inbox, *(seen.seen if seen is not None else ())],
            winding=frozenset(self._winding),
            expiring=self._over() if tick else frozenset(),
            look_at_nodes=self._nodes_changed,
            look_at_held=tick,
            at=now,
        )
        if not (ask.seen or ask.winding or ask.expiring or ask.look_at_nodes or tick or self._could_start()):
            return
        self._nodes_changed = self._new_work = False
        try:
            answer = await self._store.write(
                lambda tx: cycle(tx, self._board.copy(), ask, self._fixed(), self._after, self._services)
            )
        except BaseException:
            self._inbox = inbox + self._inbox
            self._nodes_changed |= ask.look_at_nodes
            raise
        self._take(answer, ask)
        if seen is not None:
            self._seen = None
            self._recorded.set()
        await self._act(answer)
        if tick:
            await self._housekeeping(now)

    def _fixed(self) -> Setting:
        if self._setting is None:
            raise HeadgateError("the dispatcher has not been started")
        return self._setting

    def _could_start(self) -> bool:
        return (self._new_work or self._after is not None) and (
            self._board.has_room() or self._board.hungry()
        )

    def _over(self) -> frozenset[int]:
        now = self._clock.now()
        return frozenset(job_id for job_id, deadline in self._deadlines.items() if deadline <= now)

    def _take(self, answer: Answer, ask: Ask) -> None:
        self._board = answer.board
        self._after = answer.after
        self._services = answer.started_services
        self._winding -= ask.winding - answer.still_winding
        self._winding |= answer.still_winding
        for job_id in ask.expiring:
            self._deadlines.pop(job_id, None)
        self._deadlines.update(answer.deadlines)
        if answer.after is not None:
            self._wake.set()

    # ---- acting

    async def _act(self, answer: Answer) -> None:
        await self._submit(answer.submissions)
        for stop in answer.stops:
            await self._stop(stop)

    async def _submit(self, submissions: Sequence[Submission]) -> None:
        if not submissions:
            return
        outcomes = await self._engine.submit(submissions)
        for one, outcome in zip(submissions, outcomes, strict=True):
            if isinstance(outcome, Accepted):
                continue
            if isinstance(outcome, Refused):
                log.warning("refused", intent=one.intent, reason=outcome.reason)
                self._inbox += [
                    Ended(
                        intent=one.intent,
                        instance=item.instance,
                        ending=Ending.NOT_STARTABLE,
                        at=self._clock.now(),
                        fault=Fault.SCRIPT,
                        reason=outcome.reason,
                    )
                    for item in one.items
                ]
                self._wake.set()
            else:
                log.warning("uncertain", intent=one.intent, reason=outcome.reason)
                self._doubtful.add(one.intent)

    async def _resolve_doubts(self) -> None:
        """Look up intents of which it is not known whether the engine has them.

        They stay doubtful until it answers.
        """
        numbers = {number for number in self._doubtful if number in self._board.intents}
        try:
            opened = await self._store.read(
                lambda reader: [
                    open_instances(reader, self._board.intents[number]) for number in sorted(numbers)
                ]
            )
            self._doubtful.clear()
            await self._look_up([one for one in opened if one.instances])
        except EngineUnavailable:
            self._doubtful |= numbers

    async def _stop(self, stop: Stop) -> None:
        """Tell the engine, once for each run and each degree of force."""
        keys = [key for key in stop.keys if stop.forced > self._sent_stops.get(key, -1)]
        if not keys:
            return
        try:
            await self._engine.cancel(
                keys, stop_signal=stop.stop_signal, grace_s=stop.grace_s, forced=stop.forced
            )
        except EngineUnavailable as error:
            log.warning("stop_not_sent", runs=len(keys), reason=error.text)
            return
        self._sent_stops.update(dict.fromkeys(keys, stop.forced))

    async def _housekeeping(self, now: float) -> None:
        open_intents = self._board.intents
        self._sent_stops = {
            key: forced for key, forced in self._sent_stops.items() if key.intent in open_intents
        }
        self._board.forget_paces()
        await self._recall_stuck(now)
        if now >= self._next_retention:
            self._next_retention = now + self._timing.retention_every
            await self._forget_old()

    async def _recall_stuck(self, now: float) -> None:
        """Take back what waits in a lane behind a run that turned out to be long."""
        if Ability.RECALL not in self._engine.abilities:
            return
        keys: list[Key] = []
        for lane in self._board.lanes.values():
            if lane.left > 1 and not lane.recalled and now - lane.active_at > self._timing.stuck_lane:
                lane.recalled = True
                keys += [
                    Key(intent.id, number)
                    for intent in self._board.intents.values()
                    if intent.lane == lane.id
                    for number in intent.instances
                ]
                # What was quick is no longer: do not hand out that far ahead again.
                self._board.pace[(lane.job_id, lane.task)] = now - lane.active_at
        if keys:
            with contextlib.suppress(EngineUnavailable):
                await self._engine.recall(keys)

    async def _forget_old(self) -> None:
        before = self._clock.now() - int(self._timing.keep_finished * 1e6)
        batch = self._timing.retention_batch

        def forget(tx: Transaction) -> int:
            return tx.remove_ended(before=before, limit=batch)

        for _ in range(_MOST_BATCHES):
            if await self._store.write(forget) < batch:
                return


@dataclass(frozen=True)
class _Stock:
    """What the store holds of an earlier life."""

    open: list[Open]
    lanes: list[Lane]
    nodes: list[Node]
    winding: set[int]
    deadlines: dict[int, int]
