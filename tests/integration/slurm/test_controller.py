"""Slurm's own daemons die, hang and come back in the middle: every job ends right, and ran once."""

import time
from collections.abc import Iterator

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.front import Front, front, until
from tests.integration.slurm.test_faults import all_well, three_jobs

pytestmark = [
    pytest.mark.xdist_group("slurm"),
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
]
needs_accounting = pytest.mark.skipif(
    bool(unavailable(accounting=True)), reason=unavailable(accounting=True) or "there is some"
)


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    with cluster(nodes=1, settings=[QUICK, "MinJobAge=30"]) as made:
        yield made


@pytest.fixture(scope="module")
def served(up: Cluster) -> Iterator[Front]:
    with front(up, settings="command_timeout_s = 2.0\n") as made:
        yield made


@pytest.fixture
def desk(served: Front) -> Front:
    return served.turn_over()


def test_a_controller_that_is_killed_and_started_again(up: Cluster, desk: Front) -> None:
    running = desk.submit({"command": desk.command("d", "sleep 3; exit 4")})
    desk.until(running, "running")
    jobs = three_jobs(desk)
    up.daemons.kill("slurmctld")
    away = desk.submit({"command": desk.command("e")})
    time.sleep(1.0)
    assert desk.job(running)["state"] == "running"
    up.daemons.restart("slurmctld")
    # What it had not saved it has forgotten, ids too: that a node runs what it gives it anew drains the node.
    resume = ("scontrol", "update", "NodeName=n1", "State=RESUME")
    end = time.monotonic() + 30
    while any(desk.job(job)["state"] in ("queued", "running") for job in (running, away, *jobs)):
        assert time.monotonic() < end
        up.command(*resume, check=False)
        time.sleep(0.5)
    all_well(desk, jobs)
    found = desk.ended(away)
    assert found["state"] == "finished", (found, desk.task(away), desk.server.log.read_text()[-4000:])
    assert desk.ended(running)["state"] in ("failed", "finished")
    assert (desk.ran("d"), desk.ran("e")) == ([0], [0])


def test_a_controller_that_hangs_while_jobs_are_submitted(up: Cluster, desk: Front) -> None:
    up.daemons.pause("slurmctld")
    jobs = three_jobs(desk)
    time.sleep(3.0)
    desk.server.kill()
    begin = desk.server.log.stat().st_size
    desk.server.start(wait=False)
    time.sleep(0.5)
    up.daemons.resume("slurmctld")
    desk.server.wait_until_ready(begin)
    all_well(desk, jobs)


def test_a_server_that_is_started_while_the_controller_is_away_takes_jobs(up: Cluster, desk: Front) -> None:
    held = desk.submit(
        {"command": desk.command("held", "sleep 60"), "required_nodes": ["n1"]}, exclusive=True
    )
    desk.until_ran("held", 1)
    waiting = desk.submit({"command": desk.command("never")}, exclusive=True)
    desk.server.kill()
    up.daemons.pause("slurmctld")
    desk.start()
    jobs = three_jobs(desk)
    for job in (held, waiting):
        desk.ask("POST", f"/v1/jobs/{job}/cancel")
    assert [desk.job(job)["state"] for job in jobs] == ["queued"] * 3
    desk.server.kill()
    desk.start()
    up.daemons.resume("slurmctld")
    all_well(desk, jobs)
    assert [desk.ended(job)["state"] for job in (held, waiting)] == ["canceled", "canceled"]
    assert desk.ran("never") == []


@needs_accounting
def test_accounting_knows_what_slurm_has_forgotten_even_if_it_is_away_for_a_while() -> None:
    settings = [QUICK, "MinJobAge=2"]
    with (
        cluster(nodes=1, accounting=True, settings=settings) as up,
        front(up, spool=False) as desk,
    ):
        jobs = [desk.submit({"command": desk.command("a", end)}) for end in ("sleep 1; exit 5", "sleep 1")]
        for job in jobs:
            desk.until(job, "running")
        desk.server.kill()
        until(lambda: not up.command("squeue", "--noheader", "--states=all").stdout, 40)
        up.daemons.pause("slurmdbd")
        desk.start()
        time.sleep(2.0)
        assert [desk.job(job)["state"] for job in jobs] == ["running", "running"]
        up.daemons.resume("slurmdbd")
        assert [desk.ended(job)["state"] for job in jobs] == ["failed", "finished"]
        assert desk.task(jobs[0])["exit_code"] == 5
        assert desk.ran("a") == [0, 0]
