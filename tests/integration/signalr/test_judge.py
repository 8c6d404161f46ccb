"""The published JavaScript client as the judge, in Node with what `judge/package.json` names.

It is installed once into `.cache`; without Node, npm or a registry that answers, these tests are skipped.
"""

import fcntl
import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.testing.server import Server
from tests.integration.signalr.conftest import ADA, BOSS, add_users, assert_contiguous, job_of, submit

SOURCE = Path(__file__).parent / "judge"
HOME = Path(__file__).parents[3] / ".cache" / "signalr-judge"
PATIENCE_S = 30.0

pytestmark = pytest.mark.xdist_group("signalr-judge")


@pytest.fixture(scope="session")
def home() -> Path:
    """A folder with the client and all it needs."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("Node and npm are needed to run the published SignalR client")
    HOME.parent.mkdir(parents=True, exist_ok=True)
    with HOME.with_suffix(".lock").open("w") as lock:  # two npm in one folder are in each other's way
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(npm)
    shutil.copy(SOURCE / "judge.js", HOME / "judge.js")
    return HOME


def _install(npm: str) -> None:
    """From nothing, so that what an earlier try has left is in nobody's way."""
    wanted = (SOURCE / "package.json").read_bytes()
    done = HOME / "installed.json"
    if done.exists() and done.read_bytes() == wanted:
        return
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir()
    (HOME / "package.json").write_bytes(wanted)
    install = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    try:
        subprocess.run(install, cwd=HOME, check=True, capture_output=True, timeout=50)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"the published SignalR client can't be installed: {error}")
    done.write_bytes(wanted)


class Judge:
    """The client in a process of its own."""

    def __init__(
        self, home: Path, server: Server, user: tuple[str, str], transports: str, *, browser: bool = False
    ) -> None:
        self.process = subprocess.Popen(
            ["node", "judge.js", server.url, *user, transports],
            cwd=home,
            env={**os.environ, **({"JUDGE_IS_A_BROWSER": "1"} if browser else {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.Queue[Any] = queue.Queue()
        self.told: list[tuple[str, list[Any]]] = []
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        try:
            self.transport = self.next("started")
        except BaseException:  # nobody else will close it
            self.close()
            raise

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def take(self) -> dict[str, Any]:
        """The next thing that happens."""
        found: dict[str, Any] = self.lines.get(timeout=PATIENCE_S)
        if "told" in found:
            self.told.append((found["told"][0], found["told"][1]))
        return found

    def next(self, what: str) -> Any:
        """Wait until this happens."""
        while what not in (found := self.take()):
            assert "failed" not in found, found
        return found[what]

    def call(self, hub: str, method: str, *arguments: object) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([hub, method, *arguments]) + "\n")
        self.process.stdin.flush()
        while "result" not in (found := self.take()):
            if "refused" in found:
                return found
        return found["result"]

    def follow(self, job: int) -> None:
        for hub in ("JobEventHub", "TaskEventHub"):
            assert self.call(hub, "BeginListen", job) is None

    def steps(self, method: str) -> list[tuple[str, str]]:
        return [(arguments[-1], arguments[-2]) for name, arguments in self.told if name == method]

    def until_both_end(self) -> None:
        """Until a job and its task have ended, both heard of without a gap."""
        while not all(
            steps and steps[-1][1] == "Finished"
            for steps in (self.steps("JobStateChange"), self.steps("TaskStateChange"))
        ):
            self.take()
        assert_contiguous(self.steps("JobStateChange"), "Configuring", "Finished")
        assert_contiguous(self.steps("TaskStateChange"), "Submitted", "Finished")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.reader.join(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def judges() -> Iterator[list[Judge]]:
    """Those in this list are closed afterwards."""
    made: list[Judge] = []
    yield made
    for one in made:
        one.close()


@pytest.mark.parametrize("transport", ["webSockets", "longPolling"])
def test_the_published_client_hears_contiguous_changes(
    home: Path, server: Server, judges: list[Judge], transport: str
) -> None:
    judge = Judge(home, server, ADA, transport)
    judges.append(judge)
    assert judge.transport == transport
    job = job_of(server, "true")
    judge.follow(job)
    assert "no job" in judge.call("JobEventHub", "BeginListen", 2**31 - 1)["refused"]
    submit(server, job)
    judge.until_both_end()


def test_a_browser_that_cannot_authenticate_its_websocket_falls_back_to_polling(
    home: Path, server: Server, judges: list[Judge]
) -> None:
    judge = Judge(home, server, ADA, "webSockets,longPolling", browser=True)
    judges.append(judge)
    assert judge.transport == "longPolling"
    job = job_of(server, "true")
    judge.follow(job)
    submit(server, job)
    judge.until_both_end()


def test_the_published_client_runs_a_command(home: Path, server: Server, judges: list[Judge]) -> None:
    judge = Judge(home, server, BOSS, "webSockets")
    judges.append(judge)
    with server.http(BOSS) as http:
        node = http.get("/hpc/nodes?properties=Name").json()[0]["Properties"][0]["Value"]
    job = judge.call("CommandHub", "CreateCommand", "echo one; echo two", [node])
    assert judge.call("CommandHub", "StartCommand", job) is None
    while not (judge.told and judge.told[-1][1][3]):
        judge.take()
    assert [arguments[2:] for _, arguments in judge.told] == [
        ["one", False, False],
        ["two", False, False],
        ["", True, False],
    ]


@pytest.mark.parametrize("transport", ["webSockets", "longPolling"])
def test_the_published_client_finds_its_way_over_a_kill_and_a_restart(
    home: Path, tmp_path: Path, judges: list[Judge], transport: str
) -> None:
    server = Server(tmp_path / "data")
    try:
        server.start()
        server.arguments = ("--port", server.url.rpartition(":")[2])
        add_users(server)
        judge = Judge(home, server, ADA, transport)
        judges.append(judge)
        job = job_of(server, "sleep 1")
        judge.follow(job)
        submit(server, job)
        while ("Queued", "Running") not in judge.steps("JobStateChange"):
            judge.take()
        server.kill()
        server.start()
        judge.next("reconnected")
        judge.until_both_end()
    finally:
        server.stop()
