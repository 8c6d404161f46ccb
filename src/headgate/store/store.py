"""The store of one installation: one writer, a few readers, one connection for quick look-ups."""

import asyncio
import secrets
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

import headgate
from headgate.core.errors import StartupRefused, StoreUnavailable
from headgate.ports.clock import Clock
from headgate.store import schema
from headgate.store.directory import Directory
from headgate.store.reader import Reader
from headgate.store.session import Session
from headgate.store.sqlite import MEMORY, SQLite, connect, schema_work
from headgate.store.transaction import Transaction
from headgate.store.writer import Listener, Writer

T = TypeVar("T")

_READERS = 3


class _Gate:
    """A connection and the right to use it."""

    begin_writing = SQLite.begin_writing
    version = SQLite.version

    def __init__(self, session: Session) -> None:
        self.session = session
        self.lock = threading.RLock()

    @contextmanager
    def snapshot(self) -> Iterator[Reader]:
        """A view of the store that does not change."""
        with self.lock:
            self.session.command(SQLite.begin_reading)
            try:
                yield Reader(self.session)
            finally:
                self.session.command("ROLLBACK")


class HeadgateStore:
    """`ports.store.Store` on SQLite. Made by `open_store`; `close` ends it."""

    def __init__(
        self,
        writing: Session,
        reading: Sequence[Session],
        *,
        directory: Directory | None,
        clock: Clock,
        new_id: Callable[[], str],
    ) -> None:
        """reading: connections for look-ups, the first for `peek`; none in memory, which has only one."""
        self._directory = directory
        gate = _Gate(writing)
        gates = [_Gate(session) for session in reading] or [gate]
        self._all = [gate, *(each for each in gates if each is not gate)]
        self._peeking = gates[0]
        self._reading: SimpleQueue[_Gate] = SimpleQueue()
        for each in gates[1:] or gates:
            self._reading.put(each)
        with gate.snapshot() as look:
            self.installation: str = look.meta("installation") or ""
        self._pool = ThreadPoolExecutor(max(1, len(gates) - 1), thread_name_prefix="headgate-store-reader")
        self._writer = Writer(gate, clock=clock, new_id=new_id, installation=self.installation)
        self._closed = False

    async def write(self, change: Callable[[Transaction], T]) -> T:
        """Run `change` in the next commit; see the port."""
        answer: asyncio.Future[T] = self._writer.order(change)
        return await answer

    async def read(self, look: Callable[[Reader], T]) -> T:
        """Run `look` on a snapshot in one of a few threads."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._look, look)

    def _look(self, look: Callable[[Reader], T]) -> T:
        gate = self._reading.get()
        try:
            with gate.snapshot() as reader:
                return look(reader)
        finally:
            self._reading.put(gate)

    def peek(self, look: Callable[[Reader], T]) -> T:
        """Run `look` on a snapshot at once."""
        if self._closed:
            raise StoreUnavailable("the store is closed")
        with self._peeking.snapshot() as reader:
            return look(reader)

    def on_commit(self, listener: Listener) -> None:
        """Call `listener` on the event loop after each commit of this process, with the events it appended
        (if any).
        """
        self._writer.listeners.append(listener)

    async def close(self) -> None:
        """Make the changes that are queued, wait for readers, let another server have the directory."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self.shut)

    def shut(self) -> None:
        """`close`, for where no event loop is running."""
        self._closed = True
        if not self._writer.stop():
            return
        self._pool.shutdown()
        for gate in reversed(self._all):
            gate.session.close()
        if self._directory is not None:
            self._directory.close()


def random_id() -> str:
    """A random UUID."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def open_store(
    where: Path | str,
    *,
    clock: Clock,
    new_id: Callable[[], str] = random_id,
    exclusive: bool = True,
) -> HeadgateStore:
    """The store in a data directory, made or migrated as needed; or a new one in memory, for `:memory:`.

    new_id: a new random id, for the installation and for nodes. exclusive: as the one server; False for
    administration commands, which may work beside it. Raises StartupRefused.
    """
    database = SQLite()
    program = headgate.__version__
    if where == MEMORY:
        connection = connect(MEMORY)
        with schema_work(connection) as work:
            schema.create(work, installation=new_id(), now=clock.now(), program=program)
        return HeadgateStore(Session(connection, database), (), directory=None, clock=clock, new_id=new_id)
    directory = Directory(Path(where), exclusive=exclusive)
    try:
        connection = directory.open_database(clock=clock, new_id=new_id, program=program)
        readers = [Session(connect(directory.database, reading=True), database) for _ in range(_READERS + 1)]
        return HeadgateStore(
            Session(connection, database), readers, directory=directory, clock=clock, new_id=new_id
        )
    except StoreUnavailable as error:
        directory.close()
        raise StartupRefused(f"the data directory {where} can't be used: {error.text}") from error
    except BaseException:
        directory.close()
        raise
