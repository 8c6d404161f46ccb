"""The disk fills up while a client goes on: requests fail with 5xx, the server lives, and nothing
acknowledged is lost.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.testing.server import running

SIZE = "24m"
NAME = "x" * 80


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB of our own."""
    if os.geteuid() != 0:
        pytest.skip("mounting a small file system takes root")
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no small file system to be had: {made.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.mark.timeout(180)
def test_a_full_disk_fails_requests_and_loses_nothing(small_disk: Path) -> None:
    kept: list[int] = []
    with running(small_disk / "data") as server, server.http() as http:
        ballast = small_disk / "ballast"
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"\0" * 65536)
        refused = 0
        for number in range(600):
            answer = http.post("/hpc/jobs", json=[{"Name": "Name", "Value": NAME}])
            if answer.status_code == 200:
                kept.append(answer.json())
            else:
                assert answer.status_code >= 500, (number, answer.status_code, answer.text)
                assert "Message" in answer.json()
                refused += 1
                if refused >= 5:
                    break
        assert refused, "the disk never filled up"
        # Reading goes on, and so does everything once there is room again.
        assert http.get("/hpc/cluster/version").status_code == 200
        ballast.unlink()
        answer = http.post("/hpc/jobs", json=[{"Name": "Name", "Value": "after"}])
        assert answer.status_code == 200, answer.text
        kept.append(answer.json())
        for job in kept:
            assert http.get(f"/hpc/jobs/{job}?properties=Id").status_code == 200
        server.kill()
        server.start()
        with server.http() as again:
            for job in kept:
                assert again.get(f"/hpc/jobs/{job}?properties=Id").status_code == 200
