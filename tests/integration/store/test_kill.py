"""A process that writes is killed with SIGKILL: all it had acknowledged is there, and nothing half done."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headgate.ports.store import JobQuery
from tests.unit.store.worlds import World

ROOT = Path(__file__).parents[3]
ROUNDS = 5


@pytest.mark.timeout(120)
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    data = tmp_path / "data"
    acknowledged: list[tuple[int, int]] = []
    for _ in range(ROUNDS):
        writing = [sys.executable, "-m", "tests.integration.store.writing", str(data)]
        with subprocess.Popen(writing, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            time.sleep(random.uniform(0, 0.2))
            os.kill(process.pid, signal.SIGKILL)
            lines = [first, *process.stdout.read().splitlines()]
        # The last line may have been cut short.
        pairs = [tuple(map(int, line.split())) for line in lines[:-1]]
        acknowledged += [(job, seq) for job, seq in pairs]
    assert len(acknowledged) > ROUNDS
    assert len({job for job, _ in acknowledged}) == len(acknowledged)

    world = World(data)
    try:
        total = world.look(lambda look: look.list_jobs(JobQuery(), limit=1, count=True)).total
        jobs = world.look(lambda look: look.jobs(range(1, 10**6 if total is None else total + 1)))
        assert {job.id for job in jobs} >= {job for job, _ in acknowledged}
        assert [job.id for job in jobs] == list(range(1, len(jobs) + 1)), (
            "an id was lost with a failed change"
        )
        assert {job.owner for job in jobs} == {"ann"}
        assert sum(world.look(lambda look: look.count_jobs()).values()) == len(jobs)
        events = world.look(lambda look: look.events(after=0, limit=10**6))
        assert [event.seq for event in events] == list(range(1, len(jobs) + 1))
        by_number = {event.seq: event.job_id for event in events}
        assert all(by_number[seq] == job for job, seq in acknowledged)
        tasks = world.look(lambda look: [look.task(job.id, 1) for job in jobs])
        assert [task.system_id for task in tasks] == [job.id for job in jobs]
    finally:
        world.close()
