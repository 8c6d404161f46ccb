"""How messages get to a client: over a WebSocket, as a stream of server-sent events, or one poll at a time.

A connection has one transport. Whoever comes later takes over, and the former one finds out and ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from msgspec import Struct

from headgate.core.errors import BadRequest, Refusal, Unavailable
from headgate.dialects.hpcpack.signalr.connection import Connection
from headgate.dialects.hpcpack.signalr.connections import Connections
from headgate.dialects.hpcpack.signalr.hubs import Hubs
from headgate.dialects.hpcpack.signalr.messages import KEEP_ALIVE, KEEP_ALIVE_S, POLL_S
from headgate.formats.serving import Message, Receive, Send
from headgate.ports.identity import Caller

PARTING_S: Final = 1.0
"""How long saying goodbye may take."""
EVENT_STREAM: Final = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache, no-store"),
)
POLICY: Final = 1008
"""Close codes (RFC 6455, section 7.4.1)."""
GOING_AWAY: Final = 1001

Say = Callable[[str], Awaitable[None]]


class Session(Struct, frozen=True):
    """A transport's hold on its connection. identify: who is calling, asked again while it lasts; raises."""

    connections: Connections
    connection: Connection
    owner: object
    identify: Callable[[], Awaitable[Caller]]

    @property
    def over(self) -> bool:
        """Whether this transport has nothing left to do."""
        return (
            bool(self.connection.reason)
            or self.connections.draining
            or not self.connection.is_owned_by(self.owner)
        )

    @property
    def has_news(self) -> bool:
        """Whether there is a frame for this transport to take."""
        return not self.over and self.connection.has_news()

    def release(self) -> None:
        """Let go of the connection."""
        self.connections.release(self.connection, self.owner)

    async def check(self) -> None:
        """Whoever may no longer sign in is told nothing more."""
        try:
            self.connection.caller = await self.identify()
        except Refusal as error:
            self.connection.end(error.text)
        except Unavailable:
            return


class Stream:
    """A transport that stays: what is to be told is said as it comes, one thing at a time."""

    def __init__(self, session: Session, say: Say) -> None:
        self._session = session
        self._say = say
        self._turn = asyncio.Lock()

    async def say(self, text: str) -> None:
        """Say this behind all that is to be told now."""
        async with self._turn:
            await self._say_news()
            await self._say(text)

    async def run(self) -> None:
        """Until the session is over. Every KEEP_ALIVE_S, busy or not, it is checked who this is, and the
        client is told that we are there.
        """
        connection, time = self._session.connection, asyncio.get_running_loop().time
        due = time() + KEEP_ALIVE_S
        while not self._session.over:
            change = connection.change
            if connection.has_news():
                async with self._turn:
                    await self._say_news()
            else:
                await _wait_until(due, change)
            if time() >= due:
                await self._session.check()
                if not self._session.over:
                    async with self._turn:
                        await self._say(KEEP_ALIVE)
                due = time() + KEEP_ALIVE_S

    async def until_over(self) -> None:
        """Until the session is over, also while a client does not take what is being said."""
        while not self._session.over:
            await self._session.connection.change.wait()

    async def _say_news(self) -> None:
        while self._session.has_news:
            await self._say(self._session.connection.take())


async def websocket(session: Session, hubs: Hubs, receive: Receive, send: Send, first: str) -> None:
    """Carry a connection over a WebSocket until one of the two sides ends it. `first`: the first frame."""

    async def say(text: str) -> None:
        await send({"type": "websocket.send", "text": text})

    stream = Stream(session, say)

    async def listen() -> None:
        while (message := await receive())["type"] != "websocket.disconnect":
            try:
                answer = await hubs.invoke(
                    session.connection, message.get("text") or message.get("bytes") or b""
                )
            except BadRequest as error:
                session.connection.end(error.text)
                return
            await stream.say(answer)

    try:
        await receive()  # the upgrade itself (websocket.connect)
        await send({"type": "websocket.accept"})
        await say(first)
        await _first_of(listen(), stream.run(), stream.until_over())
        code = POLICY if session.connection.reason else GOING_AWAY
        await _part(session, say, send, {"type": "websocket.close", "code": code})
    finally:
        session.release()


async def _part(session: Session, say: Say, send: Send, last: Message) -> None:
    """Say goodbye to a client that may not be listening."""
    try:
        async with asyncio.timeout(PARTING_S):
            if session.connection.reason:
                await say(session.connection.last_words())
            await send(last)
    except TimeoutError:
        return


async def events(session: Session, receive: Receive, send: Send, first: str) -> None:
    """Carry a connection as a stream of server-sent events; the client calls by `send`."""

    async def say(text: str) -> None:
        await send({"type": "http.response.body", "body": f"data: {text}\n\n".encode(), "more_body": True})

    stream = Stream(session, say)
    try:
        await send({"type": "http.response.start", "status": 200, "headers": list(EVENT_STREAM)})
        await say("initialized")
        await say(first)
        await _first_of(until_gone(receive), stream.run(), stream.until_over())
        await _part(session, say, send, {"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        session.release()


async def poll(session: Session, receive: Receive) -> str | None:
    """The answer to a poll: what there is to tell, at the latest after POLL_S. None: its client is gone."""
    connection = session.connection
    gone = asyncio.ensure_future(until_gone(receive))
    deadline = asyncio.get_running_loop().time() + POLL_S
    try:
        while not session.over and not connection.has_news():
            change = asyncio.ensure_future(connection.change.wait())
            left = deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait({gone, change}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            finally:
                change.cancel()
            if gone.done():
                return None
            if asyncio.get_running_loop().time() >= deadline:
                break
    finally:
        gone.cancel()
        session.release()
    if connection.reason:
        return connection.last_words()
    if session.connections.draining:
        return connection.empty(reconnect=True)
    return connection.take() if session.has_news else connection.empty()


async def _wait_until(due: float, change: asyncio.Event) -> None:
    try:
        async with asyncio.timeout_at(due):
            await change.wait()
    except TimeoutError:
        return


async def until_gone(receive: Receive) -> None:
    """Until the client has closed its side."""
    while (await receive())["type"] != "http.disconnect":
        continue


async def _first_of(*work: Coroutine[Any, Any, None]) -> None:
    """Do these until one of them is done; the others are cancelled and waited for. Raises what one raised."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
