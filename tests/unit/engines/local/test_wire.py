import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.launch import Launch, Placement
from headgate.engines.local.wire import (
    Find,
    Frames,
    Hello,
    Limits,
    ObserveAnswer,
    Submit,
    Tell,
    decode_reply,
    decode_request,
    decode_word,
    frame,
)
from headgate.ports.engine import Ended, Ending, Item, OutputSeen, Sightings, Started, Submission


@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(1, 50)))
def test_frames_come_out_as_they_went_in_however_they_are_cut(payloads: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(len(payload).to_bytes(4, "big") + payload for payload in payloads)
    frames = Frames()
    got: list[bytes] = []
    for size in cuts:
        piece, stream = stream[:size], stream[size:]
        got.extend(frames.feed(piece))
    got.extend(frames.feed(stream))
    assert got == payloads


def test_a_reader_that_stops_in_the_middle_loses_nothing() -> None:
    frames = Frames()
    feed = frames.feed(b"\0\0\0\1a\0\0\0\1b")
    assert next(feed) == b"a"
    feed.close()
    assert list(frames.feed(b"")) == [b"b"]


@pytest.mark.parametrize(
    "request_",
    [
        Hello(1, 1, 2**62, Limits()),
        Find(2, {2**53: "tag"}),
        Submit(
            3,
            (
                Submission(
                    tag="t",
                    intent=5,
                    lane=6,
                    items=(Item(0, Launch(script=b"\0\xff", environment=(("A", "ä"),))),),
                    placement=Placement(),
                ),
            ),
        ),
    ],
)
def test_a_request_arrives_as_it_was_sent(request_: Hello | Find | Submit) -> None:
    (payload,) = Frames().feed(frame(request_))
    assert decode_request(payload) == request_


def test_sightings_arrive_as_they_were_seen() -> None:
    seen = (
        Started(1, 2, 3, "4"),
        OutputSeen(1, 2, b"\0\xff"),
        Ended(intent=1, instance=2, ending=Ending.SIGNALED, at=9, signal=11, output=b"\xfe"),
    )
    (payload,) = Frames().feed(frame(ObserveAnswer(7, Sightings(2**60, seen))))
    assert decode_reply(payload) == ObserveAnswer(7, Sightings(2**60, seen))
    (payload,) = Frames().feed(frame(Tell(seen)))
    assert decode_word(payload) == Tell(seen)
