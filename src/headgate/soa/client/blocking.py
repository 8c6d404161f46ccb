"""Sessions for programs without asyncio: the same, in a thread of their own."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator, Iterable, Iterator, Sequence
from typing import Any, Self, TypeVar

from headgate.core.soa import BatchStatus
from headgate.soa.client.messages import Answer
from headgate.soa.client.progress import bar
from headgate.soa.client.sessions import AsyncBatch, AsyncSession, result_of

R = TypeVar("R")


class Loop:
    """An event loop in a thread, for as long as a session is open."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="headgate-soa", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, R]) -> R:
        """Run something there and wait for it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            # Interrupted here (Ctrl-C), it goes no further there either.
            future.cancel()
            raise

    def each(self, items: AsyncGenerator[R, None]) -> Generator[R, None, None]:
        """The items of a generator that runs there."""

        async def advance() -> tuple[R] | None:
            try:
                return (await anext(items),)
            except StopAsyncIteration:
                return None

        try:
            while (found := self.run(advance())) is not None:
                yield found[0]
        finally:
            self.run(items.aclose())

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        # Not waiting for threads: one may be in the middle of making an item that nobody wants any more.
        self._loop.close()


class Session:
    """A session that was opened (`connect`). Leaving its block closes it, unless it was attached to."""

    def __init__(self, loop: Loop, session: AsyncSession) -> None:
        self._loop = loop
        self._session = session
        self.id = session.id
        self.durable = session.durable
        self.max_message_size = session.max_message_size

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._loop.run(self._session.__aexit__())
        finally:
            self._loop.stop()

    def close(self) -> None:
        """End the service job and remove all messages."""
        self._loop.run(self._session.close())

    def detach(self) -> None:
        """Leave the session open when its block is left: attach to it later by its id."""
        self._session.detach()

    def batch(self, name: str = "") -> "Batch":
        """A batch by its name; a new one without."""
        return Batch(self._loop, self._session.batch(name))

    def map(
        self,
        operation: str,
        items: Iterable[Any],
        *,
        arguments: str | Sequence[str] = "input",
        returns: Any = str,
        progress: bool = False,
        faults: bool = False,
    ) -> Iterator[Any]:
        """The results of an operation for each item; see `AsyncSession.map`."""
        with contextlib.closing(
            self._loop.each(self._session.mapped(operation, items, arguments, progress=progress))
        ) as parts:
            for part in parts:
                for answer in part:
                    yield result_of(answer, returns, faults=faults)


class Batch:
    """Requests that belong together, and their answers."""

    def __init__(self, loop: Loop, batch: AsyncBatch) -> None:
        self._loop = loop
        self._batch = batch
        self.name = batch.name

    @property
    def sent(self) -> int:
        """Requests this object has sent."""
        return self._batch.sent

    def send(self, operation: str, items: Iterable[Any], *, arguments: str | Sequence[str] = "input") -> int:
        """Send a request for each item; how many."""
        return self._loop.run(self._batch.send(operation, items, arguments=arguments))

    def commit(self) -> None:
        """No more requests will come."""
        self._loop.run(self._batch.commit())

    def status(self) -> BatchStatus:
        """How far the batch is."""
        return self._loop.run(self._batch.status())

    def purge(self) -> None:
        """Forget the batch, requests and answers."""
        self._loop.run(self._batch.purge())

    def answers(
        self, *, count: int = -1, reset: bool = False, progress: bool = False, total: int | None = None
    ) -> Iterator[Answer]:
        """The answers as they come; see `AsyncBatch.answers`."""
        with (
            bar(self.name, total or self.sent or None, shown=progress) as shown,
            contextlib.closing(self._loop.each(self._batch.parts(count=count, reset=reset))) as parts,
        ):
            for part in parts:
                yield from part
                shown.advance(len(part))
