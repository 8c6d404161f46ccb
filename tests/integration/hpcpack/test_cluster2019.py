"""What 2019 added, on a real server: a node that drains while something runs, groups over a restart."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from headgate.testing.server import Server, running

USER = ("ada", "engine")
PATIENCE_S = 20.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of two nodes, one of them in a group of the settings, with a user."""
    settings = tmp_path / "headgate.toml"
    settings.write_text(
        '[[engine.local.nodes]]\nname = "n1"\ncores = 1\n\n'
        '[[engine.local.nodes]]\nname = "n2"\ncores = 1\ngroups = ["ComputeNodes", "Interactive"]\n'
    )
    with running(tmp_path / "data", "--config", str(settings)) as started:
        started.add_user(*USER, os_account="nobody")
        yield started


def eventually(look: Callable[[], Any], wanted: object) -> None:
    """Ask until the answer is this."""
    until = time.monotonic() + PATIENCE_S
    while (found := look()) != wanted:
        assert time.monotonic() < until, f"{found!r}, not {wanted!r}"
        time.sleep(0.05)


def submitted(client: httpx.Client, command: str, **properties: str) -> int:
    """A job of one task, on its way."""
    named = [{"Name": name, "Value": value} for name, value in properties.items()]
    job: int = client.post("/hpc/jobs", json=named).json()
    task = [{"Name": "CommandLine", "Value": command}, {"Name": "WorkDirectory", "Value": "/tmp"}]
    assert client.post(f"/hpc/jobs/{job}/tasks", json=task).status_code == 200
    assert client.post(f"/hpc/jobs/{job}/submit").status_code == 204
    return job


def state_of(client: httpx.Client, job: int) -> str:
    (found,) = client.get(f"/hpc/jobs/{job}?properties=State").json()
    state: str = found["Value"]
    return state


def node(client: httpx.Client, name: str) -> Any:
    return client.get(f"/hpc/cluster/nodes/{name}").json()


def test_a_node_drains_over_a_killed_server_and_its_operation_is_committed(server: Server) -> None:
    with server.http(USER) as ada, server.http() as admin:
        job = submitted(ada, "sleep 600", RequestedNodes="n2")
        eventually(lambda: state_of(ada, job), "Running")
        on_nodes = ada.get("/hpc/jobs?nodeNames=N2").json()
        assert [row["Properties"][0] for row in on_nodes] == [{"Name": "Id", "Value": str(job)}]
        assert [one["Name"] for one in ada.get(f"/hpc/cluster/nodes?jobs={job}").json()] == ["n2"]
        assert admin.post("/hpc/cluster/nodes/n2/operations/takeOffline").status_code == 202
        assert node(ada, "n2")["State"] == "Draining"
    server.kill()
    server.start()
    with server.http(USER) as ada, server.http() as admin:
        assert node(ada, "n2")["State"] == "Draining"
        (executing,) = ada.get("/hpc/cluster/operations").json()
        assert (executing["State"], executing["Operator"]) == ("Executing", "admin")
        assert ada.post(f"/hpc/jobs/{job}/cancel?forced=true").status_code == 204
        eventually(lambda: node(ada, "n2")["State"], "Offline")
        done = ada.get(f"/hpc/cluster/operations/{executing['Id']}").json()
        assert (done["State"], len(done["Entries"])) == ("Committed", 2)
        waiting = submitted(ada, "true", RequestedNodes="n2")
        assert admin.post("/hpc/cluster/nodes/n2/operations/bringOnline").status_code == 202
        eventually(lambda: state_of(ada, waiting), "Finished")
        counts = {
            one["InstanceName"]: sum(value["Value"] for value in one["Values"])
            for one in ada.get("/hpc/cluster/metrics/jobs").json()["Instances"]
        }
        assert counts["Number of finished jobs"] == 1
        assert sum(counts.values()) == 2


def test_groups_survive_a_killed_server_and_jobs_run_in_them(server: Server) -> None:
    groups = "/hpc/cluster/nodeGroups"
    with server.http() as admin:
        assert admin.post(groups, json={"Name": "Quick"}).status_code == 200
        added = admin.patch(f"{groups}/quick/nodes", json={"Operation": "add", "NodeNames": ["n2"]})
        assert added.json() == ["n2"]
    server.kill()
    server.start()
    with server.http(USER) as ada:
        assert ada.get(f"{groups}/Quick/nodes").json() == ["n2"]
        managed = {one["Name"]: one["Managed"] for one in ada.get(groups).json()}
        assert (managed["Quick"], managed["Interactive"]) == (False, True)
        job = submitted(ada, "true", NodeGroups="Quick")
        eventually(lambda: state_of(ada, job), "Finished")
        (where,) = ada.get(f"/hpc/jobs/{job}?properties=AllocatedNodes").json()
        assert "n2" in where["Value"]


def test_the_machine_is_measured_soon_after_the_start(server: Server) -> None:
    asked = "/hpc/cluster/nodes/metrics?metricNames=HPCCpuUsage,HPCCoresInUse"
    with server.http(USER) as ada:
        eventually(lambda: "HpcCpuUsage" in ada.get(asked).json()[0]["Metrics"], True)
        first, second = ada.get(asked).json()
        assert first["Metrics"] == second["Metrics"]
        assert 0 <= first["Metrics"]["HpcCpuUsage"] <= 100
