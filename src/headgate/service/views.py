"""What a caller gets to see: a job or a task, and how much of it."""

from msgspec import Struct

from headgate.core.model import Instance, Job, Task


class JobView(Struct, frozen=True):
    """A job as a caller may see it. Unless `full`, properties marked private are to be shown empty.

    children: ids of the jobs that wait for it.
    """

    job: Job
    full: bool = True
    children: tuple[int, ...] = ()


class TaskView(Struct, frozen=True, kw_only=True):
    """A task, or one instance of it, as a caller may see it.

    full False: private properties are to be shown empty. own: the caller is the job's owner.
    output: the captured output; empty unless `full`.
    """

    task: Task
    instance: Instance | None = None
    full: bool = True
    own: bool = True
    output: bytes = b""
