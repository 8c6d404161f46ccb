"""Following commands."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest

from headgate.core.errors import NotPermitted, StoreUnavailable
from headgate.core.vocabulary import Role
from headgate.dialects.hpcpack.signalr import outputs as module
from headgate.dialects.hpcpack.signalr.connection import IN_A_FRAME, Connection
from headgate.dialects.hpcpack.signalr.messages import Position
from headgate.dialects.hpcpack.signalr.outputs import Outputs
from headgate.ports.identity import Caller
from headgate.service.commands import Printed, Progress

JOB = 4


class Command:
    """service.commands for one command on one node, which prints what a test says."""

    def __init__(self) -> None:
        self.output = b""
        self.over = False
        self.error: Exception | None = None
        self.looks = 0
        self.looked = asyncio.Event()

    async def printed(self, caller: Caller, job_id: int, read: Mapping[int, int | None]) -> Progress:
        self.looks += 1
        self.looked.set()
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        at = read.get(1, 0)
        found = [] if at is None else [Printed(1, "n1", self.output[at:], self.over)]
        return Progress(not self.over, self.over, found)


class NoEvents:
    """service.events, as far as it is asked."""

    def __init__(self) -> None:
        self.watched: set[int] = set()

    def watch(self, job_id: int, watcher: object) -> None:
        self.watched.add(job_id)

    def unwatch(self, job_id: int, watcher: object) -> None:
        self.watched.discard(job_id)


class Scene:
    """One client that follows the command."""

    def __init__(self) -> None:
        self.command, self.events = Command(), NoEvents()
        command, events = self.command, self.events
        self.outputs = Outputs(command, events)  # type: ignore[arg-type]  # they are doubles
        self.connection = Connection("name", Caller("boss", Role.ADMIN), b"k", 0, self.outputs.forget)
        self.outputs.follow(self.connection, JOB)

    async def rest(self) -> None:
        """Until nobody looks any more."""
        async with asyncio.timeout(10):
            while (looking := self.outputs._looking) is not None:
                await looking
                await asyncio.sleep(0)

    async def look(self) -> None:
        """Until it has been looked at once more."""
        self.command.looked.clear()
        self.outputs.heard_of(JOB)
        async with asyncio.timeout(10):
            await self.command.looked.wait()
            for _ in range(5):
                await asyncio.sleep(0)

    def heard(self) -> list[Any]:
        """(line, eof, error) of all that is to be told now."""
        told: list[Any] = []
        while self.connection.has_news():
            told += [message["A"][2:] for message in json.loads(self.connection.take())["M"]]
        return told


async def test_lines_are_told_once_as_they_come_and_then_the_end() -> None:
    scene = Scene()
    scene.command.output = b"one\ntw"
    await scene.look()
    assert scene.heard() == [["one", False, False]]
    await scene.look()
    assert scene.heard() == []
    scene.command.output += b"o\nthree"
    scene.command.over = True
    scene.outputs.heard_of(JOB)
    await scene.rest()
    assert scene.heard() == [["two", False, False], ["three", False, False], ["", True, False]]
    assert scene.connection.commands == set()
    assert scene.connection.position == Position(0)
    assert scene.events.watched == set()


async def test_a_long_output_comes_in_parts_and_nothing_of_it_is_lost() -> None:
    scene = Scene()
    count = 2 * IN_A_FRAME + 1
    scene.command.output = b"".join(b"%d\n" % number for number in range(count))
    scene.command.over = True
    await scene.rest()
    heard = scene.heard()
    assert [line for line, eof, _ in heard if not eof] == [str(number) for number in range(count)]
    assert heard[-1] == ["", True, False]


async def test_a_client_that_is_far_behind_is_told_nothing_more_for_now(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    monkeypatch.setattr(module, "MOST_PENDING", 4)
    scene.command.output = b"1\n2\n3\n"
    await scene.look()
    looks = scene.command.looks
    scene.outputs.heard_of(JOB)
    for _ in range(10):
        await asyncio.sleep(0)
    assert scene.command.looks == looks
    scene.outputs.forget(scene.connection)
    scene.outputs.heard_of(JOB)
    await scene.rest()


async def test_what_may_no_longer_be_read_is_followed_no_longer() -> None:
    scene = Scene()
    scene.command.error = NotPermitted("no")
    await scene.rest()
    assert scene.connection.commands == set()
    assert scene.events.watched == set()


async def test_a_store_that_is_not_there_is_asked_again() -> None:
    scene = Scene()
    scene.command.error = StoreUnavailable("not now")
    await scene.look()
    scene.command.error = None
    scene.command.over = True
    scene.outputs.heard_of(JOB)
    await scene.rest()
    assert scene.heard() == [["", True, False]]


async def test_what_was_read_for_a_position_that_is_left_does_not_count() -> None:
    scene = Scene()
    scene.command.output = b"one\n"
    await scene.look()
    assert scene.heard() == [["one", False, False]]
    scene.command.output += b"two\n"
    scene.command.looked.clear()
    scene.outputs.heard_of(JOB)
    await scene.command.looked.wait()
    scene.connection.rewind(Position(0))  # the client comes back while it is being read
    scene.connection.caught_up(0, [])
    scene.command.over = True
    scene.outputs.heard_of(JOB)
    await scene.rest()
    assert [line for line, *_ in scene.heard()] == ["one", "two", ""]


async def test_a_connection_that_ends_takes_its_following_with_it() -> None:
    scene = Scene()
    await scene.look()
    scene.connection.end("over")
    scene.outputs.heard_of(JOB)
    await scene.rest()
    assert scene.events.watched == set()
