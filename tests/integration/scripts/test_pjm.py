"""scripts/pjm: the examples that a small machine can run, run by a shell with PJM's manners."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from headgate.core.launch import NodeShare, Placement
from headgate.core.model import Job, Task
from headgate.core.scripts import RunFacts
from headgate.core.vocabulary import TaskType
from headgate.scripts.pjm import FLAVOUR
from tests.compliance.scripts.pjm.test_examples import EXAMPLES, by, expected

RUNNING = [path for path in EXAMPLES if expected(path).get("runs")]
JOB = 812


def run(path: Path, folder: Path, index: int | None) -> int:
    """Run an example as an engine would, and give its exit status."""
    script = FLAVOUR.parse(path.read_bytes(), by(path))
    facts = RunFacts(
        job=Job(id=JOB, spec=script.job, environment=dict(script.environment)),
        task=Task(spec=script.task),
        index=index,
        placement=Placement((NodeShare("node1", (0, 1), 2),)),
        home=str(folder),
        shell="/bin/sh",
    )
    manners = FLAVOUR.manners(facts)
    scratch = {name: folder / f"scratch-{name}" for name in manners.scratch}
    for place in scratch.values():
        place.mkdir()
    variables = {**script.environment, **manners.environment, "PJM_JOBDIR": str(folder)}
    environment = {"PATH": "/usr/bin:/bin", **variables, **{name: str(at) for name, at in scratch.items()}}
    with (folder / manners.stdout).open("wb") as out, (folder / manners.stderr).open("ab") as err:
        done = subprocess.run(
            ["bash", str(path)],
            check=False,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out if manners.stderr == manners.stdout else err,
            timeout=30,
        )
    return done.returncode


@pytest.mark.parametrize("path", RUNNING, ids=lambda path: path.stem)
def test_an_example_runs_and_writes_what_it_should(path: Path, tmp_path: Path) -> None:
    said: dict[str, Any] = expected(path)
    task = FLAVOUR.parse(path.read_bytes(), by(path)).task
    sweep = task.type is TaskType.PARAMETRIC_SWEEP
    for index in range(task.start_value, task.end_value + 1) if sweep else [None]:
        assert run(path, tmp_path, index) == said.get("exit_code", 0)
    for name, text in said["output"].items():
        assert text.replace("{id}", str(JOB)) in (tmp_path / name.replace("{id}", str(JOB))).read_text()
