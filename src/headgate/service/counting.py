"""What a task counts as: the figures that a job keeps of its tasks, each computed in one place. Pure."""

from msgspec import Struct

from headgate.core.model import Task
from headgate.core.states import FINAL_TASK_STATES, TaskState
from headgate.core.vocabulary import TaskType

_SENDING = frozenset({TaskState.QUEUED, TaskState.DISPATCHING, TaskState.RUNNING})


class Standing(Struct, frozen=True):
    """How a task stands with its job."""

    ended: bool
    failed: bool


def standing(task: Task) -> Standing:
    """Whether it has ended, and badly.

    A task that was cancelled while instances of it were running counts as failed, like a Basic task that was
    cancelled while it ran (spec hpcpack-model, section 7.2).
    """
    failed = task.state is TaskState.FAILED or (task.state is TaskState.CANCELED and task.failed > 0)
    return Standing(task.state in FINAL_TASK_STATES, failed)


def waiting_instances(task: Task) -> int:
    """Instances that are neither live nor ended."""
    return task.instance_count - task.live - task.finished - task.failed - task.canceled


def startable_instances(task: Task) -> int:
    """Instances that wait, as far as so many more may be live at once."""
    waiting = waiting_instances(task)
    most = task.spec.max_running
    return min(waiting, max(0, most - task.live)) if most else waiting


def has_something_to_start(task: Task) -> bool:
    """Whether an instance of this task could be handed to an engine now, resources aside."""
    if task.waits_for or task.spec.type.is_node_duty:
        return False
    if task.spec.type is TaskType.BASIC:
        return task.state is TaskState.QUEUED
    if task.state not in _SENDING:
        return False
    if task.spec.type is TaskType.SERVICE:
        return not task.concluded
    return waiting_instances(task) > 0


def runs(task: Task) -> tuple[int, int]:
    """(runs, ended runs) of a task: what the job's progress is computed from.

    NodePrep and NodeRelease do not count.
    """
    if task.spec.type.is_node_duty:
        return 0, 0
    if task.spec.type is TaskType.BASIC:
        return 1, int(task.state in FINAL_TASK_STATES)
    return task.instance_count, task.finished + task.failed + task.canceled
