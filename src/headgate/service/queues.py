"""Queues: what every user can ask about them, and what administrators do with them. None as the caller is the
local command line.

A change takes effect at once for jobs that come and, within a tick of the dispatcher, for jobs that wait;
what runs goes on. Exactly one queue is the default.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.errors import BadRequest, NotFound, WrongState
from headgate.core.lines import BEGUN, SENT, Hindrance, all_of
from headgate.core.model import Job, Queue
from headgate.core.queues import admits, check_queue
from headgate.ports.identity import Caller
from headgate.ports.store import Reader, Store, Transaction
from headgate.service.queueing import groups_of, hindrances, in_engine
from headgate.service.rights import require_admin

MOST_QUEUES = 1000
UNCHOSEN_DEFAULT = "unchosen_default"
"""The name under which the store keeps the default queue that nobody chose: an engine may choose another."""


class QueueView(Struct, frozen=True):
    """A queue, how many of its jobs wait and run, and whether the caller may use it."""

    queue: Queue
    waiting: int
    running: int
    usable: bool


class Queues:
    """See the module. Names compare case-insensitively. reasons: why jobs wait in the engine, by id."""

    def __init__(self, store: Store, reasons: Callable[[], Mapping[int, str]] = dict) -> None:
        self._store = store
        self._reasons = reasons

    # ---- looking

    def names(self, caller: Caller | None) -> Sequence[str]:
        """The names of all queues, the most urgent first."""
        return [queue.name for queue in _ordered(self._store.peek(lambda reader: reader.queues()))]

    async def list(self, caller: Caller | None) -> Sequence[QueueView]:
        """All queues, the most urgent first."""
        return await self._store.read(
            lambda reader: [_view(reader, caller, queue) for queue in _ordered(reader.queues())]
        )

    async def get(self, caller: Caller | None, name: str) -> QueueView:
        """One queue. Raises NotFound."""
        return await self._store.read(lambda reader: _view(reader, caller, named(reader, name)))

    def waiting(self, caller: Caller | None, jobs: Collection[Job]) -> dict[int, Hindrance]:
        """Which of these jobs wait for their queue, or in that of the engine, by id, and for what."""
        there = in_engine(jobs, self._reasons())
        if not any(job.spec.queue for job in jobs):
            return there
        return self._store.peek(lambda reader: hindrances(reader, jobs)) | there

    # ---- changing

    async def create(self, caller: Caller | None, queue: Queue) -> None:
        """A new queue. Raises BadRequest, WrongState when there is one of this name."""
        require_admin(caller)
        check_queue(queue)

        def change(tx: Transaction) -> None:
            known = tx.queues()
            if any(one.name.casefold() == queue.name.casefold() for one in known):
                raise WrongState(
                    f"There is a queue {queue.name!r} already.", code="Operation_InvalidOperation"
                )
            if len(known) >= MOST_QUEUES:
                raise BadRequest(f"There are {MOST_QUEUES} queues, and there can't be more.")
            put_queue(tx, queue, known)

        await self._store.write(change)

    async def change(self, caller: Caller | None, name: str, changed: Callable[[Queue], Queue]) -> Queue:
        """Another version of a queue, made from the present one; its name stays. Jobs that are in it stay in
        it. Raises NotFound, BadRequest.
        """
        require_admin(caller)

        def change(tx: Transaction) -> Queue:
            before = named(tx, name)
            after = replace(changed(before), name=before.name)
            check_queue(after)
            if before.default and not after.default:
                raise BadRequest(f"Queue {before.name} is the default; make another one the default instead.")
            put_queue(tx, after, tx.queues())
            return after

        return await self._store.write(change)

    async def set_enabled(self, caller: Caller | None, name: str, enabled: bool) -> None:
        """Whether it takes new jobs. Raises NotFound; BadRequest for closing the default."""
        await self.change(caller, name, lambda queue: replace(queue, enabled=enabled))

    async def set_started(self, caller: Caller | None, name: str, started: bool) -> None:
        """Whether jobs of it are started. Raises NotFound."""
        await self.change(caller, name, lambda queue: replace(queue, started=started))

    async def remove(self, caller: Caller | None, name: str, *, force: bool = False) -> None:
        """Remove a queue that no job is in, or `force` it.

        Its jobs keep its name then: those that wait go on waiting until there is a queue of this name again,
        those that run go on. Raises NotFound, BadRequest (the default), WrongState (in use).
        """
        require_admin(caller)

        def change(tx: Transaction) -> None:
            queue = named(tx, name)
            if queue.default:
                raise BadRequest(f"Queue {queue.name} is the default; make another one the default first.")
            lines = [one for kinds in _lines(queue.name) for one in kinds]
            count = sum(tx.count_in_lines(one, limit=MOST_COUNTED) for one in lines)
            if count and not force:
                shown = f"{count}" if count < MOST_COUNTED else f"{MOST_COUNTED} or more"
                raise WrongState(
                    f"Queue {queue.name} has {shown} jobs that have not ended. Wait for them, or force it.",
                    code="Operation_ObjectInUse",
                )
            tx.drop_queue(queue.name)

        await self._store.write(change)


MOST_COUNTED = 10_000
"""Jobs counted within a transaction, for telling of them."""


def named(reader: Reader, name: str) -> Queue:
    """The queue of this name. Raises NotFound."""
    for queue in reader.queues():
        if queue.name.casefold() == name.casefold():
            return queue
    raise NotFound(f"There is no queue {name[:80]!r}.", kind="queue")


def put_queue(tx: Transaction, queue: Queue, known: Sequence[Queue]) -> None:
    """Keep a queue; as the default it is the only one."""
    if queue.default:
        for other in known:
            if other.default and other.name.casefold() != queue.name.casefold():
                tx.put_queue(replace(other, default=False))
    tx.put_queue(queue)


def _ordered(queues: Sequence[Queue]) -> list[Queue]:
    return sorted(queues, key=lambda queue: (-queue.priority, queue.name.casefold()))


def _lines(queue: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines of those that wait, with us or with the engine, and of those that run."""
    return (all_of(queue), all_of(queue, kind=SENT)), (all_of(queue, kind=BEGUN),)


def _view(reader: Reader, caller: Caller | None, queue: Queue) -> QueueView:
    waiting, running = (
        sum(count for one in kinds for count in reader.lines(one).values()) for kinds in _lines(queue.name)
    )
    usable = caller is None or admits(queue, caller.name, groups_of(reader, caller.name, queue))
    return QueueView(queue, waiting, running, usable)
