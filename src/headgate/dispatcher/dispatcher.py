"""The loop: wakes when something was seen or committed or time has passed, runs one cycle, then acts on
what it decided.

Two coroutines: one waits for the engine's reports (`look`), one runs the cycles (`turn`). A report is
acknowledged to the engine with the next `observe`, which is after the cycle that recorded it is on disk.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from headgate.core.environment import Site
from headgate.core.errors import EngineUnavailable, HeadgateError
from headgate.core.model import Event
from headgate.core.states import JobState
from headgate.dispatcher.acting import Actor
from headgate.dispatcher.board import Board
from headgate.dispatcher.cycle import Answer, Ask, Setting, cycle
from headgate.dispatcher.launching import Flavours
from headgate.dispatcher.merging import Place
from headgate.dispatcher.recovery import Open, Verdict, judge, open_instances
from headgate.dispatcher.stock import Stock, begin, bring_in, is_known, take_stock
from headgate.dispatcher.timing import Timing
from headgate.ports.clock import Clock
from headgate.ports.engine import Engine, Key, Sightings
from headgate.ports.identity import Identity
from headgate.ports.store import Reader, Store, Transaction

__all__ = ["Dispatcher", "Timing"]

log = structlog.get_logger("headgate.dispatcher")

_STOPPING_STATES = frozenset({int(JobState.CANCELING), int(JobState.FINISHING)})
"""The numbers are the same for jobs, tasks and instances."""
_TOUCHED_IN_THE_QUEUE = (int(JobState.QUEUED),)
_MOST_BATCHES = 50


class Dispatcher:
    """Start it once; it works until stopped.

    `ready` is set when everything from an earlier life has been looked up. In front of an engine that places
    work itself it is set at once where that engine's nodes are known from an earlier life: what is submitted
    waits in the store until the engine answers.
    """

    def __init__(
        self,
        store: Store,
        engine: Engine,
        identity: Identity,
        clock: Clock,
        site: Site,
        flavours: Flavours | None = None,
        *,
        owner: str = "",
        timing: Timing | None = None,
    ) -> None:
        self._store = store
        self._engine_name = engine.name
        self._identity = identity
        self._clock = clock
        self._site = site
        self._flavours = flavours or {}
        self._owner = owner
        self._timing = timing or Timing()
        self._actor = Actor(engine, clock, self._timing)
        self.ready = asyncio.Event()
        self.pause = self._timing.between_cycles
        """How long nothing is looked at after the last turn."""
        self._board = Board()
        self._setting: Setting | None = None
        # what is to be looked at in the next cycle
        self._wake = asyncio.Event()
        self._winding: set[int] = set()
        self._timed: set[int] = set()
        self._changed: set[int] = set()
        self._deadlines: dict[int, int] = {}
        self._nodes_changed = False
        self._new_work = True
        self._after: Place | None = None
        self._services: dict[tuple[int, int], int] = {}
        # reports
        self._since = 0
        self._seen: Sightings | None = None
        self._recorded = asyncio.Event()
        self._recorded.set()
        # when, by the monotonic clock
        self._next_tick = self._next_retention = self._next_look_up = 0.0
        self._brought_in: object = None
        self._reasons: tuple[Mapping[int, str], Mapping[int, str]] = ({}, {})
        self._life: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin. Returns at once; `ready` tells when the recovery is done."""
        self._life = asyncio.create_task(self._live(), name="dispatcher")

    async def stop(self) -> None:
        """Stop looking and acting; what is running goes on running."""
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life
        await self._actor.close()

    async def _live(self) -> None:
        await self.begin()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forever("look", self._watch))
            group.create_task(self._forever("turn", self._cycles))
            group.create_task(self._forever("nodes", self._keep_nodes))

    async def _forever(self, what: str, act: Callable[[], Awaitable[None]]) -> None:
        """Whatever goes wrong once must not be the end of everything."""
        while True:
            try:
                await act()
            except HeadgateError as error:
                log.warning("failed", what=what, reason=error.text)
            except Exception:  # a bug in one place must not stop all jobs; it is told in full
                log.exception("broken", what=what)
            self._new_work = True
            await asyncio.sleep(self._timing.reopen)

    def reasons(self) -> Mapping[int, str]:
        """Why jobs wait in the engine's own queue, by their ids, as seen last."""
        seen, by_job = self._reasons
        now = self._actor.reasons()
        if now is not seen:
            intents = self._board.intents
            by_job = {intents[number].job_id: text for number, text in now.items() if number in intents}
            self._reasons = (now, by_job)
        return by_job

    # ---- beginning

    async def begin(self) -> None:
        """Connect to the engine and look up what an earlier life has left, however long it takes."""
        self._store.on_commit(self._committed)
        if self._actor.forwards and await self._store.read(
            lambda reader: is_known(reader, self._engine_name)
        ):
            self.ready.set()
        await self._patiently("open the engine", self._actor.open)
        await self._patiently("take stock", self._take_stock)
        self.ready.set()

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
        seen_nodes = await self._actor.nodes()
        capacity = self._actor.capacity()
        queues = self._actor.queues()
        epoch = await self._store.write(lambda tx: begin(tx, self._engine_name, seen_nodes, queues))
        self._setting = Setting(
            self._identity,
            self._site,
            self._flavours,
            self._engine_name,
            epoch,
            self._owner,
            capacity,
        )
        at = self._clock.monotonic()

        def look(reader: Reader) -> Stock:
            return take_stock(reader, self._engine_name, at)

        found = await self._store.read(look)
        self._board = found.board
        self._winding |= found.winding
        self._changed |= found.winding  # who knows whether the engine has heard of the last change
        self._deadlines.update(found.deadlines)
        await self._look_up(found.open)

    async def _look_up(self, opened: Sequence[Open]) -> None:
        """Find out what the engine has of these intents, hand it the rest, and note what is lost."""
        if not opened:
            return
        found = await self._actor.find({one.intent.id: one.intent.tag for one in opened})

        def look(reader: Reader) -> Verdict:
            nodes, now = reader.nodes(), self._clock.now()
            return judge(reader, opened, found, nodes, self._identity, self._site, self._flavours, now)

        verdict = await self._store.read(look)
        self._actor.inbox += verdict.sightings
        log.info(
            "looked_up",
            intents=len(opened),
            handed_over=sum(len(one.items) for one in verdict.submissions),
            lost=len(verdict.sightings),
        )
        await self._actor.submit(verdict.submissions)

    # ---- listening

    def _committed(self, events: Sequence[Event]) -> None:
        """Called on the event loop after each commit."""
        for event in events:
            if event.job_id == 0:
                self._nodes_changed = True
            elif event.path[-1] in _STOPPING_STATES:
                self._winding.add(event.job_id)
            elif event.task == 0 and event.path[-1] == JobState.RUNNING:
                self._timed.add(event.job_id)
                if len(event.path) == 1:  # touched, not begun
                    self._changed.add(event.job_id)
            elif event.task == 0 and event.path == _TOUCHED_IN_THE_QUEUE:
                self._changed.add(event.job_id)
            self._new_work = True
        if events:
            self._wake.set()

    async def _watch(self) -> None:
        """Wait for reports, one batch at a time."""
        while True:
            await self.look()
            await self._recorded.wait()

    async def look(self) -> None:
        """Ask for reports once. That acknowledges those which the last turn has recorded."""
        try:
            sightings = await self._actor.observe(self._since)
        except EngineUnavailable as error:
            log.warning("engine_unavailable", engine=self._engine_name, reason=error.text)
            await asyncio.sleep(self._timing.reopen)
            await self._reopen()
            return
        if sightings.seen:
            self._seen = sightings
            self._recorded.clear()
            self._wake.set()
        else:
            self._since = sightings.watermark

    async def _reopen(self) -> None:
        """The engine was gone: connect again, and look up everything that may not have reached it."""
        await self._patiently("open the engine again", self._actor.open)
        self._since = 0
        self._actor.doubt(self._board.intents)
        self._next_look_up = 0.0
        self._wake.set()

    # ---- cycles

    async def _cycles(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._timing.tick):
                    await self._wake.wait()
            self._wake.clear()
            await self.turn()
            await asyncio.sleep(self.pause)

    async def turn(self) -> None:
        """One cycle, if there is anything to look at, and what follows from it."""
        self.pause = self._timing.between_cycles
        now = self._clock.monotonic()
        tick = now >= self._next_tick
        if tick:
            self._next_tick = now + self._timing.tick
        await self._resolve_doubts(now)
        ask = self._ask(tick, now)
        if not (ask.anything or tick or self._could_start()):
            return
        inbox, seen = self._actor.inbox, self._seen
        self._actor.inbox, self._timed, self._winding, self._changed = [], set(), set(), set()
        self._nodes_changed = self._new_work = False
        try:
            answer = await self._store.write(
                lambda tx: cycle(tx, self._board.copy(), ask, self._fixed(), self._after, self._services)
            )
        except BaseException:
            self._actor.inbox = inbox + self._actor.inbox
            self._timed |= ask.timed
            self._changed |= ask.changed
            self._winding |= ask.winding
            self._nodes_changed |= ask.look_at_nodes
            self._new_work = True
            raise
        self._take(answer, ask)
        self._actor.inbox += answer.impossible
        if seen is not None:
            self._seen, self._since = None, seen.watermark
            self._recorded.set()
        await self._actor.submit(answer.submissions)
        if not await self._actor.allow(answer.wall_times):
            self._changed |= ask.changed
        await self._actor.stop(answer.stops)
        if not await self._actor.recall(answer.recalls):
            self._changed |= ask.changed
        if self._actor.inbox:
            self._wake.set()
        if tick:
            await self._housekeeping(now)

    def _ask(self, tick: bool, now: float) -> Ask:
        return Ask(
            seen=[*self._actor.inbox, *(self._seen.seen if self._seen is not None else ())],
            winding=frozenset(self._winding),
            expiring=self._over() if tick else frozenset(),
            timed=frozenset(self._timed),
            changed=frozenset(self._changed),
            look_at_nodes=self._nodes_changed,
            look_at_held=tick,
            at=now,
        )

    def _fixed(self) -> Setting:
        if self._setting is None:
            raise HeadgateError("the dispatcher has not been started")
        return self._setting

    def _could_start(self) -> bool:
        if not (self._new_work or self._after is not None):
            return False
        capacity = self._fixed().capacity
        if capacity is not None:
            return self._board.live < capacity.outstanding
        return self._board.has_room() or self._board.hungry(self._clock.monotonic())

    def _over(self) -> frozenset[int]:
        now = self._clock.now()
        return frozenset(job_id for job_id, deadline in self._deadlines.items() if deadline <= now)

    def _take(self, answer: Answer, ask: Ask) -> None:
        self._board = answer.board
        self._after = answer.after
        self._services = answer.started_services
        self._winding |= answer.still_winding
        for job_id in ask.expiring | ask.timed:
            self._deadlines.pop(job_id, None)
        self._deadlines.update(answer.deadlines)
        if answer.after is not None:
            self._wake.set()
        elif self._actor.forwards and len(answer.submissions) > 1:
            self.pause = self._timing.gathering

    async def _resolve_doubts(self, now: float) -> None:
        """Look up intents of which it is not known whether the engine has them, until it tells."""
        if not self._actor.doubtful or now < self._next_look_up:
            return
        if self._actor.inbox:  # what is said there (refused, for one) is to be recorded first
            return
        self._next_look_up = now + self._timing.reopen
        doubtful, self._actor.doubtful = self._actor.doubtful, set()
        intents = [self._board.intents[number] for number in sorted(doubtful & self._board.intents.keys())]
        try:
            opened = await self._store.read(lambda reader: [open_instances(reader, one) for one in intents])
            await self._look_up([one for one in opened if one.instances])
            self._changed |= {intent.job_id for intent in intents}
        except BaseException as error:
            self._actor.doubt(doubtful)
            if not isinstance(error, EngineUnavailable):
                raise
            log.warning("doubts_remain", intents=len(intents), reason=error.text)

    # ---- now and then

    async def _housekeeping(self, now: float) -> None:
        self._actor.forget_stops(self._board.intents)
        self._board.forget_paces()
        stuck = self._board.stuck_lanes(now, self._timing.stuck_lane)
        await self._actor.recall(
            [
                Key(intent.id, number)
                for intent in self._board.intents.values()
                if intent.lane in stuck
                for number in intent.instances
            ]
        )
        if now >= self._next_retention:
            self._next_retention = now + self._timing.retention_every
            await self._forget_old()

    async def _keep_nodes(self) -> None:
        """Beside the cycles: whoever is asked may not answer for long, and no cycle needs the answer."""
        while True:
            await self.look_at_nodes()
            await asyncio.sleep(self._timing.nodes_every)

    async def look_at_nodes(self) -> None:
        """Keep nodes and queues as the engine has them now, where it is not we who say what they do."""
        if self._fixed().capacity is None:
            return
        try:
            seen = (await self._actor.nodes(), self._actor.queues())
        except EngineUnavailable as error:
            log.warning("nodes_not_seen", engine=self._engine_name, reason=error.text)
            return
        if (seen, self._store.peek(_kept)) == self._brought_in:  # as it was left, on both sides
            return

        def bring(tx: Transaction) -> object:
            bring_in(tx, self._engine_name, *seen)
            return _kept(tx)

        self._brought_in = (seen, await self._store.write(bring))
        self._new_work = True
        self._wake.set()

    async def _forget_old(self) -> None:
        before = self._clock.now() - int(self._timing.keep_finished * 1e6)
        batch = self._timing.retention_batch

        def forget(tx: Transaction) -> int:
            return tx.remove_ended(before=before, limit=batch)

        for _ in range(_MOST_BATCHES):
            if await self._store.write(forget) < batch:
                return


def _kept(reader: Reader) -> object:
    """What the store has of nodes and queues."""
    return reader.nodes(), reader.queues()
