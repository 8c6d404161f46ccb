"""The answers of a batch, in the order in which they came, and which of them its readers have had.

An answer is waiting, handed out, or confirmed. What one read hands out is kept until the next read: that
confirms it, or puts it back if it says reset (spec windowshpc, section 7.5). In an interactive session what
is confirmed is gone; in a durable one a reset brings that back, too.
"""

import zlib
from bisect import bisect_right
from typing import Final

import msgspec

from headgate.broker.depot import Chunk, Depot
from headgate.core.soa import Reason, Response

WAITING, HANDED_OUT, CONFIRMED = 0, 1, 2
TOGETHER: Final = 256
LARGE: Final = 64 * 1024
"""Answers of one chunk, and bytes: what is reached first ends it."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Response]).decode


class Reader:
    """Where a read is. action: only answers to requests with it; empty: all. over: why it is not going on any
    more.
    """

    def __init__(self, action: str) -> None:
        self.action = action
        self.over: Reason | None = None
        self.at = 0
        self.chunk: Chunk | None = None
        self.messages: list[Response] = []


class Answers:
    """See the module."""

    def __init__(self, depot: Depot, *, keeps: bool) -> None:
        """keeps: what is confirmed stays (a durable session)."""
        self._depot = depot
        self._keeps = keeps
        self._chunks: list[Chunk] = []
        self._firsts: list[int] = []
        self._tail: list[Response] = []
        self._tail_size = 0
        self._states = bytearray()

    @property
    def count(self) -> int:
        """How many there are, and were."""
        return len(self._states)

    def add(self, response: Response) -> None:
        """One more, of an interactive session."""
        self._tail.append(response)
        self._tail_size += len(response.body) + len(response.user_data)
        self._states.append(WAITING)
        if len(self._tail) >= TOGETHER or self._tail_size >= LARGE:
            first = self.count - len(self._tail)
            self._append(self._depot.keep(first, len(self._tail), _encode(self._tail)))
            self._tail, self._tail_size = [], 0

    def add_kept(self, count: int, raw: bytes) -> None:
        """Some more, which are in the store."""
        first = self.count
        self._states += bytes(count)
        self._append(self._depot.keep(first, count, raw))

    def restore(self, chunk: Chunk) -> None:
        """Some that were in the store when the server started."""
        self._states += bytes(chunk.count)
        self._append(chunk)

    def _append(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        self._firsts.append(chunk.first)

    # ---- reading

    def begin(self, *, reset: bool) -> None:
        """A read begins: what the last one handed out is put back, or confirmed."""
        if not reset:
            self._states = self._states.replace(bytes([HANDED_OUT]), bytes([CONFIRMED]))
            if not self._keeps:
                self._forget()
            return
        self._states = self._states.replace(bytes([HANDED_OUT]), bytes([WAITING]))
        if self._keeps:
            self._states = self._states.replace(bytes([CONFIRMED]), bytes([WAITING]))

    def _forget(self) -> None:
        """Drop the chunks at the front of which all is confirmed."""
        gone = len(self._states) - len(self._states.lstrip(bytes([CONFIRMED])))
        number = 0
        while number < len(self._chunks) and self._chunks[number].first + self._chunks[number].count <= gone:
            self._depot.drop(self._chunks[number])
            number += 1
        del self._chunks[:number], self._firsts[:number]
        if self._tail and gone >= self.count:
            self._tail, self._tail_size = [], 0

    async def next(self, reader: Reader, limit: int) -> list[Response]:
        """The next that wait, up to `limit`, handed out. None: there is none now."""
        found: list[Response] = []
        while len(found) < limit:
            at = self._states.find(WAITING, reader.at)
            if at < 0:
                break
            first, messages = await self._messages(reader, at)
            if reader.over is not None:  # meanwhile: all of it is another reader's now, or gone
                return []
            end = first + len(messages)
            while at < end and len(found) < limit:
                if self._states[at] == WAITING:
                    response = messages[at - first]
                    if not reader.action or response.request_action == reader.action:
                        self._states[at] = HANDED_OUT
                        found.append(response)
                at += 1
            reader.at = at
            if found and end < self.count and len(messages) >= TOGETHER // 2:
                break
        return found

    async def _messages(self, reader: Reader, at: int) -> tuple[int, list[Response]]:
        """The messages that the one at this place is among, and where they begin."""
        tail_first = self.count - len(self._tail)
        if at >= tail_first:
            return tail_first, self._tail
        chunk = self._chunks[bisect_right(self._firsts, at) - 1]
        if chunk is not reader.chunk:
            raw = await self._depot.load(chunk, answers=True)
            if reader.over is None:
                reader.messages, reader.chunk = _decode(raw), chunk
        return chunk.first, reader.messages

    def release(self) -> None:
        """Nobody reads them any more."""
        for chunk in self._chunks:
            self._depot.drop(chunk)
        self._chunks, self._firsts, self._tail = [], [], []

    # ---- what is kept of the readers

    def reads(self) -> bytes:
        """Which answers were handed out, for the store."""
        return zlib.compress(self._states.replace(bytes([CONFIRMED]), bytes([HANDED_OUT])), 1)

    def set_reads(self, reads: bytes) -> None:
        """As they were when the server started; what was handed out then counts as confirmed."""
        had = zlib.decompress(reads) if reads else b""
        kept = had[: self.count].replace(bytes([HANDED_OUT]), bytes([CONFIRMED]))
        self._states[: len(kept)] = kept


def pack(responses: list[Response]) -> bytes:
    """Answers as they are kept."""
    return _encode(responses)
