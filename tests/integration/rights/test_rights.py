"""The design's section on rights, line by line, against a real server.

As root a task has its owner's account, never root's, and nothing of the server's environment. Not as root,
every task has the server's account, and the server says so. (How the engine keeps this up against hostile
tasks is in tests/integration/engines/local.)
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from headgate.testing.server import READY, Server

PASSWORD = "a good long password"
pytestmark = pytest.mark.xdist_group("rights")  # one server for all that only ask it
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give tasks another account")


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A folder that every account can enter and write to."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-rights-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def server(open_folder: Path) -> Iterator[Server]:
    """A server with something in its environment that no job may see."""
    poison = {
        "HEADGATE_SERVER__LOG_LEVEL": "info",
        "HEADGATE_SECRET_THING": "s3cret",
        "BASH_ENV": "/nonexistent",
    }
    server = Server(open_folder / "data", environment=poison)
    for name in ("root", "ghost", "alice", "homeless"):
        server.add_user(name, PASSWORD, os_account="nobody" if name == "alice" else "")
    server.command("user", "account", "homeless", "--none", "--data", str(server.data))
    try:
        yield server.start()
    finally:
        server.stop()


def run(http: httpx.Client, **task: str) -> dict[str, str]:
    """Run a task of one command to its end; its properties."""
    job = http.post("/hpc/jobs", json=[]).raise_for_status().json()
    body = [{"Name": name, "Value": value} for name, value in task.items()]
    http.post(f"/hpc/jobs/{job}/tasks", json=body).raise_for_status()
    http.post(f"/hpc/jobs/{job}/submit").raise_for_status()
    return ended(http, job)


def ended(http: httpx.Client, job: int) -> dict[str, str]:
    """The properties of task 1 once it has ended."""
    until = time.monotonic() + 30
    found: dict[str, Any] = {}
    while time.monotonic() < until:
        rows = http.get(f"/hpc/jobs/{job}/tasks/1").raise_for_status().json()
        found = {row["Name"]: row["Value"] for row in rows}
        if found["State"] in ("Finished", "Failed", "Canceled"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"the task did not end: {found}")


@as_root
def test_a_task_has_its_owners_account_and_nothing_of_the_servers_environment(
    server: Server, open_folder: Path
) -> None:
    with server.http(("alice", PASSWORD)) as http:
        found = run(http, CommandLine="id; umask; env", WorkDirectory=str(open_folder))
    nobody = pwd.getpwnam("nobody")
    assert f"uid={nobody.pw_uid}(" in found["Output"]
    assert "(root)" not in found["Output"]
    assert "0022" in found["Output"]
    for name in ("HEADGATE", "s3cret", "BASH_ENV", "VIRTUAL_ENV", "PYTHON"):
        assert name not in found["Output"]


@as_root
def test_a_user_called_root_gets_no_root(server: Server, open_folder: Path) -> None:
    with server.http(("root", PASSWORD)) as http:
        found = run(http, CommandLine=f"id > {open_folder}/proof", WorkDirectory=str(open_folder))
    assert found["State"] == "Failed"
    assert "uid 0" in found["ErrorMessage"]
    assert not (open_folder / "proof").exists()


@as_root
def test_an_account_that_does_not_exist_fails_the_task_with_the_reason(
    server: Server, open_folder: Path
) -> None:
    with server.http(("ghost", PASSWORD)) as http:
        found = run(http, CommandLine="true", WorkDirectory=str(open_folder))
    assert found["State"] == "Failed"
    assert "ghost" in found["ErrorMessage"]


@as_root
def test_a_user_without_an_os_account_runs_nothing_and_reads_why(server: Server, open_folder: Path) -> None:
    """As everybody who was made through a face."""
    with server.http(("homeless", PASSWORD)) as http:
        found = run(http, CommandLine=f"id > {open_folder}/proof2", WorkDirectory=str(open_folder))
    assert found["State"] == "Failed"
    assert "'homeless' has no OS account" in found["ErrorMessage"]
    assert not (open_folder / "proof2").exists()


@as_root
def test_a_preload_in_a_jobs_variables_is_loaded_by_the_task_alone(server: Server, open_folder: Path) -> None:
    """What the library would do it could only do with the task's own rights: the loader says so in its
    output.
    """
    with server.http(("alice", PASSWORD)) as http:
        job = http.post("/hpc/jobs", json=[]).json()
        task = [
            {"Name": "CommandLine", "Value": "echo ran as $(id -u)"},
            {"Name": "WorkDirectory", "Value": str(open_folder)},
        ]
        http.post(f"/hpc/jobs/{job}/tasks", json=task).raise_for_status()
        variables = [{"Name": "LD_PRELOAD", "Value": f"{open_folder}/evil.so"}]
        http.post(f"/hpc/jobs/{job}/envVariables", json=variables).raise_for_status()
        http.post(f"/hpc/jobs/{job}/submit").raise_for_status()
        found = ended(http, job)
    assert f"ran as {pwd.getpwnam('nobody').pw_uid}" in found["Output"]
    assert "evil.so" in found["Output"]
    assert "evil.so" not in server.log.read_text()
    log = open_folder / "data" / "engine" / "shepherd.log"
    assert not log.exists() or "evil.so" not in log.read_text()


NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


def python_for_nobody(environment: dict[str, str]) -> str:
    """A Python that `nobody` can start with what this one has installed; skips the test where there is none.

    This one may lie in root's home. Asked through a shell, because setpriv itself still has root's powers
    when it starts its program, and the shepherd is started later, without them.
    """
    for python in (sys.executable, "/usr/bin/python3"):
        asked = [*NOBODY, "sh", "-c", f'exec "{python}" -c "import headgate.app, uvloop, lxml.etree"']
        if subprocess.run(asked, env=environment, capture_output=True, check=False).returncode == 0:
            return python
    pytest.skip("no Python here can be started by nobody with what the server needs")


@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")
@as_root
def test_a_server_that_is_not_root_runs_everything_as_itself_and_says_so(open_folder: Path) -> None:
    """Two users, one account: the log calls it one trust domain, and so does doctor."""
    data = open_folder / "not-root"
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(open_folder),
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [*NOBODY, python_for_nobody(environment), "-m", "headgate"]

    def headgate(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            env=environment,
            cwd=open_folder,
            check=False,
        )

    for name in ("alice", "bob"):
        added = headgate("user", "add", name, "--password-stdin", "--data", str(data), stdin=PASSWORD)
        assert added.returncode == 0, added.stderr
    doctor = headgate("doctor", "--data", str(data))
    assert "trust domain" in doctor.stdout
    server = Server(data)
    with server.log.open("wb") as log:
        server.process = subprocess.Popen(
            [*command, "serve", "--data", str(data), "--port", "0"],
            stdout=log,
            stderr=log,
            env=environment,
            cwd=open_folder,
        )
    try:
        server.wait_until_ready()
        assert "one trust domain" in server.log.read_text().partition(READY)[0]
        with server.http(("bob", PASSWORD)) as http:
            found = run(http, CommandLine="id -u", WorkDirectory=str(open_folder))
        assert found["Output"].strip() == "65534"
    finally:
        server.stop()
