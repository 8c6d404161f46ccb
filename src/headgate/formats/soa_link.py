"""What broker and host say to each other: values, packed with MessagePack, in parts no larger than a
WebSocket of the server takes. Pure.

The host connects, and is told what to start (`Start`). It says when the service takes requests (`Ready`) or
why it never will (`Failed`). Then `Work` goes one way and `Done` the other, many requests in one message.
`Recall` asks for what was not begun yet, which comes back as `Returned`; `Leave` ends the host.
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

import msgspec
from msgspec import Struct

from headgate.core.soa import Registration

PART: Final = 192 * 1024
"""Bytes of one part; a message of the server's WebSocket may have 256 KiB."""
MORE: Final = b"\x01"
LAST: Final = b"\x00"


class Task(Struct, frozen=True, array_like=True):
    """One request. id: of the broker's, for this host."""

    id: int
    action: str
    body: bytes


class Outcome(Struct, frozen=True, array_like=True):
    """What became of a request. action: of the answer. timed_out: it took too long, and the host ends."""

    id: int
    action: str
    body: bytes
    timed_out: bool = False


class Start(Struct, frozen=True, array_like=True, tag="start"):
    """What the host is to start. operation_s: seconds that one request may take; None: no limit."""

    registration: Registration
    operation_s: float | None


class Ready(Struct, frozen=True, array_like=True, tag="ready"):
    """The service takes requests, `concurrency` at once."""

    concurrency: int


class Failed(Struct, frozen=True, array_like=True, tag="failed"):
    """The service did not start, or has ended by itself; the host ends too."""

    reason: str


class Work(Struct, frozen=True, array_like=True, tag="work"):
    """Requests to be done, in this order."""

    tasks: list[Task]


class Done(Struct, frozen=True, array_like=True, tag="done"):
    """Requests that are done."""

    outcomes: list[Outcome]


class Recall(Struct, frozen=True, array_like=True, tag="recall"):
    """Give back what the service was not given yet: another host has nothing to do."""


class Returned(Struct, frozen=True, array_like=True, tag="returned"):
    """The ids of requests that were not begun, and will not be."""

    ids: list[int]


class Leave(Struct, frozen=True, array_like=True, tag="leave"):
    """There is no more to do."""


ToHost: TypeAlias = Start | Work | Recall | Leave
FromHost: TypeAlias = Ready | Failed | Done | Returned

_encoder = msgspec.msgpack.Encoder()
to_host: msgspec.msgpack.Decoder[ToHost] = msgspec.msgpack.Decoder(ToHost)
from_host: msgspec.msgpack.Decoder[FromHost] = msgspec.msgpack.Decoder(FromHost)


def parts(message: ToHost | FromHost) -> Iterator[bytes]:
    """The message as it travels."""
    packed = _encoder.encode(message)
    if len(packed) <= PART:
        yield LAST + packed
        return
    for begin in range(0, len(packed), PART):
        mark = LAST if begin + PART >= len(packed) else MORE
        yield mark + packed[begin : begin + PART]


class Gathering:
    """Parts put together again."""

    def __init__(self, limit: int) -> None:
        """limit: bytes of a whole message."""
        self._limit = limit
        self._parts: list[bytes] = []
        self._size = 0

    def take(self, part: bytes) -> bytes | None:
        """The message, when this was its last part. Raises ValueError for one that is too large, and for a
        part that is none.
        """
        if not part:
            raise ValueError("a part of a message is empty")
        self._size += len(part)
        if self._size > self._limit:
            raise ValueError(f"a message is larger than {self._limit} bytes")
        self._parts.append(part[1:])
        if part[:1] != LAST:
            return None
        whole = b"".join(self._parts) if len(self._parts) > 1 else self._parts[0]
        self._parts, self._size = [], 0
        return whole
