"""Syncs as the server works them off: asked for by signed requests, one after the other where they overlap,
through kills, told by the command line.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from headgate.testing.object_store import SECRET_KEY
from headgate.testing.server import Server, descendants
from headgate.testing.signing import Signer
from tests.integration.objects.conftest import Sides
from tests.integration.objects.liar import Liar, Passing

T = TypeVar("T")


class Site:
    """A server with the users ada and ben, whose storages lie in `storage`; its object store is the liar."""

    def __init__(self, sides: Sides, liar: Liar, folder: Path) -> None:
        self.sides = sides
        self.storage = folder / "storage"
        self.storage.mkdir()
        variables = {**sides.store.settings(liar.url), "HEADGATE_STORAGE__ROOT": str(self.storage)}
        self.server = Server(folder / "data", environment=variables)
        self.signers: dict[str, Signer] = {}
        for name in ("ada", "ben"):
            self.server.add_user(name, "Engine-1!", os_account="nobody" if os.geteuid() == 0 else "")
            self.signers[name] = Signer(**self.server.add_key(name))

    def ask(self, method: str, path: str, body: Any = None, *, user: str = "ada") -> httpx.Response:
        """A signed request."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = dict(self.signers[user].headers(method, self.server.url + path, content))
        return httpx.request(method, self.server.url + path, content=content, headers=headers)

    def start(self, path: str, *, user: str = "ada", **more: Any) -> int:
        """Ask for a sync. Its number."""
        answer = self.ask("POST", "/files/sync", {"path": path, **more}, user=user)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["requestid"])

    def status(self, number: int, *, user: str = "ada") -> dict[str, str]:
        """What its user is told."""
        found: dict[str, str] = self.ask("GET", f"/files/sync/{number}", user=user).json()
        return found

    def wait(self, number: int, *, user: str = "ada") -> dict[str, str]:
        """Until it waits no longer."""

        def over() -> dict[str, str] | None:
            found = self.status(number, user=user)
            return found if found["status"] != "waiting" else None

        return waited(over)

    def command(self, *arguments: str) -> str:
        """What `headgate sync …` prints."""
        return self.server.command("sync", *arguments, "--data", str(self.server.data)).stdout


def waited(look: Callable[[], T | None], within_s: float = 30.0) -> T:
    """Until there is something."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if (found := look()) is not None:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not come")


@pytest.fixture
def site(sides: Sides, liar: Liar, folder: Path) -> Iterator[Site]:
    made = Site(sides, liar, folder)
    try:
        made.server.start()
        yield made
    finally:
        made.server.stop()


def slow(passing: Passing) -> bool:
    """The content of each object takes a while."""
    if passing.command == "GET" and "list-type" not in passing.path:
        time.sleep(0.05)
    return False


def no_bucket(passing: Passing) -> bool:
    """The bucket has vanished."""
    passing.refuse(404, "NoSuchBucket")
    return True


def test_a_sync_is_asked_for_polled_and_told_of(site: Site, liar: Liar) -> None:
    site.sides.store_object("work/in/a", b"input")
    site.sides.store_object("work/in/b//c", b"never asked for")
    number = site.start("work/in")
    assert site.wait(number) == {"status": "complete", "result": "0"}
    file = site.storage / "ada" / "work/in/a"
    assert file.read_bytes() == b"input"
    if os.geteuid() == 0:
        assert file.owner() == "nobody"
    assert site.wait(site.start("missing", direction="to_online"))["status"] == "error: parameter error"
    assert site.status(number, user="ben") == site.status(99) == {"status": "error: no such ID"}
    for path in ("", "..", "a/../../b", "/etc", "a\0b", "n" * 256, ".", "/"):
        assert site.ask("POST", "/files/sync", {"path": path}).status_code == 400, path
    assert re.match(
        rf"{number}\tada\tfrom_online\twork/in\tcomplete \(0\)\t\d/\d\t\d+/\d+\t", site.command("list")
    )
    liar.lie(no_bucket)
    failed = site.start("work/in", delete=True)
    assert site.wait(failed) == {"status": "complete", "result": "3"}
    assert "the bucket does not exist" in site.command("show", str(failed))
    assert file.exists()


def test_overlapping_syncs_run_one_after_the_other(site: Site, liar: Liar) -> None:
    for number in range(40):
        site.sides.store_object(f"work/in/{number}", b"x")
    liar.lie(slow)
    first, second = site.start("work"), site.start("work/in")
    other = site.start("elsewhere", user="ben")
    assert site.wait(other, user="ben")["status"] == "complete"
    assert site.status(second) == {"status": "waiting"}
    assert site.wait(second) == site.wait(first) == {"status": "complete", "result": "0"}
    shown = site.command("show", str(second))
    assert re.search(r"Files: +0/0\n(.*\n)*Same: +40\n", shown), shown


def test_a_killed_server_goes_on_with_its_syncs_and_the_secret_is_nowhere_to_be_seen(
    site: Site, liar: Liar
) -> None:
    for number in range(200):
        site.sides.store_object(f"work/{number}", b"content")
    liar.lie(slow)
    number, second = site.start("work"), site.start("work", direction="to_online")
    here = site.storage / "ada" / "work"
    waited(lambda: True if here.exists() and len(list(here.iterdir())) > 20 else None)
    hands = [pid for pid in descendants(site.server.process.pid) if "account_hand" in said(pid, "cmdline")]  # type: ignore[union-attr]  # it is running
    assert len(hands) == 1
    for name in ("cmdline", "environ"):
        assert SECRET_KEY not in said(hands[0], name)
    if os.geteuid() == 0:
        # What belongs to root there can't be looked at by the user, who can't trace the process either.
        assert Path(f"/proc/{hands[0]}/mem").owner() == "root"
        assert re.search(r"Max core file size +0 +0", said(hands[0], "limits"))
    site.server.kill()
    waited(lambda: True if not Path(f"/proc/{hands[0]}").exists() else None)
    assert len(list(here.iterdir())) < 200
    site.server.start()
    assert site.status(number) == {"status": "waiting"}
    assert site.wait(number) == {"status": "complete", "result": "0"}
    assert site.wait(second) == {"status": "complete", "result": "0"}
    assert {path.name for path in here.iterdir()} == {str(one) for one in range(200)}
    assert SECRET_KEY not in site.server.log.read_text()
    assert SECRET_KEY not in site.server.command("config", "show").stdout


def test_a_clean_stop_leaves_a_sync_to_be_gone_on_with(site: Site, liar: Liar) -> None:
    for number in range(100):
        site.sides.store_object(f"work/{number}", b"content")
    liar.lie(slow)
    number = site.start("work")
    here = site.storage / "ada" / "work"
    waited(lambda: True if here.exists() and len(list(here.iterdir())) > 10 else None)
    assert site.server.terminate() == 0
    assert "running" in site.command("list")
    site.server.start()
    assert site.wait(number) == {"status": "complete", "result": "0"}
    assert len(list(here.iterdir())) == 100


def said(pid: int, name: str) -> str:
    """A file of /proc."""
    return Path(f"/proc/{pid}/{name}").read_bytes().decode("utf-8", "replace")
