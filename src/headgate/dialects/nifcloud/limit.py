"""The limit of requests in progress (spec nifcloud, section 4), and its figures.

A place is taken before anybody has said who they are, so everything that a client can be slow at has a
deadline here; and it is given back however a request ends.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from headgate.core.errors import BadRequest, HeadgateError
from headgate.dialects.nifcloud.errors import Failure
from headgate.formats.serving import Disconnected, Message, Receive, Send, read_body

DRAIN_S: Final = 1.0


class Places:
    """So many requests at once. in_use: now; refused: since the start."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.in_use = 0
        self.refused = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """One place. Raises Failure at once when there is none."""
        if self.in_use >= self._most:
            self.refused += 1
            raise Failure("INTERNAL", f"{self._most} requests are in progress already")
        self.in_use += 1
        try:
            yield
        finally:
            self.in_use -= 1


class Late(BadRequest):
    """A body was not here in time, and what comes of it now is nothing to read on from."""


async def body_within(receive: Receive, limit: int, seconds: float) -> bytes:
    """The whole body. Raises BadRequest when it is too long, Late, Disconnected.

    What is too long is taken to its end and thrown away: a client that is still sending when its connection
    is closed may lose the answer (RFC 9112, 9.6).
    """
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        return message if seen <= limit else {**message, "body": b""}

    try:
        async with asyncio.timeout(seconds):
            body = await read_body(counted)
    except TimeoutError:
        raise Late(f"The body was not here within {seconds:.0f} s.") from None
    if seen > limit:
        raise BadRequest(f"The body has more than {limit} bytes.")
    return body


async def drained(receive: Receive, limit: int) -> bool:
    """Whether the body of a request that is refused unread has come, soon and not too long, and is gone."""
    seen = 0
    try:
        async with asyncio.timeout(DRAIN_S):
            while seen <= limit:
                message = await receive()
                seen += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return True
    except (TimeoutError, HeadgateError):
        return False
    return False


def send_within(send: Send, seconds: float) -> Send:
    """`send`, that raises Disconnected when a client does not take what it is sent."""

    async def sent(message: Message) -> None:
        try:
            async with asyncio.timeout(seconds):
                await send(message)
        except TimeoutError:
            raise Disconnected from None

    return sent
