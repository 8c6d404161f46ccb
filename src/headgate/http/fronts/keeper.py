"""The core's side: keeps so many fronts, and ends with them.

A front that ends takes its connections with it: their requests are told that the client has left, as if each
connection had broken, and run to their end; none is repeated. Another front is started.
"""

import asyncio
import signal
import socket
from collections.abc import Callable
from typing import Any, Final

import structlog

from headgate.core.errors import StartupRefused
from headgate.http.faces import Application, nothing
from headgate.http.fronts.frames import Setup
from headgate.http.fronts.front import Front
from headgate.http.metrics import FrontFigures

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 5.0
STEADY_S: Final = 60.0
"""One that ran so long is started again as if it were the first."""
START_S: Final = 30.0
BEYOND_DRAIN_S: Final = 2.0
"""Fronts have so much longer than the requests that they wait for."""
ACCOUNT: Final = "nobody"
"""What the fronts of root become."""
log = structlog.get_logger("headgate.http")


class Fronts:
    """Serves one application through processes of their own until it is told to stop. As `HttpServer`."""

    def __init__(
        self,
        app: Application,
        listening: socket.socket,
        count: int,
        setup: Setup,
        figures: FrontFigures,
        *,
        drain: Callable[[], None] = nothing,
    ) -> None:
        """drain: called when the server is about to stop, before it waits for the requests under way."""
        self._app = app
        self._listening = listening
        self._count = count
        self._setup = setup
        self._figures = figures
        self._drain = drain
        self._fronts: dict[int, Front] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened = asyncio.Event()
        self._stopping = asyncio.Event()
        self._forced = asyncio.Event()

    async def run(self) -> None:
        """Serve; ends after SIGTERM, SIGINT or `stop`, when the requests under way are answered.

        Raises StartupRefused if the fronts do not come up the first time.
        """
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.stop)
        keeping = {asyncio.create_task(self._keep(number)) for number in range(1, self._count + 1)}
        try:
            await self._open(keeping)
            await self._stopping.wait()
            await self._end(keeping)
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            for number in signals:
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Drain and end `run`; the second time, wait for nothing."""
        if self._stopping.is_set():
            self._forced.set()
        self._stopping.set()

    async def opened(self) -> None:
        """Wait until connections are taken."""
        await self._opened.wait()

    @property
    def listening(self) -> bool:
        """Whether connections are being taken."""
        return self._opened.is_set() and not self._stopping.is_set()

    @property
    def pids(self) -> list[int]:
        """The processes of the fronts that take connections."""
        return [front.pid for front in self._fronts.values() if front.ready]

    async def _open(self, keeping: "set[asyncio.Task[None]]") -> None:
        """Wait until all are there, or it is over. Raises StartupRefused."""
        events: set[asyncio.Task[Any]] = {
            asyncio.create_task(event.wait()) for event in (self._opened, self._stopping)
        }
        done, _ = await asyncio.wait(events | keeping, timeout=START_S, return_when=asyncio.FIRST_COMPLETED)
        for task in events:
            task.cancel()
        for task in done & keeping:
            task.result()
        if not done:
            raise StartupRefused(f"The fronts were not ready within {START_S:.0f} s.")

    async def _keep(self, number: int) -> None:
        """Start a front, and another whenever it has ended. Raises StartupRefused before all were there."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_S
        while not self._stopping.is_set():
            began = loop.time()
            front = self._fronts[number] = Front(self._app, self._setup, self._tasks, self._look)
            try:
                status = await front.live(self._listening)
            except StartupRefused as error:
                if not self._opened.is_set():
                    raise
                log.error("front_not_started", front=number, reason=error.text)
            else:
                if self._stopping.is_set():
                    return
                self._figures.ended += 1
                log.error("front_ended", front=number, pid=front.pid, status=status, reason=front.reason)
                if not self._opened.is_set():
                    raise StartupRefused(f"A front ended before it was ready, with {status}; see the log.")
            if loop.time() - began > STEADY_S:
                pause = FIRST_PAUSE_S
            stopping = asyncio.create_task(self._stopping.wait())
            await asyncio.wait({stopping}, timeout=pause)
            stopping.cancel()
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _look(self) -> None:
        """Something has changed with a front."""
        fronts = self._fronts.values()
        self._figures.running = sum(front.ready for front in fronts)
        self._figures.connections = sum(front.connections for front in fronts)
        if self._figures.running == self._count:
            self._opened.set()

    async def _end(self, keeping: "set[asyncio.Task[None]]") -> None:
        """Let the fronts finish, and what runs for them; end what takes longer than it may."""
        self._drain()
        self._listening.close()
        for front in self._fronts.values():
            front.drain()
        forced = asyncio.create_task(self._forced.wait())
        try:
            async with asyncio.timeout(max(1.0, self._setup.limits.drain_s) + BEYOND_DRAIN_S):
                while not forced.done() and (under_way := self._under_way(keeping)):
                    await asyncio.wait({*under_way, forced}, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            log.error("requests_cut_off", requests=len(self._tasks))
        forced.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _under_way(self, keeping: "set[asyncio.Task[None]]") -> "set[asyncio.Task[None]]":
        return {task for task in (*keeping, *self._tasks) if not task.done()}
