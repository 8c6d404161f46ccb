"""A front's process: told everything by the core, on a socket that it inherited.

It ends with the core, whatever happened to that, and with it go its listening socket and its connections.
"""

import asyncio
import gc
import os
import socket
import sys
from pathlib import Path
from typing import Final

import structlog

from headgate.core.errors import StartupRefused
from headgate.http import logs, tls
from headgate.http.fronts import frames
from headgate.http.fronts.frames import Connections, Ready, Setup
from headgate.http.fronts.link import Link
from headgate.http.fronts.relay import FrontProtocol, Relay
from headgate.http.fronts.rights import give_up
from headgate.http.server import HttpServer, run

LOOKED_AFTER_S: Final = 1.0
log = structlog.get_logger("headgate.front")


def main() -> None:
    """Serve until the core ends. Arguments: the descriptors of the link and of the listening socket."""
    link, listening = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    setup = _first_word(link)
    logs.configure(setup.log_level, setup.log_format)
    try:
        run(_serve(link, listening, setup))
    except StartupRefused as error:
        log.error("front_refused", reason=error.text)
        sys.exit(1)


def _first_word(link: socket.socket) -> Setup:
    """What the core says before anything else, and no byte beyond it."""
    size = frames.size_of(_read(link, 4))
    return frames.setup.decode(_read(link, size))


def _read(link: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        part = link.recv(size - len(read))
        if not part:
            os._exit(0)
        read += part
    return read


async def _serve(sock: socket.socket, listening: socket.socket, setup: Setup) -> None:
    context = tls.context(Path(setup.certificate), Path(setup.key)) if setup.certificate else None
    relay = Relay(_end)
    http = HttpServer(relay, listening, setup.limits, context, protocol=FrontProtocol)
    relay.drain = http.stop
    # From here on nothing is opened but connections; the key has been read.
    give_up(setup.account)
    sock.setblocking(False)
    await asyncio.get_running_loop().create_unix_connection(lambda: relay.link, sock=sock)
    gc.collect()
    gc.freeze()
    serving = asyncio.create_task(http.run())
    reporting = asyncio.create_task(_report(http, relay.link))
    await serving
    reporting.cancel()


async def _report(http: HttpServer, link: Link[frames.ToFront]) -> None:
    """Say when connections are taken, and then how many there are."""
    await http.opened()
    link.send(Ready())
    known = 0
    while True:
        if http.connections != known:
            known = http.connections
            link.send(Connections(known))
        await asyncio.sleep(LOOKED_AFTER_S)


def _end(reason: str) -> None:
    """There is no core any more: nothing that a client is told now would be true."""
    if reason:
        log.error("front_misunderstood", reason=reason)
    os._exit(0)
