"""SOA sessions: those that are open, and of durable ones all that was sent and answered.

Messages are kept some at a time, as they came (`soa_messages`): one row, one position in the batch. They are
opaque here; the broker knows what is in them.
"""

from abc import ABC, abstractmethod
from typing import Final

from headgate.core.soa import BatchRecord, ChunkRecord, Session
from headgate.store import codec
from headgate.store.codec import encode
from headgate.store.session import Session as Connection
from headgate.store.sql import soa as sql

_CHUNKS: Final = 5_000


class SoaReader:
    """Look-ups of sessions."""

    _session: Connection

    def soa_sessions(self) -> list[Session]:
        return codec.SOA_SESSIONS.many(self._session.value(sql.sessions))

    def soa_batches(self, session: int) -> list[tuple[BatchRecord, bytes]]:
        rows = self._session.rows(sql.batches, {"session": session})
        return [(codec.SOA_BATCHES.one(body), reads) for body, reads in rows]

    def soa_chunks(self, session: int, batch: int, *, answers: bool) -> list[ChunkRecord]:
        given = {"session": session, "batch": batch, "answers": int(answers), "limit": _CHUNKS}
        found: list[ChunkRecord] = []
        while True:
            rows = self._session.rows(sql.chunks, {**given, "first": found[-1].first + 1 if found else 0})
            found += [ChunkRecord(*row) for row in rows]
            if len(rows) < _CHUNKS:
                return found

    def soa_messages(self, session: int, batch: int, *, answers: bool, first: int) -> bytes:
        given = {"session": session, "batch": batch, "answers": int(answers), "first": first}
        return self._session.value(sql.messages, given) or b""

    def soa_next_with_messages(self, after: int) -> int | None:
        found: int | None = self._session.value(sql.next_with_messages, {"after": after})
        return found


class SoaChanges(ABC):
    """Changes of sessions, within a transaction."""

    _session: Connection

    @abstractmethod
    def touch(self) -> None:
        """Before each statement that writes."""

    def put_soa_session(self, session: Session) -> None:
        self.touch()
        self._session.change(sql.put_session, {"id": session.id, "body": encode(session)})

    def drop_soa_session(self, session: int) -> None:
        self.touch()
        self._session.change(sql.drop_batches, {"session": session})
        self._session.change(sql.drop_session, {"id": session})

    def put_soa_batch(self, session: int, batch: BatchRecord, reads: bytes) -> None:
        self.touch()
        given = {"session": session, "number": batch.number, "body": encode(batch), "reads": reads}
        self._session.change(sql.put_batch, given)

    def drop_soa_batch(self, session: int, batch: int) -> None:
        self.touch()
        self._session.change(sql.drop_batch, {"session": session, "batch": batch})

    def add_soa_messages(
        self, session: int, batch: int, *, answers: bool, chunk: ChunkRecord, messages: bytes
    ) -> None:
        self.touch()
        self._session.change(
            sql.add_messages,
            {
                "session": session,
                "batch": batch,
                "answers": int(answers),
                "first": chunk.first,
                "count": chunk.count,
                "places": chunk.index,
                "messages": messages,
            },
        )

    def drop_soa_messages(self, session: int, batch: int | None, *, limit: int) -> int:
        self.touch()
        given = {"session": session, "limit": limit}
        if batch is not None:
            given["batch"] = batch
        return self._session.change(sql.drop_messages(batch is None), given)
