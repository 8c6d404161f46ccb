"""The hosts of one session, and what goes between them and its batches.

`pump` gives hosts what they have room for, batch by batch in turn, so that a small batch does not wait behind
a large one. What a host had when it is lost goes to others; what it was at is tried so often and no more.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import structlog

from headgate.broker.batch import Batch, Pending
from headgate.broker.host import HostLink
from headgate.core.errors import StoreUnavailable
from headgate.core.soa import Registration, Response, SoaFault
from headgate.formats import soa_link as link
from headgate.ports.broker import Channel, HostGone
from headgate.ports.clock import Clock

log = structlog.get_logger("headgate.broker")

SHARE: Final = 32
"""Requests of one batch that a host is given before the next batch has its turn."""
DEATHS: Final = 12
"""Hosts that may die one after the other without one answer between."""
LARGEST_ANSWER: Final = 64 * 1024 * 1024
STUCK_S: Final = 1.0
"""A host that answers nothing for so long is asked to give back what it has not begun, if another is idle."""
RETRY_S: Final = 1.0
FAULT_ACTION: Final = "http://www.w3.org/2005/08/addressing/soap/fault"


class Owner(Protocol):
    """What a crew works for."""

    @property
    def all_batches(self) -> Iterable[Batch]:
        """The batches that have something to do."""
        ...

    @property
    def may_give(self) -> bool:
        """Whether hosts are to be given anything now."""
        ...

    def given(self) -> None:
        """Hosts were given what they had room for."""
        ...

    def answer(self, batch: Batch, pending: Pending, response: Response) -> None:
        """This is the answer to that request."""
        ...

    def fail(self, reason: str) -> None:
        """The session can't go on."""
        ...


class Crew:
    """See the module."""

    def __init__(
        self, session: int, registration: Registration, operation_s: float, owner: Owner, clock: Clock
    ) -> None:
        """operation_s: seconds that one request may take."""
        self.session = session
        self.registration = registration
        self.hosts: set[HostLink] = set()
        self.last_words = ""
        """Why the last host that ended by itself did."""
        self.was_ready = 0
        """How many hosts have been ready."""
        self._operation_s = operation_s
        self._owner = owner
        self._clock = clock
        self._turn: list[Batch] = []
        self._pump_called = False
        self._deaths = 0
        self._loads: set[asyncio.Task[None]] = set()

    @property
    def is_ready(self) -> bool:
        """Whether there is a host that takes requests."""
        return any(host.concurrency for host in self.hosts)

    @property
    def slots(self) -> int:
        """Requests that one host does at once."""
        said = max((host.concurrency for host in self.hosts), default=0)
        return said or self.registration.limits.concurrency

    # ---- to hosts

    def pump_soon(self) -> None:
        """Have `pump` called, once, when what happens now is over."""
        if not self._pump_called:
            self._pump_called = True
            asyncio.get_running_loop().call_soon(self.pump)

    def pump(self) -> None:
        """Give hosts what they have room for."""
        self._pump_called = False
        if not self._owner.may_give:
            return
        hosts = [host for host in self.hosts if host.room > 0]
        if not hosts:
            return
        waiting = self._line_up()
        share = max(1, min(SHARE, -(-waiting // len(hosts))))
        now = self._clock.monotonic()
        while hosts and self._turn:
            batch = self._turn.pop(0)
            if batch.must_load:
                self._load(batch)
                continue
            host = max(hosts, key=_room)
            given = batch.take(min(share, host.room), host.room_bytes)
            if given:
                host.give(batch, given, now)
                self._turn.append(batch)
            if host.room <= 0:
                hosts.remove(host)
        self._owner.given()

    def _line_up(self) -> int:
        """Have every batch that has something in the line, those that were there before in front. How much
        they have together.
        """
        ready = {batch: None for batch in self._owner.all_batches if batch.at_hand or batch.must_load}
        standing = [batch for batch in self._turn if batch in ready]
        for batch in standing:
            del ready[batch]
        self._turn = [*standing, *ready]
        return sum(batch.waiting for batch in self._turn)

    def _load(self, batch: Batch) -> None:
        """Fetch a batch's next requests from disk, and go on then."""
        if batch.loading:
            return

        async def load() -> None:
            try:
                await batch.load()
            except StoreUnavailable as error:
                log.warning("requests_not_loaded", session=self.session, reason=error.text)
                await asyncio.sleep(RETRY_S)
            finally:
                batch.loading = False
            self.pump_soon()

        batch.loading = True
        task = asyncio.create_task(load())
        self._loads.add(task)
        task.add_done_callback(self._loads.discard)

    def unstick(self) -> None:
        """Take back what lies ahead of a host that does not get on, when others have nothing to do."""
        hosts = [host for host in self.hosts if host.concurrency and not host.leaving]
        if all(host.given for host in hosts):
            return
        now = self._clock.monotonic()
        for host in hosts:
            if len(host.given) > host.concurrency and not host.recalled and now - host.moved > STUCK_S:
                host.recall()

    def let_go(self, count: int) -> None:
        """Let so many hosts go that have nothing to do."""
        for host in [host for host in self.hosts if not host.given and not host.leaving][:count]:
            host.leave()

    def dismiss(self) -> None:
        """Let all of them go."""
        for host in self.hosts:
            host.leave()

    def forget(self, batch: Batch) -> None:
        """A batch is gone."""
        if batch in self._turn:
            self._turn.remove(batch)

    async def stop(self) -> None:
        """The server stops."""
        for task in self._loads:
            task.cancel()
        await asyncio.gather(*self._loads, return_exceptions=True)

    # ---- from hosts

    async def serve(self, host: HostLink, channel: Channel) -> None:
        """Be there for a host until it is gone."""
        self.hosts.add(host)
        host.start(link.Start(self.registration, self._operation_s))
        sending = asyncio.create_task(host.sending())
        receiving = asyncio.create_task(self._receiving(host, channel))
        try:
            await asyncio.wait({sending, receiving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, receiving):
                task.cancel()
            self.hosts.discard(host)
            self._lost(host)
        for result in await asyncio.gather(sending, receiving, return_exceptions=True):
            if isinstance(result, Exception) and not isinstance(result, HostGone):
                log.error("host_link_failed", session=self.session, exc_info=result)

    async def _receiving(self, host: HostLink, channel: Channel) -> None:
        """What the host says, until it is gone or says that it fails."""
        gathering = link.Gathering(LARGEST_ANSWER)
        while True:
            whole = gathering.take(await channel.receive())
            if whole is None:
                continue
            message = link.from_host.decode(whole)
            if isinstance(message, link.Done):
                self._done(host, message.outcomes)
            elif isinstance(message, link.Returned):
                for number in message.ids:
                    if (given := host.take(number)) is not None:
                        given[0].give_back(given[1])
            elif isinstance(message, link.Ready):
                host.ready(message.concurrency)
                self.was_ready += 1
            else:
                self.last_words = message.reason[:2000]
                log.info(
                    "service_failed", session=self.session, instance=host.instance, reason=self.last_words
                )
                return
            self.pump_soon()

    def _done(self, host: HostLink, outcomes: Sequence[link.Outcome]) -> None:
        if not outcomes:
            return
        host.answered(len(outcomes), self._clock.monotonic())
        for outcome in outcomes:
            given = host.take(outcome.id)
            if given is None:
                continue
            batch, pending = given
            if outcome.timed_out:
                reason = f"The service took more than {self._operation_s:g} s for this request."
                self._fault(batch, pending, SoaFault.OPERATION_TIMEOUT, reason)
                continue
            self._deaths = 0
            request = pending.request
            response = Response(
                request_action=request.action,
                action=outcome.action,
                relates_to=request.message_id,
                body=outcome.body,
                user_data=request.user_data,
            )
            self._owner.answer(batch, pending, response)

    def _fault(self, batch: Batch, pending: Pending, fault: SoaFault, reason: str) -> None:
        request = pending.request
        response = Response(
            request_action=request.action,
            action=FAULT_ACTION,
            relates_to=request.message_id,
            body=b"",
            user_data=request.user_data,
            fault=int(fault),
            reason=reason,
        )
        self._owner.answer(batch, pending, response)

    def _lost(self, host: HostLink) -> None:
        """A host is gone. What it had goes to others; what it was at, which is what it had first, has been
        tried once more.
        """
        given = list(host.given.values())
        host.given.clear()
        blamed = 0 if host.leaving else host.concurrency
        if given and blamed:
            self._deaths += 1
        for batch, pending in given[blamed:]:
            batch.give_back(pending)
        for batch, pending in given[:blamed]:
            pending.tries += 1
            if pending.tries <= self.registration.limits.retries:
                batch.give_back(pending)
                continue
            reason = f"Its host ended {pending.tries} times. {self.last_words}".strip()
            self._fault(batch, pending, SoaFault.RETRY_LIMIT, reason)
        if self._deaths >= DEATHS:
            reason = f"{self._deaths} hosts ended one after the other without an answer. {self.last_words}"
            self._owner.fail(reason.strip())
        self.pump_soon()


def _room(host: HostLink) -> int:
    return host.room
