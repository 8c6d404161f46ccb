"""An application of a test, served in this process or through fronts; and plain connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from headgate.http.faces import Application
from headgate.http.fronts.frames import Setup
from headgate.http.fronts.keeper import ACCOUNT, Fronts
from headgate.http.limits import Limits
from headgate.http.metrics import FrontFigures
from headgate.http.server import HttpServer, listen

LIMITS = Limits(drain_s=5, header_timeout_s=5)
WITHIN_S = 20.0


class Served:
    """A server that is ready. figures: of its fronts."""

    def __init__(self, app: Application, fronts: int, limits: Limits) -> None:
        self.listening = listen("127.0.0.1", 0)
        self.address: tuple[str, int] = self.listening.getsockname()
        self.figures = FrontFigures()
        self.dialled: list[Dialled] = []
        self.http: HttpServer | Fronts
        if fronts:
            setup = Setup(limits, "", "", ACCOUNT, "info", "json")
            self.http = Fronts(app, self.listening, fronts, setup, self.figures)
        else:
            self.http = HttpServer(app, self.listening, limits)

    @property
    def pids(self) -> list[int]:
        """The processes of the fronts."""
        assert isinstance(self.http, Fronts)
        return self.http.pids

    async def dial(self, said: bytes = b"") -> "Dialled":
        """A connection, on which this was said."""
        made = Dialled(*await asyncio.open_connection(*self.address, limit=1 << 26))
        self.dialled.append(made)
        made.writer.write(said)
        return made


class Dialled:
    """A client's end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def until(self, end: bytes) -> bytes:
        """What comes up to this."""
        async with asyncio.timeout(WITHIN_S):
            return await self.reader.readuntil(end)

    async def rest(self) -> bytes:
        """What comes until the other side closes, or has closed before we said our last."""
        read: list[bytes] = []
        async with asyncio.timeout(WITHIN_S):
            try:
                while part := await self.reader.read(1 << 20):
                    read.append(part)
            except ConnectionResetError:
                pass
        return b"".join(read)

    def reading(self, on: bool) -> None:
        """Read what comes, or let it lie."""
        transport = cast("asyncio.Transport", self.writer.transport)
        if on:
            transport.resume_reading()
        else:
            transport.pause_reading()

    def vanish(self) -> None:
        """Break the connection."""
        self.writer.transport.abort()


@asynccontextmanager
async def served(app: Application, fronts: int = 1, limits: Limits = LIMITS) -> AsyncIterator[Served]:
    """Serve this; afterwards everything has ended."""
    made = Served(app, fronts, limits)
    running = asyncio.create_task(made.http.run())
    opening = asyncio.create_task(made.http.opened())
    try:
        await asyncio.wait({running, opening}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        yield made
    finally:
        opening.cancel()
        made.http.stop()
        for one in made.dialled:
            one.vanish()
        await running
