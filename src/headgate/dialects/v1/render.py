"""Values of the model into answers of /v1. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from headgate.core import amounts
from headgate.core.codes import message
from headgate.core.lines import Hindrance
from headgate.core.model import Instance, Job, Mishap, Node, QueueLimits, Task
from headgate.core.states import FINAL_TASK_STATES, TaskState
from headgate.core.sweep import instance_spec
from headgate.core.vocabulary import PendingReason, Role, TaskType
from headgate.dialects.v1 import wire
from headgate.dialects.v1.parse import EPOCH, KINDS
from headgate.ports.identity import Caller
from headgate.service.queues import QueueView

KIND_NAMES: Final[Mapping[TaskType, str]] = MappingProxyType({kind: name for name, kind in KINDS.items()})


def when(microseconds: int) -> datetime:
    """UTC microseconds as a date."""
    return EPOCH + timedelta(microseconds=microseconds)


def maybe(microseconds: int | None) -> datetime | None:
    """The same for a time that may be unset."""
    return None if microseconds is None else when(microseconds)


def me(caller: Caller) -> wire.Me:
    """The caller itself."""
    role: Any = next(
        (
            one.name.lower()
            for one in (Role.ADMIN, Role.JOBADMIN, Role.OPERATOR)
            if caller.role & one and one.name
        ),
        "user",
    )
    return wire.Me(name=caller.name, login=caller.login or caller.name, role=role)


def _common(job: Job) -> dict[str, Any]:
    times = job.times
    return {
        "id": job.id,
        "name": job.spec.name,
        "owner": job.owner,
        "state": job.state.name.lower(),
        "priority": job.spec.priority,
        "created": when(times.created),
        "changed": when(times.changed),
        "submitted": maybe(times.submitted),
        "started": maybe(times.started),
        "ended": maybe(times.ended),
        "task_count": job.task_count,
        "origin": job.origin.value,
    }


def summary(job: Job) -> wire.JobSummary:
    """A job in a list."""
    return wire.JobSummary(**_common(job))


def job(job: Job, *, full: bool, hindrance: Hindrance | None = None) -> wire.Job:
    """A job by itself, and what it waits for of its queue."""
    pending = "" if job.pending_reason is PendingReason.NONE else job.pending_reason.name.lower()
    if hindrance is not None:
        pending = hindrance.why.value
    private: dict[str, Any] = {}
    if full:
        private = {"environment": dict(job.environment), "failure": failure(job.mishap)}
    return wire.Job(
        **_common(job),
        **private,
        open_tasks=job.open_tasks,
        failed_tasks=job.failed_tasks,
        first_failed_task=_first_failed(job),
        full=full,
        project=job.spec.project,
        template=job.spec.template,
        queue=job.spec.queue,
        pending_reason=pending,
        pending_text="" if hindrance is None else hindrance.text,
        warnings=list(job.warnings),
        nodes=list(job.nodes),
        runtime_s=job.spec.runtime_s,
        requested_nodes=list(job.spec.requested_nodes),
        excluded_nodes=list(job.spec.excluded_nodes),
        node_groups=list(job.spec.node_groups),
        depends_on=[parent.job_id for parent in job.spec.depends_on],
        not_before=maybe(job.spec.not_before),
        requeue_count=job.requeue_count,
    )


def _first_failed(job: Job) -> int | None:
    """The number of the task that failed first. None where it only failed with its job, which never began."""
    of_task = job.mishap is None or job.mishap.code == "Execution_TaskFailure"
    if not job.first_failed_task or not (of_task or job.times.started is not None):
        return None
    return int(job.first_failed_task.rpartition(".")[2])


def failure(mishap: Mishap | None) -> str:
    """Why something failed or was cancelled, for people."""
    return "" if mishap is None else message(mishap)


def task(
    task: Task, instance: Instance | None, *, full: bool, streams: tuple[str, str] = ("", "")
) -> wire.Task:
    """A task or one of its instances. streams: the files that it writes to."""
    facts = instance or task
    spec = task.spec if instance is None else instance_spec(task.spec, instance.number)
    run = facts.run
    over = facts.state in FINAL_TASK_STATES and facts.times.started is not None
    single = instance is not None or not task.spec.type.has_instances
    private: dict[str, Any] = {}
    if full:
        private = {
            "command": spec.command_line or spec.script.decode("utf-8", "replace"),
            "work_directory": spec.work_directory,
            "stdin": spec.stdin,
            "stdout": spec.stdout,
            "stderr": spec.stderr,
            "output_file": streams[0] or None,
            "error_file": streams[1] or None,
            # An instance that was never started fails for the reason of its task.
            "failure": failure(run.mishap or (task.run.mishap if facts.state is TaskState.FAILED else None)),
        }
    sweep = None
    if instance is None and spec.type is TaskType.PARAMETRIC_SWEEP:
        sweep = wire.Sweep(start=spec.start_value, end=spec.end_value, increment=spec.increment)
    kind: Any = KIND_NAMES[spec.type]
    state: Any = facts.state.name.lower()
    return wire.Task(
        job=task.job_id,
        number=task.number,
        instance=None if instance is None else instance.number,
        name=spec.name,
        kind=kind,
        state=state,
        instance_count=task.instance_count if instance is None and spec.type.has_instances else None,
        sweep=sweep,
        created=when(facts.times.created),
        changed=when(facts.times.changed),
        started=maybe(facts.times.started),
        ended=maybe(facts.times.ended),
        exit_code=run.exit_code if over and single else None,
        signal=run.signal,
        nodes=[share.node for share in run.shares],
        engine_id=run.native,
        requeue_count=run.requeue_count,
        **private,
    )


def node(node: Node) -> wire.Node:
    """A node."""
    state: Any = node.state.name.lower()
    return wire.Node(
        name=node.name,
        state=state,
        reachable=node.reachable,
        cores=node.cores,
        sockets=node.sockets,
        gpus=node.gpus,
        memory_mb=node.memory_mb,
        groups=list(node.groups),
        reason=node.reason,
    )


def queue(view: QueueView) -> wire.Queue:
    """A queue. Who may use it is for administrators to know; a user is told about himself."""
    queue = view.queue
    return wire.Queue(
        name=queue.name,
        description=queue.description,
        priority=queue.priority,
        default=queue.default,
        enabled=queue.enabled,
        started=queue.started,
        usable=view.usable,
        waiting=view.waiting,
        running=view.running,
        max_running=queue.max_running,
        max_running_per_user=queue.max_running_per_user,
        max_queued_per_user=queue.max_queued_per_user,
        max_nodes_running=queue.max_nodes_running,
        defaults=amounts.defaults_said(queue.defaults),
        minima=_limits(queue.minima),
        maxima=_limits(queue.maxima),
        restricted=list(queue.restricted),
        allowed_types=list(queue.allowed_types),
        excluded_types=list(queue.excluded_types),
    )


def _limits(limits: QueueLimits) -> wire.Limits:
    return wire.Limits(**{name: getattr(limits, name) for name in limits.__struct_fields__})
