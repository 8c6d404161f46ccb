"""The worker: takes the syncs that wait, has them carried out, and writes down how far they are and how they
end.

What it was at when the server ended is begun again at the next start: `RUNNING` in the store is no more than
a note. A clean stop leaves a sync to be gone on with. Progress is kept now and then, not per file.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Final

import structlog
from msgspec.structs import replace

from headgate.core.errors import HeadgateError, NotSupported, Refusal, StoreUnavailable, Unavailable
from headgate.core.syncs import Complaint, Progress, Sync, SyncState
from headgate.objects.queueing import next_sync
from headgate.objects.settings import ObjectStorageSettings
from headgate.ports.clock import Clock
from headgate.ports.store import Store
from headgate.ports.transfers import Done, Order, PlaceOf, Transfers

log = structlog.get_logger("headgate.sync")

KEEP_S: Final = 5.0
"""Between two notes of the progress."""
COMPLAINTS: Final = 100
"""Kept with a sync."""
RETRY_S: Final = (1.0, 5.0, 20.0)
"""Pauses before a sync is begun again whose process ended without a word."""
STUCK_S: Final = 5.0
IDLE_S: Final = 600.0
REMOVED_AT_ONCE: Final = 500
ABORTED: Final = 9
"""Result (spec nifcloud, 6.2)."""


class SyncWorker:
    """Start it once; it works until stopped. transfers: None where no object store is set: then what still
    waits is ended. keep_s: how long syncs that are over are kept.
    """

    def __init__(
        self,
        store: Store,
        transfers: Transfers | None,
        place_of: PlaceOf,
        settings: ObjectStorageSettings,
        clock: Clock,
        *,
        keep_s: float,
    ) -> None:
        self._store = store
        self._transfers = transfers
        self._place_of = place_of
        self._settings = settings
        self._clock = clock
        self._keep_us = round(keep_s * 1e6)
        self._running: dict[int, str] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._stopping = False
        self._life: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There is something new."""
        self._wake.set()

    async def start(self) -> None:
        """Begin. Returns at once."""
        self._life = asyncio.create_task(self._live(), name="syncs")

    async def stop(self) -> None:
        """Stop what is at work; it is gone on with after the next start."""
        self._stopping = True
        ours = [*self._tasks.values(), *([self._life] if self._life else [])]
        for task in ours:
            task.cancel()
        await asyncio.gather(*ours, return_exceptions=True)

    async def _live(self) -> None:
        while not self._stopping:
            wait = IDLE_S
            try:
                await self._begin_some()
                await self._forget_old()
            except HeadgateError as error:
                log.warning("sync_stuck", reason=error.text)
                wait = STUCK_S
            except Exception:  # a mistake here must not end all syncs; it is told in full
                log.exception("sync_broken")
                wait = STUCK_S
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):  # wait_for of Python 3.11 may swallow our being cancelled
                    await self._wake.wait()
            self._wake.clear()

    async def _begin_some(self) -> None:
        """Begin what may run. Raises StoreUnavailable."""
        if len(self._running) >= self._settings.at_once:
            return  # the end of any wakes us
        open_syncs = await self._store.read(lambda look: look.open_syncs())
        orders: dict[int, Order] = {}
        for sync in open_syncs:
            if sync.id not in self._running:
                try:
                    orders[sync.id] = await self._order(sync)
                except Refusal as error:  # repeating it will not help
                    await self._end(sync, Done(ABORTED, error.text))
                except Unavailable as error:  # the others need not wait for it
                    log.warning("sync_stuck", sync=sync.id, reason=error.text)
                    asyncio.get_running_loop().call_later(STUCK_S, self._wake.set)
        open_syncs = [sync for sync in open_syncs if sync.id in self._running or sync.id in orders]
        directories = {number: f"{order.root}/{order.path}" for number, order in orders.items()}
        while True:
            at_once = self._settings.at_once
            chosen = next_sync(open_syncs, self._running, directories, at_once=at_once)
            if chosen is None:
                return
            number = chosen.id
            self._running[number] = directories[number]
            self._tasks[number] = asyncio.create_task(self._see_through(chosen, orders[number]))

    async def _order(self, sync: Sync) -> Order:
        """What is to be done. Raises Refusal where nothing can be, Unavailable."""
        if self._transfers is None:
            raise NotSupported("no object storage is set any longer")
        place = await self._place_of(sync.owner)
        return Order(
            account=place.account,
            root=place.root,
            path=sync.path,
            prefix=self._settings.prefix_of(sync.owner),
            direction=sync.direction,
            delete=sync.delete,
        )

    async def _see_through(self, sync: Sync, order: Order) -> None:
        try:
            await self._until_done(sync, order)
        except Exception:  # told in full; the sync is begun again with the next turn
            log.exception("sync_broken", sync=sync.id)
            await asyncio.sleep(STUCK_S)
        finally:
            del self._running[sync.id], self._tasks[sync.id]
            self._wake.set()

    async def _until_done(self, sync: Sync, order: Order) -> None:
        log.info("sync_started", sync=sync.id, user=sync.owner, direction=sync.direction.value)
        for pause in (*RETRY_S, None):
            run = _Run(
                replace(
                    sync,
                    state=SyncState.RUNNING,
                    started=self._clock.now() if sync.started is None else sync.started,
                    progress=Progress(),
                    complaints=(),
                )
            )
            sync = run.sync
            try:
                done = await self._carry_out(run, order)
            except Unavailable as error:
                log.warning("sync_interrupted", sync=sync.id, reason=error.text)
                done = Done(ABORTED, error.text)
                if pause is not None:
                    await asyncio.sleep(pause)
                    continue
            await self._end(run.as_it_is(), done)
            return

    async def _carry_out(self, run: "_Run", order: Order) -> Done:
        if self._transfers is None:
            raise Unavailable("no object storage is set")
        await self._keep(run.sync)
        kept_at = self._clock.monotonic()
        async with aclosing(self._transfers.carry_out(order)) as reports:
            async for report in reports:
                if isinstance(report, Done):
                    return report
                run.take(report)
                if self._clock.monotonic() - kept_at >= KEEP_S:
                    kept_at = self._clock.monotonic()
                    with contextlib.suppress(StoreUnavailable):  # the next note, or the end, will tell
                        await self._keep(run.as_it_is())
        raise Unavailable("the process did not say how the sync ended")

    async def _end(self, sync: Sync, done: Done) -> None:
        state = SyncState.UNUSABLE if done.unusable else SyncState.COMPLETE
        over = replace(sync, state=state, result=done.result, reason=done.reason, ended=self._clock.now())
        await self._insist(lambda: self._keep(over))
        log.info("sync_ended", sync=sync.id, user=sync.owner, result=done.result, reason=done.reason)

    async def _insist(self, act: Callable[[], Awaitable[object]]) -> None:
        """Do it, however long the store can't."""
        while True:
            try:
                await act()
            except StoreUnavailable as error:
                log.warning("sync_stuck", reason=error.text)
                await asyncio.sleep(STUCK_S)
            else:
                return

    async def _keep(self, sync: Sync) -> None:
        await self._store.write(lambda tx: tx.put_sync(sync))

    async def _forget_old(self) -> None:
        before = self._clock.now() - self._keep_us
        while True:
            removed = await self._store.write(
                lambda tx: tx.remove_syncs(before=before, limit=REMOVED_AT_ONCE)
            )
            if removed < REMOVED_AT_ONCE:
                return


class _Run:
    """A sync at work: as the store knows it, and what it has reported since."""

    def __init__(self, sync: Sync) -> None:
        self.sync = sync
        self._progress = Progress()
        self._complaints: list[Complaint] = []

    def take(self, report: Progress | Complaint) -> None:
        """One more report."""
        if isinstance(report, Progress):
            self._progress = report
        elif len(self._complaints) < COMPLAINTS:
            self._complaints.append(report)

    def as_it_is(self) -> Sync:
        """The sync with what was reported."""
        return replace(self.sync, progress=self._progress, complaints=tuple(self._complaints))
