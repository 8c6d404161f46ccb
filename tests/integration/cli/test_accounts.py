"""Commands about OS accounts, groups of users and API keys; with and without a server."""

import os
import re
import time
from pathlib import Path

import httpx
import pytest

from headgate.testing.server import Server
from tests.integration.cli.conftest import Command

PASSWORD = "engine"


@pytest.fixture
def data(tmp_path: Path, headgate: Command) -> Path:
    """A data folder without a server, with the users ada and bob."""
    folder = tmp_path / "data"
    for name in ("ada", "bob"):
        headgate("user", "add", name, "--password-stdin", "--data", str(folder), stdin=PASSWORD)
    return folder


def test_a_key_is_printed_alone_on_a_line_and_again(data: Path, headgate: Command) -> None:
    where = ("--data", str(data))
    first = headgate("token", "create", "ada", *where).stdout
    assert re.fullmatch(r"[0-9a-f]{32}\n", first)
    assert headgate("token", "create", "ADA", *where).stdout == first
    second = headgate("token", "create", "ada", "--new", *where).stdout
    assert re.fullmatch(r"[0-9a-f]{32}\n", second)
    assert second != first
    listed = headgate("token", "list", *where).stdout
    assert listed.startswith("ada\tapi-key\t")
    assert second.strip() not in listed
    headgate("token", "revoke", "ada", *where)
    assert headgate("token", "list", *where).stdout == ""
    for words in (["revoke", "ada"], ["create", "ghost"]):
        done = headgate("token", *words, *where, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("headgate: ")
    assert headgate("token", "create", "ada", *where).stdout not in (first, second)


def test_a_login_ends_in_the_running_server_when_everything_of_its_user_is_revoked(
    server: Server, headgate: Command
) -> None:
    where = ("--data", str(server.data))
    server.add_user("lena", PASSWORD, os_account="nobody")
    with server.http(("lena", PASSWORD)) as http:
        token = http.post("/v1/tokens", json={}).json()["token"]
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}) as http:
        assert http.get("/v1/me").status_code == 200
        headgate("token", "revoke", "lena", "--all", *where)
        until = time.monotonic() + 10
        while http.get("/v1/me").status_code == 200:  # it looks again twice a second
            assert time.monotonic() < until
            time.sleep(0.05)
        assert http.get("/v1/me").status_code == 401


def test_groups_are_made_changed_and_listed(data: Path, headgate: Command) -> None:
    where = ("--data", str(data))
    headgate("group", "add", "physics", "ada", "--gid", "7000", "--description", "the lab", *where)
    headgate("group", "join", "Physics", "BOB", *where)
    assert headgate("group", "list", *where).stdout == "physics\t7000\tada, bob\tthe lab\n"
    headgate("group", "leave", "physics", "ada", *where)
    shown = headgate("group", "show", "physics", *where).stdout
    assert shown.split() == [
        "Name:",
        "physics",
        "gid:",
        "7000",
        "Members:",
        "bob",
        "Description:",
        "the",
        "lab",
    ]
    headgate("user", "remove", "bob", *where)
    assert headgate("group", "list", *where).stdout == "physics\t7000\t\tthe lab\n"
    for words in (["add", "physics"], ["add", "a-b"], ["join", "physics", "ghost"], ["show", "ghost"]):
        done = headgate("group", *words, *where, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("headgate: ")
    headgate("group", "remove", "physics", *where)
    assert headgate("group", "list", *where).stdout == ""


def test_an_os_account_is_named_taken_away_and_told(data: Path, headgate: Command) -> None:
    where = ("--data", str(data))
    assert "ada\tuser\tada\t\n" in headgate("user", "list", *where).stdout
    headgate("user", "account", "ada", "nobody", *where)
    assert "ada\tuser\tnobody\t\n" in headgate("user", "list", *where).stdout
    headgate("user", "account", "ada", "--none", *where)
    assert "ada\tuser\t\t\n" in headgate("user", "list", *where).stdout
    if os.geteuid() == 0:
        told = headgate("doctor", *where, check=False).stdout
        assert "The user 'ada' has no OS account" in told
    for words in (["ada"], ["ada", "x", "--none"]):
        assert headgate("user", "account", *words, *where, check=False).returncode == 2
    assert headgate("user", "account", "ghost", "nobody", *where, check=False).returncode == 1


def test_a_server_whose_root_key_lies_open_does_not_start(tmp_path: Path, headgate: Command) -> None:
    path = tmp_path / "root.key"
    server = Server(tmp_path / "data", environment={"HEADGATE_SOCA__ROOT_KEY_FILE": str(path)})
    try:
        server.start()
        key = path.read_text()
        assert path.stat().st_mode & 0o777 == 0o600
        server.stop()
        server.start()
        assert path.read_text() == key
        assert key.strip() not in server.log.read_text()
        server.stop()
        path.chmod(0o644)
        with pytest.raises(AssertionError, match="open to others"):
            server.start()
    finally:
        server.stop()
