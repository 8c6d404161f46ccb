"""The loop: looks at new events, makes mails of them, sends them, and remembers how far it is.

Every mail is sent at least once, also if the server is killed in between: what was handed over just before is
handed over again, under the same Message-ID. News that is too old is not sent: a server that could not reach
its mail server for a week sends no flood when it can.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import structlog

from headgate.core.errors import HeadgateError
from headgate.core.model import Event
from headgate.notify import outbox
from headgate.notify.limits import Overall, PerUser
from headgate.notify.mails import Kind, Sender, kinds_of, mail, number_of
from headgate.notify.outbox import Outbox
from headgate.notify.settings import MailSettings
from headgate.ports.clock import Clock
from headgate.ports.mailer import Mail, Mailer
from headgate.ports.store import Reader, Store

log = structlog.get_logger("headgate.mail")

PLACE: Final = "mail:place"
AT_ONCE: Final = 500
"""Events looked at together."""
BETWEEN_S: Final = 0.2
"""Commits within this time are looked at together."""
IDLE_S: Final = 60.0
"""After so long without a mail it is remembered how far the events have been looked at."""
STOP_S: Final = 5.0

News = tuple[Event, Kind]


class Notifier:
    """Start it once; it works until stopped."""

    def __init__(
        self, store: Store, mailer: Mailer, clock: Clock, settings: MailSettings, *, cluster: str
    ) -> None:
        self._store = store
        self._mailer = mailer
        self._clock = clock
        self._settings = settings
        self._policy = settings.policy()
        self._sender = Sender(settings.sender, cluster, store.installation)
        self._per_user = PerUser(settings.per_user_hourly)
        self._overall = Overall(settings.per_minute)
        self._outbox = Outbox()
        self._kept = ""
        self._kept_at = 0.0
        self._resume_at = 0.0
        """When to try again after the mail server could not be reached (monotonic)."""
        self._failures = 0
        self._wake = asyncio.Event()
        self._stopping = False
        self._life: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin. Returns at once."""
        self._store.on_commit(self._committed)
        self._life = asyncio.create_task(self._live(), name="mail")

    async def stop(self) -> None:
        """Let the mail that is being sent be sent, if that is soon; the rest is sent after the next start."""
        self._stopping = True
        self._wake.set()
        if self._life is None:
            return
        await asyncio.wait({self._life}, timeout=STOP_S)
        self._mailer.abort()
        self._life.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._life

    def _committed(self, events: Sequence[Event]) -> None:
        if any(event.task == 0 for event in events):
            self._wake.set()

    async def _live(self) -> None:
        begun = False
        while not self._stopping:
            wait = self._settings.retry_s
            try:
                if not begun:
                    await self.begin()
                    begun = True
                wait = await self.turn()
            except HeadgateError as error:
                log.warning("mail_stuck", reason=error.text)
            except Exception:  # a mistake here must not end all mail; it is told in full
                log.exception("mail_broken")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            if not self._stopping:
                await asyncio.sleep(BETWEEN_S)
            self._wake.clear()
        await self._mailer.rest()

    async def begin(self) -> None:
        """Go on where the last life was; in the first, with what happens from now on."""
        kept = await self._store.read(lambda reader: reader.meta(PLACE))
        if kept is None:
            self._outbox = Outbox(await self._store.read(lambda reader: reader.last_event()))
            await self._keep()
            return
        seen, numbers = outbox.read(kept)
        self._outbox = Outbox(seen)
        self._kept = kept
        for mail_ in await self._store.read(lambda reader: self._again(reader, numbers)):
            self._outbox.add(mail_)

    def _again(self, reader: Reader, numbers: Sequence[int]) -> list[Mail]:
        wanted = set(numbers)
        events = [
            event
            for seq in outbox.events_of(numbers)
            for event in reader.events(after=seq - 1, limit=1)
            if event.seq == seq
        ]
        news = [(event, kind) for event in events for kind in Kind if number_of(event, kind) in wanted]
        return self._mails(reader, news)

    async def turn(self) -> float:
        """Look at what is new and send what may be sent. Seconds until there may be more to do."""
        await self._look()
        await self._send()
        now = self._clock.monotonic()
        if self._outbox.text() != self._kept and now - self._kept_at >= IDLE_S:
            await self._keep()
        due = self._outbox.due()
        if due is None:
            self._per_user.forget(now)
            await self._mailer.rest()
            return IDLE_S
        wait = max(due, self._resume_at) - now
        return min(IDLE_S, max(0.01, wait, self._overall.wait(now)))

    # ---- looking

    async def _look(self) -> None:
        while not (self._outbox.full or self._stopping):
            seen = self._outbox.seen
            count, last, mails = await self._store.read(lambda reader: self._news(reader, seen))  # noqa: B023 - awaited at once
            for one in mails:
                if self._may_send(one):
                    self._outbox.add(one)
            self._outbox.seen = last
            if count < AT_ONCE:
                return

    def _news(self, reader: Reader, after: int) -> tuple[int, int, list[Mail]]:
        """How many events there were, the last of them, and the mails they are worth."""
        events = reader.events(after=after, limit=AT_ONCE)
        news = [(event, kind) for event in events for kind in kinds_of(event)]
        return len(events), events[-1].seq if events else after, self._mails(reader, news)

    def _mails(self, reader: Reader, news: Sequence[News]) -> list[Mail]:
        jobs = {job.id: job for job in reader.jobs({event.job_id for event, _ in news})}
        made = (
            mail(event, kind, jobs[event.job_id], self._policy, self._sender)
            for event, kind in news
            if event.job_id in jobs  # else it is gone already, and its owner was told enough
        )
        return [one for one in made if one is not None]

    def _may_send(self, one: Mail) -> bool:
        if self._too_old(one):
            return False
        now = self._clock.monotonic()
        if self._per_user.take(one.owner, now):
            return True
        if self._per_user.tell(one.owner, now):
            log.warning("mail_dropped", user=one.owner, job=one.job_id, reason="more than per_user_hourly")
        return False

    def _too_old(self, one: Mail) -> bool:
        if self._clock.now() - one.at <= self._settings.give_up_s * 1e6:
            return False
        log.warning("mail_given_up", job=one.job_id, reason="older than give_up_s")
        return True

    # ---- sending

    async def _send(self) -> None:
        while not self._stopping:
            now = self._clock.monotonic()
            one = self._outbox.next(now)
            if one is None or now < self._resume_at or self._overall.wait(now) > 0:
                return
            if self._too_old(one):
                self._outbox.done(one.number)
            else:
                self._overall.take(now)
                await self._send_one(one)
            await self._keep()

    async def _send_one(self, one: Mail) -> None:
        outcome = await self._mailer.send(one)
        now = self._clock.monotonic()
        fields = {"job": one.job_id, "reason": outcome.reason}
        if outcome.unreachable:
            self._resume_at = now + outbox.pause(self._failures, self._settings.retry_s)
            self._failures += 1
            # Another one goes first next time: it may be this one that the server ends connections at.
            self._outbox.later(one, now, self._settings.retry_s)
            log.warning("mail_server_unreachable", host=self._settings.host, **fields)
            return
        self._failures = 0
        if outcome.never:
            log.warning("mail_refused", recipients=len(outcome.never), **fields)
        if outcome.later:
            rest = Mail(one.number, one.job_id, one.owner, outcome.later, one.message, one.at)
            self._outbox.later(rest, now, self._settings.retry_s)
            log.info("mail_deferred", recipients=len(outcome.later), **fields)
            return
        self._outbox.done(one.number)
        if len(outcome.never) < len(one.to):
            log.info("mail_sent", job=one.job_id)

    async def _keep(self) -> None:
        text = self._outbox.text()
        if text != self._kept:
            await self._store.write(lambda tx: tx.put_meta(PLACE, text))
            self._kept = text
        self._kept_at = self._clock.monotonic()
