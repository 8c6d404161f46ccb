"""The task properties, in their published order (spec hpcpack-model, section 4).

Read from a TaskSubject: what was asked for comes from its `spec` (an instance's own, sweep value filled in),
what became of it from its `facts`. Those that do more than set one field are set in `task_changes.py`.
"""

from collections.abc import Callable
from enum import IntEnum
from operator import attrgetter
from typing import Any

from msgspec.structs import fields

from headgate.core.codes import message
from headgate.core.model import INT_MAX, Run, Task, TaskSpec
from headgate.core.properties import checks
from headgate.core.properties.kinds import Kind, Moment
from headgate.core.properties.registry import Property, Registry
from headgate.core.properties.subjects import TaskSubject
from headgate.core.states import TaskState
from headgate.core.vocabulary import TaskType

_A = frozenset({Moment.ADD, Moment.SET})
_DEFAULTS: dict[str, object] = (
    {f"spec.{field.name}": getattr(TaskSpec(), field.name) for field in fields(TaskSpec)}
    | {f"run.{field.name}": getattr(Run(), field.name) for field in fields(Run)}
    | {field.name: getattr(Task(), field.name) for field in fields(Task)}
)
_ENDED_BADLY = frozenset({TaskState.FAILED, TaskState.CANCELED})
_SCALARS = frozenset({Kind.STRING, Kind.INT32, Kind.BOOL, Kind.ENUM, Kind.TIME})


def _fact(name: str, kind: Kind, path: str, *, enum: type[IntEnum] | None = None) -> Property:
    """Read-only: a field of the task or the instance."""
    return Property(name, kind, attrgetter("facts." + path), _DEFAULTS.get(path), enum=enum, sort=path)


def _made(
    name: str, kind: Kind, read: Callable[[TaskSubject], object], default: object = None, **more: Any
) -> Property:
    """Read-only: not a field, made from others."""
    return Property(name, kind, read, default, **more)


def _field(name: str, kind: Kind, path: str, **more: Any) -> Property:
    """A field of the description."""
    if kind in _SCALARS and not more.get("private"):
        more.setdefault("sort", path)
    more.setdefault("read", attrgetter(path))
    return Property(name, kind, default=_DEFAULTS[path], field=path, moments=_A, **more)


def _text(name: str, path: str, **more: Any) -> Property:
    return _field(name, Kind.STRING, path, **more)


def _number(name: str, path: str, *, high: int = INT_MAX, **more: Any) -> Property:
    return _field(name, Kind.INT32, path, high=high, **more)


def _any_number(name: str, path: str) -> Property:
    """Sweep values may be negative."""
    return _field(name, Kind.INT32, path, low=-INT_MAX - 1, high=INT_MAX)


def _flag(name: str, path: str) -> Property:
    return _field(name, Kind.BOOL, path)


def _names(name: str, path: str, **more: Any) -> Property:
    return _field(name, Kind.STRINGS, path, **more)


def _task_id(subject: TaskSubject) -> tuple[int, int, int]:
    return subject.task.job_id, subject.task.number, _instance_id(subject)


def _instance_id(subject: TaskSubject) -> int:
    return 0 if subject.instance is None else subject.instance.number


def _error(subject: TaskSubject) -> str:
    mishap = subject.facts.run.mishap
    if mishap is None and subject.instance is not None and subject.facts.state in _ENDED_BADLY:
        # It ended with the rest of its task, before it had a run of its own.
        mishap = subject.task.run.mishap
    return "" if mishap is None else message(mishap)


def _output(subject: TaskSubject) -> str:
    return subject.output.decode(errors="replace")


def _nodes(subject: TaskSubject) -> tuple[str, ...]:
    return tuple(share.node for share in subject.facts.run.shares)


TASK = Registry(
    "task",
    (
        _made("TaskId", Kind.TASK_ID, _task_id, sort="number"),
        _text("Name", "spec.name", longest=80, check=checks.check_task_name),
        _fact("State", Kind.ENUM, "state", enum=TaskState),
        _fact("PreviousState", Kind.ENUM, "previous_state", enum=TaskState),
        _number("MinCores", "spec.min_cores", aliases=("MinimumNumberOfProcessors",)),
        _number("MaxCores", "spec.max_cores", aliases=("MaximumNumberOfProcessors",)),
        _number("MinNodes", "spec.min_nodes"),
        _number("MaxNodes", "spec.max_nodes"),
        _number("MinSockets", "spec.min_sockets"),
        _number("MaxSockets", "spec.max_sockets"),
        _number("RuntimeSeconds", "spec.runtime_s", check=checks.check_runtime, high=0),
        _fact("SubmitTime", Kind.TIME, "times.submitted"),
        _fact("CreateTime", Kind.TIME, "times.created"),
        _fact("EndTime", Kind.TIME, "times.ended"),
        _fact("ChangeTime", Kind.TIME, "times.changed"),
        _fact("StartTime", Kind.TIME, "times.started"),
        _made("ParentJobId", Kind.INT32, attrgetter("task.job_id")),
        _text("CommandLine", "spec.command_line", private=True, longest=checks.LONGEST_COMMAND),
        _text("WorkDirectory", "spec.work_directory", private=True),
        _names("RequiredNodes", "spec.required_nodes"),
        _names("DependsOn", "spec.depends_on", aliases=("Depend",)),
        _flag("IsExclusive", "spec.exclusive"),
        _flag("IsRerunnable", "spec.rerunnable"),
        _text("StdOutFilePath", "spec.stdout", private=True, aliases=("Stdout",)),
        _text("StdInFilePath", "spec.stdin", private=True, aliases=("Stdin",)),
        _text("StdErrFilePath", "spec.stderr", private=True, aliases=("Stderr",)),
        _fact("ExitCode", Kind.INT32, "run.exit_code"),
        _fact("RequeueCount", Kind.INT32, "run.requeue_count"),
        _any_number("StartValue", "spec.start_value"),
        _any_number("EndValue", "spec.end_value"),
        _any_number("IncrementValue", "spec.increment"),
        _made("ErrorMessage", Kind.STRING, _error, "", private=True),
        _made("Output", Kind.STRING, _output, "", private=True),
        _made("HasRuntime", Kind.BOOL, lambda subject: subject.spec.runtime_s is not None, False),
        _text("UserBlob", "spec.user_blob", private=True, owner_only=True, check=checks.check_blob),
        _field("Type", Kind.ENUM, "spec.type", enum=TaskType),
        _made("IsServiceConcluded", Kind.BOOL, attrgetter("task.concluded"), False),
        _flag("FailJobOnFailure", "spec.fail_job_on_failure"),
        _field("FailJobOnFailureCount", Kind.INT32, "spec.fail_job_on_failure_count", low=1, high=1_000_000),
        _made("AllocatedCoreIds", Kind.CORE_IDS, attrgetter("facts.run.shares"), ()),
        _made("AllocatedNodes", Kind.STRINGS, _nodes, ()),
        _field("TaskValidExitCodes", Kind.EXIT_CODES, "spec.valid_exit_codes"),
        _made("JobTaskId", Kind.INT32, attrgetter("task.number"), sort="number", aliases=("NiceId",)),
        _made("InstanceId", Kind.INT32, _instance_id, 0),
        # Added by the 2016/2019 server.
        _made("ExitIfPossible", Kind.BOOL, lambda subject: False, False),
        _fact("ExecutionFailureRetryCount", Kind.INT32, "run.failure_retry_count"),
        _fact("AutoRequeueCount", Kind.INT32, "run.auto_requeue_count"),
        _text("RequestedNodeGroup", "spec.requested_node_group", longest=256),
        # Known by name, but not part of "all properties".
        Property(
            "IsParametric",
            Kind.BOOL,
            lambda subject: subject.spec.type is TaskType.PARAMETRIC_SWEEP,
            False,
            moments=_A,
            listed=False,
        ),
    ),
)
