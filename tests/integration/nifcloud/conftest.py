"""One real server for the tests of this folder, with users that sign, and a storage for each."""

import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from headgate.testing.server import Server, running
from headgate.testing.signing import Signer

PASSWORD = "Engine-1!"


class Site:
    """A server with the users ada, ben (their jobs run as `nobody`) and boss, an administrator.

    storage: the folder of the users' folders.
    """

    def __init__(self, server: Server, storage: Path) -> None:
        self.server = server
        self.storage = storage
        self.signers: dict[str, Signer] = {}
        for name, role in (("ada", "user"), ("ben", "user"), ("boss", "admin")):
            server.add_user(name, PASSWORD, role=role, os_account="nobody")
            self.signers[name] = key_for(server, name)

    def put(self, path: str, text: str, user: str = "ada") -> Path:
        """A file in a user's storage, as if a sync had brought it; asking for any makes the folder."""
        if not (self.storage / user).exists():
            assert self.ask("POST", "/jobs", {"jobfile": "missing"}, user=user).status_code == 400
        file = self.storage / user / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        if os.geteuid() == 0:
            for made in (file, *file.parents):
                if made == self.storage / user:
                    break
                shutil.chown(made, "nobody", "nogroup")
        return file

    def ask(
        self, method: str, path: str, body: Any = None, *, user: str = "ada", **more: Any
    ) -> httpx.Response:
        """A signed request."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = dict(self.signers[user].headers(method, self.server.url + path, content))
        return httpx.request(method, self.server.url + path, content=content, headers=headers, **more)

    def submit(self, path: str, user: str = "ada") -> int:
        """Submit a script that is there; the job's number."""
        answer = self.ask("POST", "/jobs", {"jobfile": path}, user=user)
        assert answer.status_code == 201, answer.text
        number = answer.json()["job_id"]
        assert answer.headers["location"] == f"/jobs/{number}"
        return int(number)

    def gone(self, number: int, user: str = "ada") -> None:
        """Wait until a job has ended, as a client learns it: by a 404."""
        until = time.monotonic() + 30
        while (answer := self.ask("GET", f"/jobs/{number}", user=user)).status_code == 200:
            assert time.monotonic() < until, answer.text
            time.sleep(0.05)
        assert answer.status_code == 404
        assert answer.json() == {"code": "GeneralError", "message": "Operation not permitted."}


def key_for(server: Server, user: str) -> Signer:
    """A new access key."""
    return Signer(**server.add_key(user))


@pytest.fixture(scope="package")
def site() -> Iterator[Site]:
    """See Site."""
    # Not pytest's: that is closed to the accounts that jobs run under.
    folder = Path(tempfile.mkdtemp(prefix="headgate-test-"))
    folder.chmod(0o755)
    storage = folder / "storage"
    storage.mkdir(mode=0o755)
    environment = {
        "HEADGATE_STORAGE__ROOT": str(storage),
        "HEADGATE_NIFCLOUD__DEADLINE_S": "1.0",
        "HEADGATE_SERVER__TIME_ZONE": "Asia/Tokyo",
    }
    with running(folder / "data", environment=environment) as started:
        yield Site(started, storage)
    shutil.rmtree(folder, ignore_errors=True)
