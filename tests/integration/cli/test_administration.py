"""Commands that work on the data folder: `user`, `config`, `doctor`; with and without a server."""

import os
import tomllib
from pathlib import Path

from headgate.testing.server import Server
from tests.integration.cli.conftest import Command


def test_a_user_is_added_before_there_is_anything(tmp_path: Path) -> None:
    fresh = Server(tmp_path / "deep" / "data")
    fresh.data.parent.mkdir()
    fresh.add_user("ada", "engine", role="admin", os_account="nobody")
    assert fresh.data.stat().st_mode & 0o777 == 0o700
    assert not [path for path in fresh.data.iterdir() if path.stat().st_mode & 0o077]
    listed = fresh.command("user", "list", "--data", str(fresh.data)).stdout
    assert listed == "ada\tadmin\tnobody\t\n"


def test_where_a_user_was_added_first_no_admin_is_made(tmp_path: Path) -> None:
    fresh = Server(tmp_path / "data")
    fresh.add_user("ada", "engine", role="admin", os_account="nobody")
    try:
        fresh.start()
        assert not (fresh.data / "initial-admin-password").exists()
        with fresh.http(("ada", "engine")) as client:
            assert client.get("/v1/me").json()["role"] == "admin"
    finally:
        fresh.stop()


def test_users_are_listed_disabled_and_enabled_beside_a_running_server(
    server: Server, headgate: Command
) -> None:
    data = ["--data", str(server.data)]
    server.add_user("temp", "x", os_account="nobody")
    headgate("user", "disable", "TEMP", *data)
    assert "temp\tuser\tnobody\tdisabled\n" in headgate("user", "list", *data).stdout
    headgate("user", "enable", "temp", *data)
    assert "temp\tuser\tnobody\t\n" in headgate("user", "list", *data).stdout


def test_what_cannot_be_done_is_refused_in_one_line(server: Server, headgate: Command) -> None:
    data = ["--data", str(server.data)]
    for words in (
        ["user", "add", "ada", "--password-stdin"],
        ["user", "add", "new", "--role", "boss", "--password-stdin"],
        ["user", "add", "a:b", "--password-stdin"],
        ["user", "passwd", "nobody-here", "--password-stdin"],
        ["user", "disable", "nobody-here"],
    ):
        done = headgate(*words, *data, stdin="x\n", check=False)
        assert done.returncode == 1, words
        assert done.stderr.startswith("headgate: ")
    assert headgate("user", "add", "new", "--password-stdin", *data, stdin="\n", check=False).returncode == 1
    assert headgate("user", "add", "new", *data, check=False).returncode == 2
    assert headgate("user", "list", check=False).returncode == 1


def test_an_account_that_does_not_exist_is_said_at_once(tmp_path: Path, headgate: Command) -> None:
    words = ["user", "add", "ghost", "--password-stdin", "--os-account", "no-such-account"]
    done = headgate(*words, "--data", str(tmp_path / "data"), stdin="x\n")
    if os.geteuid() == 0:
        assert "tasks of ghost will fail" in done.stderr


def test_settings_are_shown_with_their_sources(tmp_path: Path, server: Server) -> None:
    server.environment["HEADGATE_SERVER__PORT"] = "1234"
    try:
        shown = server.command("config", "show", "--data", "/somewhere").stdout
    finally:
        del server.environment["HEADGATE_SERVER__PORT"]
    server_table = shown.partition("\n[")[0]
    lines = {line.split("=")[0].strip(): line for line in server_table.splitlines() if "=" in line}
    assert lines["port"].endswith("# variable HEADGATE_SERVER__PORT")
    assert lines["data"].endswith("# flag --data")
    assert lines["host"].endswith("# default")
    assert tomllib.loads(shown)["server"]["port"] == 1234


def test_the_doctor_finds_a_healthy_installation_healthy(server: Server, headgate: Command) -> None:
    done = headgate("doctor", "--data", str(server.data))
    assert "FAIL" not in done.stdout
    assert "sync to disk" in done.stdout
    assert "initial-admin-password is still there" in done.stdout


def test_the_doctor_finds_what_is_wrong(tmp_path: Path, headgate: Command) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    done = headgate("doctor", "--data", str(folder), check=False)
    assert done.returncode == 1
    assert "open to others" in done.stdout


def test_the_version_is_told(headgate: Command) -> None:
    assert headgate("--version").stdout.startswith("headgate ")
