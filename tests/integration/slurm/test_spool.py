"""The spool is full, gone or read-only, and records are not what a run has written: every job ends with what
is known of it, and nobody's job but the owner's own is touched.
"""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.front import Front, front

pytestmark = [
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
]

RECORD = 'r=$(readlink /proc/$PPID/fd/8); while [ -z "$r" ]; do sleep 0.05; done'
"""Finds the record of its own run: whoever reads a shell's open files can."""


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    with cluster(nodes=1, settings=[QUICK]) as made:
        yield made


@pytest.fixture(scope="module")
def served(up: Cluster) -> Iterator[Front]:
    with front(up) as made:
        yield made


@pytest.fixture
def desk(served: Front) -> Front:
    return served.turn_over()


@contextmanager
def small_disk(desk: Front, *options: str) -> Iterator[None]:
    """The spool is a file system of its own, with room for a few records."""
    argv = [
        "mount",
        "-t",
        "tmpfs",
        "-o",
        ",".join(("size=32k,mode=1733", *options)),
        "tmpfs",
        str(desk.spool),
    ]
    if subprocess.run(argv, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets nobody mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(desk.spool)], check=True)


def fill(desk: Front) -> None:
    """No byte fits any more."""
    with (desk.spool / "ballast").open("wb", buffering=0) as ballast, contextlib.suppress(OSError):
        while True:
            ballast.write(bytes(4096))


def test_where_no_record_can_be_written_nothing_runs_and_it_is_said(desk: Front) -> None:
    with small_disk(desk):
        fill(desk)
        job = desk.submit({"command": desk.command("full")})
        assert desk.ended(job)["state"] == "failed"
    assert "no record was made on node n1" in desk.task(job)["failure"]
    assert desk.ran("full") == []


def test_a_record_that_cannot_be_ended_leaves_slurms_exit_code(desk: Front) -> None:
    with small_disk(desk):
        ends = ["exit 0", "exit 7", "kill -KILL $$"]
        # The captured output fills the page of the record's neighbour; the record itself has one of its own.
        jobs = [desk.submit({"command": desk.command("a", f"sleep 2; {end}"), "stdout": "/dev/null",
                             "stderr": "/dev/null"}) for end in ends]  # fmt: skip
        desk.until_ran("a", 3)
        fill(desk)
        assert [desk.ended(job)["state"] for job in jobs] == ["finished", "failed", "failed"]
    assert [desk.task(job)["exit_code"] for job in jobs] == [0, 7, 9]
    assert desk.ran("a") == [0, 0, 0]


def test_a_spool_that_is_read_only_or_gone_keeps_new_runs_from_starting(desk: Front) -> None:
    with small_disk(desk, "ro"):
        job = desk.submit({"command": desk.command("ro")})
        assert desk.ended(job)["state"] == "failed"
    assert "no record was made on node n1" in desk.task(job)["failure"]
    away = desk.spool.with_name("away")
    running = [desk.submit({"command": desk.command("b", f"sleep 1.5; exit {code}")}) for code in (0, 3)]
    desk.until_ran("b", 2)
    desk.spool.rename(away)
    try:
        job = desk.submit({"command": desk.command("gone")})
        assert desk.ended(job)["state"] == "failed"
        assert [desk.ended(one)["state"] for one in running] == ["finished", "failed"]
    finally:
        away.rename(desk.spool)
    assert [desk.task(one)["exit_code"] for one in running] == [0, 3]
    assert (desk.ran("ro"), desk.ran("gone"), desk.ran("b")) == ([], [], [0, 0])


@pytest.mark.parametrize(
    "text",
    [
        r"began 99999999999999999999 $SLURM_JOB_ID n1 1 n1\nexit 99999999999999999999 0\nend\n",
        r"began 1 $SLURM_JOB_ID n1 1 n1\n x HG_child \nexit 2 999\nend\n",
        r"began 1 $SLURM_JOB_ID n1 1 n1\nfault 2 reboot \033[31m\001\000odd\nend\n",
        r"began 1 999999999999 n1 1 n1\nexit 2 0\nend\n",
    ],
)
def test_whatever_an_owner_writes_into_a_record_is_that_jobs_alone(desk: Front, text: str) -> None:
    job = desk.submit({"command": desk.command("t", f'{RECORD}; printf "{text}" > $r; kill -KILL $PPID')})
    other = desk.submit({"command": desk.command("other")})
    assert desk.ended(job)["state"] in ("finished", "failed")
    assert desk.ended(other)["state"] == "finished"
    task = desk.task(job)
    assert task["started"] <= task["ended"] < "2100"
    with desk.server.http() as http:
        assert http.get(f"/hpc/jobs/{job}/tasks/1", headers={"Accept": "application/xml"}).status_code == 200
    assert (desk.ran("t"), desk.ran("other")) == ([0], [0])


@pytest.mark.parametrize("what", ["rm -f $r; ln -s /etc/passwd $r", "rm -f $r; mkfifo $r"])
def test_a_record_that_its_owner_takes_away_is_not_looked_for_elsewhere(desk: Front, what: str) -> None:
    job = desk.submit({"command": desk.command("t", f"{RECORD}; {what}; exit 6")})
    assert desk.ended(job)["state"] == "failed"
    assert (desk.task(job)["exit_code"], desk.ran("t")) == (6, [0])


def test_a_record_that_names_somebody_elses_job_costs_that_job_nothing(desk: Front, up: Cluster) -> None:
    argv = ("sbatch", "--parsable", "-o", "/dev/null", "--wrap", "sleep 60")
    victim = up.command(*argv).stdout.strip()
    lies = f'{RECORD}; t=$(sed "1s/ $SLURM_JOB_ID / {victim} /" $r); printf "%s\\n" "$t" > $r; '
    handler = f"trap 'exit 125' TERM INT; {lies} echo 0 >> {desk.marks}/lied; sleep 60 & wait"
    job = desk.submit({"command": desk.command("t", handler)})
    desk.until_ran("lied", 1)
    desk.ask("POST", f"/v1/jobs/{job}/cancel")
    end = time.monotonic() + 3
    with desk.server.http(desk.owner) as http:
        while time.monotonic() < end:  # by force, at every moment
            http.post(f"/v1/jobs/{job}/cancel", json={"forced": True})
    assert up.command("squeue", "-h", "-j", victim, "-o", "%T").stdout.strip() == "RUNNING"
    up.command("scancel", victim)
    assert desk.ended(job)["state"] == "canceled"
    assert desk.ran("t") == [0]
