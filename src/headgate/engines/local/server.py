"""A server's connection as the shepherd sees it."""

import selectors
import socket
from collections.abc import Callable, Iterator

import msgspec

from headgate.engines.local.log import log
from headgate.engines.local.wire import Frames, Malformed, Reply, Request, decode_request, frame

_BLOCK = 262144


class ServerConnection:
    """Frames in, frames out, never waiting. What the requests mean is the shepherd's."""

    def __init__(self, sock: socket.socket, selector: selectors.BaseSelector) -> None:
        self.epoch = 0
        self.closed = False
        self._sock = sock
        self._selector = selector
        self._inbox = Frames()
        self._outbox = bytearray()
        sock.setblocking(False)

    def attach(self, on_requests: Callable[[], None]) -> None:
        """Call `on_requests` whenever there is something to read, the end included."""

        def on_socket(mask: int) -> None:
            if mask & selectors.EVENT_WRITE:
                self._flush()
            if mask & selectors.EVENT_READ and not self.closed:
                on_requests()

        self._selector.register(self._sock, selectors.EVENT_READ, on_socket)

    def requests(self) -> Iterator[Request]:
        """Everything that has been sent so far."""
        while not self.closed:
            try:
                data = self._sock.recv(_BLOCK)
            except BlockingIOError:
                return
            except ConnectionError:
                data = b""
            if not data:
                self.close()
                return
            try:
                for payload in self._inbox.feed(data):
                    yield decode_request(payload)
            except (Malformed, msgspec.DecodeError) as error:
                log("server malformed", error=error)
                self.close()

    def send(self, reply: Reply) -> None:
        """Answer."""
        self._outbox += frame(reply)
        self._flush()

    def close(self) -> None:
        """No more of this one."""
        if not self.closed:
            self.closed = True
            self._selector.unregister(self._sock)
            self._sock.close()

    def _flush(self) -> None:
        if self.closed:
            return
        try:
            while self._outbox:
                del self._outbox[: self._sock.send(self._outbox)]
        except BlockingIOError:
            pass
        except ConnectionError:
            self._outbox.clear()
        key = self._selector.get_key(self._sock)
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._outbox else 0)
        if key.events != events:
            self._selector.modify(self._sock, events, key.data)
