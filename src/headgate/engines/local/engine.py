"""LocalEngine: the `Engine` port, spoken to the shepherd.

It keeps nothing itself. When the connection breaks, every call raises EngineUnavailable until `open` has
been called again; if the shepherd was replaced meanwhile, `find` tells what had been taken.
"""

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from headgate.core.errors import BadRequest, EngineUnavailable
from headgate.core.figures import Figures
from headgate.engines.local import figures
from headgate.engines.local.connection import Connection, ShepherdGone, connect
from headgate.engines.local.launching import prepare_directory, start_shepherd
from headgate.engines.local.machine import nodes_of
from headgate.engines.local.options import Options
from headgate.engines.local.program import LIMITS
from headgate.engines.local.signals import signal_number
from headgate.engines.local.wire import (
    VERSION,
    Allowance,
    Allowances,
    Answers,
    Cancel,
    Done,
    Find,
    FindAnswer,
    Hello,
    Limits,
    Observe,
    ObserveAnswer,
    Recall,
    Reply,
    Submit,
    Welcome,
)
from headgate.ports.engine import (
    Ability,
    Accepted,
    Found,
    Key,
    NodeSighting,
    Refused,
    Sightings,
    Submission,
    Uncertain,
)

_START_S = 15.0
_ANSWER_S = 15.0
_OBSERVE_S = 1.0

_R = TypeVar("_R", bound=Reply)


class LocalEngine:
    """Tasks on this machine. `directory` belongs to the engine alone: sockets, journals, locks."""

    name = "local"
    abilities = frozenset(
        {Ability.NODE_STATE, Ability.LIVE_OUTPUT, Ability.RECALL, Ability.FIGURES, Ability.WALL_TIME}
    )

    def __init__(self, directory: Path, options: Options) -> None:
        self._directory = directory.absolute()
        self._options = options
        self._connection: Connection | None = None
        self._opening = asyncio.Lock()
        self._looked: figures.Look | None = None

    async def open(self) -> None:
        """See Engine. Starts a shepherd if none is running."""
        async with self._opening:
            if self._connection is not None and not self._connection.lost:
                return
            self._connection = None
            prepare_directory(self._directory)
            until = time.monotonic() + _START_S
            start_at = 0.0
            while True:
                try:
                    self._connection = await self._introduce()
                    return
                except ShepherdGone:
                    now = time.monotonic()
                    if now > until:
                        raise EngineUnavailable(
                            f"The shepherd does not answer; see {self._directory / 'shepherd.log'}."
                        ) from None
                    if now > start_at:
                        await asyncio.to_thread(start_shepherd, self._directory)
                        start_at = now + _START_S / 2
                    await asyncio.sleep(0.01)

    async def _introduce(self) -> Connection:
        connection = await connect(self._directory)
        limits = Limits(
            min_uid=self._options.min_uid,
            capture_limit=self._options.capture_limit,
            idle_worker_s=self._options.idle_worker_s,
            idle_exit_s=self._options.idle_exit_s,
            scratch=self._options.scratch,
        )
        try:
            # The clock since boot is one for all processes of a machine: the later server's is greater.
            epoch = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            hello = Hello(connection.next_number, VERSION, epoch, limits)
            welcome = _expect(Welcome, await connection.ask(hello, _ANSWER_S))
            if welcome.version != VERSION:
                raise ShepherdGone("The shepherd is of another version and has stepped down.")
        except BaseException:
            await connection.close()
            raise
        return connection

    async def close(self) -> None:
        """See Engine."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def submit(self, submissions: Sequence[Submission]) -> Sequence[Accepted | Refused | Uncertain]:
        """See Engine."""
        answers: dict[int, Accepted | Refused | Uncertain] = {}
        for position, submission in enumerate(submissions):
            if reason := _fault_of(submission):
                answers[position] = Refused(reason)
        good = [position for position in range(len(submissions)) if position not in answers]
        try:
            connection = self._connected()
            request = Submit(connection.next_number, tuple(submissions[position] for position in good))
            reply = _expect(Answers, await connection.ask(request, _ANSWER_S))
        except EngineUnavailable as error:
            answers.update((position, Uncertain(error.text)) for position in good)
        except (UnicodeEncodeError, OverflowError):
            if len(good) > 1:
                return [(await self.submit([submission]))[0] for submission in submissions]
            answers.update((position, Refused("Its text is not valid Unicode.")) for position in good)
        else:
            for position, refusal in zip(good, reply.refusals, strict=True):
                answers[position] = Refused(refusal) if refusal else Accepted()
        return [answers[position] for position in range(len(submissions))]

    async def find(self, tags: Mapping[int, str]) -> Mapping[int, Found]:
        """See Engine. After a restart of the machine: ask for all open intents before submitting any."""
        connection = self._connected()
        reply = await connection.ask(Find(connection.next_number, dict(tags)), _ANSWER_S)
        return _expect(FindAnswer, reply).found

    async def observe(self, since: int) -> Sightings:
        """See Engine."""
        connection = self._connected()
        request = Observe(connection.next_number, since, _OBSERVE_S)
        return _expect(ObserveAnswer, await connection.ask(request, _OBSERVE_S + _ANSWER_S)).sightings

    async def cancel(self, keys: Collection[Key], *, stop_signal: str, grace_s: float, forced: bool) -> None:
        """See Engine."""
        number = signal_number(stop_signal)
        if number is None:
            raise BadRequest(f"There is no signal {stop_signal!r}.")
        connection = self._connected()
        request = Cancel(connection.next_number, tuple(keys), number, grace_s, forced)
        _expect(Done, await connection.ask(request, _ANSWER_S))

    async def recall(self, keys: Collection[Key]) -> None:
        """See Engine."""
        connection = self._connected()
        _expect(Done, await connection.ask(Recall(connection.next_number, tuple(keys)), _ANSWER_S))

    async def allow(self, wall_times: Mapping[Key, float | None]) -> None:
        """See Engine."""
        connection = self._connected()
        allowed = tuple(Allowance(key, wall_time_s) for key, wall_time_s in wall_times.items())
        _expect(Done, await connection.ask(Allowances(connection.next_number, allowed), _ANSWER_S))

    async def nodes(self) -> Sequence[NodeSighting]:
        """See Engine."""
        return nodes_of(self._options)

    async def figures(self) -> Mapping[str, Figures]:
        """See Gauge. Logical nodes share the machine, so each has the figures of the machine."""
        before, self._looked = self._looked, figures.read(time.monotonic())
        known = {} if before is None else figures.figures_between(before, self._looked)
        return {node.name: known for node in nodes_of(self._options)}

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.lost:
            raise EngineUnavailable("The engine is not open: there is no connection to the shepherd.")
        return self._connection


def _expect(kind: type[_R], reply: Reply) -> _R:
    if not isinstance(reply, kind):
        raise EngineUnavailable(f"The shepherd answered with a {type(reply).__name__}.")
    return reply


def _fault_of(submission: Submission) -> str:
    for item in submission.items:
        launch = item.launch
        for name in (launch.stop_signal, launch.limit_signal, launch.warning_signal):
            if name and signal_number(name) is None:
                return f"There is no signal {name!r}."
        if not launch.stop_signal:
            return "There is no stop signal."
        for name, _ in launch.limits:
            if name not in LIMITS:
                return f"There is no limit {name!r}."
    return ""
