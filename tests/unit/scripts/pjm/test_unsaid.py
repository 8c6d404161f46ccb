"""scripts/pjm/unsaid.py: no field of the model is forgotten when a job is written."""

from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import FieldInfo, fields, replace

from headgate.core.model import Chunk, JobDependency, JobSpec, Step, StepRule, TaskSpec
from headgate.core.scripts import Script, Submitter
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
from headgate.scripts.pjm import FLAVOUR
from headgate.scripts.pjm.unsaid import OF_JOB, OF_TASK

BY = Submitter(now=0, file="run.sh")

# A value other than the default, where the type alone does not say one.
VALUES: dict[str, Any] = {
    "job_type": JobType.ADMIN,
    "holds": (HoldKind.USER,),
    "depends_on": (JobDependency(3),),
    "precedes": (JobDependency(3),),
    "rivals": (3,),
    "step": Step(number=3),
    "unit_type": UnitType.NODE,
    "node_group_op": NodeGroupOp.UNION,
    "extra_resources": {"matlab": "1"},
    "options": {"sandbox": "PRIVATE"},
    "submit_variables": {"HOME": "/"},
    "type": TaskType.SERVICE,
    "join": "oe",
    "interpreter": ("/bin/csh",),
    "limits": {"core": 1 << 20},
    "chunks": (Chunk(count=3),),
    "arrangement": Arrangement.PACK,
    "sharing": Sharing.EXCLUSIVE,
    "follows": (3,),
    "index_set": "1,3",
    "extra": {"scratch": "1"},
    "condition": DependencyCondition.FAILED,
    "name": "other",
}
SILENT = {
    "job.flavour": "what else is said is judged by it",
    "job.submit_directory": "who submits the text says it anew",
    "job.submit_host": "who submits the text says it anew",
    "job.script_file": "who submits the text says it anew",
    "job.submit_variables": "who submits the text says it anew",
    **{
        f"job.{end}_{unit}": "has no meaning unless auto_calculate_min or _max is off, which is told"
        for end in ("min", "max")
        for unit in ("cores", "sockets", "nodes")
    },
    "job.unit_type": "says which pair of the task is meant; see test_units_of_a_task_are_written",
    **{
        f"task.{end}_{unit}": "has no meaning for a job in cores"
        for end in ("min", "max")
        for unit in ("sockets", "nodes")
    },
    "task.command_line": "the script overrides it",
    "task.min_cores": "it is written with max_cores, and told where they differ",
    "task.start_value": "has no meaning but for a sweep; see test_a_sweep_is_written",
    "task.end_value": "has no meaning but for a sweep; see test_a_sweep_is_written",
    "task.increment": "has no meaning but for a sweep; see test_a_sweep_is_written",
    "task.index_set": "has no meaning but for a sweep; see test_a_sweep_is_written",
}
JOB = JobSpec()
TASK = TaskSpec(script=b"echo\n")


def changed(field: FieldInfo) -> Any:
    """A value for a field that differs from its default."""
    if field.name in VALUES:
        return VALUES[field.name]
    default = field.default_factory() if field.required else field.default
    if isinstance(default, bool):
        return not default
    if isinstance(default, int | float):
        return default + 7
    if default == ():
        return ("one",)
    if default is None:
        return 86_400
    return type(default)(b"true\n" if isinstance(default, bytes) else "other")


def said(job: JobSpec, task: TaskSpec) -> tuple[list[bytes], tuple[str, ...]]:
    rendered = FLAVOUR.render(Script(job=job, task=task), BY)
    return rendered.text.splitlines(), tuple(map(str, rendered.losses))


def named(spec: type[Struct]) -> list[Any]:
    return [pytest.param(field, id=field.name) for field in fields(spec)]


@pytest.mark.parametrize("field", named(JobSpec))
def test_a_field_of_a_job_is_written_or_told(field: FieldInfo) -> None:
    if f"job.{field.name}" not in SILENT:
        assert said(replace(JOB, **{field.name: changed(field)}), TASK) != said(JOB, TASK)


@pytest.mark.parametrize("field", named(TaskSpec))
def test_a_field_of_a_task_is_written_or_told(field: FieldInfo) -> None:
    if f"task.{field.name}" not in SILENT:
        assert said(JOB, replace(TASK, **{field.name: changed(field)})) != said(JOB, TASK)


@pytest.mark.parametrize("field", named(Chunk))
def test_a_field_of_a_chunk_is_written_or_told(field: FieldInfo) -> None:
    chunk = Chunk()
    task = replace(TASK, chunks=(chunk,))
    other = replace(TASK, chunks=(replace(chunk, **{field.name: changed(field)}),))
    assert said(JOB, other) != said(JOB, task)


@pytest.mark.parametrize("field", named(JobDependency))
def test_whatever_a_dependency_says_it_is_told(field: FieldInfo) -> None:
    value = 9 if field.name == "job_id" else changed(field)
    dependency = replace(JobDependency(3), **{field.name: value})
    assert any("dependencies" in loss for loss in said(replace(JOB, depends_on=(dependency,)), TASK)[1])


@pytest.mark.parametrize("field", [*named(Step), *named(StepRule)])
def test_a_field_of_a_step_is_written(field: FieldInfo) -> None:
    values = {"of": 8, "of_name": "pre", "number": 4, "what": "pc", "operator": "==", "values": (1, 2)}
    values |= {"deletes": "all", "numbers": (2,), "rules": (StepRule("pc", ">", (1,)),)}
    step = Step(rules=(StepRule("ec", "!=", (0,)),))
    if field.name in Step.__struct_fields__:
        other = replace(step, **{field.name: values[field.name]})
    else:
        other = Step(rules=(replace(step.rules[0], **{field.name: values[field.name]}),))
    assert said(replace(JOB, step=other), TASK)[0] != said(replace(JOB, step=step), TASK)[0]


def test_units_of_a_task_are_written() -> None:
    task = replace(TASK, min_cores=4, max_cores=4, min_nodes=2, max_nodes=3, min_sockets=5, max_sockets=5)
    assert b"#PJM --rsc-list vnode=4" in said(JOB, task)[0]
    lines, losses = said(replace(JOB, unit_type=UnitType.NODE), task)
    assert b"#PJM --rsc-list node=3" in lines
    assert any("2 to 3 nodes" in loss for loss in losses)
    lines, losses = said(replace(JOB, unit_type=UnitType.SOCKET), task)
    assert b"#PJM --rsc-list vnode=5" in lines
    assert any("5 sockets" in loss for loss in losses)
    assert b"#PJM --rsc-list gpu=1" in said(replace(JOB, unit_type=UnitType.GPU), task)[0]


@pytest.mark.parametrize(
    ("sweep", "written", "told"),
    [
        ({"start_value": 1, "end_value": 9}, b"1-9", ""),
        ({"start_value": 1, "end_value": 9, "increment": 2}, b"1-9", "approximated: array 1-9:2"),
        ({"start_value": 1, "end_value": 2, "index_set": "3,7"}, b"3-7", "approximated: array 3,7"),
        ({"start_value": 4, "end_value": 4}, b"", "lost: array 4-4:1"),
        ({"start_value": 4, "end_value": 5, "increment": 2}, b"", "lost: array 4-4:2"),
        ({"start_value": -1, "end_value": 5}, b"", "lost: array -1-5:1"),
        ({"start_value": 0, "end_value": 1_000_000}, b"", "lost: array 0-1000000:1"),
    ],
)
def test_a_sweep_is_written(sweep: dict[str, Any], written: bytes, told: str) -> None:
    lines, losses = said(JOB, replace(TASK, type=TaskType.PARAMETRIC_SWEEP, **sweep))
    assert [line for line in lines if b"sparam" in line] == ([b"#PJM --sparam=" + written] if written else [])
    assert (b"#PJM --bulk" in lines) == bool(written)
    assert bool([loss for loss in losses if told in loss]) == bool(told) or not told
    assert bool([loss for loss in losses if "array" in loss]) == bool(told)


def test_every_silence_is_about_a_field_there_is() -> None:
    owners = {"job": JobSpec, "task": TaskSpec}
    for name in SILENT:
        owner, _, field = name.partition(".")
        assert field in owners[owner].__struct_fields__
    assert set(OF_JOB) <= set(JobSpec.__struct_fields__)
    assert set(OF_TASK) <= set(TaskSpec.__struct_fields__)


def test_options_of_another_flavour_are_told_by_their_names() -> None:
    job = replace(JOB, flavour="pbs", options={"sandbox": "PRIVATE", "stats": ""})
    losses = said(job, TASK)[1]
    assert [loss for loss in losses if "sandbox" in loss and "only pbs" in loss]
    assert [loss for loss in losses if "stats" in loss and "only pbs" in loss]


def test_variables_of_other_systems_are_told() -> None:
    script = b"echo $SLURM_JOB_ID ${PBS_ARRAY_INDEX} $SLURM_JOB_ID $MYSLURM_X\n"
    losses = said(replace(JOB, flavour="slurm"), replace(TASK, script=script))[1]
    assert [loss for loss in losses if "variables SLURM_JOB_ID, PBS_ARRAY_INDEX in the script" in loss]
    assert not [loss for loss in said(replace(JOB, flavour="pjm"), TASK)[1] if "variables" in loss]
