"""XML: what it costs more than JSON for the same operation of `/hpc`, and the import of a large job document.

The two formats are asked in turns on one connection, so that what else the machine does falls on both alike;
a ratio is that of the medians of a round. The import is one job XML of 10,000 tasks: how long until its id is
there, and how far the server's resident memory rises above what it was before, at its highest.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

from benchmarks.bench import Bench, under
from benchmarks.http import Client
from benchmarks.machine import memory_mb
from benchmarks.rig import Rig, properties, serving
from headgate.formats.hpcpack.spelling import XML

RATIO = 1.5
IMPORT_S = 2.0
IMPORT_MB = 150
TASKS = 10_000
MEDIA = {"JSON": "", "XML": "application/xml"}
ROWS = 100
JOB = {"Name": "a job with properties", "Project": "benchmarks", "Priority": "AboveNormal", "MaxCores": "4"}


def measure(bench: Bench) -> None:
    """See the module."""
    with serving(bench.folder / "xml") as rig:
        client = rig.client()
        fill(client)
        _ratios(bench, client)
        client.close()
    with serving(bench.folder / "import") as rig:
        _import(bench, rig, bench.size(TASKS, 500))


def fill(client: Client) -> None:
    """A hundred jobs; the first has a hundred tasks."""
    for _ in range(ROWS):
        client.ask("POST", "/hpc/jobs", properties(**JOB))
    for number in range(ROWS):
        client.ask("POST", "/hpc/jobs/1/tasks", properties(Name=f"t{number}", CommandLine="echo some words"))


def _ratios(bench: Bench, client: Client) -> None:
    body = {"JSON": json.dumps(properties(**JOB)).encode(), "XML": XML.pairs(JOB.items())}
    operations: dict[str, Callable[[str], bytes]] = {
        "get job": lambda form: client.prepared("GET", "/hpc/jobs/1", media=MEDIA[form]),
        f"list of {ROWS} jobs": lambda form: client.prepared(
            "GET", f"/hpc/jobs?rowsPerRead={ROWS}", media=MEDIA[form]
        ),
        f"list of {ROWS} tasks": lambda form: client.prepared(
            "GET", f"/hpc/jobs/1/tasks?rowsPerRead={ROWS}", media=MEDIA[form]
        ),
        "create with properties": lambda form: client.prepared(
            "POST", "/hpc/jobs", body[form], media=MEDIA[form]
        ),
    }
    each = bench.size(1_000, 50)
    for name, prepared in operations.items():
        requests = {form: prepared(form) for form in MEDIA}
        medians: dict[str, list[float]] = {form: [] for form in MEDIA}
        for _ in bench.each_round():
            took: dict[str, list[float]] = {form: [] for form in MEDIA}
            for _ in range(each):
                for form, request in requests.items():
                    began = time.perf_counter()
                    answer = client.exchange(request)
                    took[form].append((time.perf_counter() - began) * 1000)
                    assert answer.status == 200, answer
            for form, times in took.items():
                medians[form].append(median(times))
        ratios = [longer / plain for plain, longer in zip(medians["JSON"], medians["XML"], strict=True)]
        note = ", ".join(f"{form} {median(values):.2f} ms" for form, values in medians.items())
        bench.report(f"xml: {name}", "times JSON", ratios, under(RATIO), note)


@contextmanager
def highest(pid: int) -> Iterator[list[float]]:
    """Resident memory of a process meanwhile, every few milliseconds: the kernel's peak counts start-up."""
    seen, over = [memory_mb(pid)], threading.Event()

    def look() -> None:
        while not over.wait(0.003):
            seen.append(memory_mb(pid))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        over.set()
        looking.join()


def _import(bench: Bench, rig: Rig, count: int) -> None:
    tasks = "".join(
        f'<Task Name="t{number}" CommandLine="./run --case {number}" MinCores="1" MaxCores="1"'
        ' WorkDirectory="/" Type="Basic"/>'
        for number in range(count)
    )
    document = f'<Job Name="imported"><Tasks>{tasks}</Tasks></Job>'.encode()
    client = rig.client()
    request = client.prepared("POST", "/hpc/jobs/jobFile", document, media=MEDIA["XML"])
    seconds, risen = [], []
    idle = memory_mb(rig.pid)
    for _ in bench.each_round():
        with highest(rig.pid) as seen:
            began = time.perf_counter()
            answer = client.exchange(request)
            seconds.append(time.perf_counter() - began)
        assert answer.status == 200, answer
        risen.append(max(seen) - idle)
    client.close()
    note = f"{len(document) / 1e6:.1f} MB, {idle:.0f} MiB before the first"
    bench.report(f"xml: import of {count:,} tasks", "s", seconds, under(IMPORT_S), note)
    bench.report("xml: memory above the idle server", "MiB", [max(risen)], under(IMPORT_MB))
