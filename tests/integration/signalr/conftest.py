"""One real server with two users and an administrator for the tests of a file."""

from collections.abc import Iterator

import pytest

from headgate.testing.server import Server, running
from tests.integration.signalr.client import Client

ADA = ("ada", "engine")
BEN = ("ben", "franklin")
BOSS = ("boss", "hogg")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with its users."""
    with running(tmp_path_factory.mktemp("server") / "data") as started:
        add_users(started)
        yield started


@pytest.fixture(autouse=True)
def _no_client_is_left_open() -> Iterator[None]:
    yield
    while Client.made:
        Client.made.pop().closing.close()


def add_users(server: Server) -> None:
    for user, role in ((ADA, "user"), (BEN, "user"), (BOSS, "admin")):
        server.add_user(*user, role=role, os_account="nobody")


def job_of(server: Server, command: str, user: tuple[str, str] = ADA) -> int:
    """A job of one task that is not submitted yet."""
    with server.http(user) as http:
        job: int = http.post("/hpc/jobs", json=[]).json()
        task = [{"Name": "CommandLine", "Value": command}, {"Name": "WorkDirectory", "Value": "/"}]
        assert http.post(f"/hpc/jobs/{job}/tasks", json=task).status_code == 200
    return job


def submit(server: Server, job: int, user: tuple[str, str] = ADA) -> None:
    with server.http(user) as http:
        assert http.post(f"/hpc/jobs/{job}/submit").status_code == 204


def assert_contiguous(steps: list[tuple[str, str]], first: str, last: str) -> None:
    """Each change begins where the one before it ended."""
    assert steps[0][0] == first
    assert steps[-1][1] == last
    assert [before for before, _ in steps[1:]] == [after for _, after in steps[:-1]]
