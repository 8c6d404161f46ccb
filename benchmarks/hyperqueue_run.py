"""`python -m benchmarks.hyperqueue_run FOLDER COUNT COMMAND…`: one HyperQueue job of so many equal tasks on a
local cluster with all cores. Prints the seconds from submit to done, alone on the last line.
"""

import sys
import tempfile
import time

from benchmarks.machine import CORES


def main() -> None:
    """See the module."""
    from hyperqueue import Job
    from hyperqueue.cluster import LocalCluster, WorkerConfig

    folder, count, *argv = sys.argv[1:]
    with (
        tempfile.TemporaryDirectory(dir=folder) as server_dir,
        LocalCluster(server_dir, WorkerConfig(cores=CORES)) as cluster,
    ):
        client = cluster.client()
        warm = Job()
        warm.program(argv, stdout=None, stderr=None)
        client.wait_for_jobs([client.submit(warm)])
        job = Job()
        for _ in range(int(count)):
            job.program(argv, stdout=None, stderr=None)
        began = time.perf_counter()
        client.wait_for_jobs([client.submit(job)])
        took = time.perf_counter() - began
    print(took)


if __name__ == "__main__":
    main()
