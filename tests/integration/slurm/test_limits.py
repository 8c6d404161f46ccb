"""What Slurm's accounting allows: accounts and QOS that are not the owner's, limits of what one job may ask
for, and limits of how many jobs may be there, which end by themselves.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.front import Front, front, until

pytestmark = [
    pytest.mark.xdist_group("slurm-limits"),
    pytest.mark.skipif(
        bool(unavailable(accounting=True)), reason=unavailable(accounting=True) or "there is one"
    ),
]

ACCOUNTS = {
    "lab": (),
    "few": ("MaxSubmitJobs=2",),
    "shared": ("GrpSubmitJobs=1",),
    "brief": ("MaxWall=5",),
    "small": ("MaxTRES=cpu=2",),
}
QOS = {
    "deny": ("Flags=DenyOnLimit",),
    "single": ("MaxSubmitJobsPerUser=1",),
    "narrow": ("MaxTRESPerJob=cpu=2", "Flags=DenyOnLimit"),
    "quick": ("MaxWall=5", "Flags=DenyOnLimit"),
    "patient": ("MaxWall=5",),
    "closed": (),
}
"""`closed` may be used by nobody."""


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    settings = [QUICK, "AccountingStorageEnforce=associations,limits,qos"]
    with cluster(nodes=1, accounting=True, settings=settings) as made:

        def add(*argv: str) -> None:
            made.command("sacctmgr", "--immediate", "add", *argv)

        for name, limits in QOS.items():
            add("qos", name, *limits)
        allowed = ",".join(("normal", *QOS)).removesuffix(",closed")
        for name, limits in ACCOUNTS.items():
            add("account", name, *limits)
            add("user", "nobody", f"account={name}", f"qos={allowed}")  # the first is the default
        until(lambda: len(known(made)) == len(ACCOUNTS) + 1)
        yield made


def known(up: Cluster) -> list[str]:
    """What slurmctld has heard of the accounts of the owner, and one line more."""
    said = up.command("scontrol", "show", "assoc_mgr", "flags=assoc", "users=nobody").stdout
    return [line for line in said.splitlines() if "UserName=nobody" in line or line.startswith("Association")]


@pytest.fixture(scope="module")
def served(up: Cluster) -> Iterator[Front]:
    with front(up) as made:
        yield made


@pytest.fixture
def desk(served: Front) -> Iterator[Front]:
    with served.turn() as made:
        yield made


def pending(desk: Front, job: int, why: str) -> None:
    """Wait until the job waits for this."""
    until(lambda: why in desk.job(job).get("pending_text", ""))


def script(desk: Front, *options: str, mark: str = "ran", rest: str = "true", **job: Any) -> int:
    """A job whose script has these options for sbatch."""
    index = "${SLURM_ARRAY_TASK_ID:-0}"
    lines = ["#!/bin/bash", *(f"#SBATCH {one}" for one in options), f"echo {index} >> {desk.marks}/{mark}"]
    submitter = {"directory": str(desk.marks), "host": "login1", "file": "job.sh", "variables": {}}
    return desk.submit({"script": "\n".join((*lines, rest, ""))}, flavour="slurm", submitter=submitter, **job)


def there(up: Cluster, *more: str) -> int:
    """How many jobs of the owner's Slurm has, each of an array counted."""
    return up.command("squeue", "-h", "-r", "-u", "nobody", *more).stdout.count("\n")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--account=nosuch",), ("Invalid account", "name another one")),
        (("--qos=nosuch",), ("Invalid qos", "there is no such QOS")),
        (("--qos=closed",), ("Invalid qos", "this account may not use it")),
        (("--qos=quick", "--time=10"), ("QOSMaxWallDurationPerJobLimit", "ask for less")),
        (("--qos=narrow", "--ntasks=3"), ("QOSMaxCpuPerJobLimit", "ask for less")),
        (("--account=brief", "--qos=deny", "--time=10"), ("AssocMaxWallDurationPerJobLimit", "ask for less")),
        (("--account=small", "--qos=deny", "--ntasks=3"), ("AssocMaxCpuPerJobLimit", "ask for less")),
    ],
)
def test_what_slurms_accounting_does_not_allow_fails_with_the_limit_and_what_helps(
    desk: Front, options: tuple[str, ...], words: tuple[str, ...]
) -> None:
    job = script(desk, *options)
    assert desk.ended(job)["state"] == "failed"
    failure = desk.task(job)["failure"]
    assert [word for word in words if word not in failure] == [], failure
    assert desk.ran("ran") == []


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        (("--qos=patient", "--time=10"), "QOSMaxWallDurationPerJobLimit"),
        (("--account=small", "--ntasks=3"), "AssocMaxCpuPerJobLimit"),
    ],
)
def test_a_limit_that_slurm_waits_with_is_said_while_the_job_waits(
    desk: Front, options: tuple[str, ...], limit: str
) -> None:
    job = script(desk, *options)
    pending(desk, job, limit)
    found = desk.job(job)
    assert (found["state"], found["pending_reason"]) == ("queued", "engine")
    assert "asks for more or less than its" in found["pending_text"]
    desk.ask("POST", f"/v1/jobs/{job}/cancel")
    assert desk.ended(job)["state"] == "canceled"


@pytest.mark.parametrize(
    ("option", "room", "limit"),
    [
        ("--account=few", 2, "AssocMaxSubmitJobLimit"),
        ("--account=shared", 1, "AssocGrpSubmitJobsLimit"),
        ("--qos=single", 1, "QOSMaxSubmitJobPerUserLimit"),
    ],
)
def test_who_has_as_many_jobs_in_slurm_as_he_may_waits_with_the_reason_and_then_runs(
    desk: Front, up: Cluster, option: str, room: int, limit: str
) -> None:
    stays = f"until [ -e {desk.marks}/go ]; do sleep 0.1; done"
    first = [script(desk, option, mark="first", rest=stays) for _ in range(room)]
    desk.until_ran("first", room)
    late, later = (script(desk, option, mark=mark) for mark in ("late", "later"))
    other = script(desk, mark="other")
    for job in (late, later):
        pending(desk, job, limit)
        assert (desk.job(job)["state"], desk.job(job)["pending_reason"]) == ("queued", "engine")
    # No limit of his other jobs.
    assert desk.ended(other)["state"] == "finished"
    assert there(up) == room
    gone = script(desk, option, mark="gone")
    pending(desk, gone, limit)
    desk.ask("POST", f"/v1/jobs/{gone}/cancel")
    assert desk.ended(gone)["state"] == "canceled"
    (desk.marks / "go").touch()
    assert [desk.ended(job)["state"] for job in (*first, late, later)] == ["finished"] * (room + 2)
    assert (desk.ran("late"), desk.ran("later"), desk.ran("gone")) == ([0], [0], [])


def test_a_sweep_of_more_runs_than_may_be_in_slurm_runs_as_there_is_room(desk: Front, up: Cluster) -> None:
    job = script(desk, "--account=few", "--array=1-9", mark="sweep", rest="sleep 0.2")
    most = 0
    while desk.job(job)["state"] not in ("finished", "failed"):
        most = max(most, there(up))
    assert (desk.job(job)["state"], most) == ("finished", 2)
    assert desk.ran("sweep") == list(range(1, 10))


def test_what_waits_for_room_is_neither_lost_nor_run_twice_when_the_server_is_killed(
    desk: Front, up: Cluster
) -> None:
    stays = f"until [ -e {desk.marks}/go ]; do sleep 0.1; done"
    job = script(desk, "--account=few", "--array=1-5", mark="sweep", rest=stays)
    desk.until_ran("sweep", 2)
    late = script(desk, "--account=few", mark="late")
    pending(desk, late, "AssocMaxSubmitJobLimit")
    desk.server.kill()
    desk.server.start()
    pending(desk, late, "AssocMaxSubmitJobLimit")
    assert there(up) == 2
    (desk.marks / "go").touch()
    assert [desk.ended(one)["state"] for one in (job, late)] == ["finished", "finished"]
    assert (desk.ran("sweep"), desk.ran("late")) == ([1, 2, 3, 4, 5], [0])


def test_what_waits_for_room_can_be_held_and_lets_others_pass(desk: Front) -> None:
    stays = f"until [ -e {desk.marks}/go ]; do sleep 0.1; done"
    first = script(desk, "--qos=single", mark="first", rest=stays)
    desk.until_ran("first", 1)
    held, passes = (script(desk, "--qos=single", mark=mark) for mark in ("held", "passes"))
    for job in (held, passes):
        pending(desk, job, "QOSMaxSubmitJobPerUserLimit")
    desk.ask("POST", f"/v1/jobs/{held}/hold")
    (desk.marks / "go").touch()
    assert [desk.ended(job)["state"] for job in (first, passes)] == ["finished"] * 2
    assert (desk.job(held)["state"], desk.ran("held")) == ("queued", [])
    desk.ask("POST", f"/v1/jobs/{held}/release")
    assert desk.ended(held)["state"] == "finished"


def test_a_limit_that_an_administrator_lifts_lets_jobs_go_without_anything_of_theirs_ending(
    desk: Front, up: Cluster
) -> None:
    up.command("sacctmgr", "--immediate", "modify", "account", "lab", "set", "MaxSubmitJobs=0")
    until(lambda: "MaxSubmitJobs=0" in up.command("scontrol", "show", "assoc_mgr", "flags=assoc").stdout)
    job = script(desk, "--account=lab")
    pending(desk, job, "AssocMaxSubmitJobLimit")
    up.command("sacctmgr", "--immediate", "modify", "account", "lab", "set", "MaxSubmitJobs=-1")
    assert desk.ended(job, seconds=40)["state"] == "finished"


def test_what_waits_in_slurm_when_its_account_is_taken_away_says_so(desk: Front, up: Cluster) -> None:
    blocks = script(desk, "--exclusive", mark="blocks", rest="sleep 60")
    desk.until_ran("blocks", 1)
    job = script(desk, "--account=brief", "--time=1")
    until(lambda: there(up, "-t", "PD") == 1)
    removed = up.command("sacctmgr", "--immediate", "remove", "user", "nobody", "account=brief", check=False)
    kept = "Job(s) active" in removed.stdout + removed.stderr
    if not kept:
        pending(desk, job, "its account is not valid")
    for one in (job, blocks):
        desk.ask("POST", f"/v1/jobs/{one}/cancel")
        assert desk.ended(one)["state"] == "canceled"
    if kept:
        pytest.skip("this version of Slurm takes nobody's account away while there are jobs")
