"""The one writer: a thread that takes all changes that have queued up, runs them in one transaction, commits
once, answers them all.

While a commit waits for the disk, the next changes gather; so the more there is to do, the more of it shares
one fsync. A change that raises is undone alone. When the database fails (disk full, I/O error), at a change
or at the commit, the whole transaction is rolled back and every change of it is answered with
StoreUnavailable; the next one starts anew.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from headgate.core.errors import StoreUnavailable
from headgate.core.model import Event
from headgate.ports.clock import Clock
from headgate.store.counters import Counters
from headgate.store.entries import Known
from headgate.store.orders import Orders
from headgate.store.session import Session
from headgate.store.sql import ledger as sql
from headgate.store.transaction import Transaction

_TOGETHER = 256
"""Changes in one commit, at most."""
_PATIENCE_S = 0.002
"""How long a commit waits for more, at most."""

Listener = Callable[[Sequence[Event]], None]


class Order(NamedTuple):
    """A change to be made, and who waits for it."""

    change: Callable[[Transaction], Any]
    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[Any]"


class Outcome(NamedTuple):
    """What has become of an order."""

    order: Order
    result: Any
    error: BaseException | None


class Gate(Protocol):
    """The writer's connection, and the right to use it."""

    session: Session
    lock: threading.RLock
    """Held for a whole transaction; others wait for it only where they share the connection (in memory)."""
    begin_writing: str
    version: str


class Writer:
    """Runs `Order`s. Made and stopped by the store."""

    def __init__(self, gate: Gate, *, clock: Clock, new_id: Callable[[], str], installation: str) -> None:
        self.listeners: list[Listener] = []
        self._gate = gate
        self._session = gate.session
        self._clock = clock
        self._new_id = new_id
        self._installation = installation
        self._orders: Orders[Order | None] = Orders(clock)
        self._batch: list[Order] = []
        self._counters: Counters | None = None
        self._entries: Known = {}
        self._reserved: set[int] = set()
        self._version: Any = None
        self._thread = threading.Thread(target=self._work, name="headgate-store-writer", daemon=True)
        self._stopped = False
        self._thread.start()

    def order(self, change: Callable[[Transaction], Any]) -> "asyncio.Future[Any]":
        """Queue a change. The answer comes on the event loop, after the commit."""
        if self._stopped:
            raise StoreUnavailable("the store is closed")
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        self._orders.put(Order(change, loop, answer))
        return answer

    def stop(self) -> bool:
        """Make the changes that are queued, and end. Whether it was still at work."""
        if self._stopped:
            return False
        self._stopped = True
        self._orders.put(None)
        self._thread.join()
        return True

    def _look_around(self) -> None:
        """Forget what is known when somebody else has committed."""
        row = self._session.command(self._gate.version)
        version = None if row is None else row[0]
        if version != self._version:
            self._version = version
            self._forget()

    def _forget(self) -> None:
        """Read counters and small tables again."""
        self._counters = None
        self._entries.clear()

    def _work(self) -> None:
        try:
            self._serve()
        except BaseException:
            # Not the database: a mistake of ours. Nobody may wait for a thread that is gone.
            self._stopped = True
            if self._orders:
                self._batch += filter(None, self._orders.take(0, 0, len(self._orders)))
            gone = StoreUnavailable("the store has stopped because of an error in it")
            self._answer([Outcome(order, None, gone) for order in self._batch], [])
            raise

    def _serve(self) -> None:
        crowd, took = 1, 0.0
        last = False
        while not last:
            # With several clients, those just answered come back in a moment: waiting for them, a fraction of
            # what a commit takes, makes one commit of two. A single client is never kept waiting.
            taken = self._orders.take(crowd, min(took / 2, _PATIENCE_S), _TOGETHER)
            self._batch = [order for order in taken if order is not None]
            last = len(self._batch) < len(taken)
            if not self._batch:
                continue
            began = self._clock.monotonic()
            with self._gate.lock:
                outcomes, events = self._commit(self._batch)
            took = self._clock.monotonic() - began
            crowd = len(self._batch) + len(self._orders)
            self._answer(outcomes, events)

    def _commit(self, batch: list[Order]) -> tuple[list[Outcome], list[Event]]:
        """Run a batch in one transaction."""
        try:
            transaction = self._begin()
            outcomes = [self._run(transaction, order) for order in batch]
            if self._session.failed is not None:
                raise self._session.failed
            if not transaction.dirty:
                self._session.command("ROLLBACK")
                return outcomes, []
            transaction.finish()
            self._session.command("COMMIT")
        except Exception as error:  # noqa: BLE001 — whatever it is, nothing was kept and everybody must be told
            self._roll_back()
            self._forget()
            unavailable = (
                error
                if isinstance(error, StoreUnavailable)
                else StoreUnavailable(f"the commit failed: {error!r}")
            )
            return [Outcome(order, None, unavailable) for order in batch], []
        finally:
            self._session.held = None
        self._counters = transaction.counters
        return outcomes, transaction.events_made

    def _begin(self) -> Transaction:
        self._session.failed = None
        self._session.command(self._gate.begin_writing)
        self._look_around()
        if self._counters is None:
            row = self._session.row(sql.get_counters)
            if row is None:
                raise StoreUnavailable("the database has lost its counters")
            self._counters = Counters(**dict(zip(sql.COUNTERS, row, strict=True)))
        counters = self._counters.copy()
        counters.now = max(counters.now, self._clock.now())
        return Transaction(
            self._session,
            counters,
            now=counters.now,
            installation=self._installation,
            new_id=self._new_id,
            entries=self._entries,
            reserved=self._reserved,
        )

    def _run(self, transaction: Transaction, order: Order) -> Outcome:
        """Run one change; undo it if it raises. Once the database has failed, nothing is run any more."""
        if self._session.failed is not None:
            return Outcome(order, None, self._session.failed)
        mark = transaction.mark()
        try:
            result = order.change(transaction)
            transaction.keep()
        except BaseException as error:  # noqa: BLE001 — it is handed to whoever asked
            if self._session.failed is None:
                transaction.undo(mark)
            return Outcome(order, None, error)
        return Outcome(order, result, None)

    def _roll_back(self) -> None:
        try:
            if self._session.connection.in_transaction:
                self._session.command("ROLLBACK")
        except StoreUnavailable:
            # SQLite has rolled back by itself, or will when the next transaction is begun.
            pass

    def _answer(self, outcomes: list[Outcome], events: list[Event]) -> None:
        """Tell everybody, in one hop to each event loop (there is one, but for tests)."""
        by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
        for outcome in outcomes:
            by_loop.setdefault(outcome.order.loop, []).append(outcome)
        for loop, its in by_loop.items():
            try:
                loop.call_soon_threadsafe(self._deliver, its, events)
            except RuntimeError:
                # The loop was closed meanwhile: nobody waits any more.
                continue
            events = []

    def _deliver(self, outcomes: list[Outcome], events: list[Event]) -> None:
        for order, result, error in outcomes:
            if order.answer.done():
                continue
            if error is None:
                order.answer.set_result(result)
            else:
                order.answer.set_exception(error)
        if events:
            for listener in self.listeners:
                try:
                    listener(events)
                except Exception as error:  # noqa: BLE001 — one listener must not keep the others from hearing
                    asyncio.get_running_loop().call_exception_handler(
                        {"message": "a listener to the store failed", "exception": error}
                    )
