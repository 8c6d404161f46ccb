"""What a client shows again."""

import pytest

from headgate.core.errors import BadRequest, NotPermitted
from headgate.dialects.hpcpack.signalr import tokens
from headgate.dialects.hpcpack.signalr.tokens import Listening

KEY = b"k" * 32
ID = bytes(range(16))
NAME = "00010203-0405-0607-0809-0a0b0c0d0e0f"


def test_a_connection_token_names_its_connection_to_its_own_user() -> None:
    token = tokens.connection_token(KEY, ID, "Ann")
    assert tokens.read_connection_token(KEY, token, "ann") == tokens.connection_id(ID) == NAME
    assert token.isascii()
    assert set("+/=&%").isdisjoint(token)


def test_nobody_elses_token_is_taken_nor_that_of_another_installation() -> None:
    token = tokens.connection_token(KEY, ID, "ann")
    with pytest.raises(NotPermitted):
        tokens.read_connection_token(KEY, token, "ben")
    with pytest.raises(NotPermitted):
        tokens.read_connection_token(b"o" * 32, token, "ann")


@pytest.mark.parametrize("token", ["", "x", "ä", "A" * 64, "A" * 65, "." * 64])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises((BadRequest, NotPermitted)):
        tokens.read_connection_token(KEY, token, "ann")
    with pytest.raises(BadRequest, match="groupsToken"):
        tokens.read_groups_token(KEY, NAME, token)


def test_a_groups_token_is_read_as_it_was_written_by_its_own_connection() -> None:
    listening = Listening(((1, 5), (2**31 - 1, 2**40)), ((1, 7),), (9,))
    token = tokens.groups_token(KEY, NAME, listening)
    assert tokens.read_groups_token(KEY, NAME, token) == listening
    with pytest.raises(BadRequest):
        tokens.read_groups_token(KEY, "another", token)


def test_the_largest_groups_token_fits_into_a_requests_headers() -> None:
    listening = Listening(tuple((2**31 - 1 - number, 2**40) for number in range(1000)))
    assert len(tokens.groups_token(KEY, NAME, listening)) < 32 * 1024
