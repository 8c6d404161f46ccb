"""The shepherd: a small process that starts the tasks and outlives the server.

Started by the engine when there is none (`launching.py`), one for each directory, held by a lock. It
ends itself when it has no server, no work and nothing to tell that is not in a journal. The directory is
its current directory.
"""

import fcntl
import gc
import os
import selectors
import signal
import socket
import struct
import sys
import time
from pathlib import Path

from headgate.engines.local.crew import Crew
from headgate.engines.local.hands import Entry
from headgate.engines.local.ledger import Ledger
from headgate.engines.local.linux import (
    become_subreaper,
    forbid_inspection,
    raise_descriptor_limit,
    set_process_name,
)
from headgate.engines.local.log import log, trim
from headgate.engines.local.orphans import Orphan, Orphans
from headgate.engines.local.server import ServerConnection
from headgate.engines.local.state import State
from headgate.engines.local.wire import (
    SOCKET_NAME,
    VERSION,
    Allowances,
    Answers,
    Cancel,
    Done,
    Find,
    FindAnswer,
    Hello,
    Limits,
    Observe,
    ObserveAnswer,
    Recall,
    Request,
    Submit,
    Welcome,
)
from headgate.ports.engine import Key, Sightings, Submission

_LOCK_PATIENCE_S = 5.0
_TICK_S = 1.0
_CLEANING_S = 0.02
_GATHER_S = 0.01
"""Answers to Observe are at least this far apart, so that a busy time costs few of them."""


class Shepherd:
    """The process, put together."""

    def __init__(self, directory: Path) -> None:
        self._selector = selectors.DefaultSelector()
        self._limits = Limits()
        state = State(directory / "state.json")
        self._state = state
        journals = directory / "journal"
        journals.mkdir(mode=0o700, exist_ok=True)
        self._ledger = Ledger(state)
        self._crew = Crew(journals, self._ledger, self._selector, prefix=f"{state.next_report:016}")
        self._orphans = Orphans(journals, self._ledger, self._selector, self._crew)
        self._orphans.adopt()
        self._server: ServerConnection | None = None
        self._strangers: list[ServerConnection] = []
        self._observe: Observe | None = None
        self._observe_until = 0.0
        self._answered_at = 0.0
        self._alone_since = time.monotonic()
        self._leaving = False
        self._listener = self._listen_on(directory / SOCKET_NAME)
        self._wake = self._wake_up_for_children()

    def _listen_on(self, path: Path) -> socket.socket:
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(16)
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, lambda _: self._accept())
        return listener

    def _wake_up_for_children(self) -> int:
        wake, wake_up = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake_up, warn_on_full_buffer=False)
        self._selector.register(wake, selectors.EVENT_READ, lambda _: self._child_exited())
        return wake

    def run(self) -> None:
        """Until there is no reason to go on."""
        next_tick = time.monotonic() + _TICK_S
        while not self._leaving:
            for key, mask in self._selector.select(self._patience(next_tick)):
                key.data(mask)
            now = time.monotonic()
            self._crew.clean()
            self._answer_observe(now)
            if now >= next_tick:
                next_tick = now + _TICK_S
                self._crew.tick(now)
                self._orphans.tick(now)
                trim()
                if self._idle(now):
                    return

    def _patience(self, next_tick: float) -> float:
        now = time.monotonic()
        until = next_tick
        if self._crew.cleaning:
            until = min(until, now + _CLEANING_S)
        if self._observe is not None:
            until = min(until, self._observe_until)
            if len(self._ledger.reports):
                until = min(until, self._answered_at + _GATHER_S)
        return max(0.0, until - now)

    def _idle(self, now: float) -> bool:
        if self._server is not None or self._strangers:
            self._alone_since = now
        # Endings that are in a journal can wait there for the next one.
        busy = (
            self._ledger.unfinished or self._ledger.reports.unwritten or self._orphans or self._crew.cleaning
        )
        return not busy and now - self._alone_since > self._limits.idle_exit_s

    def _child_exited(self) -> None:
        try:
            os.read(self._wake, 4096)
        except BlockingIOError:
            pass
        self._crew.reap()

    # --- connections --------------------------------------------------------------------------------------

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _, uid, _ = struct.unpack("3i", credentials)
        if uid != os.getuid():
            sock.close()
            return
        connection = ServerConnection(sock, self._selector)
        self._strangers.append(connection)
        connection.attach(lambda: self._on_server(connection))

    def _on_server(self, connection: ServerConnection) -> None:
        for request in connection.requests():
            self._serve(connection, request)
        if connection.closed:
            self._lose(connection)

    def _lose(self, connection: ServerConnection) -> None:
        if connection in self._strangers:
            self._strangers.remove(connection)
        if connection is self._server:
            self._server = None
            self._observe = None

    def _welcome(self, connection: ServerConnection, hello: Hello) -> None:
        old = self._server
        if old is not None and old is not connection:
            if hello.epoch < old.epoch:
                connection.close()
                return
            # What a dead server had still sent is taken now or never: nothing of it may come in
            # after the new server has asked what was taken.
            for request in old.requests():
                self._serve(old, request)
            old.close()
            self._lose(old)
        if connection in self._strangers:
            self._strangers.remove(connection)
        connection.epoch = hello.epoch
        self._server = connection
        self._limits = hello.limits
        self._crew.limits = hello.limits
        connection.send(Welcome(hello.n, VERSION, os.getpid()))
        if hello.version != VERSION:
            connection.close()
            self._leaving = True

    # --- requests -----------------------------------------------------------------------------------------

    def _serve(self, connection: ServerConnection, request: Request) -> None:
        if isinstance(request, Hello):
            self._welcome(connection, request)
            return
        if connection is not self._server:
            connection.close()
            return
        match request:
            case Submit(n, submissions):
                self._state.submitted(submission.intent for submission in submissions)
                connection.send(Answers(n, tuple(self._take(submission) for submission in submissions)))
            case Find(n, tags):
                connection.send(FindAnswer(n, self._ledger.find(tags)))
            case Observe(n, since, wait_s):
                self._ledger.acknowledge(since)
                if self._observe is not None:  # only the last one is waited with
                    connection.send(ObserveAnswer(self._observe.n, Sightings(self._observe.since, ())))
                self._observe = request
                self._observe_until = time.monotonic() + wait_s
                self._answer_observe(time.monotonic())
            case Cancel(n, keys, number, grace_s, forced):
                for key in keys:
                    self._stop(key, number, grace_s, forced=forced)
                connection.send(Done(n))
            case Recall(n, keys):
                for key in keys:
                    if isinstance(item := self._ledger.get(key.intent, key.instance), Entry):
                        self._crew.drop(item)
                connection.send(Done(n))
            case Allowances(n, allowed):
                for one in allowed:
                    self._allow(one.key, one.wall_time_s)
                connection.send(Done(n))

    def _allow(self, key: Key, wall_time_s: float | None) -> None:
        match self._ledger.get(key.intent, key.instance):
            case Entry() as entry:
                self._crew.allow(entry, wall_time_s)
            case Orphan() as orphan:
                self._orphans.allow(orphan, wall_time_s)
            case _:
                return

    def _take(self, submission: Submission) -> str:
        if self._ledger.knows_otherwise(submission.intent, submission.tag):
            return f"Intent {submission.intent} is known under another tag: was an older store restored?"
        self._crew.queue(submission)
        return ""

    def _stop(self, key: Key, number: int, grace_s: float, *, forced: bool) -> None:
        match self._ledger.get(key.intent, key.instance):
            case Entry() as entry:
                self._crew.stop(entry, number, grace_s, forced=forced)
            case Orphan() as orphan:
                self._orphans.stop(orphan, number, grace_s, forced=forced)
            case _:
                return

    def _answer_observe(self, now: float) -> None:
        request = self._observe
        if request is None or self._server is None:
            return
        something = len(self._ledger.reports) > 0 and now >= self._answered_at + _GATHER_S
        if something or now >= self._observe_until:
            self._observe = None
            self._answered_at = now
            self._server.send(ObserveAnswer(request.n, self._ledger.observe(request.since)))


def lock(directory: Path) -> int | None:
    """The lock of the one shepherd, or None if another one keeps it."""
    fd = os.open(directory / "shepherd.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    until = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return None
            time.sleep(0.02)
            continue
        return fd


def main() -> None:
    """Run in the current directory, which belongs to us alone."""
    os.umask(0o077)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    set_process_name("headgate-shepherd")
    directory = Path()
    if lock(directory) is None:
        log("shepherd refused", reason="locked")
        sys.exit(3)
    if os.getuid() == 0:
        forbid_inspection()
    raise_descriptor_limit()
    become_subreaper()
    shepherd = Shepherd(directory)
    log("shepherd started", pid=os.getpid(), uid=os.getuid())
    gc.collect()
    gc.freeze()
    shepherd.run()
    log("shepherd ends", pid=os.getpid())
