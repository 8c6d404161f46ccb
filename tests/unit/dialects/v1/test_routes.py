"""What is the framework's doing and not ours has the face's shape all the same."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from structlog.testing import capture_logs

from headgate.core.errors import NotAuthenticated
from headgate.core.vocabulary import Role
from headgate.dialects.v1 import Context, build, refusal_body
from headgate.http.faces import Application, Face
from headgate.http.gate import Gate
from headgate.http.limits import Limits
from headgate.ports.identity import Caller
from headgate.testing.clock import TestClock


class Broken:
    """A service in which everything goes wrong."""

    def __getattr__(self, name: str) -> Any:
        raise ZeroDivisionError("secret detail")


class Guard:
    """Lets in whoever says so."""

    def remembered(self, authorization: str) -> Caller | None:
        return Caller("ada", Role.USER, "ada") if authorization == "Bearer good" else None

    async def authenticate(self, authorization: str, *, address: str) -> Caller:
        raise NotAuthenticated("Who are you?")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Asks a face whose services are broken, through the gate."""
    broken: Any = Broken()
    context = Context(
        queues=broken,
        scripts=broken,
        jobs=broken,
        tasks=broken,
        nodes=broken,
        identity=cast(Any, Guard()),
        account_of=broken,
        clock=TestClock(),
        tokens=broken,
        revoke=broken,
        token_lasts_s=60,
        version="1",
    )
    app = cast(Application, build(context))
    gate = Gate([Face("v1", "/v1", app, refusal_body)], app, Limits())
    transport = httpx.ASGITransport(cast(Any, gate))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://x", headers={"Authorization": "Bearer good"}
    ) as made:
        yield made


async def test_a_fault_is_a_problem_with_the_requests_id_and_no_detail(client: httpx.AsyncClient) -> None:
    with capture_logs() as logs:
        answer = await client.get("/v1/jobs/1")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert "secret detail" not in answer.text
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["request_failed"]


async def test_a_request_without_authorization_is_told_which_there_are(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/jobs", headers={"Authorization": ""})
    assert answer.status_code == 401
    assert "POST /v1/tokens" in answer.json()["detail"]
    assert "Bearer" in answer.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nowhere", 404),
        ("PUT", "/v1/jobs", 405),
        ("GET", "/v1/jobs/abc", 404),
        ("GET", "/v1/jobs/" + "9" * 5000, 404),
        ("GET", "/v1/jobs/1/tasks/x/output", 404),
        ("GET", "/v1/jobs/1/tasks/1/instances/0", 404),
        ("GET", "/v1/jobs?limit=0", 400),
        ("GET", "/v1/jobs?lmit=1", 400),
        ("POST", "/v1/jobs", 400),
        ("POST", "/v1/tokens", 401),
    ],
)
async def test_what_cannot_be_is_refused_as_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


async def test_a_405_lists_every_method_of_the_address(client: httpx.AsyncClient) -> None:
    answer = await client.put("/v1/jobs")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


async def test_who_is_not_known_is_challenged(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/me", headers={"Authorization": "Bearer bad"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert (await client.get("/v1/me")).json() == {"name": "ada", "login": "ada", "role": "user"}
