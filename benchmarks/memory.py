"""Memory: what the server process keeps resident with 1,000,000 stored jobs after their lists were read, and
while it runs a sweep of 1,000,000 instances. The shepherd's is shown beside it.
"""

import time

from benchmarks import lists, stored
from benchmarks.bench import Bench, under
from benchmarks.machine import memory_mb
from benchmarks.rig import Rig, add_sweep, serving

TARGET_MB = 250
SWEEP = 1_000_000


def measure(bench: Bench) -> None:
    """See the module."""
    count = bench.size(1_000_000, 10_000)
    with serving(stored.folder_of(bench, count)) as rig:
        fresh = memory_mb(rig.pid)
        lists.exercise(rig, bench.size(1_000, 50))
        bench.report(
            f"memory: {count:,} stored jobs, lists read",
            "MiB",
            [memory_mb(rig.pid)],
            under(TARGET_MB),
            f"{fresh:.0f} MiB before the lists",
        )
    with serving(bench.folder / "memory", nodes="online") as rig:
        fresh = memory_mb(rig.pid)
        ours, shepherds = _while_running(rig, bench.size(30, 3))
    note = f"{fresh:.0f} MiB before it"
    bench.report(f"memory: a sweep of {SWEEP:,} running", "MiB", ours, under(TARGET_MB), note)
    bench.report("memory: the shepherd meanwhile", "MiB", shepherds)


def _while_running(rig: Rig, seconds: int) -> tuple[list[float], list[float]]:
    client = rig.client()
    job_id = add_sweep(client, "true", SWEEP)
    client.ask("POST", f"/hpc/jobs/{job_id}/submit")
    ours, shepherds = [], []
    for _ in range(seconds):
        time.sleep(1)
        ours.append(memory_mb(rig.pid))
        shepherd = rig.shepherd_pid()
        if shepherd is not None:
            shepherds.append(memory_mb(shepherd))
    client.ask("POST", f"/hpc/jobs/{job_id}/cancel?forced=true")
    client.close()
    return ours, shepherds
