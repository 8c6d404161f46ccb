"""A proxy in front of the object store that lies: answers 500, cuts connections, changes what passes."""

import threading
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Fault = Callable[["Passing"], bool]
"""Given a request; whether it has dealt with it. It may also change the answer (`edit`) and say no."""
_OF_A_CONNECTION = ("connection", "transfer-encoding", "content-length")


class Passing(BaseHTTPRequestHandler):
    """One request on its way through."""

    protocol_version = "HTTP/1.1"
    edit: Callable[[dict[str, str], bytes], bytes] | None = None
    claimed = 1
    """How many times as long as it is an answer says that it is."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def refuse(self, status: int, code: str) -> None:
        """Answer with an error of S3."""
        self.answer(status, {}, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def cut(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True

    def answer(self, status: int, headers: dict[str, str], body: bytes, *, length: int | None = None) -> None:
        """Answer; `length`: what is said about its length where that is a lie."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def begin(self) -> None:
        """Nothing is said yet about this request; a connection has many."""
        self.edit, self.claimed = None, 1

    def do_GET(self) -> None:
        """Any request."""
        server = self.server
        assert isinstance(server, _Server)
        self.begin()
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with server.lock:
            server.requests.append(f"{self.command} {self.path}")
            fault = server.fault
        if fault is not None and fault(self):
            return
        onward = HTTPConnection("127.0.0.1", server.to)
        try:
            onward.request(self.command, self.path, sent, dict(self.headers))
            got = onward.getresponse()
            body = got.read()
            headers = {
                name: value for name, value in got.getheaders() if name.lower() not in _OF_A_CONNECTION
            }
            length = int(got.getheader("Content-Length") or 0) if self.command == "HEAD" else None
            edit = self.edit
            if edit is not None:
                body = edit(headers, body)
                length = length if self.claimed == 1 else self.claimed * len(body)
            self.answer(got.status, headers, body, length=length)
        finally:
            onward.close()

    do_PUT = do_POST = do_DELETE = do_HEAD = do_GET


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, to: int) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.to = to
        self.fault: Fault | None = None
        self.requests: list[str] = []
        self.lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is none of our business."""


class Liar:
    """The proxy; `fault` may be set at any time."""

    def __init__(self, to: int) -> None:
        self._server = _Server(to)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def requests(self) -> list[str]:
        """What has come through: method and path."""
        return self._server.requests

    def lie(self, fault: Fault | None) -> None:
        """From now on."""
        self._server.fault = fault

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
