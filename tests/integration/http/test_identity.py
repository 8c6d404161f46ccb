"""Signing in, on the wire, with the command line changing users in another process."""

import re
import time

import httpx
import pytest

from headgate.testing.server import Server
from tests.integration.http.conftest import ADA

WITHIN_S = 1.0


def status(server: Server, user: tuple[str, str], path: str = "/v1/me") -> int:
    with httpx.Client(base_url=server.url, auth=user) as client:
        return client.get(path).status_code


def becomes(server: Server, user: tuple[str, str], wanted: int) -> None:
    """The answer is this within a second."""
    until = time.monotonic() + WITHIN_S
    while (found := status(server, user)) != wanted:
        assert time.monotonic() < until, f"still {found}"
        time.sleep(0.02)


@pytest.mark.parametrize("path", ["/hpc/cluster/version", "/v1/me", "/metrics"])
def test_who_says_nothing_is_challenged(server: Server, path: str) -> None:
    answer = httpx.get(server.url + path)
    assert answer.status_code == 401
    assert "Basic" in answer.headers["www-authenticate"]
    assert 'realm="' in answer.headers["www-authenticate"]


def test_metrics_are_for_operators(server: Server) -> None:
    assert status(server, ADA, "/metrics") == 403
    assert status(server, server.admin, "/metrics") == 200


def test_health_and_readiness_need_nobody(server: Server) -> None:
    assert httpx.get(server.url + "/healthz").text == "ok\n"
    assert httpx.get(server.url + "/readyz").text == "ready\n"


def test_the_first_page_leads_to_what_can_be_read_there(server: Server) -> None:
    page = httpx.get(server.url + "/").text
    assert "/v1" in page
    linked = re.findall(r'href="([^"]+)"', page)
    assert {"/hpc/docs", "/hpc/openapi.json", "/WindowsHPC/openapi.json", "/v1/openapi.json"} <= set(linked)
    for path in linked:
        assert status(server, server.admin, path) == 200


def test_the_first_password_is_in_a_file_of_ones_own_and_not_in_the_log(server: Server) -> None:
    file = server.data / "initial-admin-password"
    assert file.stat().st_mode & 0o777 == 0o600
    assert server.data.stat().st_mode & 0o777 == 0o700
    assert status(server, server.admin) == 200
    assert server.admin[1] not in server.log.read_text()
    assert file.name in server.log.read_text()


def test_a_user_added_by_the_command_line_is_let_in_at_once(server: Server) -> None:
    server.add_user("bob", "first")
    becomes(server, ("bob", "first"), 200)
    assert status(server, ("DOMAIN\\Bob", "first")) == 200


def test_a_password_changed_by_the_command_line_counts_within_a_second(server: Server) -> None:
    server.add_user("carol", "first")
    assert status(server, ("carol", "first")) == 200
    server.command(
        "user", "passwd", "carol", "--password-stdin", "--data", str(server.data), stdin="second\n"
    )
    becomes(server, ("carol", "first"), 401)
    assert status(server, ("carol", "second")) == 200


def test_a_user_disabled_by_the_command_line_is_out_within_a_second(server: Server) -> None:
    server.add_user("dave", "first")
    with server.http(("dave", "first")) as client:
        token = client.post("/v1/tokens").json()["token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert httpx.get(server.url + "/v1/me", headers=bearer).status_code == 200
    server.command("user", "disable", "dave", "--data", str(server.data))
    becomes(server, ("dave", "first"), 401)
    assert httpx.get(server.url + "/v1/me", headers=bearer).status_code == 401
    server.command("user", "enable", "dave", "--data", str(server.data))
    becomes(server, ("dave", "first"), 200)


def test_guessing_is_slowed_down_and_says_when_to_come_back(server: Server) -> None:
    server.add_user("erin", "right")
    with httpx.Client(base_url=server.url) as client:
        answers = [client.get("/v1/me", auth=("erin", f"wrong{number}")) for number in range(7)]
        assert {answer.status_code for answer in answers} == {401}
        assert "retry-after" not in answers[0].headers
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert client.get("/hpc/cluster/version", auth=("erin", "right")).headers["retry-after"]
        assert client.get("/v1/me", auth=ADA).status_code == 200


def test_a_request_costs_no_password_check_once_it_was_checked(server: Server) -> None:
    with server.http(ADA) as client:
        client.get("/v1/me")
        began = time.perf_counter()
        for _ in range(100):
            assert client.get("/v1/me").status_code == 200
        assert (time.perf_counter() - began) / 100 < 0.03


@pytest.mark.parametrize("path", ["/hpc/jobs", "/v1/jobs"])
@pytest.mark.parametrize(
    "headers", [{"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}]
)
def test_a_page_of_another_site_changes_nothing(server: Server, path: str, headers: dict[str, str]) -> None:
    with server.http(ADA) as client:
        answer = client.post(path, headers=headers, json={})
        assert answer.status_code == 403
        assert ("Message" in answer.json()) is path.startswith("/hpc")
        assert client.get(path, headers=headers).status_code == 200


def test_our_own_origin_is_not_foreign(server: Server) -> None:
    with server.http(ADA) as client:
        job = {"tasks": [{"command": "true"}]}
        assert client.post("/v1/jobs", json=job, headers={"Origin": server.url}).status_code == 201
