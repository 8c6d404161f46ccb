"""How messages get to a client: with a client that does what a test says."""

import asyncio
import json
from typing import Any

import pytest

from headgate.core.errors import NotAuthenticated, Unavailable
from headgate.core.model import Event
from headgate.core.states import JobState as J
from headgate.core.vocabulary import Role
from headgate.dialects.hpcpack.signalr import connection as connection_module
from headgate.dialects.hpcpack.signalr import transports
from headgate.dialects.hpcpack.signalr.connection import TOO_SLOW, Connection
from headgate.dialects.hpcpack.signalr.messages import KEEP_ALIVE
from headgate.dialects.hpcpack.signalr.transports import Session
from headgate.ports.identity import Caller

ANN = Caller("ann", Role.USER)
PATIENCE_S = 10


class Registry:
    """Connections, as far as transports ask."""

    def __init__(self) -> None:
        self.draining = False
        self.released = 0

    def release(self, connection: Connection, owner: object) -> None:
        self.released += 1


class EchoHubs:
    """Answers every call with what it was."""

    async def invoke(self, connection: Connection, text: str | bytes) -> str:
        return f"answer to {text!r}"


class Scene:
    """One connection and its client."""

    def __init__(self) -> None:
        self.registry = Registry()
        self.connection = Connection("name", ANN, b"k", 0, lambda _: None)
        self.connection.jobs[1] = 0
        self.incoming: asyncio.Queue[Any] = asyncio.Queue()
        self.sent: list[Any] = []
        self.said = asyncio.Event()
        self.reading = asyncio.Event()
        self.reading.set()
        self.error: Exception | None = None
        self.asked = 0

    async def identify(self) -> Caller:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return ANN

    async def send(self, message: Any) -> None:
        await self.reading.wait()
        self.sent.append(message)
        self.said.set()
        await asyncio.sleep(0)

    def session(self) -> Session:
        owner = self.connection.claim()
        return Session(self.registry, self.connection, owner, self.identify)  # type: ignore[arg-type]  # it is a double

    def websocket(self) -> "asyncio.Task[None]":
        self.incoming.put_nowait({"type": "websocket.connect"})
        hubs: Any = EchoHubs()
        carrying = transports.websocket(self.session(), hubs, self.incoming.get, self.send, "first")
        return asyncio.create_task(carrying)

    def happens(self, seq: int) -> None:
        self.connection.heard(Event(1, 0, 0, (J.QUEUED, J.RUNNING), 0, seq))

    async def until(self, count: int) -> None:
        """Until so many messages have been sent."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.sent) < count:
                self.said.clear()
                await self.said.wait()

    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent if message["type"] == "websocket.send"]


async def ends(task: "asyncio.Task[Any]") -> Any:
    async with asyncio.timeout(PATIENCE_S):
        return await task


async def test_news_and_answers_come_over_the_websocket_in_order() -> None:
    scene = Scene()
    carrying = scene.websocket()
    scene.incoming.put_nowait({"type": "websocket.receive", "text": "call"})
    scene.happens(1)
    await scene.until(4)
    assert scene.sent[0]["type"] == "websocket.accept"
    first, news, answer = scene.texts()
    assert (first, answer) == ("first", "answer to 'call'")
    assert json.loads(news)["C"] == "1"
    scene.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await ends(carrying)
    assert scene.registry.released == 1
    assert len(asyncio.all_tasks()) == 1


async def test_a_client_that_never_reads_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_module, "MOST_PENDING", 3)
    monkeypatch.setattr(transports, "PARTING_S", 0.01)
    scene = Scene()
    carrying = scene.websocket()
    await scene.until(2)
    scene.reading.clear()
    scene.happens(1)
    await asyncio.sleep(0)
    for seq in range(2, 8):
        scene.happens(seq)
        await asyncio.sleep(0)
    await ends(carrying)
    assert scene.connection.reason == TOO_SLOW
    assert scene.registry.released == 1
    assert len(asyncio.all_tasks()) == 1


async def test_who_is_dropped_is_told_why() -> None:
    scene = Scene()
    carrying = scene.websocket()
    await scene.until(2)
    scene.connection.end("because")
    await ends(carrying)
    assert json.loads(scene.texts()[-1])["E"] == "because"
    assert scene.sent[-1] == {"type": "websocket.close", "code": transports.POLICY}


async def test_the_former_websocket_is_closed_when_another_takes_over() -> None:
    scene = Scene()
    former = scene.websocket()
    await scene.until(2)
    scene.connection.claim()
    await ends(former)
    assert scene.sent[-1] == {"type": "websocket.close", "code": transports.GOING_AWAY}


async def test_a_quiet_client_is_told_that_we_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "KEEP_ALIVE_S", 0.0)
    scene = Scene()
    scene.error = Unavailable("too many sign-ins right now")
    carrying = scene.websocket()
    await scene.until(4)
    assert scene.texts()[1:3] == [KEEP_ALIVE, KEEP_ALIVE]
    assert scene.asked >= 2
    scene.incoming.put_nowait({"type": "websocket.disconnect", "code": 1000})
    await ends(carrying)


async def test_who_may_no_longer_sign_in_is_told_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "KEEP_ALIVE_S", 0.0)
    scene = Scene()
    scene.error = NotAuthenticated("The user is disabled.")
    await ends(scene.websocket())
    assert json.loads(scene.texts()[-1])["E"] == "The user is disabled."


async def test_a_stream_of_events_says_the_same() -> None:
    scene = Scene()
    session = scene.session()
    carrying = asyncio.create_task(transports.events(session, scene.incoming.get, scene.send, "first"))
    scene.happens(1)
    await scene.until(4)
    bodies = [message["body"] for message in scene.sent[1:]]
    assert bodies[:2] == [b"data: initialized\n\n", b"data: first\n\n"]
    assert bodies[2].startswith(b'data: {"C":"1"')
    scene.incoming.put_nowait({"type": "http.disconnect"})
    await ends(carrying)
    assert scene.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert len(asyncio.all_tasks()) == 1


async def test_a_poll_waits_for_news_and_leaves_no_task() -> None:
    scene = Scene()
    polling = asyncio.create_task(transports.poll(scene.session(), scene.incoming.get))
    await asyncio.sleep(0)
    assert not polling.done()
    scene.happens(1)
    assert json.loads(await ends(polling))["C"] == "1"
    await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1
    assert scene.registry.released == 1
