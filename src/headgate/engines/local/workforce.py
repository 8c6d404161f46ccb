"""The worker processes: hiring, keeping the idle ones for a while, burying the dead, ending what they left.

The shepherd is the reaper of everything a dead worker leaves. It kills only children of its own that are no
workers: their pids can't be anybody else's, because only their parent can free them.
"""

import os
import selectors
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from headgate.core.launch import OsAccount
from headgate.engines.local.hands import Hand, start_worker
from headgate.engines.local.linux import boot_id, children, descendants, process_facts, signal_pidfd
from headgate.engines.local.wire import Limits

_DISMISSED_S = 10.0


class Workforce:
    """All workers of this shepherd. `on_words` is called when one has said something, or is gone."""

    def __init__(
        self, folder: Path, selector: selectors.BaseSelector, prefix: str, on_words: Callable[[Hand], None]
    ) -> None:
        self.limits = Limits()
        self._folder = folder
        self._selector = selector
        self._prefix = prefix
        self._on_words = on_words
        self._boot = boot_id()
        self._born = 0
        self._hands: dict[int, Hand] = {}
        self._idle: list[Hand] = []

    def __iter__(self) -> Iterator[Hand]:
        return iter(self._hands.values())

    def hire(self, account: OsAccount) -> Hand:
        """A worker of this account without work, a new one if need be. Raises OSError."""
        for hand in self._idle:
            if hand.account == account and not hand.closed:
                self._idle.remove(hand)
                return hand
        self._born += 1
        name = f"{self._prefix}-{self._born:08}"
        limits = self.limits
        hand = start_worker(
            self._folder,
            name,
            account,
            boot=self._boot,
            capture_limit=limits.capture_limit,
            scratch=limits.scratch,
        )
        self._hands[hand.pid] = hand
        hand.attach(self._selector, lambda: self._on_words(hand))
        return hand

    def release(self, hand: Hand) -> None:
        """It has nothing to do."""
        hand.idle_since = time.monotonic()
        if hand.journal.large:
            hand.dismiss()  # the next one starts with a new journal
        elif not hand.closed:
            self._idle.append(hand)

    def reap(self) -> list[Hand]:
        """Wait for every child that has exited; those that were workers."""
        dead: list[Hand] = []
        while True:
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return dead
            if pid == 0:
                return dead
            if (hand := self._hands.pop(pid, None)) is not None:
                hand.dead = True
                if hand in self._idle:
                    self._idle.remove(hand)
                dead.append(hand)

    def kill_strays(self) -> bool:
        """Kill every child that is no worker. True if there was one."""
        found = False
        for pid in children(os.getpid()):
            if pid not in self._hands:
                try:
                    os.kill(pid, signal.SIGKILL)
                    found = True
                except PermissionError:
                    continue  # not root, and a set-uid program: beyond our power
        return found

    def help(self, hand: Hand) -> None:
        """Kill what a worker may not: its descendants, whoever they have become."""
        family = {hand.pid, *descendants(hand.pid)}
        for pid in family - {hand.pid}:
            try:
                pidfd = os.pidfd_open(pid)
            except OSError:
                continue
            facts = process_facts(pid)
            if facts is not None and facts.parent in family:
                signal_pidfd(pidfd, signal.SIGKILL)
            os.close(pidfd)

    def tick(self, now: float) -> None:
        """Once a second: let idle workers go, and end those that were let go and have not gone."""
        for hand in [hand for hand in self._idle if now - hand.idle_since > self.limits.idle_worker_s]:
            self._idle.remove(hand)
            hand.dismiss()
        for hand in self:
            if hand.closed and now - hand.idle_since > _DISMISSED_S:
                hand.signal(signal.SIGKILL)
