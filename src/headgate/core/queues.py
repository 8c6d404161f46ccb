"""What a queue asks of a job, and gives it: found, filled in, checked. Pure.

    chosen(queues, name)                the queue of this name, or the default
    admit(queue, job, tasks, groups)    whether it takes this job of this user
    filled(queue, job, tasks)           the job with the queue's defaults, and notes of what they are
    check(queue, job, tasks)            whether that is within its types and limits

The order of checks is that of OpenPBS (unknown, not enabled, access, limits; spec pbs, 4.1) with SOCA's
(restricted parameters, types; spec soca, 8.3) between. Amounts are those of one run of the largest task: the
instances of a sweep are not added up, as no limit of PBS or SOCA does. While a job waits, only `lines.py`
matters.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from headgate.core import amounts
from headgate.core.chunks import MIB
from headgate.core.errors import BadRequest, QueueDenied, QueueReason, QueueRefused
from headgate.core.model import Chunk, Job, JobSpec, Queue, QueueLimits, TaskSpec
from headgate.core.resources import units_of
from headgate.core.vocabulary import Arrangement, Sharing, UnitType

TYPES: Final = ("instance_type", "instance_types")
"""Resources that name a type of node (spec soca, 7.2)."""
EVERYBODY: Final = "*"
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
FIFO: Final = "fifo"
MOST_PRIORITY: Final = 4000
MOST_NAMES: Final = 10_000
NO_LIMITS: Final = QueueLimits()
_ONE_LINE: Final = 1024


# ---- the queue itself


def check_queue(queue: Queue) -> None:
    """Raises BadRequest for what can't be a queue."""
    if not NAME.fullmatch(queue.name):
        raise BadRequest(
            f"{queue.name[:80]!r} can't be the name of a queue: up to 64 letters, digits and . _ -, the first"
            " one a letter or digit."
        )
    if not 0 <= queue.priority <= MOST_PRIORITY:
        raise BadRequest(f"The priority of a queue is 0 to {MOST_PRIORITY}, not {queue.priority}.")
    if queue.mode != FIFO:
        raise BadRequest(
            f"Queue {queue.name}: there is no mode {queue.mode[:40]!r}, only {FIFO}; max_running_per_user"
            " keeps one user from taking everything."
        )
    if len(queue.description) > _ONE_LINE or not queue.description.isprintable():
        raise BadRequest(f"The description of a queue is one line of up to {_ONE_LINE} characters.")
    for name in ("max_running", "max_running_per_user", "max_queued_per_user", "max_nodes_running"):
        value = getattr(queue, name)
        if value is not None and not 0 <= value <= amounts.MOST:
            raise BadRequest(f"{name} of queue {queue.name} is 0 or more, not {value}.")
    for name, limit in amounts.LIMITS.items():
        low, high = getattr(queue.minima, limit), getattr(queue.maxima, limit)
        if low is not None and high is not None and low > high:
            raise BadRequest(f"Queue {queue.name} takes no {name}: its minimum is above its maximum.")
    _check_defaults(queue)
    if queue.default and not queue.enabled:
        raise BadRequest(f"Queue {queue.name} is the default: it can't be closed to new jobs.")
    for field in _LISTS:
        names = getattr(queue, field)
        if len(names) > MOST_NAMES or not all(name and name.isprintable() for name in names):
            raise BadRequest(f"{field} of queue {queue.name} is a list of up to {MOST_NAMES} names.")


def _check_defaults(queue: Queue) -> None:
    """Raises BadRequest for a default that the queue itself refuses: nobody could leave it unsaid."""
    given = queue.defaults
    for name, value in (("walltime", given.runtime_s), ("mem", given.memory)):
        low, high = (getattr(limits, amounts.LIMITS[name]) for limits in (queue.minima, queue.maxima))
        if value is not None and ((low is not None and value < low) or (high is not None and value > high)):
            bound, limit = ("least", low) if high is None or value <= high else ("most", high)
            raise BadRequest(
                f"Queue {queue.name} gives {name}={amounts.write(name, value)} to jobs that do not say it,"
                f" and takes at {bound} {amounts.write(name, limit)}."
            )
    for name in TYPES:
        kind = given.resources.get(name)
        if kind is not None and not all(type_allowed(queue, one) for one in kind.split("+")):
            raise BadRequest(
                f"Queue {queue.name} gives {name}={kind} to jobs that do not say it, and does not allow it."
            )


_LISTS: Final = (
    "allowed_users",
    "denied_users",
    "allowed_groups",
    "denied_groups",
    "restricted",
    "allowed_types",
    "excluded_types",
)


def chosen(queues: Sequence[Queue], name: str) -> Queue | None:
    """The queue of this name; the default (None: there is none) for a job that names none.

    Raises QueueRefused.
    """
    if not name:
        return next((queue for queue in queues if queue.default), None)
    found = next((queue for queue in queues if queue.name.casefold() == name.casefold()), None)
    if found is None:
        names = ", ".join(queue.name for queue in queues[:20]) or "none"
        raise QueueRefused(
            f"There is no queue {name[:80]!r}; there are: {names}.",
            reason=QueueReason.UNKNOWN_QUEUE,
            queue=name,
            asked=name,
        )
    return found


# ---- who and what


def admits(queue: Queue, user: str, groups: Collection[str]) -> bool:
    """Whether this user, in these groups, may use the queue (spec soca, 8.3).

    Who is allowed is admitted even if denied; nobody allowed or denied: everybody.
    """
    if not (queue.allowed_users or queue.allowed_groups or queue.denied_users or queue.denied_groups):
        return True
    mine = {group.casefold() for group in groups}
    if user.casefold() in _folded(queue.allowed_users) or mine & _folded(queue.allowed_groups):
        return True
    denied = _folded(queue.denied_users)
    return (
        EVERYBODY not in denied and user.casefold() not in denied and not mine & _folded(queue.denied_groups)
    )


def _folded(names: Iterable[str]) -> set[str]:
    return {name.casefold() for name in names}


def type_allowed(queue: Queue, kind: str) -> bool:
    """Whether a type of node may be used: excluded ones win, no allowed ones mean all (spec soca, 8.2)."""
    names = {kind.casefold(), kind.partition(".")[0].casefold()}
    if names & _folded(queue.excluded_types):
        return False
    return not queue.allowed_types or bool(names & _folded(queue.allowed_types))


def said(job: JobSpec, tasks: Sequence[TaskSpec]) -> dict[str, str]:
    """The resources that a job names itself, with their values as text."""
    found = _named(job, tasks)
    for name, says in _SAYS.items():
        if (value := says(job, tasks)) is not None:
            found[name] = value
    return found


def _named(job: JobSpec, tasks: Sequence[TaskSpec]) -> dict[str, str]:
    """The resources of the site among them: all but those in `_SAYS`."""
    found = dict(job.extra_resources)
    for chunk in _chunks(tasks):
        found |= chunk.extra
    return found


_Says = Callable[[JobSpec, Sequence[TaskSpec]], str | None]


def _walltime(job: JobSpec, _tasks: Sequence[TaskSpec]) -> str | None:
    return None if job.runtime_s is None else amounts.write("walltime", job.runtime_s)


def _of_chunks(field: str, unsaid: object) -> _Says:
    def says(_job: JobSpec, tasks: Sequence[TaskSpec]) -> str | None:
        values = [getattr(chunk, field) for chunk in _chunks(tasks)]
        return next((str(value) for value in values if value != unsaid), None)

    return says


def _place(_job: JobSpec, tasks: Sequence[TaskSpec]) -> str | None:
    for task in tasks:
        if task.sharing is not Sharing.DEFAULT:
            return str(task.sharing.value)
        if task.arrangement is not Arrangement.FREE:
            return str(task.arrangement.value)
    return None


_SAYS: Final[Mapping[str, _Says]] = MappingProxyType(
    {
        "walltime": _walltime,
        "mem": _of_chunks("memory", 0),
        "ncpus": _of_chunks("cores", 1),
        "ngpus": _of_chunks("gpus", 0),
        "mpiprocs": _of_chunks("ranks", 0),
        "ompthreads": _of_chunks("threads", 0),
        "host": _of_chunks("host", ""),
        "place": _place,
    }
)


def _chunks(tasks: Iterable[TaskSpec]) -> list[Chunk]:
    return [chunk for task in tasks for chunk in task.chunks]


# ---- how much


Range = tuple[int, int]
"""What is asked for, at least and at most."""
_Asks = Callable[[JobSpec, Sequence[TaskSpec]], tuple[int | None, int | None]]


def _runtime(job: JobSpec, _tasks: Sequence[TaskSpec]) -> tuple[int | None, int | None]:
    return job.runtime_s, job.runtime_s


def _largest(
    of_task: Callable[[JobSpec, TaskSpec], Range], unit: UnitType | None = None, low: int = 0
) -> Callable[[JobSpec, Sequence[TaskSpec]], Range]:
    """What the largest task needs; and what the job itself says, where it counts in this unit and that is
    more.
    """

    def asks(job: JobSpec, tasks: Sequence[TaskSpec]) -> Range:
        least = most = low
        if unit is _unit(job):
            own_low, own_high = units_of(job, job.unit_type)
            least = 0 if job.auto_calculate_min else own_low
            most = max(least, 0 if job.auto_calculate_max else own_high)
        for task in tasks:
            if not task.type.is_node_duty:
                task_low, task_high = of_task(job, task)
                # A maximum below its minimum is refused later, by validation.
                least, most = max(least, task_low), max(most, task_low, task_high)
        return least, most

    return asks


def _unit(job: JobSpec) -> UnitType:
    """The unit that a job counts in, as far as queues tell them apart."""
    return UnitType.CORE if job.unit_type is UnitType.SOCKET else job.unit_type


def _sum(chunks: Sequence[Chunk], amount: Callable[[Chunk], int]) -> Range:
    """Of all parts of all chunks."""
    least = most = 0
    for chunk in chunks:
        one = amount(chunk)
        least += chunk.count * one
        most += max(chunk.count, chunk.max_count) * one
    return least, most


def _nodes(job: JobSpec, task: TaskSpec) -> Range:
    if task.chunks:
        return _sum(task.chunks, lambda chunk: 1)
    return units_of(task, job.unit_type) if job.unit_type is UnitType.NODE else (1, 1)


def _cores(job: JobSpec, task: TaskSpec) -> Range:
    if task.chunks:
        return _sum(task.chunks, lambda chunk: max(1, chunk.cores))
    return units_of(task, job.unit_type)


def _gpus(job: JobSpec, task: TaskSpec) -> Range:
    if task.chunks:
        return _sum(task.chunks, lambda chunk: chunk.gpus)
    return units_of(task, job.unit_type) if job.unit_type is UnitType.GPU else (0, 0)


def _memory(job: JobSpec, task: TaskSpec) -> Range:
    if task.chunks:
        memories = [chunk.memory for chunk in task.chunks]
        return min(memories), max(memories)
    return job.estimated_process_memory_mb * MIB, job.estimated_process_memory_mb * MIB


def _total_memory(job: JobSpec, task: TaskSpec) -> Range:
    if task.chunks:
        return _sum(task.chunks, lambda chunk: chunk.memory)
    low, high = _nodes(job, task)
    memory = job.estimated_process_memory_mb * MIB
    return memory * low, memory * high


_NODES: Final = _largest(_nodes, UnitType.NODE, 1)
_ASKS: Final[Mapping[str, _Asks]] = MappingProxyType(
    {
        "runtime_s": _runtime,
        "nodes": _NODES,
        "cores": _largest(_cores, UnitType.CORE, 1),
        "gpus": _largest(_gpus, UnitType.GPU),
        "memory": _largest(_memory),
        "total_memory": _largest(_total_memory),
    }
)


def asked(field: str, job: JobSpec, tasks: Sequence[TaskSpec]) -> tuple[int | None, int | None]:
    """What a job asks for, at least and at most, of what this field of QueueLimits bounds: what its largest
    task needs, and what the job itself says where that is more. A run time of None has no end.
    """
    return _ASKS[field](job, tasks)


def nodes_at_once(job: JobSpec, tasks: Sequence[TaskSpec]) -> int:
    """What counts against max_nodes_running: the least of nodes (SOCA's nodect: the chunks)."""
    return _NODES(job, tasks)[0]


# ---- a job that comes


def admit(queue: Queue, job: Job, tasks: Sequence[TaskSpec], groups: Collection[str]) -> None:
    """Let a job in, as its user said it. Raises QueueRefused."""
    if not queue.enabled:
        _refuse(queue, QueueReason.NOT_ENABLED, f"Queue {queue.name} takes no new jobs: it is not enabled.")
    if not admits(queue, job.owner, groups):
        _refuse(
            queue,
            QueueReason.ACL,
            f"User {job.owner} may not use queue {queue.name}; an administrator can allow it (headgate queue"
            " set).",
            asked=job.owner,
        )
    if job.spec.run_until_canceled:  # it may go on without a task, where no limit could hold it back
        _refuse(
            queue,
            QueueReason.KIND,
            "A job that runs until it is canceled (RunUntilCanceled) can't be in a queue.",
            name="RunUntilCanceled",
        )
    if not queue.restricted:
        return
    restricted = _folded(queue.restricted)
    for name, value in said(job.spec, tasks).items():
        if name.casefold() in restricted:
            _refuse(
                queue,
                QueueReason.RESTRICTED,
                f"{name} is not for jobs to set in queue {queue.name}, and this one sets it to {value[:80]};"
                f" restricted there: {', '.join(queue.restricted)}.",
                name=name,
                asked=value,
            )


def check(queue: Queue, job: JobSpec, tasks: Sequence[TaskSpec]) -> None:
    """Whether a job, its defaults filled in, is within the queue's types and limits. Raises QueueRefused."""
    if queue.allowed_types or queue.excluded_types:
        _check_types(queue, _named(job, tasks))
    if queue.minima == queue.maxima == NO_LIMITS:
        return
    for name, field in amounts.LIMITS.items():
        low, high = getattr(queue.minima, field), getattr(queue.maxima, field)
        if low is None and high is None:
            continue
        least, most = asked(field, job, tasks)
        if high is not None and (most is None or most > high):
            _beyond(queue, name, "at most", most, high)
        if low is not None and least is not None and least < low:
            _beyond(queue, name, "at least", least, low)


def _check_types(queue: Queue, named: Mapping[str, str]) -> None:
    for name in TYPES:
        for kind in filter(None, named.get(name, "").split("+")):
            if not type_allowed(queue, kind):
                allowed, excluded = ", ".join(queue.allowed_types), ", ".join(queue.excluded_types)
                lists = f"allowed: {allowed or 'all others'}" + (f"; excluded: {excluded}" * bool(excluded))
                _refuse(
                    queue,
                    QueueReason.TYPE,
                    f"{name} {kind[:80]} is not allowed in queue {queue.name}; {lists}.",
                    name=name,
                    asked=kind,
                    allowed=allowed,
                    excluded=excluded,
                )


def _beyond(queue: Queue, name: str, bound: str, wanted: int | None, limit: int) -> None:
    asks = "no end" if wanted is None else amounts.write(name, wanted)
    allowed = amounts.write(name, limit)
    _refuse(
        queue,
        QueueReason.LIMIT,
        f"The job asks for {name} {asks}; queue {queue.name} allows {bound} {allowed}.",
        name=name,
        asked=asks,
        allowed=allowed,
    )


def refuse_full(queue: Queue, user: str, limit: int) -> None:
    """The user has as many jobs waiting as there may be. Raises QueueRefused."""
    _refuse(
        queue,
        QueueReason.FULL,
        f"User {user} has {limit} jobs waiting in queue {queue.name}, as many as it allows"
        " (max_queued_per_user).",
        name="max_queued_per_user",
        asked=str(limit + 1),
        allowed=str(limit),
    )


def _refuse(
    queue: Queue,
    reason: QueueReason,
    text: str,
    *,
    name: str = "",
    asked: str = "",
    allowed: str = "",
    excluded: str = "",
) -> None:
    kind = QueueDenied if reason is QueueReason.ACL else QueueRefused
    facts = {"name": name, "asked": asked, "allowed": allowed, "excluded": excluded}
    raise kind(text, reason=reason, queue=queue.name, **facts)


# ---- defaults


class Filled(Struct, frozen=True):
    """A job with what its queue filled in, and what that was."""

    job: JobSpec
    tasks: tuple[TaskSpec, ...]
    notes: tuple[str, ...]


def filled(queue: Queue, job: JobSpec, tasks: Sequence[TaskSpec]) -> Filled:
    """The job with the queue's defaults for what it does not say.

    Without a default, a maximum of the run time is one (OpenPBS fills in resources_max the same way).
    """
    defaults = queue.defaults
    own = said(job, tasks) if defaults.memory or defaults.resources else {}
    notes: list[str] = []

    def note(name: str, value: str) -> None:
        notes.append(f"Queue {queue.name} gave it {name}={value}.")

    limit = defaults.runtime_s or queue.maxima.runtime_s
    if job.runtime_s is None and limit is not None:
        job = replace(job, runtime_s=limit)
        note("walltime", amounts.write("walltime", limit))
    if defaults.memory and "mem" not in own and not job.estimated_process_memory_mb:
        job, tasks = _with_memory(job, tasks, defaults.memory)
        note("mem", amounts.write("mem", defaults.memory))
    if defaults.resources:
        known = _folded(own)
        more = {name: value for name, value in defaults.resources.items() if name.casefold() not in known}
        job = replace(job, extra_resources={**job.extra_resources, **more}) if more else job
        for name, value in more.items():
            note(name, value)
    return Filled(job, tuple(tasks), tuple(notes))


def _with_memory(job: JobSpec, tasks: Sequence[TaskSpec], memory: int) -> tuple[JobSpec, Sequence[TaskSpec]]:
    if not any(task.chunks for task in tasks):
        return replace(job, estimated_process_memory_mb=-(-memory // MIB)), tasks
    return job, [
        replace(task, chunks=tuple(replace(chunk, memory=memory) for chunk in task.chunks)) for task in tasks
    ]
