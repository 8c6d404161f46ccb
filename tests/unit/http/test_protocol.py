"""Blanks in the query of a request line; the rest of the protocol is tested on the wire."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.http.protocol import with_blanks_written

REST = b"Host: x y\r\nA: b c HTTP/1.1\r\n\r\nGET /c?d e HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("line", "written"),
    [
        (b"GET /a?b c HTTP/1.1\r\n", b"GET /a?b%20c HTTP/1.1\r\n"),
        (b"POST /a/b?c= d  e&f?=g  HTTP/1.0\r\n", b"POST /a/b?c=%20d%20%20e&f?=g%20 HTTP/1.0\r\n"),
        (b"GET /a? HTTP/1.1\r\n", b"GET /a? HTTP/1.1\r\n"),
        (b"GET /a?b%20c+d HTTP/1.1\r\n", b"GET /a?b%20c+d HTTP/1.1\r\n"),
    ],
)
def test_blanks_in_a_query_are_written_as_such_and_nothing_else_is_touched(
    line: bytes, written: bytes
) -> None:
    assert with_blanks_written(line + REST) == written + REST


@pytest.mark.parametrize(
    "data",
    [
        b"GET /a b?c d HTTP/1.1\r\n",
        b"GET  /a?c d HTTP/1.1\r\n",
        b"get /a?c d HTTP/1.1\r\n",
        b" GET /a?c d HTTP/1.1\r\n",
        b"GET http://x/a?c d HTTP/1.1\r\n",
        b"GET /a?c HTTP/1.1 HTTP/1.1\r\n",
        b"GET /a HTTP/1.1 ?c d HTTP/1.1\r\n",
        b"GET /a?c d HTTP/2.0\r\n",
        b"GET /a?c d\rHTTP/1.1\r\n",
        b"GET /a?c d\r x HTTP/1.1\r\n",
        b"GET /a?c d HTTP/1.1 \r\n",
        b"GET /a?c d\r\n HTTP/1.1\r\n",
        b"\r\nGET /a?c d HTTP/1.1\r\n",
        b"GET /a?c d HTTP/1.1\r",
        b"GET /a?c d HTTP/1.1\n",
        b"GET /a?c d",
        b"",
    ],
)
def test_what_could_be_read_in_two_ways_is_left_alone(data: bytes) -> None:
    assert with_blanks_written(data) == data


@given(st.binary() | st.text(alphabet="GET /?ab HTTP/1.1\r\n").map(str.encode))
def test_no_byte_changes_but_blanks_behind_the_question_mark_of_the_first_line(data: bytes) -> None:
    written = with_blanks_written(data)
    if written == data:
        return
    end = data.index(b"\n") + 1
    path, _, query = data[:end].partition(b"?")
    new_path, _, new_query = written[: len(written) - (len(data) - end)].partition(b"?")
    assert written.endswith(data[end:])
    assert new_path == path
    assert new_query.replace(b"%20", b" ") == query.replace(b"%20", b" ")
