"""`headgate key …` on the data folder of a running server."""

import json
import re
from pathlib import Path

from headgate.testing.server import Server
from tests.integration.cli.conftest import Command


def test_a_key_is_printed_as_one_line_of_json_and_its_secret_never_again(
    server: Server, headgate: Command
) -> None:
    data = ["--data", str(server.data)]
    done = headgate("key", "create", "ADA", *data)
    assert re.fullmatch(r'\{"access_key": "[A-Z0-9]{20}", "secret_key": "[A-Za-z0-9]{40}"\}\n', done.stdout)
    assert not done.stderr
    made = json.loads(done.stdout)
    listed = headgate("key", "list", *data).stdout
    assert re.fullmatch(made["access_key"] + r"\tada\t20\d\d-[^\t]*\t\n", listed)
    assert headgate("key", "list", "ada", *data).stdout == listed
    assert headgate("key", "list", "olga", *data).stdout == ""
    kept = b"".join(path.read_bytes() for path in server.data.glob("headgate.db*"))
    assert made["access_key"].encode() in kept
    assert made["secret_key"].encode() not in kept + server.log.read_bytes()
    headgate("key", "disable", made["access_key"], *data)
    assert "\tdisabled\n" in headgate("key", "list", *data).stdout
    headgate("key", "enable", made["access_key"], *data)
    assert "disabled" not in headgate("key", "list", *data).stdout
    headgate("key", "remove", made["access_key"], *data)
    assert headgate("key", "list", *data).stdout == ""


def test_what_cannot_be_done_with_keys_is_refused_in_one_line(server: Server, headgate: Command) -> None:
    data = ["--data", str(server.data)]
    for _ in range(2):
        headgate("key", "create", "olga", *data)
    for words in (
        ["create", "olga"],
        ["create", "nobody-here"],
        ["disable", "HG0"],
        ["enable", "HG0"],
        ["remove", "HG0"],
    ):
        done = headgate("key", *words, *data, check=False)
        assert (done.returncode, done.stdout) == (1, ""), words
        assert re.fullmatch(r"headgate: [^\n]+\n", done.stderr)
    headgate("user", "remove", "olga", *data)
    assert headgate("key", "list", *data).stdout == ""


def test_a_key_is_made_before_a_server_was_started(tmp_path: Path) -> None:
    fresh = Server(tmp_path / "data")
    fresh.add_user("ada", "engine", os_account="nobody")
    fresh.command("key", "create", "ada", "--data", str(fresh.data))
    assert not [path for path in fresh.data.iterdir() if path.stat().st_mode & 0o077]
