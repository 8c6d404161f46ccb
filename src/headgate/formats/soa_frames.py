"""What a host and the service it has started say to each other, over a socket: frames with their length in
front. Pure; documented for authors of services in docs/reference/soa-protocol.md.

    length   4 bytes    of all that follows
    kind     1 byte     R request, T request in plain text, A answer, F fault, H hello
    id       4 bytes    of the request
    action   2 bytes of length, then UTF-8
    body     the rest

Numbers have their most significant byte first.
"""

import struct
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

HEAD: Final = struct.Struct(">IBIH")
REQUEST: Final = ord("R")
TEXT: Final = ord("T")
"""A request of the generic operation: its body is the text, and so is that of its answer."""
ANSWER: Final = ord("A")
FAULT: Final = ord("F")
HELLO: Final = ord("H")
_BEHIND_LENGTH: Final = HEAD.size - 4
LONGEST: Final = 64 * 1024 * 1024
"""Bytes of one frame."""


class Frame(Struct, frozen=True):
    """One frame. Of a hello, id is how many requests the service takes at once."""

    kind: int
    id: int
    action: str = ""
    body: bytes = b""


def pack(kind: int, number: int, action: str = "", body: bytes = b"") -> bytes:
    """A frame as it travels. Raises ValueError for an action that is too long."""
    said = action.encode()
    if len(said) > 0xFFFF:
        raise ValueError("an action is longer than 65,535 bytes")
    return HEAD.pack(_BEHIND_LENGTH + len(said) + len(body), kind, number, len(said)) + said + body


class Splitter:
    """A stream cut into frames."""

    def __init__(self) -> None:
        self._left = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now. Raises ValueError when it is no such stream."""
        left = self._left
        left += data
        at = 0
        while len(left) - at >= HEAD.size:
            length, kind, number, said = HEAD.unpack_from(left, at)
            if length < _BEHIND_LENGTH + said or length > LONGEST:
                raise ValueError(f"a frame says that it has {length} bytes, {said} of them its action's")
            end = at + 4 + length
            if len(left) < end:
                break
            body = at + HEAD.size + said
            try:
                action = left[at + HEAD.size : body].decode()
            except UnicodeDecodeError:
                raise ValueError("an action is not UTF-8") from None
            yield Frame(kind, number, action, bytes(left[body:end]))
            at = end
        del left[:at]
