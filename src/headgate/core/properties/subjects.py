"""What properties are read from: a job or a task, with what belongs to it but does not stand in it.

Property.read takes a JobSubject (registry JOB), a TaskSubject (TASK) or a Node (NODE).
"""

from msgspec import Struct

from headgate.core.model import Instance, Job, Task, TaskSpec
from headgate.core.sweep import instance_spec


class JobSubject(Struct, frozen=True):
    """A job. children: ids of the jobs that wait for it (ChildJobIds)."""

    job: Job
    children: tuple[int, ...] = ()


class TaskSubject(Struct, frozen=True):
    """A task, or one of its instances. Made with `TaskSubject.of`.

    spec: what it runs, for an instance with the sweep value filled in.
    facts: what became of it: the instance if there is one, else the task.
    output: the captured output, where it was asked for.
    """

    task: Task
    instance: Instance | None
    spec: TaskSpec
    facts: Task | Instance
    output: bytes = b""

    @classmethod
    def of(cls, task: Task, instance: Instance | None = None, output: bytes = b"") -> "TaskSubject":
        """A task, or an instance of it."""
        spec = task.spec if instance is None else instance_spec(task.spec, instance.number)
        return cls(task, instance, spec, instance or task, output)
