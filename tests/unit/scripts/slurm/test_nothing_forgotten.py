"""No field of a job is left out in silence when it is written for sbatch."""

from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from headgate.core.model import Chunk, JobDependency, JobSpec, Step, TaskSpec
from headgate.core.scripts import Rendered, Script, Submitter
from headgate.core.vocabulary import (
    Arrangement,
    DependencyCondition,
    HoldKind,
    JobType,
    NodeGroupOp,
    Sharing,
    TaskType,
    UnitType,
)
from headgate.scripts.slurm import FLAVOUR

BY = Submitter(now=1_800_000_000_000_000)
DEPENDENCY = JobDependency(job_id=7)

# A value for each field that is not the usual one. Where a field means something only beside another, both
# are in the base, or the value goes with the pairs below.
JOB: dict[str, Any] = {
    "job_type": JobType.ADMIN,
    "priority": 2500,
    "runtime_s": 60,
    "min_runtime_s": 30,
    "not_before": 1_900_000_000_000_000,
    "holds": (HoldKind.SYSTEM,),
    "depends_on": (DEPENDENCY,),
    "precedes": (DEPENDENCY,),
    "rivals": (3,),
    "step": Step(number=2),
    "unit_type": UnitType.SOCKET,
    "node_group_op": NodeGroupOp.UNION,
    "stop_signal": "HUP",
    "stop_grace_s": 3.0,
    "warning_signal": "USR1",
    "extra_resources": {"fs": "2"},
    "options": {"long": "x"},
}
TASK: dict[str, Any] = {
    "name": "other",
    "type": TaskType.PARAMETRIC_SWEEP,
    "script": b"#!/bin/sh\nother\n",
    "interpreter": ("/usr/bin/python3",),
    "chunks": (Chunk(count=3),),
    "arrangement": Arrangement.SCATTER,
    "sharing": Sharing.EXCLUSIVE,
    "limits": {"core": 0},
    "depends_on": ("a",),
    "follows": (1,),
    "umask": 0o077,
    "runtime_s": 60,
}
CHUNK: dict[str, Any] = {
    "cores": 3,
    "features": ("fast",),
    "extra": {"fs": "2"},
    "memory": 5 * 2**20,
    "threads": 5,
    "max_count": 4,
}
BASE = Script(
    job=JobSpec(flavour="pbs", name="x"),
    task=TaskSpec(script=b"#!/bin/sh\necho\n", interpreter=(), at_submission=True),
)


def other(value: Any) -> Any:
    """A value that is not the usual one."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, int | float):
        return value + 2
    if isinstance(value, tuple):
        return ("n1",)
    raise AssertionError(f"the test knows no other value than {value!r}")


def changed(kind: type[Struct], field: str, values: dict[str, Any], base: Any) -> Any:
    return replace(base, **{field: values[field] if field in values else other(getattr(base, field))})


def told(before: Rendered, after: Rendered) -> bool:
    return before.text != after.text or bool(set(after.losses) - set(before.losses))


def written(script: Script) -> Rendered:
    return FLAVOUR.render(script, BY)


NOT_WRITTEN = {
    "flavour": "it says whose script it was; the new one is sbatch's",
    "submit_directory": "it is where the new script will be submitted",
    "submit_host": "it is where the new script will be submitted",
    "script_file": "it is the new script that would be left there",
    "submit_variables": "they are those of who submits the new script",
}


@pytest.mark.parametrize("field", [name for name in JobSpec.__struct_fields__ if name not in NOT_WRITTEN])
def test_a_field_of_a_job_is_written_or_told_to_be_lost(field: str) -> None:
    script = replace(BASE, job=changed(JobSpec, field, JOB, BASE.job))
    assert told(written(BASE), written(script))


@pytest.mark.parametrize("field", TaskSpec.__struct_fields__)
def test_a_field_of_a_task_is_written_or_told_to_be_lost(field: str) -> None:
    base = BASE
    if field == "join":
        base = replace(BASE, task=replace(BASE.task, stdout="o", stderr="e"))
        script = replace(base, task=replace(base.task, join="oe"))
    else:
        script = replace(base, task=changed(TaskSpec, field, TASK, base.task))
    assert told(written(base), written(script))


@pytest.mark.parametrize("field", Chunk.__struct_fields__)
@pytest.mark.parametrize("arrangement", Arrangement)
@pytest.mark.parametrize("count", [1, 3])
def test_a_field_of_a_chunk_is_written_or_told_to_be_lost(
    field: str, arrangement: Arrangement, count: int
) -> None:
    chunk = Chunk(count=count, cores=2)
    base = replace(BASE, task=replace(BASE.task, chunks=(chunk,), arrangement=arrangement))
    script = replace(base, task=replace(base.task, chunks=(changed(Chunk, field, CHUNK, chunk),)))
    assert told(written(base), written(script))


@pytest.mark.parametrize("field", JobDependency.__struct_fields__)
@pytest.mark.parametrize("condition", [DependencyCondition.SUCCEEDED, DependencyCondition.STARTED])
def test_a_field_of_a_dependency_is_written_or_told_to_be_lost(
    field: str, condition: DependencyCondition
) -> None:
    one = JobDependency(job_id=7, condition=condition)
    base = replace(BASE, job=replace(BASE.job, depends_on=(one,)))
    changes = {"condition": DependencyCondition.FAILED, "delay_s": 90}
    script = replace(base, job=replace(base.job, depends_on=(changed(JobDependency, field, changes, one),)))
    assert told(written(base), written(script))


def test_every_condition_has_a_word() -> None:
    for condition in DependencyCondition:
        job = replace(BASE.job, depends_on=(JobDependency(job_id=7, condition=condition),))
        assert b"--dependency=after" in written(replace(BASE, job=job)).text


def test_what_only_another_flavour_knows_is_told_by_its_name() -> None:
    script = replace(BASE, job=replace(BASE.job, options={"W sandbox": "PRIVATE", "z": ""}))
    assert {loss.what for loss in written(script).losses} >= {"W sandbox=PRIVATE", "z"}


def test_variables_that_do_not_fit_are_told_by_name() -> None:
    script = replace(BASE, environment={"A": "1", "B": "x,y", "C": "two\nlines"})
    rendered = written(script)
    assert b"#SBATCH --export=A=1\n" in rendered.text
    assert {loss.what for loss in rendered.losses} >= {"variable B", "variable C"}
