"""The Slurm cluster that other tests and the benchmarks stand on: it comes up, runs jobs, and is gone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from headgate.testing.brood import Brood
from headgate.testing.server import descendants
from headgate.testing.slurm import OPENAPI, QUICK, Cluster, cluster, unavailable

pytestmark = pytest.mark.xdist_group("slurm")
needs_slurm = pytest.mark.skipif(bool(unavailable()), reason=unavailable() or "there is one")
needs_rest = pytest.mark.skipif(bool(unavailable(rest=True)), reason=unavailable(rest=True) or "there is one")


@pytest.fixture(scope="module")
def up() -> Iterator[Cluster]:
    with cluster(nodes=2, settings=[QUICK]) as made:
        yield made


@needs_slurm
def test_a_job_runs_as_its_user_on_every_node(up: Cluster) -> None:
    output = up.folder / "out"
    output.mkdir(mode=0o777)
    output.chmod(0o777)
    for node in up.nodes:
        up.command("sbatch", "-w", node, "-o", f"{output}/{node}", "--wrap", "id -un", user="nobody")
    for node in up.nodes:
        assert _text(output / node) == "nobody\n"


@needs_slurm
def test_a_job_that_fails_is_seen_to_fail(up: Cluster) -> None:
    done = up.command("sbatch", "--wait", "-o", "/dev/null", "--wrap", "exit 7", check=False)
    assert done.returncode == 7


@needs_slurm
def test_two_clusters_at_once_do_not_see_each_others_jobs(up: Cluster) -> None:
    with cluster(nodes=1) as other:
        other.command("sbatch", "--hold", "--job-name", "elsewhere", "--wrap", "true")
        assert "elsewhere" in other.command("squeue", "--noheader", "--format=%j").stdout
        assert "elsewhere" not in up.command("squeue", "--noheader", "--format=%j").stdout


@needs_slurm
def test_afterwards_nothing_is_left_of_it_even_of_jobs_that_hide() -> None:
    with cluster(nodes=1, settings=[QUICK]) as made:
        below = made.folder / "pid"
        hides = f"setsid sh -c 'echo $$ > {below}.new; mv {below}.new {below}; exec sleep 600' & sleep 600"
        made.command("sbatch", "-o", "/dev/null", "--wrap", hides)
        pid = int(_text(below))
        assert _is_there(pid)
        folder = made.folder
    assert not _is_there(pid)
    assert not folder.exists()


@needs_rest
def test_its_rest_interface_takes_a_script() -> None:
    with cluster(nodes=1, rest=True) as made:
        assert made.rest is not None
        address = f"{made.rest.url}/slurm/{OPENAPI}/job/submit"
        job = {"environment": {"PATH": "/usr/bin:/bin"}, "hold": True, "current_working_directory": "/tmp"}
        body = {"script": "#!/bin/sh\ntrue\n", "job": job}
        answer = httpx.post(address, headers=made.rest.headers, json=body)
        assert answer.status_code == 200
        listed = made.command("squeue", "--noheader", "--format=%i %u").stdout.split()
        assert listed == [str(answer.json()["job_id"]), made.rest.user]
        assert httpx.post(address, json=body).status_code == 401


def test_what_a_killed_process_started_ends_with_it(tmp_path: Path) -> None:
    """As when a test run is killed in the middle."""
    said, folder = tmp_path / "pid", tmp_path / "folder"
    folder.mkdir()
    code = (
        "import sys, time; from pathlib import Path; from headgate.testing.brood import Brood\n"
        f"brood = Brood(Path({str(folder)!r})); pid = brood.start(['/bin/sleep', '600'], Path('/dev/null'))\n"
        f"Path({str(said)!r}).write_text(str(pid) + chr(10)); time.sleep(600)\n"
    )
    starter = subprocess.Popen([sys.executable, "-c", code])
    try:
        pid = int(_text(said))
        assert _is_there(pid)
    finally:
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    until = time.monotonic() + 20
    while _is_there(pid) or folder.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_cannot_be_started_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    brood = Brood()
    try:
        with pytest.raises(OSError, match="no-such-command"):
            brood.start(["/no-such-command"], tmp_path / "log")
        pid = brood.start(["/bin/sleep", "600"], tmp_path / "log")
        assert _is_there(pid)
    finally:
        brood.stop()
    assert not _is_there(pid)
    assert pid not in descendants(os.getpid())


def test_a_folder_is_not_left_where_a_cluster_cannot_be(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("headgate.testing.slurm.PATH", "/nowhere")
    with pytest.raises(Exception, match=r"not installed|takes root"), cluster(folder=tmp_path):
        pass
    assert not list(tmp_path.iterdir())


def _text(path: Path) -> str:
    until = time.monotonic() + 20
    while not (path.exists() and path.read_text().endswith("\n")):
        assert time.monotonic() < until, f"{path} was not written"
        time.sleep(0.02)
    return path.read_text()


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
