"""How much of a stream may still be sent to the other side of the link."""

import asyncio
from typing import Any

from headgate.http.fronts.frames import WINDOW
from headgate.http.fronts.link import Link


class Window:
    """Room for what one side of a stream sends. It may be overdrawn by one message."""

    __slots__ = ("_link", "_more", "_room", "closed")

    def __init__(self, link: Link[Any], room: int = WINDOW) -> None:
        """room: in bytes."""
        self._link = link
        self._room = room
        # Made when somebody waits: a small request and its answer do not.
        self._more: asyncio.Event | None = None
        self.closed = False
        """Whether nothing that is sent matters any more."""

    def take(self, size: int) -> None:
        """So much is sent."""
        self._room -= size

    def add(self, size: int) -> None:
        """So much more may be sent."""
        self._room += size
        if self._more is not None:
            self._more.set()

    def close(self) -> None:
        """Nobody has to wait any more."""
        self.closed = True
        self.add(0)

    async def opened(self) -> None:
        """Wait until something may be sent, or it is closed."""
        while not self.closed and (self._room <= 0 or self._link.paused):
            if self._link.paused:
                await self._link.flowing()
                continue
            if self._more is None:
                self._more = asyncio.Event()
            self._more.clear()
            await self._more.wait()
