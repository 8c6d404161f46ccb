"""A session and its batches, for programs that use asyncio."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing, suppress
from typing import Any, Self
from urllib.parse import quote, urlencode

import httpx
from msgspec import Struct

from headgate.client.errors import ClientError, Unreachable
from headgate.core.soa import BatchStatus, ReadEnd, Reason, Request
from headgate.formats.soap.writing import ARRAY_BEGIN, ARRAY_END, write_request
from headgate.soa.client.asking import ask, opened
from headgate.soa.client.messages import Answer, Answers, Calls, Contract
from headgate.soa.client.progress import bar
from headgate.soa.client.pump import Pump


class Info(Struct, frozen=True):
    """What the server says of a session."""

    Id: int
    IsDurable: bool
    MaxMessageSize: int


class AsyncSession:
    """A session that was opened (`aconnect`). Leaving its block closes it, unless it was attached to."""

    def __init__(self, http: httpx.AsyncClient, info: Info, contract: Contract, *, closes: bool) -> None:
        self._http = http
        self._contract = contract
        self._closes = closes
        self.id = info.Id
        self.durable = info.IsDurable
        self.max_message_size = info.MaxMessageSize

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            if self._closes:
                await self.close()
        finally:
            await self._http.aclose()

    async def close(self) -> None:
        """End the service job and remove all messages."""
        self._closes = False
        await ask(self._http, "POST", f"/Session/{self.id}/Close")

    def detach(self) -> None:
        """Leave the session open when its block is left: `attach` to it later by its id."""
        self._closes = False

    def batch(self, name: str = "") -> "AsyncBatch":
        """A batch by its name; a new one without."""
        return AsyncBatch(self._http, self.id, name or f"batch-{secrets.token_hex(6)}", self._contract)

    async def map(
        self,
        operation: str,
        items: Iterable[Any],
        *,
        arguments: str | Sequence[str] = "input",
        returns: Any = str,
        progress: bool = False,
        faults: bool = False,
    ) -> AsyncGenerator[Any, None]:
        """The results of an operation for each item, in their order, as they come.

        items: mappings of arguments, or values for the argument that `arguments` names (several names: tuples
        of values). They are asked for in another thread, and only as far ahead as the server takes them;
        results that come before their turn are kept until it is theirs.
        returns: the type of a result. faults: give the fault of a request in its place instead of raising it.
        """
        async with aclosing(self.mapped(operation, items, arguments, progress=progress)) as parts:
            async for part in parts:
                for answer in part:
                    yield result_of(answer, returns, faults=faults)

    async def mapped(
        self, operation: str, items: Iterable[Any], arguments: str | Sequence[str], *, progress: bool = False
    ) -> AsyncGenerator[list[Answer], None]:
        """The answers of `map`, as many together as are ready together."""
        batch = self.batch()
        total = len(items) if isinstance(items, Sequence) else None
        begun = asyncio.Event()
        sending = asyncio.ensure_future(
            batch.send(operation, items, arguments=arguments, commit=True, begun=begun)
        )
        early: dict[int, Answer] = {}
        turn = 0
        try:
            if not await _begins(begun, sending):
                return
            with bar(operation, total, shown=progress) as shown:
                async with aclosing(batch.parts()) as parts:
                    while (part := await _next(parts, sending)) is not None:
                        shown.advance(len(part))
                        for answer in part:
                            if answer.number < 0 and answer.fault is not None:
                                raise answer.fault  # it is about the whole session
                            early[answer.number] = answer
                        ready = []
                        while turn in early:
                            ready.append(early.pop(turn))
                            turn += 1
                        if ready:
                            yield ready
            sent = await sending
            if turn < sent:
                raise Unreachable(
                    f"{sent - turn} answers are missing: the batch was purged, or the session ended."
                )
        finally:
            sending.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await sending
            with suppress(ClientError):
                await batch.purge()


def result_of(answer: Answer, returns: Any, *, faults: bool) -> Any:
    """The value of an answer. Raises ServiceFault unless `faults` are to be given in its place."""
    if faults and answer.fault is not None:
        return answer.fault
    return answer.result(returns)


async def _begins(begun: asyncio.Event, sending: asyncio.Future[int]) -> bool:
    """Whether the batch is there; not if nothing is to be sent. Raises what ended the sending."""
    waiting = asyncio.ensure_future(begun.wait())
    await asyncio.wait((waiting, sending), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return begun.is_set() or sending.result() > 0


async def _next(
    parts: AsyncGenerator[list[Answer], None], sending: asyncio.Future[int]
) -> list[Answer] | None:
    """The next answers; None at their end. Raises what ended the sending."""
    coming = asyncio.ensure_future(_pull(parts))
    try:
        while not coming.done():
            await asyncio.wait(
                (coming,) if sending.done() else (coming, sending), return_when=asyncio.FIRST_COMPLETED
            )
            if sending.done():
                sending.result()
        return coming.result()
    finally:
        if not coming.done():
            coming.cancel()
            await asyncio.wait((coming,))


async def _pull(parts: AsyncGenerator[list[Answer], None]) -> list[Answer] | None:
    try:
        return await anext(parts)
    except StopAsyncIteration:
        return None


class AsyncBatch:
    """Requests that belong together, and their answers."""

    def __init__(self, http: httpx.AsyncClient, session: int, name: str, contract: Contract) -> None:
        self._http = http
        self._path = f"/Session/{session}/batch/{quote(name, safe='')}"
        self._contract = contract
        self._mark = secrets.token_hex(8)
        self.name = name
        self.sent = 0
        """Requests this object has sent."""

    async def send(
        self,
        operation: str,
        items: Iterable[Any],
        *,
        arguments: str | Sequence[str] = "input",
        commit: bool = False,
        begun: asyncio.Event | None = None,
    ) -> int:
        """Send a request for each item (see `AsyncSession.map`); how many. The server takes them as it can.

        Answers carry the number of their request, counted over all that this object sends. commit: they are
        the last ones. begun: set when the batch is there and can be read.
        """
        calls = Calls(self._contract, operation, arguments, self._mark)
        first = self.sent

        def requests() -> Iterator[Request]:
            for item in items:
                request = calls.request(self.sent, item)
                self.sent += 1
                yield request

        pump = Pump(write_request(request, self.name) for request in requests())
        try:
            return await self._send(pump, first, commit=commit, begun=begun)
        finally:
            pump.stop()

    async def _send(self, pump: Pump, first: int, *, commit: bool, begun: asyncio.Event | None) -> int:
        """Send what comes; a first part by itself, if somebody waits for the batch to be there."""
        data = await pump.take()
        if data and begun is not None:
            last = commit and pump.is_empty
            await self._upload(_array(data), commit=last)
            begun.set()
            if last:
                return self.sent - first
            data = await pump.take()
        if data:
            await self._upload(_array_of(data, pump), commit=commit)
        elif commit and self.sent > first:
            await self.commit()
        return self.sent - first

    async def _upload(self, content: bytes | AsyncIterator[bytes], *, commit: bool) -> None:
        await ask(self._http, "POST", f"{self._path}?commit={'true' if commit else 'false'}", content=content)

    async def commit(self) -> None:
        """No more requests will come."""
        await ask(self._http, "POST", f"{self._path}/Commit")

    async def status(self) -> BatchStatus:
        """How far the batch is."""
        answer = await ask(self._http, "GET", f"{self._path}/Status")
        return BatchStatus(int(answer.content))

    async def purge(self) -> None:
        """Forget the batch, requests and answers."""
        await ask(self._http, "POST", f"{self._path}/Purge")

    async def answers(
        self, *, count: int = -1, reset: bool = False, progress: bool = False, total: int | None = None
    ) -> AsyncIterator[Answer]:
        """The answers as they come, until the batch is committed and everything is answered, or `count` of
        them. reset: from the first one again. total: of the bar.
        """
        with bar(self.name, total or self.sent or None, shown=progress) as shown:
            async for part in self.parts(count=count, reset=reset):
                for answer in part:
                    yield answer
                shown.advance(len(part))

    async def parts(self, *, count: int = -1, reset: bool = False) -> AsyncGenerator[list[Answer], None]:
        """The answers as `answers` gives them, as many together as have come together."""
        query = urlencode({"count": count, "reset": "true" if reset else "false"})
        reader = Answers()
        async with opened(self._http, f"{self._path}/Response?{query}") as answer:
            try:
                async for data in answer.aiter_raw():
                    found = reader.feed(data)
                    if found:
                        yield found
            except httpx.HTTPError as error:
                raise Unreachable(f"The answers broke off: {error}") from None
        _check(reader.close())


def _check(end: ReadEnd) -> None:
    if end.reason is Reason.CLIENT_TIMEOUT:
        raise Unreachable("The batch was given up: nobody sent to it or read it for too long.")


def _array(data: bytes) -> bytes:
    return b"".join((ARRAY_BEGIN, data, ARRAY_END))


async def _array_of(data: bytes, pump: Pump) -> AsyncIterator[bytes]:
    yield ARRAY_BEGIN + data
    async for more in pump.rest():
        yield more
    yield ARRAY_END
