"""A session and its batches, for programs that use asyncio."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Sequence
from contextlib import aclosing, suppress
from typing import Any, Final, Self
from urllib.parse import quote, urlencode

import httpx
import msgspec
from msgspec import Struct

from headgate.client.errors import ClientError, Refused, Unreachable
from headgate.core.soa import BatchStatus, ReadEnd, Reason, Request
from headgate.soa.client.messages import Answer, Answers, Calls, Contract, upload
from headgate.soa.client.progress import Bar, bar

VERSION: Final = "2012-11-01.4.0"
JSON: Final = {"Accept": "application/json"}
_NOTHING: Final = b""


class Info(Struct, frozen=True):
    """What the server says of a session."""

    Id: int
    IsDurable: bool
    MaxMessageSize: int


class Fault(Struct, frozen=True):
    """A refusal."""

    Code: int = 0
    Message: str = ""


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
        of values). They are asked for in another thread, and only as far ahead as the server takes them.
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
        sending = asyncio.ensure_future(_send_all(batch, operation, items, arguments))
        early: dict[int, Answer] = {}
        turn = 0
        try:
            with bar(operation, total, shown=progress) as shown:
                async with aclosing(batch.parts()) as parts:
                    while (part := await _next(parts, sending)) is not None:
                        shown.advance(len(part))
                        early.update((answer.number, answer) for answer in part)
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


async def _send_all(
    batch: "AsyncBatch", operation: str, items: Iterable[Any], names: str | Sequence[str]
) -> int:
    sent = await batch.send(operation, items, arguments=names)
    if sent:
        await batch.commit()
    return sent


async def _next(
    parts: AsyncGenerator[list[Answer], None], sending: asyncio.Future[int]
) -> list[Answer] | None:
    """The next answers; None at their end, or when there will be none. Raises what ended the sending."""
    coming = asyncio.ensure_future(_pull(parts))
    try:
        while not coming.done():
            await asyncio.wait(
                (coming,) if sending.done() else (coming, sending), return_when=asyncio.FIRST_COMPLETED
            )
            if sending.done() and sending.result() == 0:
                return None
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
        self, operation: str, items: Iterable[Any], *, arguments: str | Sequence[str] = "input"
    ) -> int:
        """Send a request for each item (see `AsyncSession.map`); how many. They may be endless: the server
        takes them as it can. Answers carry the number of their request, counted over the whole batch.
        """
        calls = Calls(self._contract, operation, arguments, self._mark)
        first = self.sent

        def requests() -> Iterator[Request]:
            for item in items:
                request = calls.request(self.sent, item)
                self.sent += 1
                yield request

        await ask(self._http, "POST", self._path, content=_pieces(upload(requests(), self.name)))
        return self.sent - first

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
                _advance(shown, part)

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


def _advance(shown: Bar, part: list[Answer]) -> None:
    shown.advance(len(part))


def _check(end: ReadEnd) -> None:
    if end.reason is Reason.CLIENT_TIMEOUT:
        raise Unreachable("The batch was given up: nobody sent to it or read it for too long.")


async def _pieces(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Made in another thread, so that a slow source of items holds up nothing else."""
    while (piece := await asyncio.to_thread(next, pieces, _NOTHING)) != _NOTHING:
        yield piece


# ---- asking


class opened:
    """An answer that is read as it comes. Raises Refused, Unreachable."""

    def __init__(self, http: httpx.AsyncClient, path: str) -> None:
        self._http = http
        self._request = http.build_request("POST", path, headers={**JSON, "Content-Length": "0"})
        self._answer: httpx.Response | None = None

    async def __aenter__(self) -> httpx.Response:
        try:
            self._answer = await self._http.send(self._request, stream=True)
            if not self._answer.is_success:
                await self._answer.aread()
        except httpx.HTTPError as error:
            raise Unreachable(f"{self._http.base_url} can't be reached: {error}") from None
        if not self._answer.is_success:
            raise refused(self._answer)
        return self._answer

    async def __aexit__(self, *_: object) -> None:
        if self._answer is not None:
            await self._answer.aclose()


async def ask(
    http: httpx.AsyncClient,
    method: str,
    path: str,
    *,
    content: bytes | AsyncIterator[bytes] = b"",
    kind: str = "application/octet-stream",
) -> httpx.Response:
    """One request. Raises Refused, Unreachable."""
    headers = {**JSON, "Content-Type": kind} if method != "GET" else JSON
    try:
        answer = await http.request(method, path, content=content, headers=headers)
    except httpx.HTTPError as error:
        raise Unreachable(f"{http.base_url} can't be reached: {error}") from None
    if not answer.is_success:
        raise refused(answer)
    return answer


def refused(answer: httpx.Response) -> Refused:
    """The server's no. Its code is the number of the fault (7.9), as the pages write it."""
    try:
        fault = msgspec.json.decode(answer.content, type=Fault)
    except msgspec.MsgspecError:
        fault = Fault()
    text = fault.Message or f"{answer.url} answered {answer.status_code} {answer.reason_phrase}"
    return Refused(text, status=answer.status_code, code=f"{fault.Code & 0xFFFFFFFF:08X}")
