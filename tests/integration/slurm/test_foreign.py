"""Jobs entered with sbatch beside a server: as every face shows them, read-only."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from headgate.testing.signing import Signer
from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.front import Front, front, until

pytestmark = [
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
    pytest.mark.timeout(240),
]
SHOWN = "foreign = true\n"
ADMIN = ("root", "root's secret 1")


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    with cluster(nodes=2, settings=[QUICK]) as made:
        yield made


@pytest.fixture(scope="module")
def desk(up: Cluster) -> Iterator[Front]:
    with front(up, settings=SHOWN) as made:
        made.server.add_user(*ADMIN, role="admin")
        yield made


def sbatch(up: Cluster, script: str, *options: str, user: str = "nobody") -> str:
    said = up.command(
        "sbatch", "--parsable", "--output=/dev/null", *options, user=user, stdin=f"#!/bin/bash\n{script}\n"
    )
    return said.stdout.strip()


def listed(desk: Front) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = desk.ask("GET", "/v1/jobs?limit=1000")["jobs"]
    return [one for one in found if one.get("origin") == "foreign"]


def shown(desk: Front, native: str) -> dict[str, Any] | None:
    """The job that Slurm calls so."""
    for one in listed(desk):
        if desk.task(one["id"])["engine_id"] == native:
            return desk.job(one["id"])
    return None


def seen(desk: Front, native: str, *states: str) -> dict[str, Any]:
    """The same, once it is in one of these states."""
    found: dict[str, Any] = until(
        lambda: found if (found := shown(desk, native)) and found["state"] in states else None
    )
    return found


def command_line(desk: Front, *arguments: str) -> str:
    """What `headgate …` prints for the owner."""
    desk.server.environment["XDG_CONFIG_HOME"] = str(desk.config.parent / "config")
    user, password = desk.owner
    login = ("login", "--url", desk.server.url, "--user", user, "--password-stdin")
    desk.server.command(*login, stdin=f"{password}\n")
    return desk.server.command(*arguments).stdout


def test_jobs_of_all_kinds_are_shown_as_they_are(desk: Front, up: Cluster) -> None:
    good = sbatch(up, "true", "--job-name=good")
    bad = sbatch(up, "exit 3", "--job-name=bad")
    runs = sbatch(up, "sleep 600", "--job-name=runs")
    waits = sbatch(up, "true", "--hold", "--job-name=waits", "--time=5")
    array = sbatch(up, "sleep 0.5; [ $SLURM_ARRAY_TASK_ID != 4 ]", "--array=2-6:2", "--job-name=array")
    assert seen(desk, good, "finished")["owner"] == "jane"
    failed = seen(desk, bad, "failed")
    assert desk.task(failed["id"])["exit_code"] == 3
    running = seen(desk, runs, "running")
    assert running["nodes"]
    assert running["queue"] == "batch"
    waiting = seen(desk, waits, "queued")
    assert waiting["runtime_s"] == 300
    until(lambda: "JobHeldUser" in desk.job(waiting["id"]).get("pending_text", ""))
    swept = seen(desk, array, "failed")
    task = desk.task(swept["id"])
    assert (task["kind"], task["instance_count"]) == ("sweep", 3)
    up.command("scancel", runs, waits)
    assert seen(desk, runs, "canceled")["started"]
    assert "started" not in seen(desk, waits, "canceled")
    names = [one["name"] for one in listed(desk)]
    assert sorted(names) == sorted(set(names)), "one is shown twice"


def test_what_we_submit_is_never_shown_as_somebody_elses(desk: Front) -> None:
    jobs = [desk.submit({"command": "true"}, name="of ours") for _ in range(20)]
    for job in jobs:
        desk.ended(job)
    time.sleep(1.5)
    assert not [one for one in listed(desk) if one["name"] == "of ours"]


def test_a_job_that_is_put_back_waits_again_and_is_the_same(desk: Front, up: Cluster) -> None:
    native = sbatch(up, "sleep 600", "--requeue")
    job = seen(desk, native, "running")
    up.command("scontrol", "requeuehold", native)
    again = seen(desk, native, "queued")
    assert again["id"] == job["id"]
    assert again["requeue_count"] == 1
    up.command("scontrol", "release", native)

    def sent_on() -> bool:  # it was to wait two minutes more, from when the last run was cleared away
        up.command("scontrol", "update", f"JobId={native}", "StartTime=now", check=False)
        return "RUNNING" in up.command("squeue", "--noheader", f"--jobs={native}", "--format=%T").stdout

    until(sent_on)
    assert seen(desk, native, "running")["id"] == job["id"]
    up.command("scancel", native)
    assert seen(desk, native, "canceled")["id"] == job["id"]


def test_jobs_of_another_account_are_nobodys(desk: Front, up: Cluster) -> None:
    """`jane` is a user here, whose account is nobody; the account of her name is another one's."""
    native = sbatch(up, "sleep 600", user="daemon")
    job = seen(desk, native, "running")
    assert job["owner"] == "slurm:daemon"
    assert not job["full"]
    desk.server.add_user("daemon", "daemon's secret 1", os_account="games")
    with desk.server.http(("daemon", "daemon's secret 1")) as http:
        assert not http.get(f"/v1/jobs/{job['id']}").json()["full"]
        assert http.post(f"/v1/jobs/{job['id']}/cancel").status_code == 403
        mine = http.get("/v1/jobs", params={"owner": "daemon"}).json()["jobs"]
    assert job["id"] not in [one["id"] for one in mine]
    up.command("scancel", native)


def test_every_face_shows_it_and_refuses_to_change_it(desk: Front, up: Cluster) -> None:
    native = sbatch(up, "sleep 600", "--job-name=theirs")
    job = seen(desk, native, "running")["id"]
    told = f"Job {job} was entered with Slurm's own commands (its id there is {native}): change it there."
    for who in (desk.owner, ADMIN):
        with desk.server.http(who) as http:
            for path, body in (
                ("cancel", {}),
                ("hold", {}),
                ("release", {}),
                ("requeue", None),
            ):
                answer = http.post(f"/v1/jobs/{job}/{path}", json=body)
                assert answer.status_code == 409, (path, answer.text)
                assert answer.json()["detail"] == told
            found = http.get(f"/hpc/jobs/{job}?properties=Id,Owner,State,ClientSource,Name")
            assert found.status_code == 200, found.text
            assert "theirs" in found.text
            assert "Slurm" in found.text
            for method, path in (("POST", f"/hpc/jobs/{job}/cancel"), ("POST", f"/hpc/jobs/{job}/requeue")):
                answer = http.request(method, path)
                assert 400 <= answer.status_code < 500, answer.text
                assert told in answer.text
    token = desk.server.here("token", "create", desk.owner[0]).strip()
    soca = {"X-SOCA-USER": desk.owner[0], "X-SOCA-TOKEN": token}
    with desk.server.http() as http:
        answer = http.get("/api/scheduler/job", params={"job_id": job}, headers=soca)
        assert answer.status_code == 200, answer.text
        assert f"entered with Slurm's own commands as {native}" in answer.text
        assert "theirs" in http.get("/api/scheduler/jobs", headers=soca).text
        refused = http.request("DELETE", "/api/scheduler/job", params={"job_id": job}, headers=soca)
        assert told in refused.text, refused.text
    with desk.server.http(headers={"api-version": "2012-11-01.4.0"}) as http:
        old = http.get(f"/WindowsHPC/Job/{job}")
        assert old.status_code == 200, old.text
        assert "theirs" in old.text
        refused = http.post(f"/WindowsHPC/Job/{job}/Cancel")
        assert told in refused.text, (refused.status_code, refused.text)
    signer = Signer(**desk.server.add_key(desk.owner[0]))
    with httpx.Client(base_url=desk.server.url) as http:
        path = f"{desk.server.url}/jobs/{job}"
        found = http.get(path, headers=signer.headers("GET", path))
        assert found.json()["job_name"] == "theirs", found.text
        refused = http.delete(path, headers=signer.headers("DELETE", path))
        assert (refused.status_code, refused.json()["message"]) == (404, "Operation not permitted.")
    for command in (["job", "list"], ["job", "show", str(job)]):
        assert "foreign" in command_line(desk, *command)
    refused_here = desk.server.command("job", "cancel", str(job), check=False)
    assert told in refused_here.stderr
    up.command("scancel", native)
