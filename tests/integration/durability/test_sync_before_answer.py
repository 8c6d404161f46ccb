"""A system-call trace of the real server: between a request that changes something and its answer lies a
sync that succeeded.
"""

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from headgate.testing.server import Server, running

CALLS = "read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,fsync,fdatasync"
ATTACH_S = 15.0


def traced(server: Server, trace: Path) -> "subprocess.Popen[bytes]":
    """strace attached to all threads of the server."""
    assert server.process is not None
    tracer = subprocess.Popen(
        [
            "strace",
            "-f",
            "-s",
            "120",
            "-e",
            f"trace={CALLS}",
            "-o",
            str(trace),
            "-p",
            str(server.process.pid),
        ],
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + ATTACH_S
    while time.monotonic() < until:
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        tracer_pid = re.search(r"TracerPid:\s+(\d+)", status)
        if tracer_pid and int(tracer_pid[1]):
            time.sleep(0.3)  # the other threads follow the first
            return tracer
        if tracer.poll() is not None:
            said = tracer.stderr.read().decode() if tracer.stderr else ""
            pytest.skip(f"strace cannot attach here: {said.strip()}")
        time.sleep(0.02)
    tracer.kill()
    pytest.skip("strace did not attach")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_sync_lies_between_request_and_answer(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server, server.http() as http:
        http.get("/v1/me").raise_for_status()
        trace = tmp_path / "trace"
        tracer = traced(server, trace)
        answer = http.post("/hpc/jobs", json=[{"Name": "Name", "Value": "traced"}])
        answer.raise_for_status()
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=ATTACH_S)

    lines = trace.read_text(errors="replace").splitlines()
    asked = next(n for n, line in enumerate(lines) if "POST /hpc/jobs" in line)
    answered = next(n for n, line in enumerate(lines) if n > asked and "HTTP/1.1 200" in line)
    between = lines[asked:answered]
    synced = [line for line in between if re.search(r"f(data)?sync(\(| resumed).*= 0$", line)]
    assert synced, "no successful sync between request and answer:\n" + "\n".join(between)
