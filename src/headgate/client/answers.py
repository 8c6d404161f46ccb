"""What a server answers.

Members this version does not know are passed over, so that a newer server is understood.
"""

from datetime import datetime

from msgspec import Struct

ENDED = frozenset({"finished", "failed", "canceled"})
"""States that are final, of jobs and of tasks."""


class Token(Struct, frozen=True, kw_only=True):
    """A bearer token."""

    token: str
    user: str
    expires: datetime | None = None


class Me(Struct, frozen=True, kw_only=True):
    """Who the server takes us for."""

    name: str
    login: str
    role: str


class Job(Struct, frozen=True, kw_only=True):
    """A job. In a list only the first half is told; `full` is whether we may see what is private."""

    id: int
    name: str
    owner: str
    state: str
    priority: int
    created: datetime
    changed: datetime
    submitted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    task_count: int = 0
    open_tasks: int = 0
    failed_tasks: int = 0
    full: bool = False
    origin: str = "ours"
    project: str = ""
    template: str = ""
    queue: str = ""
    failure: str = ""
    first_failed_task: int | None = None
    pending_reason: str = ""
    pending_text: str = ""
    warnings: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    runtime_s: int | None = None
    requested_nodes: tuple[str, ...] = ()
    excluded_nodes: tuple[str, ...] = ()
    node_groups: tuple[str, ...] = ()
    depends_on: tuple[int, ...] = ()
    not_before: datetime | None = None
    requeue_count: int = 0
    environment: dict[str, str] = {}

    @property
    def has_ended(self) -> bool:
        """Whether its state is final."""
        return self.state in ENDED


class Sweep(Struct, frozen=True, kw_only=True):
    """The values of a parametric sweep."""

    start: int
    end: int
    increment: int = 1


class Task(Struct, frozen=True, kw_only=True):
    """A task, or with `instance` one instance of it."""

    job: int
    number: int
    name: str
    kind: str
    state: str
    created: datetime
    changed: datetime
    instance: int | None = None
    instance_count: int | None = None
    sweep: Sweep | None = None
    started: datetime | None = None
    ended: datetime | None = None
    exit_code: int | None = None
    signal: int | None = None
    failure: str = ""
    nodes: tuple[str, ...] = ()
    engine_id: str = ""
    requeue_count: int = 0
    command: str | None = None
    work_directory: str | None = None
    stdin: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    output_file: str | None = None
    error_file: str | None = None

    @property
    def label(self) -> str:
        """`37.1`, or `37.1.4` for an instance."""
        return f"{self.job}.{self.number}" + (f".{self.instance}" if self.instance else "")


class JobPage(Struct, frozen=True, kw_only=True):
    """Jobs, and where to go on."""

    jobs: tuple[Job, ...]
    next: str | None = None


class TaskPage(Struct, frozen=True, kw_only=True):
    """Tasks, and where to go on."""

    tasks: tuple[Task, ...]
    next: str | None = None


class Node(Struct, frozen=True, kw_only=True):
    """A node."""

    name: str
    state: str
    reachable: bool = True
    cores: int = 0
    sockets: int = 0
    gpus: int = 0
    memory_mb: int = 0
    groups: tuple[str, ...] = ()
    reason: str = ""


class NodeList(Struct, frozen=True, kw_only=True):
    """All nodes."""

    nodes: tuple[Node, ...]


class Problem(Struct, frozen=True, kw_only=True):
    """RFC 9457."""

    title: str = ""
    status: int = 0
    detail: str = ""
    code: str = ""
    field: str = ""
    request_id: str = ""
