"""Fields of a job that sbatch has no words for, and what becomes of them.

A field is here, or `writing.py` writes it, or it is derived: a test goes through all of them.
"""

from collections.abc import Iterator
from typing import Any, Final

from headgate.core.model import JobSpec, TaskSpec
from headgate.core.scripts import Loss
from headgate.core.vocabulary import Arrangement, Sharing, TaskType, UnitType
from headgate.scripts.slurm.reading import STOP_GRACE_S, STOP_SIGNAL

_HPC_PACK: Final = "only HPC Pack knows it"

OF_JOB: Final[dict[str, str]] = {
    "template": _HPC_PACK,
    "pool": _HPC_PACK,
    "client_source": _HPC_PACK,
    "service_name": _HPC_PACK,
    "job_type": _HPC_PACK,
    "unit_type": "sbatch counts ranks and nodes",
    "single_node": "say --nodes=1",
    "requested_nodes": "sbatch has no list of nodes to choose from",
    "node_groups": "sbatch has partitions and features instead",
    "node_group_op": "sbatch has partitions and features instead",
    "estimated_process_memory_mb": _HPC_PACK,
    "order_by": _HPC_PACK,
    "target_resource_count": _HPC_PACK,
    "planned_core_count": _HPC_PACK,
    "run_until_canceled": _HPC_PACK,
    "fail_on_task_failure": _HPC_PACK,
    "fail_dependent_tasks": _HPC_PACK,
    "valid_exit_codes": "Slurm takes 0 alone for success",
    "execution_failure_retry_limit": "Slurm does not repeat what failed",
    "preemptable": "the partition or quality of service says so",
    "can_grow": _HPC_PACK,
    "can_shrink": _HPC_PACK,
    "precedes": "say --dependency in the other job",
    "awaits": "say --dependency here",
    "rivals": "Slurm has no such dependency",
    "step": "say --dependency with the number of the job before",
    "limit_signal": f"Slurm sends SIG{STOP_SIGNAL} when the time is over",
}
"""Said nowhere when they are not as usual."""
OF_TASK: Final[dict[str, str]] = {
    "umask": "the submitter's is used; say umask in the script",
    "limits": "say ulimit in the script",
    "requested_node_group": "sbatch has partitions and features instead",
    "depends_on": "a job of sbatch is one task",
    "follows": "a job of sbatch is one task",
    "valid_exit_codes": "Slurm takes 0 alone for success",
    "fail_job_on_failure": _HPC_PACK,
    "fail_job_on_failure_count": _HPC_PACK,
    "user_blob": _HPC_PACK,
}
DERIVED: Final = frozenset({"min_cores", "max_cores", "min_sockets", "max_sockets", "min_nodes", "max_nodes"})
"""Follow from the chunks where there are any (core.model.TaskSpec.chunks)."""
_COUNTS_OF_JOB: Final = (
    *sorted(DERIVED),
    "auto_calculate_min",
    "auto_calculate_max",
    "min_memory_mb",
    "max_memory_mb",
    "min_cores_per_node",
    "max_cores_per_node",
)
_USUAL_JOB, _USUAL_TASK = JobSpec(), TaskSpec()


def unsaid(job: JobSpec, task: TaskSpec, *, own: bool) -> Iterator[Loss]:
    """What of a job no option says. own: whether it came from a script for sbatch."""
    for field, why in OF_JOB.items():
        if field in ("unit_type",) and job.unit_type in (UnitType.CORE, UnitType.NODE):
            continue
        yield from _lost(_name(field), getattr(job, field), getattr(_USUAL_JOB, field), why)
    for field, why in OF_TASK.items():
        yield from _lost(_name(field), getattr(task, field), getattr(_USUAL_TASK, field), why)
    yield from _stopping(job, own=own)
    yield from _counts(job, task)
    if not task.at_submission and not task.work_directory:
        yield Loss(
            "start in the home", 'Slurm starts where the job is submitted; the script needs cd "$HOME"'
        )
    if task.type not in (TaskType.BASIC, TaskType.PARAMETRIC_SWEEP):
        yield Loss(f"task of type {task.type.name}", "sbatch starts a script once, or once an index")
    if task.type is not TaskType.PARAMETRIC_SWEEP:
        for field in ("start_value", "end_value", "increment", "index_set", "max_running"):
            yield from _lost(
                _name(field), getattr(task, field), getattr(_USUAL_TASK, field), "there is no array"
            )
    if (task.exclusive or job.exclusive) and task.sharing is not Sharing.EXCLUSIVE:
        yield Loss("exclusive", "written as exclusive nodes", approximated=True)
    if not task.chunks and task.arrangement is not Arrangement.FREE:
        yield Loss("arrangement", "there are no parts to arrange")


def _stopping(job: JobSpec, *, own: bool) -> Iterator[Loss]:
    signal, grace = job.stop_signal, job.stop_grace_s
    if (signal, grace) == (STOP_SIGNAL, STOP_GRACE_S):
        return
    if not own and (signal, grace) == (_USUAL_JOB.stop_signal, _USUAL_JOB.stop_grace_s):
        why = f"nothing was said of it; Slurm sends SIG{STOP_SIGNAL}, and SIGKILL after its KillWait"
    else:
        why = f"Slurm sends SIG{STOP_SIGNAL}, and SIGKILL after its KillWait"
    yield Loss(f"stop signal {signal} with {grace:g} seconds", why, approximated=True)


def _counts(job: JobSpec, task: TaskSpec) -> Iterator[Loss]:
    if task.chunks:
        return
    for field in _COUNTS_OF_JOB:
        yield from _lost(
            _name(field), getattr(job, field), getattr(_USUAL_JOB, field), "what its task needs is written"
        )
    written = {UnitType.CORE: ("min_cores", "max_cores"), UnitType.NODE: ("min_nodes", "max_nodes")}
    for field in sorted(DERIVED - set(written.get(job.unit_type, ()))):
        yield from _lost(
            f"{_name(field)} of the task",
            getattr(task, field),
            getattr(_USUAL_TASK, field),
            "the job counts others",
        )


def _name(field: str) -> str:
    return field.replace("_", " ")


def _lost(what: str, value: Any, usual: Any, why: str) -> Iterator[Loss]:
    if value != usual:
        yield Loss(what, why)
