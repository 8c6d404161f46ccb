"""Reading: GET one job with all its properties over `/hpc`, 8 keep-alive connections, `wrk` on the same
cores. Without fronts (the target) and with one, in turns.
"""

from benchmarks import wrk
from benchmarks.bench import Bench, at_least
from benchmarks.fronts import with_and_without
from benchmarks.rig import Rig, add_sweep

TARGET = 3_000


def measure(bench: Bench) -> None:
    """See the module."""
    with with_and_without(bench.folder / "get") as turns:
        paths = [_job(turn.rig) for turn in turns]
        for _ in bench.each_round():
            for turn, path in zip(turns, paths, strict=True):
                turn.load(lambda rig, path=path: _load(rig, path, bench.size(5, 1)))  # type: ignore[misc]  # bound for ruff
        for turn in turns:
            turn.report(bench, "get: one job, all properties", "requests/s", at_least(TARGET))


def _job(rig: Rig) -> str:
    """A job with a sweep. Its path."""
    client = rig.client()
    job_id = add_sweep(client, "true", 10)
    client.ask("POST", f"/hpc/jobs/{job_id}/submit")
    client.close()
    return f"/hpc/jobs/{job_id}"


def _load(rig: Rig, path: str, seconds: int) -> wrk.Load:
    load = wrk.run(rig.url, "get.lua", rig.user, seconds=seconds, threads=1, path=path)
    assert load.refused == load.errors == 0, load
    return load
