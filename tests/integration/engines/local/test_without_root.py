"""The same promises when the server is not root: the tests of this folder, run once more by `nobody`."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import pytest

import headgate
from tests.integration.engines.local.rig import NOBODY, ROOT

HERE = Path(__file__).parent
SOURCES = Path(headgate.__file__).parents[1]
PACKAGES = Path(msgspec.__file__).parents[1]


def as_nobody(argv: list[str], home: Path) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join(map(str, (HERE.parents[3], SOURCES, PACKAGES)))
    return subprocess.run(
        argv,
        check=False,
        cwd=HERE.parents[3],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        user=NOBODY.uid,
        group=NOBODY.gid,
        extra_groups=[],
        capture_output=True,
        text=True,
    )


def interpreter(home: Path) -> str:
    """One that `nobody` can start, and that finds what the tests need."""
    if not ROOT:
        pytest.skip("the other tests run without root already")
    for candidate in (sys.executable, "/usr/bin/python3"):
        try:
            if (
                as_nobody(
                    [candidate, "-c", "import msgspec, pytest_asyncio, tests, headgate"], home
                ).returncode
                == 0
            ):
                return candidate
        except OSError:
            continue
    pytest.skip("nobody can start neither this Python nor the system's with what is installed here")


@pytest.mark.timeout(120)
def test_rights_and_endings_hold_without_root() -> None:
    with tempfile.TemporaryDirectory(prefix="headgate-test-") as folder:
        home = Path(folder)
        home.chmod(0o777)
        python = interpreter(home)
        chosen = [str(HERE / name) for name in ("test_rights.py", "test_stopping.py")]
        options = ["-q", "-o", f"cache_dir={home}/cache", "-p", "no:xdist"]
        result = as_nobody([python, "-m", "pytest", *options, *chosen], home)
        assert result.returncode == 0, result.stdout + result.stderr
