"""A batch: its requests that wait, its answers, who reads it. No I/O but through its depot.

A request is in one place at a time: waiting here, with a host (`OpenSession` knows which), or answered. So
there is one answer to each. Requests wait as they came, packed; only the next few are values.
"""

import asyncio
import struct
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from headgate.broker.answers import Answers, Reader
from headgate.broker.depot import Chunk, Depot
from headgate.broker.seen import Seen
from headgate.core.soa import NO_DIGEST, BatchRecord, BatchStatus, Reason, Request, digest

TOGETHER: Final = 128
LARGE: Final = 64 * 1024
"""Requests of one chunk, and bytes, of those that come in small portions."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Request]).decode


class Pending:
    """A request that waits or is being done. place: its position in the batch. tries: hosts that died of it,
    or at it.
    """

    __slots__ = ("place", "request", "tries")

    def __init__(self, place: int, request: Request, tries: int = 0) -> None:
        self.place = place
        self.request = request
        self.tries = tries


class Read(Reader):
    """A read that is going on. told: answers that it has had, those of earlier reads of its kind included."""

    def __init__(self, action: str, client_data: str) -> None:
        super().__init__(action)
        self.client_data = client_data
        self.told = 0
        self.something = asyncio.Event()

    def end(self, reason: Reason) -> None:
        """It is over."""
        self.over = self.over or reason
        self.something.set()


class Batch:
    """See the module."""

    def __init__(self, number: int, name: str, owner: str, depot: Depot, *, keeps: bool) -> None:
        self.number = number
        self.name = name
        self.owner = owner
        self.lock = asyncio.Lock()
        """Held by whoever sends, commits or purges."""
        self.answers = Answers(depot, keeps=keeps)
        self.committed = False
        self.gone: Reason | None = None
        """Why it is not there any more."""
        self.sent = 0
        self.settled = 0
        """Requests that have an answer, in the store or not."""
        self.in_flight = 0
        self.touched = 0.0
        self.reading: Read | None = None
        self.loading = False
        self._last: Read | None = None
        self._depot = depot
        self._seen = Seen()
        self._again: deque[Pending] = deque()
        self._next: deque[Pending] = deque()
        self._chunks: deque[Chunk] = deque()
        self._tail: list[Request] = []
        self._tail_size = 0
        self._answered = bytearray()
        """Of a batch that was there when the server started: 1 for each request that had an answer."""

    def record(self) -> BatchRecord:
        """What is kept of it."""
        return BatchRecord(number=self.number, name=self.name, owner=self.owner, committed=self.committed)

    # ---- requests

    @property
    def waiting(self) -> int:
        """Requests that no host has."""
        return self.sent - self.settled - self.in_flight

    @property
    def unanswered(self) -> int:
        """Requests whose answer can't be read yet."""
        return self.sent - self.answers.count

    def fresh(self, requests: Sequence[Request]) -> tuple[list[Request], bytes]:
        """Those that it has not had yet, and their digests, eight bytes each. Nothing is noted."""
        found, digests, these = [], [], set()
        for request in requests:
            mark = digest(request.message_id) if request.message_id else NO_DIGEST
            if request.message_id:
                number = _number(mark)
                if number in these or number in self._seen:
                    continue
                these.add(number)
            found.append(request)
            digests.append(mark)
        return found, b"".join(digests)

    def add(self, requests: list[Request], digests: bytes, raw: bytes | None = None) -> None:
        """Have these, which are fresh. raw: packed, and in the store. A batch that is gone has nothing."""
        if self.gone is not None:
            return
        for at in range(0, len(digests), 8):
            if (mark := digests[at : at + 8]) != NO_DIGEST:
                self._seen.add(_number(mark))
        if raw is not None:
            self._chunks.append(self._depot.keep(self.sent, len(requests), raw))
            self.sent += len(requests)
            return
        for request in requests:
            self._tail.append(request)
            self._tail_size += len(request.body) + len(request.user_data)
            self.sent += 1
            if len(self._tail) >= TOGETHER or self._tail_size >= LARGE:
                first = self.sent - len(self._tail)
                self._chunks.append(self._depot.keep(first, len(self._tail), pack(self._tail)))
                self._tail, self._tail_size = [], 0

    def restore(self, requests: Sequence[tuple[Chunk, bytes]], answered: Sequence[bytes]) -> None:
        """As it was in the store: its requests with their digests, and the places of those that have answers,
        four bytes each.
        """
        self.sent = sum(chunk.count for chunk, _ in requests)
        done = bytearray(self.sent)
        for places in answered:
            for (place,) in struct.iter_unpack("<I", places):
                done[place] = 1
        self.settled = done.count(1)
        self._answered = done
        for chunk, digests in requests:
            for at in range(0, len(digests), 8):
                if (mark := digests[at : at + 8]) != NO_DIGEST:
                    self._seen.add(_number(mark))
            if done.find(0, chunk.first, chunk.first + chunk.count) >= 0:
                self._chunks.append(chunk)

    def take(self, limit: int, size: int) -> list[Pending]:
        """The next requests for a host, up to so many and so many bytes, but one however large it is."""
        found: list[Pending] = []
        while len(found) < limit and size > 0:
            if self._again:
                one = self._again.popleft()
            elif self._next:
                one = self._next.popleft()
            elif not self._unpack():
                break
            else:
                continue
            size -= len(one.request.body)
            found.append(one)
        self.in_flight += len(found)
        return found

    def _unpack(self) -> bool:
        """Make values of the next chunk. False when there is none, or it has to be loaded."""
        if self._chunks:
            chunk = self._chunks[0]
            if chunk.raw is None:
                return False
            self._chunks.popleft()
            self._values(chunk.first, _decode(chunk.raw))
            self._depot.drop(chunk)
            return True
        if self._tail:
            self._values(self.sent - len(self._tail), self._tail)
            self._tail, self._tail_size = [], 0
            return True
        return False

    def _values(self, first: int, requests: list[Request]) -> None:
        done = self._answered
        for place, request in enumerate(requests, first):
            if place >= len(done) or not done[place]:
                self._next.append(Pending(place, request))

    @property
    def at_hand(self) -> bool:
        """Whether there is something to give a host at once."""
        if self._again or self._next:
            return True
        return self._chunks[0].raw is not None if self._chunks else bool(self._tail)

    @property
    def must_load(self) -> bool:
        """Whether what comes next is on disk."""
        return bool(self._chunks) and not self._again and not self._next and self._chunks[0].raw is None

    async def load(self) -> None:
        """Fetch what comes next from disk; nothing when the batch goes meanwhile."""
        if not self.must_load:
            return
        chunk = self._chunks[0]
        raw = await self._depot.load(chunk, answers=False)
        if self._chunks and self._chunks[0] is chunk:
            self._chunks.popleft()
            self._values(chunk.first, _decode(raw))
            self._depot.drop(chunk)

    def give_back(self, pending: Pending) -> None:
        """A host has not done it."""
        self.in_flight -= 1
        self._again.append(pending)

    # ---- answers and readers

    @property
    def complete(self) -> bool:
        """Whether all is answered that will ever come."""
        return self.committed and not self.unanswered

    def status(self, *, over: bool) -> BatchStatus:
        """How far it is. over: the service job has ended."""
        if over or self.complete:
            return BatchStatus.FINISHED
        return BatchStatus.PROCESSING if self.committed else BatchStatus.READY

    def begin_read(self, action: str, client_data: str, *, reset: bool) -> Read:
        """A new reader, in the place of the one before."""
        if self.reading is not None:
            self.reading.end(Reason.SUCCESS)
        self.answers.begin(reset=reset)
        last, self._last = self._last, Read(action, client_data)
        if last is not None and (action, client_data) == (last.action, last.client_data) and not reset:
            self._last.told = last.told
        self.reading = self._last
        return self.reading

    def wake(self) -> None:
        """There may be something for the reader."""
        if self.reading is not None:
            self.reading.something.set()

    def leave(self, reason: Reason) -> None:
        """It is not there any more: readers are told, memory and files are given back."""
        self.gone = reason
        if self.reading is not None:
            self.reading.end(reason)
        while self._chunks:
            self._depot.drop(self._chunks.popleft())
        self._again.clear()
        self._next.clear()
        self._tail = []
        self.answers.release()


def pack(requests: list[Request]) -> bytes:
    """Requests as they are kept."""
    return _encode(requests)


def _number(mark: bytes) -> int:
    return int.from_bytes(mark) or 1
