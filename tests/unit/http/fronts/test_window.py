"""Room for what is sent."""

import asyncio

from headgate.http.fronts.frames import LARGEST_TO_FRONT, ToFront, to_front
from headgate.http.fronts.link import Link
from headgate.http.fronts.window import Window


class Deaf:
    """A listener."""

    def heard(self, frame: ToFront) -> None:
        raise AssertionError

    def hung_up(self, reason: str) -> None:
        raise AssertionError


def window(room: int) -> tuple[Link[ToFront], Window]:
    link = Link(to_front, Deaf(), LARGEST_TO_FRONT)
    return link, Window(link, room)


async def waits(room: Window) -> bool:
    """Whether something has to be waited for."""
    waiting = asyncio.create_task(room.opened())
    for _ in range(5):
        await asyncio.sleep(0)
    waiting.cancel()
    return not waiting.done()


async def test_the_last_message_may_be_larger_than_the_room_and_the_next_one_waits() -> None:
    _, room = window(10)
    assert not await waits(room)
    room.take(25)
    assert await waits(room)
    room.add(15)
    assert await waits(room)
    room.add(1)
    assert not await waits(room)


async def test_whoever_waits_goes_on_when_there_is_room_or_when_it_does_not_matter_any_more() -> None:
    for let_on in (lambda room: room.add(1), Window.close):
        _, room = window(0)
        waiting = asyncio.create_task(room.opened())
        await asyncio.sleep(0)
        assert not waiting.done()
        let_on(room)
        await waiting


async def test_nothing_is_sent_that_the_link_does_not_take() -> None:
    link, room = window(10)
    link.pause_writing()
    assert await waits(room)
    link.resume_writing()
    assert not await waits(room)
