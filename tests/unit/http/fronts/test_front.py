"""The core's side of a front, with bytes in and bytes out and no process."""

import asyncio
from typing import Any

import pytest
from uvicorn.protocols.utils import ClientDisconnected

from headgate.http.faces import Application, Message, Receive, Scope, Send
from headgate.http.fronts.frames import (
    COMING,
    HELD,
    PIECE,
    WHOLE,
    WINDOW,
    Answer,
    Body,
    Cutter,
    Ended,
    Frame,
    Gone,
    Piece,
    Request,
    Said,
    Setup,
    Taken,
    Upgrade,
    Wanted,
    encoded,
    to_front,
)
from headgate.http.fronts.front import Front
from headgate.http.limits import Limits

HERE = ("127.0.0.1", 80)
START = {"type": "http.response.start", "status": 200, "headers": [(b"a", b"b")]}


class Wire(asyncio.Transport):
    """The link's transport: keeps what is written, by write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[list[Frame]] = []
        self.aborted = False

    def write(self, data: Any) -> None:
        self.writes.append([to_front.decode(payload) for payload in Cutter(1 << 30).feed(data)])

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        pass

    @property
    def frames(self) -> list[Frame]:
        return [frame for write in self.writes for frame in write]


class Met:
    """A front that a test plays."""

    def __init__(self, app: Application) -> None:
        self.tasks: set[asyncio.Task[None]] = set()
        self.front = Front(app, Setup(Limits(), "", "", "", "", ""), self.tasks, lambda: None)
        self.wire = Wire()
        self.front.link.connection_made(self.wire)

    async def say(self, *frames: Frame) -> list[Frame]:
        """Let the core hear this. What it has said so far when nothing moves any more."""
        self.front.link.data_received(b"".join(map(encoded, frames)))
        return await self.settle()

    async def settle(self) -> list[Frame]:
        for _ in range(20):
            await asyncio.sleep(0)
        return self.wire.frames


def request(number: int = 1, kept: int = WHOLE, body: bytes = b"") -> Request:
    return Request(number, "http", "/x", b"/x", b"", [], HERE, HERE, "POST", "1.1", b"", kept, body)


def upgrade() -> Upgrade:
    return Upgrade(1, "ws", "/x", b"/x", b"", [], HERE, HERE, [])


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    await send(dict(START))
    await send({"type": "http.response.body", "body": body})


async def test_a_small_request_is_one_frame_and_its_answer_too() -> None:
    met = Met(echo)
    assert await met.say(request(body=b"hello")) == [Answer(1, 200, [(b"a", b"b")], b"hello", False)]
    assert not met.tasks


async def test_answers_of_one_turn_go_out_in_one_write() -> None:
    met = Met(echo)
    await met.say(*(request(number, body=b"x") for number in range(8)))
    assert [len(write) for write in met.wire.writes] == [8]


async def test_headers_do_not_wait_for_a_body_that_takes_its_time() -> None:
    go_on = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(dict(START))
        await go_on.wait()
        await send({"type": "http.response.body", "body": b"late"})

    met = Met(app)
    assert await met.say(request()) == [Answer(1, 200, [(b"a", b"b")], b"", True)]
    go_on.set()
    assert (await met.settle())[1:] == [Piece(1, b"late", False)]


async def test_a_long_answer_waits_for_the_client_to_take_it() -> None:
    size = 3 * WINDOW
    met = Met(echo)
    sent = await met.say(request(body=b"x" * size))
    assert sum(len(frame.body) for frame in sent if isinstance(frame, Piece)) == WINDOW
    for _ in range(4):
        sent = await met.say(Taken(1, WINDOW // 2))
    pieces = [frame for frame in sent if isinstance(frame, Piece)]
    assert b"".join(piece.body for piece in pieces) == b"x" * size
    assert max(len(piece.body) for piece in pieces) == PIECE
    assert [piece.more for piece in pieces].index(False) == len(pieces) - 1


async def test_a_client_that_takes_nothing_keeps_no_other_waiting() -> None:
    met = Met(echo)
    await met.say(request(1, body=b"x" * 3 * WINDOW))
    assert Answer(2, 200, [(b"a", b"b")], b"y", False) in await met.say(request(2, body=b"y"))


async def test_no_more_of_a_body_is_allowed_than_the_application_has_taken() -> None:
    read: list[bytes] = []
    go_on = asyncio.Semaphore(0)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            await go_on.acquire()
            message = await receive()
            read.append(message["body"])
            if not message["more_body"]:
                return

    met = Met(app)
    await met.say(request(kept=COMING))
    half = b"x" * (WINDOW // 2)
    assert await met.say(Body(1, half, True), Body(1, half, True)) == []
    go_on.release()
    assert await met.settle() == [Wanted(1, WINDOW)]
    await met.say(Body(1, b"end", False))
    go_on.release()
    await met.settle()
    assert b"".join(read) == half + half + b"end"


async def test_a_held_body_is_asked_for_when_the_application_wants_it() -> None:
    met = Met(echo)
    assert await met.say(request(kept=HELD)) == [Wanted(1, WINDOW)]
    assert (await met.say(Body(1, b"now", False)))[1:] == [Answer(1, 200, [(b"a", b"b")], b"now", False)]


async def test_a_client_that_leaves_is_told_once_and_whoever_answers_is_not_disturbed() -> None:
    heard: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(await receive())
        heard.append(await receive())
        await send(dict(START))
        await send({"type": "http.response.body", "body": b"x" * 3 * WINDOW})

    met = Met(app)
    await met.say(request())
    assert await met.say(Gone(1)) == []
    assert [message["type"] for message in heard] == ["http.request", "http.disconnect"]
    assert not met.tasks


async def test_after_its_answer_a_request_is_over() -> None:
    heard: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send({"type": "http.response.body", "body": b""})
        heard.append(await receive())

    await Met(app).say(request())
    assert [message["type"] for message in heard] == ["http.disconnect"]


async def test_half_an_answer_is_said_to_be_all_there_will_be() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(dict(START))
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise OSError

    assert await Met(app).say(request()) == [Answer(1, 200, [(b"a", b"b")], b"half", True), Ended(1)]


async def test_a_front_that_is_lost_takes_its_clients_along_and_no_request_is_repeated() -> None:
    calls = 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal calls
        calls += 1
        while (await receive())["type"] != "http.disconnect":
            pass

    met = Met(app)
    await met.say(request(1), request(2))
    assert len(met.tasks) == 2
    met.front.link.connection_lost(None)
    await met.settle()
    assert not met.tasks
    assert calls == 2


@pytest.mark.parametrize(
    "frames",
    [
        [request(1, kept=COMING), request(1)],
        [request(1, kept=COMING), Said(1, "x", None)],
        [upgrade(), Body(1, b"x", True)],
    ],
)
async def test_a_front_that_makes_no_sense_is_cut_off(frames: list[Frame]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while not (await receive())["type"].endswith("disconnect"):
            pass

    met = Met(app)
    await met.say(*frames)
    assert met.wire.aborted
    met.front.link.connection_lost(None)
    assert met.front.reason
    await met.settle()


async def test_words_about_a_stream_that_is_over_are_ignored() -> None:
    met = Met(echo)
    assert await met.say(Body(9, b"x", True), Taken(9, 1), Gone(9)) == []
    assert not met.wire.aborted


async def test_a_websocket_hears_and_says_and_learns_why_it_was_closed() -> None:
    heard: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(await receive())
        await send({"type": "websocket.accept"})
        while heard[-1]["type"] != "websocket.disconnect":
            heard.append(await receive())
        with pytest.raises(ClientDisconnected):
            await send({"type": "websocket.send", "text": "?"})

    met = Met(app)
    await met.say(upgrade())
    await met.say(Said(1, "a", None), Said(1, None, b"b"), Gone(1, 1001, "bye"))
    assert heard == [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "a"},
        {"type": "websocket.receive", "bytes": b"b"},
        {"type": "websocket.disconnect", "code": 1001, "reason": "bye"},
    ]
    assert not met.tasks


async def test_messages_wait_for_a_client_that_does_not_read() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        for _ in range(100):
            await send({"type": "websocket.send", "bytes": b"x" * (WINDOW // 10)})

    met = Met(app)
    said = [frame for frame in await met.say(upgrade()) if isinstance(frame, Said)]
    assert len(said) == 10
    said = [frame for frame in await met.say(Taken(1, 3 * said[0].cost)) if isinstance(frame, Said)]
    assert len(said) == 13
    await met.say(Gone(1))
    assert not met.tasks
