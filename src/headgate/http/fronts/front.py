"""One front, as the core sees it: its process, and the application called for what it hands over."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from headgate.core.errors import StartupRefused
from headgate.http.faces import Application, Scope
from headgate.http.fronts import frames
from headgate.http.fronts.frames import (
    WHOLE,
    Asked,
    Body,
    Connections,
    Drain,
    Gone,
    Malformed,
    Ready,
    Request,
    Said,
    Setup,
    Taken,
    ToCore,
    Upgrade,
)
from headgate.http.fronts.link import Link
from headgate.http.fronts.streams import HttpStream, SocketStream
from headgate.http.limits import BODY_IS_HERE
from headgate.http.protocol import TARGET

ENDS_WITHIN_S: Final = 2.0
"""A front that has lost its link ends at once, unless something is wrong with it."""
_BOOT: Final = """\
import sys
sys.path[:] = sys.argv[3:]
from headgate.http.fronts.program import main
main()
"""
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}
_ASGI_WEBSOCKET: Final = {"version": "3.0", "spec_version": "2.4"}
log = structlog.get_logger("headgate.http")


class Front:
    """One front from its start to its end.

    tasks: where the requests under way are kept, for they may outlive it. changed: called when it has become
    ready, has other connections or has ended.
    """

    def __init__(
        self,
        app: Application,
        setup: Setup,
        tasks: "set[asyncio.Task[None]]",
        changed: Callable[[], None],
    ) -> None:
        self._app = app
        self._tasks = tasks
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._streams: dict[int, HttpStream | SocketStream] = {}
        self._setup = setup
        self.link = Link(frames.to_core, self, frames.largest_to_core(setup.limits))
        self._lost = asyncio.Event()
        self._draining = False
        self.pid = 0
        self.reason = ""
        """What it did wrong on the link; empty: nothing."""
        self.ready = False
        self.connections = 0

    # ---- its process

    async def live(self, listening: socket.socket) -> int:
        """Start it, and wait until it has ended. Its exit status. Raises StartupRefused."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        await self._loop.create_unix_connection(lambda: self.link, sock=ours)
        self.link.send(self._setup)
        if self._draining:
            self.link.send(Drain())
        try:
            with theirs:
                process = await _started(theirs, listening)
        except StartupRefused:
            self.link.close()
            raise
        self.pid = process.pid
        try:
            await self._lost.wait()
        finally:
            self.link.close()
            try:
                async with asyncio.timeout(ENDS_WITHIN_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        return process.returncode or 0

    def drain(self) -> None:
        """Ask it to finish."""
        self._draining = True
        if self.link.connected:
            self.link.send(Drain())

    # ---- what it says

    def heard(self, frame: ToCore) -> None:
        """See link.Listener."""
        if isinstance(frame, Request):
            self._request(frame)
        elif isinstance(frame, Upgrade):
            self._upgrade(frame)
        elif isinstance(frame, Ready):
            self.ready = True
            self._changed()
        elif isinstance(frame, Connections):
            self.connections = frame.count
            self._changed()
        else:
            stream = self._streams.get(frame.stream)
            if stream is not None:
                _tell(stream, frame)

    def hung_up(self, reason: str) -> None:
        """See link.Listener: all its clients have left."""
        self.reason = reason
        self.ready = False
        self.connections = 0
        self._changed()
        self._lost.set()
        for stream in list(self._streams.values()):
            stream.leave()

    # ---- requests

    def _request(self, frame: Request) -> None:
        scope = _scope("http", _ASGI, frame)
        scope["http_version"] = frame.version
        scope["method"] = frame.method
        if frame.kept == WHOLE:
            scope["state"][BODY_IS_HERE] = True
        if frame.target:
            scope["extensions"] = {TARGET: {"url": frame.target}}
        self._run(scope, HttpStream(self.link, frame.stream, frame.kept, frame.body))

    def _upgrade(self, frame: Upgrade) -> None:
        scope = _scope("websocket", _ASGI_WEBSOCKET, frame)
        scope["http_version"] = "1.1"
        scope["subprotocols"] = frame.subprotocols
        scope["extensions"] = {"websocket.http.response": {}}
        self._run(scope, SocketStream(self.link, frame.stream))

    def _run(self, scope: Scope, stream: HttpStream | SocketStream) -> None:
        if stream.number in self._streams:
            raise Malformed(f"a second stream {stream.number}")
        self._streams[stream.number] = stream
        stream.task = self._loop.create_task(self._serve(scope, stream))
        self._tasks.add(stream.task)

    async def _serve(self, scope: Scope, stream: HttpStream | SocketStream) -> None:
        try:
            await self._app(scope, stream.receive, stream.send)
        except Exception as error:  # noqa: BLE001  the gate has logged it; the front breaks the connection off
            log.debug("answer_broken_off", path=scope["path"], error=repr(error))
        finally:
            stream.end()
            del self._streams[stream.number]
            if stream.task is not None:
                self._tasks.discard(stream.task)


def _scope(kind: str, asgi: dict[str, str], frame: Asked) -> Scope:
    """What both kinds have, as uvicorn says it."""
    return {
        "type": kind,
        "asgi": asgi,
        "server": frame.server,
        "client": frame.client,
        "scheme": frame.scheme,
        "root_path": "",
        "headers": frame.headers,
        "state": {},
        "path": frame.path,
        "raw_path": frame.raw_path,
        "query_string": frame.query,
    }


def _tell(stream: HttpStream | SocketStream, frame: Body | Taken | Said | Gone) -> None:
    """Raises Malformed: that is nothing for such a stream."""
    match frame, stream:
        case Taken(), _:
            stream.taken(frame)
        case Body(), HttpStream():
            stream.body(frame)
        case Gone(), HttpStream():
            stream.leave()
        case Said(), SocketStream():
            stream.said(frame)
        case Gone(), SocketStream():
            stream.close(frame)
        case _:
            raise Malformed(f"{type(frame).__name__} for a {type(stream).__name__}")


async def _started(link: socket.socket, listening: socket.socket) -> asyncio.subprocess.Process:
    """A front's process. It gets nothing of the server but two sockets and where its log goes.

    A session of its own: Ctrl-C of a terminal is for the server alone, which lets the fronts finish. The
    paths: it looks nowhere else for modules, and for none once it has given up its rights.
    """
    # Compiled modules, where the environment says that they are elsewhere: with it a front starts sooner.
    kept = ("-X", f"pycache_prefix={sys.pycache_prefix}") if sys.pycache_prefix else ()
    paths = dict.fromkeys(str(Path(path)) for path in sys.path if os.path.isabs(path))
    try:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", "-B", *kept, "-c", _BOOT),
            *(str(link.fileno()), str(listening.fileno()), *paths),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            cwd="/",
            env={"LC_ALL": "C.UTF-8"},
            pass_fds=(link.fileno(), listening.fileno()),
            start_new_session=True,
        )
    except OSError as error:
        raise StartupRefused(f"A front can't be started: {error.strerror}.") from None
