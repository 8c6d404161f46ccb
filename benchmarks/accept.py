"""Accepting jobs: create + add task + submit over `/hpc` with 8 keep-alive connections and `wrk` on the same
cores. A job counts when its submit was answered, and everything answered is on disk.

Once with the node offline, so that nothing starts (the target), and once with the engine running the jobs
(`true`) as they come. Afterwards the jobs in the store are counted: none that was answered may be missing,
and no more may be there than were still under way when `wrk` stopped.
"""

from benchmarks import wrk
from benchmarks.bench import Bench, at_least
from benchmarks.rig import Rig, count_jobs, serving

TARGET = 700


def measure(bench: Bench) -> None:
    """See the module."""
    seconds = bench.size(5, 1)
    for nodes in ("offline", "online"):
        with serving(bench.folder / f"accept-{nodes}", nodes=nodes) as rig:
            loads = [_load(rig, seconds) for _ in bench.each_round()]
            _verify(rig, loads, queued=nodes == "offline")
        rates = [load.rate for load in loads]
        latency = f"p99 of one request {max(load.p99_ms for load in loads):.1f} ms"
        if nodes == "offline":
            bench.report("accept: whole jobs, node offline", "jobs/s", rates, at_least(TARGET), latency)
        else:
            bench.report("accept: whole jobs, engine running", "jobs/s", rates, note=latency)


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
