"""The broker: every open session, their hosts coming in, and what time asks of them.

Durable sessions, and the names of all, are in the store: a server that starts finds them there (`start`),
ends the jobs of interactive ones, whose messages went with the server before it, and has the durable ones
again.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Final

import structlog

from headgate.broker import scaling
from headgate.broker.depot import Budget, Spool
from headgate.broker.host import HostLink
from headgate.broker.keeping import remove_messages
from headgate.broker.open_session import OpenSession
from headgate.broker.scaling import Bounds
from headgate.broker.settings import SoaSettings
from headgate.core.errors import HeadgateError, NotAuthenticated, NotFound, StoreUnavailable
from headgate.core.model import INT_MAX, Job, Task
from headgate.core.resources import node_units
from headgate.core.soa import (
    BatchStatus,
    ReadEnd,
    Registration,
    Request,
    Response,
    Session,
    Tickets,
)
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.ports.broker import Channel, Services
from headgate.ports.clock import Clock
from headgate.ports.store import Reader, Store
from headgate.service import session_jobs

log = structlog.get_logger("headgate.broker")

TICK_S: Final = 0.5
SHARES: Final = 4
"""One session may have so much of the memory: one of so many parts."""
STARTS: Final = 3
"""Hosts that may end one after the other without one having been ready, besides those that were asked for."""


class _Watched:
    """What the broker knows of a session besides what the session itself does."""

    def __init__(self, session: OpenSession) -> None:
        self.session = session
        self.target = max(1, session.session.start.min_units or 1)
        self.low_since: float | None = None
        self.failed_before: int | None = None
        """Failed instances when there last was a host that was ready, or when this was first looked at."""
        self.ready_before = 0


class Broker:
    """`ports.broker.Broker` and `ports.broker.HostGate`."""

    def __init__(
        self,
        store: Store,
        services: Services,
        clock: Clock,
        *,
        folder: Path,
        tickets: Tickets,
        settings: SoaSettings = SoaSettings(),  # noqa: B008  a frozen value
    ) -> None:
        """folder: for what does not fit into memory; made when it is needed."""
        self._store = store
        self._services = services
        self._clock = clock
        self._folder = folder
        self._tickets = tickets
        self._settings = settings
        self._budget = Budget(settings.memory)
        self._watched: dict[int, _Watched] = {}
        self._spools: dict[int, Spool] = {}
        self._ticking: asyncio.Task[None] | None = None
        self._removing: set[asyncio.Task[None]] = set()

    # ---- its life

    async def start(self) -> None:
        """Take up what the store has."""
        known = await self._store.read(lambda look: look.soa_sessions())
        for session in known:
            await self._take_up(session)
        strays = await self._store.read(_with_messages)
        for number in strays:
            if number not in self._watched:
                self._remove_soon(number)
        self._ticking = asyncio.create_task(self._tick_on())

    async def _take_up(self, session: Session) -> None:
        job = _job(self._store, session.id)
        if job is None or not session.start.durable or job.state is JobState.CONFIGURING:
            if job is not None:
                await session_jobs.finish(self._store, session.id, "Its broker was restarted.")
            await self._store.write(lambda tx: tx.drop_soa_session(session.id))
            return
        missing = ""
        try:
            registration = self._services.find(session.start.service, session.start.version)
        except HeadgateError as error:
            registration, missing = Registration(name=session.start.service), error.text
        opened = self._open(session, registration)
        if missing:
            opened.fail(missing)
        if job.state in FINAL_JOB_STATES:
            opened.ended()
        self._watched[session.id].target = job.spec.target_resource_count
        await opened.restore()
        log.info("session_taken_up", session=session.id, batches=len(opened.batches))

    async def stop(self) -> None:
        """Let go of everything; the store is needed no more."""
        if self._ticking is not None:
            self._ticking.cancel()
            await asyncio.gather(self._ticking, return_exceptions=True)
        for watched in self._watched.values():
            await watched.session.stop()
        for task in self._removing:
            task.cancel()
        await asyncio.gather(*self._removing, return_exceptions=True)
        for spool in self._spools.values():
            spool.close()

    def drain(self) -> None:
        """The server is about to stop: readers and hosts are let go."""
        for watched in self._watched.values():
            watched.session.drain()

    # ---- ports.broker.Broker

    def session(self, session: int) -> Session | None:
        """See the port."""
        watched = self._watched.get(session)
        return None if watched is None else watched.session.session

    async def open(self, session: Session) -> None:
        """See the port."""
        registration = self._services.find(session.start.service, session.start.version)
        await self._store.write(lambda tx: tx.put_soa_session(session))
        self._open(session, registration)

    def _open(self, session: Session, registration: Registration) -> OpenSession:
        # A part of the memory: a session whose answers nobody reads leaves room for the others.
        budget = Budget(self._settings.memory // SHARES, self._budget)
        spool = self._spools[session.id] = Spool(self._folder, budget, self._settings.spool)
        opened = OpenSession(session, registration, self._store, self._clock, spool, budget)
        self._watched[session.id] = _Watched(opened)
        return opened

    async def close(self, session: int) -> None:
        """See the port."""
        watched = self._watched.get(session)
        if watched is None:
            return
        await self._store.write(lambda tx: tx.drop_soa_session(session))
        self._watched.pop(session, None)
        await watched.session.close()
        self._spools.pop(session, None)
        if watched.session.durable:
            self._remove_soon(session)

    def _remove_soon(self, session: int) -> None:
        async def remove() -> None:
            try:
                await remove_messages(self._store, session)
            except StoreUnavailable as error:
                # The next start of the server removes what is left.
                log.warning("messages_not_removed", session=session, reason=error.text)

        task = asyncio.create_task(remove())
        self._removing.add(task)
        task.add_done_callback(self._removing.discard)

    async def send(self, session: int, batch: str, owner: str, requests: Sequence[Request]) -> None:
        """See the port."""
        await self._known(session).send(batch, owner, requests)

    async def commit(self, session: int, batch: str, owner: str) -> None:
        """See the port."""
        await self._known(session).commit(batch, owner)

    def status(self, session: int, batch: str, owner: str) -> BatchStatus:
        """See the port."""
        return self._known(session).status(batch, owner)

    async def purge(self, session: int, batch: str, owner: str) -> None:
        """See the port."""
        await self._known(session).purge(batch, owner)

    def responses(
        self,
        session: int,
        batch: str,
        owner: str,
        *,
        count: int = -1,
        action: str = "",
        reset: bool = False,
        client_data: str = "",
    ) -> AsyncGenerator[Sequence[Response] | ReadEnd, None]:
        """See the port."""
        opened = self._known(session)
        return opened.read(batch, owner, count=count, action=action, reset=reset, client_data=client_data)

    def _known(self, session: int) -> OpenSession:
        watched = self._watched.get(session)
        if watched is None:
            raise NotFound(f"There is no session {session}.", kind="session", code="InvalidSessionId")
        return watched.session

    # ---- ports.broker.HostGate

    def admit(self, proof: str) -> object:
        """See the port."""
        refused = NotAuthenticated("This ticket is not good (any more).")
        parts = proof.split(".")
        if len(parts) != 4 or not all(part.isascii() and part.isdigit() for part in parts[:3]):
            raise refused
        number, instance, intent = (int(part[:18]) for part in parts[:3])
        watched = self._watched.get(number)
        if watched is None or not self._tickets.accepts(number, instance, intent, parts[3]):
            raise refused
        session = watched.session
        expected = self._store.peek(lambda look: look.intents(job_id=number, task=1))
        if intent in session.used or all(one.id != intent for one in expected):
            raise refused
        if session.over or session.failure or session.closed:
            raise refused
        session.used &= {one.id for one in expected}
        session.used.add(intent)
        return session, instance

    async def serve(self, admitted: object, channel: Channel) -> None:
        """See the port."""
        if not isinstance(admitted, tuple):
            raise TypeError("serve takes what admit answers")
        session, instance = admitted
        if isinstance(session, OpenSession):
            await session.crew.serve(HostLink(instance, channel), channel)

    # ---- what time asks

    async def _tick_on(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            for watched in list(self._watched.values()):
                try:
                    await self._tick(watched)
                except StoreUnavailable as error:
                    log.warning("session_not_watched", session=watched.session.session.id, reason=error.text)
                except Exception as error:
                    # The others must be looked after all the same.
                    log.error("session_watch_failed", session=watched.session.session.id, exc_info=error)

    async def _tick(self, watched: _Watched) -> None:
        session = watched.session
        number = session.session.id
        if number not in self._watched:  # closed while others were looked at
            return
        now = self._clock.monotonic()
        self._spools[number].try_again()
        job = _job(self._store, number)
        if job is None:  # removed after its time
            await self.close(number)
            return
        if job.state in FINAL_JOB_STATES:
            if not session.over:
                session.ended()
            return
        session.expire()
        if session.failure:
            await session_jobs.fail(self._store, number, session.failure)
        elif self._is_idle(session, now):
            await session_jobs.finish(self._store, number, "Nobody used the session.")
        elif job.state in (JobState.QUEUED, JobState.RUNNING):
            self._watch_starts(watched)
            session.crew.unstick()
            await self._scale(watched, job, now)
        session.crew.pump_soon()

    def _is_idle(self, session: OpenSession, now: float) -> bool:
        """Whether an interactive session has been left alone for too long (7.7)."""
        said = session.session.start.session_idle_timeout / 1000
        limit = said or self._settings.session_idle_s
        return bool(limit) and not (session.durable or session.in_use) and now - session.touched > limit

    def _watch_starts(self, watched: _Watched) -> None:
        """Give up a session whose hosts end before they are ready."""
        session = watched.session
        task: Task = self._store.peek(lambda look: look.task(session.session.id, 1))
        if session.crew.was_ready != watched.ready_before or watched.failed_before is None:
            watched.ready_before, watched.failed_before = session.crew.was_ready, task.failed
        elif (ended := task.failed - watched.failed_before) >= STARTS + watched.target:
            why = session.crew.last_words or "What they wrote is the output of the job's task 1."
            session.fail(f"{ended} hosts of the service ended before they were ready. {why}")

    async def _scale(self, watched: _Watched, job: Job, now: float) -> None:
        session, start = watched.session, watched.session.session.start
        slots = session.crew.slots
        requests = session.load
        low, high = start.min_units or 1, start.max_units or INT_MAX
        bounds = Bounds(low, high, start.grow_threshold, start.shrink_threshold)
        if not scaling.is_low(bounds, requests, watched.target, slots):
            watched.low_since = None
        elif watched.low_since is None:
            watched.low_since = now
        wanted = scaling.target(
            bounds,
            now=watched.target,
            requests=requests,
            slots=slots,
            low_for_s=0.0 if watched.low_since is None else now - watched.low_since,
            patience_s=self._settings.shrink_after_s,
        )
        if wanted > watched.target:
            wanted = max(watched.target, min(wanted, self._units(job)))
        if wanted == watched.target:
            return
        await session_jobs.resize(self._store, session.session.id, wanted)
        log.info("session_resized", session=session.session.id, hosts=wanted, was=watched.target)
        watched.target, watched.low_since = wanted, None
        session.crew.let_go(len(session.crew.hosts) - wanted)

    def _units(self, job: Job) -> int:
        """How many units of the job's kind all nodes have."""
        return self._store.peek(
            lambda look: sum(node_units(node, job.spec.unit_type) for node in look.nodes())
        )


def _job(store: Store, number: int) -> Job | None:
    try:
        return store.peek(lambda look: look.job(number))
    except NotFound:
        return None


def _with_messages(look: Reader) -> list[int]:
    found: list[int] = []
    while (following := look.soa_next_with_messages(found[-1] if found else 0)) is not None:
        found.append(following)
    return found
