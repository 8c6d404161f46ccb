"""What an earlier shepherd left: read its workers' journals, watch those that still run a task.

A worker is recognised by pid, start time, boot id and account together, held by a pidfd, and sealed:
after that it starts nothing more, and its journal says all that it ever started. It ends its one task by
itself, wall time included; orders reach it through its orders file.
"""

import os
import selectors
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from headgate.engines.local.journal import Contents, Extend, Halt, Identity, Journal, Story, journals_in
from headgate.engines.local.ledger import Ledger, lost_ending
from headgate.engines.local.linux import (
    boot_id,
    descendants,
    open_verified,
    process_facts,
    session_members,
    signal_pidfd,
)
from headgate.engines.local.log import log
from headgate.ports.engine import Fault, Key, Started

_STOP_MARGIN_S = 10.0
UNDERSTANDS_EXTEND = 2
"""An older worker would die of an order that it can't read, and its task with it."""
_REBOOT = "The machine was restarted while the task was running."
_SUPERVISION = "The processes that watched over the task were killed; its exit status is unknown."


@dataclass(slots=True, eq=False)
class Orphan:
    """A task that runs under a worker which an earlier shepherd started."""

    journal: Journal
    identity: Identity
    story: Story
    pidfd: int
    family: dict[int, int] = field(default_factory=dict)
    """Its processes when we looked last: pid and start time."""
    overdue_at: float | None = None


class Lanes(Protocol):
    """Where the next items of an orphan's lane wait."""

    def hold(self, number: int) -> None:
        """Start nothing in this lane."""

    def let_go(self, number: int) -> None:
        """It may go on."""


class Orphans:
    """All of them."""

    def __init__(self, folder: Path, ledger: Ledger, selector: selectors.BaseSelector, lanes: Lanes) -> None:
        self._lanes = lanes
        self._folder = folder
        self._ledger = ledger
        self._selector = selector
        self._watched: list[Orphan] = []

    def __bool__(self) -> bool:
        return bool(self._watched)

    def adopt(self) -> None:
        """Read every journal there is. Afterwards the ledger knows all that was ever taken."""
        boot = boot_id()
        for journal in journals_in(self._folder):
            self._adopt(journal, boot)

    def _adopt(self, journal: Journal, boot: str) -> None:
        identity = journal.read().identity
        pidfd = None
        if identity is not None and identity.boot == boot:
            # First: whether we recognise its worker or not, it takes nothing any more.
            sealed = journal.seal()
            pidfd = open_verified(identity.pid, first=identity.start, last=identity.start, uid=identity.uid)
            if pidfd is not None and not sealed:
                # Stopped by its own user in the middle of taking something: it must not go on later.
                signal_pidfd(pidfd, signal.SIGKILL)
                os.close(pidfd)
                pidfd = None
        contents = journal.read()
        running = self._tell(journal, contents)
        if running is not None and identity is not None and pidfd is not None:
            self._watch(Orphan(journal, identity, running, pidfd))
            return
        if pidfd is not None:
            os.close(pidfd)  # sealed and idle: it ends itself
        if running is not None and identity is not None:
            self._lost(journal, identity, running, {}, rebooted=identity.boot != boot)
        self._ledger.reports.close_journal(journal)

    def _tell(self, journal: Journal, contents: Contents) -> Story | None:
        """Report what is over; the story that is not, if there is one."""
        running = None
        for position, story in enumerate(
            contents.stories[contents.acknowledged :], contents.acknowledged + 1
        ):
            if story.ended is not None:
                self._ledger.end(story.ended, journal, tag=story.taken.tag)
            elif position == len(contents.stories):
                running = story
            else:
                self._ledger.end(
                    lost_ending(story, Fault.SUPERVISION, _SUPERVISION), journal, tag=story.taken.tag
                )
        return running

    def _watch(self, orphan: Orphan) -> None:
        taken = orphan.story.taken
        self._watched.append(orphan)
        self._ledger.take(taken.intent, taken.instance, taken.tag, orphan)
        self._lanes.hold(taken.lane)
        if orphan.story.begun is not None:
            self._ledger.say(Started(taken.intent, taken.instance, taken.at, str(orphan.story.begun.pid)))
        self._selector.register(orphan.pidfd, selectors.EVENT_READ, lambda _: self._finished(orphan))
        self._look(orphan)
        log("worker adopted", pid=orphan.identity.pid, intent=taken.intent, instance=taken.instance)

    def stop(self, orphan: Orphan, number: int, grace_s: float, *, forced: bool) -> None:
        """End its task."""
        overdue_at = time.monotonic() + (0.0 if forced else grace_s) + _STOP_MARGIN_S
        orphan.overdue_at = min(overdue_at, orphan.overdue_at or overdue_at)
        key = Key(orphan.story.taken.intent, orphan.story.taken.instance)
        try:
            orphan.journal.order(Halt(key=key, signal=number, grace_s=grace_s, forced=forced))
        except OSError as error:
            log("order unwritable", pid=orphan.identity.pid, error=error)  # killed when overdue
        signal_pidfd(orphan.pidfd, signal.SIGCONT)

    def allow(self, orphan: Orphan, wall_time_s: float | None) -> None:
        """Another wall time for its task, where its worker is new enough to understand that."""
        if orphan.identity.version < UNDERSTANDS_EXTEND:
            log("wall time not changed", pid=orphan.identity.pid, reason="the worker is of an older version")
            return
        key = Key(orphan.story.taken.intent, orphan.story.taken.instance)
        try:
            orphan.journal.order(Extend(key=key, wall_time_s=wall_time_s))
        except OSError as error:
            log("order unwritable", pid=orphan.identity.pid, error=error)

    def tick(self, now: float) -> None:
        """Once a second."""
        for orphan in self._watched:
            self._look(orphan)
            signal_pidfd(orphan.pidfd, signal.SIGCONT)  # its task may have stopped it
            if orphan.overdue_at is not None and now > orphan.overdue_at:
                log("worker hangs", pid=orphan.identity.pid)
                signal_pidfd(orphan.pidfd, signal.SIGKILL)

    def _look(self, orphan: Orphan) -> None:
        """Remember its processes: should the worker die, nobody's child list will name them any more."""
        seen = {}
        for pid in descendants(orphan.identity.pid):
            if (facts := process_facts(pid)) is not None:
                seen[pid] = facts.start
        orphan.family = seen

    def _finished(self, orphan: Orphan) -> None:
        """Its worker has exited."""
        self._selector.unregister(orphan.pidfd)
        os.close(orphan.pidfd)
        self._watched.remove(orphan)
        story = orphan.journal.read().stories[-1]
        if story.ended is not None:
            self._ledger.end(story.ended, orphan.journal, tag=story.taken.tag)
        else:
            self._lost(orphan.journal, orphan.identity, story, orphan.family, rebooted=False)
        self._ledger.reports.close_journal(orphan.journal)
        self._lanes.let_go(story.taken.lane)

    def _lost(
        self, journal: Journal, identity: Identity, story: Story, family: dict[int, int], *, rebooted: bool
    ) -> None:
        if rebooted:
            ended = lost_ending(story, Fault.REBOOT, _REBOOT)
        else:
            kill_leftovers(identity, story, family)
            ended = lost_ending(story, Fault.SUPERVISION, _SUPERVISION)
        self._ledger.end(ended, journal, tag=story.taken.tag)


def kill_leftovers(identity: Identity, story: Story, family: dict[int, int]) -> None:
    """Kill what is provably of this task, in the boot in which it was started.

    Its main process, if that started between the two times the journal names, with its session and
    descendants; and whoever was seen among its processes before, by pid and start time.
    """
    suspects = dict(family)
    begun = story.begun
    if begun is not None:
        main = open_verified(begun.pid, first=story.taken.ticks, last=begun.ticks, uid=identity.uid)
        if main is not None:
            for pid in (*descendants(begun.pid), *session_members(begun.pid)):
                if (facts := process_facts(pid)) is not None:
                    suspects[pid] = facts.start
            signal_pidfd(main, signal.SIGKILL)
            os.close(main)
    for pid, start in suspects.items():
        suspect = open_verified(pid, first=start, last=start, uid=identity.uid)
        if suspect is not None:
            signal_pidfd(suspect, signal.SIGKILL)
            os.close(suspect)
