"""The client, against answers made by hand."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from headgate.client import tokens
from headgate.client.api import Client
from headgate.client.errors import ClientError, Refused, Unreachable

JOB = {
    "id": 37,
    "name": "n",
    "owner": "ada",
    "state": "queued",
    "priority": 2000,
    "created": "2026-01-01T00:00:00Z",
    "changed": "2026-01-01T00:00:00Z",
    "task_count": 1,
    "something_new": [1, 2],
}


def client(answer: Callable[[httpx.Request], httpx.Response]) -> Client:
    return Client("http://head:8080/", token="t0ken", transport=httpx.MockTransport(answer))


def test_a_job_is_posted_with_the_token_and_what_is_not_known_is_passed_over() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(201, json=JOB)

    with client(answer) as ours:
        assert ours.submit({"tasks": [{"command": "true"}]}).id == 37
    assert str(seen[0].url) == "http://head:8080/v1/jobs"
    assert seen[0].headers["authorization"] == "Bearer t0ken"
    assert json.loads(seen[0].content) == {"tasks": [{"command": "true"}]}


def test_pages_are_followed_to_the_end() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "cursor" not in request.url.params:
            return httpx.Response(200, json={"jobs": [JOB], "next": "c"})
        return httpx.Response(200, json={"jobs": [{**JOB, "id": 38}]})

    with client(answer) as ours:
        assert [job.id for job in ours.jobs(state="queued")] == [37, 38]


def test_a_refusal_brings_its_reason_along() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(404, json={"detail": "There is no job 5.", "code": "Operation_InvalidJobId"})

    with client(answer) as ours, pytest.raises(Refused, match="There is no job 5") as refused:
        ours.job(5)
    assert (refused.value.status, refused.value.code) == (404, "Operation_InvalidJobId")


def test_what_is_no_headgate_is_said_to_be_none() -> None:
    with (
        client(lambda request: httpx.Response(502, text="<html>")) as ours,
        pytest.raises(Refused, match="502"),
    ):
        ours.me()
    with client(lambda request: httpx.Response(200, text="hello")) as ours, pytest.raises(Unreachable):
        ours.me()


def test_no_answer_is_unreachable() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with client(answer) as ours, pytest.raises(Unreachable, match="http://head:8080"):
        ours.me()


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (
            httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"),
            "headgate login --certificate FILE",
        ),
        (httpx.RemoteProtocolError("Server disconnected."), r"disconnected\. Does it speak https\?"),
        (httpx.ConnectError("refused"), "refused$"),
    ],
)
def test_who_is_not_let_in_by_tls_is_told_what_may_help(error: httpx.HTTPError, advice: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error

    with client(answer) as ours, pytest.raises(Unreachable, match=advice):
        ours.me()


def test_the_name_of_a_node_cannot_leave_its_place_in_the_path() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"name": "x", "state": "online"})

    with client(answer) as ours:
        ours.set_node_state("a/../b", "online")
    assert seen == ["/v1/nodes/a%2F..%2Fb/state"]


def test_waiting_ends_with_the_job_or_with_patience() -> None:
    with client(lambda request: httpx.Response(200, json={**JOB, "state": "finished"})) as ours:
        assert ours.wait(37).has_ended
    with (
        client(lambda request: httpx.Response(200, json=JOB)) as ours,
        pytest.raises(ClientError, match="queued"),
    ):
        ours.wait(37, timeout_s=0)


def test_tokens_are_kept_in_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tokens.path({"XDG_CONFIG_HOME": str(tmp_path)})
    tokens.remember(file, tokens.Known(url="http://a", user="ada", token="t1"))
    tokens.remember(file, tokens.Known(url="http://b", user="ada", token="t2"))
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    latest, first = tokens.read(file).find(), tokens.read(file).find("http://a/")
    assert latest is not None
    assert first is not None
    assert (latest.token, first.token) == ("t2", "t1")
    tokens.forget(file, "http://b")
    left = tokens.read(file).find()
    assert left is not None
    assert left.url == "http://a"


def test_a_token_file_others_can_read_is_not_used_and_not_added_to(tmp_path: Path) -> None:
    file = tokens.path({"XDG_CONFIG_HOME": str(tmp_path)})
    tokens.remember(file, tokens.Known(url="http://a", user="ada", token="t1"))
    file.chmod(0o644)
    with pytest.raises(ClientError, match="can be read by others"):
        tokens.read(file)
    tokens.remember(file, tokens.Known(url="http://b", user="ada", token="t2"))
    assert list(tokens.read(file).known) == ["http://b"]


def test_which_server_and_token_is_meant(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    with pytest.raises(ClientError, match="not logged in"):
        Client.from_environment(environ=environ)
    with Client.from_environment(environ={**environ, "HEADGATE_TOKEN": "t"}) as ours:
        assert ours.url == tokens.LOCAL
    tokens.remember(tokens.path(environ), tokens.Known(url="http://a", user="ada", token="t1"))
    with Client.from_environment(environ=environ) as ours:
        assert ours.url == "http://a"
    with pytest.raises(ClientError, match="not logged in at http://c"):
        Client.from_environment("http://c", environ=environ)
