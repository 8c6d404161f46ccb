"""Tests of one xdist_group run in one process, as those of a shared cluster need it."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

TESTS = """
import os
import pathlib
import pytest

pytestmark = pytest.mark.xdist_group("one")

@pytest.mark.parametrize("number", range(6))
def test_notes_its_worker(number):
    place = pathlib.Path(__file__).with_name("workers")
    place.mkdir(exist_ok=True)
    (place / f"{number}").write_text(os.environ["PYTEST_XDIST_WORKER"])
"""


def test_a_group_is_run_by_one_worker(tmp_path: Path) -> None:
    """Two workers share six tests out evenly where the group is not heeded: pytest 9.2 with xdist 3.8."""
    (tmp_path / "test_group.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    plugins = ("-p", "xdist", "-p", "no:cacheprovider")
    argv = (sys.executable, "-m", "pytest", "-q", *plugins, "-n", "2", "--dist", "loadgroup", str(tmp_path))
    # Three processes load no plugin in vain.
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ran = subprocess.run(
        argv, cwd=tmp_path, env=alone, capture_output=True, text=True, timeout=60, check=False
    )
    assert "6 passed" in ran.stdout, ran.stdout + ran.stderr
    workers = [one.read_text() for one in (tmp_path / "workers").iterdir()]
    assert len(workers) == 6
    assert len(set(workers)) == 1


def test_no_quick_test_relies_on_a_group() -> None:
    """`make quick` deals out whole files and knows of no groups."""
    folders = [ROOT / "tests" / tier for tier in ("unit", "compliance", "property")]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    assert len(files) > 100
    assert not [str(file) for file in files if "xdist_group" in file.read_text()]
