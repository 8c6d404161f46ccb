"""One request and its answer, as handlers see them."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from headgate.formats.hpcpack.bodies import Reading
from headgate.formats.hpcpack.queries import Query
from headgate.formats.hpcpack.spelling import Spelling
from headgate.formats.hpcpack.typed import T
from headgate.formats.property_lists import Pairs
from headgate.formats.serving import Answer, Receive, read_body
from headgate.ports.identity import Caller

Choose = Callable[[str, bytes], Reading]
"""Chooses how to read a body, by its Content-Type and what it is."""


_NONE: Final[Mapping[str, str]] = MappingProxyType({})


class Call:
    """A request whose caller is known.

    `values` are those in the path, `query` the parameters by lower-cased name, `headers` those that the face
    keeps, by its names. `receive` is for bodies that are read as they arrive.
    """

    __slots__ = (
        "_reading",
        "caller",
        "content_type",
        "headers",
        "query",
        "receive",
        "spelling",
        "values",
    )

    def __init__(
        self,
        caller: Caller,
        values: list[str],
        query: Query,
        spelling: Spelling,
        reading: Choose,
        content_type: str,
        receive: Receive,
        headers: Mapping[str, str] = _NONE,
    ) -> None:
        self.caller = caller
        self.values = values
        self.query = query
        self.spelling = spelling
        self._reading = reading
        self.content_type = content_type
        self.receive = receive
        self.headers = headers

    async def pairs(self) -> Pairs:
        """The body as a property list; an empty one is an empty list. Raises BadRequest."""
        body = await read_body(self.receive)
        return self._reading(self.content_type, body).pairs(body)

    async def message(self) -> str:
        """The body as a message; an empty one is no message. Raises BadRequest."""
        body = await read_body(self.receive)
        return self._reading(self.content_type, body).message(body)

    async def document(self) -> bytes | str:
        """The job document in the body. Raises BadRequest."""
        body = await read_body(self.receive)
        return self._reading(self.content_type, body).document(body)

    async def typed(self, kind: type[T]) -> T:
        """The body as an object of this type. Raises BadRequest."""
        body = await read_body(self.receive)
        return self._reading(self.content_type, body).typed(body, kind)


DONE = Answer()


ACCEPTED = Answer(202)


async def found_beside(body: Callable[[], bytes]) -> Answer:
    """200 with a body that takes a while to write: it is written beside other requests, not before them."""
    return found(await asyncio.to_thread(body))


def found(body: bytes) -> Answer:
    """200 with a body."""
    return Answer(200, body)
