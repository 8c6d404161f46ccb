"""Ten requests at once, of which none can keep its place for ever (spec nifcloud, section 4)."""

import re
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.nifcloud.conftest import PASSWORD, Site

pytestmark = pytest.mark.xdist_group("nifcloud")  # one server serves them all

PLACES = 10
BEGUN = b"POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"


def connected(site: Site) -> socket.socket:
    where = urlsplit(site.server.url)
    return socket.create_connection((where.hostname, where.port), timeout=20)


def figures(site: Site) -> tuple[int, int]:
    """Places in use and refusals, as the metrics have them."""
    text = httpx.get(f"{site.server.url}/metrics", auth=("boss", PASSWORD)).text
    found = dict(re.findall(r'^(headgate_limited\w+)\{face="nifcloud"\} (\S+)$', text, re.MULTILINE))
    used = found["headgate_limited_requests"]
    return round(float(used)), round(float(found["headgate_limited_requests_refused_total"]))


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_eleventh_request_is_refused_at_once_whoever_sends_it(site: Site) -> None:
    _, before = figures(site)
    with ExitStack() as stack:
        for _ in range(PLACES):
            stack.enter_context(connected(site)).sendall(BEGUN)
        until(lambda: figures(site)[0] == PLACES)
        for answer in (site.ask("GET", "/jobs"), httpx.get(f"{site.server.url}/jobs/x")):
            assert answer.status_code == 500
            assert answer.json() == {
                "code": "Server.InternalServerError",
                "message": "An internal error has occurred. Please try your query again at a later time.",
            }
        assert figures(site) == (PLACES, before + 2)
        # The limit is this face's alone, and its description is not under it.
        assert httpx.get(f"{site.server.url}/healthz").status_code == 200
        assert httpx.get(f"{site.server.url}/hpc/jobs", auth=("ada", PASSWORD)).status_code == 200
        assert httpx.get(f"{site.server.url}/files/openapi.json").status_code == 200


@pytest.mark.parametrize("ending", ["stalls", "vanishes", "is reset", "sends nonsense"])
def test_ten_clients_that_stall_or_vanish_lock_nobody_out(site: Site, ending: str) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(site)) for _ in range(PLACES)]
        for client in clients:
            client.sendall(BEGUN)
        until(lambda: figures(site)[0] == PLACES)
        for client in clients:
            if ending == "vanishes":
                client.close()
            elif ending == "is reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.close()
            elif ending == "sends nonsense":
                client.sendall(b"x" * 999)
        until(lambda: site.ask("GET", "/jobs").status_code == 200)
        if ending == "stalls":
            said = clients[0].recv(10_000)
            assert said.startswith(b"HTTP/1.1 400 ")
            assert b"Invalid Request Body." in said
            assert clients[0].recv(1) == b"", "and the connection is closed"
    until(lambda: figures(site)[0] == 0)


def test_connections_without_a_request_take_no_place(site: Site) -> None:
    with ExitStack() as stack:
        for _ in range(2 * PLACES):
            # One says nothing at all, one has not come to the end of its headers, one has been answered.
            stack.enter_context(connected(site))
            stack.enter_context(connected(site)).sendall(b"GET /jobs HTTP/1.1\r\nHost:")
            answered = stack.enter_context(connected(site))
            answered.sendall(b"GET /jobs HTTP/1.1\r\nHost: x\r\n\r\n")
            assert answered.recv(10).startswith(b"HTTP/1.1 4")
        assert figures(site)[0] == 0
        assert site.ask("GET", "/jobs").status_code == 200


def test_answers_that_are_not_read_take_no_place(site: Site) -> None:
    with ExitStack() as stack:
        for _ in range(PLACES):
            client = stack.enter_context(connected(site))
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
            client.setblocking(False)
            try:
                client.sendall(b"GET /jobs HTTP/1.1\r\nHost: x\r\n\r\n" * 3000)
            except BlockingIOError:
                pass  # as much as there is room for
        until(lambda: site.ask("GET", "/jobs").status_code == 200)
    until(lambda: figures(site)[0] == 0)


def test_a_body_beyond_any_limit_is_answered_as_this_interface_has_it(site: Site) -> None:
    for size in (100_000, 20_000_000):
        answer = httpx.post(
            f"{site.server.url}/jobs", content=b"x" * size, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400
        assert answer.json() == {"code": "GeneralError", "message": "Invalid Request Body."}


def test_a_whole_address_as_target_has_to_be_ours(site: Site) -> None:
    for target, host, status in (
        ("http://x/jobs", "x", 401),
        ("http://X:80/jobs", "x:80", 401),
        ("http://other/jobs", "x", 404),
        ("http://x:81/jobs", "x", 404),
    ):
        with connected(site) as client:
            client.sendall(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            said = b"".join(iter(lambda: client.recv(10_000), b""))
        assert said.startswith(b"HTTP/1.1 %d " % status), target


def test_paths_are_taken_as_they_came_over_the_wire(site: Site) -> None:
    for path in (
        *(
            "//jobs",
            "/jobs/",
            "/jobs#a",
            "/JOBS",
            "/Jobs/1",
            "/jobs//1",
            "/%6aobs",
            "/jobs%2F1",
            "/jobs/1/",
            "/jobs/./1",
        ),
        *("/jobs/01x", "/jobs/+1", "/jobs/1.0", "/jobs/2147483648", "/files", "/files/sync/", "/FILES/sync"),
        *("/x/../jobs", "/files/sync/a", "/jobs/x/1", "/jobs/openapi.json", "/files/openapi.json/"),
    ):
        with connected(site) as client:
            client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            said = b"".join(iter(lambda: client.recv(10_000), b""))
        assert said.startswith(b"HTTP/1.1 404 "), path
        if not path.startswith("/x"):
            assert b"Client.URLNotFound" in said, path


def test_a_refusal_reaches_who_is_still_sending(site: Site) -> None:
    """Closed too soon, the connection would be reset under the answer (RFC 9112, 9.6)."""
    for target, size, status in (("/jobs/x", 50_000, 404), ("/jobs/1", 50_000, 405), ("/jobs", 900_000, 400)):
        head = f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n"
        with connected(site) as client:
            client.sendall(head.encode())
            time.sleep(0.1)
            client.sendall(b"x" * size)
            # The connection is still good, so the next answer comes on it, too.
            client.sendall(b"GET /jobs HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            said = b"".join(iter(lambda: client.recv(10_000), b""))
        assert said.startswith(b"HTTP/1.1 %d " % status), target
        assert b"HTTP/1.1 401 " in said, target


def test_who_waits_for_a_word_is_refused_without_a_body(site: Site) -> None:
    with connected(site) as client:
        client.sendall(
            b"POST /jobs/1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"
        )
        said = b"".join(iter(lambda: client.recv(10_000), b""))
    assert said.startswith(b"HTTP/1.1 405 ")
