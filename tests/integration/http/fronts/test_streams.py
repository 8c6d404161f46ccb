"""Long bodies, long answers and clients that are slow, through a front."""

import asyncio
import hashlib
import os
import signal

import pytest
from websockets.asyncio.client import connect

from headgate.http.faces import Receive, Scope, Send
from headgate.http.fronts.frames import WINDOW
from headgate.http.limits import Limits
from tests.integration.http.fronts.conftest import WITHIN_S, Served, served

MIB = 1 << 20
UNDER_WAY = 16 * MIB
"""More than the kernel's buffers and ours together, by far less than what a test sends."""


async def small(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def answers(server: Served) -> bool:
    """Whether somebody else is served."""
    wire = await server.dial(b"GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    return (await wire.rest()).endswith(b"ok")


async def test_an_upload_is_held_up_while_nobody_takes_it_and_arrives_whole() -> None:
    go_on = asyncio.Event()
    sizes: list[int] = []
    digest = hashlib.sha256()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/small":
            await small(scope, receive, send)
            return
        await go_on.wait()
        more = True
        while more:
            message = await receive()
            sizes.append(len(message["body"]))
            digest.update(message["body"])
            more = message["more_body"]
        await small(scope, receive, send)

    async with served(app) as server:
        wire = await server.dial(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (128 * MIB))
        piece, sent = os.urandom(MIB), 0
        wire.writer.transport.set_write_buffer_limits(high=0)

        async def upload() -> None:
            nonlocal sent
            for _ in range(128):
                wire.writer.write(piece)
                await wire.writer.drain()
                sent += MIB

        uploading = asyncio.create_task(upload())
        await asyncio.wait({uploading}, timeout=1)
        assert sent <= UNDER_WAY
        assert await answers(server)
        go_on.set()
        async with asyncio.timeout(60):
            await uploading
        assert (await wire.until(b"ok")).startswith(b"HTTP/1.1 200 ")
    assert digest.digest() == hashlib.sha256(piece * 128).digest()
    assert max(sizes) <= 4 * WINDOW


async def test_a_client_that_does_not_read_holds_up_its_own_answer_alone() -> None:
    size, sent = 128 * MIB, 0

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent
        if scope["path"] == "/small":
            await small(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % size)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for _ in range(128):
            await send({"type": "http.response.body", "body": bytes(MIB), "more_body": True})
            sent += MIB
        await send({"type": "http.response.body", "body": b""})

    async with served(app) as server:
        wire = await server.dial(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        wire.reading(False)
        await asyncio.sleep(1)
        assert sent <= UNDER_WAY
        assert await answers(server)
        wire.reading(True)
        head = await wire.until(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert len(await wire.rest()) == size


async def test_events_come_one_by_one_and_a_client_that_leaves_is_noticed() -> None:
    left = asyncio.Event()
    go_on = asyncio.Semaphore(0)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

        async def events() -> None:
            while True:
                await go_on.acquire()
                await send({"type": "http.response.body", "body": b"data: x\n\n", "more_body": True})

        sending = asyncio.create_task(events())
        await receive()
        while (await receive())["type"] != "http.disconnect":
            pass
        sending.cancel()
        left.set()

    async with served(app) as server:
        wire = await server.dial(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"transfer-encoding: chunked" in await wire.until(b"\r\n\r\n")
        for _ in range(3):
            go_on.release()
            await wire.until(b"data: x\n\n")
        wire.vanish()
        async with asyncio.timeout(WITHIN_S):
            await left.wait()


async def test_messages_wait_for_an_application_and_for_a_client_that_do_not_read() -> None:
    sent = heard = 0
    go_on = asyncio.Event()
    message = b"x" * 100_000

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal sent, heard
        await receive()
        await send({"type": "websocket.accept"})
        if scope["path"] == "/down":
            for _ in range(500):
                await send({"type": "websocket.send", "bytes": message})
                sent += 1
            await receive()
            return
        await go_on.wait()
        while (await receive())["type"] == "websocket.receive":
            heard += 1

    async with served(app) as server, asyncio.timeout(60):
        url = "ws://{}:{}".format(*server.address)
        async with connect(f"{url}/down", max_queue=1, compression=None) as client:
            await asyncio.sleep(1)
            assert sent * len(message) < UNDER_WAY
            for _ in range(500):
                assert await client.recv() == message
        client = await connect(f"{url}/up", compression=None, ping_interval=None)
        given = 0

        async def talk() -> None:
            nonlocal given
            for _ in range(500):
                await client.send(message)
                given += 1

        talking = asyncio.create_task(talk())
        await asyncio.wait({talking}, timeout=1)
        assert given * len(message) < UNDER_WAY
        go_on.set()
        await talking
        await client.close()
    assert heard == 500


async def test_a_front_that_is_killed_is_replaced_and_its_requests_are_told_and_not_repeated() -> None:
    calls = 0
    begun = asyncio.Event()
    told: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal calls
        if scope["path"] == "/small":
            await small(scope, receive, send)
            return
        calls += 1
        begun.set()
        await receive()
        told.append((await receive())["type"])

    async with served(app) as server:
        wire = await server.dial(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        await begun.wait()
        first = server.pids
        os.kill(first[0], signal.SIGKILL)
        assert await wire.rest() == b""
        assert await answers(server)
        assert server.pids != first
        assert server.figures.ended == 1
    assert told == ["http.disconnect"]
    assert calls == 1


async def test_the_end_does_not_wait_for_a_front_that_is_only_starting() -> None:
    async with served(small, limits=Limits(drain_s=600)) as server:
        os.kill(server.pids[0], signal.SIGKILL)
        while server.pids:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)


async def test_who_says_twice_that_it_shall_end_waits_for_nothing() -> None:
    begun = asyncio.Event()
    cancelled = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with served(app, limits=Limits(drain_s=600)) as server:
        await server.dial(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await begun.wait()
        server.http.stop()
        await asyncio.sleep(0.3)
        assert not cancelled.is_set()
    # Leaving has stopped it a second time.
    assert cancelled.is_set()


@pytest.mark.parametrize("fronts", [0, 1, 2])
async def test_the_end_waits_for_requests_under_way_and_tells_websockets(fronts: int) -> None:
    go_on = asyncio.Event()
    begun = asyncio.Event()
    codes: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            codes.append((await receive())["code"])
            return
        begun.set()
        await go_on.wait()
        await small(scope, receive, send)

    async with served(app, fronts) as server:
        client = await connect("ws://{}:{}".format(*server.address))
        wire = await server.dial(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await begun.wait()
        server.http.stop()
        async with asyncio.timeout(WITHIN_S):
            await client.wait_closed()
            while True:
                try:
                    await server.dial()
                except OSError:
                    break
                await asyncio.sleep(0.05)
        go_on.set()
        answer = await wire.rest()
        assert answer.endswith(b"ok")
        assert b"connection: close" in answer
    assert codes == [1012]
