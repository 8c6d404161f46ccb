"""A second event loop, in a thread: where processes are started and attended to.

uvloop starts a process by fork, for which the kernel copies the page tables of the whole server while all
clients wait (15 ms with 150 MB); the library's loop does it by vfork (0.5 ms).
"""

import asyncio
import functools
import threading
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


async def elsewhere(work: Coroutine[None, None, T]) -> T:
    """What this gives, awaited over there. Cancelled, it is cancelled there, and has ended when this ends."""
    here, there = asyncio.get_running_loop(), _loop()
    ended: asyncio.Future[asyncio.Task[T]] = here.create_future()
    tasks: list[asyncio.Task[T]] = []

    def begin() -> None:
        tasks.append(there.create_task(work))
        tasks[0].add_done_callback(lambda task: here.call_soon_threadsafe(ended.set_result, task))

    def end() -> None:
        tasks[0].cancel()

    there.call_soon_threadsafe(begin)
    try:
        return (await asyncio.shield(ended)).result()
    except asyncio.CancelledError:
        there.call_soon_threadsafe(end)
        await asyncio.wait([ended])
        raise


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.SelectorEventLoop()
    threading.Thread(target=loop.run_forever, name="processes", daemon=True).start()
    return loop
