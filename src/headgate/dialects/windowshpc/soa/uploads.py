"""Requests taken as they arrive (spec windowshpc, section 7.3): no more is held than one piece of the upload
and the message that is being read.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from headgate.core.errors import BadRequest, Unavailable
from headgate.core.soa import Request
from headgate.formats.serving import Disconnected, Message, Receive
from headgate.formats.soap.generic import GenericRequests
from headgate.formats.soap.reading import Envelope, Envelopes

AT_ONCE: Final = 256
"""Requests handed over together."""
PIECE: Final = 64 * 1024
"""Bytes looked at before other requests get their turn."""

Keep = Callable[[Sequence[Request]], Awaitable[None]]
"""Takes requests; waits while there is too much."""


class Reader(Protocol):
    """Turns pieces of a body into requests. Raises BadRequest."""

    def feed(self, data: bytes) -> list[Request]: ...
    def close(self) -> list[Request]: ...


def reader(batch: str, *, largest: int, generic: bool) -> Reader:
    """What reads an upload to this batch. largest: bytes of one message."""
    return GenericRequests(largest) if generic else EnvelopeRequests(batch, largest)


class EnvelopeRequests:
    """Envelopes as requests of one batch."""

    def __init__(self, batch: str, largest: int) -> None:
        self._batch = batch
        self._envelopes = Envelopes(largest)

    def feed(self, data: bytes) -> list[Request]:
        """The requests that these bytes complete. Raises BadRequest."""
        return [self._request(envelope) for envelope in self._envelopes.feed(data)]

    def close(self) -> list[Request]:
        """There is nothing more to come. Raises BadRequest."""
        return [self._request(envelope) for envelope in self._envelopes.close()]

    def _request(self, envelope: Envelope) -> Request:
        if envelope.client_id and envelope.client_id != self._batch:
            raise BadRequest(
                f"A message says that it belongs to batch {envelope.client_id[:128]}; it was sent to "
                f"{self._batch}.",
                code="Broker_ClientIdNotMatch",
            )
        return Request(
            action=envelope.action,
            body=envelope.body,
            message_id=envelope.message_id,
            user_data=envelope.user_data,
        )


async def take(receive: Receive, reader: Reader, keep: Keep, drained: asyncio.Future[None]) -> None:
    """Read an upload to its end; `keep` gets the requests as they are complete.

    So what came before something that is refused is kept. Raises BadRequest, Disconnected, and Unavailable
    when the server stops meanwhile (`drained`).
    """
    more = True
    while more:
        message = await _next(receive, drained)
        if message["type"] == "http.disconnect":
            raise Disconnected
        data = message.get("body", b"")
        more = message.get("more_body", False)
        for begin in range(0, len(data), PIECE):
            await _hand_over(reader.feed(data[begin : begin + PIECE]), keep)
    await _hand_over(reader.close(), keep)


async def _hand_over(requests: list[Request], keep: Keep) -> None:
    for begin in range(0, len(requests), AT_ONCE):
        await keep(requests[begin : begin + AT_ONCE])


async def _next(receive: Receive, drained: asyncio.Future[None]) -> Message:
    coming = asyncio.ensure_future(receive())
    try:
        await asyncio.wait((coming, drained), return_when=asyncio.FIRST_COMPLETED)
        if not coming.done():
            raise Unavailable("The server is stopping; send the rest of the batch again in a moment.")
        return coming.result()
    finally:
        coming.cancel()
