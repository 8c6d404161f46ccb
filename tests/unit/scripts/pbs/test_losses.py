"""scripts/pbs/losses.py: no field of the model is forgotten."""

from typing import Any

import pytest
from msgspec.structs import replace

from headgate.core.model import Chunk, JobDependency, JobSpec, Step, TaskSpec
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
from headgate.scripts.pbs import FLAVOUR
from headgate.scripts.pbs.losses import JOB, TASK

BY = Submitter(now=1_709_629_502_000_000, file="job.sh", directory="/home/ada/run")
WAITING = JobDependency(7)
PLAIN = Script(
    job=JobSpec(name="a", flavour="pbs", stop_signal="TERM", stop_grace_s=10.0, drop_when_hopeless=True),
    task=TaskSpec(script=b"echo\n", interpreter=(), umask=0o077),
)
CHUNKED = replace(PLAIN, task=replace(PLAIN.task, chunks=(Chunk(),)))
SWEEP = replace(
    PLAIN, task=replace(PLAIN.task, type=TaskType.PARAMETRIC_SWEEP, start_value=1, end_value=9, increment=1)
)
WAITS = replace(PLAIN, job=replace(PLAIN.job, depends_on=(WAITING,)))

VALUES: dict[str, Any] = {
    "job_type": JobType.SERVICE,
    "runtime_s": 60,
    "min_runtime_s": 30,
    "not_before": 1_741_165_500_000_000,
    "holds": (HoldKind.USER,),
    "depends_on": (WAITING,),
    "precedes": (WAITING,),
    "rivals": (7,),
    "step": Step(),
    "unit_type": UnitType.NODE,
    "node_group_op": NodeGroupOp.UNION,
    "extra_resources": {"rack": "7"},
    "options": {"Keep_Files": "oed"},
    "type": TaskType.PARAMETRIC_SWEEP,
    "script": b"date\n",
    "interpreter": ("/bin/zsh",),
    "limits": {"cpu": 60},
    "chunks": (Chunk(cores=3),),
    "arrangement": Arrangement.SCATTER,
    "sharing": Sharing.EXCLUSIVE,
    "umask": 0o022,
    "join": "oe",
    "condition": DependencyCondition.STARTED,
    "features": ("fast",),
    "extra": {"rack": "7"},
    "follows": (1,),
    "index_set": "2,5",
    "drop_when_hopeless": False,
    "run_as": "bob",
    "submit_variables": {"HOME": "/home/ada"},
}
"""Values of fields whose type does not say one."""

UNWRITTEN = {
    "flavour": "it says whose script it was; the new one is OpenPBS's",
    "submit_directory": "where it is submitted is nothing that a script says",
    "submit_host": "where it is submitted is nothing that a script says",
    "script_file": "where a copy of it is left is nothing that a script says",
    "submit_variables": "whose environment it comes from is nothing that a script says",
    "auto_calculate_min": "how the numbers of the job follow from its tasks, of which a script has one",
    "auto_calculate_max": "how the numbers of the job follow from its tasks, of which a script has one",
    "command_line": "the script goes before it",
}


def other(name: str, default: Any) -> Any:
    """A value that the field does not have by itself."""
    if name in VALUES:
        return VALUES[name]
    if isinstance(default, bool):
        return not default
    if isinstance(default, str):
        return "x"
    if isinstance(default, tuple):
        return ("x",)
    assert isinstance(default, int | float), f"{name} needs a value in VALUES"
    return default + 3


def outcome(script: Script) -> tuple[bytes, tuple[str, ...]]:
    written = FLAVOUR.render(script, BY)
    return written.text, tuple(map(str, written.losses))


def bases(name: str) -> list[Script]:
    """Scripts in which the field has a part to play."""
    if name in ("increment", "start_value", "end_value", "index_set", "max_running"):
        return [PLAIN, SWEEP]
    return [WAITS] if name in ("drop_when_hopeless", "depends_on_any") else [PLAIN]


@pytest.mark.parametrize("name", JobSpec.__struct_fields__)
def test_a_field_of_a_job_is_written_or_its_loss_is_told(name: str) -> None:
    for base in bases(name):
        changed = replace(base.job, **{name: other(name, getattr(base.job, name))})
        assert (outcome(replace(base, job=changed)) != outcome(base)) == (name not in UNWRITTEN)


@pytest.mark.parametrize("name", TaskSpec.__struct_fields__)
def test_a_field_of_a_task_is_written_or_its_loss_is_told(name: str) -> None:
    for base in bases(name):
        changed = replace(base.task, **{name: other(name, getattr(base.task, name))})
        assert (outcome(replace(base, task=changed)) != outcome(base)) == (name not in UNWRITTEN)


@pytest.mark.parametrize("name", Chunk.__struct_fields__)
def test_a_field_of_a_chunk_is_written_or_its_loss_is_told(name: str) -> None:
    changed = replace(Chunk(), **{name: other(name, getattr(Chunk(), name))})
    assert outcome(replace(PLAIN, task=replace(PLAIN.task, chunks=(changed,)))) != outcome(CHUNKED)


@pytest.mark.parametrize("name", JobDependency.__struct_fields__)
@pytest.mark.parametrize("side", ["depends_on", "precedes"])
def test_a_field_of_a_dependency_is_written_or_its_loss_is_told(side: str, name: str) -> None:
    changed = replace(WAITING, **{name: other(name, getattr(WAITING, name))})
    with_it = replace(PLAIN, job=replace(PLAIN.job, **{side: (changed,)}))
    assert outcome(with_it) != outcome(replace(PLAIN, job=replace(PLAIN.job, **{side: (WAITING,)})))


def test_variables_are_written_or_their_loss_is_told() -> None:
    for environment in ({"A": "1"}, {"bad name": "1"}):
        assert outcome(replace(PLAIN, environment=environment)) != outcome(PLAIN)


def test_what_has_no_word_changes_nothing_but_its_loss() -> None:
    for table, part in ((JOB, "job"), (TASK, "task")):
        spec = getattr(PLAIN, part)
        for name, (what, why) in table.items():
            changed = replace(spec, **{name: other(name, getattr(spec, name))})
            written = FLAVOUR.render(replace(PLAIN, **{part: changed}), BY)
            assert [(loss.what, loss.why) for loss in written.losses] == [(what, why)]
            assert written.text == outcome(PLAIN)[0]


def test_every_option_of_another_flavour_is_lost_by_name() -> None:
    job = replace(PLAIN.job, flavour="slurm", options={"hint": "nomultithread", "spread-job": "true"})
    losses = FLAVOUR.render(replace(PLAIN, job=job), BY).losses
    assert {"hint=nomultithread", "spread-job"} <= {loss.what for loss in losses}
