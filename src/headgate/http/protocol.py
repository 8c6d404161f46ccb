"""Headers within a time and a size. uvicorn bounds neither: a client could hold a connection, or memory, for
ever.

The time runs from the moment a connection stands, or from the first byte after an answer, until the headers
are complete. It is looked at once a second for all connections (`server.py`), so that a request pays for no
timer.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from headgate.http.limits import Limits

TOO_LARGE = "The headers of the request are too large."


class _HeadersTooLarge(Exception):
    """Ends the parsing; uvicorn then calls `send_400_response`."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. `limits` is set on a subclass by `bounded`."""

    limits: Limits = Limits()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.waiting_since: float | None = None
        self._head_bytes = 0
        self._too_large = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """A client has connected."""
        super().connection_made(transport)
        self.waiting_since = self.loop.time()
        if len(self.connections) > self.limits.connections:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Bytes have come: of headers, of a body, or of both."""
        # None until the first request, whatever uvicorn declares.
        cycle: RequestResponseCycle | None = self.cycle
        if self.waiting_since is None and (cycle is None or cycle.response_complete):
            self.waiting_since = self.loop.time()
        super().data_received(data)
        if self.waiting_since is not None and self.parser is not None:
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.header and not self.transport.is_closing():
                self._too_large = True
                self.send_400_response(TOO_LARGE)

    def on_headers_complete(self) -> None:
        """A request begins."""
        self.waiting_since = None
        self._head_bytes = 0
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > self.limits.header:
            self._too_large = True
            raise _HeadersTooLarge
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Say that this is not HTTP, or too much of it, and close."""
        if not self._too_large:
            super().send_400_response(msg)
            return
        body = TOO_LARGE.encode()
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body)
        )
        self.transport.close()

    def close_if_slow(self, now: float) -> None:
        """Close the connection if its headers should have been here by now."""
        if self.waiting_since is not None and now - self.waiting_since > self.limits.header_timeout_s:
            self.transport.close()


def bounded(limits: Limits) -> type[BoundedProtocol]:
    """The protocol class with these limits."""
    return type("BoundedProtocol", (BoundedProtocol,), {"limits": limits})
