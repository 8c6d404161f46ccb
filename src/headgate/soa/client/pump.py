"""Items to bytes in a thread of their own, so that a slow source holds up nothing else and what is ready is
sent without waiting for what is not.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable
from typing import Final

AHEAD: Final = 256 * 1024
"""Bytes that are made ahead of what is taken."""


class Pump:
    """Pulls pieces out of a source until it is stopped. done: nothing more will come."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self._loop = asyncio.get_running_loop()
        self._something = asyncio.Event()
        self._changed = threading.Condition()
        self._ready: list[bytes] = []
        self._size = 0
        self._failure: BaseException | None = None
        self._stopped = False
        self.done = False
        threading.Thread(target=self._run, name="headgate-soa-items", daemon=True).start()

    def _run(self) -> None:
        try:
            for piece in self._pieces:
                with self._changed:
                    self._changed.wait_for(lambda: self._stopped or self._size < AHEAD)
                    if self._stopped:
                        return
                    self._ready.append(piece)
                    self._size += len(piece)
                    wake = len(self._ready) == 1
                if wake:
                    self._wake()
        except BaseException as error:  # noqa: BLE001  raised where the items are taken
            self._failure = error
        finally:
            with self._changed:
                self.done = True
            self._wake()

    def _wake(self) -> None:
        if not self._stopped:
            self._loop.call_soon_threadsafe(self._something.set)

    @property
    def is_empty(self) -> bool:
        """Nothing is ready and nothing will come."""
        with self._changed:
            return self.done and not self._ready and self._failure is None

    async def take(self) -> bytes:
        """What is ready, at least one piece; nothing when there is no more. Raises what the source raised."""
        while True:
            with self._changed:
                ready, self._ready, self._size = self._ready, [], 0
                done = self.done
                self._something.clear()
                self._changed.notify()
            if ready:
                return b"".join(ready)
            if done:
                if self._failure is not None:
                    raise self._failure
                return b""
            await self._something.wait()

    async def rest(self) -> AsyncIterator[bytes]:
        """All that is still to come."""
        while data := await self.take():
            yield data

    def stop(self) -> None:
        """Nobody wants any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
