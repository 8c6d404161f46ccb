"""WebSockets: what the gate does for requests, done for upgrades; and connections that end.

An upgrade is refused like a request, in the shape of its face, before the other side believes that it has a
socket. It is always checked for a foreign `Origin`, for browsers let any page open a WebSocket anywhere, with
the password they know (RFC 6455, section 10.2).
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from headgate.core.errors import HeadgateError, NotPermitted
from headgate.http.faces import Message, Receive, RefusalBody, Scope, Send
from headgate.http.limits import Limits, is_foreign

SWITCHED: Final = 101
FAULT: Final = 1011
"""The close code of a server that met something unforeseen (RFC 6455, section 7.4.1)."""
ABORTED_AFTER_S: Final = 5.0
"""A closed connection that the other side does not take note of is cut off after so long."""
HTTP_SCHEMES: Final = {"ws": "http", "wss": "https"}

Headers = tuple[tuple[bytes, bytes], ...]


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket, which would wait for ever for a client that does not read what was sent."""

    def on_task_complete(self, task: "asyncio.Task[None]") -> None:
        """The face is done with this connection."""
        super().on_task_complete(task)
        self.loop.call_later(ABORTED_AFTER_S, self._abort)

    def shutdown(self) -> None:
        """The server is stopping."""
        super().shutdown()
        self.loop.call_later(ABORTED_AFTER_S, self._abort)

    def _abort(self) -> None:
        if not self.disconnected:
            self.transport.abort()


class Upgrade:
    """One WebSocket from its upgrade request on, as the face sees it."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        refusal_body: RefusalBody,
        headers: Headers,
        request_id: str,
        answered: Callable[[int], None],
    ) -> None:
        """headers: those that every answer gets. answered: told of the status, once."""
        self._receive = receive
        self._send = send
        self._refusal_body = refusal_body
        self._headers = headers
        self._answered = answered
        self.request_id = request_id
        self.status = 0
        self.gone = False

    async def receive(self) -> Message:
        """The next message of the client."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            self.gone = True
        return message

    async def send(self, message: Message) -> None:
        """Pass on what the face says. Sending to somebody who has left is no fault."""
        kind = message["type"]
        if kind in ("websocket.accept", "websocket.http.response.start"):
            self._begin(message.get("status", SWITCHED))
            message["headers"] = [*message.get("headers", ()), *self._headers]
        elif kind == "websocket.close" and not self.status:
            await self.refuse(403, NotPermitted("There is no WebSocket for you here."))
            return
        try:
            await self._send(message)
        except ClientDisconnected:
            self.gone = True

    async def refuse(self, status: int, error: HeadgateError) -> None:
        """Answer the upgrade in the face's shape, as any other request."""
        media_type, body = self._refusal_body(status, error, self.request_id)
        headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await self.send({"type": "websocket.http.response.start", "status": status, "headers": headers})
        await self.send({"type": "websocket.http.response.body", "body": body, "more_body": False})

    async def fail(self, error: HeadgateError) -> None:
        """Something unforeseen has happened in the face."""
        if not self.status:
            await self.refuse(500, error)
        elif self.status == SWITCHED and not self.gone:
            await self.send({"type": "websocket.close", "code": FAULT})

    def _begin(self, status: int) -> None:
        self.status = status
        self._answered(status)


def is_foreign_upgrade(scope: Scope, ours: frozenset[str]) -> bool:
    """Whether a page of another site asks for this WebSocket."""
    said = {name: value.decode("latin-1") for name, value in scope["headers"]}
    return is_foreign(
        scheme=HTTP_SCHEMES[scope["scheme"]],
        host=said.get(b"host", ""),
        origin=said.get(b"origin"),
        fetch_site=said.get(b"sec-fetch-site"),
        ours=ours,
    )


def options(limits: Limits) -> dict[str, Any]:
    """What uvicorn is told about WebSockets.

    No compression: it costs memory for each connection, and lets a small frame stand for a large one. Pings
    find clients that vanished without a word within half a minute.
    """
    return {
        "ws": BoundedWebSocket,
        "ws_max_size": limits.message,
        "ws_ping_interval": limits.ping_s,
        "ws_ping_timeout": 2 * limits.ping_s,
        "ws_per_message_deflate": False,
    }
