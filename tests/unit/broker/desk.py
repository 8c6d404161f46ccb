"""A session of a test: in memory, with hosts that do what the test says, and a clock that the test moves."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from headgate.broker.depot import Budget, Spool
from headgate.broker.host import HostLink
from headgate.broker.open_session import OpenSession
from headgate.core.errors import HeadgateError
from headgate.core.soa import Limits, ReadEnd, Registration, Request, Response, Session, SessionStart
from headgate.formats import soa_link as link
from headgate.ports.broker import HostGone
from headgate.store import HeadgateStore
from tests.unit.store.memory import memory_store
from tests.unit.store.worlds import StillClock

OWNER = "ann"
MEGABYTE = 1 << 20


class FakeHost:
    """A host whose service the test plays. Also the channel between the two."""

    def __init__(self, session: OpenSession, instance: int = 1) -> None:
        self.session = session
        self.has: list[link.Task] = []
        self.messages: list[link.ToHost] = []
        self._gathering = link.Gathering(1 << 30)
        self._said: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.link = HostLink(instance, self)
        self.task = asyncio.create_task(session.crew.serve(self.link, self))

    async def send(self, message: bytes) -> None:
        whole = self._gathering.take(message)
        if whole is not None:
            said = link.to_host.decode(whole)
            self.messages.append(said)
            if isinstance(said, link.Work):
                self.has += said.tasks

    async def receive(self) -> bytes:
        part = await self._said.get()
        if part is None:
            raise HostGone
        return part

    def say(self, message: link.FromHost) -> None:
        for part in link.parts(message):
            self._said.put_nowait(part)

    async def ready(self, concurrency: int = 1) -> "FakeHost":
        self.say(link.Ready(concurrency))
        await settle()
        return self

    async def answer(self, count: int = 1) -> None:
        """Answer the oldest requests, with what they asked."""
        some, self.has = self.has[:count], self.has[count:]
        self.say(link.Done([link.Outcome(one.id, one.action + "Response", one.body) for one in some]))
        await settle()

    async def die(self) -> None:
        self._said.put_nowait(None)
        await self.task
        await settle()


async def settle() -> None:
    """Let everything happen that can happen now."""
    for _ in range(30):
        await asyncio.sleep(0)


class Desk:
    """An open session and what surrounds it."""

    def __init__(
        self, folder: Path, *, memory: int = MEGABYTE, disk: int = 1 << 30, retries: int = 3, **start: Any
    ) -> None:
        self.clock = StillClock()
        self.store: HeadgateStore = memory_store(clock=self.clock)
        self.budget = Budget(memory)
        self.spool = Spool(folder / "spool", self.budget, disk)
        self.start = SessionStart(service="S", **start)
        self.registration = Registration(name="S", command=("/s",), limits=Limits(retries=retries))
        self.session = self.open()
        self.hosts: list[FakeHost] = []
        """All there ever were: a task that nobody holds may vanish."""

    def open(self) -> OpenSession:
        """The session, as a server that has just started has it."""
        return OpenSession(
            Session(id=1, owner=OWNER, start=self.start),
            self.registration,
            self.store,
            self.clock,
            self.spool,
            self.budget,
        )

    async def host(self, concurrency: int = 1) -> FakeHost:
        made = FakeHost(self.session, len(self.session.crew.hosts) + 1)
        self.hosts.append(made)
        await settle()
        return await made.ready(concurrency)

    async def send(self, *texts: str, batch: str = "b", owner: str = OWNER, action: str = "do") -> None:
        await self.session.send(batch, owner, [request(text, action) for text in texts])
        await settle()

    async def commit(self, batch: str = "b") -> None:
        await self.session.commit(batch, OWNER)

    async def read(self, batch: str = "b", **how: Any) -> tuple[list[Response], ReadEnd]:
        """A whole read."""
        found: list[Response] = []
        said = {"count": -1, "action": "", "reset": False, "client_data": "", **how}
        async for item in self.session.read(batch, OWNER, **said):
            if isinstance(item, ReadEnd):
                return found, item
            found += item
        raise AssertionError("a read ended without its end")

    async def kept(self) -> None:
        """Let answers get to the store, where that is what they do."""
        keeper = self.session._keeper
        while keeper is not None and keeper._count:  # noqa: ASYNC110  there is no event for this moment
            await asyncio.sleep(0.001)

    async def close(self) -> None:
        await self.session.close()
        for host in self.hosts:
            host.task.cancel()
        await asyncio.gather(*(host.task for host in self.hosts), return_exceptions=True)
        await self.store.close()


def request(text: str, action: str = "do") -> Request:
    return Request(action=action, body=text.encode(), message_id=text, user_data=text.encode())


def ids(responses: list[Response]) -> list[str]:
    return [one.relates_to for one in responses]


async def refusal(coroutine: object) -> str:
    with pytest.raises(HeadgateError) as refused:
        await coroutine  # type: ignore[misc]  # a coroutine
    return refused.value.code


async def reopened(desk: Desk) -> None:
    await desk.session.stop()
    desk.session = desk.open()
    await desk.session.restore()
