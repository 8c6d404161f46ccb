"""Running: 6,000 tasks that do nothing, of one sweep, as many at once as there are cores, from submit to the
end of the job, through a real server and its engine (each as its owner's account, its output captured).

Against the least that running them can cost, a Python loop that starts `/bin/bash FILE` (FILE holds `true`)
as often and as many at once, and against HyperQueue with the same file. The loop is made in two ways,
`subprocess` and bare `posix_spawn`; the quicker one is the measure. Rounds take turns, so that what else the
machine does falls on all of them.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.bench import Bench, at_least
from benchmarks.machine import CORES
from benchmarks.rig import Rig, add_sweep, serving, wait_ended

SHARE_OF_LOOP = 50


def measure(bench: Bench) -> None:
    """See the module."""
    count = bench.size(6_000, 500)
    script = bench.folder / "true.sh"
    script.write_text("true\n")
    script.chmod(0o755)
    argv = ["/bin/bash", str(script)]
    with ExitStack() as stack:
        rig = stack.enter_context(serving(bench.folder / "tasks", nodes="online"))
        ways: dict[str, Callable[[], float]] = {
            "headgate": lambda: _through_headgate(rig, count),
            "loop, subprocess": lambda: _popen_loop(argv, count),
            "loop, posix_spawn": lambda: _spawn_loop(argv, count),
        }
        hyperqueue = _hyperqueue_installed()
        if hyperqueue:
            ways["hyperqueue"] = lambda: _through_hyperqueue(bench.folder, argv, count)
        else:
            bench.skip("tasks: hyperqueue", "it is not installed (tools/set_up.py --bench)")
        rates: dict[str, list[float]] = {name: [] for name in ways}
        for _ in bench.each_round():
            for name, way in ways.items():
                rates[name].append(count / way())
    for name in ways:
        bench.report(f"tasks: {name}", "tasks/s", rates[name])
    loop = [max(pair) for pair in zip(rates["loop, subprocess"], rates["loop, posix_spawn"], strict=True)]
    shares = [100 * ours / theirs for ours, theirs in zip(rates["headgate"], loop, strict=True)]
    bench.report("tasks: share of the quicker loop", "%", shares, at_least(SHARE_OF_LOOP))
    if hyperqueue:
        ratios = [a / b for a, b in zip(rates["headgate"], rates["hyperqueue"], strict=True)]
        bench.report("tasks: headgate to hyperqueue", "times", ratios, at_least(1))


def _through_headgate(rig: Rig, count: int) -> float:
    client = rig.client()
    job_id = add_sweep(client, "true", count)
    began = time.perf_counter()
    client.ask("POST", f"/hpc/jobs/{job_id}/submit")
    state = wait_ended(client, job_id)
    took = time.perf_counter() - began
    assert state == "Finished", f"the sweep ended {state}"
    path = f"/hpc/jobs/{job_id}/tasks?$filter=TaskState+eq+Finished&startRow=0&rowsPerRead=1"
    ended = int(client.ask("GET", path).header("x-ms-row-count"))
    client.close()
    assert ended == count, f"{ended} of {count} instances ended well"
    return took


def _popen_loop(argv: list[str], count: int) -> float:
    began = time.perf_counter()
    running: dict[int, subprocess.Popen[bytes]] = {}
    left = count
    while left or running:
        while left and len(running) < CORES:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
            running[process.pid] = process
            left -= 1
        pid, status = os.wait()
        running.pop(pid).returncode = os.waitstatus_to_exitcode(status)
    return time.perf_counter() - began


def _spawn_loop(argv: list[str], count: int) -> float:
    began = time.perf_counter()
    running, left = 0, count
    while left or running:
        while left and running < CORES:
            os.posix_spawn(argv[0], argv, os.environ)
            running += 1
            left -= 1
        os.wait()
        running -= 1
    return time.perf_counter() - began


def _hyperqueue_installed() -> bool:
    try:
        import hyperqueue  # noqa: F401 - only asked whether it is there
    except ImportError:
        return False
    return True


def _through_hyperqueue(folder: Path, argv: list[str], count: int) -> float:
    """In a process of its own, for its server is threads of the process that asks; ends with it."""
    # Its output goes nowhere, which is less than we do.
    asked = [sys.executable, "-m", "benchmarks.hyperqueue_run", str(folder), str(count), *argv]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"hyperqueue failed: {done.stderr[-2000:]}"
    return float(done.stdout.split()[-1])
