"""The watcher: one squeue in a while for all that is with Slurm, and what follows from it.

Often while things change, seldom while they do not; at once where a record appears in the spool. What squeue
shows as over, or shows no longer, is judged together with its exit record (`verdict.py`). Not seen is not
over: what is gone from one list has to be gone from the next as well, and its record has to have had the time
to reach us.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

import structlog

from headgate.core.errors import EngineUnavailable
from headgate.engines.slurm import components
from headgate.engines.slurm.cluster import Cluster
from headgate.engines.slurm.commands import sacct
from headgate.engines.slurm.commands.squeue import Row
from headgate.engines.slurm.doubts import MARGIN_S, Doubts, Finding
from headgate.engines.slurm.endings import Endings
from headgate.engines.slurm.options import Options
from headgate.engines.slurm.parts import Ledger, Part
from headgate.engines.slurm.script import record_name
from headgate.engines.slurm.sender import Sender
from headgate.engines.slurm.spool import Record, Spool
from headgate.engines.slurm.states import Stage, meaning, waits_for
from headgate.engines.slurm.verdict import (
    NO_RECORD,
    Facts,
    began_at,
    judged,
    placed,
    row_of,
    rows_of,
)
from headgate.ports.engine import Ended, Ending, Fault, Started

log = structlog.get_logger("headgate.engines.slurm")

RECORD_S = 2.0
"""How long a record may be on its way when Slurm says that its run is over."""
WITHOUT_SPOOL_S = 1.5
"""The longest pause where no record announces anything: a change is to be seen within two seconds."""
HISTORY_S = 2 * 86400
"""How far back accounting is asked about submissions in doubt."""
COST = 3.0
"""A pause lasts at least so many times as long as the last look did, up to WITHOUT_SPOOL_S."""
LIVELY_S = 3.0
"""After a change the pause stays short for so long."""


class Watcher:
    """See the module."""

    def __init__(
        self,
        cluster: Cluster,
        ledger: Ledger,
        doubts: Doubts,
        sender: Sender,
        options: Options,
        *,
        spool: Spool | None,
        secret: bytes,
        memory_s: float,
        accounting: bool,
        now: Callable[[], int],
    ) -> None:
        self._cluster = cluster
        self._ledger = ledger
        self._doubts = doubts
        self._sender = sender
        self._options = options
        self._spool = spool
        self._secret = secret
        self._memory_s = memory_s
        self._accounting = accounting
        self._now = now
        self._wake = asyncio.Event()
        self._lively_until = 0.0
        self._pause = options.poll_min_s
        self._took = 0.0
        self._names: set[str] = set()
        self._put_back: dict[str, list[int]] = {}
        """What had begun and waits in Slurm's queue again, since somebody put it back there."""
        self.endings = Endings(cluster, self.kick)
        self._stages: dict[tuple[str, int], Stage] = {}
        self.reasons: dict[int, str] = {}
        """Why what waits does so, by intents, as Slurm says it of the first of each."""
        self.rows: Sequence[Row] = ()
        """All that the last whole look saw, where jobs of others are shown."""
        self.looked = 0
        """When (monotonic, microseconds) the last whole look began; 0: there was none."""
        self.problem = ""
        """Why the last look failed; empty: it did not."""

    def kick(self) -> None:
        """Something was done: look soon, and often for a while."""
        self._lively_until = time.monotonic() + LIVELY_S
        self._pause = self._options.poll_min_s
        self._wake.set()

    async def run(self) -> None:
        """Watch for ever."""
        while True:
            if self._ours():
                await self._wait()
            else:
                await self._rest()
            try:
                await self.look()
            except EngineUnavailable as error:
                if not self.problem:
                    log.warning("not_seen", reason=error.text)
                self.problem = error.text
                self._pause = min(2 * self._pause, self._options.poll_max_s)

    def _ours(self) -> bool:
        """Whether anything is with Slurm that is to be seen or looked up."""
        return bool(self._ledger.live() or self._doubts.open)

    async def _rest(self) -> None:
        """Until something of ours may be with Slurm; where jobs of others are shown, not longer than they may
        go unseen.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._options.poll_max_s if self._options.foreign else None):
                await self._wake.wait()
                await self._wait()

    async def _wait(self) -> None:
        """Until it is time to look, or a record appears."""
        lively = time.monotonic() < self._lively_until
        most = self._options.poll_max_s if self._spool is not None else WITHOUT_SPOOL_S
        least = max(self._options.poll_min_s, min(COST * self._took, WITHOUT_SPOOL_S))
        self._pause = least if lively else max(least, min(self._pause * 1.5, most))
        soonest = time.monotonic() + least
        until = time.monotonic() + self._pause
        while (left := until - time.monotonic()) > 0:
            self._wake.clear()
            try:
                async with asyncio.timeout(min(left, self._options.poll_min_s)):
                    await self._wake.wait()
                until = min(until, time.monotonic() + least)
            except TimeoutError:
                if await self._recorded_something():
                    until = min(until, soonest)

    async def _recorded_something(self) -> bool:
        """Whether there are records, or ends of some, that were not there before."""
        if self._spool is None:
            return False
        try:
            names = await asyncio.to_thread(self._spool.names)
        except EngineUnavailable:
            return False
        new = names - self._names
        self._names = names
        return bool(new)

    # ---- one look

    async def look(self) -> None:
        """Ask squeue, and draw the conclusions. Raises EngineUnavailable."""
        began = time.monotonic()
        rows = await self._cluster.jobs()
        self.looked = int(began * 1e6)
        if self._options.foreign:
            self.rows = rows
        if self.problem:
            log.info("seen_again")
            self.problem = ""
        await self._settle_doubts(rows, began)
        # By both: a controller that lost its state gives the same ids again, and comments are anybody's.
        by_part: dict[tuple[int, str, int], list[Row]] = {}
        of_components = {part.name for part in self._ledger.live() if components.is_first(part.name)}
        for row in components.together(rows, of_components):
            by_part.setdefault((row.array, row.comment, row.uid), []).append(row)
        self._stages = self.endings.stages = {}
        self.reasons = {}
        self._put_back = {}
        changed = False
        for part in self._ledger.live():
            if part.job:
                changed |= self._part(part, by_part.get((part.job, part.name, part.uid), ()), began)
        for part in [part for part in self._ledger.live() if part.unseen]:
            changed |= await self._confirm(part, began)
        self._took = time.monotonic() - began
        if changed:
            self._lively_until = time.monotonic() + LIVELY_S
        for name in self._put_back:
            # Its record keeps it from running again: whoever wants it again gets it as a new job.
            log.warning("put_back", part=name, job=self._ledger.parts[name].job)
        live = self._ledger.live()
        for part in live:
            if why := self.endings.trouble(part):
                self.reasons[part.intent] = why
        await self.endings.enforce(live, self._put_back)

    async def _settle_doubts(self, rows: Sequence[Row], began: float) -> None:
        if not self._doubts.open:
            return
        kept: Sequence[sacct.Record] = ()
        if self._accounting:
            try:
                kept = await self._cluster.history((), self._now() // 1_000_000 - HISTORY_S)
            except EngineUnavailable as error:
                log.warning("accounting_away", reason=error.text)
                if self._spool is None:  # then nothing else remembers what Slurm has forgotten
                    return
        # Anybody may write anything in a comment: only the owner's jobs count.
        uids = {part.name: part.uid for part in self._ledger.parts.values()}
        found: dict[str, int] = {}
        for row in rows:
            if components.is_first(row.comment) and components.aborted(row):
                continue
            if row.comment in uids and row.uid == uids[row.comment]:
                found[row.comment] = min(row.array, found.get(row.comment, row.array))
        for one in kept:
            # The line of the submission is the same for all components.
            if one.component or (one.component == 0 and components.aborted(row_of(one))):
                continue
            for tag in _comments(one):
                if one.uid == uids.get(tag):
                    found.setdefault(tag, one.array)
        recorded = self._job_on_record if self._spool is not None else None
        for part, finding, job, reason in self._doubts.look(found, recorded, began, self._memory_s):
            log.info("doubt_settled", part=part.name, finding=finding.value, job=job)
            if finding is Finding.THERE:
                self._sender.taken(part, job)
                if found.get(part.name) != job:
                    self._moved(part, job, began)
            elif finding is Finding.ABSENT:
                self._sender.absent(part, reason)
            else:
                self._lost(part, f"It is not known whether Slurm has run it: {reason}")
        self._sender.wake()

    def _job_on_record(self, part: Part) -> int:
        for instance in part.instances:
            record = self._record(part, instance)
            if record is not None:
                return record.job
        return 0

    def _lost(self, part: Part, reason: str) -> None:
        for instance in list(part.live()):
            self._ledger.say(
                Ended(
                    intent=part.intent,
                    instance=instance,
                    ending=Ending.LOST,
                    at=self._now(),
                    fault=Fault.SUPERVISION,
                    reason=reason,
                )
            )

    def _part(self, part: Part, rows: Sequence[Row], began: float) -> bool:
        """Judge all live instances of a part. Whether anything is new."""
        if rows:
            part.seen = began
        part.beside.update(one.job for row in rows for one in row.beside)
        by_position: dict[int, Row] = {}
        for row in rows:
            for position in row.tasks if row.tasks is not None else (0,):
                by_position[position] = row
        changed = False
        for instance in list(part.live()):
            position = part.positions[instance]
            seen = by_position.get(position)
            if seen is None:
                changed |= self._gone(part, instance, began)
                continue
            stage = meaning(seen.state).stage
            self._stages[(part.name, instance)] = stage
            if stage is Stage.OVER:
                changed |= self._over(part, instance, seen, began)
                continue
            part.missing.pop(instance, None)
            if stage is Stage.WAITING:
                if why := waits_for(seen.reason):
                    self.reasons.setdefault(part.intent, why)
                # Priority 0: it is held there, by whoever put it back.
                again = seen.state == "PENDING" and seen.restarts and seen.priority
                if again and self._record(part, instance) is not None:
                    self._put_back.setdefault(part.name, []).append(instance)
            if stage is Stage.RUNNING:
                changed |= self._running(part, instance, seen)
        return changed

    def _running(self, part: Part, instance: int, row: Row) -> bool:
        if instance in part.started or row.started is None:
            return False
        at = began_at(row, None) or self._now()
        self._ledger.say(Started(part.intent, instance, at, self._native(part, instance), placed(row)))
        return True

    def _over(self, part: Part, instance: int, row: Row, began: float) -> bool:
        """Slurm says that it is over: the record says how, if it is there in time."""
        record = self._record(part, instance)
        if record is not None and record.job != part.job and row.status >> 8 & 255 == NO_RECORD:
            log.warning("ran_under_another_job", part=part.name, job=record.job)
            self._moved(part, record.job, began)
            return True
        waited = began - part.missing.setdefault(instance, began)
        late = self._spool is not None and (record is None or not record.whole)
        if late and row.started is not None and waited < RECORD_S:
            self._lively_until = time.monotonic() + LIVELY_S
            return False
        self._end(part, instance, row, record)
        return True

    def _moved(self, part: Part, job: int, began: float) -> None:
        """It ran under this job, as a record says: the word of its owner. Until Slurm shows that job as the
        owner's nothing is done to it.
        """
        part.job = job
        for instance in part.live():
            part.missing.setdefault(instance, began)
            self._stages.pop((part.name, instance), None)

    def _gone(self, part: Part, instance: int, began: float) -> bool:
        """Slurm does not show it: it may have forgotten it, or the list may be wrong."""
        first = instance not in part.missing
        waited = began - part.missing.setdefault(instance, began)
        record = self._record(part, instance)
        if first or waited < self._options.poll_min_s:
            self._lively_until = max(self._lively_until, time.monotonic() + self._options.poll_min_s)
        elif record is not None and record.whole:
            self._end(part, instance, None, record)
            return True
        elif waited >= self._options.record_wait_s:
            part.unseen.add(instance)
        return False

    async def _confirm(self, part: Part, began: float) -> bool:
        """Ask for this job alone, before it is called forgotten. Raises EngineUnavailable."""
        unseen, part.unseen = part.unseen, set()
        rows = await self._cluster.jobs([part.job])
        names = {part.name} if components.is_first(part.name) else set()
        rows = [
            row
            for row in components.together(rows, names)
            if (row.array, row.comment, row.uid) == (part.job, part.name, part.uid)
        ]
        if not rows and self._accounting:
            try:
                history = await self._cluster.history([part.job])
                rows = rows_of(one for one in history if one.carries(part.name))
            except EngineUnavailable as error:
                log.warning("accounting_away", reason=error.text, job=part.job)
                return False
        there = {position for row in rows for position in (row.tasks if row.tasks is not None else (0,))}
        changed = self._part(part, rows, began) if rows else False
        for instance in unseen - part.ended:
            if part.positions[instance] in there:
                part.missing.pop(instance, None)
            else:
                self._end(part, instance, None, self._record(part, instance))
                changed = True
        part.unseen = set()
        return changed

    def _end(self, part: Part, instance: int, row: Row | None, record: Record | None) -> None:
        facts = Facts(
            intent=part.intent,
            instance=instance,
            native=self._native(part, instance),
            stopped=instance in part.stops,
            spooled=self._spool is not None,
            vanished=self._vanished(part, instance),
            now=self._now(),
        )
        output = b""
        if self._spool is not None and record is not None:
            output = self._spool.output(self._name(part, instance), part.uid, self._options.capture_limit)
        self._ledger.say(judged(facts, row, record, output))
        self._sender.ended(part)

    def _vanished(self, part: Part, instance: int) -> bool:
        """Whether Slurm had it so shortly before that it would still show it if it had ended, and shows
        nothing of its array. (Elements that are cancelled while they wait leave no row.)
        """
        since = part.missing.get(instance)
        return (
            since is not None and part.seen is not None and 0 < since - part.seen < self._memory_s - MARGIN_S
        )

    def _record(self, part: Part, instance: int) -> Record | None:
        return None if self._spool is None else self._spool.record(self._name(part, instance), part.uid)

    def _name(self, part: Part, instance: int) -> str:
        return record_name(part.tag, instance, self._secret)

    def _native(self, part: Part, instance: int) -> str:
        return f"{part.job}_{part.positions[instance]}" if part.is_array else str(part.job)


def _comments(kept: sacct.Record) -> set[str]:
    """The comment that it was submitted with, where accounting keeps any, and in its submit line."""
    words = kept.submit_line.split()
    said = {word.partition("=")[2] for word in words if word.startswith("--comment=")}
    return said | {kept.comment} - {""}
