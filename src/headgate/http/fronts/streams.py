"""The core's side of one request, or one WebSocket: what the application receives and sends, as frames.

To the application it is as if uvicorn called it in this process: the same messages in the same order, and
the same silence for a client that has left.
"""

import asyncio
from collections import deque
from typing import Any, cast

from uvicorn.protocols.utils import ClientDisconnected

from headgate.http.faces import Message
from headgate.http.fronts.frames import (
    HELD,
    PIECE,
    WHOLE,
    WINDOW,
    Accepted,
    Answer,
    Body,
    Closed,
    Ended,
    Gone,
    Piece,
    Said,
    Taken,
    Wanted,
)
from headgate.http.fronts.link import Link
from headgate.http.fronts.window import Window

DISCONNECT = {"type": "http.disconnect"}
FRONT_ENDED = 1006
"""The close code for a connection that broke (RFC 6455, section 7.4.1)."""


class Stream:
    """What both kinds have: a bell for what comes in, and room for what goes out."""

    __slots__ = ("_bell", "_due", "_link", "_window", "number", "task")

    def __init__(self, link: Link[Any], number: int, *, due: int) -> None:
        """due: bytes that the front may be allowed to send in addition."""
        self._link = link
        self._due = due
        self._window = Window(link)
        # Made when somebody waits, which a small request does not.
        self._bell: asyncio.Event | None = None
        self.number = number
        self.task: asyncio.Task[None] | None = None

    def taken(self, frame: Taken) -> None:
        """The client has taken some of the answer."""
        self._window.add(frame.size)

    @property
    def gone(self) -> bool:
        """Whether there is no client any more."""
        return self._window.closed

    def leave(self) -> None:
        """The client has left."""
        self._window.close()
        self._ring()

    def _ring(self) -> None:
        if self._bell is not None:
            self._bell.set()

    async def _rung(self) -> None:
        """Wait until something comes in."""
        if self._bell is None:
            self._bell = asyncio.Event()
        self._bell.clear()
        await self._bell.wait()

    def _allow(self) -> None:
        """Let the front send on when it has used up half of what it may."""
        if self._due >= WINDOW // 2:
            self._link.send(Wanted(self.number, self._due))
            self._due = 0


class HttpStream(Stream):
    """One request. kept: how much of its body is here (`frames`)."""

    __slots__ = ("_complete", "_more", "_news", "_parts", "_start", "_started")

    def __init__(self, link: Link[Any], number: int, kept: int, body: bytes) -> None:
        super().__init__(link, number, due=WINDOW if kept == HELD else 0)
        self._parts = [body]
        self._more = kept != WHOLE
        self._news = bool(body) or kept == WHOLE
        self._start: Message | None = None
        self._started = self._complete = False

    # ---- what the front says

    def body(self, frame: Body) -> None:
        """More of the body has come."""
        self._parts.append(frame.data)
        self._more = frame.more
        self._news = True
        self._ring()

    # ---- what the application asks

    async def receive(self) -> Message:
        """See ASGI: the body as it comes, then, when the client has left or has its answer, the end."""
        if self._more and not self._news:
            self._allow()
        while not (self._news or self.gone or self._complete):
            await self._rung()
        if self.gone or self._complete:
            return DISCONNECT.copy()
        self._news = False
        body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._due += len(body)
        if self._more:
            self._allow()
        return {"type": "http.request", "body": body, "more_body": self._more}

    async def send(self, message: Message) -> None:
        """See ASGI. The start waits for what is said in the same turn of the loop, mostly all there is."""
        if self.gone:
            return
        kind = message["type"]
        if kind == "http.response.start" and not self._started:
            self._start = message
            self._started = True
            self._link.before_flush(self._send_start)
        elif kind == "http.response.body" and self._started and not self._complete:
            await self._send_body(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"The message {kind!r} is out of its order.")

    def end(self) -> None:
        """The application is done; what is missing will never come."""
        if not self._complete and not self.gone:
            self._send_start()
            self._link.send(Ended(self.number))

    def _send_start(self) -> None:
        start, self._start = self._start, None
        if start is not None:
            self._link.send(Answer(self.number, start["status"], start.get("headers", []), b"", True))

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        if self._start is not None and len(body) <= PIECE and not self._link.paused:
            start, self._start = self._start, None
            self._link.send(Answer(self.number, start["status"], start.get("headers", []), body, more))
            self._window.take(len(body))
        elif body or not more:
            self._send_start()
            rest = memoryview(body)
            while True:
                piece, rest = rest[:PIECE], rest[PIECE:]
                await self._window.opened()
                if self.gone:
                    return
                self._link.send(Piece(self.number, cast("bytes", piece), more or bool(rest)))
                self._window.take(len(piece))
                if not rest:
                    break
        if not more:
            self._complete = True
            self._ring()


class SocketStream(Stream):
    """One WebSocket, from its upgrade request on."""

    __slots__ = ("_code", "_messages", "_met", "_reason")

    def __init__(self, link: Link[Any], number: int) -> None:
        super().__init__(link, number, due=0)
        self._messages: deque[Said] = deque()
        self._met = False
        self._code, self._reason = FRONT_ENDED, ""

    # ---- what the front says

    def said(self, frame: Said) -> None:
        """A message has come."""
        self._messages.append(frame)
        self._ring()

    def close(self, frame: Gone) -> None:
        """The WebSocket was closed."""
        self._code, self._reason = frame.code, frame.reason
        self.leave()

    # ---- what the application asks

    async def receive(self) -> Message:
        """See ASGI."""
        if not self._met:
            self._met = True
            return {"type": "websocket.connect"}
        while not self._messages:
            if self.gone:
                return {"type": "websocket.disconnect", "code": self._code, "reason": self._reason}
            await self._rung()
        said = self._messages.popleft()
        self._due += said.cost
        self._allow()
        # As uvicorn has it: the one that it is not does not appear.
        kind, content = ("bytes", said.data) if said.text is None else ("text", said.text)
        return {"type": "websocket.receive", kind: content}

    async def send(self, message: Message) -> None:
        """See ASGI. Raises ClientDisconnected, as uvicorn does."""
        await self._window.opened()
        if self.gone:
            raise ClientDisconnected
        number, headers = self.number, list(message.get("headers", ()))
        match message["type"]:
            case "websocket.send":
                said = Said(number, message.get("text"), message.get("bytes"))
                self._window.take(said.cost)
                self._link.send(said)
            case "websocket.accept":
                self._link.send(Accepted(number, message.get("subprotocol"), headers))
            case "websocket.close":
                self._link.send(Closed(number, message.get("code") or 1000, message.get("reason") or ""))
            case "websocket.http.response.start":
                self._link.send(Answer(number, message["status"], headers, b"", True))
            case "websocket.http.response.body":
                self._link.send(Piece(number, message["body"], message.get("more_body", False)))
            case kind:
                raise RuntimeError(f"There is no message {kind!r}.")

    def end(self) -> None:
        """The application is done."""
        if not self.gone:
            self._link.send(Ended(self.number))
