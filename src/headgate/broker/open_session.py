"""One session: its batches, its crew of hosts, who sends to it and who reads from it.

All of it happens on the event loop, at once; what waits (the store, a host that does not read) waits in tasks
of its own. The way of a request: `send` here, `Crew.pump` and `Crew.serve`, `answer` and `read` here.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable, Sequence
from typing import Final, TypeAlias

import structlog

from headgate.broker.batch import Batch, Pending, Read
from headgate.broker.batch import pack as pack_requests
from headgate.broker.crew import FAULT_ACTION, Crew
from headgate.broker.depot import Budget, Depot, Kept, Spool
from headgate.broker.keeping import Keeper, remove_messages
from headgate.core.errors import NotPermitted, Unavailable, WrongState
from headgate.core.soa import (
    BatchRecord,
    BatchStatus,
    ReadEnd,
    Reason,
    Registration,
    Request,
    Response,
    Session,
    SoaFault,
)
from headgate.ports.clock import Clock
from headgate.ports.store import Store

log = structlog.get_logger("headgate.broker")

READ_TOGETHER: Final = 256
PATIENCE_S: Final = 10.0
"""So long a send waits for hosts to get through what waits, before it goes to disk instead."""
TOMBSTONES: Final = 10_000
ENDED: Final = "The job of the session has ended."

Answers: TypeAlias = AsyncGenerator[Sequence[Response] | ReadEnd, None]


class OpenSession:
    """See the module."""

    def __init__(
        self,
        session: Session,
        registration: Registration,
        store: Store,
        clock: Clock,
        spool: Spool,
        budget: Budget,
    ) -> None:
        limits = (session.start.operation_timeout / 1000, registration.limits.operation_s)
        operation_s = min(limit for limit in limits if limit is not None)
        self.session = session
        self.batches: dict[str, Batch] = {}
        self._active: dict[Batch, None] = {}
        """Batches with requests that have no answer."""
        self.crew = Crew(session.id, registration, operation_s, self, clock)
        self.used: set[int] = set()
        """The intents whose tickets were used."""
        self.touched = clock.monotonic()
        self.failure = ""
        """Why it has failed; empty: it has not."""
        self.over = False
        """Its job has ended: batches can only be read."""
        self.closed = False
        self._draining = False
        self._store = store
        self._clock = clock
        self._spool = spool
        self._budget = budget
        self._numbers = 0
        self._tombs: dict[tuple[str, str], Reason] = {}
        self._room = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._keeper = Keeper(store, session.id, self.crew.pump_soon) if session.start.durable else None
        if self._keeper is not None:
            self._spawn(self._keeper.run())

    @property
    def durable(self) -> bool:
        """Whether nothing of it is ever lost."""
        return self._keeper is not None

    # ---- for the crew

    @property
    def all_batches(self) -> Iterable[Batch]:
        """See crew.Owner."""
        return self._active

    @property
    def may_give(self) -> bool:
        """See crew.Owner."""
        if self.closed or self.over or self.failure or not self._spool.takes_answers:
            return False
        return self._keeper is None or not self._keeper.is_full

    def given(self) -> None:
        """See crew.Owner."""
        if self._room_is_wanted and self.waiting <= self.session.start.throttle_stop:
            self._room.set()

    def answer(self, batch: Batch, pending: Pending, response: Response) -> None:
        """See crew.Owner."""
        batch.in_flight -= 1
        if batch.gone is not None:
            return
        batch.settled += 1
        if batch.settled == batch.sent:
            self._active.pop(batch, None)
        self._touch(batch)
        if self._keeper is not None:
            self._keeper.answer(batch, pending.place, response)
        else:
            batch.answers.add(response)
            batch.wake()

    def fail(self, reason: str) -> None:
        """It can't go on: readers are told. Ending its job is for whoever looks after it."""
        if not self.failure:
            self.failure = reason
            log.warning("session_failed", session=self.session.id, reason=reason)
            self._wake_all()

    # ---- batches

    @property
    def waiting(self) -> int:
        """Requests that no host has."""
        return sum(batch.waiting for batch in self._active)

    @property
    def load(self) -> int:
        """Requests that have no answer."""
        return sum(batch.sent - batch.settled for batch in self._active)

    def _find(self, name: str, owner: str) -> Batch | None:
        """The batch, which must be the user's; None: there is none. Raises NotPermitted."""
        batch = self.batches.get(name)
        if batch is not None and batch.owner.casefold() != owner.casefold():
            raise NotPermitted(
                f"The batch {name!r} of session {self.session.id} belongs to somebody else.",
                code="AccessDenied_BrokerQueue",
            )
        return batch

    def _make(self, name: str, owner: str) -> Batch:
        self._numbers += 1
        depot: Depot = self._spool
        if self.durable:
            depot = Kept(self._store, self.session.id, self._numbers, self._budget)
        batch = Batch(self._numbers, name, owner, depot, keeps=self.durable)
        self._touch(batch)
        self.batches[name] = batch
        self._tombs.pop((name, owner.casefold()), None)
        return batch

    async def restore(self) -> None:
        """Have the batches that the store has."""
        if self._keeper is None:
            return
        for record, reads in await self._keeper.batches():
            self._numbers = record.number - 1
            batch = self._make(record.name, record.owner)
            await self._keeper.restore(batch, record, reads)
            if batch.sent > batch.settled:
                self._active[batch] = None
        self.crew.pump_soon()

    def _touch(self, batch: Batch) -> None:
        batch.touched = self.touched = self._clock.monotonic()

    # ---- from clients

    async def send(self, name: str, owner: str, requests: Sequence[Request]) -> None:
        """See ports.broker."""
        self._check_works()
        await self._wait_for_room()
        batch: Batch | None = None
        while batch is None or batch.gone is not None:  # gone: purged while we waited for our turn
            self._check_works()
            batch = self._find(name, owner) or self._make(name, owner)
            async with batch.lock:
                if batch.gone is None:
                    await self._take(batch, requests)
        self.crew.pump_soon()

    async def _take(self, batch: Batch, requests: Sequence[Request]) -> None:
        self._touch(batch)
        fresh, digests = batch.fresh(requests)
        if not fresh:
            return
        if batch.committed:
            raise WrongState(
                f"The batch {batch.name!r} of session {self.session.id} is committed: no more requests.",
                code="Broker_EOMReject_EndRequests",
            )
        raw = None
        if self._keeper is not None:
            raw = pack_requests(fresh)
            await self._keeper.requests(batch, len(fresh), digests, raw)
        batch.add(fresh, digests, raw)
        if batch.gone is None:
            self._active[batch] = None

    _room_is_wanted = 0
    """How many wait for room."""

    async def _wait_for_room(self) -> None:
        """Hold up whoever sends to an interactive session while more waits than its thresholds say (7.1)."""
        start = self.session.start
        if self.durable or (self.waiting <= start.throttle_start and self._spool.takes_requests):
            return
        self._room_is_wanted += 1
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not self._spool.takes_requests or (
                    self.waiting > start.throttle_stop and self.crew.is_ready
                ):
                    self._check_works()
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            pass
        finally:
            self._room_is_wanted -= 1
        if not self._spool.takes_requests:
            raise Unavailable(
                f"Session {self.session.id} has as much on disk as it may have, or the disk is full: "
                "read its answers, or purge.",
                code="WebAPI_FailedToSendRequest",
            )

    async def commit(self, name: str, owner: str) -> None:
        """See ports.broker."""
        where = f"The batch {name!r} of session {self.session.id}"
        batch = self._find(name, owner)
        if batch is None or not batch.sent:
            raise WrongState(f"{where} has no requests.", code="Broker_EOMReject_NoRequest")
        async with batch.lock:
            if self.over or self.failure:
                raise WrongState(f"{where} can only be read any more.", code="Broker_EOMReject_GetResponse")
            if batch.committed:
                code = "Broker_EOMRejected" if batch.complete else "Broker_EOMReject_EndRequests"
                raise WrongState(f"{where} is committed already.", code=code)
            if self._keeper is not None:
                record = BatchRecord(number=batch.number, name=name, owner=batch.owner, committed=True)
                await self._keeper.batch(record, batch.answers.reads())
            batch.committed = True
        self._touch(batch)
        batch.wake()

    def status(self, name: str, owner: str) -> BatchStatus:
        """See ports.broker."""
        batch = self._find(name, owner)
        if batch is None:
            return BatchStatus.UNKNOWN
        return batch.status(over=self.over or bool(self.failure))

    async def purge(self, name: str, owner: str) -> None:
        """See ports.broker."""
        batch = self._find(name, owner)
        if batch is None:
            return
        async with batch.lock:
            if batch.gone is not None:
                return
            if self._keeper is not None:
                await self._keeper.drop(batch)
                self._spawn(remove_messages(self._store, self.session.id, batch.number))
            self._let_go(batch, Reason.CLIENT_PURGED)

    def _let_go(self, batch: Batch, reason: Reason) -> None:
        if self.batches.get(batch.name) is batch:
            del self.batches[batch.name]
        self._active.pop(batch, None)
        self._tombs[batch.name, batch.owner.casefold()] = reason
        while len(self._tombs) > TOMBSTONES:
            del self._tombs[next(iter(self._tombs))]
        self.crew.forget(batch)
        batch.leave(reason)
        self._room.set()

    def _check_works(self) -> None:
        if self.failure or self.over or self.closed:
            raise WrongState(
                f"Session {self.session.id} takes no more requests: {self.failure or ENDED}",
                code="Broker_SessionFailure",
            )

    # ---- to readers

    def read(
        self, name: str, owner: str, *, count: int, action: str, reset: bool, client_data: str
    ) -> Answers:
        """See ports.broker."""
        batch = self._find(name, owner)
        if batch is None:
            return self._nothing(self._tombs.get((name, owner.casefold())))
        self._touch(batch)
        return self._read(batch, batch.begin_read(action, client_data, reset=reset), count)

    async def _nothing(self, reason: Reason | None) -> Answers:
        """The answer about a batch that is not there."""
        if reason is None and (self.failure or self.over):
            yield [self._failed()]
        yield ReadEnd(0, reason or Reason.SUCCESS)

    async def _read(self, batch: Batch, read: Read, count: int) -> Answers:
        left = count if count >= 0 else 1 << 62
        try:
            while left and not read.over:
                read.something.clear()
                found = await batch.answers.next(read, min(READ_TOGETHER, left))
                if found:
                    left -= len(found)
                    read.told += len(found)
                    self._touch(batch)
                    yield found
                elif batch.complete or read.over:
                    break
                elif self.failure or self.over:
                    yield [self._failed()]
                    break
                else:
                    await read.something.wait()
                    if self._draining:
                        raise Unavailable("The server is stopping.", code="Broker_BrokerIsOffline")
            if self._keeper is not None and batch.gone is None:
                await self._keeper.reads(batch)
            yield ReadEnd(read.told, read.over or Reason.SUCCESS)
        finally:
            if batch.reading is read:
                batch.reading = None
            self._touch(batch)

    def _failed(self) -> Response:
        return Response(
            request_action="",
            action=FAULT_ACTION,
            relates_to="",
            body=b"",
            fault=int(SoaFault.SESSION_FAILURE),
            reason=self.failure or ENDED,
        )

    # ---- the end

    def ended(self) -> None:
        """Its job has ended."""
        self.over = True
        self._wake_all()

    def drain(self) -> None:
        """The server is about to stop: readers and hosts are let go."""
        self._draining = True
        self._wake_all()

    def _wake_all(self) -> None:
        self._room.set()
        for batch in self.batches.values():
            batch.wake()
        self.crew.dismiss()

    def expire(self) -> None:
        """End the batches of an interactive session that nobody has used for too long (7.7)."""
        limit = self.session.start.client_idle_timeout / 1000
        if self.durable or limit <= 0:
            return
        now = self._clock.monotonic()
        for batch in list(self.batches.values()):
            busy = batch.reading is not None or batch.sent > batch.settled or batch.lock.locked()
            if not busy and now - batch.touched > limit:
                self._let_go(batch, Reason.CLIENT_TIMEOUT)

    @property
    def in_use(self) -> bool:
        """Whether somebody reads, or something is being done."""
        return bool(self._active) or any(batch.reading for batch in self.batches.values())

    async def close(self) -> None:
        """Let go of everything in memory; readers are told that their batch was purged."""
        self.closed = True
        for batch in list(self.batches.values()):
            self._let_go(batch, Reason.CLIENT_PURGED)
        self.crew.dismiss()
        await self.stop()
        self._spool.close()

    async def stop(self) -> None:
        """The server stops: nothing more is told to anybody."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.crew.stop()

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
