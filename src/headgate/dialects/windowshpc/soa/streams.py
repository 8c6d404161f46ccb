"""Answers sent as they come (spec windowshpc, section 7.5).

Each item of the broker goes out at once, so a lone answer waits for nothing, and under load an item is many
answers. A client that reads slowly holds up this generator and so its own read of the broker, nobody else.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final, Protocol

from headgate.core.errors import HeadgateError, Unavailable
from headgate.core.soa import ReadEnd, Response
from headgate.formats.serving import Receive
from headgate.formats.soap import generic
from headgate.formats.soap.writing import ARRAY_BEGIN, ARRAY_END, Answers

Responses = AsyncGenerator[Sequence[Response] | ReadEnd, None]


class Writer(Protocol):
    """The form in which answers are written. begin, end: of the whole. gone: in place of the end."""

    def begin(self) -> bytes: ...
    def answers(self, responses: Sequence[Response]) -> bytes: ...
    def end(self, end: ReadEnd) -> bytes: ...
    def gone(self) -> bytes: ...


class Envelopes:
    """Answers as an array of envelopes."""

    def __init__(self, client_data: str) -> None:
        self._answers = Answers(client_data)

    def begin(self) -> bytes:
        """The root."""
        return ARRAY_BEGIN

    def answers(self, responses: Sequence[Response]) -> bytes:
        """Some answers."""
        write = self._answers.write
        return b"".join([write(response) for response in responses])

    def end(self, end: ReadEnd) -> bytes:
        """The end message and the end of the root."""
        return self._answers.end(end) + ARRAY_END

    def gone(self) -> bytes:
        """The server stops."""
        return self._answers.broker_gone() + ARRAY_END


class Records:
    """Answers in the generic form."""

    def begin(self) -> bytes:
        """Nothing."""
        return b""

    def answers(self, responses: Sequence[Response]) -> bytes:
        """Some answers."""
        return b"".join(map(generic.write_generic_answer, responses))

    def end(self, end: ReadEnd) -> bytes:
        """The last record."""
        return generic.write_generic_end(end)

    def gone(self) -> bytes:
        """Nothing: without its last record the client sees that the read is not over."""
        return b""


GENERIC_TYPE: Final = "application/octet-stream"


async def parts(
    responses: Responses, writer: Writer, receive: Receive, drained: asyncio.Future[None]
) -> AsyncGenerator[bytes, None]:
    """The answer piece by piece, until the read is over, the client has left, or the server stops."""
    async with aclosing(responses):
        left = asyncio.ensure_future(_until_left(receive))
        try:
            begin = writer.begin()
            if begin:
                yield begin
            while (item := await _next(responses, left, drained)) is not None:
                if isinstance(item, ReadEnd):
                    yield writer.end(item)
                    return
                yield writer.answers(item)
            if not left.done():
                yield writer.gone()
        finally:
            left.cancel()


async def _next(
    responses: Responses, left: asyncio.Future[None], drained: asyncio.Future[None]
) -> Sequence[Response] | ReadEnd | None:
    """The next item; None when nobody is to have it."""
    coming: asyncio.Task[Sequence[Response] | ReadEnd] = asyncio.ensure_future(_pull(responses))
    try:
        await asyncio.wait((coming, left, drained), return_when=asyncio.FIRST_COMPLETED)
        if left.done() or not coming.done():
            return None
        return coming.result()
    except Unavailable:
        return None  # the broker has heard first that the server stops
    finally:
        if not coming.done():
            coming.cancel()
            # The generator can be closed only when nothing runs in it.
            await asyncio.wait((coming,))


async def _pull(responses: Responses) -> Sequence[Response] | ReadEnd:
    return await anext(responses)


async def _until_left(receive: Receive) -> None:
    try:
        while (await receive())["type"] != "http.disconnect":
            pass
    except HeadgateError:
        return  # a body that nobody asked for, and that the server had enough of
