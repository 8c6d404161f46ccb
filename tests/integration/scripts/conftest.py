"""A server for job scripts, and who submits them."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from headgate.testing.server import Server, running

FINAL = ("finished", "failed", "canceled")


class Desk:
    """Where scripts are handed in: the user ada's, whose jobs run in `work`."""

    def __init__(self, server: Server, work: Path) -> None:
        self.server = server
        self.work = work
        self.http: httpx.Client = server.http(("ada", "engine"))

    def submit(self, flavour: str, text: str, file: str = "job.sh", **members: Any) -> int:
        """Hand in a script; the number of its job."""
        answer = self.post(flavour, text, file, **members)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def post(self, flavour: str, text: str, file: str = "job.sh", **members: Any) -> httpx.Response:
        """The same, whatever comes of it."""
        variables = {"HOME": "/home/ann", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin"}
        submitter = {"directory": str(self.work), "host": "login1", "file": file, "variables": variables}
        # The demo's account has no home, where PBS would begin.
        home = {"work_directory": str(self.work)} if flavour == "pbs" else {}
        body = {"flavour": flavour, "submitter": submitter, "tasks": [{"script": text, **home}], **members}
        return self.http.post("/v1/jobs", json=body)

    def job(self, number: int) -> dict[str, Any]:
        """The job as it is now."""
        found: dict[str, Any] = self.http.get(f"/v1/jobs/{number}").json()
        return found

    def task(self, number: int) -> dict[str, Any]:
        """Its one task."""
        found: dict[str, Any] = self.http.get(f"/v1/jobs/{number}/tasks/1").json()
        return found

    def until(self, number: int, *states: str) -> dict[str, Any]:
        """Wait until the job is in one of these states."""
        end = time.monotonic() + 30
        while (found := self.job(number))["state"] not in states:
            assert time.monotonic() < end, found
            time.sleep(0.02)
        return found

    def ended(self, number: int) -> dict[str, Any]:
        """Wait for its end."""
        return self.until(number, *FINAL)

    def output(self, name: str) -> str:
        """What is in a file of the work folder."""
        return (self.work / name).read_text()


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A server of its own, and an open work folder."""
    # Not pytest's: that is closed to the accounts that jobs run under.
    folder = Path(tempfile.mkdtemp(prefix="headgate-test-"))
    folder.chmod(0o755)
    work = folder / "work"
    work.mkdir()
    work.chmod(0o777)
    environment = {"XDG_CONFIG_HOME": str(folder / "config")}
    with running(folder / "data", environment=environment) as started:
        started.add_user("ada", "engine", os_account="nobody")
        login = ["login", "--url", started.url, "--user", "ada", "--password-stdin"]
        started.command(*login, stdin="engine\n")
        desk = Desk(started, work)
        yield desk
        desk.http.close()
    shutil.rmtree(folder, ignore_errors=True)
