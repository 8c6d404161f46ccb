"""With and without fronts an application is told the same, and its clients are."""

import asyncio
import re
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from headgate.http.faces import Receive, Scope, Send
from headgate.http.limits import BODY_IS_HERE, Limits
from tests.integration.http.fronts.conftest import WITHIN_S, served

REQUESTS = [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"HEAD /a%20b/%e3%81%82?q=%20&r HTTP/1.1\r\nHost: x\r\nX-Odd: \xff\xfe\r\n\r\n",
    b"GET /hpc/jobs?$filter=JobState eq Running HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //double//slash HTTP/1.0\r\n\r\n",
    b"GET http://else.example/where?x=1 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /what#follows HTTP/1.1\r\nHost: x\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    b"PUT /pieces HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    b"POST /waits HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok",
    b"GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /http/2.0 HTTP/2.0\r\n\r\n",
]
UPGRADE = (
    b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Recorder:
    """An application that answers with what it was told, and keeps it."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        scope["client"] = (scope["client"][0], type(scope["client"][1]))
        scope["server"] = (scope["server"][0], type(scope["server"][1]))
        for key in ("headgate.connection", BODY_IS_HERE):  # how it came, not what
            scope["state"].pop(key, None)
        scope["headers"] = list(map(tuple, scope["headers"]))
        self.seen.append((dict(scope), body))
        answer = b"%b %b" % (scope["raw_path"], body)
        headers = [(b"content-length", b"%d" % len(answer)), (b"x-odd", b"\xff")]
        await send({"type": "http.response.start", "status": 203, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


@pytest.mark.parametrize("request_bytes", REQUESTS)
async def test_requests_and_answers_are_the_same(request_bytes: bytes) -> None:
    told = []
    for fronts in (0, 1):
        app = Recorder()
        async with served(app, fronts) as server:
            wire = await server.dial(request_bytes)
            answer = await wire.until(b"\r\n\r\n")
            wire.writer.write(b"GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = re.sub(rb"date: [^\r]*", b"date: -", answer + await wire.rest())
        told.append((app.seen, answer))
    assert told[0] == told[1]
    assert told[0][1]


@pytest.mark.parametrize("fronts", [0, 1])
async def test_a_client_is_told_to_go_on_when_its_body_is_wanted_and_not_before(fronts: int) -> None:
    wanted = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await wanted.wait()
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": body})

    async with served(app, fronts) as server:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        wire = await server.dial(head)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await wire.reader.read(1)
        wanted.set()
        assert await wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        wire.writer.write(b"ok")
        assert (await wire.until(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("fronts", [0, 1])
async def test_half_an_answer_breaks_the_connection_off(fronts: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise OSError("as the gate lets through when half an answer is out")

    async with served(app, fronts) as server:
        wire = await server.dial(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await wire.rest()
    assert b"half" in answer
    assert not answer.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("fronts", [0, 1])
async def test_what_comes_of_a_websocket_is_the_same(fronts: int) -> None:
    heard: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "websocket"
        await receive()
        if scope["path"] == "/no":
            await send(
                {"type": "websocket.http.response.start", "status": 403, "headers": [(b"x-why", b"1")]}
            )
            await send({"type": "websocket.http.response.body", "body": b"not for you"})
            return
        chosen = "b" if "b" in scope["subprotocols"] else None
        await send({"type": "websocket.accept", "subprotocol": chosen, "headers": [(b"x-own", b"1")]})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                heard.append((message["code"], message.get("reason", "")))
                return
            if message.get("text") == "enough":
                await send({"type": "websocket.close", "code": 4000, "reason": "so be it"})
                return
            await send({**message, "type": "websocket.send"})

    async with served(app, fronts, Limits(message=1000, drain_s=5)) as server:
        url = "ws://{}:{}".format(*server.address)
        async with asyncio.timeout(WITHIN_S):
            offered = [Subprotocol("a"), Subprotocol("b")]
            async with connect(f"{url}/x?y", subprotocols=offered) as client:
                assert client.subprotocol == "b"
                assert client.response is not None
                assert client.response.headers["x-own"] == "1"
                for message in ("caf\u00e9", b"\x00\xff", "", "x" * 1000):
                    await client.send(message)
                    assert await client.recv() == message
                await client.close(4001, "bye")
            async with connect(url) as client:
                await client.send("enough")
                with pytest.raises(ConnectionClosed) as closed:
                    await client.recv()
                assert closed.value.rcvd is not None
                assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "so be it")
            async with connect(url) as client:
                await client.send("x" * 1001)
                with pytest.raises(ConnectionClosed) as closed:
                    await client.recv()
                assert closed.value.rcvd is not None
                assert closed.value.rcvd.code == 1009
        wire = await server.dial(UPGRADE % b"/yes" + b"X-Odd: \xff\r\n\r\n")
        assert (await wire.until(b"\r\n\r\n")).startswith(b"HTTP/1.1 101 ")
        wire.vanish()
        wire = await server.dial(UPGRADE % b"/no" + b"\r\n")
        answer = await wire.rest()
        assert answer.startswith(b"HTTP/1.1 403 ")
        assert b"x-why: 1" in answer
        assert answer.endswith(b"not for you")
    assert heard[0] == (4001, "bye")
    assert heard[1][0] == 1009
    assert heard[2][0] == 1005
