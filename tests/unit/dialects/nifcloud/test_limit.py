"""dialects/nifcloud/limit.py: places are given back however a request ends."""

import asyncio
from typing import Any

import pytest

from headgate.core.errors import BadRequest
from headgate.dialects.nifcloud.errors import OUTCOMES, Failure
from headgate.dialects.nifcloud.limit import Places, body_within, drained, send_within
from headgate.formats.serving import Disconnected


def parts(*bodies: bytes) -> Any:
    left = [{"type": "http.request", "body": body, "more_body": True} for body in bodies]

    async def receive() -> Any:
        return left.pop(0) if left else {"type": "http.request", "body": b"", "more_body": False}

    return receive


async def never(*arguments: Any) -> Any:
    await asyncio.Event().wait()


def test_one_more_than_there_is_room_for_is_refused_and_counted() -> None:
    places = Places(2)
    with places.taken(), places.taken():
        with pytest.raises(Failure) as refused, places.taken():
            pass
        assert OUTCOMES[refused.value.code].status == 500
        assert (places.in_use, places.refused) == (2, 1)
    assert (places.in_use, places.refused) == (0, 1)


@pytest.mark.parametrize("ending", [ValueError, asyncio.CancelledError, KeyboardInterrupt, Disconnected])
def test_a_place_is_given_back_whatever_ends_the_request(ending: type[BaseException]) -> None:
    places = Places(1)
    with pytest.raises(ending), places.taken():
        raise ending
    assert places.in_use == 0


async def test_a_body_is_read_whole_and_no_longer_than_it_may_be() -> None:
    assert await body_within(parts(b"ab", b"cd"), 4, 1) == b"abcd"
    with pytest.raises(BadRequest):
        await body_within(parts(b"ab", b"cde"), 4, 1)


async def test_a_body_that_is_too_long_is_taken_to_its_end() -> None:
    receive = parts(b"ab", b"cde", b"f")
    with pytest.raises(BadRequest):
        await body_within(receive, 4, 1)
    assert await receive() == {"type": "http.request", "body": b"", "more_body": False}


async def test_an_unwanted_body_is_gone_or_too_long() -> None:
    assert await drained(parts(b"ab", b"cd"), 4)
    assert not await drained(parts(b"ab", b"cde", b"f"), 4)


async def test_who_sends_or_takes_nothing_is_not_waited_for() -> None:
    with pytest.raises(BadRequest):
        await body_within(never, 4, 0.001)
    with pytest.raises(Disconnected):
        await send_within(never, 0.001)({"type": "http.response.body"})


async def test_who_left_is_not_answered() -> None:
    async def left() -> Any:
        return {"type": "http.disconnect"}

    with pytest.raises(Disconnected):
        await body_within(left, 4, 1)
