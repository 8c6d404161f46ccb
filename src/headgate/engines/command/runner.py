"""The runner: what an engine has its commands run by."""

import asyncio
from collections.abc import Mapping
from typing import Final

from headgate.engines.command import sudo
from headgate.engines.command.hand import Hand
from headgate.engines.command.outcomes import BASE, Command, Outcome, Run, not_run

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of standard output, and of standard error. 200,000 rows of squeue are 40 MB."""


class Runner:
    """Runs commands, some at once; the others wait their turn. Its process is started with the first.

    environment: what all of them get besides `BASE` (SLURM_CONF, or another PATH). most_at_once: how many
    run at the same time. become: the command that becomes another account (`sudo.words`).
    """

    def __init__(
        self,
        environment: Mapping[str, str] | None = None,
        *,
        most_at_once: int = 8,
        most_bytes: int = MOST_BYTES,
        become: str = "sudo",
    ) -> None:
        self._environment = {**BASE, **(environment or {})}
        self._most_at_once = most_at_once
        self._turns = asyncio.Semaphore(most_at_once)
        self._most_bytes = most_bytes
        self._become = become
        self._hand: Hand | None = None
        self._starting = asyncio.Lock()

    async def run(
        self, command: Command, *, deadline_s: float, account: str = "", gid: int | None = None
    ) -> Outcome:
        """Run it to its end, its output read whole. Never raises for what the command does.

        account: the account that it runs as by way of sudo, with this group; empty for the server's own. The
        deadline counts from its start, not from when it began to wait for its turn. Cancelled, it kills the
        command.
        """
        environment = {**self._environment, **command.environment}
        before: tuple[str, ...] = ()
        if account:
            # sudo(8): it makes an environment of its own, and a path.
            before = sudo.words(self._become, account, gid, environment.keys() - {"PATH"})
        run = Run(0, command, environment, before, deadline_s, self._most_bytes)
        async with self._turns:
            try:
                hand = await self._ready()
            except OSError as error:
                return not_run(command.argv[0], error)
            return await hand.run(run)

    async def close(self) -> None:
        """End what runs, and the process with it. The next command starts another."""
        hand, self._hand = self._hand, None
        if hand is not None:
            await hand.close()

    async def _ready(self) -> Hand:
        async with self._starting:
            if self._hand is None or self._hand.gone:
                if self._hand is not None:
                    await self._hand.close()
                self._hand = await Hand.start(self._most_at_once)
            return self._hand
