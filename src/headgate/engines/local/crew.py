"""The lanes and the workers that run them.

A lane's items run strictly one after another; lanes run side by side. A worker serves one lane at a time
and one account for ever. It is given a few items ahead, so that it never waits for us, and what it has
not written in its journal when it dies was not started and goes back to the front of its lane.
"""

import selectors
import signal
import time
from collections import deque
from pathlib import Path

from msgspec.structs import replace

from headgate.core.launch import OsAccount
from headgate.engines.account import own_account
from headgate.engines.local.hands import Entry, Hand
from headgate.engines.local.journal import Journal, Story
from headgate.engines.local.ledger import Ledger, lost_ending
from headgate.engines.local.log import log
from headgate.engines.local.rights import AccountRefused, account_for
from headgate.engines.local.wire import Allow, Clean, Drop, Help, Limits, Stop, Tell, Unfit, Work
from headgate.engines.local.worker import now_us
from headgate.engines.local.workforce import Workforce
from headgate.ports.engine import Ended, Ending, Fault, Key, Sighting, Submission

_AHEAD = 16
_AHEAD_BYTES = 256 * 1024
_STOP_MARGIN_S = 10.0
_WALL_MARGIN_S = 30.0
_CLEAN = 2
_LOST = "The process that watched over the task was killed, and the task with it; its exit status is unknown."


class Lane:
    """What is still waiting in a lane, and who runs it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.queue: deque[Entry] = deque()
        self.hand: Hand | None = None
        self.holds = 0
        """Earlier items that are not over yet though no worker of ours runs them."""


class Crew:
    """Lanes, workers, and what dead workers left."""

    def __init__(self, folder: Path, ledger: Ledger, selector: selectors.BaseSelector, prefix: str) -> None:
        self._own = own_account()
        self._ledger = ledger
        self._workforce = Workforce(folder, selector, prefix, self._listen)
        self._lanes: dict[int, Lane] = {}
        self._lost: list[tuple[Entry, Story, Journal]] = []
        self._unclean: list[int] = []
        self._clean_looks = _CLEAN

    @property
    def limits(self) -> Limits:
        """The settings."""
        return self._workforce.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._workforce.limits = limits

    @property
    def cleaning(self) -> bool:
        """Is something that a dead worker left still being killed?"""
        return self._clean_looks < _CLEAN

    # --- from the server ----------------------------------------------------------------------------------

    def queue(self, submission: Submission) -> None:
        """Take it in: each item will be reported on."""
        lane = self._lanes.setdefault(submission.lane, Lane(submission.lane))
        for item in submission.items:
            if self._ledger.has(submission.intent, item.instance):
                continue  # the same submission again
            work = Work(submission.intent, submission.tag, item.instance, lane.number, item.launch)
            try:
                account = account_for(item.launch.account, self.limits.min_uid, self._own)
            except AccountRefused as error:
                self._end(work, Ending.NOT_STARTABLE, fault=Fault.ACCOUNT, reason=str(error))
                continue
            entry = Entry(work, account)
            self._ledger.take(submission.intent, item.instance, submission.tag, entry)
            lane.queue.append(entry)
        self._feed(lane)

    def drop(self, entry: Entry) -> None:
        """Take it back if it has not started."""
        if entry.hand is None:
            self._take_back(entry)
        else:
            entry.unwanted = True
            entry.hand.order(Drop(Key(*entry.key)))

    def stop(self, entry: Entry, number: int, grace_s: float, *, forced: bool) -> None:
        """End it, running or not."""
        if entry.hand is None:
            self._take_back(entry)
            return
        overdue_at = time.monotonic() + (0.0 if forced else grace_s) + _STOP_MARGIN_S
        entry.overdue_at = min(overdue_at, entry.overdue_at or overdue_at)
        entry.unwanted = True
        entry.hand.order(Stop(Key(*entry.key), number, grace_s, forced))
        entry.hand.rouse()

    def allow(self, entry: Entry, wall_time_s: float | None) -> None:
        """Another wall time for it, running or not."""
        entry.work = replace(entry.work, launch=replace(entry.work.launch, wall_time_s=wall_time_s))
        if entry.hand is not None:
            entry.hand.order(Allow(Key(*entry.key), wall_time_s))
            entry.hand.rouse()

    def _take_back(self, entry: Entry) -> None:
        if not entry.gone:
            entry.gone = True
            self._end(entry.work, Ending.NEVER_STARTED)

    # --- lanes --------------------------------------------------------------------------------------------

    def _feed(self, lane: Lane) -> None:
        """Give its worker something to do ahead, if there is anything; let the worker go if there is not."""
        while lane.queue and lane.queue[0].gone:
            lane.queue.popleft()
        hand = lane.hand
        if not lane.queue:
            if hand is None or not hand.entries:
                self._release(lane)
                if not lane.holds:
                    self._lanes.pop(lane.number, None)
            return
        if lane.holds:
            return
        account = lane.queue[0].account
        if hand is not None and (hand.closed or hand.account != account or hand.journal.large):
            if hand.entries:
                return  # it first brings to an end what it has
            self._release(lane)
            hand = None
        if hand is None:
            try:
                hand = self._workforce.hire(account)
            except OSError as error:
                log("worker not started", account=account.name, error=error)
                return  # tried again at the next tick
            lane.hand = hand
            hand.lane = lane.number
        if entries := self._next_of(lane, hand):
            hand.give(entries)

    def _next_of(self, lane: Lane, hand: Hand) -> list[Entry]:
        entries: list[Entry] = []
        size = hand.size
        while lane.queue and (
            not (hand.entries or entries)
            or (len(hand.entries) + len(entries) < _AHEAD and size < _AHEAD_BYTES)
        ):
            entry = lane.queue[0]
            if not entry.gone:
                if entry.account is not hand.account and entry.account != hand.account:
                    break
                entries.append(entry)
                size += len(entry.work.launch.script)
            lane.queue.popleft()
        return entries

    def _release(self, lane: Lane) -> None:
        hand, lane.hand = lane.hand, None
        if hand is not None:
            hand.lane = None
            self._workforce.release(hand)

    # --- from the workers ---------------------------------------------------------------------------------

    def _listen(self, hand: Hand) -> None:
        self._hear(hand)
        if hand.lane is not None:
            self._feed(self._lanes[hand.lane])

    def _hear(self, hand: Hand) -> None:
        for word in hand.words():
            match word:
                case Tell(seen):
                    for sighting in seen:
                        self._heard(hand, sighting)
                case Help():
                    if self._own.uid == 0:
                        self._workforce.help(hand)
                case Unfit(reason):
                    for entry in list(hand.entries.values()):
                        hand.forget(entry)
                        self._end(entry.work, Ending.NOT_STARTABLE, fault=Fault.ACCOUNT, reason=reason)

    def _heard(self, hand: Hand, sighting: Sighting) -> None:
        entry = hand.entries.get((sighting.intent, sighting.instance))
        if entry is None:
            return  # nothing that it was given
        if isinstance(sighting, Ended):
            hand.forget(entry)
            started = sighting.ending is not Ending.NEVER_STARTED
            self._ledger.end(sighting, hand.journal if started else None, tag=entry.work.tag)
        else:
            self._ledger.say(sighting)

    # --- deaths -------------------------------------------------------------------------------------------

    def reap(self) -> None:
        """Some child has exited: a worker, or what a dead one left."""
        for hand in self._workforce.reap():
            self._hear(hand)  # its last words
            self._bury(hand)

    def _bury(self, hand: Hand) -> None:
        hand.dismiss()
        lane = self._lanes.get(hand.lane) if hand.lane is not None else None
        lost = False
        if hand.entries:
            log("worker died", pid=hand.pid, account=hand.account.name)
            lost = self._settle(hand, lane)
        if lane is not None:
            lane.hand = None
            lane.holds += 1
            self._unclean.append(lane.number)
        # Also when it had nothing to do: whatever it left is nobody's.
        self._clean_looks = 0
        if not lost:
            self._ledger.reports.close_journal(hand.journal)

    def _settle(self, hand: Hand, lane: Lane | None) -> bool:
        """What a dead worker did with the items it had is in its journal. True if one of them is lost."""
        waiting = dict(hand.entries)
        hand.entries.clear()
        lost = False
        for story in hand.journal.read().stories:
            entry = waiting.pop(story.key, None)
            if entry is None:
                continue
            if story.ended is not None:
                self._ledger.end(story.ended, hand.journal, tag=entry.work.tag)
                if story.begun is not None and story.begun.folder:
                    self._clear_away(entry.account, story.begun.folder)
            else:
                self._lost.append((entry, story, hand.journal))
                lost = True
        for entry in reversed(list(waiting.values())):
            entry.hand = None
            if entry.unwanted:
                self._take_back(entry)
            elif lane is not None:
                lane.queue.appendleft(entry)
        return lost

    def clean(self) -> None:
        """Kill what dead workers left; when nothing is left, the tasks they ran are over."""
        if not self.cleaning:
            return
        self.reap()
        # Twice: while processes come and go the kernel's list may leave some out (proc(5), "children").
        self._clean_looks = 0 if self._workforce.kill_strays() else self._clean_looks + 1
        if self._clean_looks < _CLEAN:
            return
        lost, self._lost = self._lost, []
        for entry, story, journal in lost:
            self._ledger.end(lost_ending(story, Fault.SUPERVISION, _LOST), journal, tag=entry.work.tag)
            if story.begun is not None and story.begun.folder:
                self._clear_away(entry.account, story.begun.folder)
            self._ledger.reports.close_journal(journal)
        unclean, self._unclean = self._unclean, []
        for number in unclean:
            self.let_go(number)

    def _clear_away(self, account: OsAccount, folder: str) -> None:
        """Have what a killed worker's task had of its own removed, with the rights of its account."""
        try:
            hand = self._workforce.hire(account)
        except OSError as error:
            log("not removed", path=folder, error=error)
            return
        hand.order(Clean(folder))
        hand.rouse()
        self._workforce.release(hand)

    def hold(self, number: int) -> None:
        """Start nothing in this lane until `let_go`: an earlier item of it is still running somewhere."""
        self._lanes.setdefault(number, Lane(number)).holds += 1

    def let_go(self, number: int) -> None:
        """The other end of `hold`."""
        lane = self._lanes[number]
        lane.holds -= 1
        self._feed(lane)

    def tick(self, now: float) -> None:
        """Once a second: try again what could not be done, look for workers that hang."""
        self._workforce.tick(now)
        for lane in list(self._lanes.values()):
            if lane.hand is None:
                self._feed(lane)
        for hand in self._workforce:
            entry = next(iter(hand.entries.values()), None)
            if entry is not hand.current:
                hand.current, hand.current_since = entry, now
            if entry is not None:
                hand.rouse()
            if entry is not None and now > self._overdue_at(hand, entry):
                log("worker hangs", pid=hand.pid, intent=entry.key[0], instance=entry.key[1])
                hand.signal(signal.SIGKILL)

    def _overdue_at(self, hand: Hand, entry: Entry) -> float:
        launch = entry.work.launch
        wall_end = float("inf")
        if launch.wall_time_s is not None:
            wall_end = hand.current_since + launch.wall_time_s + launch.grace_s + _WALL_MARGIN_S
        return min(wall_end, entry.overdue_at or wall_end)

    def _end(self, work: Work, ending: Ending, *, fault: Fault = Fault.NONE, reason: str = "") -> None:
        """An item that is in no worker's journal is over."""
        ended = Ended(
            intent=work.intent,
            instance=work.instance,
            ending=ending,
            at=now_us(),
            fault=fault,
            reason=reason,
        )
        self._ledger.end(ended, None, tag=work.tag)
