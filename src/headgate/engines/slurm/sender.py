"""The sender: gives Slurm what was submitted, each part once.

A part is on disk as tried before sbatch is called. Where sbatch gave no answer that can be believed, the part
is in doubt: it is looked for by its comment (`doubts.py`) and tried again only when Slurm certainly does not
have it. While something is in doubt nothing else is tried: most likely Slurm can't be reached. What Slurm
does not take yet, as its owner has as many jobs there as he may have, waits in a line (`lines.py`).
"""

import asyncio
import bisect
import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from msgspec.structs import replace

from headgate.core.errors import EngineUnavailable
from headgate.engines.slurm import components
from headgate.engines.slurm.cluster import Cluster
from headgate.engines.slurm.commands import sbatch
from headgate.engines.slurm.doubts import Doubts
from headgate.engines.slurm.journal import Dropped, Journal, Taken, Tried
from headgate.engines.slurm.lines import Lines, Standing, Whose
from headgate.engines.slurm.machine import end_orphans
from headgate.engines.slurm.ordering import array
from headgate.engines.slurm.parts import Ledger, Part
from headgate.engines.slurm.rights import Runner
from headgate.engines.slurm.script import Site, script
from headgate.ports.engine import Ended, Ending, Fault, Item, Refused

log = structlog.get_logger("headgate.engines.slurm")

MOST_TRIES = 5
"""Of a part that Slurm each time certainly did not take, without saying why."""
TOGETHER = 64
"""Parts that are noted as tried with one sync of the disk."""

GIVES_WAY_S = 1.0
"""For so long after something was submitted sbatch gives way to the server: most likely clients wait."""


@dataclass(slots=True)
class Outgoing:
    """A part that Slurm does not have yet, as far as is known."""

    part: Part
    items: tuple[Item, ...]
    runner: Runner
    request: sbatch.Request
    """All but the script and the array, which are made when it is sent."""
    at_once: int
    tries: int = 0
    waiting: bool = True
    """Its turn has not come (again)."""
    recalled: set[int] = field(default_factory=set)
    number: int = 0
    """In the order in which they came."""
    piece: bool = False
    """Of an array that was more than its owner may have with Slurm."""

    @property
    def whose(self) -> Whose:
        """Which limits of Slurm's apply to it."""
        asked = self.request
        return Whose(self.part.uid, asked.account, asked.qos, asked.partition)

    @property
    def standing(self) -> Standing:
        """Its place among those to which the same limits apply."""
        return Standing(self.number, self.part.instances[0], self.part.name, self.part.intent)


class Sender:
    """See the module. sending: a folder for the scripts that an sbatch of another account has. script_limit:
    bytes of the largest script that Slurm takes. boot: the id of this run of the machine.
    """

    def __init__(
        self,
        cluster: Cluster,
        ledger: Ledger,
        journal: Journal,
        doubts: Doubts,
        site: Site,
        *,
        sending: Path,
        parallel: int,
        script_limit: int,
        boot: str,
        now: Callable[[], int],
        sent: Callable[[], None],
    ) -> None:
        self._cluster = cluster
        self._ledger = ledger
        self._journal = journal
        self._doubts = doubts
        self._site = site
        self._sending = sending
        self._parallel = parallel
        self._script_limit = script_limit
        self._boot = boot
        self._now = now
        self._sent = sent
        self._waiting: deque[str] = deque()
        self._outgoing: dict[str, Outgoing] = {}
        self._lines = Lines(time.monotonic)
        self._behind: dict[int, list[Standing]] = {}
        """What waits for others of its sweep to end, by intents."""
        self._numbers = itertools.count(1)
        self._wake = asyncio.Event()
        self._gives_way_until = 0.0

    @property
    def reasons(self) -> Mapping[int, str]:
        """Why what Slurm does not take yet waits, by intents."""
        return self._lines.reasons

    def take(self, outgoing: Outgoing) -> None:
        """Send it when its turn comes."""
        self._gives_way_until = time.monotonic() + GIVES_WAY_S
        outgoing.number = next(self._numbers)
        self._outgoing[outgoing.part.name] = outgoing
        self._waiting.append(outgoing.part.name)
        self._wake.set()

    def take_back(self, name: str, instances: Collection[int]) -> bool:
        """Do not send these instances. False when the part may be with Slurm already."""
        outgoing = self._outgoing.get(name)
        if outgoing is None or not outgoing.waiting:
            return False
        for instance in instances:
            outgoing.recalled.add(instance)
            self._end(outgoing.part, instance, Ending.NEVER_STARTED)
        return True

    def wake(self) -> None:
        """A doubt is settled: go on."""
        self._wake.set()

    def ended(self, part: Part) -> None:
        """Something of this part's has: there may be room for others of its owner, or of its sweep."""
        self._lines.room(part.uid)
        self._wake.set()

    async def run(self) -> None:
        """Send for ever."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if self._doubts.open else self._lines.wait_s()):
                    await self._wake.wait()
            self._wake.clear()
            while not self._doubts.open and (some := self._next()):
                try:
                    await asyncio.to_thread(self._note, some)
                except EngineUnavailable as error:
                    log.error("journal_unwritable", reason=error.text)
                    self._back(some)
                    await asyncio.sleep(1.0)
                    continue
                await asyncio.gather(*(self._send_from(some) for _ in range(self._parallel)))
                self._back(some)
                self._sent()

    def _next(self) -> deque[Outgoing]:
        """The next ones, not more than `TOGETHER`."""
        self._waiting.extend(self._lines.turns(self._may_go))
        some: deque[Outgoing] = deque()
        while len(some) < TOGETHER and (name := self._first()):
            one = self._prepared(name)
            if one is not None and not self._kept_behind(one) and not self._lined_up(one):
                some.append(one)
        return some

    def _first(self) -> str:
        """Whose turn it is; "": nobody's."""
        if self._waiting:
            return self._waiting.popleft()
        for intent, behind in self._behind.items():
            if self._has_room(self._outgoing[behind[0].name]):
                name = behind.pop(0).name
                if not behind:
                    del self._behind[intent]
                return name
        return ""

    def _kept_behind(self, one: Outgoing) -> bool:
        """Whether as many runs of its sweep are with Slurm as may be at once, each a job of its own (those of
        an array Slurm counts itself).
        """
        if not one.at_once or not components.is_first(one.part.name):
            return False
        behind = self._behind.get(one.part.intent, [])
        full = bool(behind and behind[0] < one.standing) or not self._has_room(one)
        if full:
            one.waiting = True
            bisect.insort(self._behind.setdefault(one.part.intent, behind), one.standing)
            self._lines.over(one.whose, one.part.name)
        return full

    def _has_room(self, one: Outgoing) -> bool:
        """Whether less of its sweep is with Slurm, or on its way there, than may be."""
        there = 0
        for part in self._ledger.of_intent(one.part.intent, one.part.tag):
            other = self._outgoing.get(part.name)
            there += other is not one and (other is None or not other.waiting) and part.lives
        return there < one.at_once

    def _lined_up(self, one: Outgoing) -> bool:
        """Whether it had to stand in line, behind others to which the same limits apply."""
        held = self._lines.holds(one.whose, one.part.name)
        if held:
            one.waiting = True
            self._lines.join(one.whose, one.standing)
        return held

    def _may_go(self, name: str) -> bool:
        """Of an array that may only have so many runs at once, one piece is with Slurm at a time."""
        one = self._outgoing[name]
        if not (one.piece and one.at_once):
            return True
        parts = self._ledger.of_intent(one.part.intent, one.part.tag)
        return not any(part.job and part.lives for part in parts)

    async def _send_from(self, some: deque[Outgoing]) -> None:
        """One after another, until there are none or something is in doubt."""
        while some and not self._doubts.open:
            one = some.popleft()
            if not self._lined_up(one):
                await self._send(one)

    def _back(self, some: Sequence[Outgoing]) -> None:
        """These come next. What was noted as tried and was not is looked for after a crash, and not found."""
        for one in reversed(some):
            one.waiting = True
            self._waiting.appendleft(one.part.name)

    def _prepared(self, name: str) -> Outgoing | None:
        """Without what was taken back meanwhile; None when nothing is left."""
        outgoing = self._outgoing[name]
        outgoing.waiting = False
        if outgoing.recalled:
            items = tuple(item for item in outgoing.items if item.instance not in outgoing.recalled)
            part = outgoing.part
            over = tuple(one for one in part.instances if one in outgoing.recalled - part.over)
            self._ledger.drop(part)
            kept = replace_instances(part, tuple(item.instance for item in items))
            if over:  # whoever acknowledges their end finds them under a name of their own
                gone = replace_instances(part, over, name=f"{part.name}!{over[0]}")
                gone.ended.update(over)
                gone.started.update(over)
                self._ledger.add(gone)
            if not items:
                del self._outgoing[name]
                self._lines.over(outgoing.whose, name)
                return None
            self._ledger.add(kept)
            outgoing.part, outgoing.items, outgoing.recalled = kept, items, set()
        return outgoing

    def _note(self, some: Collection[Outgoing]) -> None:
        at = time.clock_gettime(time.CLOCK_BOOTTIME)
        lines = [
            Tried(
                part=one.part.name,
                tag=one.part.tag,
                intent=one.part.intent,
                instances=one.part.instances,
                uid=one.part.uid,
                account=one.part.account,
                at=at,
                boot=self._boot,
            )
            for one in some
        ]
        if lines:
            self._journal.note(*lines, sync=True)

    async def _send(self, outgoing: Outgoing) -> None:
        """Try it once."""
        part = outgoing.part
        outgoing.tries += 1
        text = script(part.tag, outgoing.items, outgoing.runner.account, self._site)
        if len(text) > self._script_limit:
            reason = f"Its script has {len(text)} bytes; Slurm takes {self._script_limit}."
            self._give_up(outgoing, reason, Fault.SCRIPT)
            return
        indices = array(len(outgoing.items), outgoing.at_once)
        request = replace(outgoing.request, script=text, array=indices)
        began = time.monotonic()
        gives_way = began < self._gives_way_until
        if outgoing.runner.sudo:
            owner, kept = outgoing.runner.account, str(self._sending / part.name)
            answer = await self._cluster.submit(
                request, owner.name, owner.gid, kept=kept, gives_way=gives_way
            )
        else:
            answer = await self._cluster.submit(request, gives_way=gives_way)
        if isinstance(answer, sbatch.Submitted):
            self.taken(part, answer.job)
        elif isinstance(answer, sbatch.Full):
            self._full(outgoing, answer)
        elif isinstance(answer, Refused):
            self._give_up(outgoing, answer.reason)
        else:
            self._lines.over(outgoing.whose, part.name)
            log.warning("submission_uncertain", part=part.name, reason=answer.reason)
            self._doubts.add(part, answer.reason, began)
            # What can't be said to have ended is ended, before it is looked for.
            await asyncio.to_thread(end_orphans, (part.name,))
            if self._doubts.about(part.name):
                self._doubts.add(part, answer.reason, began)

    def taken(self, part: Part, job: int) -> None:
        """Slurm has it."""
        part.job = job
        part.seen = time.monotonic()
        outgoing = self._outgoing.pop(part.name, None)
        if outgoing is not None:
            self._lines.over(outgoing.whose, part.name, taken=True)
        try:
            self._journal.note(Taken(part.name, job), sync=False)
        except EngineUnavailable as error:  # after a restart it is found by its comment
            log.warning("journal_unwritable", reason=error.text)
        log.info("submitted", part=part.name, job=job, runs=len(part.instances))

    def _full(self, outgoing: Outgoing, answer: sbatch.Full) -> None:
        """Its owner has as many jobs with Slurm as he may have. An array may be more than that by itself: its
        halves are tried.
        """
        part = outgoing.part
        log.info("not_yet", part=part.name, reason=answer.reason)
        outgoing.tries, outgoing.waiting = 0, True
        self.take_back(part.name, list(part.stops))
        pieces = [outgoing]
        try:
            # After a restart it is not looked for: its halves may have made the records of its runs.
            self._journal.note(Dropped(part.name), sync=False)
            if answer.fewer:
                pieces = self._halves(outgoing)
        except EngineUnavailable as error:
            log.error("journal_unwritable", reason=error.text)
        smaller = len(pieces) > 1
        standing = [one.standing for one in pieces]
        self._lines.full(outgoing.whose, part.name, answer.reason, *standing, smaller=smaller)

    def _halves(self, outgoing: Outgoing) -> list[Outgoing]:
        """The two of an array, in its place; of anything else itself."""
        part, items = outgoing.part, outgoing.items
        if len(items) == 1 or outgoing.recalled or part.ended:
            return [outgoing]
        self._ledger.drop(part)
        del self._outgoing[part.name]
        pieces = []
        middle = -(-len(items) // 2)
        for some in (items[:middle], items[middle:]):
            instances = tuple(item.instance for item in some)
            half = replace_instances(part, instances, f"{part.tag}.{instances[0]}-{instances[-1]}")
            request = replace(outgoing.request, comment=half.name)
            one = Outgoing(half, some, outgoing.runner, request, outgoing.at_once)
            one.number, one.piece = outgoing.number, True
            self._ledger.add(half)
            self._outgoing[half.name] = one
            pieces.append(one)
        return pieces

    def absent(self, part: Part, reason: str) -> None:
        """Slurm certainly does not have it: try again, but not for ever."""
        outgoing = self._outgoing.get(part.name)
        if outgoing is None:  # of an earlier life: whoever asks is told that it was never taken
            self._journal.note(Dropped(part.name), sync=False)
            self._ledger.drop(part)
        elif outgoing.tries < MOST_TRIES:
            self._back([outgoing])
        else:
            self._give_up(outgoing, f"Slurm did not take it in {outgoing.tries} tries: {reason}")
        self._wake.set()

    def _give_up(self, outgoing: Outgoing, reason: str, fault: Fault = Fault.SUPERVISION) -> None:
        part = outgoing.part
        self._outgoing.pop(part.name, None)
        self._lines.over(outgoing.whose, part.name)
        log.warning("refused", part=part.name, reason=reason)
        for instance in part.instances:
            self._end(part, instance, Ending.NOT_STARTABLE, fault, reason)

    def _end(
        self, part: Part, instance: int, ending: Ending, fault: Fault = Fault.NONE, reason: str = ""
    ) -> None:
        self._ledger.say(
            Ended(
                intent=part.intent,
                instance=instance,
                ending=ending,
                at=self._now(),
                fault=fault,
                reason=reason,
            )
        )


def replace_instances(part: Part, instances: tuple[int, ...], name: str = "") -> Part:
    """The part with other instances; what is known of them stays."""
    return Part(
        name=name or part.name,
        tag=part.tag,
        intent=part.intent,
        instances=instances,
        uid=part.uid,
        account=part.account,
    )
