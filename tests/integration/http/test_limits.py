"""Sizes and deadlines, on the wire. Each face says no in its own shape."""

import base64
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from headgate.testing.server import Server
from tests.integration.http.conftest import ADA, Wire

FACES = ["/hpc/jobs", "/v1/jobs"]
BASIC = "Authorization: Basic " + base64.b64encode(":".join(ADA).encode()).decode() + "\r\n"


def check_shape(path: str, answer: httpx.Response, status: int) -> None:
    """The refusal is in the shape of the face at this path."""
    assert answer.status_code == status
    body = answer.json()
    if path.startswith("/hpc"):
        assert body["Message"]
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert body["status"] == status


@pytest.mark.parametrize("path", FACES)
def test_a_body_that_is_too_large_is_refused(server: Server, path: str) -> None:
    with server.http(ADA) as client:
        check_shape(path, client.post(path, content=b"x" * 20_001), 413)


@pytest.mark.parametrize("path", FACES)
def test_a_body_that_turns_out_too_large_is_refused(server: Server, path: str) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 1000

    with server.http(ADA) as client:
        check_shape(path, client.post(path, content=parts()), 413)


def test_a_client_that_sends_all_of_a_far_too_large_body_still_reads_our_answer(server: Server) -> None:
    with server.http(ADA) as client:
        for _ in range(3):
            assert client.post("/v1/jobs", content=b"x" * 20_000_000).status_code == 413


@pytest.mark.parametrize("path", FACES)
def test_a_body_that_comes_too_slowly_is_given_up(dial: Callable[[], Wire], path: str) -> None:
    wire = dial()
    wire.send(f"POST {path} HTTP/1.1\r\nHost: x\r\n{BASIC}Content-Length: 100\r\n\r\n{{")
    began = time.monotonic()
    answer = wire.read()
    assert answer.startswith("HTTP/1.1 408 ")
    assert "connection: close" in answer
    assert ('"Message"' in answer) is path.startswith("/hpc")
    assert 0.5 < time.monotonic() - began < 5


@pytest.mark.parametrize(
    "begun", ["", "\r\n\r\n", "GET /healthz HT", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "]
)
def test_a_connection_whose_headers_do_not_come_is_closed(dial: Callable[[], Wire], begun: str) -> None:
    wire = dial()
    wire.send(begun)
    assert 0.5 < wire.closed_after() < 5


def test_a_byte_now_and_then_does_not_keep_a_connection(dial: Callable[[], Wire]) -> None:
    wire = dial()
    began = time.monotonic()
    for letter in "GET /healthz HTTP/1.1\r\nX-Slow: " + "x" * 100:
        try:
            wire.send(letter)
        except OSError:
            break
        time.sleep(0.1)
    assert time.monotonic() - began < 5


def test_the_second_request_of_a_connection_has_a_deadline_too(dial: Callable[[], Wire]) -> None:
    wire = dial()
    wire.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "ok\n" in wire.read("ok\n")
    wire.send("GET /heal")
    assert 0.5 < wire.closed_after() < 5


def test_an_idle_connection_between_requests_is_kept(dial: Callable[[], Wire]) -> None:
    wire = dial()
    for _ in range(2):
        wire.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert "ok\n" in wire.read("ok\n")
        time.sleep(2.5)
    wire.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert "ok\n" in wire.read("ok\n")


@pytest.mark.parametrize("whole", [True, False])
def test_headers_that_are_too_large_are_refused(dial: Callable[[], Wire], whole: bool) -> None:
    wire = dial()
    wire.send("GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + "y" * 9000 + ("\r\n\r\n" if whole else ""))
    assert wire.read().startswith("HTTP/1.1 431 ")


def test_a_path_that_is_too_long_is_refused(dial: Callable[[], Wire]) -> None:
    wire = dial()
    wire.send(f"GET /{'x' * 9000} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.read().startswith("HTTP/1.1 431 ")


@pytest.mark.parametrize(
    "request_text",
    [
        "hello\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxxx",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /v1/jobs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        "GET / HTTP/1.1\nHost: x\n\n",
    ],
)
def test_framing_two_parsers_could_read_differently_is_refused(
    dial: Callable[[], Wire], request_text: str
) -> None:
    wire = dial()
    wire.send(request_text)
    answer = wire.read()
    assert answer.startswith("HTTP/1.1 400 "), answer
    assert answer.count("HTTP/1.1 ") == 1


def test_an_early_refusal_does_not_make_a_request_of_the_rest_of_the_body(dial: Callable[[], Wire]) -> None:
    """A challenge is sent before the body was read; what is left of it must not be taken for a request."""
    inner = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    wire = dial()
    wire.send(f"POST /v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: {len(inner)}\r\n\r\n")
    time.sleep(0.2)
    wire.send(inner + "GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    answer = wire.read()
    assert answer.count("HTTP/1.1 ") == 2
    assert answer.startswith("HTTP/1.1 401 ")
    assert "ready\n" in answer
