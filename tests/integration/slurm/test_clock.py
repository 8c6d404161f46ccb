"""The server's clock jumps, an hour on or back, while jobs wait, run, end and are in doubt. (libfaketime; the
clock since boot goes on as ever, as it does where somebody sets the time.)
"""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headgate.testing.slurm import QUICK, Cluster, cluster, unavailable
from tests.integration.slurm.faults import Faults
from tests.integration.slurm.front import front
from tests.integration.slurm.test_faults import all_well, three_jobs

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
pytestmark = [
    pytest.mark.xdist_group("slurm-faults"),
    pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one"),
    pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed (Debian: faketime)"),
]


class Clock:
    """The server's, apart from that of Slurm and its nodes by so many hours."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(0)
        self.environment = {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, hours: int) -> None:
        """Put it so far ahead, or behind."""
        new = self._file.with_name("new")
        new.write_text(f"{hours:+d}h\n")
        new.replace(self._file)


def ahead(log: Path) -> float:
    """Hours by which the last line of a server's log is ahead of the true time."""
    said = re.findall(r'"timestamp": "([^"]+)"', log.read_text())[-1]
    return (datetime.fromisoformat(said) - datetime.now(UTC)) / timedelta(hours=1)


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    with cluster(nodes=1, settings=[QUICK, "MinJobAge=2"]) as made:
        yield made


@pytest.fixture
def faults(tmp_path: Path) -> Iterator[Faults]:
    made = Faults(tmp_path / "bin")
    yield made
    made.end()


@pytest.mark.parametrize("hours", [1, -1])
def test_a_clock_that_jumps_loses_no_job_and_runs_none_twice(
    up: Cluster, faults: Faults, tmp_path: Path, hours: int
) -> None:
    clock = Clock(tmp_path)
    settings = f'bin = "{faults.folder}"\ncommand_timeout_s = 1.0\n'
    with front(up, settings=settings, environment=clock.environment) as desk:
        told = desk.marks / "told"
        runs = desk.submit(
            {"command": desk.command("runs", f"until [ -e {told} ]; do sleep 0.1; done; exit 5")}
        )
        desk.until(runs, "running")
        clock.set(hours)
        told.touch()
        jobs = three_jobs(desk)
        all_well(desk, jobs)
        assert ahead(desk.server.log) == pytest.approx(hours, abs=0.1)
        assert desk.ended(runs)["state"] == "failed"
        assert (desk.task(runs)["exit_code"], desk.ran("runs")) == (5, [0])

        desk.turn_over()
        faults.plan("sbatch", "hang-after")
        doubted = three_jobs(desk)
        time.sleep(0.5)
        desk.server.kill()
        clock.set(-hours)
        faults.end()
        desk.start()
        all_well(desk, doubted)
        assert ahead(desk.server.log) == pytest.approx(-hours, abs=0.1)
        for job in (runs, *jobs, *doubted):
            times = [datetime.fromisoformat(desk.task(job)[name]) for name in ("started", "ended")]
            assert times == sorted(times)
            assert times[1] <= datetime.now(UTC) + timedelta(hours=1, minutes=1)
