"""A server in front of a cluster, for the tests of the Slurm engine."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headgate.testing.server import Server
from headgate.testing.slurm import Cluster

FINAL = ("finished", "failed", "canceled")


def until(true: Callable[[], Any], seconds: float = 60.0) -> Any:
    """Wait until it is; what it is then."""
    end = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < end, "it did not come so far"
        time.sleep(0.05)
    return found


class Front:
    """A server with the Slurm engine, and what tests ask of it. `marks` is a folder in which runs count
    themselves.
    """

    def __init__(
        self,
        up: Cluster,
        folder: Path,
        *,
        settings: str = "",
        spool: bool = True,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.up = up
        self._folder = folder
        self.marks = folder
        self.turn_over()
        self.spool = folder / "spool"
        self.config = folder / "headgate.toml"
        self.config.write_text(
            f'[engine.slurm]\nconf = "{up.conf}"\nspool = "{self.spool if spool else ""}"\n'
            f"settle_s = 0.3\nrecord_wait_s = 1.0\npoll_min_s = 0.1\npoll_max_s = 0.5\n{settings}"
        )
        arguments = ("--engine", "slurm", "--config", str(self.config))
        self.server = Server(folder / "data", arguments, environment)
        self.owner = ("jane", "jane's secret 1")

    def turn_over(self) -> "Front":
        """Nothing has run under any mark: for the next test on the same server."""
        self.marks = Path(tempfile.mkdtemp(prefix="marks-", dir=self._folder))
        self.marks.chmod(0o777)
        return self

    @contextmanager
    def turn(self) -> Iterator["Front"]:
        """The same server for a test of its own, which leaves nothing in Slurm."""
        yield self.turn_over()
        self.up.command("scancel", "--user=root", "--user=nobody", check=False)
        until(lambda: not self.up.command("squeue", "-h").stdout)

    def start(self) -> "Front":
        """Have it serve."""
        self.server.start()
        return self

    def add_owner(self) -> None:
        """Whose jobs they are: they run as nobody."""
        self.server.add_user(*self.owner, os_account="nobody")

    def command(self, mark: str, rest: str = "") -> str:
        """A command line that notes in the file of its mark that it ran."""
        return f'echo "$CCP_TASKINSTANCEID" >> {self.marks}/{mark}; {rest}'

    def submit(self, *tasks: dict[str, Any], **job: Any) -> int:
        """A job of these tasks; its number."""
        with self.server.http(self.owner) as http:
            body = {"tasks": [{"work_directory": str(self.marks), **task} for task in tasks], **job}
            answer = http.post("/v1/jobs", json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def ask(self, method: str, path: str) -> Any:
        """Something else."""
        with self.server.http(self.owner) as http:
            answer = http.request(method, path)
        assert answer.status_code < 300, answer.text
        return (
            answer.json() if answer.headers.get("content-type", "").startswith("application/json") else None
        )

    def job(self, number: int) -> dict[str, Any]:
        """The job as it is now."""
        found: dict[str, Any] = self.ask("GET", f"/v1/jobs/{number}")
        return found

    def task(self, number: int, task: int = 1) -> dict[str, Any]:
        """One of its tasks."""
        found: dict[str, Any] = self.ask("GET", f"/v1/jobs/{number}/tasks/{task}")
        return found

    def until(self, number: int, *states: str, seconds: float = 30.0) -> dict[str, Any]:
        """Wait until the job is in one of these states."""
        end = time.monotonic() + seconds
        while (found := self.job(number))["state"] not in states:
            assert time.monotonic() < end, (found, self.server.log.read_text()[-4000:])
            time.sleep(0.05)
        return found

    def ended(self, number: int, *, seconds: float = 30.0) -> dict[str, Any]:
        """Wait for its end."""
        return self.until(number, *FINAL, seconds=seconds)

    def ran(self, mark: str) -> list[int]:
        """The instances that ran under this mark, once for each time they did."""
        path = self.marks / mark
        return sorted(int(line) for line in path.read_text().split()) if path.exists() else []

    def until_ran(self, mark: str, count: int) -> None:
        """Wait until so many have."""
        end = time.monotonic() + 30
        while len(self.ran(mark)) < count:
            assert time.monotonic() < end, self.server.log.read_text()[-4000:]
            time.sleep(0.02)

    def stop(self) -> None:
        """End the server; the cluster goes on."""
        self.server.stop()


@contextmanager
def front(
    up: Cluster,
    *,
    settings: str = "",
    spool: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Front]:
    """A server that serves, in a folder that jobs can reach. environment: variables of its process."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-test-"))
    folder.chmod(0o755)
    made = Front(up, folder, settings=settings, spool=spool, environment=environment)
    try:
        made.start()
        made.add_owner()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)
