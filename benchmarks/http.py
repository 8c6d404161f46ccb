"""A client that costs next to nothing, for measuring how long one request takes: one connection, kept alive;
one request at a time; no more of HTTP than our server speaks.
"""

import json
import socket
from base64 import b64encode
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Answer(NamedTuple):
    """What came back. `head`: the raw headers, in lower case but for their values."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header; empty when it is not there."""
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return ""

    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Client:
    """One connection to a server, as one user."""

    def __init__(self, url: str, user: tuple[str, str]) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((address.hostname or "", address.port or 80), timeout=120)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.authorization = basic(user)
        self._headers = f"Host: {address.netloc}\r\nAuthorization: {self.authorization}\r\n"

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def prepared(self, method: str, path: str, body: bytes = b"", *, media: str = "") -> bytes:
        """A request as bytes, so that sending it again costs nothing. media: what it takes, if not JSON."""
        about = f"Content-Length: {len(body)}\r\n" if body or method != "GET" else ""
        if body:
            about += f"Content-Type: {media or 'application/json'}\r\n"
        if media:
            about += f"Accept: {media}\r\n"
        return f"{method} {path} HTTP/1.1\r\n{self._headers}{about}\r\n".encode() + body

    def exchange(self, request: bytes) -> Answer:
        """Send a request, read the answer to its end."""
        self._socket.sendall(request)
        data = self._socket.recv(1 << 18)
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, body = data[:end], data[end + 4 :]
        status = int(head[9:12])
        lowered = head.lower()
        if b"transfer-encoding: chunked" in lowered:
            return Answer(status, head, self._chunks(body))
        at = lowered.find(b"content-length:")
        length = int(lowered[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        while len(body) < length:
            body += self._more()
        return Answer(status, head, body)

    def _more(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed the connection")
        return data

    def _chunks(self, data: bytes) -> bytes:
        body = b""
        while True:
            while b"\r\n" not in data:
                data += self._more()
            size, data = data.split(b"\r\n", 1)
            length = int(size, 16)
            while len(data) < length + 2:
                data += self._more()
            if length == 0:
                return body
            body, data = body + data[:length], data[length + 2 :]

    def ask(self, method: str, path: str, content: object = None) -> Answer:
        """Any request; its answer must be a success."""
        body = b"" if content is None else json.dumps(content).encode()
        answer = self.exchange(self.prepared(method, path, body))
        if answer.status >= 300:
            raise AssertionError(f"{method} {path} was answered {answer.status}: {answer.body[:500]!r}")
        return answer


def basic(user: tuple[str, str]) -> str:
    """The value of the Authorization header."""
    return "Basic " + b64encode(":".join(user).encode()).decode()
