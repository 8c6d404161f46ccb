"""What a job can want and PBS has no word for: every such field of JobSpec and TaskSpec, as a table. Pure.

A field that is in none of the tables here is written by `writing.py`; a test goes over all fields and holds
that.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from headgate.core.model import JobSpec, TaskSpec
from headgate.core.scripts import Loss

_NODES: Final = "PBS chooses nodes by chunks"
_PACK: Final = "only HPC Pack has it"
_FAILURE: Final = "PBS counts what the script exits with, and 0 is good"
_MADE: Final = "no job that PBS runs has it"

JOB: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "comment": ("comment", "PBS has no comments of users"),
        "template": ("template", _PACK),
        "pool": ("pool", _PACK),
        "client_source": ("client source", _PACK),
        "service_name": ("service name", _PACK),
        "job_type": ("job type", _PACK),
        "depends_on_any": ("one dependency is enough", "in PBS all must be met"),
        "singleton": ("singleton", "PBS does not look at jobs of the same name"),
        "step": ("step", "PBS has no step jobs; depend= comes nearest"),
        "requested_nodes": ("requested nodes", _NODES),
        "excluded_nodes": ("excluded nodes", _NODES),
        "node_groups": ("node groups", _NODES),
        "node_group_op": ("node group operator", _NODES),
        "min_memory_mb": ("minimum memory of nodes", _NODES),
        "max_memory_mb": ("maximum memory of nodes", _NODES),
        "min_cores_per_node": ("minimum cores of nodes", _NODES),
        "max_cores_per_node": ("maximum cores of nodes", _NODES),
        "estimated_process_memory_mb": ("estimated memory of a process", _PACK),
        "software_license": ("software licences", "in PBS each site names resources for them"),
        "order_by": ("order of nodes", _NODES),
        "target_resource_count": ("target resource count", _PACK),
        "planned_core_count": ("planned core count", _PACK),
        "run_until_canceled": ("run until cancelled", _PACK),
        "fail_on_task_failure": ("fail on task failure", _PACK),
        "fail_dependent_tasks": ("fail dependent tasks", _PACK),
        "valid_exit_codes": ("valid exit codes", _FAILURE),
        "execution_failure_retry_limit": ("retries after failure", "PBS reruns only what the system broke"),
        "preemptable": ("preemptable", "in PBS the queue says that"),
        "can_grow": ("can grow", _PACK),
        "can_shrink": ("can shrink", _PACK),
        "limit_signal": ("signal at the end of the run time", "PBS sends TERM"),
        "warning_signal": ("warning signal", "PBS sends no signal before the end"),
        "warning_before_s": ("warning before the end", "PBS sends no signal before the end"),
        "notify_on_requeue": ("mail on requeue", "PBS mails at start, end and abort"),
    }
)
"""Fields of a JobSpec: what it is called, and why it is lost."""

TASK: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "work_directory": ("working directory", "PBS starts in the home; the script has to change to it"),
        "stdin": ("standard input", "PBS gives none"),
        "append": ("appending to output files", "PBS writes them anew"),
        "required_nodes": ("required nodes", _NODES),
        "requested_node_group": ("node group", _NODES),
        "depends_on": ("other tasks it waits for", _MADE),
        "follows": ("other tasks it waits for", _MADE),
        "valid_exit_codes": ("valid exit codes", _FAILURE),
        "fail_job_on_failure": ("fail job on failure", _PACK),
        "fail_job_on_failure_count": ("failures that fail the job", _PACK),
        "user_blob": ("user blob", _PACK),
    }
)
"""Fields of a TaskSpec."""

_SIGNALS: Final = {"stop_signal": "TERM", "stop_grace_s": 10.0}
"""What PBS always does: anything else is lost."""


def of_job(job: JobSpec) -> Iterator[Loss]:
    """What of the job can't be said whatever its other fields are."""
    yield from _named(job, JobSpec(), JOB)
    asked = {name: getattr(job, name) for name in _SIGNALS}
    if asked != _SIGNALS:
        yield Loss(
            f"stop signal {job.stop_signal}, grace of {job.stop_grace_s:g} s",
            "PBS sends TERM, and KILL after the server's kill_delay (10 s)",
            approximated=True,
        )
    for number, dependency in enumerate((*job.depends_on, *job.precedes), 1):
        if dependency.delay_s:
            yield Loss(f"delay of dependency {number}", f"the {dependency.delay_s} s after it are not waited")


def of_task(task: TaskSpec) -> Iterator[Loss]:
    """What of the task can't be said whatever its other fields are."""
    yield from _named(task, TaskSpec(), TASK)


def _named(spec: Any, default: Any, table: Mapping[str, tuple[str, str]]) -> Iterator[Loss]:
    for field, (what, why) in table.items():
        if getattr(spec, field) != getattr(default, field):
            yield Loss(what, why)
