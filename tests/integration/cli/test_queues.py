"""`headgate queue …` on a data folder, and what a running server makes of it."""

import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from headgate.testing.server import Server
from tests.integration.cli.conftest import Command


@pytest.fixture
def night(server: Server) -> Iterator[list[str]]:
    """The queue night in a running server. Yields the words that name its data folder."""
    data = ["--data", str(server.data)]
    server.command(
        "queue", "add", "night", "--max", "walltime=00:10:00", "--max-running", "1", "--max", "nodes=2", *data
    )
    yield data
    server.command("queue", "remove", "night", "--force", *data, check=False)


@pytest.fixture
def ada(server: Server) -> Iterator[httpx.Client]:
    with server.http(("ada", "engine")) as client:
        yield client


def submit(client: httpx.Client, queue: str, command: str = "sleep 60", **members: object) -> httpx.Response:
    task = {"command": command, "work_directory": "/"}
    return client.post("/v1/jobs", json={"queue": queue, "tasks": [task], **members})


def within(seconds: float, true: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until
        time.sleep(0.02)


def job(client: httpx.Client, number: int) -> dict[str, object]:
    found: dict[str, object] = client.get(f"/v1/jobs/{number}").json()
    return found


def test_the_queues_of_the_published_samples_are_there(server: Server, ada: httpx.Client) -> None:
    found = ada.get("/v1/queues").json()["queues"]
    assert [one["name"] for one in found if one["name"] != "night"] == [
        "high", "large", "normal", "small", "low",
    ]  # fmt: skip
    assert [one["name"] for one in found if one["default"]] == ["normal"]
    assert ada.get("/v1/queues/nope").status_code == 404


def test_a_queue_limits_jobs_and_says_which_limit(night: list[str], ada: httpx.Client) -> None:
    refused = submit(ada, "night", runtime_s=601)
    assert refused.status_code == 400
    told = refused.json()
    assert (told["reason"], told["field"], told["asked"], told["allowed"]) == (
        "limit",
        "walltime",
        "00:10:01",
        "00:10:00",
    )
    assert submit(ada, "nosuch").json()["reason"] == "unknown_queue"
    first, second = (submit(ada, "NIGHT").json()["id"] for _ in range(2))
    within(5, lambda: job(ada, first)["state"] == "running")
    waiting = job(ada, second)
    assert (waiting["state"], waiting["queue"], waiting["pending_reason"]) == (
        "queued",
        "night",
        "queue_max_running",
    )
    assert "night runs 1 jobs at once" in str(waiting["pending_text"])
    assert waiting["runtime_s"] == 600
    for number in (second, first):
        ada.post(f"/v1/jobs/{number}/cancel", json={"forced": True})


def test_a_change_counts_within_a_second(night: list[str], server: Server, ada: httpx.Client) -> None:
    server.command("queue", "stop", "night", *night)
    number = submit(ada, "night", "true").json()["id"]
    assert job(ada, number)["pending_reason"] == "queue_not_started"
    server.command("queue", "start", "night", *night)
    within(2, lambda: job(ada, number)["state"] == "finished")
    server.command("queue", "set", "night", "--deny-user", "*", *night)
    assert submit(ada, "night").status_code == 403
    server.command("queue", "set", "night", "--allow-user", "Ada", *night)
    assert submit(ada, "night", "true").status_code == 201
    server.command("queue", "disable", "night", *night)
    assert submit(ada, "night").json()["reason"] == "not_enabled"


def test_a_queue_is_shown_as_it_was_set(night: list[str], server: Server) -> None:
    server.command("queue", "set", "night", "--give", "mem=1gb", "--max", "nodes=none", *night)
    shown = server.command("queue", "show", "night", *night).stdout
    for line in ("Maxima: walltime=00:10:00", "Gives: mem=1gb", "Max running: 1"):
        assert line in " ".join(shown.split())
    server.command("queue", "set", "night", "--max-running", "none", "--give", "mem=none", *night)
    assert "Max running:" not in server.command("queue", "show", "night", *night).stdout
    listed = server.command("queue", "list", *night).stdout.splitlines()
    assert "night\t2000\topen\t0\t0\t" in listed


def test_what_makes_no_sense_is_refused_and_changes_nothing(night: list[str], server: Server) -> None:
    before = server.command("queue", "list", *night).stdout
    for words, said in (
        (["add", "night"], "There is a queue 'night' already"),
        (["set", "night", "--min", "walltime=1:00:00"], "its minimum is above its maximum"),
        (["remove", "normal"], "is the default"),
    ):
        done = server.command("queue", *words, *night, check=False)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert server.command("queue", "list", *night).stdout == before


def test_the_command_line_submits_to_a_queue(night: list[str], headgate: Command) -> None:
    number = headgate(
        "job", "submit", "--queue", "night", "--workdir", "/", "--wait", "--", "true"
    ).stdout.split()[0]
    assert "Queue:" in headgate("job", "show", number).stdout
