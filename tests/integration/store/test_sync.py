"""A system-call trace of a process that writes: between a change and its answer lies a sync to the disk."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ANSWERS = 40


def traced(data: Path, trace: Path, clients: int) -> list[str]:
    """What happened after the store was opened: `sync` or `answer`, in order."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    command = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=write,fsync,fdatasync",
        "-e",
        "signal=none",
        "-o",
        str(trace),
    ]
    writing = [sys.executable, "-m", "tests.integration.store.writing", str(data), str(clients)]
    with subprocess.Popen(
        [*command, *writing],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines = [process.stdout.readline() for _ in range(ANSWERS)]
        os.killpg(process.pid, signal.SIGKILL)
        if not lines[-1]:
            pytest.skip(f"nothing can be traced here: {process.stderr.read().strip()}")
    happened = []
    for line in trace.read_text().splitlines():
        # A call that another thread's call cut in two counts when it has returned.
        if re.search(r"(fdatasync|fsync)(\(\d+\)| resumed>\)?).*= 0", line):
            happened.append("sync")
        elif re.search(r'write\(1, "\d+ \d+', line):
            happened.append("answer")
    return happened[happened.index("answer") - 1 :]


def test_each_answer_to_a_single_client_has_a_sync_of_its_own(tmp_path: Path) -> None:
    happened = traced(tmp_path / "data", tmp_path / "trace", 1)
    assert happened.count("answer") >= ANSWERS
    assert "answer answer" not in " ".join(happened)


def test_several_clients_share_a_sync(tmp_path: Path) -> None:
    clients = 6
    happened = " ".join(traced(tmp_path / "data", tmp_path / "trace", clients))
    runs = [len(run.split()) for run in re.findall(r"answer(?: answer)*", happened)]
    assert max(runs) <= clients
    assert sum(runs) / len(runs) > 1.5
