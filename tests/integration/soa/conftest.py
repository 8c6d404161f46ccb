"""The face over sessions in memory, behind the real gate on a real socket."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

import pytest

from headgate.dialects.windowshpc import refusal_body
from headgate.http.faces import Face
from headgate.http.gate import Gate
from headgate.http.limits import Limits
from headgate.http.server import HttpServer, listen, url_of
from tests.compliance.windowshpc.world import Legacy


class Running:
    """A server in a thread. world: what is behind it; touch it through `inside` alone."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.listening = listen("127.0.0.1", 0)
        self.url = url_of(self.listening, tls=False)
        self.address: tuple[str, int] = self.listening.getsockname()
        started = threading.Event()
        self.thread = threading.Thread(target=self._run, args=(started,))
        self.thread.start()
        started.wait()

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve(started))
        self.loop.close()

    async def _serve(self, started: threading.Event) -> None:
        self.world = Legacy()
        await self.world.open()
        legacy = self.world.legacy
        face = Face(
            "windowshpc", "/WindowsHPC", legacy, refusal_body, drain=legacy.drain, streams=legacy.streams
        )
        gate = Gate([face], legacy, Limits(body=100_000, drain_s=5))
        self.server = HttpServer(gate, self.listening, Limits(drain_s=5), drain=gate.drain)
        # Signals belong to the main thread.
        setattr(self.server._server, "capture_signals", contextlib.nullcontext)  # noqa: B010  mypy minds the other
        started.set()
        await self.server.run()
        await self.world.close()

    @property
    def readers(self) -> int:
        """Reads of answers that are open."""
        return self.world.sessions.readers

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.server.stop)
        self.thread.join()


@pytest.fixture
def running() -> Iterator[Running]:
    running = Running()
    yield running
    if running.thread.is_alive():
        running.stop()
