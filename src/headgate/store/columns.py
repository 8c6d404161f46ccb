"""The columns of a job and of a task: what rows hold beside the whole value, made of it. Pure."""

from typing import Any, Final

from headgate.core.errors import BadRequest
from headgate.core.lines import line_of
from headgate.core.model import Job, Task
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.store.codec import encode, folded
from headgate.store.ladders import Place

Columns = dict[str, Any]
HAS_PARENTS: Final = 1
HAS_GROUPS: Final = 2
_LARGEST: Final = 2**63
_IN_QUEUE: Final = (JobState.QUEUED, JobState.RUNNING)


def place_of(job: Job) -> Place:
    """What a job counts as."""
    return Place(job.id, int(job.state), folded(job.owner), job.times.changed)


def parents_of(job: Job) -> set[int]:
    """The jobs whose end may matter to this one."""
    parents = {dependency.job_id for dependency in job.spec.depends_on}
    if job.spec.step is not None and job.spec.step.of is not None:
        parents.add(job.spec.step.of)
    return parents


def _due(job: Job) -> int | None:
    """When a queued job is to be looked at again."""
    if job.state is not JobState.QUEUED:
        return None
    start, wakes = job.spec.not_before, job.wakes
    return start if wakes is None else wakes if start is None else min(start, wakes)


def _names(job: Job) -> dict[str, str | None]:
    """The name again, in those columns by which somebody may look for it."""
    name, state = job.spec.name or None, job.state
    step = job.spec.step
    opens = step is not None and step.of is None and not step.of_name
    is_open = state not in FINAL_JOB_STATES and state is not JobState.CONFIGURING and job.foreign is None
    return {
        "open_name": name if is_open else None,
        "singleton_name": name if job.spec.singleton and state is JobState.QUEUED else None,
        "chain_name": name if opens and state is not JobState.CONFIGURING else None,
    }


def links_of(job: Job) -> int:
    """Which of the tables of links have rows of the job."""
    spec = job.spec
    has_parents = spec.depends_on or (spec.step is not None and spec.step.of is not None)
    return (HAS_PARENTS if has_parents else 0) | (HAS_GROUPS if spec.node_groups else 0)


def of_job(job: Job, place: Place, links: int) -> Columns:
    """The columns of a job, and its id by the name by which `put` asks for it.

    Raises BadRequest for a value that no column takes: later it would be everybody's fault. The body takes no
    text that is not Unicode, so only numbers that users say are looked at.
    """
    state, due = job.state, _due(job)
    if not -_LARGEST < job.spec.priority < _LARGEST or (due is not None and not -_LARGEST <= due < _LARGEST):
        raise BadRequest("a value cannot be stored: the priority or a time is too large")
    return {
        "id": place.id,
        "job": place.id,
        "state": place.state,
        "owner": place.owner,
        "changed": place.changed,
        "queue_key": -job.spec.priority if job.ready_tasks > 0 and state in _IN_QUEUE else None,
        "not_before": due,
        "ended": job.times.ended if state in FINAL_JOB_STATES else None,
        "links": links,
        "line": line_of(job),
        "foreign_key": None if job.foreign is None else job.foreign.key,
        **_names(job),
        "body": encode(job),
    }


def of_task(task: Task) -> Columns:
    """The columns of a task, and its key by the names by which `put` asks for it."""
    return {
        "job_id": task.job_id,
        "number": task.number,
        "job": task.job_id,
        "task": task.number,
        "state": int(task.state),
        "changed": task.times.changed,
        "ready_number": task.number if task.ready else None,
        "expanded_number": task.number if task.expanded else None,
        "body": encode(task),
    }
