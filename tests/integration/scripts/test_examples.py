"""The example scripts of the flavours (tests/examples) that say `"runs": true`, run for real.

Beside each script, in NAME.json: `output`, files of the work folder with a piece of what must be in them
(`{id}` stands for the number of the job), and `exit_code`, 0 where it is not said.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.scripts.conftest import Desk

EXAMPLES = Path(__file__).parents[2] / "examples"
CASES = [
    pytest.param(path, id=f"{path.parent.name}-{path.stem}")
    for path in sorted(EXAMPLES.glob("*/*.json"))
    if json.loads(path.read_text()).get("runs")
]


@pytest.fixture(scope="module")
def submitted(desk: Desk) -> dict[Path, int]:
    """All of them, handed in one after the other before the first is waited for."""
    jobs = {}
    for case in CASES:
        path: Any = case.values[0]
        script = path.with_suffix(".sh")
        jobs[path] = desk.submit(path.parent.name, script.read_text(), script.name)
    return jobs


@pytest.mark.parametrize("path", CASES)
def test_an_example_does_what_it_says(desk: Desk, submitted: dict[Path, int], path: Path) -> None:
    said = json.loads(path.read_text())
    job = submitted[path]
    code = said.get("exit_code", 0)
    assert desk.ended(job)["state"] == ("failed" if code else "finished"), desk.task(job)
    if code:
        assert desk.task(job)["exit_code"] == code
    for name, piece in said["output"].items():
        found = desk.output(name.replace("{id}", str(job)))
        assert piece.replace("{id}", str(job)) in found
