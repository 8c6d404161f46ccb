"""Jobs of others while server, controller and Slurm's memory come and go."""

import time
from collections.abc import Iterator

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.front import Front, front, until
from tests.integration.slurm.test_foreign import SHOWN, listed, sbatch, seen

pytestmark = [
    pytest.mark.xdist_group("slurm-faults"),
    pytest.mark.skipif(
        bool(unavailable(accounting=True)), reason=unavailable(accounting=True) or "there is some"
    ),
    pytest.mark.timeout(300),
]

SAVED_S = 6.0
"""slurmctld saves what it knows within 5 s (its source, state_save.c); killed before, it has lost the job."""


@pytest.fixture(scope="module")
def forgetful() -> Iterator[Cluster]:
    with cluster(nodes=1, settings=[QUICK, "MinJobAge=2"]) as made:
        yield made


def forgotten(up: Cluster, native: str) -> None:
    """Wait until Slurm has forgotten the job."""
    until(lambda: native not in up.command("squeue", "--states=all", "--format=%A").stdout.split(), 90)


def change_settings(desk: Front, before: str, after: str) -> None:
    desk.server.stop()
    desk.config.write_text(desk.config.read_text().replace(before, after))
    desk.server.start()


def test_each_is_there_once_after_restarts_and_what_ended_meanwhile_is_told(forgetful: Cluster) -> None:
    with front(forgetful, settings=SHOWN) as desk:
        runs, ends, gone = (sbatch(forgetful, "sleep 600") for _ in range(3))
        jobs = {native: seen(desk, native, "running", "queued")["id"] for native in (runs, ends, gone)}
        desk.server.kill()
        forgetful.command("scancel", gone)
        forgotten(forgetful, gone)
        forgetful.command("scancel", ends)
        desk.server.start()
        assert seen(desk, ends, "canceled")["id"] == jobs[ends]
        lost = seen(desk, gone, "failed")
        assert lost["id"] == jobs[gone]
        assert "not known" in lost["failure"]
        assert seen(desk, runs, "running")["id"] == jobs[runs]
        assert len(listed(desk)) == 3
        forgetful.command("scancel", runs)


def test_while_the_controller_is_away_nothing_changes(forgetful: Cluster) -> None:
    with front(forgetful, settings=SHOWN) as desk:
        native = sbatch(forgetful, "sleep 600")
        job = seen(desk, native, "running")
        time.sleep(SAVED_S)
        forgetful.daemons.kill("slurmctld")
        time.sleep(4)
        assert desk.job(job["id"]) == job
        desk.server.stop()
        desk.server.start()
        time.sleep(2)
        assert desk.job(job["id"]) == job
        forgetful.daemons.restart("slurmctld")
        until(lambda: native in forgetful.command("squeue", "--format=%A", check=False).stdout)
        forgetful.command("scancel", native)
        assert seen(desk, native, "canceled")["id"] == job["id"]


def test_turned_off_there_are_none_and_on_again_they_are_back(forgetful: Cluster) -> None:
    with front(forgetful, settings=SHOWN) as desk:
        native = sbatch(forgetful, "sleep 600")
        job = seen(desk, native, "running")
        ours = desk.submit({"command": "true"})
        change_settings(desk, "foreign = true", "foreign = false")
        until(lambda: not listed(desk))
        desk.ended(ours)
        change_settings(desk, "foreign = false", "foreign = true")
        assert seen(desk, native, "running")["id"] > job["id"]
        forgetful.command("scancel", native)


def test_accounting_tells_how_a_forgotten_job_ended() -> None:
    settings = [QUICK, "MinJobAge=2"]
    with (
        cluster(nodes=1, accounting=True, settings=settings) as up,
        front(up, settings=SHOWN) as desk,
    ):
        single = sbatch(up, "sleep 15; exit 5")
        array = sbatch(up, "sleep 15; exit $SLURM_ARRAY_TASK_ID", "--array=0-1")
        jobs = {native: seen(desk, native, "running")["id"] for native in (single, array)}
        desk.server.kill()
        for native in (single, array):
            forgotten(up, native)
        desk.server.start()
        found = seen(desk, single, "failed")
        assert found["id"] == jobs[single]
        assert desk.task(found["id"])["exit_code"] == 5
        swept = seen(desk, array, "failed")
        assert swept["id"] == jobs[array]
        assert "Engine_EndUnknown" not in desk.server.log.read_text()
        assert "not known" not in swept["failure"]
