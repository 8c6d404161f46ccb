"""TLS: `GET /healthz` with 8 connections and `wrk` on the same cores, kept alive, and a connection for each
request; without fronts and with one, in turns.
"""

from benchmarks import wrk
from benchmarks.bench import Bench
from benchmarks.fronts import with_and_without
from benchmarks.rig import Rig

WAYS = {"tls: connections that are kept": (), "tls: a connection for each request": ("close",)}


def measure(bench: Bench) -> None:
    """See the module."""
    for number, (name, more) in enumerate(WAYS.items()):
        with with_and_without(bench.folder / f"tls-{number}", tls=True) as turns:
            for _ in bench.each_round():
                for turn in turns:
                    turn.load(lambda rig, more=more: _load(rig, more, bench.size(5, 1)))  # type: ignore[misc]  # bound for ruff
            for turn in turns:
                turn.report(bench, name, "requests/s")


def _load(rig: Rig, more: tuple[str, ...], seconds: int) -> wrk.Load:
    load = wrk.run(rig.url, "get.lua", rig.user, seconds=seconds, threads=1, path="/healthz", more=more)
    assert not load.refused, f"{load.refused} requests were refused"
    return load
