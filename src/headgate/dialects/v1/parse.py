"""Requests of /v1 into values of the model. Pure.

The rules about values are the property registry's, as for every face; here is only which member is which
property.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from headgate.core.errors import BadProperty, BadRequest
from headgate.core.model import Chunk, Job, JobSpec, Task, TaskSpec
from headgate.core.properties import JOB, TASK, Property, apply_job, apply_task
from headgate.core.properties.checks import checked
from headgate.core.scripts import Script, shebang
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import TaskType
from headgate.dialects.v1 import wire
from headgate.ports.store import Cursor, JobQuery, TaskQuery
from headgate.service import scripts
from headgate.service.jobs import NewJob, NewTask

T = TypeVar("T")
S = TypeVar("S", JobState, TaskState)

MOST: Final = 1000
FEW: Final = 100
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
KINDS: Final[Mapping[str, TaskType]] = MappingProxyType(
    {
        "basic": TaskType.BASIC,
        "sweep": TaskType.PARAMETRIC_SWEEP,
        "node_prep": TaskType.NODE_PREP,
        "node_release": TaskType.NODE_RELEASE,
        "service": TaskType.SERVICE,
    }
)
# What jobs can be sorted by, and the model's path to it. With `-` in front: the other way round.
SORTS: Final[Mapping[str, str]] = MappingProxyType(
    {"id": "id", "owner": "owner", "changed": "times.changed", "name": "spec.name", "state": "state"}
)
# Members of NewJob and NewTask that are a property as they are.
JOB_MEMBERS: Final[Mapping[str, Property]] = MappingProxyType(
    {
        "name": JOB["Name"],
        "project": JOB["Project"],
        "template": JOB["JobTemplate"],
        "priority": JOB["ExpandedPriority"],
        "runtime_s": JOB["RuntimeSeconds"],
        "exclusive": JOB["IsExclusive"],
        "single_node": JOB["SingleNode"],
        "requested_nodes": JOB["RequestedNodes"],
        "node_groups": JOB["NodeGroups"],
        "depends_on": JOB["ParentJobIds"],
        "fail_on_task_failure": JOB["FailOnTaskFailure"],
        "fail_dependent_tasks": JOB["FailDependentTasks"],
        "notify_on_start": JOB["NotifyOnStart"],
        "notify_on_completion": JOB["NotifyOnCompletion"],
        "email_address": JOB["EmailAddress"],
    }
)
TASK_MEMBERS: Final[Mapping[str, Property]] = MappingProxyType(
    {
        "name": TASK["Name"],
        "work_directory": TASK["WorkDirectory"],
        "stdin": TASK["StdInFilePath"],
        "stdout": TASK["StdOutFilePath"],
        "stderr": TASK["StdErrFilePath"],
        "exclusive": TASK["IsExclusive"],
        "required_nodes": TASK["RequiredNodes"],
        "depends_on": TASK["DependsOn"],
        "runtime_s": TASK["RuntimeSeconds"],
        "rerunnable": TASK["IsRerunnable"],
        "valid_exit_codes": TASK["TaskValidExitCodes"],
    }
)
# Members that are made into properties by hand: for naming what is refused.
_JOB_NAMES: Final = {
    **JOB_MEMBERS,
    "not_before": JOB["HoldUntil"],
    "min_cores": JOB["MinCores"],
    "max_cores": JOB["MaxCores"],
    "excluded_nodes": JOB["ExcludedNodes"],
}
_TASK_NAMES: Final = {
    **TASK_MEMBERS,
    "command": TASK["CommandLine"],
    "kind": TASK["Type"],
    "cores": TASK["MinCores"],
    "max_cores": TASK["MaxCores"],
    "sweep.start": TASK["StartValue"],
    "sweep.end": TASK["EndValue"],
    "sweep.increment": TASK["IncrementValue"],
}
_NUMBER = re.compile("[0-9]{1,18}")
_LIMIT = re.compile("[0-9]{1,4}")


def body(raw: bytes, wanted: type[T], *, empty: T | None = None) -> T:
    """The request's body as this type. Raises BadRequest, naming the member that is wrong."""
    if not raw and empty is not None:
        return empty
    try:
        return msgspec.json.decode(raw, type=wanted)
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at ")
        member = where.strip("`").removeprefix("$").removeprefix(".")
        text = f"{said} at {member}." if member else f"{said}."
        raise BadProperty(text, name=member) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}.") from None


def script_text(asked: wire.NewJob) -> bytes:
    """The text of a job that is a script with directives. Raises BadProperty where it is not just that."""
    if len(asked.tasks) != 1 or not asked.tasks[0].script or asked.tasks[0].command:
        raise BadProperty("A job with a flavour has one task, and that a script.", name="tasks")
    task = asked.tasks[0]
    for name in ("sweep", "kind", "max_cores"):
        if getattr(task, name) is not None:
            raise BadProperty(f"tasks[0].{name}: a job script says that itself.", name=f"tasks[0].{name}")
    try:
        return task.script.encode()
    except UnicodeEncodeError:
        raise BadProperty("The script of tasks[0] is not valid Unicode.", name="tasks[0].script") from None


def new_job(asked: wire.NewJob, now: int, script: Script | None = None) -> NewJob:
    """A job to create. `now` in UTC microseconds. script: what the job's script says, for one that has a
    flavour; the members that were given win over it. Raises BadProperty.
    """
    changes = _members(asked, JOB_MEMBERS)
    if asked.not_before is not None:
        changes[JOB["HoldUntil"]] = (asked.not_before - EPOCH) // timedelta(microseconds=1)
    for name, cores in (("Min", asked.min_cores), ("Max", asked.max_cores)):
        if cores is not None:
            changes[JOB[f"{name}Cores"]] = cores
            changes[JOB[f"AutoCalculate{name}"]] = False
    base = JobSpec() if script is None else script.job
    with naming_job():
        # The service makes it; here for refusing before anything is begun.
        apply_job(Job(spec=base), changes, now)
        # HPC Pack adds to it by an operation of its own, so that its property only reads; the rules are the
        # same.
        excluded = checked(JOB["ExcludedNodes"], tuple(asked.excluded_nodes))
    spec = replace(
        base, excluded_nodes=excluded or base.excluded_nodes, queue=asked.queue.strip() or base.queue
    )
    if script is not None:
        return replace(_of_script(asked, replace(script, job=spec)), changes=changes)
    tasks = [new_task(task, f"tasks[{number}]") for number, task in enumerate(asked.tasks)]
    return NewJob(
        changes=changes,
        spec=spec,
        tasks=tasks,
        environment=asked.environment,
    )


def _of_script(asked: wire.NewJob, script: Script) -> NewJob:
    """The job of a script, with what was given besides."""
    given = asked.tasks[0]
    changes = _members(given, TASK_MEMBERS)
    with _naming("tasks[0]", _TASK_NAMES):
        task = apply_task(Task(spec=script.task), changes)
    chunks = (Chunk(cores=given.cores),) if given.cores is not None else task.spec.chunks
    made = scripts.new_job(replace(script, task=replace(task.spec, chunks=chunks)))
    tasks = [replace(one, environment=given.environment) for one in made.tasks]
    return replace(made, tasks=tasks, environment={**made.environment, **asked.environment})


def new_task(asked: wire.NewTask, where: str) -> NewTask:
    """A task to create. `where` names it in refusals. Raises BadProperty."""
    if bool(asked.command) == bool(asked.script):
        raise BadProperty(f"{where} needs a command or a script, and not both.", name=f"{where}.command")
    kind = asked.kind or ("sweep" if asked.sweep else "basic")
    if (kind == "sweep") != (asked.sweep is not None):
        raise BadProperty(f"{where} has a sweep if, and only if, its kind is sweep.", name=f"{where}.sweep")
    changes = _members(asked, TASK_MEMBERS)
    changes[TASK["Type"]] = KINDS[kind]
    if asked.command:
        changes[TASK["CommandLine"]] = asked.command
    if asked.sweep is not None:
        changes[TASK["StartValue"]] = asked.sweep.start
        changes[TASK["EndValue"]] = asked.sweep.end
        changes[TASK["IncrementValue"]] = asked.sweep.increment
    if asked.cores is not None or asked.max_cores is not None:
        least = asked.cores or 1
        changes[TASK["MinCores"]] = least
        changes[TASK["MaxCores"]] = asked.max_cores or least
    with _naming(where, _TASK_NAMES):
        task = apply_task(Task(), changes)
    spec = _with_script(task.spec, asked.script, where) if asked.script else task.spec
    return NewTask(spec=spec, environment=asked.environment)


def _with_script(spec: TaskSpec, script: str, where: str) -> TaskSpec:
    try:
        raw = script.encode()
        return replace(spec, script=raw, interpreter=shebang(raw) or spec.interpreter)
    except ValueError:  # an open quote; a lone surrogate
        raise BadProperty(f"The script of {where} can't be run as it is.", name=f"{where}.script") from None


def _members(asked: Struct, members: Mapping[str, Property]) -> dict[Property, Any]:
    """The properties that were given: what is as by default is left to the registry, and what was not said
    to the job's template.
    """
    changes: dict[Property, Any] = {}
    for field in _fields(type(asked)):
        value = getattr(asked, field.name)
        said = value is not UNSET if field.default is UNSET else value not in (field.default, [])
        if field.name in members and said and value is not None:
            changes[members[field.name]] = tuple(value) if isinstance(value, list) else value
    return changes


@cache
def _fields(kind: type[Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Of a kind of body. Found out anew, they would be a tenth of what a whole submission costs."""
    return msgspec.structs.fields(kind)


def naming_job() -> AbstractContextManager[None]:
    """Within it, a property of a new job that is refused is named as this face calls it."""
    return _naming("", _JOB_NAMES)


@contextmanager
def _naming(where: str, members: Mapping[str, Property]) -> Iterator[None]:
    try:
        yield
    except BadProperty as error:
        name = next((name for name, property in members.items() if property.name == error.name), error.name)
        path = f"{where}.{name}" if where else name
        raise BadProperty(
            f"{path}: {error.text}", name=path, code=error.code, parameters=error.parameters
        ) from None


# ---- query strings

Query = Mapping[str, str]


class Page(Struct, frozen=True):
    """Where a page begins and how long it is."""

    limit: int
    after: Cursor | None


def check_query(query: Query, known: tuple[str, ...]) -> None:
    """Raises BadProperty for a parameter that the operation does not have."""
    for name in query:
        if name not in known:
            raise BadProperty(
                f"There is no parameter {name[:80]!r} here; there are {', '.join(known)}.", name=name[:80]
            )


def page(query: Query, order: str) -> Page:
    """`limit` and `cursor`. `order` says which list in which order the cursor must be of."""
    text = query.get("limit", str(FEW))
    limit = int(text) if _LIMIT.fullmatch(text) else 0
    if not 1 <= limit <= MOST:
        raise BadProperty(f"limit is 1 to {MOST}.", name="limit")
    return Page(limit, read_cursor(query["cursor"], order) if "cursor" in query else None)


def truth(query: Query, name: str) -> bool:
    """A parameter that is true or false, false when it is not there."""
    text = query.get(name, "false").lower()
    if text not in ("true", "false"):
        raise BadProperty(f"{name} is true or false.", name=name)
    return text == "true"


def job_query(query: Query) -> tuple[JobQuery, str]:
    """`state`, `owner` and `sort`; and the order by which cursors of this list are known."""
    states = _states(query, JobState)
    sort = query.get("sort", "id")
    path = SORTS.get(sort.removeprefix("-"))
    if path is None:
        raise BadProperty(f"sort is one of {', '.join(SORTS)}, with or without - in front.", name="sort")
    wanted = JobQuery(states=states, owner=query.get("owner"), sort=path, descending=sort.startswith("-"))
    return wanted, sort


def task_query(query: Query, job_id: int) -> tuple[TaskQuery, str]:
    """`state`, `task` and `expand`; and the order by which cursors of this list are known."""
    expand = truth(query, "expand")
    numbers = None
    if "task" in query:
        text = query["task"]
        if not _NUMBER.fullmatch(text):
            raise BadProperty("task is the number of a task of the job.", name="task")
        numbers = frozenset({int(text)})
    wanted = TaskQuery(job_id=job_id, expand=expand, states=_states(query, TaskState), numbers=numbers)
    return wanted, f"tasks:{expand}"


def _states(query: Query, kind: type[S]) -> frozenset[S] | None:
    if "state" not in query:
        return None
    try:
        return frozenset(kind[name.strip().upper()] for name in query["state"].split(","))
    except KeyError as unknown:
        known = ", ".join(one.name.lower() for one in kind)
        raise BadProperty(
            f"There is no state {str(unknown)[:80].lower()}; there are: {known}.", name="state"
        ) from None


def write_cursor(end: Cursor, order: str) -> str:
    """A cursor as text: opaque to clients, bound to its order."""
    raw = msgspec.msgpack.encode((order, end.value, end.id, end.instance))
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def read_cursor(text: str, order: str) -> Cursor:
    """The place a cursor stands for. Raises BadProperty for one that is not of this list in this order."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        known, value, number, instance = msgspec.msgpack.decode(
            raw, type=tuple[str, int | str | None, int, int]
        )
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise BadProperty("This is no cursor of ours.", name="cursor") from None
    if known != order:
        raise BadProperty("The cursor is of a list in another order.", name="cursor")
    return Cursor(value, number, instance)
