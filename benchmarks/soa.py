"""SOA sessions: an echo of 4 bytes through client, broker and hosts, all on the same cores. Interactive and
durable messages a second, end to end; the warm round trip of one request; 1,000,000 requests in one session
with the peak of memory of every process; and a session beside another whose reader does not read.

The client is `headgate.soa.connect` in a process of its own (`soa_client.py`), and every answer is looked at.
"""

import json
import re
import socket
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import headgate.soa
from benchmarks.bench import Bench, at_least, p99, under
from benchmarks.rig import PASSWORD, USER, Rig, serving
from headgate.testing.server import descendants

INTERACTIVE, DURABLE = 4_000, 1_500
TRIP_MS = 20
MEMORY_MB = 300
STALLED = 50_000
"""Answers that wait for a reader that does not read."""


def measure(bench: Bench) -> None:
    """See the module."""
    with serving(bench.folder / "soa", nodes="online") as rig:
        for kind, target in (("interactive", INTERACTIVE), ("durable", DURABLE)):
            _rate(bench, rig, kind, target)
        _memory(bench, rig)
        with _stalled(rig, bench.size(STALLED, 2_000)):
            _rate(bench, rig, "interactive", INTERACTIVE, " beside a stalled reader")


def _rate(bench: Bench, rig: Rig, kind: str, target: int, beside: str = "") -> None:
    count, trips = bench.size(40_000, 2_000), bench.size(300, 20)
    rates, medians, slowest = [], [], []
    for _ in bench.each_round():
        with _client(rig, kind, count, 0 if beside else trips) as said:
            rates.append(count / said["seconds"])
            if not beside:
                medians.append(sorted(said["trips_ms"])[trips // 2])
                slowest.append(p99(said["trips_ms"]))
    bench.report(f"soa: {kind}{beside}", "messages/s", rates, at_least(target))
    if not beside:
        note = f"p99 {max(slowest):.1f} ms"
        bench.report(f"soa: round trip, {kind}", "ms", medians, under(TRIP_MS), note)


def _memory(bench: Bench, rig: Rig) -> None:
    count = bench.size(1_000_000, 10_000)
    with _client(rig, "interactive", count, 0) as said:
        peaks = {"client": said["peak_mb"], "server": _peak_mb(rig.pid)}
        shepherd = rig.shepherd_pid()
        for pid in descendants(shepherd) if shepherd is not None else ():
            name = _part(pid)
            if name:
                peaks[name] = max(peaks.get(name, 0.0), _peak_mb(pid))
    note = f"{count / said['seconds']:,.0f} messages/s; " + ", ".join(
        f"{name} {peak:.0f}" for name, peak in peaks.items()
    )
    name = f"soa: {count:,} requests, largest process"
    bench.report(name, "MiB", [max(peaks.values())], under(MEMORY_MB), note)


def _part(pid: int) -> str:
    """Which part of a session a process is."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return "host" if b"headgate.soa.host" in line else "service" if b"headgate.soa.child" in line else ""


def _peak_mb(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


@contextmanager
def _client(rig: Rig, kind: str, count: int, trips: int) -> Iterator[dict[str, Any]]:
    """What a client said that is still there, with its session."""
    arguments = (rig.url, USER, PASSWORD, kind, str(count), str(trips))
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.soa_client", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdout is not None
        said = client.stdout.readline()
        assert said, "the client has failed"
        yield json.loads(said)
        client.communicate("\n")


@contextmanager
def _stalled(rig: Rig, count: int) -> Iterator[None]:
    """A session whose answers wait for a reader that has asked for them and reads nothing."""
    place = urlsplit(rig.url)
    with headgate.soa.connect(rig.url, service="CcpEchoSvc", user=(USER, PASSWORD)) as session:
        session.batch("stalled").send("Echo", ["x" * 1000] * count)
        with socket.create_connection((place.hostname, place.port)) as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            secret = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            reader.sendall(
                f"POST /WindowsHPC/Session/{session.id}/batch/stalled/Response HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Basic {secret}\r\napi-version: 2011-11-01\r\n"
                "Content-Length: 0\r\n\r\n".encode()
            )
            yield
