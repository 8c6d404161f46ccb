"""Instances without a row: what they look like. Pure."""

from msgspec.structs import replace

from headgate.core.model import Instance, Task
from headgate.core.states import TaskState


def untouched(task: Task, number: int) -> Instance:
    """Instance `number` of a task that was never started or changed: it is what the rest of the task is."""
    ended = (
        task.times.ended
        if task.rest_state in (TaskState.CANCELED, TaskState.FAILED, TaskState.FINISHED)
        else None
    )
    return Instance(
        job_id=task.job_id,
        task=task.number,
        number=number,
        state=task.rest_state,
        previous_state=TaskState.VALIDATING if task.rest_state is TaskState.QUEUED else TaskState.QUEUED,
        times=replace(task.times, started=None, ended=ended),
    )
