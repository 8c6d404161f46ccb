"""What travels: every request and answer of /v1 as a type. The OpenAPI page is made from these.

Names are in snake case, states and kinds in lower case, times in RFC 3339 with `Z`, memory in MiB, durations
in seconds. A field of an answer that has nothing to say is left out.
"""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from headgate.core.model import INT_MAX

Number = Annotated[int, Meta(ge=-INT_MAX - 1, le=INT_MAX)]
Count = Annotated[int, Meta(ge=1, le=INT_MAX)]
Seconds = Annotated[int, Meta(ge=1, le=INT_MAX)]

MOST_TASKS = 10_000
JOB_STATES = Literal[
    "configuring", "submitted", "validating", "external_validation", "queued", "running", "finishing",
    "finished", "failed", "canceled", "canceling",
]  # fmt: skip
TASK_STATES = Literal[
    "configuring", "submitted", "validating", "queued", "dispatching", "running", "finishing",
    "finished", "failed", "canceled", "canceling",
]  # fmt: skip
TASK_KINDS = Literal["basic", "sweep", "node_prep", "node_release", "service"]
ORIGINS = Literal["ours", "foreign"]
ROLES = Literal["user", "operator", "jobadmin", "admin"]


class Incoming(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request body. Unknown members are refused: a misspelt limit must not be no limit."""


class Outgoing(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer."""


class Sweep(Incoming, frozen=True, kw_only=True):
    """A parametric sweep: one instance for each value; `*` in the command stands for the value."""

    start: Number = 1
    end: Number
    increment: Count = 1


class NewTask(Incoming, frozen=True, kw_only=True):
    """A task to run. Exactly one of `command` and `script`.

    `command` is a line for bash; `script` a whole script file, started by its `#!` line, else by bash. An
    empty `stdout` or `stderr` is captured and can be read as the task's output.
    """

    command: str = ""
    script: Annotated[str, Meta(max_length=1024 * 1024)] = ""
    name: str = ""
    kind: TASK_KINDS | None = None
    sweep: Sweep | None = None
    work_directory: str = ""
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    cores: Count | None = None
    max_cores: Count | None = None
    exclusive: bool = False
    required_nodes: list[str] = []
    depends_on: list[str] = []
    environment: dict[str, str] = {}
    runtime_s: Seconds | None = None
    rerunnable: bool = True
    valid_exit_codes: str = ""


class Submitter(Incoming, frozen=True, kw_only=True):
    """From where a job script is submitted: what its meaning depends on besides its text.

    `directory` is an absolute path on the machine the job will run on; `file` the script's name without
    folders; `variables` the submitter's environment, as far as the script asks for it.
    """

    directory: Annotated[str, Meta(max_length=4096)] = ""
    host: Annotated[str, Meta(max_length=255)] = ""
    file: Annotated[str, Meta(max_length=255)] = ""
    variables: dict[str, str] = {}


class NewJob(Incoming, frozen=True, kw_only=True):
    """A job with its tasks, made and submitted in one step. What is left out is as its template says.

    With a `flavour` (`pbs`, `pjm`, `slurm`) it is a job script with directives: the one task is its text,
    `submitter` says where it comes from, and the other members win over what the script says.
    """

    tasks: Annotated[list[NewTask], Meta(min_length=1, max_length=MOST_TASKS)]
    name: str = ""
    template: str | UnsetType = UNSET
    queue: Annotated[str, Meta(max_length=64)] = ""
    project: str | UnsetType = UNSET
    priority: Annotated[int, Meta(ge=0, le=4000)] | None = None
    environment: dict[str, str] = {}
    runtime_s: Seconds | None = None
    min_cores: Count | None = None
    max_cores: Count | None = None
    exclusive: bool | UnsetType = UNSET
    single_node: bool | UnsetType = UNSET
    requested_nodes: list[str] | UnsetType = UNSET
    excluded_nodes: list[str] = []
    node_groups: list[str] | UnsetType = UNSET
    depends_on: list[Annotated[int, Meta(ge=1, le=INT_MAX)]] = []
    not_before: Annotated[datetime, Meta(tz=True)] | None = None
    fail_on_task_failure: bool | UnsetType = UNSET
    fail_dependent_tasks: bool | UnsetType = UNSET
    notify_on_start: bool | UnsetType = UNSET
    notify_on_completion: bool | UnsetType = UNSET
    email_address: str | UnsetType = UNSET
    flavour: Annotated[str, Meta(max_length=40)] = ""
    submitter: Submitter | None = None


class Cancel(Incoming, frozen=True, kw_only=True):
    """How to cancel: `forced` kills at once, without the stop signal and its grace."""

    message: str = ""
    forced: bool = False


class Hold(Incoming, frozen=True, kw_only=True):
    """Which hold to set or release: a `user`'s own, an `operator`'s, or the `system`'s."""

    kind: Literal["user", "operator", "system"] = "user"


class NewToken(Incoming, frozen=True, kw_only=True):
    """How long the token shall last, at most as long as the server allows."""

    lasts_s: Seconds | None = None


class ChangeNode(Incoming, frozen=True, kw_only=True):
    """Whether the node is given work."""

    state: Literal["online", "offline"]


class Token(Outgoing, frozen=True, kw_only=True):
    """A bearer token. Its text is shown this once."""

    token: str
    user: str
    expires: datetime | None = None


class Me(Outgoing, frozen=True, kw_only=True):
    """Who you are here."""

    name: str
    login: str
    role: ROLES


class JobSummary(Outgoing, frozen=True, kw_only=True):
    """A job as everybody may see it."""

    id: int
    name: str
    owner: str
    state: JOB_STATES
    priority: int
    created: datetime
    changed: datetime
    submitted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    task_count: int
    origin: ORIGINS = "ours"


class Job(Outgoing, frozen=True, kw_only=True):
    """A job. What is for the owner and operators only is left out for others, and `full` is false."""

    id: int
    name: str
    owner: str
    state: JOB_STATES
    priority: int
    created: datetime
    changed: datetime
    submitted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    task_count: int
    open_tasks: int
    failed_tasks: int
    full: bool
    origin: ORIGINS = "ours"
    project: str = ""
    template: str = ""
    queue: str = ""
    failure: str = ""
    first_failed_task: int | None = None
    pending_reason: str = ""
    pending_text: str = ""
    warnings: list[str] = []
    nodes: list[str] = []
    runtime_s: int | None = None
    requested_nodes: list[str] = []
    excluded_nodes: list[str] = []
    node_groups: list[str] = []
    depends_on: list[int] = []
    not_before: datetime | None = None
    requeue_count: int = 0
    environment: dict[str, str] = {}


class Task(Outgoing, frozen=True, kw_only=True):
    """A task, or with `instance` one instance of it.

    `output_file` and `error_file` are told of a single one, where what it writes goes to files.
    """

    job: int
    number: int
    instance: int | None = None
    name: str
    kind: TASK_KINDS
    state: TASK_STATES
    instance_count: int | None = None
    sweep: Sweep | None = None
    created: datetime
    changed: datetime
    started: datetime | None = None
    ended: datetime | None = None
    exit_code: int | None = None
    signal: int | None = None
    failure: str = ""
    nodes: list[str] = []
    engine_id: str = ""
    requeue_count: int = 0
    command: str | None = None
    work_directory: str | None = None
    stdin: str | None = None
    stdout: str | None = None
    stderr: str | None = None
    output_file: str | None = None
    error_file: str | None = None


class JobPage(Outgoing, frozen=True, kw_only=True):
    """Jobs, and where to go on: pass `next` as `cursor`. No `next`: that was the end."""

    jobs: list[JobSummary]
    next: str | None = None


class TaskPage(Outgoing, frozen=True, kw_only=True):
    """Tasks of a job, and where to go on."""

    tasks: list[Task]
    next: str | None = None


class Node(Outgoing, frozen=True, kw_only=True):
    """A node. `reason`: why it is not online or not reachable, where a scheduler like Slurm says it."""

    name: str
    state: Literal["online", "offline", "draining"]
    reachable: bool
    cores: int
    sockets: int
    gpus: int
    memory_mb: int
    groups: list[str]
    reason: str = ""


class NodeList(Outgoing, frozen=True, kw_only=True):
    """All nodes."""

    nodes: list[Node]


class Limits(Outgoing, frozen=True, kw_only=True):
    """What jobs of a queue may ask for; what is left out is not limited. Memory in bytes, of each chunk."""

    runtime_s: int | None = None
    nodes: int | None = None
    cores: int | None = None
    gpus: int | None = None
    memory: int | None = None
    total_memory: int | None = None


class Queue(Outgoing, frozen=True, kw_only=True):
    """A queue. `usable`: by you. `enabled`: it takes new jobs; `started`: it starts those it has.

    `defaults`: what a job gets that does not say it, by the names of job scripts.
    """

    name: str
    description: str = ""
    priority: int
    default: bool
    enabled: bool
    started: bool
    usable: bool
    waiting: int
    running: int
    max_running: int | None = None
    max_running_per_user: int | None = None
    max_queued_per_user: int | None = None
    max_nodes_running: int | None = None
    defaults: dict[str, str] = {}
    minima: Limits = Limits()
    maxima: Limits = Limits()
    restricted: list[str] = []
    allowed_types: list[str] = []
    excluded_types: list[str] = []


class QueueList(Outgoing, frozen=True, kw_only=True):
    """All queues, the most urgent first."""

    queues: list[Queue]


class Problem(Outgoing, frozen=True, kw_only=True):
    """RFC 9457.

    `code` names the kind of refusal, `field` what it is about, `request_id` the request in the log. A queue
    that does not take a job says why in `reason`, and what was `asked`, is `allowed` and is `excluded`.
    """

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    field: str = ""
    request_id: str = ""
    reason: str = ""
    asked: str = ""
    allowed: str = ""
    excluded: str = ""
