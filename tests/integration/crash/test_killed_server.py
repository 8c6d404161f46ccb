"""A client keeps submitting while the server is killed with SIGKILL at random points.

Each task writes its own mark to a file of its own run, so that the marks tell how often it ran. Afterwards:
every acknowledged job has ended well, every task ran at most once, and the acknowledged ones exactly once.
`HEADGATE_KILLS` is how often the server is killed (50 and more for the long form; see
docs/how-to/work-on-headgate.md).
"""

import os
import pwd
import random
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from headgate.testing.server import Server

KILLS = int(os.environ.get("HEADGATE_KILLS", "8"))
USER = ("alice", "correct horse battery")
SWEEP = 5
END_S = 90.0


class Client(threading.Thread):
    """Submits jobs one after the other, whatever happens, until told to stop; remembers which were
    acknowledged.
    """

    def __init__(self, name: str, server: Server, marks: Path, seed: int) -> None:
        super().__init__(name=name, daemon=True)
        self.server = server
        self.marks = marks
        self.random = random.Random(seed)
        self.stopping = threading.Event()
        self.acknowledged: dict[str, int] = {}
        """Job id by the mark its task writes."""
        self.unsure: list[str] = []
        """Marks whose submission was not answered."""

    def run(self) -> None:
        number = 0
        while not self.stopping.is_set():
            number += 1
            mark = f"{self.name}-{number}"
            try:
                with httpx.Client(base_url=self.server.url, auth=USER, timeout=10) as http:
                    self.acknowledged[mark] = self.submit(http, mark)
            except httpx.HTTPError:
                self.unsure.append(mark)
                time.sleep(0.02)

    def submit(self, http: httpx.Client, mark: str) -> int:
        """Create, add a task (every third a sweep), submit; the job's id.

        Raises HTTPError when any step is unanswered.
        """
        job = http.post("/hpc/jobs", json=[{"Name": "Name", "Value": mark}]).raise_for_status().json()
        command = f'echo "{mark} $CCP_TASKINSTANCEID" >> "{self.marks}/{mark}.$CCP_TASKINSTANCEID"'
        task = {"CommandLine": command, "WorkDirectory": str(self.marks)}
        if self.random.random() < 0.3:
            task |= {"Type": "ParametricSweep", "StartValue": "1", "EndValue": str(SWEEP)}
        elif self.random.random() < 0.3:
            task["CommandLine"] += "; sleep 0.2"
        body = [{"Name": name, "Value": value} for name, value in task.items()]
        http.post(f"/hpc/jobs/{job}/tasks", json=body).raise_for_status()
        http.post(f"/hpc/jobs/{job}/submit").raise_for_status()
        return int(job)


def all_states(server: Server) -> dict[int, str]:
    """The state of every job."""
    found: dict[int, str] = {}
    with server.http(USER) as http:
        start = 0
        while True:
            path = f"/hpc/jobs?properties=Id,State&rowsPerRead=500&startRow={start}"
            rows = http.get(path).raise_for_status().json()
            if not rows:
                return found
            for row in rows:
                values = {entry["Name"]: entry["Value"] for entry in row["Properties"]}
                found[int(values["Id"])] = values["State"]
            start += len(rows)


def wait_until_ended(server: Server, jobs: set[int]) -> dict[int, str]:
    """The states of all jobs, once these have ended."""
    until = time.monotonic() + END_S
    while True:
        states = all_states(server)
        left = {
            job: states.get(job, "gone")
            for job in jobs
            if states.get(job) not in ("Finished", "Failed", "Canceled")
        }
        if not left:
            return states
        assert time.monotonic() < until, f"jobs that do not end: {left}"
        time.sleep(0.2)


def why_failed(server: Server, jobs: list[int]) -> dict[int, str]:
    """The error messages of the tasks of these jobs."""
    found = {}
    with server.http(USER) as http:
        for job in jobs:
            path = f"/hpc/jobs/{job}/tasks?properties=TaskId,State,ExitCode,ErrorMessage"
            found[job] = http.get(path).text
    return found


@pytest.fixture
def marks() -> Iterator[Path]:
    """A folder the tasks can write to: not below pytest's own, which other accounts may not enter."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-marks-"))
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.timeout(600)
@pytest.mark.xdist_group("crash")
def test_nothing_acknowledged_is_lost_and_nothing_runs_twice(tmp_path: Path, marks: Path) -> None:
    seed = int(os.environ.get("HEADGATE_SEED", str(time.time_ns() % 10**6)))
    chance = random.Random(seed)
    server = Server(tmp_path / "data")
    server.add_user(*USER, os_account="nobody" if os.geteuid() == 0 else "")
    try:
        server.start()
        clients = [Client(f"c{n}", server, marks, seed + n) for n in range(3)]
        for client in clients:
            client.start()
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.05, 1.2))
            server.kill()
            server.start()
        for client in clients:
            client.stopping.set()
        for client in clients:
            client.join(20)
        acknowledged = {mark: job for client in clients for mark, job in client.acknowledged.items()}
        states = wait_until_ended(server, set(acknowledged.values()))
        reasons = why_failed(server, [job for job in acknowledged.values() if states[job] != "Finished"])
    finally:
        server.stop()

    runs = Counter({path.name: len(path.read_text().splitlines()) for path in marks.iterdir()})
    twice = {name: count for name, count in runs.items() if count > 1}
    assert not twice, f"ran more than once (seed {seed}): {twice}"
    assert len(acknowledged) > KILLS, "the clients hardly got anything through"
    assert not reasons, f"acknowledged but not finished (seed {seed}): {reasons}"
    missing = [mark for mark in acknowledged if f"{mark}.0" not in runs and f"{mark}.{SWEEP}" not in runs]
    assert not missing, f"acknowledged and ended, but never ran (seed {seed}): {missing}"
    partial = [
        mark
        for mark in acknowledged
        if f"{mark}.1" in runs and any(f"{mark}.{n}" not in runs for n in range(1, SWEEP + 1))
    ]
    assert not partial, f"sweeps that ran in part (seed {seed}): {partial}"
