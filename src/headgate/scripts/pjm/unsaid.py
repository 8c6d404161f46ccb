"""What a PJM script has no words for: fields of the model, and what becomes of them. Spec pjm, section 10.

`writing.py` says everything else; a test holds the two together to all fields there are.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from headgate.core.model import JobSpec, TaskSpec
from headgate.core.scripts import Loss, Script
from headgate.core.vocabulary import TaskType
from headgate.scripts.pjm.options import KEPT, OURS
from headgate.scripts.pjm.reading import LIMIT_SIGNAL, STOP_GRACE_S, STOP_SIGNAL

_DEPENDENCIES: Final = "a job waits for no other; only steps of one chain wait for each other (--step)"
_NODES: Final = "nodes can't be chosen"
_PACK: Final = "only HPC Pack has it"

OF_JOB: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "run_as": ("account to run under", "it runs as who submits it"),
        "template": ("job template", _PACK),
        "pool": ("pool", _PACK),
        "client_source": ("client", _PACK),
        "service_name": ("service", _PACK),
        "job_type": ("job type", _PACK),
        "holds": ("hold", "it is submitted without: hold it by pjhold"),
        "depends_on": ("dependencies", _DEPENDENCIES),
        "depends_on_any": ("any one dependency", _DEPENDENCIES),
        "drop_when_hopeless": ("end of a job whose dependencies fail", _DEPENDENCIES),
        "precedes": ("jobs that wait for it", _DEPENDENCIES),
        "awaits": ("number of jobs it awaits", _DEPENDENCIES),
        "rivals": ("jobs of which only one runs", _DEPENDENCIES),
        "singleton": ("one job of its name at a time", _DEPENDENCIES),
        "auto_calculate_min": ("least resources of the job as a whole", _PACK),
        "auto_calculate_max": ("most resources of the job as a whole", _PACK),
        "single_node": ("single node", _NODES),
        "requested_nodes": ("requested nodes", _NODES),
        "excluded_nodes": ("excluded nodes", _NODES),
        "node_groups": ("node groups", _NODES),
        "node_group_op": ("how node groups combine", _NODES),
        "min_memory_mb": ("least memory of a node", _NODES),
        "max_memory_mb": ("most memory of a node", _NODES),
        "min_cores_per_node": ("least cores of a node", _NODES),
        "max_cores_per_node": ("most cores of a node", _NODES),
        "estimated_process_memory_mb": ("estimated memory of a process", _PACK),
        "software_license": ("licences", "a site counts them as custom resources, by names of its own"),
        "order_by": ("order of nodes", _NODES),
        "target_resource_count": ("target of resources", _PACK),
        "planned_core_count": ("planned cores", _PACK),
        "run_until_canceled": ("run until cancelled", _PACK),
        "fail_on_task_failure": ("fail with a task", _PACK),
        "fail_dependent_tasks": ("fail dependent tasks", _PACK),
        "valid_exit_codes": ("valid exit codes", "exit codes are only reported"),
        "execution_failure_retry_limit": (
            "retries",
            "a job is run again after a failure of the system alone",
        ),
        "preemptable": ("preemption", "that is for the site to say"),
        "can_grow": ("growing", _PACK),
        "can_shrink": ("shrinking", _PACK),
        "warning_signal": ("signal before the end", "the end of the time is not announced"),
        "warning_before_s": ("seconds before the end", "the end of the time is not announced"),
        "notify_each": ("a mail for each run", "mails are about the job as a whole"),
    }
)
OF_TASK: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "name": ("name of the task", "only the job has a name"),
        "work_directory": ("work directory", "it is where the job is submitted: change to it in the script"),
        "stdin": ("standard input", "redirect it in the script"),
        "append": ("appending to output files", "they are written anew"),
        "required_nodes": ("required nodes", _NODES),
        "requested_node_group": ("requested node group", _NODES),
        "depends_on": ("tasks it waits for", "a script is one task"),
        "follows": ("tasks it waits for", "a script is one task"),
        "max_running": ("most runs at once", "as many run as fit"),
        "valid_exit_codes": ("valid exit codes", "exit codes are only reported"),
        "fail_job_on_failure": ("a failure that fails the job", _PACK),
        "fail_job_on_failure_count": ("failures that fail the job", _PACK),
        "user_blob": ("data of the client", _PACK),
    }
)
"""By field: how it is called, and what becomes of it."""

_DEFAULT_UMASK: Final = 0o022
_FOREIGN: Final = re.compile(rb"\b(?:PBS|SLURM|CCP)_[A-Z][A-Z0-9_]*")
_MOST_NAMES: Final = 10


def unsaid(script: Script) -> list[Loss]:
    """A loss for every field that is set and has no words, and for options of other flavours."""
    job, task = script.job, script.task
    losses = [
        Loss(what, why)
        for spec, defaults, table in ((job, JobSpec(), OF_JOB), (task, TaskSpec(), OF_TASK))
        for field, (what, why) in table.items()
        if getattr(spec, field) != getattr(defaults, field)
    ]
    for key in job.options:
        if job.flavour != OURS:
            losses.append(Loss(key, f"an option that only {job.flavour or 'its own flavour'} has"))
        elif key not in KEPT:
            losses.append(Loss(key, "not an option that a PJM script keeps"))
    if task.type not in (TaskType.BASIC, TaskType.PARAMETRIC_SWEEP):
        losses.append(Loss(f"task of type {task.type.name}", "it is run once, as any other"))
    if not task.at_submission and not task.work_directory:
        losses.append(
            Loss("start in the home", 'PJM starts where the job is submitted; the script needs cd "$HOME"')
        )
    ends = (job.stop_signal, job.stop_grace_s, job.limit_signal or job.stop_signal)
    if ends != (STOP_SIGNAL, STOP_GRACE_S, LIMIT_SIGNAL):
        losses.append(
            Loss(
                f"stop signal {ends[0]}, at the end of its time {ends[2]}, killed after {ends[1]:g} s",
                f"PJM sends {STOP_SIGNAL}, {LIMIT_SIGNAL} at the end of its time, and kills after "
                f"{STOP_GRACE_S:g} s",
                approximated=True,
            )
        )
    if task.umask != _DEFAULT_UMASK:
        losses.append(
            Loss(
                f"umask {task.umask:03o}",
                f"output files are made with {_DEFAULT_UMASK:03o}",
                approximated=True,
            )
        )
    if job.flavour != OURS:
        losses += _variables(task.script)
    return losses


def _variables(body: bytes) -> list[Loss]:
    """Variables of other systems that the script reads."""
    found = dict.fromkeys(name.decode() for name in _FOREIGN.findall(body))
    if not found:
        return []
    names = ", ".join(list(found)[:_MOST_NAMES]) + (", …" if len(found) > _MOST_NAMES else "")
    return [Loss(f"variables {names} in the script", "PJM does not set them; its own begin with PJM_")]
