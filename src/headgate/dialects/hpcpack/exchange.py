"""One request and its answer, as handlers see them."""

from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from msgspec import Struct

from headgate.dialects.hpcpack import parse
from headgate.dialects.hpcpack.render import Spelling
from headgate.formats.property_lists import Pairs, read_json
from headgate.ports.identity import Caller

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Disconnected(Exception):
    """The client went away before its body was here."""


class Call:
    """A request whose caller is known.

    `values` are those in the path, `query` the parameters by lower-cased name.
    """

    __slots__ = ("_receive", "caller", "content_type", "query", "spelling", "values")

    def __init__(
        self,
        caller: Caller,
        values: list[str],
        query: parse.Query,
        spelling: Spelling,
        content_type: str,
        receive: Receive,
    ) -> None:
        self.caller = caller
        self.values = values
        self.query = query
        self.spelling = spelling
        self.content_type = content_type
        self._receive = receive

    async def pairs(self) -> Pairs:
        """The body as a property list; an empty one is an empty list. Raises BadRequest."""
        return read_json(await self._body())

    async def message(self) -> str:
        """The body as a message; an empty one is no message. Raises BadRequest."""
        return parse.message(await self._body())

    async def _body(self) -> bytes:
        parts = []
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            parts.append(message.get("body", b""))
            more = message.get("more_body", False)
        body = b"".join(parts)
        parse.check_media(self.content_type, body)
        return body


class Answer(Struct, frozen=True):
    """What is sent.

    A whole body, or the parts of a long one. No body and status 204 for changes (section 2.3).
    """

    status: int = 204
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    parts: AsyncIterator[bytes] | None = None


DONE = Answer()


def found(body: bytes) -> Answer:
    """200 with a body."""
    return Answer(200, body)
