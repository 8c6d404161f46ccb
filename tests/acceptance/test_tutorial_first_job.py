"""docs/tutorial/first-job.md: what stands there is typed into one shell here, in order and as it stands."""

import os
import re
import socket
import subprocess
import textwrap
from pathlib import Path

import pytest

from headgate.testing.server import Server

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial" / "first-job.md"
_BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def typed() -> str:
    """Every command of the page."""
    return "".join(textwrap.dedent(block) for block in _BLOCK.findall(PAGE.read_text()))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A folder in which nothing has been done yet, but for what `make setup` makes."""
    for name in ("Makefile", "tools", ".venv"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.mark.timeout(150)
def test_the_tutorial_of_the_first_job_can_be_typed_as_it_stands(clone: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    (clone / "typed.sh").write_text(typed().replace("8080", port) + "wait\n")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(clone / "config")}
    try:
        done = subprocess.run(
            ["bash", "typed.sh"],
            cwd=clone,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
    finally:
        Server(clone / "data").kill_shepherd()
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line for line in lines if "squared" in line and "TaskId" not in line] == [
        f"{number} squared is {number**2}" for number in range(1, 6)
    ]
    assert '{"Name":"Output","Value":"5 squared is 25\\n"}' in done.stdout
    assert "job 2 failed: Task 2.1 failed.\nheadgate: task 2.1, exit code 3: " in done.stderr
    assert lines.count("ready") == 2
    assert lines.count("no such input") == lines.count("still here") == 1
    assert "job 3 finished, 1 of 1 tasks ended" in done.stdout
    assert "Traceback" not in done.stderr + (clone / "server.log").read_text()
    assert "refused" not in done.stderr
