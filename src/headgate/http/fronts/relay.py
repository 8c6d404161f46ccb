"""A front's application: each request and each WebSocket becomes a stream to the core, and back.

uvicorn does here what it does without fronts: parsing, framing, keeping connections, pings. What it knows and
ASGI does not say, whether the whole body is here already and that a client has left, is asked of the
connection itself (`FrontProtocol`).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import count
from typing import Any, Final

from uvicorn.protocols.utils import ClientDisconnected

from headgate.http.faces import Receive, Scope, Send, nothing
from headgate.http.fronts.frames import (
    COMING,
    HELD,
    LARGEST_TO_FRONT,
    WHOLE,
    WINDOW,
    Accepted,
    Address,
    Answer,
    Body,
    Closed,
    Drain,
    Ended,
    Frame,
    Gone,
    Headers,
    Piece,
    Request,
    Said,
    Taken,
    ToFront,
    Upgrade,
    Wanted,
    to_front,
)
from headgate.http.fronts.link import Link
from headgate.http.fronts.window import Window
from headgate.http.protocol import TARGET, BoundedProtocol

CONNECTION: Final = "headgate.connection"


class FrontProtocol(BoundedProtocol):
    """A connection that says which request of it is under way."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.under_way: Channel | None = None
        self.lost = False

    def on_message_begin(self) -> None:
        """See BoundedProtocol."""
        super().on_message_begin()
        self.scope["state"][CONNECTION] = self

    def connection_lost(self, exc: Exception | None) -> None:
        """See BoundedProtocol."""
        super().connection_lost(exc)
        self.lost = True
        if self.under_way is not None:
            self.under_way.leave()

    def has_all_of(self, scope: Scope) -> bool:
        """Whether the body of this request is here to its end."""
        # A later request has been read: then this one is whole.
        return self.cycle.scope is not scope or not self.cycle.more_body


class Channel:
    """A front's side of one stream."""

    def __init__(self, link: Link[ToFront], number: int) -> None:
        self._link = link
        self._heard: deque[ToFront] = deque()
        self._bell: asyncio.Future[None] | None = None
        self._window = Window(link)
        self._taken = 0
        self.number = number
        self.open = True
        """Whether both sides know of this stream."""

    # ---- what the core says

    def hear(self, frame: ToFront) -> None:
        """Something for this stream has come."""
        if isinstance(frame, Wanted):
            self._window.add(frame.size)
        else:
            self._heard.append(frame)
            self._ring()

    async def next(self) -> ToFront:
        """What the core says next; Ended when the client has left."""
        while not self._heard:
            if not self.open:
                return Ended(self.number)
            self._bell = asyncio.get_running_loop().create_future()
            await self._bell
        return self._heard.popleft()

    def _ring(self) -> None:
        if self._bell is not None and not self._bell.done():
            self._bell.set_result(None)

    # ---- what the client does

    def hold(self) -> None:
        """Nothing of the body may be sent before it is wanted."""
        self._window.take(WINDOW)

    def wave_through(self) -> None:
        """Whatever there still is may be sent: no more can come of it."""
        self._window.close()

    def send(self, frame: Frame, size: int = 0) -> None:
        """Tell the core, unless it does not listen any more. size: what it takes of the window."""
        self._window.take(size)
        if self.open:
            self._link.send(frame)

    async def allowed(self) -> None:
        """Wait until more may be sent, or it does not matter."""
        await self._window.opened()

    def taken(self, size: int) -> None:
        """The client has taken so much of the answer."""
        self._taken += size
        if self._taken >= WINDOW // 2:
            self.send(Taken(self.number, self._taken))
            self._taken = 0

    def leave(self, code: int = 1006, reason: str = "") -> None:
        """The client has left."""
        self.send(Gone(self.number, code, reason))
        self.close()

    def close(self) -> None:
        """Nothing more is to be said."""
        self.open = False
        self._window.close()
        self._ring()


class Relay:
    """The application that a front's uvicorn is given."""

    def __init__(self, hung_up: Callable[[str], None]) -> None:
        """hung_up: called when there is no core any more; see link.Listener."""
        self.hung_up = hung_up
        self.link = Link(to_front, self, LARGEST_TO_FRONT)
        self.drain = nothing
        """Called when the core wants this front to end."""
        self._numbers = count(1)
        self._channels: dict[int, Channel] = {}

    def heard(self, frame: ToFront) -> None:
        """See link.Listener."""
        if isinstance(frame, Drain):
            self.drain()
            return
        channel = self._channels.get(frame.stream)
        if channel is not None:
            channel.hear(frame)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one WebSocket."""
        if self.link.paused:
            await self.link.flowing()
        channel = Channel(self.link, next(self._numbers))
        self._channels[channel.number] = channel
        try:
            if scope["type"] == "http":
                await self._http(channel, scope, receive, send)
            elif scope["type"] == "websocket":
                await self._websocket(channel, scope, receive, send)
        finally:
            del self._channels[channel.number]

    # ---- requests

    async def _http(self, channel: Channel, scope: Scope, receive: Receive, send: Send) -> None:
        connection: FrontProtocol = scope["state"][CONNECTION]
        if connection.lost:
            # As if it had broken a moment earlier: nobody has heard of this request.
            return
        connection.under_way = channel
        kept, body = WHOLE, b""
        has_body, waits = _body_of(scope)
        if has_body and waits:
            kept = HELD
            channel.hold()
        elif has_body and connection.has_all_of(scope):
            body = (await receive())["body"]
        elif has_body:
            kept = COMING
        target = scope["extensions"][TARGET]["url"] if "extensions" in scope else b""
        asked = _asked(channel, scope)
        channel.send(Request(*asked, scope["method"], scope["http_version"], target, kept, body))
        sending = None if kept == WHOLE else asyncio.create_task(_send_body(channel, receive))
        try:
            if await _answer(channel, send):
                channel.close()
        finally:
            if sending is not None:
                sending.cancel()
            connection.under_way = None
            # Half an answer is out, or none: the core may stop.
            channel.leave()

    # ---- WebSockets

    async def _websocket(self, channel: Channel, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        channel.send(Upgrade(*_asked(channel, scope), scope["subprotocols"]))
        listening = asyncio.create_task(_send_messages(channel, receive))
        try:
            await _converse(channel, send)
        except ClientDisconnected:
            # It has been said, or will be at once, with which code.
            channel.wave_through()
            await listening
        finally:
            listening.cancel()
            channel.leave()


def _asked(channel: Channel, scope: Scope) -> "tuple[int, str, str, bytes, bytes, Headers, Address, Address]":
    """The fields of `frames.Asked`."""
    return (
        channel.number,
        scope["scheme"],
        scope["path"],
        scope["raw_path"],
        scope["query_string"],
        scope["headers"],
        scope["client"],
        scope["server"],
    )


def _body_of(scope: Scope) -> tuple[bool, bool]:
    """Whether a body comes, and whether it waits for a word of ours."""
    has_body = waits = False
    for name, value in scope["headers"]:
        if name == b"content-length":
            has_body = has_body or value != b"0"
        elif name == b"transfer-encoding":
            has_body = True
        elif name == b"expect":
            waits = True
    return has_body, waits


async def _send_body(channel: Channel, receive: Receive) -> None:
    while True:
        await channel.allowed()
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = message["body"], message["more_body"]
        channel.send(Body(channel.number, body, more), len(body))
        if not more:
            return


async def _answer(channel: Channel, send: Send) -> bool:
    """Pass the answer on. Whether it was given whole."""
    while True:
        match await channel.next():
            case Answer() as frame:
                await send({"type": "http.response.start", "status": frame.status, "headers": frame.headers})
            case Piece() as frame:
                pass
            case _:
                return False
        if frame.body or not frame.more:
            await send({"type": "http.response.body", "body": frame.body, "more_body": frame.more})
        if not frame.more:
            return True
        channel.taken(len(frame.body))


async def _send_messages(channel: Channel, receive: Receive) -> None:
    while True:
        await channel.allowed()
        message = await receive()
        if message["type"] == "websocket.disconnect":
            channel.leave(message["code"], message.get("reason") or "")
            return
        said = Said(channel.number, message.get("text"), message.get("bytes"))
        channel.send(said, said.cost)


async def _converse(channel: Channel, send: Send) -> None:
    while True:
        match await channel.next():
            case Said() as said:
                await send({"type": "websocket.send", "text": said.text, "bytes": said.data})
                channel.taken(said.cost)
            case Accepted(subprotocol=subprotocol, headers=headers):
                await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers})
            case Closed(code=code, reason=reason):
                await send({"type": "websocket.close", "code": code, "reason": reason})
            case Answer(status=status, headers=headers):
                await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
            case Piece(body=body, more=more):
                await send({"type": "websocket.http.response.body", "body": bytes(body), "more_body": more})
            case _:
                return
