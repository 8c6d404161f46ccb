"""Partitions and nodes of a real cluster, as every face shows them, and what administrators do with them."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.front import Front, front

pytestmark = [
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
]


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    with cluster(nodes=2, settings=[QUICK, "PartitionName=short Nodes=n2 MaxTime=5 State=UP"]) as made:
        yield made


@pytest.fixture(scope="module")
def desk(up: Cluster) -> Iterator[Front]:
    with front(up, settings='partitions = { quick = "short" }\n') as made:
        yield made


def until(look: Callable[[], Any], wanted: Any, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while (found := look()) != wanted:
        assert time.monotonic() < end, found
        time.sleep(0.1)


def queue(desk: Front, name: str) -> dict[str, Any]:
    found: dict[str, Any] = desk.ask("GET", f"/v1/queues/{name}")
    return found


def test_partitions_are_queues_with_their_limits_and_jobs_go_where_they_say(desk: Front) -> None:
    assert queue(desk, "batch")["default"]
    assert queue(desk, "short")["maxima"]["runtime_s"] == 300
    jobs = [
        desk.submit({"command": "echo $SLURM_JOB_PARTITION $SLURM_JOB_NODELIST"}, queue=name)
        for name in ("short", "quick", "batch")
    ]
    assert [desk.ended(job).get("failure", "") for job in jobs] == ["", "", ""], [
        desk.task(job) for job in jobs
    ]
    with desk.server.http(desk.owner) as http:
        said = [http.get(f"/v1/jobs/{job}/tasks/1/output").text.split() for job in jobs]
        refused = http.post(
            "/v1/jobs", json={"tasks": [{"command": "true"}], "queue": "short", "runtime_s": 301}
        )
    assert said[:2] == [["short", "n2"], ["short", "n2"]]
    assert said[2][0] == "batch"
    assert refused.status_code == 400
    assert "short" in refused.json()["detail"]


def test_a_partition_that_is_closed_closes_its_queue_and_what_an_administrator_set_stays(
    desk: Front, up: Cluster
) -> None:
    def states() -> list[tuple[bool, bool]]:
        return [(one["enabled"], one["started"]) for one in (queue(desk, "short"), queue(desk, "quick"))]

    up.command("scontrol", "update", "PartitionName=short", "State=INACTIVE", "MaxTime=7")
    until(states, [(False, False), (False, False)])
    desk.server.command("queue", "set", "quick", "--max", "walltime=60", "--data", str(desk.server.data))
    up.command("scontrol", "update", "PartitionName=short", "State=UP", "MaxTime=9")
    until(states, [(True, True), (True, True)])
    assert queue(desk, "short")["maxima"]["runtime_s"] == 540
    assert queue(desk, "quick")["maxima"]["runtime_s"] == 60


def node(desk: Front, name: str) -> tuple[str, bool, str]:
    (found,) = [one for one in desk.ask("GET", "/v1/nodes")["nodes"] if one["name"] == name]
    return found["state"], found["reachable"], found.get("reason", "")


def test_an_administrator_takes_a_node_out_of_service_and_brings_it_back(desk: Front, up: Cluster) -> None:
    def to(state: str) -> Any:
        return http.post("/v1/nodes/n1/state", json={"state": state}).json().get("state")

    running = desk.submit({"command": desk.command("drained", "sleep 2"), "required_nodes": ["n1"]})
    desk.until_ran("drained", 1)
    with desk.server.http(desk.owner) as http:
        assert http.post("/v1/nodes/n1/state", json={"state": "offline"}).status_code == 403
    with desk.server.http() as http:
        assert to("offline") == "draining"
        assert to("offline") == "draining"
        assert up.command("sinfo", "-hN", "-n", "n1", "-o", "%E").stdout.split("\n")[0] == "headgate: admin"
        assert desk.ended(running)["state"] == "finished"
        until(lambda: node(desk, "n1"), ("offline", True, "headgate: admin"))
        assert to("online") == "online"
        assert to("online") == "online"
    until(lambda: node(desk, "n1"), ("online", True, ""))
    assert "idle" in up.command("sinfo", "-hN", "-n", "n1", "-o", "%T").stdout


def test_what_somebody_else_does_to_a_node_is_seen_with_its_reason(desk: Front, up: Cluster) -> None:
    up.command("scontrol", "update", "NodeName=n2", "State=DRAIN", "Reason=bad disk, wait")
    until(lambda: node(desk, "n2"), ("offline", True, "bad disk, wait"))
    with desk.server.http() as http:
        assert http.get("/hpc/cluster/nodes/n2").json()["State"] == "Offline"
    up.command("scontrol", "update", "NodeName=n2", "State=DOWN", "Reason=gone")
    until(lambda: node(desk, "n2")[1:], (False, "gone"))
    with desk.server.http() as http:
        assert http.get("/hpc/cluster/nodes/n2").json()["Health"] == "Error"
        assert http.post("/v1/nodes/n2/state", json={"state": "online"}).status_code == 200
    until(lambda: node(desk, "n2"), ("online", True, ""))


def test_why_a_job_waits_in_slurm_is_shown(desk: Front) -> None:
    running = desk.submit(
        {"command": desk.command("first", "sleep 60"), "required_nodes": ["n1"]}, exclusive=True
    )
    desk.until_ran("first", 1)
    waiting = desk.submit({"command": "true", "required_nodes": ["n1"]}, queue="batch")
    until(lambda: desk.job(waiting).get("pending_text"), "Slurm: Resources")
    assert desk.job(waiting)["pending_reason"] == "engine"
    assert "pending_text" not in desk.job(running)
    desk.ask("POST", f"/v1/jobs/{running}/cancel")
    assert desk.ended(waiting)["state"] == "finished"
