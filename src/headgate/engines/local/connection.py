"""The server's end of the socket to the shepherd: requests out, replies matched by number."""

import asyncio
import contextlib
import os
import socket
import struct
from pathlib import Path
from typing import cast

from headgate.core.errors import EngineUnavailable
from headgate.engines.local.wire import SOCKET_NAME, Frames, Reply, Request, decode_reply, frame


class ShepherdGone(EngineUnavailable):
    """There is no shepherd at the other end."""


class Connection(asyncio.Protocol):
    """One connection. It breaks once and for good; then the engine opens another."""

    def __init__(self) -> None:
        self._inbox = Frames()
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._number = 0
        self._transport: asyncio.Transport | None = None
        self.lost = False
        self._hung_up = asyncio.Event()

    @property
    def next_number(self) -> int:
        """A number for the next request."""
        self._number += 1
        return self._number

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        # Not asked with isinstance: uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        for payload in self._inbox.feed(data):
            reply = decode_reply(payload)
            waiting = self._waiting.pop(reply.n, None)
            if waiting is not None and not waiting.done():
                waiting.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.lost = True
        self._hung_up.set()
        waiting, self._waiting = self._waiting, {}
        for future in waiting.values():
            if not future.done():
                future.set_exception(ShepherdGone("The shepherd has gone before it answered."))

    async def ask(self, request: Request, timeout_s: float) -> Reply:
        """Send it and wait for its reply. Raises EngineUnavailable."""
        if self.lost or self._transport is None:
            raise ShepherdGone("There is no connection to the shepherd.")
        data = frame(request)
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[request.n] = future
        self._transport.write(data)
        try:
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            raise EngineUnavailable(f"The shepherd has not answered within {timeout_s:g} s.") from None
        finally:
            self._waiting.pop(request.n, None)

    async def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()
            await self._hung_up.wait()


async def connect(directory: Path) -> Connection:
    """Connect to the shepherd of this directory. Raises ShepherdGone if there is none."""
    folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        # A socket's address holds 107 bytes; this way the directory may be as deep as it likes.
        sock.connect(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
        credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        if struct.unpack("3i", credentials)[1] != os.geteuid():
            raise EngineUnavailable("The process at the shepherd's socket is not of the server's account.")
        _, connection = await asyncio.get_running_loop().create_unix_connection(Connection, sock=sock)
    except OSError as error:
        sock.close()
        raise ShepherdGone(f"There is no shepherd: {error.strerror}.") from None
    except BaseException:
        with contextlib.suppress(OSError):
            sock.close()
        raise
    finally:
        os.close(folder)
    return connection
