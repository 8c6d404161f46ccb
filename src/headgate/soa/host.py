"""The host of a service: the program that an instance of a session's Service task runs
(`python -m headgate.soa.host`).

It reads its ticket and removes it, connects to the broker, is told what to start, starts it (`program.py`)
and carries requests to it and answers back, until the broker lets it go, the service ends, or the broker is
not there any more. It keeps nothing: what was not answered when it ends is given to another host.
"""

import asyncio
import os
import signal
import ssl
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from headgate.core.soa import HOST_PATH, TICKET, Ticket
from headgate.formats import soa_link as link
from headgate.formats.soa_link import (
    Done,
    Failed,
    FromHost,
    Leave,
    Outcome,
    Ready,
    Recall,
    Returned,
    Start,
    Work,
)
from headgate.soa.program import Program, ServiceEnded, start

LEFT, FAILED, REFUSED = 0, 1, 2
"""Exit statuses: let go by the broker, or it was lost, which is no fault of the service; the service failed;
the server can't be reached, or does not take this host in.
"""
LOST: Final = LEFT
TRY_S: Final = 30.0
"""Seconds for which the server is looked for."""
GATHER_S: Final = 0.001
"""Under load, answers wait so long for others to go with."""
LARGEST: Final = 512 * 1024
"""Bytes of answers in one message, but for one that is larger itself."""


class Host:
    """See the module."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._done: list[Outcome] = []
        self._something = asyncio.Event()
        self._ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._limit_s: float | None = None
        self._closing = False
        self._saying = asyncio.Lock()
        """Held for a whole message, whose parts belong together."""

    async def run(self) -> int:
        """Be a host until the end. The exit status."""
        first = await self._receive(link.Gathering(1 << 30))
        if not isinstance(first, Start):
            return REFUSED
        self._limit_s = first.operation_s
        try:
            program = await start(first.registration, self._take, self._service_ended)
        except ServiceEnded as reason:
            return await self._fail(str(reason))
        try:
            try:
                program.given.concurrency = await program.ready(first.registration.limits.start_s)
            except ServiceEnded as reason:
                return await self._fail(str(reason))
            await self._say(Ready(program.given.concurrency))
            return await self._serve(program)
        finally:
            await program.end(at_once=True)

    async def _serve(self, program: Program) -> int:
        receiving = asyncio.create_task(self._receiving(program))
        sending = asyncio.create_task(self._sending(program))
        watching = asyncio.create_task(self._watching(program))
        first: list[asyncio.Future[Any]] = [receiving, sending, watching, self._ended]
        try:
            await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
            if sending.done() or (receiving.done() and receiving.exception() is not None):
                return LOST
            self._closing = True
            self._something.set()
            await sending
            if receiving.done():
                await program.end(at_once=False)
                return LEFT
            await self._say(Returned(program.given.not_begun()))
            if watching.done():
                return await self._fail("A request took too long.")
            return await self._fail(self._ended.result() or await program.obituary())
        finally:
            for task in (receiving, sending, watching):
                task.cancel()
            await asyncio.gather(receiving, sending, watching, return_exceptions=True)

    # ---- from the broker

    async def _receiving(self, program: Program) -> None:
        """Until the broker lets go. Raises ConnectionClosed."""
        gathering = link.Gathering(1 << 30)
        while True:
            message = await self._receive(gathering)
            if isinstance(message, Work):
                program.given.waiting += message.tasks
                program.given.feed()
            elif isinstance(message, Recall):
                await self._say(Returned(program.given.take_back()))
            elif isinstance(message, Leave):
                return

    async def _receive(self, gathering: link.Gathering) -> link.ToHost:
        while True:
            part = await self._socket.recv(decode=False)
            whole = gathering.take(part)
            if whole is not None:
                return link.to_host.decode(whole)

    # ---- to the broker

    def _take(self, outcomes: list[Outcome]) -> None:
        self._done += outcomes
        self._something.set()

    async def _sending(self, program: Program) -> None:
        while not self._closing:
            await self._something.wait()
            if program.given.waiting and not self._closing:
                await asyncio.sleep(GATHER_S)
            await self._flush()

    async def _flush(self) -> None:
        self._something.clear()
        done, self._done = self._done, []
        some: list[Outcome] = []
        size = 0
        for one in done:
            if some and size + len(one.body) > LARGEST:
                await self._say(Done(some))
                some, size = [], 0
            some.append(one)
            size += len(one.body)
        if some:
            await self._say(Done(some))

    async def _say(self, message: FromHost) -> None:
        async with self._saying:
            for part in link.parts(message):
                await self._socket.send(part)

    async def _fail(self, reason: str) -> int:
        print(f"headgate: {reason}", file=sys.stderr, flush=True)
        await self._say(Failed(reason))
        return FAILED

    # ---- the service

    def _service_ended(self, reason: str) -> None:
        if not self._ended.done():
            self._ended.set_result(reason)

    async def _watching(self, program: Program) -> None:
        """Until a request has taken too long."""
        limit_s = self._limit_s
        while True:
            await asyncio.sleep(3600 if limit_s is None else min(1.0, limit_s / 10))
            if limit_s is not None and (late := program.given.overdue(limit_s)):
                self._done += [Outcome(number, "", b"", timed_out=True) for number in late]
                return


async def main() -> int:
    """Connect with the ticket that a variable names, and be a host."""
    ticket = _ticket()
    if ticket is None:
        return REFUSED
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, lambda: task.cancel() if task else None)
    try:
        socket = await _connected(ticket)
        if socket is None:
            return REFUSED
        async with socket:
            return await Host(socket).run()
    except ConnectionClosed:
        return LOST
    except asyncio.CancelledError:
        return LEFT


async def _connected(ticket: Ticket) -> ClientConnection | None:
    """The connection; None when the server will not have it. Tries for a while: it may be starting."""
    url = "ws" + ticket.url.removeprefix("http") + HOST_PATH
    proof = f"{ticket.session}.{ticket.instance}.{ticket.intent}.{ticket.proof}"
    until = asyncio.get_running_loop().time() + TRY_S
    pause = 0.1
    while True:
        try:
            return await connect(
                url,
                additional_headers={"Authorization": f"SOA-Host {proof}"},
                ssl=_tls(ticket),
                compression=None,
                max_size=None,
                proxy=None,
            )
        except InvalidStatus as error:
            if error.response.status_code < 500:
                print(f"headgate: the server refused: {error}.", file=sys.stderr)
                return None
            reason: Exception = error
        except (OSError, InvalidHandshake, TimeoutError) as error:
            reason = error
        if asyncio.get_running_loop().time() + pause > until:
            print(f"headgate: {ticket.url} can't be reached: {reason}.", file=sys.stderr)
            return None
        await asyncio.sleep(pause)
        pause = min(2.0, pause * 2)


def _tls(ticket: Ticket) -> ssl.SSLContext | None:
    if not ticket.url.startswith("https:"):
        return None
    context = ssl.create_default_context()
    if ticket.certificate:
        # The server's own certificate is believed as it is, whoever signed it.
        context.load_verify_locations(cadata=ticket.certificate)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = ticket.named
    return context


def _ticket() -> Ticket | None:
    """The ticket, whose file is removed: it is good once."""
    path = Path(os.environ.pop(TICKET, ""))
    try:
        content = path.read_bytes()
        path.unlink()
        return msgspec.json.decode(content, type=Ticket)
    except (OSError, msgspec.DecodeError) as error:
        print(
            f"headgate: {TICKET} names no ticket ({error}): this is started by sessions alone.",
            file=sys.stderr,
        )
        return None


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
