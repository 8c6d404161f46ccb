"""One real server for the tests of a file, with limits that are quickly reached; and raw sockets to misbehave
with.
"""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from headgate.testing.server import Server, running

LIMITS = {
    "HEADGATE_SERVER__BODY_LIMIT": "20000",
    "HEADGATE_SERVER__HEADER_LIMIT": "8000",
    "HEADGATE_SERVER__HEADER_TIMEOUT_S": "1",
    "HEADGATE_SERVER__BODY_TIMEOUT_S": "1",
}
ADA = ("ada", "engine")


@pytest.fixture(scope="module", params=[0, 1], ids=["one process", "a front"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a user, ada; once as one process, once with a front."""
    flags = ("--fronts", str(request.param))
    with running(tmp_path_factory.mktemp("server") / "data", *flags, environment=LIMITS) as started:
        started.add_user(*ADA, os_account="nobody")
        yield started


class Wire:
    """A connection that sends exactly what a test says."""

    def __init__(self, server: Server) -> None:
        host, _, port = server.url.removeprefix("http://").rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=10)

    def send(self, text: str) -> None:
        """Send these bytes."""
        self.socket.sendall(text.encode("latin-1"))

    def read(self, until: str = "") -> str:
        """What comes until this has been seen, or until the other side closes."""
        got = b""
        while not until or until.encode() not in got:
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                break
            if not part:
                break
            got += part
        return got.decode("latin-1")

    def closed_after(self) -> float:
        """Seconds until the other side closes."""
        began = time.monotonic()
        self.read()
        return time.monotonic() - began


@pytest.fixture
def dial(server: Server) -> Iterator[Callable[[], Wire]]:
    """Opens raw connections."""
    opened: list[Wire] = []

    def open_one() -> Wire:
        opened.append(Wire(server))
        return opened[-1]

    yield open_one
    for one in opened:
        one.socket.close()
