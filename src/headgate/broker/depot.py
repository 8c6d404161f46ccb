"""Where messages are that are not in memory: a durable session's in the store, an interactive one's in files
without a name.

`Budget` says what may stay in memory, for all sessions together.
"""

import os
import tempfile
from pathlib import Path
from typing import Final, Protocol

import structlog

from headgate.core.soa import ChunkRecord
from headgate.ports.store import Store

log = structlog.get_logger("headgate.broker")

ROOM: Final = 1024 * 1024
"""Bytes for which a disk that was full must have room before it is used again."""
SEGMENT: Final = 16 * 1024 * 1024
"""Bytes of one file; it goes when all that is in it has gone."""
BEYOND: Final = 2 * SEGMENT
"""Bytes that one session may have in memory because the disk is full."""
FORCED: Final = -2
"""The place of a chunk that is in memory for that reason."""


class Chunk:
    """Messages that are kept together. raw: as MessagePack; None: they are in the depot, at `place`."""

    __slots__ = ("count", "first", "place", "raw", "size")

    def __init__(self, first: int, count: int, size: int, raw: bytes | None, place: int = -1) -> None:
        self.first = first
        self.count = count
        self.size = size
        self.raw = raw
        self.place = place


class Budget:
    """Bytes of messages in memory: of everybody, or of one session as a part of that (`whole`)."""

    def __init__(self, limit: int, whole: "Budget | None" = None) -> None:
        self._left = limit
        self._whole = whole

    def take(self, size: int) -> bool:
        """Have so much; whether that much is left."""
        if size > self._left or (self._whole is not None and not self._whole.take(size)):
            return False
        self._left -= size
        return True

    def force(self, size: int) -> None:
        """Have so much although it is not left: there is no other place. What is left may be negative."""
        self._left -= size
        if self._whole is not None:
            self._whole.force(size)

    def give(self, size: int) -> None:
        """Give it back."""
        self._left += size
        if self._whole is not None:
            self._whole.give(size)


class Depot(Protocol):
    """Holds chunks of a batch."""

    def keep(self, first: int, count: int, raw: bytes) -> Chunk:
        """A chunk of these messages, in memory if there is room."""
        ...

    async def load(self, chunk: Chunk, *, answers: bool) -> bytes:
        """Its messages."""
        ...

    def drop(self, chunk: Chunk) -> None:
        """It is not needed any more."""
        ...


class Spool:
    """The depot of an interactive session: files that are gone with the process.

    A disk that takes nothing more loses no message: what was on its way there stays in memory. The session
    takes no more requests then until there is room (`try_again`), and does those it has, which makes some, as
    long as `BEYOND` holds their answers.
    """

    def __init__(self, folder: Path, budget: Budget, limit: int) -> None:
        """limit: bytes on disk."""
        self._folder = folder
        self._budget = budget
        self._limit = limit
        self._fails = False
        self._beyond = 0
        """Bytes in memory because the disk did not take them."""
        self._segments: dict[int, list[int]] = {}
        """By number: descriptor, size, chunks in it."""
        self._last = 0
        self.used = 0
        """Bytes on disk."""

    @property
    def takes_requests(self) -> bool:
        """Whether there is room for requests. They get half of it, so that there is room to answer them."""
        return not self._fails and self.used <= self._limit // 2

    @property
    def takes_answers(self) -> bool:
        """Whether there is room for answers."""
        return (not self._fails or self._beyond <= BEYOND) and self.used <= self._limit

    def keep(self, first: int, count: int, raw: bytes) -> Chunk:
        """See Depot."""
        if self._budget.take(len(raw)):
            return Chunk(first, count, len(raw), raw)
        try:
            segment = self._segment()
            _write(segment[0], raw, segment[1])
        except OSError as error:
            if not self._fails:
                log.error("spool_failed", folder=str(self._folder), reason=error.strerror)
            self._fails = True
            self._budget.force(len(raw))
            self._beyond += len(raw)
            return Chunk(first, count, len(raw), raw, FORCED)
        chunk = Chunk(first, count, len(raw), None, self._last << 32 | segment[1])
        segment[1] += len(raw)
        segment[2] += 1
        self.used += len(raw)
        return chunk

    def try_again(self) -> None:
        """See whether a disk that took nothing has room again."""
        if not self._fails:
            return
        try:
            segment = self._segment()
            _write(segment[0], bytes(ROOM), segment[1])
            os.ftruncate(segment[0], segment[1])
        except OSError:
            return
        self._fails = False

    async def load(self, chunk: Chunk, *, answers: bool) -> bytes:
        """See Depot. What was written a moment ago is in the page cache."""
        if chunk.raw is not None:
            return chunk.raw
        return os.pread(self._segments[chunk.place >> 32][0], chunk.size, chunk.place & 0xFFFFFFFF)

    def drop(self, chunk: Chunk) -> None:
        """See Depot."""
        if chunk.raw is not None:
            self._budget.give(chunk.size)
            if chunk.place == FORCED:
                self._beyond -= chunk.size
            return
        number = chunk.place >> 32
        segment = self._segments[number]
        segment[2] -= 1
        self.used -= chunk.size
        if segment[2]:
            return
        if number != self._last:
            os.close(segment[0])
            del self._segments[number]
        else:
            os.ftruncate(segment[0], 0)
            segment[1] = 0

    def close(self) -> None:
        """Let all files go."""
        for segment in self._segments.values():
            os.close(segment[0])
        self._segments.clear()
        self.used = 0

    def _segment(self) -> list[int]:
        """The one that is written to. Raises OSError."""
        segment = self._segments.get(self._last)
        if segment is not None and segment[1] < SEGMENT:
            return segment
        self._folder.mkdir(mode=0o700, exist_ok=True)
        descriptor, path = tempfile.mkstemp(dir=self._folder)
        os.unlink(path)
        self._last += 1
        segment = self._segments[self._last] = [descriptor, 0, 0]
        return segment


class Kept:
    """The depot of a batch of a durable session. What is kept was written to the store before."""

    def __init__(self, store: Store, session: int, batch: int, budget: Budget) -> None:
        self._store = store
        self._session = session
        self._batch = batch
        self._budget = budget

    def keep(self, first: int, count: int, raw: bytes) -> Chunk:
        """See Depot."""
        return Chunk(first, count, len(raw), raw if self._budget.take(len(raw)) else None)

    def kept(self, record: ChunkRecord) -> Chunk:
        """A chunk that is in the store alone."""
        return Chunk(record.first, record.count, 0, None)

    async def load(self, chunk: Chunk, *, answers: bool) -> bytes:
        """See Depot."""
        if chunk.raw is not None:
            return chunk.raw
        return await self._store.read(
            lambda look: look.soa_messages(self._session, self._batch, answers=answers, first=chunk.first)
        )

    def drop(self, chunk: Chunk) -> None:
        """See Depot. In the store it stays until the batch goes."""
        if chunk.raw is not None:
            self._budget.give(chunk.size)
            chunk.raw = None


def _write(descriptor: int, raw: bytes, at: int) -> None:
    while raw:
        written = os.pwrite(descriptor, raw, at)
        raw, at = raw[written:], at + written
