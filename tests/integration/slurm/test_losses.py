"""Slurm takes a run away: its node fails, somebody more important comes, memory runs out, an administrator
steps in. Each ends as the table of states says, and ran as often as the rules say.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.front import Front, front, until

pytestmark = [
    pytest.mark.xdist_group("slurm-faults"),
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
]

NODE_FAILED = "An error occurred on node Slurm: one of its nodes failed."
PREEMPTED = "An error occurred on node Slurm: ended in favour of a job of higher priority."
LONG = "sleep 60"


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    settings = [
        QUICK,
        "SlurmdTimeout=2",
        "PreemptType=preempt/partition_prio",
        "PreemptMode=SUSPEND,GANG",
        "PartitionName=requeued Nodes=ALL PriorityTier=1 PreemptMode=REQUEUE MaxTime=60",
        "PartitionName=cancelled Nodes=ALL PriorityTier=1 PreemptMode=CANCEL GraceTime=2 MaxTime=60",
        "PartitionName=suspended Nodes=ALL PriorityTier=1 PreemptMode=SUSPEND OverSubscribe=FORCE:1",
        "PartitionName=high Nodes=ALL PriorityTier=10 PreemptMode=OFF OverSubscribe=FORCE:1 MaxTime=60",
        "PartitionName=shut Nodes=ALL MaxTime=60",
    ]
    with cluster(nodes=2, settings=settings) as made:
        yield made


@pytest.fixture(scope="module")
def served(up: Cluster) -> Iterator[Front]:
    with front(up) as made:
        yield made


@pytest.fixture
def desk(served: Front) -> Iterator[Front]:
    with served.turn() as made:
        yield made


def on_n1(desk: Front, mark: str, rest: str = LONG, *, queue: str = "batch", **task: Any) -> int:
    """A job that has the node n1 for itself, and runs there now."""
    asked = {"command": desk.command(mark, rest), "required_nodes": ["n1"], **task}
    job = desk.submit(asked, queue=queue, exclusive=True)
    desk.until_ran(mark, 1)
    return job


def latest(up: Cluster) -> str:
    """The number of the latest job of ours that Slurm has."""
    return str(max(int(one) for one in up.command("squeue", "-h", "-u", "nobody", "-o", "%A").stdout.split()))


def urgent(up: Cluster, seconds: float = 60) -> str:
    """A foreign job that wants all of n1, more urgently than anybody; its number."""
    argv = ("sbatch", "--parsable", "-p", "high", "-w", "n1", "--exclusive", "-o", "/dev/null")
    return up.command(*argv, "--wrap", f"sleep {seconds}").stdout.strip()


def hpc(desk: Front, job: int) -> tuple[str, str]:
    """State and message of its first task, as HPC Pack's face has them."""
    with desk.server.http() as http:
        said = http.get(f"/hpc/jobs/{job}/tasks/1?properties=State,ErrorMessage").json()
    found = {one["Name"]: one["Value"] for one in said}
    return found["State"], found.get("ErrorMessage", "")


def alive(mark: Path) -> list[int]:
    """Processes that have this file open as their standard output."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and Path(f"/proc/{entry}/fd/1").readlink() == mark:
                found.append(int(entry))
        except OSError:
            continue
    return found


def test_a_node_whose_slurmd_dies_costs_its_jobs_their_run_and_they_run_again_elsewhere(
    desk: Front, up: Cluster
) -> None:
    output = desk.marks / "out"
    again = desk.submit({"command": desk.command("again", LONG), "stdout": str(output)})
    desk.until_ran("again", 1)
    once = desk.submit({"command": desk.command("once", LONG), "rerunnable": False})
    desk.until_ran("once", 1)
    for job in (again, once):
        desk.until(job, "running")
    (node,) = {desk.task(job)["nodes"][0] for job in (again, once)}
    first = alive(output)
    up.daemons.kill(node)
    found = desk.ended(once, seconds=50)
    assert (found["state"], desk.task(once)["failure"]) == ("failed", NODE_FAILED)
    assert hpc(desk, once) == ("Failed", NODE_FAILED)
    desk.until_ran("again", 2)
    # Nobody could tell the node to end what runs there: it goes on beside the new run.
    assert set(first) < set(alive(output))
    up.daemons.restart(node)
    until(lambda: not set(first) & set(alive(output)))
    until(lambda: "idle" in up.command("sinfo", "-hN", "-n", node, "-p", "batch", "-o", "%T").stdout)
    task = desk.task(again)
    assert (task["state"], task["nodes"][0] != node, desk.ran("once")) == ("running", True, [0])
    desk.ask("POST", f"/v1/jobs/{again}/cancel")
    assert desk.ended(again)["state"] == "canceled"
    assert desk.ran("again") == [0, 0]


def test_a_run_that_ends_well_while_its_node_is_out_of_reach_is_not_repeated(
    desk: Front, up: Cluster
) -> None:
    job = on_n1(desk, "well", "sleep 1; exit 0")
    up.daemons.kill("n1")
    time.sleep(1.5)
    up.command("scontrol", "update", "NodeName=n1", "State=DOWN", "Reason=lost")
    assert desk.ended(job)["state"] == "finished"
    up.daemons.restart("n1")
    assert (desk.task(job)["exit_code"], desk.ran("well")) == (0, [0])
    until(lambda: "idle" in up.command("sinfo", "-hN", "-n", "n1", "-o", "%T").stdout)


def test_a_node_that_is_set_down_three_times_and_once_more(desk: Front, up: Cluster) -> None:
    job = desk.submit({"command": desk.command("down", LONG), "required_nodes": ["n1"]})
    for times in range(1, 5):
        desk.until_ran("down", times)
        up.command("scontrol", "update", "NodeName=n1", "State=DOWN", "Reason=tried")
        up.command("scontrol", "update", "NodeName=n1", "State=RESUME", check=False)
    assert desk.ended(job)["state"] == "failed"
    assert desk.task(job)["failure"] == NODE_FAILED
    assert desk.ran("down") == [0, 0, 0, 0]
    until(lambda: "idle" in up.command("sinfo", "-hN", "-n", "n1", "-o", "%T").stdout)


@pytest.mark.parametrize(
    ("queue", "signal"), [("requeued", "TERM"), ("requeued", "CONT"), ("cancelled", "TERM")]
)
def test_a_preempted_run_runs_again_when_there_is_room_also_if_it_ends_well_when_told_to(
    desk: Front, up: Cluster, queue: str, signal: str
) -> None:
    """Slurm sends SIGCONT before SIGTERM: who goes at that is gone before the wrapper hears of anything."""
    handler = f"trap 'exit 0' {signal}; [ -e {desk.marks}/go ] || sleep 60 & wait"
    job = on_n1(desk, "low", handler, queue=queue)
    foreign = urgent(up)
    until(lambda: up.command("squeue", "-h", "-j", foreign, "-o", "%T").stdout.strip() == "RUNNING")
    (desk.marks / "go").touch()
    up.command("scancel", foreign)
    assert desk.ended(job)["state"] == "finished"
    assert (desk.task(job)["exit_code"], desk.ran("low")) == (0, [0, 0])
    assert desk.task(job).get("failure") in (None, "")


def test_a_job_of_our_own_preempts_another_that_may_not_run_again(desk: Front, up: Cluster) -> None:
    job = on_n1(desk, "low", queue="requeued", rerunnable=False)
    high = on_n1(desk, "high", "sleep 0.1", queue="high")
    assert desk.ended(high)["state"] == "finished"
    assert desk.ended(job)["state"] == "failed"
    assert (desk.task(job)["failure"], desk.ran("low")) == (PREEMPTED, [0])
    assert hpc(desk, job) == ("Failed", PREEMPTED)


def test_a_run_that_is_suspended_goes_on_where_it_was(desk: Front, up: Cluster) -> None:
    ticks = f"for i in 1 2 3 4 5 6 7 8; do sleep 0.2; echo $i >> {desk.marks}/ticks; done; exit 3"
    preempted = on_n1(desk, "gang", ticks, queue="suspended")
    number = latest(up)
    foreign = urgent(up)
    until(lambda: up.command("squeue", "-h", "-j", number, "-o", "%T").stdout.strip() == "SUSPENDED")
    time.sleep(0.5)
    assert desk.job(preempted)["state"] == "running"
    up.command("scancel", foreign)
    assert desk.ended(preempted)["state"] == "failed"
    assert (desk.task(preempted)["exit_code"], desk.ran("gang"), desk.ran("ticks")) == (
        3, [0], [1, 2, 3, 4, 5, 6, 7, 8],
    )  # fmt: skip


@pytest.mark.skipif(
    not Path("/sys/fs/cgroup/memory/tasks").exists(), reason="no memory controller of cgroup v1"
)
def test_memory_that_runs_out_ends_a_run_and_is_said() -> None:
    """Without cgroups (OverMemoryKill) Slurm 22.05 says FAILED, by SIGKILL."""
    settings = [QUICK, "TaskPlugin=task/cgroup", "SelectTypeParameters=CR_Core_Memory", "DefMemPerCPU=100"]
    cgroup = ["CgroupPlugin=cgroup/v1", "CgroupMountpoint=/sys/fs/cgroup", "ConstrainRAMSpace=yes"]
    try:
        with (
            cluster(nodes=1, settings=settings, cgroup=[*cgroup, "ConstrainSwapSpace=yes"]) as up,
            front(up) as desk,
        ):
            grows = "python3 -c \"x = b'x' * 400_000_000; import time; time.sleep(30)\""
            text = f"#!/bin/bash\n#SBATCH --mem=50\necho 0 >> {desk.marks}/grows\n{grows}\nexit 3\n"
            submitter = {"directory": str(desk.marks), "host": "login1", "file": "job.sh", "variables": {}}
            body = {"flavour": "slurm", "submitter": submitter, "tasks": [{"script": text}]}
            with desk.server.http(desk.owner) as http:
                job = int(http.post("/v1/jobs", json=body).json()["id"])
            assert desk.ended(job)["state"] == "failed"
            task = desk.task(job)
            assert task["failure"].endswith("Slurm: it ran out of memory).")
            assert (task.get("signal"), desk.ran("grows")) == (9, [0])
    finally:
        for folder in ("slurm_n1/system", "slurm_n1"):
            with contextlib.suppress(OSError):
                Path("/sys/fs/cgroup/memory", folder).rmdir()


@pytest.mark.parametrize(
    ("state", "rest"),
    [([], "wait"), ([], "trap 'exit 0' CONT; wait"), (["State=SpecialExit"], "wait")],
    ids=["held", "held and goes well", "special exit"],
)
def test_what_an_administrator_puts_back_into_slurms_queue_waits_while_it_is_held_and_then_runs_again(
    desk: Front, up: Cluster, state: list[str], rest: str
) -> None:
    job = on_n1(desk, "back", f"[ -e {desk.marks}/go ] || sleep 60 & {rest}")
    desk.until(job, "running")
    number = latest(up)
    up.command("scontrol", "update", f"JobId={number}", "Requeue=1")
    up.command("scontrol", "requeuehold", *state, number)
    time.sleep(1.5)
    assert (desk.job(job)["state"], desk.ran("back")) == ("running", [0])
    (desk.marks / "go").touch()
    up.command("scontrol", "release", number)
    assert desk.ended(job)["state"] == "finished"
    assert desk.ran("back") == [0, 0]


def test_what_its_owner_cancels_with_slurms_own_commands_fails_and_is_not_run_again(
    desk: Front, up: Cluster
) -> None:
    running = on_n1(desk, "run", "trap 'exit 0' TERM; sleep 60 & wait")
    numbers = [latest(up)]
    waiting = desk.submit({"command": desk.command("wait"), "required_nodes": ["n1"]})
    until(lambda: latest(up) != numbers[0])
    numbers.append(latest(up))
    asked = {"command": desk.command("sweep"), "required_nodes": ["n1"]}
    sweep = desk.submit({**asked, "kind": "sweep", "sweep": {"start": 1, "end": 6}})
    until(lambda: up.command("squeue", "-h", "-r", "-t", "PD").stdout.count("\n") == 7)
    numbers.append(f"{latest(up)}_[1-3]")
    for number in reversed(numbers):  # what runs last: nothing else starts before
        up.command("scancel", number, user="nobody")
    assert [desk.ended(job)["state"] for job in (running, waiting, sweep)] == ["failed"] * 3
    said = "The task was canceled while it ran. Message: Slurm: CANCELLED"
    assert [desk.task(job)["failure"] for job in (running, waiting)] == [
        said,
        f"{said} (Resources)",
    ]
    assert (desk.ran("run"), desk.ran("wait"), desk.ran("sweep")) == ([0], [], [1, 5, 6])


def test_a_job_whose_deadline_passes_while_it_waits_never_runs(desk: Front, up: Cluster) -> None:
    blocks = on_n1(desk, "blocks")
    late = desk.submit({"command": desk.command("late"), "required_nodes": ["n1"]}, runtime_s=60)
    until(lambda: "PENDING" in up.command("squeue", "-h", "-o", "%T").stdout)
    up.command("scontrol", "update", f"JobId={latest(up)}", "Deadline=now+2")
    assert desk.ended(late, seconds=50)["state"] == "failed"
    assert "its deadline passed" in desk.task(late)["failure"]
    assert desk.ran("late") == []
    desk.ask("POST", f"/v1/jobs/{blocks}/cancel")
    desk.ended(blocks)


def test_what_an_administrator_does_to_partitions_and_daemons_loses_nothing(desk: Front, up: Cluster) -> None:
    running = on_n1(desk, "steady", "sleep 4; exit 4")
    stays = desk.submit({"command": desk.command("stays"), "required_nodes": ["n1"]}, queue="shut")
    until(lambda: up.command("squeue", "-h", "-p", "shut").stdout.count("\n") == 1)
    moved = desk.submit({"command": desk.command("moved"), "required_nodes": ["n1"]}, queue="shut")
    until(lambda: up.command("squeue", "-h", "-p", "shut").stdout.count("\n") == 2)
    number = latest(up)
    up.command("scontrol", "reconfigure")  # which opens what is open in slurm.conf
    refused = up.command("scontrol", "delete", "PartitionName=shut", check=False)
    assert "in use" in refused.stderr
    for state in ("DRAIN", "INACTIVE", "DOWN"):
        up.command("scontrol", "update", "PartitionName=shut", f"State={state}")
    up.command("scontrol", "update", f"JobId={number}", "Partition=batch")
    up.daemons.restart("n1")
    assert desk.ended(moved)["state"] == "finished"
    assert desk.job(stays)["state"] == "queued"
    assert "PartitionDown" in desk.job(stays)["pending_text"]
    up.command("scontrol", "update", "PartitionName=shut", "State=UP")
    assert desk.ended(stays)["state"] == "finished"
    assert desk.ended(running)["state"] == "failed"
    assert desk.task(running)["exit_code"] == 4
    assert [desk.ran(mark) for mark in ("steady", "moved", "stays")] == [[0], [0], [0]]
