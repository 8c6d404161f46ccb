"""The queue of changes: many hand in, the writer takes all that is there.

A writer that waits is woken for the first order and then when as many are there as it hopes for, not for each
of them: every time it wakes it takes a turn of the interpreter from whoever is handing in.
"""

import sys
from collections import deque
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from headgate.ports.clock import Clock

T = TypeVar("T")


class Orders(Generic[T]):
    """See the module. `put` is for any thread, the rest for the one that takes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._orders: deque[T] = deque()
        self._enough = sys.maxsize
        """How many there must be for the bell to ring."""
        self._bell: SimpleQueue[None] = SimpleQueue()

    def __len__(self) -> int:
        return len(self._orders)

    def put(self, order: T) -> None:
        """Hand in."""
        self._orders.append(order)
        if len(self._orders) >= self._enough:
            self._bell.put(None)

    def take(self, hoped_for: int, patience_s: float, most: int) -> list[T]:
        """The orders that are there, at least one and at most so many; from the first one on, a moment is
        given to as many as are hoped for.
        """
        self._wait(1, None)
        if len(self._orders) < min(hoped_for, most) and patience_s > 0:
            self._wait(min(hoped_for, most), patience_s)
        return [self._orders.popleft() for _ in range(min(len(self._orders), most))]

    def _wait(self, count: int, patience_s: float | None) -> None:
        """Wait until so many are there; None: however long it takes."""
        until = 0.0 if patience_s is None else self._clock.monotonic() + patience_s
        # Looked at after it is set: whoever hands in before it is seen, and whoever does later rings. A ring
        # that came too late for an earlier wait is one look more.
        self._enough = count
        while len(self._orders) < count:
            left = None if patience_s is None else until - self._clock.monotonic()
            if left is not None and left <= 0:
                break
            try:
                self._bell.get(timeout=left)
            except Empty:
                break
        self._enough = sys.maxsize
