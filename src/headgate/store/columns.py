"""The columns of a job and of a task: what rows hold beside the whole value, made of it. Pure."""

from typing import Any, Final

from headgate.core.lines import line_of
from headgate.core.model import Job, Task
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.store.codec import encode, folded
from headgate.store.ladders import Place

Columns = dict[str, Any]
HAS_PARENTS: Final = 1
HAS_GROUPS: Final = 2
_IN_QUEUE: Final = (JobState.QUEUED, JobState.RUNNING)


def place_of(job: Job) -> Place:
    """What a job counts as."""
    return Place(job.id, job.state.value, folded(job.owner), job.times.changed)


def parents_of(job: Job) -> set[int]:
    """The jobs whose end may matter to this one."""
    parents = {dependency.job_id for dependency in job.spec.depends_on}
    if job.spec.step is not None and job.spec.step.of is not None:
        parents.add(job.spec.step.of)
    return parents


def _due(job: Job) -> int | None:
    """When a queued job is to be looked at again."""
    times = [one for one in (job.spec.not_before, job.wakes) if one is not None]
    return min(times) if times and job.state is JobState.QUEUED else None


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
    return (HAS_PARENTS if parents_of(job) else 0) | (HAS_GROUPS if job.spec.node_groups else 0)


def of_job(job: Job) -> Columns:
    """The columns of a job, and its id by the name by which `put` asks for it."""
    state, place = job.state, place_of(job)
    return {
        "id": place.id,
        "job": place.id,
        "state": place.state,
        "owner": place.owner,
        "changed": place.changed,
        "queue_key": -job.spec.priority if job.ready_tasks > 0 and state in _IN_QUEUE else None,
        "not_before": _due(job),
        "ended": job.times.ended if state in FINAL_JOB_STATES else None,
        "links": links_of(job),
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
        "state": task.state.value,
        "changed": task.times.changed,
        "ready_number": task.number if task.ready else None,
        "expanded_number": task.number if task.expanded else None,
        "body": encode(task),
    }
