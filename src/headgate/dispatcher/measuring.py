"""Once a minute: what the engine measures of its nodes is kept, and records that are too old are removed."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping

import structlog

from headgate.core.errors import HeadgateError
from headgate.core.figures import Figure, Figures
from headgate.ports.clock import Clock
from headgate.ports.engine import Gauge
from headgate.ports.store import Store, Transaction
from headgate.service.metrics import KEPT_US, cores_in_use

EVERY_S = 60.0
FIRST_S = 1.0
"""After the first question, which only says where to count from."""
ANSWER_S = 20.0
REMOVED_AT_ONCE = 500
_MOST_BATCHES = 20

log = structlog.get_logger("headgate.dispatcher")


class Measuring:
    """See the module.

    gauge: None where the engine measures nothing; the cores in use are known all the same. keep_operations_s:
    how long operations that were done are kept.
    """

    def __init__(self, store: Store, gauge: Gauge | None, clock: Clock, *, keep_operations_s: float) -> None:
        self._store = store
        self._gauge = gauge
        self._clock = clock
        self._keep_operations_us = round(keep_operations_s * 1e6)
        self._life: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin. Returns at once."""
        self._life = asyncio.create_task(self._live(), name="measuring")

    async def stop(self) -> None:
        """Measure no longer."""
        if self._life is not None:
            self._life.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._life

    async def _live(self) -> None:
        await self._guarded(self._figures)
        pause = FIRST_S
        while True:
            await asyncio.sleep(pause)
            pause = EVERY_S
            await self._guarded(self.measure)
            await self._guarded(self.forget_old)

    async def _guarded(self, act: Callable[[], Awaitable[object]]) -> None:
        try:
            await act()
        except HeadgateError as error:
            log.warning("not_measured", reason=error.text)
        except Exception:  # a bug here must not stop it for ever; it is told in full
            log.exception("broken", what="measure")

    async def measure(self) -> None:
        """Take one sample of everything. Raises StoreUnavailable."""
        figures = await self._figures()

        def keep(tx: Transaction) -> None:
            nodes = [node.name for node in tx.nodes() if node.reachable]
            known = {name.casefold(): mine for name, mine in figures.items()}
            values: dict[Figure, dict[str, float]] = {
                figure: {
                    name: mine[figure] for name in nodes if figure in (mine := known.get(name.casefold(), {}))
                }
                for figure in Figure
            }
            values[Figure.CORES_IN_USE] = cores_in_use(nodes, tx.intents())
            tx.add_samples({figure: by_node for figure, by_node in values.items() if by_node})

        await self._store.write(keep)

    async def _figures(self) -> Mapping[str, Figures]:
        if self._gauge is None:
            return {}
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._gauge.figures()
        except (HeadgateError, TimeoutError) as error:
            log.warning("no_figures", reason=str(error))
            return {}

    async def forget_old(self) -> None:
        """Remove operations and samples whose time is over. Raises StoreUnavailable."""
        now = self._clock.now()

        def forget(tx: Transaction) -> int:
            return tx.remove_records(
                operations_before=now - self._keep_operations_us,
                samples_before=now - KEPT_US,
                limit=REMOVED_AT_ONCE,
            )

        for _ in range(_MOST_BATCHES):
            if await self._store.write(forget) < REMOVED_AT_ONCE:
                return
