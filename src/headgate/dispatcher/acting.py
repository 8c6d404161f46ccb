"""Acting: what a cycle has decided is told to the engine, and what the engine answers is noted.

Every question has a time-out, so an engine that hangs holds up nothing but its own work. No answer is never
taken for a no: a submission without a believable answer is doubtful until the engine was asked whether it has
it, and a stop that may not have arrived is sent again.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import structlog

from headgate.core.errors import EngineUnavailable, HeadgateError
from headgate.dispatcher.timing import Timing
from headgate.dispatcher.winding import Stop
from headgate.ports.clock import Clock
from headgate.ports.engine import (
    Ability,
    Accepted,
    Capacity,
    Ended,
    Ending,
    Engine,
    Fault,
    Forwarder,
    Found,
    Key,
    NodeSighting,
    QueueSighting,
    Refused,
    Sighting,
    Sightings,
    Submission,
    Uncertain,
)

log = structlog.get_logger("headgate.dispatcher")

Outcome = Accepted | Refused | Uncertain


class Actor:
    """The dispatcher's side of the engine.

    doubtful: intents of which it is not known whether the engine has them. inbox: what has come of acting,
    for the next cycle to record.
    """

    def __init__(self, engine: Engine, clock: Clock, timing: Timing) -> None:
        self._engine = engine
        self._clock = clock
        self._timing = timing
        self._sent_stops: dict[Key, bool] = {}
        self.doubtful: set[int] = set()
        self.inbox: list[Sighting] = []

    # ---- asking

    async def open(self) -> None:
        """Connect. Raises EngineUnavailable."""
        async with _answered("open", self._timing.opening):
            await self._engine.open()

    async def nodes(self) -> Sequence[NodeSighting]:
        """The engine's nodes. Raises EngineUnavailable."""
        async with _answered("nodes", self._timing.answer):
            return await self._engine.nodes()

    @property
    def forwards(self) -> bool:
        """Whether the engine has a scheduler of its own, so that work is not placed by us."""
        return Ability.OWN_SCHEDULER in self._engine.abilities

    def capacity(self) -> Capacity | None:
        """How much an engine with its own scheduler may be given; None: work is placed by us."""
        if not self.forwards:
            return None
        return cast("Forwarder", self._engine).capacity

    def queues(self) -> Sequence[QueueSighting] | None:
        """The queues of an engine with its own scheduler, as they were with the nodes; None: it has none."""
        if not self.forwards:
            return None
        return cast("Forwarder", self._engine).queues

    def reasons(self) -> Mapping[int, str]:
        """Why what an engine with its own scheduler has been given waits there, by intents."""
        return cast("Forwarder", self._engine).reasons if self.forwards else {}

    async def find(self, tags: Mapping[int, str]) -> Mapping[int, Found]:
        """What the engine has of these intents. Raises EngineUnavailable."""
        async with _answered("find", self._timing.answer):
            return await self._engine.find(tags)

    async def observe(self, since: int) -> Sightings:
        """What came after `since`. Raises EngineUnavailable."""
        async with _answered("observe", self._timing.observing):
            return await self._engine.observe(since)

    async def close(self) -> None:
        """Disconnect, if the engine lets us."""
        try:
            async with _answered("close", self._timing.answer):
                await self._engine.close()
        except EngineUnavailable as error:
            log.warning("not_closed", reason=error.text)

    # ---- acting

    async def submit(self, submissions: Sequence[Submission]) -> None:
        """Hand work over. What is refused is in the inbox afterwards, what is uncertain is doubtful."""
        if not submissions:
            return
        for one, outcome in zip(submissions, await self._outcomes(submissions), strict=True):
            if isinstance(outcome, Accepted):
                continue
            if isinstance(outcome, Refused):
                log.warning("refused", intent=one.intent, reason=outcome.reason)
                self.inbox += [self._refused(one, item.instance, outcome.reason) for item in one.items]
            else:
                log.warning("uncertain", intent=one.intent, reason=outcome.reason)
                self.doubt([one.intent])

    async def _outcomes(self, submissions: Sequence[Submission]) -> Sequence[Outcome]:
        try:
            async with _answered("submit", self._timing.answer):
                outcomes = await self._engine.submit(submissions)
        except HeadgateError as error:
            return [Uncertain(error.text)] * len(submissions)
        if len(outcomes) != len(submissions):
            return [Uncertain("the engine has not answered for each submission")] * len(submissions)
        return outcomes

    def _refused(self, one: Submission, instance: int, reason: str) -> Ended:
        return Ended(
            intent=one.intent,
            instance=instance,
            ending=Ending.NOT_STARTABLE,
            at=self._clock.now(),
            fault=Fault.SCRIPT,
            reason=reason,
        )

    def doubt(self, intents: Iterable[int]) -> None:
        """It is not known whether the engine has these, nor whether it has heard that they are to stop."""
        self.doubtful.update(intents)
        self._sent_stops = {
            key: forced for key, forced in self._sent_stops.items() if key.intent not in self.doubtful
        }

    async def stop(self, stops: Sequence[Stop]) -> None:
        """Tell the engine what to stop, once for each run and each degree of force."""
        for stop in stops:
            keys = [
                key
                for key in stop.keys
                if key.intent not in self.doubtful and stop.forced > self._sent_stops.get(key, -1)
            ]
            if not keys:
                continue
            try:
                async with _answered("cancel", self._timing.answer):
                    await self._engine.cancel(
                        keys, stop_signal=stop.stop_signal, grace_s=stop.grace_s, forced=stop.forced
                    )
            except EngineUnavailable as error:
                log.warning("stop_not_sent", runs=len(keys), reason=error.text)
                return
            except HeadgateError as error:  # this stop can't be carried out; the others can
                log.error("stop_impossible", runs=len(keys), reason=error.text)
            self._sent_stops.update(dict.fromkeys(keys, stop.forced))

    async def recall(self, keys: Collection[Key]) -> bool:
        """Take back what has not started, where the engine can. False: to be told again."""
        if not keys or Ability.RECALL not in self._engine.abilities:
            return True
        try:
            async with _answered("recall", self._timing.answer):
                await self._engine.recall(keys)
        except HeadgateError as error:
            log.warning("not_recalled", runs=len(keys), reason=error.text)
            return False
        return True

    async def allow(self, wall_times: Mapping[Key, float | None]) -> bool:
        """Tell the engine of other wall times, if it can have them. False: to be told again."""
        if not wall_times or Ability.WALL_TIME not in self._engine.abilities:
            return True
        try:
            async with _answered("allow", self._timing.answer):
                await self._engine.allow(wall_times)
        except HeadgateError as error:
            log.warning("wall_times_not_told", runs=len(wall_times), reason=error.text)
            return False
        return True

    def forget_stops(self, open_intents: Collection[int]) -> None:
        """Keep in mind only the stops of what is still open."""
        self._sent_stops = {
            key: forced for key, forced in self._sent_stops.items() if key.intent in open_intents
        }


@asynccontextmanager
async def _answered(what: str, seconds: float) -> AsyncIterator[None]:
    """Within this, an answer that does not come in time is EngineUnavailable."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise EngineUnavailable(f"The engine has not answered {what!r} within {seconds:g} s.") from None
