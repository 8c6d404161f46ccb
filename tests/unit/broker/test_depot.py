"""broker/depot.py, seen from a session: a disk that is full, and what happens while something is fetched."""

import asyncio
import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from headgate.core.soa import ReadEnd, Reason
from tests.unit.broker.desk import OWNER, Desk, ids, refusal, reopened, settle

Desks = Callable[..., Desk]


async def test_a_disk_that_is_full_loses_no_message_and_is_used_again(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headgate.broker.open_session.PATIENCE_S", 0.0)
    desk = desks(memory=2000, throttle_start=10**6, throttle_stop=10**6)
    good = os.pwrite

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setattr("headgate.broker.depot.BEYOND", 50_000)
    texts = [f"{n:0200}" for n in range(500)]
    await desk.send(*texts)
    host = await desk.host(8)
    assert host.has == []  # there is no place for answers
    assert await refusal(desk.send("more")) == "WebAPI_FailedToSendRequest"
    desk.spool.try_again()
    assert not desk.spool.takes_requests
    monkeypatch.setattr(os, "pwrite", good)
    desk.spool.try_again()
    await desk.send("more")
    await desk.commit()
    while desk.session.load:
        await host.answer(9999)
    answers, _ = await desk.read()
    assert sorted(ids(answers)) == sorted([*texts, "more"])
    await desk.read()
    assert desk.spool.used == 0
    assert desk.budget.take(2000)


async def test_a_full_disk_gets_room_by_what_is_answered(
    desks: Desks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headgate.broker.depot.ROOM", 50_000)
    monkeypatch.setattr("headgate.broker.open_session.PATIENCE_S", 0.0)
    desk = desks(memory=2000, throttle_start=10**6, throttle_stop=10**6)
    good = os.pwrite

    def small(descriptor: int, raw: bytes, at: int) -> int:
        if at + len(raw) > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return good(descriptor, raw, at)

    monkeypatch.setattr(os, "pwrite", small)
    texts = [f"{n:0200}" for n in range(500)]
    await desk.send(*texts)
    desk.spool.try_again()
    assert await refusal(desk.send("more")) == "WebAPI_FailedToSendRequest"
    await desk.commit()
    host = await desk.host(8)
    while desk.session.load:
        await host.answer(9999)
    answers, _ = await desk.read()
    assert sorted(ids(answers)) == texts
    await desk.read()
    desk.spool.try_again()
    assert desk.spool.takes_requests
    assert desk.spool.used == 0
    assert desk.budget.take(2000)


async def test_a_session_full_of_requests_answers_them(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.broker.open_session.PATIENCE_S", 0.0)
    desk = desks(memory=2000, disk=100_000, throttle_start=10**6, throttle_stop=10**6)
    sent: list[str] = []
    while desk.spool.takes_requests:
        some = [f"{n:0200}" for n in range(len(sent), len(sent) + 20)]
        await desk.send(*some)
        sent += some
    assert await refusal(desk.send("more")) == "WebAPI_FailedToSendRequest"
    await desk.commit()
    host = await desk.host(8)
    for _ in range(len(sent)):
        await host.answer(9999)
    assert sorted(ids((await desk.read())[0])) == sent


# ---- what happens while something is fetched from the store


class Gate:
    """Holds up what is read from a desk's store until it is opened."""

    def __init__(self, desk: Desk) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self._good = desk.store.read
        desk.store.read = self._read  # type: ignore[method-assign]  # a disk that is slow

    async def _read(self, look: Any) -> Any:
        self.reached.set()
        await self.opened.wait()
        return await self._good(look)


async def with_answers_on_disk(desk: Desk) -> None:
    await desk.send("1", "2", "3")
    host = await desk.host()
    while desk.session.load:
        await host.answer()
    await desk.kept()
    await reopened(desk)


@pytest.mark.parametrize("how", ["purge", "close"])
async def test_a_reader_is_told_when_its_batch_goes_while_answers_are_fetched(desks: Desks, how: str) -> None:
    desk = desks(durable=True)
    await with_answers_on_disk(desk)
    gate = Gate(desk)
    reading = asyncio.create_task(desk.read())
    await gate.reached.wait()
    await (desk.session.purge("b", OWNER) if how == "purge" else desk.session.close())
    gate.opened.set()
    assert await reading == ([], ReadEnd(0, Reason.CLIENT_PURGED))


async def test_a_reader_that_was_replaced_while_it_fetched_takes_nothing_from_the_next(desks: Desks) -> None:
    desk = desks(durable=True)
    await with_answers_on_disk(desk)
    gate = Gate(desk)
    first = asyncio.create_task(desk.read())
    await gate.reached.wait()
    await desk.commit()
    second = asyncio.create_task(desk.read(reset=True))
    gate.opened.set()
    assert ids((await first)[0]) == []
    assert ids((await second)[0]) == ["1", "2", "3"]


async def test_a_batch_that_goes_while_its_requests_are_fetched_holds_up_no_other(desks: Desks) -> None:
    desk = desks(durable=True)
    await desk.send("1")
    await reopened(desk)
    gate = Gate(desk)
    host = await desk.host()
    await gate.reached.wait()
    await desk.session.purge("b", OWNER)
    await desk.send("2", batch="c")
    gate.opened.set()
    await settle()
    assert [one.body for one in host.has] == [b"2"]


async def test_a_session_that_is_closed_while_requests_are_kept_gives_its_memory_back(desks: Desks) -> None:
    desk = desks(durable=True, memory=1000)
    good, opened = desk.store.write, asyncio.Event()

    async def slow(change: Any) -> Any:
        await opened.wait()
        return await good(change)

    desk.store.write = slow  # type: ignore[method-assign]  # a disk that is slow
    sending = asyncio.create_task(desk.send("x" * 100))
    await settle()
    await desk.session.close()
    opened.set()
    assert await refusal(sending) == "Broker_SessionFailure"
    desk.store.write = good  # type: ignore[method-assign]  # and one that is not
    assert desk.budget.take(1000)
