"""A world that examples of hypothesis share: what one of them does is what the next one finds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from tests.compliance.hpcpack.world import Response, World


class Sync:
    """A running job with a sweep (1) and an empty one (2); `ask` sends a request and waits for the answer."""

    def __init__(self, world: World, ask: Callable[..., Awaitable[Response]]) -> None:
        self._runner = asyncio.Runner()
        self._world = world
        self._ask = ask
        self._runner.run(self._fill())

    async def _fill(self) -> None:
        await self._world.open()
        await self._world.run_sweep()
        await self._world.job(Name="empty")

    def ask(self, *arguments: Any, **more: Any) -> Response:
        async def asked() -> Response:
            return await self._ask(*arguments, **more)

        return self._runner.run(asked())

    def close(self) -> None:
        self._runner.run(self._world.close())
        self._runner.close()
