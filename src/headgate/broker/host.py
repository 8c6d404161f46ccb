"""One host of a service, as the broker sees it: what it was given, how much it may be given, what it is told.

How much work lies ahead of a host follows its pace: as much as it does in a tenth of a second, so that quick
requests travel many together and slow ones wait where any host can take them.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from headgate.broker.batch import Batch, Pending
from headgate.formats import soa_link as link
from headgate.formats.soa_link import Leave, Recall, Task, ToHost, Work
from headgate.ports.broker import Channel

AHEAD_S: Final = 0.1
MOST: Final = 512
"""Requests that a host has at once, beyond what it does at once."""
BYTES: Final = 1024 * 1024
"""Of requests that a host has at once, but for one that is larger."""


class HostLink:
    """See the module. Times are of a clock that only goes forward, in seconds."""

    def __init__(self, instance: int, channel: Channel) -> None:
        self.instance = instance
        self.concurrency = 0
        """Requests that it does at once; 0: it is not ready yet."""
        self.given: dict[int, tuple[Batch, Pending]] = {}
        """What it has and has not answered, by id, in order."""
        self.leaving = False
        self.recalled = False
        self.moved = 0.0
        """When it last answered something, or was given something when it had nothing."""
        self._channel = channel
        self._outbox: list[ToHost] = []
        self._something = asyncio.Event()
        self._ids = 0
        self._size = 0
        self._pace = 1.0
        self._window = 0

    def ready(self, concurrency: int) -> None:
        """It takes requests now."""
        self.concurrency = max(1, min(concurrency, 1024))
        self._window = self.concurrency

    @property
    def room(self) -> int:
        """How many more requests it may be given."""
        if self.leaving or not self.concurrency or (self._size >= BYTES and self.given):
            return 0
        return self._window - len(self.given)

    @property
    def room_bytes(self) -> int:
        """And how large they may be together."""
        return max(1, BYTES - self._size)

    def give(self, batch: Batch, pendings: Iterable[Pending], now: float) -> None:
        """Hand these over."""
        if not self.given:
            self.moved = now
        tasks = []
        for pending in pendings:
            self._ids = (self._ids + 1) & 0xFFFFFFFF
            self.given[self._ids] = (batch, pending)
            self._size += len(pending.request.body)
            tasks.append(Task(self._ids, pending.request.action, pending.request.body))
        self._say(Work(tasks))

    def take(self, number: int) -> tuple[Batch, Pending] | None:
        """What it has answered or given back; None: it did not have it."""
        found = self.given.pop(number, None)
        if found is not None:
            self._size -= len(found[1].request.body)
        return found

    def answered(self, count: int, now: float) -> None:
        """It has answered so many more; its window follows."""
        self.recalled = False
        self._pace += 0.3 * ((now - self.moved) / count - self._pace)
        self.moved = now
        self._window = self.concurrency + min(MOST, int(AHEAD_S / max(self._pace, 1e-6)))

    def recall(self) -> None:
        """Have it give back what it has not begun."""
        self.recalled = True
        self._window = self.concurrency
        self._say(Recall())

    def start(self, message: link.Start) -> None:
        """Tell it what to start."""
        self._say(message)

    def leave(self) -> None:
        """Let it go."""
        if not self.leaving:
            self.leaving = True
            self._say(Leave())

    def _say(self, message: ToHost) -> None:
        self._outbox.append(message)
        self._something.set()

    async def sending(self) -> None:
        """Send what it is told, until it is gone. Raises HostGone."""
        while True:
            await self._something.wait()
            self._something.clear()
            messages, self._outbox = self._outbox, []
            for message in messages:
                for part in link.parts(message):
                    await self._channel.send(part)
