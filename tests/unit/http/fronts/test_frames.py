"""Frames: one list of them, whole and in pieces."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.http.fronts.frames import (
    HELD,
    WHOLE,
    Accepted,
    Answer,
    Body,
    Closed,
    Connections,
    Cutter,
    Drain,
    Ended,
    Frame,
    Gone,
    Malformed,
    Piece,
    Ready,
    Request,
    Said,
    Setup,
    Taken,
    Upgrade,
    Wanted,
    encoded,
    setup,
    to_core,
    to_front,
)
from headgate.http.limits import Limits

HEADERS = [(b"host", b"x"), (b"x-odd", b"\xff\x00")]
HERE = ("::1", 8080)
TO_FRONT: list[Frame] = [
    Drain(),
    Answer(1, 200, HEADERS, b"body", False),
    Piece(1, b"", True),
    Wanted(2**40, 131072),
    Accepted(1, None, HEADERS),
    Accepted(1, "soap", []),
    Said(1, "caf\u00e9", None),
    Said(1, None, b"\x00\xff"),
    Closed(1, 1011, "why"),
    Ended(3),
]
TO_CORE: list[Frame] = [
    Ready(),
    Connections(12),
    Request(1, "https", "/a b", b"/a%20b", b"c=d", HEADERS, HERE, HERE, "POST", "1.1", b"", WHOLE, b"{}"),
    Request(2, "http", "/", b"/", b"", [], None, None, "GET", "1.0", b"http://x/", HELD, b""),
    Upgrade(3, "wss", "/x", b"/x", b"", HEADERS, HERE, HERE, ["soap", "json"]),
    Body(1, b"more", True),
    Said(1, "", None),
    Taken(1, 65536),
    Gone(1),
    Gone(1, 1001, "bye"),
]


@pytest.mark.parametrize("frame", TO_FRONT, ids=lambda frame: type(frame).__name__)
def test_what_the_core_says_is_what_a_front_hears(frame: Frame) -> None:
    assert to_front.decode(encoded(frame)[4:]) == frame


@pytest.mark.parametrize("frame", TO_CORE, ids=lambda frame: type(frame).__name__)
def test_what_a_front_says_is_what_the_core_hears(frame: Frame) -> None:
    assert to_core.decode(encoded(frame)[4:]) == frame


def test_the_first_word_carries_the_limits() -> None:
    said = Setup(Limits(body=5, connections=7), "cert.pem", "key.pem", "nobody", "info", "json")
    assert setup.decode(encoded(said)[4:]) == said


@given(st.lists(st.sampled_from(TO_CORE), max_size=8), st.data())
def test_frames_come_out_whole_however_the_bytes_were_cut(frames: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(map(encoded, frames))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    cutter, heard = Cutter(1 << 20), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        heard += [to_core.decode(payload) for payload in cutter.feed(stream[begin:end])]
    assert heard == frames


def test_a_frame_beyond_the_limit_is_refused_before_it_is_here() -> None:
    head = (1001).to_bytes(4, "little")
    with pytest.raises(Malformed, match="1001 bytes"):
        list(Cutter(1000).feed(head))


@given(st.binary(max_size=64))
def test_whatever_a_front_sends_is_a_frame_or_a_known_error(payload: bytes) -> None:
    try:
        to_core.decode(payload)
    except msgspec.MsgspecError:
        pass


@pytest.mark.parametrize("frame", TO_FRONT, ids=lambda frame: type(frame).__name__)
def test_what_only_the_core_may_say_is_nothing_to_hear_of_a_front(frame: Frame) -> None:
    if isinstance(frame, Said):
        return
    with pytest.raises(msgspec.ValidationError):
        to_core.decode(encoded(frame)[4:])


def test_a_message_counts_even_if_it_is_empty() -> None:
    assert Said(1, "", None).cost > 0
    assert Said(1, "abc", None).cost == Said(1, None, b"abc").cost
