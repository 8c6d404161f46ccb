"""Whole scripts, written after the patterns that computing centres publish, and all that is understood of
them: `tests/examples/slurm/NAME.sh` with `NAME.json` beside it.

job, task: the fields that are not the usual ones (for a script of this flavour those are below); environment;
notes: `line:column: text`. error: `line:column` and a piece of the text. runs: it can be run on one node with
two cores and nothing but a shell; then `output` names files and a line that each must hold.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.json import decode, encode

from headgate.core.model import JobSpec, TaskSpec
from headgate.core.scripts import Script, ScriptError, Submitter
from headgate.scripts.slurm import FLAVOUR

EXAMPLES = Path(__file__).parents[3] / "examples" / "slurm"
SCRIPTS = sorted(EXAMPLES.glob("*.sh"))
USUAL_JOB = {"flavour": "slurm", "stop_signal": "TERM", "stop_grace_s": 30.0, "submit_directory": "/home/u"}
USUAL_TASK = {"interpreter": [], "join": "oe", "at_submission": True}


def submitter(path: Path) -> Submitter:
    return Submitter(
        now=1_800_000_000_000_000, time_zone="Europe/Berlin", file=path.name, directory="/home/u"
    )


def said(spec: JobSpec | TaskSpec, usual: dict[str, Any]) -> dict[str, Any]:
    """The fields that are neither as in an empty spec nor as in every script of this flavour."""
    empty = type(spec)()
    fields = {
        name: decode(encode(getattr(spec, name)))
        for name in spec.__struct_fields__
        if getattr(spec, name) != getattr(empty, name) and name != "script"
    }
    return {name: value for name, value in fields.items() if name not in usual or usual[name] != value}


def described(script: Script) -> dict[str, Any]:
    parts = {
        "job": said(script.job, USUAL_JOB),
        "task": said(script.task, USUAL_TASK),
        "environment": dict(script.environment),
        "notes": [str(note) for note in script.notes],
    }
    return {name: part for name, part in parts.items() if part}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_is_understood_in_full(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text())
    expected.pop("runs", None)
    expected.pop("output", None)
    if "error" in expected:
        place, _, text = expected["error"].partition(" ")
        with pytest.raises(ScriptError) as caught:
            FLAVOUR.parse(path.read_bytes(), submitter(path))
        assert f"{caught.value.note.line}:{caught.value.note.column}" == place
        assert text in caught.value.note.text
        return
    script = FLAVOUR.parse(path.read_bytes(), submitter(path))
    assert described(script) == expected
    assert script.task.script == path.read_bytes()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_is_written_back_as_it_was(path: Path) -> None:
    if "error" in json.loads(path.with_suffix(".json").read_text()):
        return
    script = FLAVOUR.parse(path.read_bytes(), submitter(path))
    rendered = FLAVOUR.render(script, submitter(path))
    assert not rendered.losses
    again = FLAVOUR.parse(rendered.text, submitter(path))
    assert (again.job, again.environment) == (script.job, script.environment)
    assert said(again.task, {}) == said(script.task, {})


def test_there_are_enough_of_them_and_ten_can_be_run() -> None:
    described = [json.loads(path.with_suffix(".json").read_text()) for path in SCRIPTS]
    assert len(described) >= 30
    runnable = [one for one in described if one.get("runs")]
    assert len(runnable) >= 10
    assert all(one["output"] for one in runnable)
