"""`python -m benchmarks`: all measurements, or those named."""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import (
    accept,
    apart,
    bigjobs,
    get,
    lists,
    machine,
    memory,
    restart,
    scripts,
    sigv4,
    slurm,
    slurmrestd,
    soa,
    soca,
    sweep,
    sync,
    tasks,
    tls,
    xml,
)
from benchmarks.bench import Bench, Skipped

MEASUREMENTS: dict[str, Callable[[Bench], None]] = {
    "accept": accept.measure,
    "get": get.measure,
    "tasks": tasks.measure,
    "sweep": sweep.measure,
    "restart": restart.measure,
    "lists": lists.measure,
    "memory": memory.measure,
    "xml": xml.measure,
    "bigjobs": bigjobs.measure,
    "scripts": scripts.measure,
    "sigv4": sigv4.measure,
    "soca": soca.measure,
    "sync": sync.measure,
    "tls": tls.measure,
    "soa": soa.measure,
    "slurmrestd": slurmrestd.measure,
    "slurm-accept": slurm.accept,
    "slurm-apart": apart.measure,
    "slurm-arrays": slurm.arrays,
    "slurm-singles": slurm.singles,
    "slurm-tasks": slurm.tasks,
    "slurm-poll": slurm.poll,
    "slurm-foreign": slurm.foreign,
}
RESULTS = Path(__file__).resolve().parent.parent / ".cache" / "bench"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, keep it as JSON. The exit status is 0 when every target was met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASUREMENTS)}; none: all")
    parser.add_argument("--quick", action="store_true", help="small and short: does it work at all?")
    parser.add_argument("--rounds", type=int, default=0, help="repetitions of each (5, quick: 2)")
    parser.add_argument(
        "--folder", type=Path, help="where temporary folders are made: which disk is measured"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=0,
        metavar="SECONDS",
        help="on a shared machine: how long each round may wait for a quiet moment",
    )
    parser.add_argument("--fronts", type=int, help="processes for HTTP of servers that do not say themselves")
    options = parser.parse_args(arguments)
    if options.fronts is not None:
        os.environ["HEADGATE_SERVER__FRONTS"] = str(options.fronts)
    # Ended from outside, we still stop what we started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    unknown = [name for name in options.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no measurement {unknown[0]}; there are {', '.join(MEASUREMENTS)}")
    rounds = options.rounds or (2 if options.quick else 5)
    with tempfile.TemporaryDirectory(prefix="headgate-bench-", dir=options.folder) as folder:
        Path(folder).chmod(0o755)
        bench = Bench(Path(folder), rounds=rounds, quick=options.quick, patience_s=options.patience)
        for name in options.names or MEASUREMENTS:
            print(f"== {name}  ({machine.load()})", flush=True)
            began = time.monotonic()
            try:
                MEASUREMENTS[name](bench)
            except Skipped as reason:
                bench.skip(name, str(reason))
            bench.took[name] = time.monotonic() - began
    print(bench.table())
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%dT%H%M%S')}-{'-'.join(options.names) or 'all'}.json"
    path.write_text(bench.json())
    print(f"kept in {path.relative_to(RESULTS.parent.parent)}")
    return 0 if bench.all_met else 1


if __name__ == "__main__":
    sys.exit(main())
