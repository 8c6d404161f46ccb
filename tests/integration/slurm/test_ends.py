"""Slurm ends what Headgate did not: by its own limit of time, as the wrapper's did not come first; and as a
node was to be powered up for a job, and is not.

The runs that wait for their limit are begun first: Slurm's limits are whole minutes.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.front import Front, front, until

pytestmark = [
    pytest.mark.xdist_group("slurm-ends"),
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
]

NODE_FAILED = "An error occurred on node Slurm: one of its nodes failed."
TOO_LONG = "The task ran longer than its run time."


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    """n2 is powered down when it has nothing to do, and nobody can power it up again."""
    settings = [
        QUICK,
        "SuspendProgram=/bin/true",
        "ResumeProgram=/bin/false",
        "SuspendTime=1",
        "SuspendTimeout=1",
        "ResumeTimeout=3",
        "SuspendExcNodes=n1",
        "PartitionName=one Nodes=n1 State=UP",
    ]
    with cluster(nodes=2, settings=settings) as made:
        yield made


@pytest.fixture(scope="module")
def desk(up: Cluster) -> Iterator[Front]:
    with front(up) as made:
        yield made


def state(up: Cluster, node: str) -> str:
    return up.command("sinfo", "-hN", "-n", node, "-p", "batch", "-o", "%T").stdout.strip()


def timers(seconds: int) -> list[int]:
    """Processes of the wrapper that sleep until the wall time is over."""
    found = []
    for entry in os.listdir("/proc"):
        try:
            if (
                entry.isdigit()
                and Path(f"/proc/{entry}/cmdline").read_bytes() == f"sleep\0{seconds}\0".encode()
            ):
                found.append(int(entry))
        except OSError:
            continue
    return found


@pytest.fixture(scope="module")
def late(up: Cluster, desk: Front) -> dict[str, int]:
    """Runs that only Slurm's limit will end, by what they do when they are told to."""
    does = {"well": "trap 'exit 0' TERM; sleep 300 & wait", "dies": "sleep 301"}
    jobs = {}
    for name, rest in does.items():
        # An administrator makes it shorter in Slurm alone.
        jobs[name] = desk.submit({"command": desk.command(name, rest), "runtime_s": 7200}, queue="one")
        desk.until_ran(name, 1)
        number = up.command("squeue", "-h", "-S", "-i", "-o", "%A").stdout.split()[0]
        up.command("scontrol", "update", f"JobId={number}", "TimeLimit=1")
    refuses = desk.command("refuses", "trap '' TERM; sleep 302 & wait; sleep 303")
    jobs["refuses"] = desk.submit({"command": refuses, "runtime_s": 57}, queue="one")
    desk.until_ran("refuses", 1)
    until(lambda: timers(57))
    for one in timers(57):
        os.kill(one, signal.SIGKILL)
    return jobs


def test_a_node_that_is_not_powered_up_in_time_fails_what_may_not_run_again(
    desk: Front, up: Cluster, late: dict[str, int]
) -> None:
    until(lambda: state(up, "n2") == "idle~")
    up.daemons.kill("n2")
    job = desk.submit(
        {"command": desk.command("once"), "required_nodes": ["n2"], "rerunnable": False}, queue="batch"
    )
    assert desk.ended(job, seconds=60)["state"] == "failed"
    assert (desk.task(job)["failure"], desk.ran("once")) == (NODE_FAILED, [])
    until(lambda: state(up, "n2").startswith("down"))


def test_a_job_whose_node_is_not_powered_up_in_time_runs_on_another(
    desk: Front, up: Cluster, late: dict[str, int]
) -> None:
    up.command("scontrol", "update", "NodeName=n2", "State=RESUME")
    until(lambda: state(up, "n2") == "idle~")
    blocks = desk.submit({"command": desk.command("blocks", "sleep 60")}, queue="one")
    desk.until_ran("blocks", 1)
    job = desk.submit({"command": desk.command("again")}, queue="batch")
    until(lambda: state(up, "n2") == "allocated#" or state(up, "n2") == "mixed#")
    desk.ask("POST", f"/v1/jobs/{blocks}/cancel")
    assert desk.ended(job, seconds=60)["state"] == "finished"
    assert (desk.task(job)["nodes"], desk.ran("again")) == (["n1"], [0])


@pytest.mark.parametrize("name", ["well", "dies", "refuses"])
def test_slurms_own_limit_of_time_is_a_run_time_that_is_over(
    desk: Front, late: dict[str, int], name: str
) -> None:
    assert desk.ended(late[name], seconds=150)["state"] == "failed"
    assert (desk.task(late[name])["failure"], desk.ran(name)) == (TOO_LONG, [0])
