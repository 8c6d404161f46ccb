"""The job properties, in their published order (spec hpcpack-model, section 3).

First a few words for saying what a property is, then the list. A property that only sets one field of the job
says which (`spec.name`); those that do more are set in `job_changes.py`.
"""

from collections.abc import Callable
from enum import IntEnum, IntFlag
from operator import attrgetter
from typing import Any

from msgspec.structs import fields

from headgate.core.codes import message
from headgate.core.model import DEFAULT_PRIORITY, INT_MAX, Job, JobSpec
from headgate.core.properties import checks
from headgate.core.properties.kinds import JobPriority, Kind, Moment
from headgate.core.properties.registry import Property, Registry
from headgate.core.properties.subjects import JobSubject
from headgate.core.states import JobState
from headgate.core.vocabulary import JobType, NodeGroupOp, PendingReason, UnitType

_CREATE, _SET, _SUBMIT = Moment.CREATE, Moment.SET, Moment.SUBMIT
_C, _Q, _R = JobState.CONFIGURING, JobState.QUEUED, JobState.RUNNING
ALWAYS = frozenset({_CREATE, _SET, _SUBMIT})
NEW = frozenset({_C})
"""States: only while Configuring."""
NEW_OR_QUEUED = frozenset({_C, _Q})
OPEN = frozenset({_C, _Q, _R})
ANY_STATE = frozenset(JobState)

_DEFAULTS: dict[str, object] = {
    f"spec.{field.name}": getattr(JobSpec(), field.name) for field in fields(JobSpec)
} | {field.name: getattr(Job(), field.name) for field in fields(Job)}
_SCALARS = frozenset({Kind.STRING, Kind.INT32, Kind.BOOL, Kind.ENUM, Kind.TIME})


def _seen(
    name: str,
    kind: Kind,
    path: str,
    *,
    enum: type[IntEnum] | type[IntFlag] | None = None,
    private: bool = False,
    listed: bool = True,
) -> Property:
    """Read-only, a field of the job."""
    sort = path if kind in _SCALARS and not private else None
    read = attrgetter("job." + path)
    return Property(
        name, kind, read, _DEFAULTS.get(path), enum=enum, private=private, listed=listed, sort=sort
    )


def _made(
    name: str, kind: Kind, read: Callable[[JobSubject], object], default: object, **more: Any
) -> Property:
    """Not a field: made from others."""
    return Property(name, kind, read, default, **more)


def _text(name: str, path: str, states: frozenset[JobState] = NEW, **more: Any) -> Property:
    return _field(name, Kind.STRING, path, states, **more)


def _number(
    name: str, path: str, states: frozenset[JobState] = NEW, *, high: int = INT_MAX, **more: Any
) -> Property:
    return _field(name, Kind.INT32, path, states, high=high, **more)


def _flag(name: str, path: str, states: frozenset[JobState] = NEW, **more: Any) -> Property:
    return _field(name, Kind.BOOL, path, states, **more)


def _names(name: str, path: str, states: frozenset[JobState] = NEW, **more: Any) -> Property:
    return _field(name, Kind.STRINGS, path, states, **more)


def _field(name: str, kind: Kind, path: str, states: frozenset[JobState], **more: Any) -> Property:
    """A field of the job that can be set."""
    if kind in _SCALARS and not more.get("private"):
        more.setdefault("sort", path)
    more.setdefault("read", attrgetter("job." + path))
    return Property(name, kind, default=_DEFAULTS[path], field=path, moments=ALWAYS, states=states, **more)


def _run_as(subject: JobSubject) -> str:
    """Empty until submitted, then the submitter; every job runs as its owner."""
    job = subject.job
    return job.spec.run_as or ("" if job.times.submitted is None else job.owner)


def _progress(subject: JobSubject) -> int:
    """Computed from the tasks, subtasks counted one by one, until somebody sets it."""
    job = subject.job
    if job.progress is not None:
        return job.progress
    if job.state is JobState.FINISHED:
        return 100
    return 100 * min(job.ended_runs, job.runs) // job.runs if job.runs else 0


def _unit_type(subject: JobSubject) -> UnitType:
    """Gpu is published as Socket, beside the custom property GPUJob."""
    unit = subject.job.spec.unit_type
    return UnitType.SOCKET if unit is UnitType.GPU else unit


def _level(subject: JobSubject) -> JobPriority:
    return JobPriority(subject.job.spec.priority // 1000)


def _error(subject: JobSubject) -> str:
    mishap = subject.job.mishap
    return "" if mishap is None else message(mishap)


def _parents(subject: JobSubject) -> tuple[int, ...]:
    return tuple(dependency.job_id for dependency in subject.job.spec.depends_on)


def _group_op(subject: JobSubject) -> NodeGroupOp:
    """Intersect unless said; the difference matters to validation (NodeGroupOpNoNodeGroup)."""
    said = subject.job.spec.node_group_op
    return NodeGroupOp.INTERSECT if said is None else said


def _nothing(subject: JobSubject) -> None:
    return None


_licenses = _names(
    "SoftwareLicense",
    "spec.software_license",
    NEW_OR_QUEUED,
    resubmits=True,
    check=checks.check_licenses,
    no_effect="there is no license server to ask, so nothing waits for a license",
)
_MIN_MAX: dict[str, Any] = {"states": NEW_OR_QUEUED, "resubmits": True}

JOB = Registry(
    "job",
    (
        _seen("Id", Kind.INT32, "id"),
        _text("Name", "spec.name", OPEN, longest=80),
        _seen("Owner", Kind.STRING, "owner"),
        _text("UserName", "spec.run_as", NEW_OR_QUEUED, read=_run_as, longest=256, sort=None),
        _text("Project", "spec.project", OPEN, longest=80),
        _number("RuntimeSeconds", "spec.runtime_s", OPEN, check=checks.check_runtime, high=0),
        _seen("SubmitTime", Kind.TIME, "times.submitted"),
        _seen("CreateTime", Kind.TIME, "times.created"),
        _seen("EndTime", Kind.TIME, "times.ended"),
        _seen("StartTime", Kind.TIME, "times.started"),
        _seen("ChangeTime", Kind.TIME, "times.changed"),
        _seen("State", Kind.ENUM, "state", enum=JobState),
        _seen("PreviousState", Kind.ENUM, "previous_state", enum=JobState),
        _number("MinCores", "spec.min_cores", **_MIN_MAX, aliases=("MinimumNumberOfProcessors",)),
        _number("MaxCores", "spec.max_cores", **_MIN_MAX, aliases=("MaximumNumberOfProcessors",)),
        _number("MinNodes", "spec.min_nodes", **_MIN_MAX),
        _number("MaxNodes", "spec.max_nodes", **_MIN_MAX),
        _number("MinSockets", "spec.min_sockets", **_MIN_MAX),
        _number("MaxSockets", "spec.max_sockets", **_MIN_MAX),
        _made(
            "UnitType",
            Kind.ENUM,
            _unit_type,
            UnitType.CORE,
            enum=UnitType,
            moments=ALWAYS,
            states=NEW_OR_QUEUED,
            resubmits=True,
            sort="spec.unit_type",
        ),
        _names("RequestedNodes", "spec.requested_nodes", NEW_OR_QUEUED, resubmits=True),
        _flag("IsExclusive", "spec.exclusive", NEW_OR_QUEUED, resubmits=True),
        _flag("RunUntilCanceled", "spec.run_until_canceled", OPEN, resubmits=True),
        _names("NodeGroups", "spec.node_groups", NEW_OR_QUEUED, resubmits=True),
        _flag("FailOnTaskFailure", "spec.fail_on_task_failure", NEW_OR_QUEUED),
        _flag("AutoCalculateMax", "spec.auto_calculate_max", **_MIN_MAX),
        _flag("AutoCalculateMin", "spec.auto_calculate_min", **_MIN_MAX),
        _seen("CanGrow", Kind.BOOL, "spec.can_grow"),
        _seen("CanShrink", Kind.BOOL, "spec.can_shrink"),
        _flag(
            "Preemptable",
            "spec.preemptable",
            aliases=("CanPreempt",),
            no_effect="no job is ever stopped for another one",
        ),
        _made("ErrorMessage", Kind.STRING, _error, "", private=True),
        _made("HasRuntime", Kind.BOOL, lambda subject: subject.job.spec.runtime_s is not None, False),
        _seen("RequeueCount", Kind.INT32, "requeue_count"),
        _number("MinMemory", "spec.min_memory_mb", NEW_OR_QUEUED, resubmits=True),
        _number("MaxMemory", "spec.max_memory_mb"),
        _number("MinCoresPerNode", "spec.min_cores_per_node", NEW_OR_QUEUED, resubmits=True),
        _number("MaxCoresPerNode", "spec.max_cores_per_node"),
        _made(
            "EndpointReference",
            Kind.STRING,
            _nothing,
            "",
            no_effect="clients find the broker of a session by its id",
        ),
        _licenses,
        _field("OrderBy", Kind.ORDER_BY, "spec.order_by", NEW_OR_QUEUED),
        _text("ClientSource", "spec.client_source"),
        _field(
            "Progress",
            Kind.INT32,
            "progress",
            ANY_STATE,
            read=_progress,
            check=checks.check_progress,
            sort=None,
        ),
        _text("ProgressMessage", "progress_message", ANY_STATE, longest=80),
        _number("TargetResourceCount", "spec.target_resource_count", OPEN),
        _made(
            "ExpandedPriority",
            Kind.INT32,
            attrgetter("job.spec.priority"),
            DEFAULT_PRIORITY,
            moments=ALWAYS,
            states=OPEN,
            sort="spec.priority",
            check=checks.check_expanded_priority,
        ),
        _text("ServiceName", "spec.service_name"),
        _text("JobTemplate", "spec.template", NEW_OR_QUEUED, resubmits=True, longest=256),
        _made(
            "HoldUntil",
            Kind.TIME,
            attrgetter("job.spec.not_before"),
            None,
            moments=frozenset({_SET, _SUBMIT}),
            states=OPEN,
            sort="spec.not_before",
        ),
        _flag("NotifyOnStart", "spec.notify_on_start", NEW_OR_QUEUED),
        _flag("NotifyOnCompletion", "spec.notify_on_completion", OPEN),
        _seen("ExcludedNodes", Kind.STRINGS, "spec.excluded_nodes"),
        _text(
            "EmailAddress", "spec.email_address", OPEN, private=True, longest=256, check=checks.check_email
        ),
        _made(
            "Priority",
            Kind.ENUM,
            _level,
            JobPriority.NORMAL,
            enum=JobPriority,
            moments=ALWAYS,
            states=OPEN,
            sort="spec.priority",
        ),
        _seen("AllocatedNodes", Kind.STRINGS, "nodes"),
        _text("Pool", "spec.pool", longest=256, no_effect="cores are not divided into pools"),
        _field("JobValidExitCodes", Kind.EXIT_CODES, "spec.valid_exit_codes", NEW),
        _made("ParentJobIds", Kind.IDS, _parents, (), moments=ALWAYS, states=NEW),
        _flag("FailDependentTasks", "spec.fail_dependent_tasks"),
        _made(
            "NodeGroupOp",
            Kind.ENUM,
            _group_op,
            None,
            enum=NodeGroupOp,
            moments=ALWAYS,
            states=NEW_OR_QUEUED,
            resubmits=True,
            field="spec.node_group_op",
        ),
        _flag("SingleNode", "spec.single_node"),
        # Documented as settable, though the original object model only reads it: accepted and ignored
        # (section 3).
        _made("ChildJobIds", Kind.IDS, attrgetter("children"), (), moments=frozenset({_CREATE, _SUBMIT})),
        _number("EstimatedProcessMemory", "spec.estimated_process_memory_mb", NEW_OR_QUEUED, resubmits=True),
        # Added by the 2016/2019 server.
        _made(
            "PlannedCoreCount",
            Kind.INT32,
            attrgetter("job.spec.planned_core_count"),
            -1,
            sort="spec.planned_core_count",
            no_effect="cores are handed out as they become free, not planned for a job",
        ),
        _number("TaskExecutionFailureRetryLimit", "spec.execution_failure_retry_limit", NEW_OR_QUEUED),
        # Known by name, but not part of "all properties".
        _made(
            "Password",
            Kind.STRING,
            _nothing,
            None,
            moments=ALWAYS,
            states=NEW_OR_QUEUED,
            listed=False,
            readable=False,
            no_effect="jobs run as their owner without a password; none is kept",
        ),
        # Our own: what the job says in vain.
        _made("Warnings", Kind.STRING, lambda subject: "\n".join(subject.job.warnings), "", listed=False),
        _seen("JobType", Kind.FLAGS, "spec.job_type", enum=JobType, listed=False),
        _seen("PendingReason", Kind.ENUM, "pending_reason", enum=PendingReason, listed=False),
    ),
)
