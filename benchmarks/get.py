"""Reading: GET one job with all its properties over `/hpc`, 8 keep-alive connections, `wrk` on the same
cores.
"""

from benchmarks import wrk
from benchmarks.bench import Bench, at_least
from benchmarks.rig import add_sweep, serving

TARGET = 3_000


def measure(bench: Bench) -> None:
    """See the module."""
    with serving(bench.folder / "get") as rig:
        client = rig.client()
        job_id = add_sweep(client, "true", 10)
        client.ask("POST", f"/hpc/jobs/{job_id}/submit")
        shown = client.ask("GET", f"/hpc/jobs/{job_id}")
        client.close()
        loads = []
        for _ in bench.each_round():
            load = wrk.run(
                rig.url, "get.lua", rig.user, seconds=bench.size(5, 1), threads=1, path=f"/hpc/jobs/{job_id}"
            )
            assert load.refused == load.errors == 0, load
            loads.append(load)
    bench.report(
        "get: one job, all properties",
        "requests/s",
        [load.rate for load in loads],
        at_least(TARGET),
        f"{len(shown.json())} properties, {len(shown.body)} bytes",
    )
