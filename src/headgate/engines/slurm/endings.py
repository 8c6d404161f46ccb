"""Endings: what was asked to end is ended, gently first, then by force, as the account whose it is.

A server that is root ends everybody's jobs itself. By way of sudo it can be refused, and an owner can make a
scancel hang: so what is done as an account is done beside all else, one thing at a time for each, and tried
again a while after it failed. Nobody waits for somebody else's.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from headgate.core.errors import EngineUnavailable
from headgate.engines.slurm.cluster import Cluster
from headgate.engines.slurm.commands.scancel import Target
from headgate.engines.slurm.parts import Part
from headgate.engines.slurm.states import Stage

log = structlog.get_logger("headgate.engines.slurm")

AGAIN_S: Final = 5.0
"""After a scancel by way of sudo has failed. sudo may tell root of each that it refuses."""
PATIENCE_S: Final = 2.0
"""How long what is done as an account is waited for, by those who want to know."""
_BEGUN: Final = (Stage.STARTING, Stage.RUNNING, Stage.CLOSING)


@dataclass(slots=True)
class _Trouble:
    """Why nothing of an account's can be ended now, and when (monotonic) it is tried again."""

    reason: str
    again: float


class Endings:
    """See the module. done: called when something was ended."""

    def __init__(self, cluster: Cluster, done: Callable[[], None]) -> None:
        self._cluster = cluster
        self._done = done
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._troubles: dict[str, _Trouble] = {}
        self.stages: Mapping[tuple[str, int], Stage] = {}
        """Of what the last look showed, by part and instance."""

    async def close(self) -> None:
        """Nothing more is ended."""
        tasks = list(self._busy.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def trouble(self, part: Part) -> str:
        """Why this part can't be ended, though it was asked to; empty: it can, as far as is known."""
        found = self._troubles.get(part.account) if part.stops else None
        return f"Slurm: it can't be ended now: {found.reason}" if found is not None else ""

    async def enforce(
        self, parts: Collection[Part], put_back: Mapping[str, Sequence[int]] | None = None
    ) -> None:
        """End what was asked to of these, as far as it has come. put_back: what is ended by force as well, by
        parts. Raises EngineUnavailable, but not for what is another account's.
        """
        also = put_back or {}
        by_account: dict[str, list[Part]] = {}
        for part in parts:
            if part.job and (part.stops or part.name in also):
                by_account.setdefault(part.account, []).append(part)
        for part in by_account.pop("", ()):
            await self._part(part, also.get(part.name, ()))
        for account, theirs in by_account.items():
            trouble = self._troubles.get(account)
            if account in self._busy or (trouble is not None and trouble.again > time.monotonic()):
                continue
            self._begin(account, self._as(account, theirs, also)).add_done_callback(_heard)

    async def beside(self, account: str, work: Coroutine[None, None, None]) -> None:
        """Something else that is done as an account; empty: as the server. Raises what it raises, and
        EngineUnavailable while it, or what was begun before it, is not over.
        """
        if not account:
            await work
        elif account in self._busy:
            work.close()
            raise EngineUnavailable(f"Slurm is being asked as {account!r} already.")
        else:
            task = self._begin(account, work)
            if not (await asyncio.wait([task], timeout=PATIENCE_S))[0]:
                task.add_done_callback(_heard)
                raise EngineUnavailable(f"Slurm was asked as {account!r} and has not answered yet.")
            task.result()

    def _begin(self, account: str, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = self._busy[account] = asyncio.create_task(work, name="beside")
        task.add_done_callback(lambda _: self._busy.pop(account, None))
        return task

    async def _as(self, account: str, parts: Sequence[Part], put_back: Mapping[str, Sequence[int]]) -> None:
        try:
            for part in parts:
                await self._part(part, put_back.get(part.name, ()))
        except EngineUnavailable as error:
            if account not in self._troubles:
                log.warning("not_ended", account=account, reason=error.text)
            self._troubles[account] = _Trouble(error.text, time.monotonic() + AGAIN_S)
        else:
            if self._troubles.pop(account, None) is not None:
                log.info("ended_again", account=account)

    async def _part(self, part: Part, put_back: Sequence[int]) -> None:
        now = time.monotonic()
        asked = {one: stop for one, stop in part.stops.items() if stop.kill_at is not None}
        waiting = set(self.waiting(part, list(asked)))
        due = [one for one, stop in asked.items() if one in waiting or (stop.kill_at or 0.0) <= now]
        if ended := list(dict.fromkeys((*due, *put_back))):
            await self._end(part, ended)
        gently: dict[str, list[int]] = {}
        for one in self._begun(part, [one for one in asked if one not in due]):
            if asked[one].signal:
                gently.setdefault(asked[one].signal, []).append(one)
        for name, instances in gently.items():
            target = Target(part.job, part.elements(instances))
            await self._cluster.cancel([target], signal=name, account=part.account)
            for one in instances:
                asked[one].signal = ""

    async def _end(self, part: Part, instances: Sequence[int]) -> None:
        """End these by force, waiting or running. Raises EngineUnavailable."""
        # What is missing may have left its id to somebody else's job.
        there = [one for one in instances if one not in part.missing]
        if there:
            await self._cluster.cancel([Target(part.job, part.elements(there))], account=part.account)
        for instance in instances:
            stop = part.stops.get(instance)
            if stop is not None:
                stop.kill_at = None
        self._done()

    def waiting(self, part: Part, instances: Sequence[int]) -> list[int]:
        """Those of these instances that waited at the last look."""
        return [one for one in instances if self.stages.get((part.name, one)) is Stage.WAITING]

    def _begun(self, part: Part, instances: Sequence[int]) -> list[int]:
        """Those of these instances that had their nodes at the last look."""
        return [one for one in instances if self.stages.get((part.name, one)) in _BEGUN]


def _heard(task: "asyncio.Task[None]") -> None:
    """Nobody waits for it any more."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("late_answer", reason=str(error))
