"""Licences and sockets, on a cluster that has some."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.front import Front, front, until

pytestmark = [
    pytest.mark.xdist_group("slurm-resources"),
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
]


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    settings = [QUICK, "Licenses=matlab:1,ansys:4", "PartitionName=wide Nodes=n3 State=UP"]
    of_nodes = {
        "n1": "Sockets=2 CoresPerSocket=2",
        "n2": "Sockets=2 CoresPerSocket=2",
        "n3": "Sockets=1 CoresPerSocket=4",
    }
    with cluster(nodes=3, settings=settings, of_nodes=of_nodes) as made:
        yield made


@pytest.fixture(scope="module")
def served(up: Cluster) -> Iterator[Front]:
    with front(up) as made:
        yield made


@pytest.fixture
def desk(served: Front) -> Iterator[Front]:
    with served.turn() as made:
        yield made


def hpc(desk: Front, command: str, sockets: int = 0, **properties: Any) -> int:
    """A job of one task, entered through HPC Pack's face."""
    with desk.server.http(desk.owner) as http:

        def ask(path: str, **given: Any) -> Any:
            answer = http.post(path, json=[{"Name": name, "Value": value} for name, value in given.items()])
            assert answer.status_code in (200, 204), answer.text
            return answer.json() if answer.content else None

        job = int(ask("/hpc/jobs", **properties))
        asked = {"MinSockets": str(sockets), "MaxSockets": str(sockets)} if sockets else {}
        ask(f"/hpc/jobs/{job}/tasks", CommandLine=command, WorkDirectory=str(desk.marks), **asked)
        ask(f"/hpc/jobs/{job}/submit")
    return job


def test_two_jobs_that_want_the_one_licence_run_one_after_the_other_and_are_not_warned(desk: Front) -> None:
    stays = f"until [ -e {desk.marks}/go ]; do sleep 0.1; done"
    first = hpc(desk, desk.command("first", stays), SoftwareLicense="matlab:1,ansys:2")
    desk.until_ran("first", 1)
    second = hpc(desk, desk.command("second"), SoftwareLicense="matlab:1")
    third = hpc(desk, desk.command("third"), SoftwareLicense="ansys:2")
    assert desk.ended(third)["state"] == "finished"
    until(lambda: desk.job(second).get("pending_text") == "Slurm: Licenses")
    assert (desk.job(second)["state"], desk.ran("second")) == ("queued", [])
    (desk.marks / "go").touch()
    assert [desk.ended(job)["state"] for job in (first, second)] == ["finished", "finished"]
    assert [desk.job(job).get("warnings", []) for job in (first, second, third)] == [[], [], []]
    assert desk.task(second)["started"] >= desk.task(first)["ended"]


def test_a_script_asks_for_licences_in_slurms_own_words(desk: Front, up: Cluster) -> None:
    stays = f"until [ -e {desk.marks}/go ]; do sleep 0.1; done"
    text = f"#!/bin/bash\n#SBATCH --licenses=matlab,ansys:3\necho 0 >> {desk.marks}/script\n{stays}\n"
    submitter = {"directory": str(desk.marks), "host": "login1", "file": "job.sh", "variables": {}}
    job = desk.submit({"script": text}, flavour="slurm", submitter=submitter)
    desk.until_ran("script", 1)
    assert up.command("squeue", "-h", "-o", "%W").stdout.strip() == "matlab,ansys:3"
    (desk.marks / "go").touch()
    assert desk.ended(job)["state"] == "finished"
    assert desk.job(job).get("warnings", []) == []


@pytest.mark.parametrize("licences", ["nastran:1", "matlab:2", "MATLAB:1"])
def test_a_licence_that_slurm_does_not_have_fails_the_job_with_what_helps(desk: Front, licences: str) -> None:
    job = hpc(desk, desk.command("never"), SoftwareLicense=licences)
    assert desk.ended(job)["state"] == "failed"
    failure = desk.task(job)["failure"]
    assert "Invalid license specification: Slurm has no licence of just this name" in failure, failure
    assert desk.ran("never") == []


def cores(up: Cluster, mark: str) -> dict[str, str]:
    """Which cores the job of this name has, by node."""
    (number,) = up.command("squeue", "-h", "-n", mark, "-o", "%A").stdout.split()
    said = up.command("scontrol", "--detail", "show", "job", number).stdout
    found = {}
    for names, indices in re.findall(r"Nodes=(\S+) CPU_IDs=(\S+)", said):
        for name in {"n[1-2]": ("n1", "n2")}.get(names, (names,)):
            found[name] = indices
    return found


@pytest.mark.parametrize(
    ("sockets", "expected"),
    [(1, {"n1": "2-3"}), (2, {"n2": "0-3"}), (3, {"n1": "2-3", "n2": "0-3"})],
)
def test_sockets_are_whole_ones_also_where_a_core_of_one_is_taken(
    desk: Front, up: Cluster, sockets: int, expected: dict[str, str]
) -> None:
    taken = {"command": desk.command("taken", "sleep 60"), "required_nodes": ["n1"]}
    desk.submit(taken, queue="batch", name="taken")
    desk.until_ran("taken", 1)
    assert cores(up, "taken") == {"n1": "0"}
    stays = f"echo $CCP_NUMCPUS >> {desk.marks}/cpus; until [ -e {desk.marks}/go ]; do sleep 0.1; done"
    job = hpc(desk, desk.command("sockets", stays), sockets, Name="sockets", UnitType="Socket")
    desk.until_ran("cpus", 1)
    assert cores(up, "sockets") == expected
    assert desk.ran("cpus") == [2 * sockets]
    (desk.marks / "go").touch()
    assert desk.ended(job)["state"] == "finished"


def test_a_socket_has_as_many_cores_as_those_of_its_partition(desk: Front) -> None:
    command = desk.command("wide", f"echo $CCP_NUMCPUS >> {desk.marks}/cpus")
    job = hpc(desk, command, 1, UnitType="Socket", RequestedNodes="n3")
    assert desk.ended(job)["state"] == "finished", desk.task(job)
    assert desk.ran("cpus") == [4]
