"""The SOCA face: one durable script submission per request, with 8 keep-alive connections and `wrk` on the
same cores, without fronts and with one, in turns; and the whole list of 9,000 jobs that wait.

The node is offline, so that nothing starts. A submission counts when it was answered, and everything answered
is on disk; afterwards the jobs are counted. The list is as the user sees their own jobs, all attributes of
each, read to its last byte.
"""

import http.client
import json
import time
from base64 import b64encode
from urllib.parse import quote, urlsplit

from benchmarks import wrk
from benchmarks.bench import Bench, under
from benchmarks.fronts import with_and_without
from benchmarks.rig import USER, Rig, count_jobs, serving

LIST_MS = 400
SCRIPT = b"#!/bin/bash\n#PBS -N benchmark -j oe\n#PBS -l select=1:ncpus=1 -l walltime=01:00:00\ntrue\n"


def measure(bench: Bench) -> None:
    """See the module."""
    _list(bench)
    seconds = bench.size(5, 1)
    with with_and_without(bench.folder / "soca-accept") as turns:
        keys = {turn.rig.url: key_of(turn.rig) for turn in turns}
        for _ in bench.each_round():
            for turn in turns:
                turn.load(lambda rig: submissions(rig, keys[rig.url], seconds))
        for turn in turns:
            done = sum(load.done for load in turn.loads)
            _verify(turn.rig, done, under_way=len(turn.loads) * wrk.CONNECTIONS)
            turn.report(bench, "soca: script submissions", "jobs/s")


def submissions(rig: Rig, key: str, seconds: int) -> wrk.Load:
    """Submit scripts for so long."""
    load = wrk.run(
        rig.url, "soca.lua", rig.user, seconds=seconds, threads=wrk.CONNECTIONS, path=f"{USER}:{key}"
    )
    assert not load.refused, f"{load.refused} requests were refused"
    assert not load.errors, f"{load.errors} requests failed"
    return load


def _list(bench: Bench) -> None:
    count = bench.size(9_000, 900)
    with serving(bench.folder / "soca-list") as rig:
        asker = Asker(rig)
        for _ in range(count):
            asker.submit()
        took, body = [], b""
        for _ in bench.each_round():
            began = time.perf_counter()
            body = asker.list()
            took.append((time.perf_counter() - began) * 1000)
        assert len(json.loads(body)["message"]) == count
    note = f"{len(body) / 1e6:.1f} MB, {count} jobs"
    bench.report("soca: the whole list", "ms", took, under(LIST_MS), note)


class Asker:
    """One connection of the user."""

    def __init__(self, rig: Rig) -> None:
        place = urlsplit(rig.url)
        self._connection = http.client.HTTPConnection(place.hostname or "", place.port)
        self._headers = {"X-SOCA-USER": USER, "X-SOCA-TOKEN": key_of(rig)}
        self._form = f"payload={quote(b64encode(SCRIPT), safe='')}"

    def submit(self) -> None:
        """One job."""
        headers = self._headers | {"Content-Type": "application/x-www-form-urlencoded"}
        self._ask("POST", "/api/scheduler/job", self._form, headers)

    def list(self) -> bytes:
        """All jobs."""
        return self._ask("GET", "/api/scheduler/jobs", None, self._headers)

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> bytes:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content[:500]
        return content


def key_of(rig: Rig) -> str:
    """A token of the user's."""
    return rig.command("token", "create", USER, "--data", str(rig.data)).stdout.strip()


def _verify(rig: Rig, answered: int, *, under_way: int) -> None:
    client = rig.client()
    kept = count_jobs(client, "Queued")
    client.close()
    print(f"   {answered} jobs were answered, {kept} are there")
    assert answered <= kept <= answered + under_way
