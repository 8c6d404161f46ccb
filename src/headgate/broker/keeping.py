"""What is kept of a durable session: its batches, requests and answers, written to the store, many at once.

A request is acknowledged when its row is on disk; an answer can be read when its row is. So after a crash
what was acknowledged is there, and what has an answer is not asked again.
"""

import asyncio
import struct
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from headgate.broker import answers as packed_answers
from headgate.broker.batch import Batch
from headgate.broker.depot import Chunk
from headgate.core.errors import StoreUnavailable
from headgate.core.soa import BatchRecord, ChunkRecord, Response
from headgate.ports.store import Reader, Store, Transaction

log = structlog.get_logger("headgate.broker")

STAGED: Final = 8192
"""Answers that wait for the store; with more, hosts are given nothing."""
GATHER_S: Final = 0.004
"""Answers wait so long for others to go to the store with."""
RETRY_S: Final = 1.0
PORTION: Final = 5_000


class Keeper:
    """See the module. readable: is called when answers have become readable."""

    def __init__(self, store: Store, session: int, readable: Callable[[], None]) -> None:
        self._store = store
        self._session = session
        self._readable = readable
        self._staged: dict[Batch, list[tuple[int, Response]]] = {}
        self._count = 0
        self._something = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether the store does not keep up."""
        return self._count > STAGED

    async def requests(self, batch: Batch, count: int, digests: bytes, raw: bytes) -> None:
        """Keep requests, the next of the batch. Raises StoreUnavailable."""
        chunk, record, number = ChunkRecord(batch.sent, count, digests), batch.record(), self._session
        reads = None if batch.sent else batch.answers.reads()

        def change(tx: Transaction) -> None:
            if reads is not None:  # the first of the batch
                tx.put_soa_batch(number, record, reads)
            tx.add_soa_messages(number, record.number, answers=False, chunk=chunk, messages=raw)

        await self._store.write(change)

    async def batch(self, record: BatchRecord, reads: bytes) -> None:
        """Keep how a batch is now. Raises StoreUnavailable."""
        await self._store.write(lambda tx: tx.put_soa_batch(self._session, record, reads))

    async def reads(self, batch: Batch) -> None:
        """Keep what the readers of a batch have had."""
        try:
            await self.batch(batch.record(), batch.answers.reads())
        except StoreUnavailable as error:
            # After a restart they come again, unless another read was kept before.
            log.warning("reads_not_kept", session=self._session, reason=error.text)

    async def drop(self, batch: Batch) -> None:
        """Forget a batch; its messages are removed apart (`remove_messages`). Raises StoreUnavailable."""
        await self._store.write(lambda tx: tx.drop_soa_batch(self._session, batch.number))
        self._count -= len(self._staged.pop(batch, ()))

    def answer(self, batch: Batch, place: int, response: Response) -> None:
        """Have this answer to the request at `place` kept, and then readable."""
        self._staged.setdefault(batch, []).append((place, response))
        self._count += 1
        self._something.set()

    async def run(self) -> None:
        """Write answers, for as long as the session lasts."""
        while True:
            await self._something.wait()
            await asyncio.sleep(GATHER_S)
            self._something.clear()
            ready = [(batch, *_packed(batch, some)) for batch, some in self._staged.items()]
            if not ready:
                continue
            try:
                await self._store.write(partial(_add_answers, session=self._session, ready=ready))
            except StoreUnavailable as error:
                log.warning("answers_not_kept", session=self._session, reason=error.text)
                self._something.set()
                await asyncio.sleep(RETRY_S)
                continue
            for batch, chunk, raw in ready:
                left = self._staged.get(batch)
                if left is None:  # purged meanwhile
                    continue
                del left[: chunk.count]
                if not left:
                    del self._staged[batch]
                self._count -= chunk.count
                batch.answers.add_kept(chunk.count, raw)
                batch.wake()
            self._readable()

    # ---- when the server starts

    async def batches(self) -> list[tuple[BatchRecord, bytes]]:
        """The batches that are kept, with what was read of each."""
        return await self._store.read(lambda look: look.soa_batches(self._session))

    async def restore(self, batch: Batch, record: BatchRecord, reads: bytes) -> None:
        """Have the batch as it was."""
        look = partial(_chunks, session=self._session, batch=record.number)
        requests, answers = await self._store.read(look)
        batch.restore(
            [(Chunk(one.first, one.count, 0, None), one.index) for one in requests],
            [one.index for one in answers],
        )
        for one in answers:
            batch.answers.restore(Chunk(one.first, one.count, 0, None))
        batch.answers.set_reads(reads)
        batch.committed = record.committed


def _packed(batch: Batch, some: list[tuple[int, Response]]) -> tuple[ChunkRecord, bytes]:
    places = [place for place, _ in some]
    chunk = ChunkRecord(batch.answers.count, len(places), struct.pack(f"<{len(places)}I", *places))
    return chunk, packed_answers.pack([response for _, response in some])


def _add_answers(tx: Transaction, *, session: int, ready: list[tuple[Batch, ChunkRecord, bytes]]) -> None:
    for batch, chunk, raw in ready:
        tx.add_soa_messages(session, batch.number, answers=True, chunk=chunk, messages=raw)


def _chunks(look: Reader, *, session: int, batch: int) -> tuple[list[ChunkRecord], list[ChunkRecord]]:
    requests = look.soa_chunks(session, batch, answers=False)
    return requests, look.soa_chunks(session, batch, answers=True)


async def remove_messages(store: Store, session: int, batch: int | None = None) -> None:
    """Remove the messages of a batch, or of a session, in portions that hold up nobody."""
    while await store.write(lambda tx: tx.drop_soa_messages(session, batch, limit=PORTION)) == PORTION:
        pass
