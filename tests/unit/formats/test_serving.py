"""What is read of a request before a face looks at it."""

import pytest

from headgate.formats.serving import has_body


@pytest.mark.parametrize(
    ("headers", "has"),
    [
        ([], False),
        ([(b"content-length", b"0")], False),
        ([(b"content-length", b" 0 ")], False),
        ([(b"content-length", b"1")], True),
        ([(b"transfer-encoding", b"chunked")], True),
        ([(b"content-type", b"1")], False),
    ],
)
def test_a_body_is_announced_by_its_length_or_its_transfer(
    headers: list[tuple[bytes, bytes]], has: bool
) -> None:
    assert has_body({"headers": headers}) is has
