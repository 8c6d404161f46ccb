"""dialects/soa: where hosts connect, and nobody else."""

from typing import Any

import msgspec
import pytest

from headgate.core.errors import NotAuthenticated
from headgate.dialects.soa import Context, build
from headgate.ports.broker import Channel, HostGone


class Hosts:
    """A HostGate with one ticket."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.drained = False

    def admit(self, proof: str) -> object:
        if proof != "good":
            raise NotAuthenticated("not this one")
        return "a host"

    async def serve(self, admitted: object, channel: Channel) -> None:
        assert admitted == "a host"
        await channel.send(b"hello")
        try:
            while True:
                self.heard.append(await channel.receive())
        except HostGone:
            pass

    def drain(self) -> None:
        self.drained = True


async def ask(
    path: str, authorization: str = "", *messages: dict[str, Any], kind: str = "websocket"
) -> tuple[Hosts, list[dict[str, Any]]]:
    hosts, sent, coming = Hosts(), [], iter([{"type": "websocket.connect"}, *messages])

    async def receive() -> dict[str, Any]:
        return next(coming)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"authorization", authorization.encode())] if authorization else []
    scope = {"type": kind, "method": "GET", "path": path, "root_path": "/soa", "headers": headers}
    await build(Context(soa_hosts=hosts))(scope, receive, send)
    return hosts, sent


@pytest.mark.parametrize(
    "last", [{"type": "websocket.disconnect"}, {"type": "websocket.receive", "text": "x"}]
)
async def test_a_host_with_its_ticket_is_served(last: dict[str, Any]) -> None:
    said = {"type": "websocket.receive", "bytes": b"ready"}
    hosts, sent = await ask("/soa/host", "SOA-Host good", said, last)
    assert [one["type"] for one in sent] == ["websocket.accept", "websocket.send", "websocket.close"]
    assert sent[1]["bytes"] == b"hello"
    assert hosts.heard == [b"ready"]


@pytest.mark.parametrize(
    ("path", "authorization", "kind", "status"),
    [
        ("/soa/host", "", "websocket", 401),
        ("/soa/host", "SOA-Host bad", "websocket", 401),
        ("/soa/host", "Basic good", "websocket", 401),
        ("/soa/other", "SOA-Host good", "websocket", 404),
        ("/soa", "SOA-Host good", "websocket", 404),
        ("/soa/host", "SOA-Host good", "http", 404),
    ],
)
async def test_everybody_else_is_refused(path: str, authorization: str, kind: str, status: int) -> None:
    hosts, sent = await ask(path, authorization, kind=kind)
    assert sent[0]["status"] == status
    assert msgspec.json.decode(sent[1]["body"])["status"] == status
    assert hosts.heard == []


def test_hosts_are_let_go_when_the_server_stops() -> None:
    hosts = Hosts()
    build(Context(soa_hosts=hosts)).drain()
    assert hosts.drained
