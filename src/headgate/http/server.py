"""Listening: uvicorn in our own event loop, in the server's process or in a front's (`fronts`).

SIGTERM and SIGINT drain; a second one gives up waiting.
"""

import asyncio
import ipaddress
import signal
import socket
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import uvicorn
import uvloop

from headgate.core.errors import StartupRefused
from headgate.http import websocket
from headgate.http.faces import Application, nothing
from headgate.http.limits import Limits
from headgate.http.protocol import BoundedProtocol, bounded

BACKLOG = 2048
TICKS_PER_SECOND = 10
TRIED_AGAIN_S = 0.05


def addresses_of(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    """What a host name stands for, IPv4 first. Raises StartupRefused."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise StartupRefused(f"The address {host!r} is not known: {error}.") from None
    unique = {(family, (str(where[0]), int(where[1]))) for family, _, _, _, where in found}
    return sorted(unique, key=lambda one: (one[0] != socket.AF_INET, one[1]))


def is_loopback(host: str) -> bool:
    """Whether this address is reached from this machine alone."""
    return all(
        ipaddress.ip_address(where[0].partition("%")[0]).is_loopback for _, where in addresses_of(host, 0)
    )


def listen(host: str, port: int, *, patience_s: float = 0) -> socket.socket:
    """A listening socket. Raises StartupRefused with the reason.

    patience_s: how long to wait for a port that is taken. Fronts of a server that was killed end at once, but
    after it.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            return _listen(host, port)
        except StartupRefused:
            if time.monotonic() >= until:
                raise
        time.sleep(TRIED_AGAIN_S)


def _listen(host: str, port: int) -> socket.socket:
    family, where = addresses_of(host, port)[0]
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise StartupRefused(f"Can't listen on {host}:{port}: {error.strerror}.") from None
    listening.setblocking(False)
    return listening


def url_of(listening: socket.socket, *, tls: bool) -> str:
    """The address of a listening socket."""
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if listening.family == socket.AF_INET6 else host
    return f"{'https' if tls else 'http'}://{shown}:{port}"


def local_url_of(listening: socket.socket, *, tls: bool) -> str:
    """The address under which this machine reaches a listening socket."""
    url = url_of(listening, tls=tls)
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


class _Server(uvicorn.Server):
    """uvicorn's server with our signals, the deadline for headers, and a word before it drains."""

    def __init__(self, config: uvicorn.Config, drain: Callable[[], None]) -> None:
        super().__init__(config)
        self._drain = drain
        self.opened = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.opened.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._drain()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        if counter % TICKS_PER_SECOND == 0:
            now = asyncio.get_running_loop().time()
            for connection in list(self.server_state.connections):
                if isinstance(connection, BoundedProtocol):
                    connection.close_if_slow(now)
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn raises the signal again when it has drained, and the process would seem to have been killed.
        before = {
            number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)
        }
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True


class HttpServer:
    """Serves one application on one listening socket until it is told to stop."""

    def __init__(
        self,
        app: Application,
        listening: socket.socket,
        limits: Limits,
        tls: ssl.SSLContext | None = None,
        *,
        drain: Callable[[], None] = nothing,
        protocol: type[BoundedProtocol] = BoundedProtocol,
    ) -> None:
        """drain: called when the server is about to stop, before it waits for the requests under way."""
        self._listening = listening
        config = uvicorn.Config(
            app,
            http=bounded(limits, protocol),
            **websocket.options(limits),
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=round(limits.keep_alive_s),
            timeout_graceful_shutdown=max(1, round(limits.drain_s)),
            ssl_context_factory=None if tls is None else _always(tls),
        )
        # Now, while modules can be read: a front gives up its rights before it serves.
        config.load()
        self._server = _Server(config, drain)
        self._handshake_s = limits.header_timeout_s

    async def run(self) -> None:
        """Serve; ends after SIGTERM, SIGINT or `stop`, when the requests under way are answered."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, _Loop):
            loop.handshake_s = self._handshake_s
        await self._server.serve(sockets=[self._listening])

    def stop(self) -> None:
        """Drain and end `run`."""
        self._server.should_exit = True

    @property
    def listening(self) -> bool:
        """Whether connections are being taken."""
        return self._server.started and not self._server.should_exit

    async def opened(self) -> None:
        """Wait until connections are taken."""
        await self._server.opened.wait()

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._server.server_state.connections)


class _Loop(uvloop.Loop):
    """uvloop's, in which a TLS handshake has as long as headers have.

    uvicorn has no setting for that, and the usual minute lets stalled ones, which no limit of connections
    counts yet, use up open files for long.
    """

    handshake_s = Limits().header_timeout_s

    async def create_server(self, *arguments: Any, **options: Any) -> Any:
        if options.get("ssl") is not None:
            options.setdefault("ssl_handshake_timeout", self.handshake_s)
        return await super().create_server(*arguments, **options)


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run the whole server in an event loop of its own (uvloop is quicker than the one of the library)."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(main)


def _always(tls: ssl.SSLContext) -> Callable[[uvicorn.Config, Callable[[], ssl.SSLContext]], ssl.SSLContext]:
    return lambda _config, _default: tls
