"""dialects/windowshpc/soa/streams.py and uploads.py: what ends a read and an upload, and what is let go."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence

import pytest

from headgate.core.errors import BadRequest, Unavailable
from headgate.core.soa import ReadEnd, Reason, Request, Response
from headgate.dialects.windowshpc.soa import streams, uploads
from headgate.formats.serving import Disconnected, Message, Receive

ONE = Response(request_action="a", action="b", relates_to="", body=b"<x/>")
END = ReadEnd(1, Reason.SUCCESS)
GONE: Message = {"type": "http.disconnect"}


class Broker:
    """A read that gives these items and then waits for more."""

    def __init__(self, *items: Sequence[Response] | ReadEnd) -> None:
        self.items = items
        self.is_open = True

    async def read(self) -> AsyncGenerator[Sequence[Response] | ReadEnd, None]:
        try:
            for item in self.items:
                yield item
            await asyncio.Future()
        finally:
            self.is_open = False


def client(*messages: Message) -> tuple[Receive, Callable[[Message], None]]:
    """What a client sends, and how it sends more."""
    queue: asyncio.Queue[Message] = asyncio.Queue()
    for message in messages:
        queue.put_nowait(message)
    return queue.get, queue.put_nowait


def unset() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


def part(data: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": data, "more_body": more}


# ---- reads


async def test_each_item_goes_out_by_itself() -> None:
    broker = Broker([ONE], [ONE, ONE], END)
    receive, _ = client()
    parts = [part async for part in streams.parts(broker.read(), streams.Envelopes(""), receive, unset())]
    assert [part.count(b"<x/>") for part in parts] == [0, 1, 2, 0]
    assert parts[-1].endswith(b"</HPCServer2008_WebAPI_MessageArray>")
    assert not broker.is_open


async def test_the_root_is_there_before_any_answer() -> None:
    broker = Broker()
    receive, _ = client()
    parts = streams.parts(broker.read(), streams.Envelopes(""), receive, unset())
    assert await anext(parts) == b"<HPCServer2008_WebAPI_MessageArray>"
    await parts.aclose()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_client_that_leaves_while_it_waits_ends_the_read() -> None:
    broker = Broker([ONE])
    receive, send = client(part(b"", more=False))
    parts = streams.parts(broker.read(), streams.Envelopes(""), receive, unset())
    assert [await anext(parts), await anext(parts)][1].count(b"<x/>") == 1
    asyncio.get_running_loop().call_later(0.01, send, GONE)
    with pytest.raises(StopAsyncIteration):
        await anext(parts)
    assert not broker.is_open


async def test_a_server_that_stops_says_so_and_ends_the_read() -> None:
    broker, drained = Broker([ONE]), unset()
    receive, _ = client()
    parts = streams.parts(broker.read(), streams.Envelopes("cd"), receive, drained)
    assert [await anext(parts), await anext(parts)]
    asyncio.get_running_loop().call_later(0.01, drained.set_result, None)
    rest = [part async for part in parts]
    assert len(rest) == 1
    assert b"BrokerInstanceUnavailable" in rest[0]
    assert not broker.is_open


async def test_a_broker_that_stops_first_is_the_same() -> None:
    async def read() -> AsyncGenerator[Sequence[Response] | ReadEnd, None]:
        yield [ONE]
        raise Unavailable("The server is stopping.")

    receive, _ = client()
    rest = [part async for part in streams.parts(read(), streams.Envelopes(""), receive, unset())]
    assert b"BrokerInstanceUnavailable" in rest[-1]


# ---- uploads


class Kept:
    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def keep(self, requests: Sequence[Request]) -> None:
        self.sizes.append(len(requests))


async def test_requests_are_handed_over_as_they_arrive() -> None:
    kept = Kept()
    receive, _ = client(part(b"a\0b"), part(b"\0c\0"), part(b"x\0" * 600, more=False))
    reader = uploads.reader("b", largest=100, generic=True)
    await uploads.take(receive, reader, kept.keep, unset())
    assert kept.sizes == [1, 2, 256, 256, 88]


async def test_an_upload_that_breaks_off_is_not_taken_for_its_end() -> None:
    receive, _ = client(part(b"a\0"), GONE)
    with pytest.raises(Disconnected):
        await uploads.take(receive, uploads.reader("b", largest=9, generic=True), Kept().keep, unset())


async def test_a_server_that_stops_ends_an_upload() -> None:
    receive, _ = client(part(b"a\0"))
    drained = unset()
    asyncio.get_running_loop().call_later(0.01, drained.set_result, None)
    kept = Kept()
    with pytest.raises(Unavailable):
        await uploads.take(receive, uploads.reader("b", largest=9, generic=True), kept.keep, drained)
    assert kept.sizes == [1]


async def test_what_is_wrong_at_the_end_is_refused() -> None:
    receive, _ = client(part(b"a\0\xff\0", more=False))
    kept = Kept()
    with pytest.raises(BadRequest, match="Message 2"):
        await uploads.take(receive, uploads.reader("b", largest=9, generic=True), kept.keep, unset())
    assert kept.sizes == [1]
