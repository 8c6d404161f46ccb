"""The connection between a front and the core, the same at both ends.

What is said in one turn of the event loop goes out in one write.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, cast

import msgspec

from headgate.http.fronts.frames import Cutter, Frame, Malformed, encoded

F_co = TypeVar("F_co", covariant=True)
F_contra = TypeVar("F_contra", contravariant=True)
F = TypeVar("F")


class _Decoder(Protocol[F_co]):
    def decode(self, payload: memoryview, /) -> F_co: ...


class Listener(Protocol[F_contra]):
    """Who is told what the other side says."""

    def heard(self, frame: F_contra) -> None:
        """A frame has come. Raises Malformed if it makes no sense."""

    def hung_up(self, reason: str) -> None:
        """There is no other side any more; nothing else comes. reason: empty unless it broke the rules."""


class Link(asyncio.Protocol, Generic[F]):
    """One end of a connection. decoder: of what comes in. largest: bytes of a frame that may come."""

    def __init__(self, decoder: _Decoder[F], listener: Listener[F], largest: int) -> None:
        self._decode = decoder.decode
        self._heard = listener.heard
        self._hung_up = listener.hung_up
        self._loop = asyncio.get_running_loop()
        self._cutter = Cutter(largest)
        self._out: list[bytes] = []
        self._before: list[Callable[[], None]] = []
        self._scheduled = False
        self._transport: asyncio.Transport | None = None
        self._broken = ""
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.paused = False
        """Whether more has been said than the other side has read; say no more than one must."""

    def send(self, frame: Frame) -> None:
        """Say this at the end of this turn of the loop."""
        self._out.append(encoded(frame))
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def before_flush(self, call: Callable[[], None]) -> None:
        """Call this at the end of this turn, before what was said goes out."""
        self._before.append(call)
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    @property
    def connected(self) -> bool:
        """Whether what is said can reach anybody."""
        return self._transport is not None

    async def flowing(self) -> None:
        """Wait until the other side keeps up, or is gone."""
        await self._flowing.wait()

    def close(self) -> None:
        """Hang up when what was said is out."""
        self._flush()
        if self._transport is not None:
            self._transport.close()

    def _flush(self) -> None:
        if self._before:
            before, self._before = self._before, []
            for call in before:
                call()
        self._scheduled = False
        out, self._out = self._out, []
        if out and self._transport is not None:
            self._transport.write(b"".join(out) if len(out) > 1 else out[0])

    # ---- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        try:
            for payload in self._cutter.feed(data):
                self._heard(self._decode(payload))
        except (Malformed, msgspec.MsgspecError) as error:
            self._broken = f"what came is no frame: {error}"
            if self._transport is not None:
                self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """See asyncio."""
        self._transport = None
        self.resume_writing()
        self._hung_up(self._broken)

    def pause_writing(self) -> None:
        """See asyncio."""
        self.paused = True
        self._flowing.clear()

    def resume_writing(self) -> None:
        """See asyncio."""
        self.paused = False
        self._flowing.set()
