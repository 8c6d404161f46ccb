"""Carrying on with passages: jobs with many tasks go through what was asked for, piece by piece
(`service/passages.py`), and those that an earlier life of the server has left.

Needs no engine: what was submitted is queued while the engine is away.
"""

import asyncio
import contextlib
from collections.abc import Sequence

import structlog

from headgate.core.errors import HeadgateError
from headgate.core.model import Event
from headgate.ports.store import Reader, Store
from headgate.service.passages import UNDER_WAY, Judgement, Next, advance, judge

AGAIN_S = 1.0
"""After something went wrong."""
_TOGETHER = 500
_UNDER_WAY = frozenset(map(int, UNDER_WAY))

log = structlog.get_logger("headgate.dispatcher")


class Passing:
    """See the module. `turn` takes one step; `start` and `stop` make it go by itself."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs: dict[int, Judgement | None] = {}
        """Those that may have a passage, the one whose turn it is first."""
        self._wake = asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin. Returns at once."""
        self._life = asyncio.create_task(self._live(), name="passing")

    async def stop(self) -> None:
        """Leave the rest to the next life."""
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life

    async def _live(self) -> None:
        begun = False
        while True:
            try:
                if not begun:
                    await self.begin()
                    begun = True
                if not await self.turn():
                    await self._wake.wait()
            except HeadgateError as error:
                log.warning("failed", what="passing", reason=error.text)
                await asyncio.sleep(AGAIN_S)
            except Exception:  # a bug in one place must not stop all jobs; it is told in full
                log.exception("broken", what="passing")
                await asyncio.sleep(AGAIN_S)

    async def begin(self) -> None:
        """Look up what an earlier life has left. Raises StoreUnavailable."""
        self._store.on_commit(self._committed)
        for job_id in await self._store.read(_left):
            self._jobs.setdefault(job_id, None)

    def _committed(self, events: Sequence[Event]) -> None:
        """Called on the event loop after each commit."""
        for event in events:
            if event.task == 0 and event.job_id and event.path[-1] in _UNDER_WAY:
                self._jobs.setdefault(event.job_id, None)
                self._wake.set()

    async def turn(self) -> bool:
        """One step with the next job, if there is any. Whether there was. Raises StoreUnavailable."""
        self._wake.clear()
        job_id = next(iter(self._jobs), None)
        if job_id is None:
            return False
        judgement = self._jobs.pop(job_id)
        try:
            then = await self._store.write(lambda tx: advance(tx, job_id, judgement))
            if then is Next.JUDGE:
                judgement = await self._store.read(lambda reader: judge(reader, job_id))
        except BaseException:
            self._jobs.setdefault(job_id, None)
            raise
        if then is not Next.NOTHING:  # behind the others: each has its turn
            self._jobs.pop(job_id, None)
            self._jobs[job_id] = judgement
        return True


def _left(reader: Reader) -> list[int]:
    found: list[int] = []
    after = 0
    while batch := reader.jobs_in(UNDER_WAY, after=after, limit=_TOGETHER):
        found += [job.id for job in batch if job.passage is not None]
        after = batch[-1].id
    return found
