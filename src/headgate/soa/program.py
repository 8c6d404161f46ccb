"""The service as a program of its own, seen from its host: started with one end of a pair of sockets, fed
with requests, several ahead, watched, ended.

What has begun is known by order: a service does `concurrency` requests at once and takes them as they come,
so that of those it was given and has not answered, the oldest are what it is doing.
"""

import asyncio
import os
import signal
import socket
import sys
from asyncio import subprocess
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final

from headgate.core.errors import BadRequest
from headgate.core.soa import TICKET, Registration
from headgate.formats import soa_bodies as bodies
from headgate.formats.soa_frames import ANSWER, FAULT, HELLO, REQUEST, TEXT, Splitter, pack
from headgate.formats.soa_link import Outcome, Task

AHEAD_S: Final = 0.01
"""A service is given so much work ahead, that it need not wait for its host."""
MOST_AHEAD: Final = 64
END_S: Final = 3.0
"""Seconds for a service to end by itself once its host has hung up."""


class ServiceEnded(Exception):
    """The program has ended, or said what makes no sense; `args[0]` tells which."""


class Given(asyncio.Protocol):
    """The requests a service has, and its answers.

    on_done: is told what is done. on_end: that the service has hung up, and why if it is known (else empty).
    """

    def __init__(self, on_done: Callable[[list[Outcome]], None], on_end: Callable[[str], None]) -> None:
        self.concurrency = 0
        self.hello: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.waiting: deque[Task] = deque()
        self._given: dict[int, tuple[Task, float]] = {}
        """By id, in order: the request, and since when the service is at it (0: not yet)."""
        self._on_done = on_done
        self._on_end = on_end
        self._splitter = Splitter()
        self._transport: asyncio.WriteTransport | None = None
        self._pace = 1.0
        self._moved = 0.0
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """The service says something."""
        done: list[Outcome] = []
        try:
            for frame in self._splitter.feed(data):
                if frame.kind == HELLO:
                    if not self.hello.done():
                        self.hello.set_result(max(1, min(frame.id, 1024)))
                    continue
                done.append(self._outcome(frame.kind, frame.id, frame.action, frame.body))
        except ValueError as error:
            self._end(f"The service broke the protocol: {error}.")
        if done:
            now = monotonic()
            self._pace += 0.2 * ((now - self._moved) / len(done) - self._pace)
            self._moved = now
            self._on_done(done)
            self.feed()

    def connection_lost(self, error: Exception | None) -> None:
        """The service has hung up."""
        self._end("")

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = True
            if not self.hello.done():
                self.hello.cancel()
            self._on_end(reason)

    def _outcome(self, kind: int, number: int, action: str, body: bytes) -> Outcome:
        found = self._given.pop(number, None)
        if found is None:
            raise ValueError(f"it answers request {number}, which it does not have")
        task = found[0]
        if kind == FAULT:
            return Outcome(number, bodies.FAULT_ACTION, bodies.fault(body.decode("utf-8", "replace")))
        if kind != ANSWER:
            raise ValueError(f"a frame of the kind {chr(kind)!r}")
        if not bodies.is_generic(task.action):
            try:
                bodies.check(body)
            except BadRequest as error:
                reason = f"The service answered with what is no XML. {error.text}"
                return Outcome(number, bodies.FAULT_ACTION, bodies.fault(reason))
        else:
            body = bodies.generic_answer(body.decode("utf-8", "replace"))
        return Outcome(number, action or f"{task.action}Response", body)

    # ---- giving

    def feed(self) -> None:
        """Give the service what it may have now."""
        if self._transport is None or self._ended or not self.concurrency:
            return
        ahead = min(MOST_AHEAD, int(AHEAD_S / max(self._pace, 1e-6)))
        frames: list[bytes] = []
        while self.waiting and len(self._given) < self.concurrency + ahead:
            if not self._given:
                self._moved = monotonic()
            task = self.waiting.popleft()
            try:
                frames.append(_frame(task))
            except (BadRequest, ValueError) as error:
                self._on_done([Outcome(task.id, bodies.FAULT_ACTION, bodies.fault(str(error), "Sender"))])
                continue
            self._given[task.id] = (task, 0.0)
        if frames:
            self._transport.write(b"".join(frames))

    def overdue(self, limit_s: float) -> list[int]:
        """The requests that the service has been at for longer than this."""
        now, late = monotonic(), []
        for number in self._running():
            task, since = self._given[number]
            if not since:
                self._given[number] = (task, now)
            elif now - since > limit_s:
                late.append(number)
        return late

    def take_back(self) -> list[int]:
        """The ids of what was not given to the service; it is forgotten."""
        ids = [task.id for task in self.waiting]
        self.waiting.clear()
        return ids

    def not_begun(self) -> list[int]:
        """The ids of all that the service, which is gone, had not begun."""
        return [*list(self._given)[self.concurrency :], *self.take_back()]

    def _running(self) -> list[int]:
        return [number for number, _ in zip(self._given, range(self.concurrency), strict=False)]

    def hang_up(self) -> None:
        """No more requests: a service that is well ends now."""
        if self._transport is not None:
            self._transport.close()


def _frame(task: Task) -> bytes:
    if bodies.is_generic(task.action):
        return pack(TEXT, task.id, task.action, bodies.generic_text(task.body).encode())
    return pack(REQUEST, task.id, task.action, task.body)


class Program:
    """A service that was started."""

    def __init__(self, process: subprocess.Process, given: Given) -> None:
        self.process = process
        self.given = given

    async def ready(self, start_s: float) -> int:
        """How many requests it takes at once, as it says. Raises ServiceEnded."""
        try:
            async with asyncio.timeout(start_s):
                return await self.given.hello
        except TimeoutError:
            raise ServiceEnded(f"The service was not ready in {start_s:g} s.") from None
        except asyncio.CancelledError:
            if self.given.hello.cancelled():
                raise ServiceEnded(await self.obituary()) from None
            raise

    async def obituary(self) -> str:
        """How it ended; it is given a moment to."""
        try:
            async with asyncio.timeout(END_S):
                code = await self.process.wait()
        except TimeoutError:
            return "The service hung up and goes on running."
        if code < 0:
            try:
                return f"The service was killed by {signal.Signals(-code).name}."
            except ValueError:
                return f"The service was killed by signal {-code}."
        return f"The service has ended with exit status {code}."

    async def end(self, *, at_once: bool) -> None:
        """Let it end, or make it."""
        self.given.hang_up()
        try:
            async with asyncio.timeout(0 if at_once else END_S):
                await self.process.wait()
        except TimeoutError:
            try:
                self.process.kill()
            except ProcessLookupError:
                pass
            await self.process.wait()


async def start(
    registration: Registration,
    on_done: Callable[[list[Outcome]], None],
    on_end: Callable[[str], None],
) -> Program:
    """Start a service. Raises ServiceEnded when it can't be."""
    ours, theirs = socket.socketpair()
    environment = {
        **{name: value for name, value in os.environ.items() if name != TICKET},
        **dict(registration.environment),
        "SOA_FD": str(theirs.fileno()),
        "SOA_SERVICE": registration.name,
        "SOA_SERVICE_VERSION": registration.version,
    }
    command = registration.command
    if registration.python:
        # -P: a module of the same name that lies in the work directory is not taken for ours.
        command = (sys.executable, "-P", "-m", "headgate.soa.child", registration.python)
        environment["SOA_PYTHON_PATH"] = os.pathsep.join(registration.python_path)
    ours.setblocking(False)
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                env=environment,
                cwd=registration.work_directory or None,
            )
    except OSError as error:
        ours.close()
        raise ServiceEnded(f"{command[0]} can't be started: {error.strerror}.") from None
    loop = asyncio.get_running_loop()
    _, given = await loop.create_connection(lambda: Given(on_done, on_end), sock=ours)
    return Program(process, given)
