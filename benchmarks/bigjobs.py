"""One job of 100,000 separate tasks: its import, submit, cancel, requeue and finish, with the node offline.
Each until it is done, and meanwhile a bystander on a connection of its own who submits one small job after
the other: how long his slowest request took. And processor time of the server, with his, for each task.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from benchmarks.bench import Bench, under
from benchmarks.http import Answer
from benchmarks.machine import spent as spent_by
from benchmarks.rig import Rig, job_state, properties, serving

TASKS = 100_000
WAIT_S = 0.3
PAUSE_S = 0.01


def measure(bench: Bench) -> None:
    """See the module."""
    count = bench.size(TASKS, 3_000)
    took: dict[str, list[float]] = {}
    slowest: dict[str, list[float]] = {}
    spent: dict[str, list[float]] = {}
    with serving(bench.folder / "bigjobs") as rig:
        request = _document(count)
        for _ in bench.each_round():
            for name, (seconds, wait, cpu) in _one(rig, request).items():
                took.setdefault(name, []).append(seconds)
                slowest.setdefault(name, []).append(wait)
                spent.setdefault(name, []).append(cpu / count * 1e6)
    for name, times in took.items():
        label = f"job of {count:,} tasks: {name}"
        bench.report(f"{label}, until done", "s", times)
        bench.report(f"{label}, slowest request of others", "s", slowest[name], under(WAIT_S))
        bench.report(f"{label}, processor time of a task", "us", spent[name])


def _document(count: int) -> bytes:
    tasks = "".join(
        f'<Task Name="t{n}" CommandLine="./run --case {n}" WorkDirectory="/"/>' for n in range(count)
    )
    return f'<Job Name="big"><Tasks>{tasks}</Tasks></Job>'.encode()


def _one(rig: Rig, document: bytes) -> dict[str, tuple[float, float, float]]:
    client = rig.client()
    found: dict[str, tuple[float, float, float]] = {}
    job_id = 0

    def measured(name: str, act: Callable[[], object], end: str) -> None:
        with _bystander(rig) as waits:
            began, spent = time.perf_counter(), spent_by(rig.pid).own
            act()
            while end and job_state(client, job_id)["State"] != end:
                time.sleep(PAUSE_S)
            seconds, cpu = time.perf_counter() - began, spent_by(rig.pid).own - spent
        found[name] = (seconds, max(waits), cpu)

    def imports() -> None:
        nonlocal job_id
        request = client.prepared("POST", "/hpc/jobs/jobFile", document, media="application/xml")
        answer = client.exchange(request)
        assert answer.status == 200, answer
        job_id = int(re.sub(rb"<[^>]*>", b"", answer.body))

    measured("import", imports, "Configuring")
    for what, end in (
        ("submit", "Queued"),
        ("cancel", "Canceled"),
        ("requeue", "Queued"),
        ("finish", "Finished"),
    ):
        measured(what, partial(client.ask, "POST", f"/hpc/jobs/{job_id}/{what}"), end)
    client.close()
    return found


@contextmanager
def _bystander(rig: Rig) -> Iterator[list[float]]:
    """Somebody who submits small jobs meanwhile: how long each of his requests was under way, in seconds."""
    waits: list[float] = []
    over = threading.Event()

    def submit() -> None:
        client = rig.client()

        def timed(path: str, body: object = None) -> Answer:
            began = time.perf_counter()
            answer = client.ask("POST", path, body)
            waits.append(time.perf_counter() - began)
            return answer

        while not over.is_set() or not waits:
            job_id = int(timed("/hpc/jobs", properties(Name="small")).body)
            timed(f"/hpc/jobs/{job_id}/tasks", properties(CommandLine="true"))
            timed(f"/hpc/jobs/{job_id}/submit")
            over.wait(PAUSE_S)
        client.close()

    thread = threading.Thread(target=submit)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()
