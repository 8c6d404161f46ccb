"""A client of sessions in a process of its own, for `benchmarks.soa`:
`python -m benchmarks.soa_client URL USER PASSWORD interactive|durable COUNT TRIPS`.

Says as a line of JSON how long COUNT echoes of 4 bytes took from the first item to the last result, how long
each of TRIPS single ones, and its own peak of memory; leaves when a line comes in.
"""

import json
import resource
import sys
import time

import headgate.soa

WARM = 500


def main(url: str, user: str, password: str, kind: str, count: str, trips: str) -> None:
    """See the module."""
    with headgate.soa.connect(
        url, service="CcpEchoSvc", user=(user, password), durable=kind == "durable"
    ) as session:
        # The hosts are up, and as many as there will be.
        assert sum(1 for _ in session.map("Echo", ["warm"] * WARM)) == WARM
        began = time.perf_counter()
        right = 0
        for number, text in enumerate(session.map("Echo", (f"{n % 10_000:04d}" for n in range(int(count))))):
            right += text.endswith(f":{number % 10_000:04d}")
        seconds = time.perf_counter() - began
        assert right == int(count), f"{right} of {count} answers were right"
        took = []
        for _ in range(int(trips)):
            began = time.perf_counter()
            assert len(list(session.map("Echo", ["trip"]))) == 1
            took.append((time.perf_counter() - began) * 1000)
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({"seconds": seconds, "trips_ms": took, "peak_mb": peak_mb}), flush=True)
        sys.stdin.readline()


if __name__ == "__main__":
    main(*sys.argv[1:])
