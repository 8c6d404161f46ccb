"""Accepting jobs: create + add task + submit over `/hpc` with 8 keep-alive connections and `wrk` on the same
cores. A job counts when its submit was answered, and everything answered is on disk.

Once with the node offline, so that nothing starts (the target; and with a front, in turns), and once with the
engine running the jobs (`true`) as they come. Afterwards the jobs in the store are counted: none that was
answered may be missing, and no more may be there than were still under way when `wrk` stopped.
"""

from benchmarks import wrk
from benchmarks.bench import Bench, at_least
from benchmarks.fronts import with_and_without
from benchmarks.rig import Rig, count_jobs, serving

TARGET = 700


def measure(bench: Bench) -> None:
    """See the module."""
    seconds = bench.size(5, 1)
    with with_and_without(bench.folder / "accept-offline") as turns:
        for _ in bench.each_round():
            for turn in turns:
                turn.load(lambda rig: _load(rig, seconds))
        for turn in turns:
            _verify(turn.rig, turn.loads, queued=True)
            turn.report(bench, "accept: whole jobs, node offline", "jobs/s", at_least(TARGET))
    with serving(bench.folder / "accept-online", nodes="online") as rig:
        loads = [_load(rig, seconds) for _ in bench.each_round()]
        _verify(rig, loads, queued=False)
    latency = f"p99 of one request {max(load.p99_ms for load in loads):.1f} ms"
    bench.report("accept: whole jobs, engine running", "jobs/s", [load.rate for load in loads], note=latency)


def _load(rig: Rig, seconds: int) -> wrk.Load:
    load = wrk.run(rig.url, "accept.lua", rig.user, seconds=seconds, threads=wrk.CONNECTIONS)
    assert not load.refused, f"{load.refused} requests were refused"
    assert not load.errors, f"{load.errors} requests failed"
    return load


def _verify(rig: Rig, loads: list[wrk.Load], *, queued: bool) -> None:
    """Count what was accepted."""
    accepted = sum(load.done for load in loads)
    client = rig.client()
    if queued:
        kept = count_jobs(client, "Queued")
    else:
        kept = count_jobs(client) - count_jobs(client, "Configuring")
    client.close()
    under_way = len(loads) * wrk.CONNECTIONS
    print(f"   {accepted} jobs were answered, {kept} are there")
    assert accepted <= kept <= accepted + under_way, f"{accepted} jobs were answered, but {kept} are there"
