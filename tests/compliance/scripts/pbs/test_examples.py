"""tests/examples/pbs: scripts after the patterns that computing centres publish; each has what it says beside
it in NAME.json: fields of job and task that are not default, environment and notes; or the error.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from headgate.core.model import JobSpec, TaskSpec
from headgate.core.scripts import ScriptError, Submitter
from headgate.scripts.pbs import FLAVOUR

FOLDER = Path(__file__).parents[3] / "examples" / "pbs"
SCRIPTS = sorted(FOLDER.glob("*.sh"))


def by(path: Path) -> Submitter:
    return Submitter(
        now=1_709_629_502_000_000,
        time_zone="Europe/Berlin",
        file=path.name,
        directory="/home/ada/run",
        host="login1",
        variables={
            "HOME": "/home/ada",
            "LANG": "C.UTF-8",
            "EDITOR": "ed",
            "LD_LIBRARY_PATH": "/opt/lib",
        },
    )


def expected(path: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return said


GOOD = [path for path in SCRIPTS if "error" not in expected(path)]
BAD = [path for path in SCRIPTS if "error" in expected(path)]


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_an_example_says_what_stands_beside_it(path: Path) -> None:
    said, script = expected(path), FLAVOUR.parse(path.read_bytes(), by(path))
    assert script.job == msgspec.convert(said["job"], JobSpec)
    assert replace(script.task, script=b"") == msgspec.convert(said["task"], TaskSpec)
    assert script.environment == said.get("environment", {})
    assert [str(note) for note in script.notes] == said.get("notes", [])


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_an_example_is_written_without_loss_and_reads_back_the_same(path: Path) -> None:
    script = FLAVOUR.parse(path.read_bytes(), by(path))
    written = FLAVOUR.render(script, by(path))
    again = FLAVOUR.parse(written.text, by(path))
    assert not written.losses
    assert (again.job, again.environment) == (script.job, script.environment)
    assert replace(again.task, script=b"") == replace(script.task, script=b"")


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_refused_example_is_refused_there_and_for_that(path: Path) -> None:
    with pytest.raises(ScriptError) as refused:
        FLAVOUR.parse(path.read_bytes(), by(path))
    assert expected(path)["error"] in str(refused.value.note)


def test_there_are_enough_of_them() -> None:
    assert len(GOOD) >= 30
    assert len(BAD) >= 5
    assert len([path for path in GOOD if expected(path).get("runs")]) >= 10
    assert {path.stem for path in SCRIPTS} == {path.stem for path in FOLDER.glob("*.json")}
