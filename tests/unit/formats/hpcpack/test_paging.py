"""formats/hpcpack/paging.py: spec hpcpack-2016, section 3.3."""

import re
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadRequest
from headgate.core.states import JobState
from headgate.formats.hpcpack.paging import LASTS_S, fingerprint, read_token, write_token
from headgate.ports.store import Cursor, JobQuery

KEY = b"k" * 32
NOW = 1_900_000_000_000_000
LIST = fingerprint("jobs", "ann", JobQuery())

VALUES = (
    st.none()
    | st.booleans()
    | st.sampled_from(JobState)
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(max_size=300)
)
CURSORS = st.builds(Cursor, VALUES, st.integers(0, 2**31), st.integers(0, 2**31))


@given(CURSORS, st.binary())
def test_a_token_is_url_safe_and_leads_back(cursor: Cursor, asked: bytes) -> None:
    belongs_to = fingerprint(asked)
    token = write_token(KEY, cursor, belongs_to, NOW)
    assert re.fullmatch("[A-Za-z0-9_-]+", token)
    assert read_token(KEY, token, belongs_to, NOW + 1) == cursor


def test_a_token_ends() -> None:
    token = write_token(KEY, Cursor(1, 1), LIST, NOW)
    assert read_token(KEY, token, LIST, NOW + LASTS_S * 1_000_000 - 1) == Cursor(1, 1)
    with pytest.raises(BadRequest, match="expired"):
        read_token(KEY, token, LIST, NOW + LASTS_S * 1_000_000)


def test_a_token_of_another_installation_or_list_is_refused() -> None:
    token = write_token(KEY, Cursor(1, 1), LIST, NOW)
    with pytest.raises(BadRequest, match="gave out"):
        read_token(b"x" * 32, token, LIST, NOW)
    with pytest.raises(BadRequest, match="another list"):
        read_token(KEY, token, fingerprint("jobs", "ben", JobQuery()), NOW)


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_token_is_refused(place: int, change: int) -> None:
    token = write_token(KEY, Cursor("name", 5), LIST, NOW)
    raw = bytearray(token.encode())
    raw[place % len(raw)] ^= change
    with pytest.raises(BadRequest) as caught:
        read_token(KEY, raw.decode("latin-1"), LIST, NOW)
    assert caught.value.code == "Operation_InvalidRowEnumId"


@pytest.mark.parametrize("more", ["", "\n", " ", "!"])
def test_another_way_to_write_the_same_token_is_refused(more: str) -> None:
    """base64 leaves bits of the last letter unused, and Python passes over what is no letter of it."""
    token = write_token(KEY, Cursor("name", 5), LIST, NOW)
    last = token[-1] if more else chr(ord(token[-1]) ^ 2)
    with pytest.raises(BadRequest):
        read_token(KEY, token[:-1] + last + more, LIST, NOW)


@given(st.text() | st.binary().map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_anything_may_arrive(token: str) -> None:
    with pytest.raises(BadRequest):
        read_token(KEY, token, LIST, NOW)


def test_a_fingerprint_does_not_depend_on_the_order_of_a_set() -> None:
    states = list(JobState)
    assert fingerprint(JobQuery(states=frozenset(states))) == fingerprint(
        JobQuery(states=frozenset(states[::-1]))
    )
    assert fingerprint(JobQuery(states=frozenset(states[:2]))) != fingerprint(JobQuery(states=None))
