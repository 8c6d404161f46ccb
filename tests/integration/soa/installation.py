"""A whole installation in this process: engine, dispatcher, broker and the face of its hosts, without
clients' faces. `python -m tests.integration.soa.installation DATA` serves it to a test that wants to kill it,
by lines of JSON on standard input and output.
"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headgate.app.faces import application, flavours, limits, registrations
from headgate.app.installation import opened, plugin_options, seed
from headgate.app.interpreter import host_command
from headgate.app.serving import _tickets
from headgate.broker.broker import Broker
from headgate.config import Settings, load
from headgate.core.environment import Site
from headgate.core.soa import GENERIC_ACTION, ReadEnd, Request, Response, SessionStart
from headgate.core.vocabulary import Role
from headgate.dispatcher.dispatcher import Dispatcher
from headgate.engines.local.engine import LocalEngine
from headgate.formats import soa_bodies
from headgate.http import logs
from headgate.http.certificate import self_signed
from headgate.http.server import HttpServer, listen
from headgate.http.tls import context as context_of
from headgate.identity import own_account
from headgate.ports.identity import Caller
from headgate.service.jobs import Jobs
from headgate.service.sessions import Sessions

ANN = Caller("ann", Role.USER)
ECHO = "http://tempuri.org/IEchoSvc/Echo"


class Installation:
    """What a test asks."""

    def __init__(self, parts: Any, sessions: Sessions, broker: Broker) -> None:
        self.parts = parts
        self.sessions = sessions
        self.broker = broker

    async def answers(self, session: int, batch: str, **how: Any) -> tuple[list[Response], ReadEnd]:
        """A whole read."""
        found: list[Response] = []
        async for item in self.sessions.responses(ANN, session, batch, **how):
            if isinstance(item, ReadEnd):
                return found, item
            found += item
        raise AssertionError("a read ended without its end")


@asynccontextmanager
async def installation(
    data: Path, settings: Settings | None = None, *, tls: bool = False
) -> AsyncIterator[Installation]:
    if settings is None:
        settings = load(None, {}, {"server.data": str(data)}, plugin_options()).settings
    async with opened(data, settings, exclusive=True) as parts:
        await parts.store.write(lambda tx: seed(tx, settings))
        account = "nobody" if os.geteuid() == 0 else "ann"
        if all(user.name != "ann" for user in parts.users.list(None)):
            await parts.users.add(None, "ann", Role.USER, "a password of ann", os_account=account)
        listening = listen("127.0.0.1", 0)
        now = datetime.fromtimestamp(parts.clock.now() / 1e6, UTC)
        context = context_of(*self_signed(parts.data / "tls", "127.0.0.1", now)) if tls else None
        tickets = _tickets(parts, settings.server, listening, tls=tls)
        engine = LocalEngine(parts.data / "engine", settings.engine["local"])  # type: ignore[arg-type]  # it is declared by name
        site = Site("cluster", "head", own_account(), "UTC", tickets)
        dispatcher = Dispatcher(parts.store, engine, parts.identity, parts.clock, site, flavours())
        services = registrations(parts.data, settings)
        broker = Broker(
            parts.store,
            services,
            parts.clock,
            folder=parts.data / "soa",
            tickets=tickets,
            settings=settings.soa,
        )
        gate = application(parts, settings, dispatcher, broker, dispatcher.reasons)
        http = HttpServer(gate, listening, limits(settings.server), context, drain=gate.drain)
        serving = asyncio.create_task(http.run())
        await broker.start()
        await dispatcher.start()
        await dispatcher.ready.wait()
        sessions = Sessions(
            parts.store,
            Jobs(parts.store),
            broker,
            services,
            host=host_command(settings.soa.python, root=os.geteuid() == 0),
        )
        try:
            yield Installation(parts, sessions, broker)
        finally:
            http.stop()
            await asyncio.gather(serving, return_exceptions=True)
            await dispatcher.stop()
            await broker.stop()


def echo(text: str, message_id: str = "") -> Request:
    body = soa_bodies.element("Echo", soa_bodies.TEMPURI, {"input": text})
    return Request(action=ECHO, body=body, message_id=message_id, user_data=text[:100].encode())


def generic(text: str, message_id: str = "") -> Request:
    body = soa_bodies.generic_request(text)
    return Request(action=GENERIC_ACTION, body=body, message_id=message_id, user_data=text[:100].encode())


def texts(responses: Sequence[Response]) -> list[str]:
    return [soa_bodies.result(one.body, str) for one in responses]


def portions(count: int, size: int) -> Iterator[range]:
    for first in range(0, count, size):
        yield range(first, min(count, first + size))


def host_pids(data: Path, session: int, module: str = "headgate.soa.host") -> list[int]:
    """The processes of this session's hosts (or services), found by their environment and arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            variables = (entry / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        mine = {f"CCP_JOBID={session}".encode(), f"TEST_DATA={data}".encode()}
        if module.encode() in arguments and mine <= set(variables):
            found.append(int(entry.name))
    return found


def start_of(data: Path, **more: Any) -> SessionStart:
    """A session whose hosts `host_pids` finds."""
    said = {"service": "CcpEchoSvc", "max_units": 2, **more}
    return SessionStart(environment=(("TEST_DATA", str(data)),), **said)


async def _obey(data: Path, settings: Settings | None = None) -> None:
    """Do what lines on standard input say, and answer each with a line."""
    logs.configure("info", "json")
    loop = asyncio.get_running_loop()
    async with installation(data, settings) as here:
        print("ready", flush=True)
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            said = json.loads(line)
            print(json.dumps(await _one(here, data, **said)), flush=True)


async def _one(here: Installation, data: Path, do: str, session: int = 0, **said: Any) -> object:
    sessions = here.sessions
    match do:
        case "create":
            return (await sessions.create(ANN, start_of(data, **said))).id
        case "send":
            requests = [echo(f"m{n}", f"id-{n}") for n in range(said["first"], said["last"])]
            await sessions.send(ANN, session, "b", requests)
        case "commit":
            await sessions.commit(ANN, session, "b")
        case "attach":
            return (await sessions.attach(ANN, session, durable=True)).owner
        case "read":
            answers, end = await here.answers(session, "b", **said)
            return [[one.relates_to for one in answers], end.count, end.reason]
        case "close":
            await sessions.close(ANN, session)
        case "traces":
            return here.parts.store.peek(
                lambda look: [len(look.soa_sessions()), look.soa_next_with_messages(0)]
            )
    return None


if __name__ == "__main__":
    asyncio.run(_obey(Path(sys.argv[1])))
