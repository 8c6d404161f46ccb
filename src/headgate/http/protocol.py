"""Headers within a time and a size. uvicorn bounds neither: a client could hold a connection, or memory, for
ever.

The time runs from the moment a connection stands, or from the first byte after an answer, until the headers
are complete. It is looked at once a second for all connections (`server.py`), so that a request pays for no
timer.

Besides, blanks that HPC Pack clients send in a query as they are become `%20` (`with_blanks_written`).
"""

import asyncio
import re
from itertools import chain
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from headgate.http.limits import BODY_IS_HERE, Limits

TARGET: Final = "headgate.target"
"""The extension of ASGI's scope in which a target that is no path and query is passed on as it came (`url`).
"""
TOO_LARGE = "The headers of the request are too large."
_QUERY_WITH_BLANKS: Final = re.compile(rb"([A-Z]+ /[^ ?\r\n]*\?)([^\r\n]* [^\r\n]*)( HTTP/1\.[01]\r\n)")


def with_blanks_written(data: bytes) -> bytes:
    """The first bytes of a request, with each blank in the query of its request line as `%20`.

    Clients of HPC Pack send `$filter=JobState eq Running` so (spec windowshpc, section 1). RFC 9112, section
    3, warns of repairing a request line, because whoever filtered before us may have read another request in
    it. Here the method, the path, the version and where the line ends stay as any reader takes them; what
    could be read in two ways (a blank before the `?`, a second version, a line that is not here whole) is
    left for the parser to refuse.
    """
    end = data.find(b"\n") + 1
    if data.count(b" ", 0, end) <= 2:
        return data
    line = _QUERY_WITH_BLANKS.fullmatch(data, 0, end)
    if line is None or b" HTTP/" in line[2]:
        return data
    return b"".join((line[1], line[2].replace(b" ", b"%20"), line[3], data[end:]))


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
        self._between = True
        """Whether the next byte is the first of a request."""

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
        super().data_received(with_blanks_written(data) if self._between else data)
        if self.waiting_since is not None and self.parser is not None:
            self._head_bytes += len(data)
            if self._head_bytes > self.limits.header and not self.transport.is_closing():
                self._too_large = True
                self.send_400_response(TOO_LARGE)

    def on_message_begin(self) -> None:
        """The first byte of a request has come."""
        self._between = False
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The last byte of a request has come."""
        self.scope["state"][BODY_IS_HERE] = True
        super().on_message_complete()
        self._between = True

    def on_headers_complete(self) -> None:
        """The headers of a request are here."""
        self.waiting_since = None
        self._head_bytes = 0
        size = len(self.url) + sum(map(len, chain.from_iterable(self.headers))) + 4 * len(self.headers)
        if size > self.limits.header:
            self._too_large = True
            raise _HeadersTooLarge
        if not self.url.startswith(b"/") or b"#" in self.url:
            # A whole address (RFC 9112, 3.2.2), or what is no target at all: the scope has no place for the
            # host that it names, and leaves out what follows a `#`.
            self.scope["extensions"] = {TARGET: {"url": self.url}}
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


def bounded(limits: Limits, protocol: type[BoundedProtocol] = BoundedProtocol) -> type[BoundedProtocol]:
    """The protocol class with these limits."""
    return type(protocol.__name__, (protocol,), {"limits": limits})
