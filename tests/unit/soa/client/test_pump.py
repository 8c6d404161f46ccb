"""soa/client/pump.py: pieces come as soon as they are there, and only so far ahead."""

import threading
from collections.abc import Iterator

import pytest

from headgate.soa.client.pump import AHEAD, Pump


async def test_all_pieces_come_in_order_and_then_nothing() -> None:
    pump = Pump(b"%d," % number for number in range(1000))
    taken = b""
    while data := await pump.take():
        taken += data
    assert taken == b"".join(b"%d," % number for number in range(1000))
    assert pump.is_empty
    assert await pump.take() == b""


async def test_what_is_ready_does_not_wait_for_what_is_not() -> None:
    go = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"a"
        assert go.wait(10)
        yield b"b"

    pump = Pump(pieces())
    assert await pump.take() == b"a"
    go.set()
    assert [data async for data in pump.rest()] == [b"b"]


async def test_a_source_is_asked_only_so_far_ahead() -> None:
    made = []

    def pieces() -> Iterator[bytes]:
        while True:
            made.append(1)
            yield bytes(1024)

    pump = Pump(pieces())
    for _ in range(5):
        before = len(made)
        size = len(await pump.take())
        assert size <= AHEAD + 1024
        assert len(made) <= before + 2 * AHEAD // 1024 + 2
    pump.stop()


async def test_what_the_source_raises_is_raised_behind_what_it_gave() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"a"
        raise ZeroDivisionError("mine")

    pump = Pump(pieces())
    assert await pump.take() == b"a"
    with pytest.raises(ZeroDivisionError, match="mine"):
        await pump.take()
    assert not pump.is_empty


async def test_a_pump_that_was_stopped_lets_go_of_its_source() -> None:
    closed = threading.Event()

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield bytes(AHEAD)
        finally:
            closed.set()

    pump = Pump(pieces())
    await pump.take()
    pump.stop()
    del pump
    assert closed.wait(10)
