"""Scripts of ours after the patterns that computing centres publish, each with what it says beside it.

`tests/examples/pjm/NAME.json` holds the fields that differ from their defaults (but for the script), the
variables and the notes; or the error. `output`: of those that run on a small machine, what their files hold.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from headgate.core.scripts import ScriptError, Submitter
from headgate.scripts.pjm import FLAVOUR

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "pjm").glob("*.sh"))


def by(path: Path) -> Submitter:
    return Submitter(
        now=1_717_200_000_000_000,
        time_zone="Asia/Tokyo",
        file=path.name,
        directory="/home/ann/work",
        host="login1",
        variables={"HOME": "/home/ann", "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "BASH_ENV": "rc"},
    )


def expected(path: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())
    return said


def plain(value: object) -> object:
    """As it is in JSON: fields with their default are left out."""
    return json.loads(msgspec.json.encode(value))


READABLE = [path for path in EXAMPLES if "error" not in expected(path)]


def test_there_are_enough_of_each_kind() -> None:
    assert len(EXAMPLES) >= 30
    assert sum(bool(expected(path).get("runs")) for path in EXAMPLES) >= 10


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.stem)
def test_an_example_says_what_is_beside_it(path: Path) -> None:
    script = FLAVOUR.parse(path.read_bytes(), by(path))
    said = expected(path)
    assert script.task.script == path.read_bytes()
    assert plain(script.job) == said["job"]
    assert plain(replace(script.task, script=b"")) == said["task"]
    assert script.environment == said.get("environment", {})
    assert [str(note) for note in script.notes] == said.get("notes", [])


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.stem)
def test_an_example_is_written_without_loss_and_read_as_it_was(path: Path) -> None:
    script = FLAVOUR.parse(path.read_bytes(), by(path))
    rendered = FLAVOUR.render(script, by(path))
    assert rendered.losses == ()
    again = FLAVOUR.parse(rendered.text, by(path))
    assert again.job == script.job
    assert replace(again.task, script=b"") == replace(script.task, script=b"")
    assert again.environment == script.environment


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if path not in READABLE], ids=lambda path: path.stem
)
def test_an_example_that_is_refused_says_where_and_why(path: Path) -> None:
    with pytest.raises(ScriptError) as refused:
        FLAVOUR.parse(path.read_bytes(), by(path))
    assert str(refused.value.note) == expected(path)["error"]
