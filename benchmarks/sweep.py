"""A sweep of 1,000,000 instances: adding its task, submitting it, listing its instances a page of 100 at a
time (first, middle, last), counting them, cancelling it all, with the node offline. And what it leaves in the
store: no row for an instance that nobody touched.
"""

import sqlite3
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.bench import Bench, under
from benchmarks.rig import Rig, add_sweep, properties, serving, wait_ended

T = TypeVar("T")

COUNT = 1_000_000
ACCEPT_MS = 100
PAGE = 100


def measure(bench: Bench) -> None:
    """See the module."""
    took: dict[str, list[float]] = {}
    with serving(bench.folder / "sweep") as rig:
        for _ in bench.each_round():
            for name, milliseconds in _one(rig).items():
                took.setdefault(name, []).append(milliseconds)
        rows = _instance_rows(rig.data)
    for name, values in took.items():
        target = under(ACCEPT_MS) if name == "accepted (add task + submit)" else None
        bench.report(f"sweep of {COUNT:,}: {name}", "ms", values, target)
    bench.report("sweep: instance rows in the store", "rows", [rows], under(1))


def _one(rig: Rig) -> dict[str, float]:
    client = rig.client()
    job_id = int(client.ask("POST", "/hpc/jobs", properties(Name="sweep")).body)
    client.ask("POST", f"/hpc/jobs/{add_sweep(client, 'true', 1)}/submit")  # everything was used once
    task = properties(
        CommandLine="echo *", Type="ParametricSweep", StartValue=1, EndValue=COUNT, IncrementValue=1
    )
    tasks = f"/hpc/jobs/{job_id}/tasks"
    took = {}
    _, took["add task"] = _timed(lambda: client.ask("POST", tasks, task))
    _, took["submit"] = _timed(lambda: client.ask("POST", f"/hpc/jobs/{job_id}/submit"))
    took["accepted (add task + submit)"] = took["add task"] + took["submit"]
    for place, row in (("first", 0), ("middle", COUNT // 2), ("last", COUNT - PAGE)):
        asked = f"{tasks}?expandParametric=true&rowsPerRead={PAGE}&startRow={row}"
        page, took[f"page of {PAGE}, {place}, counted"] = _timed(partial(client.ask, "GET", asked))
        assert len(page.json()) == PAGE
        assert int(page.header("x-ms-row-count")) == COUNT, page.header("x-ms-row-count")
    counting = f"{tasks}?$filter=TaskState+eq+Queued&rowsPerRead=1&startRow=0"
    page, took["count of those in a state"] = _timed(lambda: client.ask("GET", counting))
    assert int(page.header("x-ms-row-count")) == COUNT
    _, took["cancel, answered"] = _timed(lambda: client.ask("POST", f"/hpc/jobs/{job_id}/cancel"))
    state, took["cancel, until it has ended"] = _timed(lambda: wait_ended(client, job_id))
    assert state == "Canceled", state
    client.close()
    return took


def _timed(act: Callable[[], T]) -> tuple[T, float]:
    began = time.perf_counter()
    result = act()
    return result, (time.perf_counter() - began) * 1000


def _instance_rows(data: Path) -> int:
    database = sqlite3.connect(f"file:{data / 'headgate.db'}?mode=ro", uri=True)
    try:
        return int(database.execute("SELECT count(*) FROM instances").fetchone()[0])
    finally:
        database.close()
