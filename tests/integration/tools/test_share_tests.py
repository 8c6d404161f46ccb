"""Processes that share tests out run each of them once, and say what failed in any of them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[3] / "tools" / "share_tests.py"

# Notes who ran it. Waits for the other process in its first file, so that both have some.
TESTS = """
import os
import pathlib
import time
import pytest

PLACE = pathlib.Path(__file__).parent / "ran"

@pytest.fixture(scope="module", autouse=True)
def whole():
    (PLACE / f"began {os.getpid()}").touch()
    while len(list(PLACE.glob("began *"))) < 2:
        time.sleep(0.01)
    yield
    with (PLACE / "left").open("a") as left:
        left.write(__name__ + "\\n")

@pytest.mark.parametrize("number", range(3))
def test_notes_its_process(number):
    (PLACE / f"{__name__} {number} {os.getpid()}").touch(exist_ok=False)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\ntimeout = 30\n")
    (tmp_path / "ran").mkdir()
    for name in "abcd":
        (tmp_path / f"test_{name}.py").write_text(TESTS)
    return tmp_path


def shared(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = (sys.executable, str(TOOL), "2", "-q", "-p", "timeout", "-p", "no:cacheprovider", *arguments)
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.run(argv, cwd=place, env=alone, capture_output=True, text=True, timeout=60, check=False)


def test_each_test_is_run_once_and_files_stay_whole(place: Path) -> None:
    ran = shared(place)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "12 tests in 2 processes" in ran.stdout
    noted = [file.name.split() for file in (place / "ran").glob("test_*")]
    assert sorted((name, number) for name, number, _ in noted) == [
        (f"test_{name}", str(number)) for name in "abcd" for number in range(3)
    ]
    assert len({process for _, _, process in noted}) == 2
    assert len({(name, process) for name, _, process in noted}) == 4
    assert sorted((place / "ran" / "left").read_text().split()) == ["test_a", "test_b", "test_c", "test_d"]


def test_a_failure_in_any_of_them_is_shown_and_is_the_result(place: Path) -> None:
    """Both processes have a file that fails: the two that are claimed first."""
    for name in "ab":
        (place / f"test_{name}.py").write_text(
            TESTS + f"\ndef test_fails():\n    assert not 'reason {name}'\n"
        )
    ran = shared(place)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "FAILED test_a.py::test_fails" in ran.stdout
    assert "FAILED test_b.py::test_fails" in ran.stdout
    assert "[1, 1]" in ran.stdout


def test_a_process_that_leaves_with_good_words_is_found_out(place: Path) -> None:
    (place / "test_a.py").write_text(TESTS + "\ndef test_leaves():\n    os._exit(0)\n")
    ran = shared(place)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "not every test was run once" in ran.stdout


def test_a_file_that_cannot_be_read_is_a_failure(place: Path) -> None:
    (place / "test_c.py").write_text("import nothing_of_this_name\n")
    ran = shared(place)
    assert ran.returncode == 2, ran.stdout + ran.stderr
    assert "nothing_of_this_name" in ran.stdout


def test_arguments_reach_pytest(place: Path) -> None:
    ran = shared(place, "-k", "test_b or test_c", "--deselect", "test_b.py::test_notes_its_process[2]")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "5 tests in 2 processes" in ran.stdout
    assert shared(place, "-k", "no_such_test").returncode == 5
