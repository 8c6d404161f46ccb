"""Beside slurmrestd: script submissions through SOCA's face, and through `job/submit` of the slurmrestd of a
Slurm cluster on the same machine, in turns, with 8 keep-alive connections and `wrk` each; and the whole list
of the same 9,000 jobs.

Nothing starts: our node is offline, their jobs are held. Ours are on disk before they are answered, theirs
whenever slurmctld next saves its state, which is left as it comes. Both keep the jobs of all rounds, those of
the list included, and both are counted afterwards.
"""

import http.client
import json
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from benchmarks import soca, wrk
from benchmarks.bench import Bench, Skipped, at_least, under
from benchmarks.rig import Rig, count_jobs, serving
from headgate.testing.slurm import OPENAPI, Cluster, Rest, Unavailable, cluster

TIMES = 2
NODES = 2
LUA = "slurmrestd.lua"
JOB = {
    "script": "#!/bin/bash\ntrue\n",
    "job": {
        "name": "benchmark",
        "hold": True,
        "tasks": 1,
        "cpus_per_task": 1,
        "time_limit": 10,
        "current_working_directory": "/",
        "environment": {"PATH": "/usr/bin:/bin"},
    },
}


def measure(bench: Bench) -> None:
    """See the module."""
    try:
        with cluster(nodes=NODES, rest=True) as up, serving(bench.folder / "slurmrestd") as rig:
            assert up.rest is not None
            key = soca.key_of(rig)
            listed = _lists(bench, rig, up.rest)
            _submissions(bench, rig, key, up, listed)
    except Unavailable as reason:
        raise Skipped(str(reason)) from None


def _submissions(bench: Bench, rig: Rig, key: str, up: Cluster, before: int) -> None:
    assert up.rest is not None
    seconds = bench.size(5, 1)
    ours, theirs = [], []
    for _ in bench.each_round():
        ours.append(soca.submissions(rig, key, seconds))
        theirs.append(_load(up.rest, seconds))
    client = rig.client()
    kept = count_jobs(client, "Queued"), len(up.command("squeue", "--noheader", "--format=%i").stdout.split())
    client.close()
    for name, loads, there in (("headgate", ours, kept[0]), ("slurmrestd", theirs, kept[1])):
        answered = before + sum(load.done for load in loads)
        print(f"   {name}: {answered} jobs were answered, {there} are there")
        assert answered <= there <= answered + len(loads) * wrk.CONNECTIONS
        late = f"p99 of one request {max(load.p99_ms for load in loads):.1f} ms"
        rates = [load.rate for load in loads]
        bench.report(f"slurmrestd: script submissions, {name}", "jobs/s", rates, note=late)
    ratios = [our.rate / their.rate for our, their in zip(ours, theirs, strict=True)]
    bench.report("slurmrestd: submissions, headgate to slurmrestd", "times", ratios, at_least(TIMES))


def _load(rest: Rest, seconds: int) -> wrk.Load:
    load = wrk.run(
        rest.url,
        LUA,
        (rest.user, ""),
        seconds=seconds,
        threads=wrk.CONNECTIONS,
        path=f"{rest.user}:{rest.token}",
    )
    assert not load.refused, f"slurmrestd refused {load.refused} requests"
    assert not load.errors, f"{load.errors} requests to slurmrestd failed"
    return load


def _lists(bench: Bench, rig: Rig, rest: Rest) -> int:
    """As many jobs on both sides, listed in turns. How many there are."""
    count = bench.size(9_000, 900)
    ours, theirs = soca.Asker(rig), _Asker(rest)
    for _ in range(count):
        ours.submit()
        theirs.submit()
    took: tuple[list[float], list[float]] = [], []
    bodies = [b"", b""]
    for _ in bench.each_round():
        for side, ask in enumerate((ours.list, theirs.list)):
            milliseconds, bodies[side] = _timed(ask)
            took[side].append(milliseconds)
    assert len(json.loads(bodies[0])["message"]) == len(json.loads(bodies[1])["jobs"]) == count
    for side, name in enumerate(("headgate", "slurmrestd")):
        note = f"{len(bodies[side]) / 1e6:.1f} MB, {count} jobs"
        target = under(soca.LIST_MS) if side == 0 else None
        bench.report(f"slurmrestd: the whole list, {name}", "ms", took[side], target, note)
    return count


def _timed(ask: Callable[[], bytes]) -> tuple[float, bytes]:
    began = time.perf_counter()
    body = ask()
    return (time.perf_counter() - began) * 1000, body


class _Asker:
    """One connection to slurmrestd."""

    def __init__(self, rest: Rest) -> None:
        place = urlsplit(rest.url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port)
        self._headers = rest.headers | {"Content-Type": "application/json"}
        self._job = json.dumps(JOB)

    def submit(self) -> None:
        """One held job."""
        self._ask("POST", "job/submit", self._job)

    def list(self) -> bytes:
        """All jobs."""
        return self._ask("GET", "jobs", None)

    def _ask(self, method: str, path: str, body: str | None) -> bytes:
        self._connection.request(method, f"/slurm/{OPENAPI}/{path}", body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content[:500]
        return content
