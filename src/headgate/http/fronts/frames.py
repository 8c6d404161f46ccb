"""What a front and the core say to each other: MessagePack in frames of a 4-byte length. Pure.

A request or a WebSocket is a stream, numbered by its front. A small request is one frame and a small answer
one frame. What is longer goes in pieces, of which so many bytes may be under way as the other side has
allowed (`WINDOW` at first, then what `Taken` and `Wanted` add), so that neither side keeps more of one stream
than that, and none waits for another.

The core believes a front no more than a client: what is no frame ends the connection to it.
"""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from headgate.http.limits import Limits

WINDOW: Final = 256 * 1024
"""Bytes of a stream that may be under way in one direction, beyond which nothing new is sent."""
PIECE: Final = 64 * 1024
"""Bytes of an answer that go in one frame."""
LARGEST_TO_FRONT: Final = (1 << 32) - 1
"""Bytes of a frame. The core is believed, and its messages over WebSockets have no limit."""
MESSAGE_COST: Final = 64
"""What a message of a WebSocket counts besides its length: many empty ones take up memory too."""
WHOLE, COMING, HELD = range(3)
"""How much of a body is here: all of it; some, and the rest as it comes; none until the core wants it
(`Expect: 100-continue`)."""

Headers = list[tuple[bytes, bytes]]
Address = tuple[str, int | None] | None


# --- core to front ----------------------------------------------------------------------------------------


class Setup(Struct, array_like=True, tag=0, gc=False):
    """The first word. certificate, key: files, empty without TLS. account: what a front of root becomes."""

    limits: Limits
    certificate: str
    key: str
    account: str
    log_level: str
    log_format: str


class Drain(Struct, array_like=True, tag=1, gc=False):
    """Take no more connections, answer what is under way, and end."""


class Answer(Struct, array_like=True, tag=2, gc=False):
    """The answer to a request, or to an upgrade that is refused; with more, pieces follow."""

    stream: int
    status: int
    headers: Headers
    body: bytes
    more: bool


class Piece(Struct, array_like=True, tag=3, gc=False):
    """More of an answer."""

    stream: int
    body: bytes
    more: bool


class Wanted(Struct, array_like=True, tag=4, gc=False):
    """So many more bytes of the body, or of messages, may come."""

    stream: int
    size: int


class Accepted(Struct, array_like=True, tag=5, gc=False):
    """The WebSocket is open."""

    stream: int
    subprotocol: str | None
    headers: Headers


class Said(Struct, array_like=True, tag=6, gc=False):
    """A message of a WebSocket, in either direction: text, or bytes."""

    stream: int
    text: str | None
    data: bytes | None

    @property
    def cost(self) -> int:
        """What it takes of the window, the same on both sides."""
        return MESSAGE_COST + len(self.data or self.text or "")


class Closed(Struct, array_like=True, tag=7, gc=False):
    """Close the WebSocket."""

    stream: int
    code: int
    reason: str


class Ended(Struct, array_like=True, tag=8, gc=False):
    """Nothing more comes of this stream, be it complete or not."""

    stream: int


# --- front to core ----------------------------------------------------------------------------------------


class Ready(Struct, array_like=True, tag=20, gc=False):
    """Connections are being taken, and root has been given up."""


class Connections(Struct, array_like=True, tag=21, gc=False):
    """So many are open."""

    count: int


class Asked(Struct, array_like=True, gc=False):
    """What a request and an upgrade have in common, as ASGI's scope has it."""

    stream: int
    scheme: str
    path: str
    raw_path: bytes
    query: bytes
    headers: Headers
    client: Address
    server: Address


class Request(Asked, array_like=True, tag=22, gc=False):
    """The headers of a request, and what is here of its body. target: see `protocol.TARGET`; mostly empty."""

    method: str
    version: str
    target: bytes
    kept: int
    body: bytes


class Upgrade(Asked, array_like=True, tag=23, gc=False):
    """The headers of an upgrade to a WebSocket."""

    subprotocols: list[str]


class Body(Struct, array_like=True, tag=24, gc=False):
    """More of the body of a request."""

    stream: int
    data: bytes
    more: bool


class Taken(Struct, array_like=True, tag=25, gc=False):
    """The client has taken so many bytes."""

    stream: int
    size: int


class Gone(Struct, array_like=True, tag=26, gc=False):
    """The client has left, or (code, reason) closed the WebSocket."""

    stream: int
    code: int = 1006
    reason: str = ""


ToFront = Drain | Answer | Piece | Wanted | Accepted | Said | Closed | Ended
ToCore = Ready | Connections | Request | Upgrade | Body | Said | Taken | Gone
Frame = Setup | ToFront | ToCore


# --- bytes ------------------------------------------------------------------------------------------------

_encoder: Final = msgspec.msgpack.Encoder()
_HEAD: Final = 4


class Malformed(Exception):
    """The other side does not speak as agreed."""


def encoded(frame: Frame) -> bytes:
    """The frame, ready to be sent."""
    payload = _encoder.encode(frame)
    return len(payload).to_bytes(_HEAD, "little") + payload


def size_of(head: bytes) -> int:
    """The length of the payload behind these 4 bytes."""
    return int.from_bytes(head, "little")


def largest_to_core(limits: Limits) -> int:
    """Bytes of a frame: headers, and a message or a part of a body as uvicorn has it between two reads."""
    return 4 * limits.header + limits.message + (1 << 20)


class Cutter:
    """Cuts a stream of bytes into the payloads of frames, none of them larger than this."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[memoryview]:
        """The payloads that are complete with these bytes. Raises Malformed."""
        if self._rest:
            data = self._rest + data
            self._rest = b""
        view, at, end = memoryview(data), 0, len(data)
        while end - at >= _HEAD:
            begin = at + _HEAD
            size = size_of(data[at:begin])
            if size > self._largest:
                raise Malformed(f"a frame of {size} bytes")
            if end - begin < size:
                break
            at = begin + size
            yield view[begin:at]
        if at < end:
            self._rest = data[at:]


to_front: Final = msgspec.msgpack.Decoder(ToFront)
to_core: Final = msgspec.msgpack.Decoder(ToCore)
setup: Final = msgspec.msgpack.Decoder(Setup)
