"""One real server for the tests of this folder, with keys, and a place for the directories of jobs."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from headgate.testing.server import Server, running

PASSWORD = "Engine-1!"


class Site:
    """A server with the users ada and ben and the administrator boss. homes: for job directories."""

    def __init__(self, server: Server, homes: Path, root_key: str) -> None:
        self.server = server
        self.homes = homes
        self.root_key = root_key
        self.keys: dict[str, str] = {}
        for name, role in (("ada", "user"), ("ben", "user"), ("boss", "admin")):
            server.add_user(name, PASSWORD, role=role, os_account="nobody")
            root = {"X-SOCA-TOKEN": root_key}
            shown = httpx.get(f"{server.url}/api/user/api_key", params={"user": name}, headers=root)
            self.keys[name] = shown.json()["message"]

    def http(self, user: str = "ada") -> httpx.Client:
        """A client with a user's headers."""
        headers = {"X-SOCA-USER": user, "X-SOCA-TOKEN": self.keys[user]}
        return httpx.Client(base_url=self.server.url + "/api", headers=headers, timeout=60)

    def ended(self, number: str, user: str = "ada") -> dict[str, Any]:
        """Wait until a job has ended; its attributes."""
        until = time.monotonic() + 30
        with self.http(user) as http:
            while True:
                answer = http.get("/scheduler/job", params={"job_id": number, "history": "true"})
                found: dict[str, Any] = answer.json()["message"]
                assert answer.status_code == 200, answer.text
                if found["job_state"] == "F":
                    return found
                assert time.monotonic() < until, found
                time.sleep(0.02)


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """See Site."""
    # Not pytest's: that is closed to the accounts that jobs run under.
    folder = Path(tempfile.mkdtemp(prefix="headgate-test-"))
    folder.chmod(0o755)
    homes = folder / "homes"
    homes.mkdir()
    homes.chmod(0o1777)
    environment = {
        "HEADGATE_SOCA__HOME_ROOT": str(homes),
        "HEADGATE_SOCA__ROOT_KEY_FILE": str(folder / "root.key"),
    }
    with running(folder / "data", environment=environment) as started:
        yield Site(started, homes, (folder / "root.key").read_text().strip())
    shutil.rmtree(folder, ignore_errors=True)
