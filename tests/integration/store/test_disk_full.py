"""The disk is full: a change is refused, nothing acknowledged is lost, and it goes on when there is room."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.core.errors import StoreUnavailable
from headgate.core.model import Job, JobSpec
from tests.unit.store.worlds import World

ROOT = Path(__file__).parents[3]
LARGE = JobSpec(name="x" * 20_000)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no disk can be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def fill(world: World) -> list[int]:
    """Write until it is refused. What was acknowledged."""
    kept: list[int] = []
    while True:
        try:
            kept.append(world.write(lambda tx: tx.add_job(Job(spec=LARGE))).id)
        except StoreUnavailable as refused:
            assert "full" in str(refused)  # noqa: PT017 — the loop is what is to end by it
            return kept


def test_a_full_disk_refuses_and_recovers(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 600_000)
    world = World(small_disk / "data")
    try:
        kept = fill(world)
        assert kept == list(range(1, len(kept) + 1))
        assert len(kept) > 3
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                world.write(lambda tx: tx.add_job(Job(spec=LARGE)))
        # Readers go on meanwhile.
        assert [job.id for job in world.look(lambda look: look.jobs(range(999)))] == kept
        (small_disk / "ballast").unlink()
        more = world.write(lambda tx: tx.add_job(Job(spec=LARGE))).id
        assert more == kept[-1] + 1
        world.reopen()
        assert [job.id for job in world.look(lambda look: look.jobs(range(999)))] == [*kept, more]
        assert sum(world.look(lambda look: look.count_jobs()).values()) == len(kept) + 1
    finally:
        world.close()


SCRIPT = """
import resource, sys
from pathlib import Path
from headgate.core.errors import StoreUnavailable
from headgate.core.model import Job, JobSpec
from tests.unit.store.worlds import World

world = World(Path(sys.argv[1]))
world.add("first")
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
kept = 0
try:
    while True:
        world.write(lambda tx: tx.add_job(Job(spec=JobSpec(name="x" * 20_000))))
        kept += 1
except StoreUnavailable as error:
    print(error.text)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
world.add("last")
jobs = world.look(lambda look: look.jobs(range(999)))
assert [job.owner for job in jobs] == ["first"] + [""] * kept + ["last"], kept
world.reopen()
assert world.look(lambda look: look.jobs(range(999))) == jobs
world.close()
print("kept", kept)
"""


def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path: Path) -> None:
    """What a quota looks like to the server; nothing needs to be mounted for it."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "data")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    refused, kept = done.stdout.splitlines()
    assert "full" in refused or "disk I/O error" in refused
    assert int(kept.split()[1]) > 3
