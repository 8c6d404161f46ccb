"""What an upgrade to a WebSocket goes through, without a socket."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs
from uvicorn.protocols.utils import ClientDisconnected

from headgate.core.errors import HeadgateError
from headgate.http.faces import Application, Face, Message, Receive, Scope, Send
from headgate.http.gate import Gate
from headgate.http.limits import Limits
from headgate.http.websocket import FAULT, BoundedWebSocket, options

Headers = Sequence[tuple[str, str]]


def plain(status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]:
    return "text/x-refusal", f"{status}|{error.text}".encode()


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Accepts, and says its root and what it hears until the other side leaves."""
    await receive()
    await send({"type": "websocket.accept", "headers": [(b"x-own", b"1")]})
    await send({"type": "websocket.send", "text": scope["root_path"]})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


class Seen:
    """What a gate made of one upgrade."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.observed: list[tuple[str, int]] = []
        self.open_then = 0

    @property
    def status(self) -> int:
        start = self.sent[0]
        return 101 if start["type"] == "websocket.accept" else int(start["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def texts(self) -> list[str]:
        return [message["text"] for message in self.sent if message["type"] == "websocket.send"]


async def upgrade(
    app: Application = echo,
    *,
    path: str = "/face/x",
    headers: Headers = (),
    texts: Sequence[str] = (),
    takes: bool = True,
    scheme: str = "ws",
    gone_after: int | None = None,
    **settings: Any,
) -> Seen:
    """One upgrade through a gate with one face. gone_after: messages until sending finds nobody."""
    seen = Seen()
    waiting: list[Message] = [{"type": "websocket.connect"}]
    waiting += [{"type": "websocket.receive", "text": text} for text in texts]
    waiting.append({"type": "websocket.disconnect", "code": 1000})

    async def receive() -> Message:
        seen.open_then = gate.websockets
        return waiting.pop(0)

    async def send(message: Message) -> None:
        if gone_after is not None and len(seen.sent) >= gone_after:
            raise ClientDisconnected
        seen.sent.append(message)

    def observe(face: str, status: int, seconds: float) -> None:
        seen.observed.append((face, status))

    face = Face("face", "/face", app, plain, websockets=takes)
    gate = Gate([face], nothing_here, Limits(), observe=observe, **settings)
    scope = {
        "type": "websocket",
        "path": path,
        "root_path": "",
        "scheme": scheme,
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "state": {},
    }
    await gate(scope, receive, send)
    assert gate.websockets == 0
    return seen


async def test_a_face_that_takes_websockets_gets_them_with_a_request_id() -> None:
    seen = await upgrade(path="/FACE/x", texts=["a", "b"])
    assert (seen.status, seen.texts) == (101, ["/FACE", "a", "b"])
    assert seen.headers["x-own"] == "1"
    assert seen.headers["x-request-id"]
    assert seen.observed == [("face", 101)]
    assert seen.open_then == 1


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://here.example:81", "https://here.example"]
)
async def test_a_page_of_another_site_gets_no_websocket(origin: str) -> None:
    seen = await upgrade(nothing_here, headers=[("host", "here.example"), ("origin", origin)])
    assert seen.status == 403
    assert seen.headers["content-type"] == "text/x-refusal"
    assert b"another site" in seen.sent[1]["body"]
    assert seen.observed == [("face", 403)]


@pytest.mark.parametrize(
    ("scheme", "origin", "public_url"),
    [
        ("ws", "http://here.example", ""),
        ("wss", "https://here.example", ""),
        ("ws", "https://front.example", "https://front.example/"),
    ],
)
async def test_our_own_pages_do(scheme: str, origin: str, public_url: str) -> None:
    headers = [("host", "here.example"), ("origin", origin)]
    assert (await upgrade(scheme=scheme, headers=headers, public_url=public_url)).status == 101


async def test_a_foreign_page_is_known_by_sec_fetch_site_too() -> None:
    assert (await upgrade(nothing_here, headers=[("sec-fetch-site", "cross-site")])).status == 403


@pytest.mark.parametrize(("path", "takes"), [("/face/x", False), ("/elsewhere", True)])
async def test_where_there_is_no_websocket_the_upgrade_is_not_found(path: str, takes: bool) -> None:
    assert (await upgrade(nothing_here, path=path, takes=takes)).status == 404


async def test_before_the_server_is_ready_there_are_none() -> None:
    assert (await upgrade(nothing_here, is_ready=lambda: False)).status == 503


async def test_a_face_that_closes_instead_of_accepting_refuses_in_its_shape() -> None:
    async def close(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.close"})

    seen = await upgrade(close)
    assert seen.status == 403
    assert seen.sent[1]["body"].startswith(b"403|")


async def test_a_face_refuses_with_headers_of_its_own() -> None:
    async def challenge(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"www-authenticate", b"Basic")]
        await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": b"who?"})

    seen = await upgrade(challenge)
    assert (seen.status, seen.headers["www-authenticate"]) == (401, "Basic")
    assert seen.headers["x-content-type-options"] == "nosniff"


async def test_a_fault_before_the_answer_is_a_500_and_after_it_a_close() -> None:
    async def fails(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    async def fails_later(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        raise ZeroDivisionError

    with capture_logs() as logs:
        assert (await upgrade(fails)).status == 500
        assert (await upgrade(fails_later)).sent[-1] == {"type": "websocket.close", "code": FAULT}
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["websocket_failed"] * 2


async def test_sending_to_somebody_who_has_left_is_no_fault() -> None:
    with capture_logs() as logs:
        seen = await upgrade(texts=["a", "b"], gone_after=1)
    assert len(seen.sent) == 1
    assert not [line for line in logs if line["log_level"] == "error"]


async def test_faces_are_told_before_the_server_stops() -> None:
    told = []
    drained = Face("face", "/face", echo, plain, drain=lambda: told.append(1))
    Gate([drained, Face("other", "/other", echo)], nothing_here, Limits()).drain()
    assert told == [1]


def test_websockets_are_bounded_and_not_compressed() -> None:
    given = options(Limits(message=1000, ping_s=3))
    assert given == {
        "ws": BoundedWebSocket,
        "ws_max_size": 1000,
        "ws_ping_interval": 3,
        "ws_ping_timeout": 6,
        "ws_per_message_deflate": False,
    }


async def test_a_connection_that_does_not_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """uvicorn closes when what was written has been read, which may be never."""
    monkeypatch.setattr("headgate.http.websocket.ABORTED_AFTER_S", 0)
    aborted = []

    class Transport:
        def abort(self) -> None:
            aborted.append(1)

    connection = BoundedWebSocket.__new__(BoundedWebSocket)
    connection.loop = asyncio.get_running_loop()
    connection.tasks = set()
    connection.transport = Transport()  # type: ignore[assignment]  # all that is used of one
    connection.disconnected = False
    task = asyncio.create_task(asyncio.sleep(0))
    connection.on_task_complete(task)
    await task
    await asyncio.sleep(0)
    assert aborted == [1]
