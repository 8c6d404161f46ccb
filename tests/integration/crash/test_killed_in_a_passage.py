"""The server is killed (SIGKILL) while a job of many tasks goes through what was asked for, some at a time:
the next one brings it to its end, and what had not been answered leaves nothing.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from headgate.testing.server import Server

USER = ("alice", "correct horse battery")
TASKS = 12_000
WITHIN_S = 120.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    server.start()
    server.add_user(*USER)
    with server.http() as http:
        for node in http.get("/v1/nodes").json()["nodes"]:
            http.post(f"/v1/nodes/{node['name']}/state", json={"state": "offline"}).raise_for_status()
    yield server
    server.stop()


def document() -> bytes:
    tasks = "".join(f'<Task CommandLine="true" Name="t{number}"/>' for number in range(TASKS))
    return f"<Job><Tasks>{tasks}</Tasks></Job>".encode()


def imported(server: Server) -> int:
    with server.http(USER) as http:
        answer = http.post("/hpc/jobs/jobFile", content=document(), headers={"Content-Type": "text/xml"})
        return int(answer.raise_for_status().json())


def counts(server: Server) -> dict[int, int]:
    """How many tasks are in each state, on disk."""
    database = sqlite3.connect(f"file:{server.data / 'headgate.db'}?mode=ro", uri=True)
    try:
        return dict(database.execute("SELECT state, count(*) FROM tasks GROUP BY state").fetchall())
    finally:
        database.close()


def wait_for(reached: Callable[[], bool]) -> None:
    until = time.monotonic() + WITHIN_S
    while not reached():
        assert time.monotonic() < until
        time.sleep(0.005)


def state_of(server: Server, job: int) -> str:
    with server.http(USER) as http:
        found = http.get(f"/hpc/jobs/{job}?properties=State").raise_for_status().json()
    return str(found[0]["Value"])


@pytest.mark.parametrize(
    ("asked", "moved", "end"),
    [
        ("submit", 8, "Queued"),
        ("cancel", 512, "Canceled"),
        ("requeue", 8, "Queued"),
        ("finish", 128, "Finished"),
    ],
)
def test_what_was_asked_of_a_job_is_brought_to_its_end_by_the_next_server(
    server: Server, asked: str, moved: int, end: str
) -> None:
    job = imported(server)
    before: dict[str, list[str]] = {
        "submit": [],
        "cancel": ["submit"],
        "requeue": ["submit", "cancel"],
        "finish": ["submit"],
    }
    ends = {"submit": "Queued", "cancel": "Canceled"}
    for step in before[asked]:
        _ask(server, job, step)
        wait_for(partial(_is_in, server, job, ends[step]))
    _ask(server, job, asked)
    wait_for(lambda: counts(server).get(moved, 0) > 0)
    server.kill()
    assert 0 < counts(server)[moved] < TASKS, "it was killed too late"
    server.start()
    wait_for(lambda: state_of(server, job) == end)
    assert counts(server) == {moved: TASKS}
    with server.http(USER) as http:
        kept = http.get(f"/v1/jobs/{job}").raise_for_status().json()
    assert kept["open_tasks"] == (TASKS if end == "Queued" else 0)


def _is_in(server: Server, job: int, state: str) -> bool:
    return state_of(server, job) == state


def _ask(server: Server, job: int, what: str) -> None:
    with server.http(USER) as http:
        http.post(f"/hpc/jobs/{job}/{what}").raise_for_status()


def test_a_job_that_was_being_made_was_never_there(server: Server) -> None:
    def submit() -> None:
        with pytest.raises(httpx.HTTPError):
            imported(server)

    client = threading.Thread(target=submit)
    client.start()
    wait_for(lambda: bool(counts(server)))
    server.kill()
    client.join()
    assert 0 < sum(counts(server).values()) < TASKS, "it was killed too late"
    server.start()
    with server.http(USER) as http:
        assert http.get("/v1/jobs").raise_for_status().json()["jobs"] == []
    wait_for(lambda: not counts(server))  # retention clears away what there was
