"""A worker as the shepherd sees it: its process, its socket, its journal, and the items it has been given."""

import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from headgate.core.launch import OsAccount
from headgate.engines.local.journal import Identity, Journal
from headgate.engines.local.linux import process_facts
from headgate.engines.local.log import log
from headgate.engines.local.wire import (
    VERSION,
    Frames,
    Malformed,
    Order,
    Run,
    Word,
    Work,
    decode_word,
    frame,
)
from headgate.engines.local.worker import become_worker

_BLOCK = 262144
_LARGEST_WORD = 1 << 26


class Entry:
    """An item: waiting in its lane while `hand` is None, else given to that worker."""

    __slots__ = ("account", "gone", "hand", "key", "overdue_at", "unwanted", "work")

    def __init__(self, work: Work, account: OsAccount) -> None:
        self.work = work
        self.account = account
        self.key = (work.intent, work.instance)
        self.hand: Hand | None = None
        self.gone = False
        """It was taken back; whoever finds it in a queue throws it away."""
        self.overdue_at: float | None = None
        """When (monotonic) the worker should long have ended it."""
        self.unwanted = False
        """It must not be started any more: its worker has been told, but may die before it hears that."""


class Hand:
    """One worker. What it is given and what it says is not interpreted here."""

    def __init__(self, pid: int, account: OsAccount, journal: Journal, sock: socket.socket) -> None:
        self.pid = pid
        self.account = account
        self.journal = journal
        self.entries: dict[tuple[int, int], Entry] = {}
        self.size = 0
        """Bytes of the scripts it has been given."""
        self.lane: int | None = None
        self.idle_since = 0.0
        self.current: Entry | None = None
        self.current_since = 0.0
        self.closed = False
        """Nothing more is said to it or heard from it. At the end of its socket a worker ends itself."""
        self.dead = False
        """It has been waited for: its pid is anybody's now."""
        self._sock = sock
        self._selector: selectors.BaseSelector | None = None
        self._inbox = Frames(_LARGEST_WORD)
        self._outbox = bytearray()

    def attach(self, selector: selectors.BaseSelector, on_words: Callable[[], None]) -> None:
        """Call `on_words` whenever it has said something, or is gone."""

        def on_socket(mask: int) -> None:
            if mask & selectors.EVENT_WRITE:
                self._flush()
            if mask & selectors.EVENT_READ:
                on_words()

        self._selector = selector
        selector.register(self._sock, selectors.EVENT_READ, on_socket)

    def give(self, entries: list[Entry]) -> None:
        """Let it do these after what it has."""
        for entry in entries:
            entry.hand = self
            self.entries[entry.key] = entry
            self.size += len(entry.work.launch.script)
        self.order(Run(tuple(entry.work for entry in entries)))
        self.rouse()

    def rouse(self) -> None:
        """Any process of its account may have stopped it."""
        self.signal(signal.SIGCONT)

    def signal(self, number: int) -> None:
        """Signal the worker itself. Until it has been waited for, the pid is its own."""
        if not self.dead:
            os.kill(self.pid, number)

    def forget(self, entry: Entry) -> None:
        """It has done this one."""
        del self.entries[entry.key]
        self.size -= len(entry.work.launch.script)

    def order(self, order: Order) -> None:
        """Say this to it. A dying one does not hear it; then its journal tells what it has started."""
        self._outbox += frame(order)
        self._flush()

    def words(self) -> Iterator[Word]:
        """What it has said."""
        while not self.closed:
            try:
                data = self._sock.recv(_BLOCK)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            if not data:
                self.dismiss()
                return
            try:
                for payload in self._inbox.feed(data):
                    yield decode_word(payload)
            except (Malformed, msgspec.DecodeError) as error:
                log("worker malformed", pid=self.pid, error=error)
                self.signal(signal.SIGKILL)
                self.dismiss()

    def dismiss(self) -> None:
        """No more work for it."""
        if not self.closed:
            self.closed = True
            self.idle_since = time.monotonic()
            if self._selector is not None:
                self._selector.unregister(self._sock)
            self._sock.close()

    def _flush(self) -> None:
        if self.closed:
            return
        try:
            while self._outbox:
                del self._outbox[: self._sock.send(self._outbox)]
        except BlockingIOError:
            pass
        except ConnectionError:
            self._outbox.clear()
        if self._selector is not None:
            key = self._selector.get_key(self._sock)
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outbox else 0)
            if key.events != events:
                self._selector.modify(self._sock, events, key.data)


def start_worker(
    folder: Path, name: str, account: OsAccount, *, boot: str, capture_limit: int, scratch: str
) -> Hand:
    """Fork a worker for this account, with a new journal. Raises OSError."""
    journal = Journal(folder, name, create=True)
    try:
        ours, theirs = socket.socketpair()
        pid = os.fork()
    except OSError:
        journal.remove()
        raise
    if pid == 0:
        become_worker(theirs, journal.fd, journal.orders_fd, account, capture_limit, scratch)
    theirs.close()
    ours.setblocking(False)
    hand = Hand(pid, account, journal, ours)
    facts = process_facts(pid)  # our child, not yet waited for: it has a line there even if it has exited
    start = facts.start if facts is not None else 0
    try:
        journal.introduce(Identity(pid=pid, start=start, boot=boot, uid=account.uid, version=VERSION))
    except OSError:
        hand.dismiss()  # it has been given nothing, and ends
        journal.remove()
        raise
    return hand
