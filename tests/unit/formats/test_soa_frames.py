"""formats/soa_frames.py and soa_link.py: what is sent in pieces is read whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.formats import soa_link
from headgate.formats.soa_frames import ANSWER, REQUEST, Frame, Splitter, pack

FRAMES = st.builds(
    Frame,
    kind=st.sampled_from((REQUEST, ANSWER)),
    id=st.integers(0, 2**32 - 1),
    action=st.text(max_size=20),
    body=st.binary(max_size=100),
)


@given(frames=st.lists(FRAMES, max_size=6), cuts=st.lists(st.integers(1, 60), max_size=20))
def test_frames_are_read_however_they_are_cut(frames: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(pack(one.kind, one.id, one.action, one.body) for one in frames)
    splitter = Splitter()
    found: list[Frame] = []
    for cut in [*cuts, len(stream)]:
        found += splitter.feed(stream[:cut])
        stream = stream[cut:]
    assert found == frames


@given(noise=st.binary(max_size=200))
def test_noise_is_an_error_or_waits_for_more(noise: bytes) -> None:
    try:
        list(Splitter().feed(noise))
    except ValueError:
        pass


def test_a_frame_as_it_is_documented() -> None:
    assert pack(ord("A"), 7, "", b"xy") == b"\0\0\0\x09A\0\0\0\x07\0\0xy"


@pytest.mark.parametrize("size", [0, 1, soa_link.PART - 20, soa_link.PART * 3])
def test_a_message_is_put_together_from_its_parts(size: int) -> None:
    message = soa_link.Done([soa_link.Outcome(1, "a", bytes(size))])
    gathering = soa_link.Gathering(10 * soa_link.PART)
    wholes = [gathering.take(part) for part in soa_link.parts(message)]
    assert wholes[:-1] == [None] * (len(wholes) - 1)
    assert wholes[-1] is not None
    assert soa_link.from_host.decode(wholes[-1]) == message


def test_a_message_that_does_not_end_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):  # any number of them would fit
        soa_link.Gathering(100).take(b"")
    gathering = soa_link.Gathering(100)
    assert gathering.take(soa_link.MORE + bytes(60)) is None
    with pytest.raises(ValueError, match="larger than 100"):
        gathering.take(soa_link.MORE + bytes(60))
