"""Jobs that were entered elsewhere, brought into the store as the engine shows them.

Each whole look is compared in memory with what was kept last; only what is new is written, some at a time,
so that nobody's change waits long behind it. Not seen is not over: what is gone from one look has to be gone
from the next as well; then the engine is asked what is on record, and only where nothing is, nobody knows how
the job ended. Where the engine shows none of these jobs (any longer), there are none.
"""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from typing import Final, TypeVar

import structlog

from headgate.core.errors import HeadgateError
from headgate.ports.clock import Clock
from headgate.ports.engine import ForeignElements, ForeignJob, ForeignSightings, ForeignStage, Onlooker
from headgate.ports.store import Reader, Store
from headgate.service.foreign import Kept, conclude, record

EVERY_S: Final = 1.0
"""How often the engine is asked whether it has looked again."""
TOGETHER: Final = 100
"""Jobs in one change of the store, if none is an array."""
ENDING: Final = 10
"""What a job weighs of which it is not known what it is."""
ASKED: Final = 1000
"""Jobs about which the record is asked at once; about others, after the next look."""
GIVE_UP_S: Final = 600.0
"""So long a job may be gone that is open on record: then the record is wrong."""
ANSWER_S: Final = 60.0

T = TypeVar("T")
log = structlog.get_logger("headgate.dispatcher")


class ForeignJobs:
    """See the module. onlooker: None where no jobs of others are shown."""

    def __init__(self, store: Store, engine: str, onlooker: Onlooker | None, clock: Clock) -> None:
        self._store = store
        self._engine = engine
        self._onlooker = onlooker
        self._clock = clock
        self._look = 0
        self._known: dict[str, ForeignJob] = {}
        """As they were kept last, of those that the last look saw."""
        self._ids: dict[str, int] = {}
        self._open: set[str] = set()
        """Whose end has not been kept."""
        self._missing: dict[str, float] = {}
        """Since when (monotonic) those of them are gone."""
        self._reasons: Mapping[int, str] = {}
        self._life: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin. Returns at once."""
        self._life = asyncio.create_task(self._live(), name="foreign-jobs")

    async def stop(self) -> None:
        """Look no longer."""
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life

    def reasons(self) -> Mapping[int, str]:
        """Why those that wait do so, by the ids that they have here."""
        return self._reasons

    async def _live(self) -> None:
        begun = False
        while True:
            try:
                if not begun:
                    await self.begin()
                    begun = True
                if self._onlooker is None:
                    return
                await self.turn(self._onlooker)
            except HeadgateError as error:
                log.warning("foreign_not_seen", reason=error.text)
            except TimeoutError:
                log.warning("foreign_not_seen", reason="the engine has not answered")
            except Exception:  # a bug here must not stop it for ever; it is told in full
                log.exception("broken", what="foreign")
            await asyncio.sleep(EVERY_S)

    async def begin(self) -> None:
        """Take up those of an earlier life; or remove all, where none are shown any longer."""
        if self._onlooker is None:
            while await self._store.write(lambda tx: tx.remove_foreign(limit=TOGETHER)) == TOGETHER:
                pass
            return
        after = 0

        def look(reader: Reader) -> Sequence[tuple[int, str]]:
            jobs = reader.open_foreign(after=after, limit=TOGETHER)
            return [(job.id, job.foreign.key) for job in jobs if job.foreign is not None]

        while found := await self._store.read(look):
            self._open.update(key for _, key in found)
            after = found[-1][0]

    async def turn(self, onlooker: Onlooker) -> None:
        """Keep what the last look saw, if there was another one. Raises EngineUnavailable, TimeoutError."""
        async with asyncio.timeout(ANSWER_S):
            seen = await onlooker.foreign(self._look, f"{self._store.installation}-")
        if seen is None:
            return
        self._look = seen.look
        # Of 20,000 jobs each of these takes some milliseconds: others go on meanwhile.
        await self._keep(await asyncio.to_thread(self._new, seen))
        self._reasons = await asyncio.to_thread(self._tidy, seen)
        await self._end_missing(onlooker, await asyncio.to_thread(self._gone, seen))

    def _new(self, seen: ForeignSightings) -> list[ForeignJob]:
        """Those that are not kept as they are now."""
        return [one for key, one in seen.jobs.items() if self._known.get(key) != one]

    def _gone(self, seen: ForeignSightings) -> set[str]:
        """Those of which no end was seen, and that are seen no longer; or are over, elements aside whose end
        was not seen.
        """
        found = ((key, seen.jobs.get(key)) for key in self._open)
        return {key for key, one in found if one is None or one.stage is ForeignStage.OVER}

    def _tidy(self, seen: ForeignSightings) -> dict[int, str]:
        """Forget what is neither seen nor open. Why those wait that do, by ids."""
        for key in self._known.keys() - seen.jobs.keys():
            del self._known[key]
        for key in self._ids.keys() - seen.jobs.keys() - self._open:
            del self._ids[key]
        return {self._ids[key]: why for key, why in seen.reasons.items() if key in self._ids}

    async def _keep(self, new: Sequence[ForeignJob]) -> None:
        for some in _portions(new, _weight):
            kept = await self._store.write(lambda tx: record(tx, self._engine, some))  # noqa: B023 - awaited at once
            self._note(kept)
            self._known.update((one.key, one) for one in some)

    def _note(self, kept: Mapping[str, Kept]) -> None:
        for key, one in kept.items():
            self._ids[key] = one.job_id
            if one.open:
                self._open.add(key)
            else:
                self._open.discard(key)

    async def _end_missing(self, onlooker: Onlooker, gone: Set[str]) -> None:
        """End what is gone from two looks."""
        now = self._clock.monotonic()
        due = sorted(self._missing.keys() & gone)[:ASKED]
        self._missing = {key: self._missing.get(key, now) for key in gone}
        if not due:
            return
        async with asyncio.timeout(ANSWER_S):
            past = await onlooker.past(due)
        late = {key for key in due if now - self._missing[key] >= GIVE_UP_S}
        ended = [key for key in due if key not in past or key in late or past[key].stage is ForeignStage.OVER]
        for some in _portions(ended, lambda _: ENDING):
            await self._store.write(lambda tx: conclude(tx, some, past))  # noqa: B023 - awaited at once
            self._forget(some)
        log.info("foreign_gone", jobs=len(ended), on_record=len(past.keys() & set(ended)))

    def _forget(self, keys: Collection[str]) -> None:
        self._open.difference_update(keys)
        for key in keys:
            self._missing.pop(key, None)


def _weight(job: ForeignJob) -> int:
    """What it costs to keep: an array of 10,000 as much as 100 jobs (some 30 ms)."""
    if job.elements is None:
        return 1
    return 1 + sum(len(getattr(job.elements, name)) for name in ForeignElements.__struct_fields__) // 100


def _portions(all_: Sequence[T], weight: Callable[[T], int]) -> Iterator[Sequence[T]]:
    """As many together as weigh `TOGETHER`, or just more."""
    some: list[T] = []
    weighs = 0
    for one in all_:
        some.append(one)
        weighs += weight(one)
        if weighs >= TOGETHER:
            yield some
            some, weighs = [], 0
    if some:
        yield some
