"""A worker's journal: what it took and how it ended, readable by whoever comes after a death.

Two files for each worker, in a folder that only the shepherd's account can enter:

* `NAME.journal`: a counter (how many endings were acknowledged, twelve digits, rewritten in place by the
  shepherd), then one JSON line for each fact. The first is the worker's identity and is written by the
  shepherd; the rest are appended by the worker, through a descriptor it inherited: before a task's first
  effect (`Taken`), after its start (`Begun`), after its last process (`Ended`).
* `NAME.orders`: empty while the shepherd that made it lives. The next one appends JSON lines: first
  `Seal`, after which the worker takes nothing more, then perhaps `Halt` or `Extend`.

Sealing and taking exclude each other by a lock on the second file, so what is not in a sealed journal was
never started. Nothing here is synced: the records must survive processes, not the machine (see `state.py`).
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec import Struct

from headgate.engines.local.log import log
from headgate.ports.engine import Ended, Key

_COUNTER = 12
_LARGE = 4 * 1024 * 1024


class Identity(Struct, frozen=True, tag=True, kw_only=True):
    """Whose journal it is. `start` is in clock ticks since boot."""

    pid: int
    start: int
    boot: str
    uid: int
    version: int = 1
    """Which orders its worker understands: the version of the wire."""


class Taken(Struct, frozen=True, tag=True, kw_only=True):
    """An item is about to be started, at this time (UTC microseconds, and ticks since boot)."""

    intent: int
    tag: str
    instance: int
    lane: int
    at: int
    ticks: int


class Begun(Struct, frozen=True, tag=True, kw_only=True):
    """The item taken last runs as this pid. Its process started between `Taken.ticks` and `ticks`: together
    they name it as surely as its start time would, without looking that up for every task. `folder`: what it
    has of its own, to be removed after it.
    """

    pid: int
    at: int
    ticks: int
    folder: str = ""


class Seal(Struct, frozen=True, tag=True):
    """Take nothing more."""


class Halt(Struct, frozen=True, tag=True, kw_only=True):
    """End what you are running, as `wire.Stop` says it."""

    key: Key
    signal: int
    grace_s: float
    forced: bool


class Extend(Struct, frozen=True, tag=True, kw_only=True):
    """What you are running has another wall time, as `wire.Allow` says it. Since version 2."""

    key: Key
    wall_time_s: float | None


_encode = msgspec.json.Encoder().encode
_decode_fact = msgspec.json.Decoder(Identity | Taken | Begun | Ended).decode
_decode_order = msgspec.json.Decoder(Seal | Halt | Extend).decode


class Sealed(Exception):
    """A newer shepherd has closed this journal: nothing more may be started."""


class Pen:
    """The worker's end of its journal."""

    def __init__(self, journal_fd: int, orders_fd: int) -> None:
        self._journal = journal_fd
        self._orders = orders_fd
        self._read_to = 0
        self._kept_back = bytearray()

    def take(self, taken: Taken) -> None:
        """Write that an item is being taken. Raises Sealed, or OSError when it can't be written."""
        fcntl.flock(self._orders, fcntl.LOCK_EX)
        try:
            if os.fstat(self._orders).st_size:
                raise Sealed
            self._flush()
            line = _encode(taken) + b"\n"
            if os.write(self._journal, line) < len(line):
                # What is there of it must not become a fact: as a line of its own it is none.
                self._kept_back += b"\n"
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        finally:
            fcntl.flock(self._orders, fcntl.LOCK_UN)

    def write(self, fact: Begun | Ended) -> None:
        """Append a fact. Raises OSError; the fact is then written before anything else is taken."""
        self._kept_back += _encode(fact) + b"\n"
        self._flush()

    def _flush(self) -> None:
        while self._kept_back:
            del self._kept_back[: os.write(self._journal, self._kept_back)]

    def orders(self) -> list[Seal | Halt | Extend]:
        """The orders that a newer shepherd has left since the last look."""
        data = os.pread(self._orders, 65536, self._read_to)
        whole = data[: data.rfind(b"\n") + 1]
        self._read_to += len(whole)
        return [_decode_order(line) for line in whole.splitlines()]


@dataclass(slots=True)
class Story:
    """One item as a journal tells it."""

    taken: Taken
    begun: Begun | None = None
    ended: Ended | None = None

    @property
    def key(self) -> tuple[int, int]:
        """Intent and instance."""
        return (self.taken.intent, self.taken.instance)


@dataclass(slots=True)
class Contents:
    """All that a journal says. Without `identity` its worker was never given anything."""

    identity: Identity | None
    acknowledged: int
    stories: list[Story]


class Journal:
    """A shepherd's end of a worker's journal."""

    def __init__(self, folder: Path, name: str, *, create: bool = False) -> None:
        self.name = name
        self.acknowledged = 0
        self.over = False
        """Nothing more will be written in it, and all it says has been reported."""
        self.promised = 0
        """Reports about this journal's items that are not acknowledged yet."""
        self._paths = (folder / f"{name}.journal", folder / f"{name}.orders")
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
        if create:
            flags |= os.O_CREAT | os.O_EXCL
        self.fd = os.open(self._paths[0], flags | os.O_APPEND, 0o600)
        self.orders_fd = os.open(self._paths[1], flags | os.O_CREAT | os.O_APPEND, 0o600)
        # Not O_APPEND: on Linux that would make pwrite append (pwrite(2), BUGS).
        self._counter_fd = os.open(self._paths[0], os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)

    def introduce(self, identity: Identity) -> None:
        """Write whose it is; before the worker is given anything. Raises OSError."""
        opening = b"0" * _COUNTER + b"\n" + _encode(identity) + b"\n"
        if os.write(self.fd, opening) < len(opening):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def read(self) -> Contents:
        """What it says now, as far as whole lines go."""
        data = bytearray()
        while block := os.pread(self.fd, 1024 * 1024, len(data)):
            data += block
        lines = bytes(data[: data.rfind(b"\n") + 1]).split(b"\n")
        contents = Contents(None, int(lines[0]) if lines[0].isdigit() else 0, [])
        for line in lines[1:]:
            try:
                fact = _decode_fact(line)
            except msgspec.DecodeError:
                continue  # torn by a full disk; see Pen.take
            match fact:
                case Identity():
                    # Only the first one is the shepherd's.
                    contents.identity = contents.identity or fact
                case Taken():
                    contents.stories.append(Story(fact))
                case Begun() if contents.stories:
                    contents.stories[-1].begun = fact
                case Ended() if contents.stories and contents.stories[-1].key == (fact.intent, fact.instance):
                    contents.stories[-1].ended = fact
                case _:
                    continue
        self.acknowledged = contents.acknowledged
        return contents

    @property
    def large(self) -> bool:
        """Has it grown so much that its worker should be replaced by a new one?"""
        return os.fstat(self.fd).st_size > _LARGE

    def acknowledge(self) -> None:
        """Write down how many endings are acknowledged. If that fails, the next shepherd tells some again."""
        try:
            os.pwrite(self._counter_fd, b"%0*d" % (_COUNTER, self.acknowledged), 0)
        except OSError as error:
            log("journal unwritable", name=self.name, error=error)

    def seal(self, patience_s: float = 2.0) -> bool:
        """Forbid its worker to take anything more. False if the worker holds the lock and does not let go."""
        until = time.monotonic() + patience_s
        while True:
            try:
                fcntl.flock(self.orders_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    return False
                time.sleep(0.01)
                continue
            try:
                os.write(self.orders_fd, _encode(Seal()) + b"\n")
            finally:
                fcntl.flock(self.orders_fd, fcntl.LOCK_UN)
            return True

    def order(self, order: Halt | Extend) -> None:
        """Leave an order for a worker that another shepherd started."""
        os.write(self.orders_fd, _encode(order) + b"\n")

    def close(self) -> None:
        """Let go of the descriptors; the files stay."""
        for fd in (self.fd, self.orders_fd, self._counter_fd):
            os.close(fd)

    def remove(self) -> None:
        """Everything in it is acknowledged."""
        self.close()
        for path in self._paths:
            path.unlink(missing_ok=True)


def journals_in(folder: Path) -> Iterator[Journal]:
    """Those that earlier shepherds left."""
    for path in sorted(folder.glob("*.journal")):
        yield Journal(folder, path.stem)
