"""Jobs of all kinds on a real cluster, from the face to the node and back."""

import time
from collections.abc import Iterator

import pytest

import headgate.soa
from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.front import Front, front

pytestmark = [
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
]


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    with cluster(nodes=2, settings=[QUICK]) as made:
        yield made


@pytest.fixture(scope="module")
def desk(up: Cluster) -> Iterator[Front]:
    with front(up) as made:
        yield made


def test_a_job_runs_once_as_its_owner_and_its_output_is_kept(desk: Front) -> None:
    job = desk.submit({"command": desk.command("basic", "id -un; echo $CCP_JOBID $CCP_NODES; echo err >&2")})
    assert desk.ended(job)["state"] == "finished"
    task = desk.task(job)
    assert task["exit_code"] == 0
    assert desk.ran("basic") == [0]
    with desk.server.http(desk.owner) as http:
        output = http.get(f"/v1/jobs/{job}/tasks/1/output").text
    assert output == f"nobody\n{job} 1 n1 1\nerr\n"


def test_exit_codes_and_signals_are_told_apart(desk: Front) -> None:
    jobs = [
        desk.submit({"command": desk.command("code", what)})
        for what in ("exit 7", "exit 130", "kill -INT $$")
    ]
    assert [desk.ended(job)["state"] for job in jobs] == ["failed"] * 3
    found = [(desk.task(job)["exit_code"], desk.task(job).get("signal")) for job in jobs]
    assert found == [(7, None), (130, None), (2, 2)]
    assert desk.ran("code") == [0, 0, 0]


def test_each_instance_of_a_sweep_runs_once(desk: Front) -> None:
    job = desk.submit({"command": desk.command("sweep"), "kind": "sweep", "sweep": {"start": 1, "end": 40}})
    assert desk.ended(job)["state"] == "finished"
    assert desk.ran("sweep") == list(range(1, 41))


def test_what_runs_is_ended_with_its_own_signal_and_what_waits_never_runs(desk: Front, up: Cluster) -> None:
    handler = f"trap 'echo asked >> {desk.marks}/asked; exit 3' INT; sleep 60 & wait"
    running = desk.submit({"command": desk.command("stopped", handler)})
    desk.until_ran("stopped", 1)
    waiting = desk.submit({"command": desk.command("never"), "required_nodes": ["n1", "n2"]}, exclusive=True)
    time.sleep(0.5)
    for job in (waiting, running):
        desk.ask("POST", f"/v1/jobs/{job}/cancel")
    assert [desk.ended(job)["state"] for job in (waiting, running)] == ["canceled", "canceled"]
    assert (desk.marks / "asked").read_text() == "asked\n"
    assert not desk.ran("never")


def test_a_run_is_stopped_at_the_second_its_wall_time_is_over(desk: Front) -> None:
    job = desk.submit({"command": desk.command("long", "sleep 60"), "runtime_s": 1})
    assert desk.ended(job)["state"] == "failed"
    assert "run time" in desk.task(job)["failure"]


def test_what_cannot_be_opened_is_said(desk: Front) -> None:
    job = desk.submit({"command": "true", "stdout": "/nowhere/out"})
    assert desk.ended(job)["state"] == "failed"
    assert "/nowhere/out" in desk.task(job)["failure"]


def until_in_slurm(up: Cluster, count: int) -> None:
    until = time.monotonic() + 20
    while len(up.command("squeue", "-h").stdout.splitlines()) != count:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_hold_keeps_a_job_back_that_waits_in_slurm(desk: Front, up: Cluster) -> None:
    full = desk.submit({"command": "sleep 60", "required_nodes": ["n1", "n2"]}, exclusive=True)
    desk.until(full, "running")
    job = desk.submit({"command": desk.command("held")})
    until_in_slurm(up, 2)
    desk.ask("POST", f"/v1/jobs/{job}/hold")
    until_in_slurm(up, 1)
    desk.ask("POST", f"/v1/jobs/{full}/cancel")
    desk.ended(full)
    time.sleep(1.0)
    assert desk.job(job)["state"] == "queued"
    assert not desk.ran("held")
    desk.ask("POST", f"/v1/jobs/{job}/release")
    assert desk.ended(job)["state"] == "finished"
    assert desk.ran("held") == [0]


def scripted(desk: Front, flavour: str, text: str) -> int:
    """A job that comes as a script; its number."""
    submitter = {"directory": str(desk.marks), "host": "login1", "file": "job.sh", "variables": {}}
    task: dict[str, object] = {"script": text}
    if flavour == "pbs":  # the test's account has no home, where PBS would begin
        task["work_directory"] = str(desk.marks)
    with desk.server.http(desk.owner) as http:
        body = {"flavour": flavour, "submitter": submitter, "tasks": [task]}
        answer = http.post("/v1/jobs", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def test_scripts_of_all_flavours_find_what_they_expect(desk: Front) -> None:
    pbs = scripted(
        desk,
        "pbs",
        "#!/bin/bash\n#PBS -N p -l select=1:ncpus=2:mpiprocs=2 -o p.out\nsort $PBS_NODEFILE; echo $NCPUS\n",
    )
    pjm = scripted(
        desk, "pjm", "#!/bin/bash\n#PJM -L node=1\n#PJM -o pjm.out\necho $PJM_JOBID; cat $PJM_O_NODEINF\n"
    )
    slurm = scripted(
        desk,
        "slurm",
        "#!/bin/bash\n#SBATCH --array=3,7 -o s-%a.out -n 1\n"
        'echo "$SLURM_ARRAY_TASK_ID $SLURM_ARRAY_TASK_MAX $SLURM_SUBMIT_DIR"\n'
        "echo $SLURM_JOB_ID > id-$SLURM_ARRAY_TASK_ID\n",
    )
    for job in (pbs, pjm, slurm):
        found = desk.ended(job)
        assert found["state"] == "finished", (found, desk.task(job))
    node = desk.task(pbs)["nodes"][0]
    assert (desk.marks / "p.out").read_text() == f"{node}\n{node}\n2\n"
    assert (desk.marks / "pjm.out").read_text().splitlines()[0] == str(pjm)
    assert (desk.marks / "s-7.out").read_text() == f"7 7 {desk.marks}\n"
    assert int((desk.marks / "id-3").read_text()) > 0


@pytest.mark.parametrize("durable", [False, True])
def test_the_hosts_of_a_session_are_jobs_of_slurm_that_come_back_to_the_broker(
    desk: Front, up: Cluster, durable: bool
) -> None:
    texts = [f"text {number}" for number in range(200)]
    with headgate.soa.connect(
        desk.server.url, service="CcpEchoSvc", user=desk.owner, durable=durable
    ) as session:
        said = [str(answer).partition(":")[2] for answer in session.map("Echo", texts)]
        assert said == texts
        hosts = up.command("squeue", "--noheader", "--states=RUNNING", "--format=%u").stdout.split()
    assert hosts
    assert set(hosts) == {"nobody"}
