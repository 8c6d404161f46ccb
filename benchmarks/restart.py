"""Starting again: a server with 100,000 queued jobs is killed with SIGKILL and started; the time to its ready
line, with the program's own start in it. Once with the node offline and once with the engine busy running
those jobs when it is killed.
"""

import time

from benchmarks.bench import Bench, under
from benchmarks.rig import Rig, count_jobs
from benchmarks.stored import folder_of_queued

TARGET_S = 5


def measure(bench: Bench) -> None:
    """See the module."""
    count = bench.size(100_000, 2_000)
    rig = Rig(folder_of_queued(bench, count))
    try:
        rig.start()
        client = rig.client()
        waiting = count_jobs(client, "Queued")
        client.close()
        assert waiting == count, f"{waiting} of {count} jobs wait"
        idle = [_again(rig) for _ in bench.each_round()]
        rig.set_nodes("online")
        busy = []
        for _ in range(bench.rounds):
            time.sleep(1)
            busy.append(_again(rig))
    finally:
        rig.stop()
    bench.report(f"restart: {count:,} queued jobs, node offline", "s", idle, under(TARGET_S))
    bench.report(f"restart: {count:,} queued jobs, engine running", "s", busy, under(TARGET_S))


def _again(rig: Rig) -> float:
    """Kill it, start it: seconds until it was ready."""
    rig.kill()
    began = time.perf_counter()
    rig.start()
    took = time.perf_counter() - began
    with rig.http() as http:
        assert http.get("/readyz").status_code == 200
    return took
