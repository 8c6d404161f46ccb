"""What a job is: Job 1—n Task 1—n Instance, as immutable values.

A `JobSpec`/`TaskSpec` is what somebody asked for; a `Job`/`Task`/`Instance` is that plus what has become of
it. All times are UTC microseconds since the epoch, None where unset. Fields carry the field's names in
snake case; `properties/` maps the HPC Pack names to them. Ids of jobs are one sequence for the whole
installation; tasks are numbered 1, 2, 3… within a job and instances 1…n within a task (0 stands for "the
task itself").

An instance of a sweep has no row until it has been started or changed: `Task.next_instance` is the first
one that was never handed to an engine, and `Task.rest_state` the state of all those without a row. A task
that has no instances (Basic) keeps its run in the task itself.

Long, but one thing because it is the list of all that is kept: values without behaviour, in one place.
"""

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import (
    Arrangement,
    DependencyCondition,
    HoldKind,
    Intention,
    JobType,
    NodeGroupOp,
    NodeState,
    Origin,
    PassageKind,
    PendingReason,
    Role,
    Sharing,
    TaskType,
    UnitType,
)

INT_MAX = 2147483647
DEFAULT_PRIORITY = 2000


class JobDependency(Struct, frozen=True):
    """This job waits for another one. `delay_s` more seconds after the condition was met."""

    job_id: int
    condition: DependencyCondition = DependencyCondition.SUCCEEDED
    delay_s: int = 0


class StepRule(Struct, frozen=True):
    """When a step is deleted instead of run (PJM `sd=`, spec pjm 4.2): `what` (`ec`: exit code, `pc`: PJM
    code) compared by `operator` with any of `values`, in one of the steps `numbers` (none: the last one that
    ran). `deletes`: `one`, `after` or `all`.
    """

    what: str
    operator: str
    values: tuple[int, ...]
    deletes: str = "one"
    numbers: tuple[int, ...] = ()


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a chain whose parts run one after another (PJM step job, spec pjm 4.2).

    `of`: the job that opened the chain, by id; `of_name`: or by name; neither: this one opens it. number:
    None for the next one. rules: any that is true deletes it.
    """

    of: int | None = None
    of_name: str = ""
    number: int | None = None
    rules: tuple[StepRule, ...] = ()


class Chunk(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Equal parts of a task's resources, each wholly on one node. All amounts are of one part.

    count, max_count: how many parts at least, and at most (0: no more than count). cores: 0 stands for all of
    the node. ranks: MPI processes, threads: OpenMP threads of each, 0: not said. memory: bytes, 0: not said.
    host: the node by name. features: what the node must have. extra: named resources of a site.
    """

    count: int = 1
    max_count: int = 0
    cores: int = 1
    ranks: int = 0
    threads: int = 0
    memory: int = 0
    gpus: int = 0
    host: str = ""
    features: tuple[str, ...] = ()
    extra: dict[str, str] = {}


class JobSpec(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for. Memory in MiB, times in seconds, `not_before` in UTC microseconds."""

    name: str = ""
    project: str = ""
    account: str = ""
    """What it is charged to, where that is not the project."""
    group: str = ""
    """OS group it runs with, by name or number; empty: the account's own."""
    comment: str = ""
    run_as: str = ""
    queue: str = ""
    template: str = "Default"
    pool: str = "Default"
    client_source: str = ""
    service_name: str = ""
    job_type: JobType = JobType.BATCH
    priority: int = DEFAULT_PRIORITY
    runtime_s: int | None = None
    min_runtime_s: int | None = None
    """It may be given less time than `runtime_s`, but not less than this."""
    not_before: int | None = None
    holds: tuple[HoldKind, ...] = ()
    # other jobs
    depends_on: tuple[JobDependency, ...] = ()
    depends_on_any: bool = False
    """One dependency that is met is enough."""
    drop_when_hopeless: bool = False
    """Cancelled as soon as its dependencies can no longer be met, instead of waiting for ever. A job that was
    cancelled before it ran then meets none of them (spec pbs, section 10).
    """
    precedes: tuple[JobDependency, ...] = ()
    """Jobs that wait for this one: the mirror of `depends_on` (OpenPBS before…)."""
    awaits: int = 0
    """How many jobs that precede it have yet to name it (OpenPBS on:count)."""
    rivals: tuple[int, ...] = ()
    """Of it and these only one runs: the others are dropped when that one starts (OpenPBS runone)."""
    singleton: bool = False
    """Waits until no earlier job of its name and owner is left."""
    step: Step | None = None
    # resources
    unit_type: UnitType = UnitType.CORE
    min_cores: int = 1
    max_cores: int = 1
    min_sockets: int = 1
    max_sockets: int = 1
    min_nodes: int = 1
    max_nodes: int = 1
    auto_calculate_min: bool = True
    auto_calculate_max: bool = True
    single_node: bool = False
    exclusive: bool = False
    requested_nodes: tuple[str, ...] = ()
    excluded_nodes: tuple[str, ...] = ()
    node_groups: tuple[str, ...] = ()
    node_group_op: NodeGroupOp | None = None
    min_memory_mb: int = 1
    max_memory_mb: int = INT_MAX
    min_cores_per_node: int = 1
    max_cores_per_node: int = INT_MAX
    estimated_process_memory_mb: int = 0
    software_license: tuple[str, ...] = ()
    order_by: str = ""
    extra_resources: dict[str, str] = {}
    target_resource_count: int = 0
    planned_core_count: int = -1
    # behaviour
    run_until_canceled: bool = False
    fail_on_task_failure: bool = False
    fail_dependent_tasks: bool = False
    valid_exit_codes: str = ""
    execution_failure_retry_limit: int = 0
    preemptable: bool = False
    can_grow: bool = True
    can_shrink: bool = True
    stop_signal: str = "INT"
    stop_grace_s: float = 15.0
    limit_signal: str = ""
    """Signal at the end of the run time, where that is not `stop_signal`."""
    warning_signal: str = ""
    warning_before_s: int = 0
    """Seconds before the end of the run time at which `warning_signal` is sent."""
    # notices
    notify_on_start: bool = False
    notify_on_completion: bool = False
    notify_on_failure: bool = False
    notify_on_requeue: bool = False
    notify_each: bool = False
    """For each instance, not for the whole."""
    email_address: str = ""
    # jobs that came as a script
    flavour: str = ""
    """Whose variables, names of output files and manners it runs with: a name of `registry.FLAVOURS`."""
    options: dict[str, str] = {}
    """What the script says and only its flavour knows, by the flavour's own names."""
    submit_directory: str = ""
    script_file: str = ""
    """Under this name the script is left in `submit_directory`, which is made if need be, for the account
    alone, when a run starts (spec soca, 4.1); empty: neither.
    """
    submit_host: str = ""
    submit_variables: dict[str, str] = {}
    """Variables of the submitter that the flavour passes on under names of its own (HOME, LANG, …)."""


class TaskSpec(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked for of one task.

    `script` overrides `command_line` (for jobs that came as script files).
    """

    name: str = ""
    type: TaskType = TaskType.BASIC
    command_line: str = ""
    script: bytes = b""
    interpreter: tuple[str, ...] = ("/bin/bash",)
    """What runs the script; empty: what its first line says, else the account's login shell."""
    work_directory: str = ""
    at_submission: bool = False
    """With no `work_directory` it starts where the job was submitted, not in the home."""
    stdin: str = ""
    stdout: str = ""
    stderr: str = ""
    join: str = ""
    """`oe`: stderr goes where stdout goes; `eo`: the other way round; `n`: apart, though the flavour would
    join them.
    """
    append: bool = False
    """To the output files, instead of writing them anew."""
    umask: int = 0o022
    limits: dict[str, int] = {}
    """Limits of each process (setrlimit), by their names without RLIMIT_ in lower case; -1: none."""
    min_cores: int = 1
    max_cores: int = 1
    min_sockets: int = 1
    max_sockets: int = 1
    min_nodes: int = 1
    max_nodes: int = 1
    chunks: tuple[Chunk, ...] = ()
    """What it needs in parts; where there are any, the pairs above follow from them."""
    arrangement: Arrangement = Arrangement.FREE
    sharing: Sharing = Sharing.DEFAULT
    processes: int = 0
    """MPI processes in all, where that was said; 0: follows from the chunks."""
    required_nodes: tuple[str, ...] = ()
    requested_node_group: str = ""
    depends_on: tuple[str, ...] = ()
    """Names of tasks it waits for."""
    follows: tuple[int, ...] = ()
    """Numbers of tasks it waits for besides: those of the groups that its own group comes after."""
    exclusive: bool = False
    rerunnable: bool = True
    runtime_s: int | None = None
    start_value: int = 0
    end_value: int = 0
    increment: int = 1
    index_set: str = ""
    """The indices of the instances (`1,3,7-9`, ascending, each once), where start, end and increment can't
    say them.
    """
    max_running: int = 0
    """Instances at once, at most; 0: as many as fit."""
    valid_exit_codes: str = ""
    fail_job_on_failure: bool = False
    fail_job_on_failure_count: int = 1
    user_blob: str = ""


class Mishap(Struct, frozen=True, omit_defaults=True):
    """Why something failed or was cancelled: the name of a code (`codes.py`) and its parameters."""

    code: str
    parameters: tuple[str, ...] = ()


class Share(Struct, frozen=True, omit_defaults=True):
    """Cores allocated on a node, by number.

    parts: for a task with chunks, the positions in `TaskSpec.chunks` of the parts that are here, one for each
    part.
    """

    node: str
    cores: tuple[int, ...]
    parts: tuple[int, ...] = ()


class Times(Struct, frozen=True, omit_defaults=True):
    """When it happened."""

    created: int = 0
    changed: int = 0
    submitted: int | None = None
    started: int | None = None
    ended: int | None = None

    def over(self, at: int) -> "Times":
        """Ended at this time, but not before it started: the clock of a node may be ahead of ours, and ours
        may have been set back since.
        """
        return replace(self, ended=max(at, self.started or 0))


class Run(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One run of a Basic task or of an instance: the latest, with counts of the earlier ones."""

    intent: int = 0
    """The intent that is (or was) responsible for it; 0: none yet."""
    native: str = ""
    exit_code: int = 0
    signal: int | None = None
    mishap: Mishap | None = None
    shares: tuple[Share, ...] = ()
    intention: Intention = Intention.NONE
    message: str = ""
    """What the user said when cancelling or finishing it."""
    forced: bool = False
    """Cancelled without grace."""
    requeue_count: int = 0
    auto_requeue_count: int = 0
    failure_retry_count: int = 0


class Foreign(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of a job that was entered elsewhere, with the engine's own commands.

    cluster, native: where, and its id there. account: whose it is there. submitted: UTC microseconds, of its
    latest start anew. Of an array: the indices (`1,3,7-9`) that were seen, and those whose end was seen.
    """

    cluster: str
    native: str
    account: str
    submitted: int
    elements: str = ""
    finished: str = ""
    failed: str = ""
    canceled: str = ""

    @property
    def key(self) -> str:
        """By which it is looked up; an engine that lost its state gives an id again."""
        return f"{self.cluster}/{self.native}"


class Passage(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the tasks of a job are going through, in several transactions: see `service/passages.py`.

    done: those up to this number have. critical: one of them failed that fails the job once it is queued.
    """

    kind: PassageKind
    done: int = 0
    critical: bool = False


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job and what has become of it."""

    id: int = 0
    owner: str = ""
    spec: JobSpec = JobSpec()
    environment: dict[str, str] = {}
    custom: dict[str, str] = {}
    state: JobState = JobState.CONFIGURING
    previous_state: JobState = JobState.CONFIGURING
    times: Times = Times()
    priority_set: bool = False
    progress: int | None = None
    progress_message: str = ""
    mishap: Mishap | None = None
    intention: Intention = Intention.NONE
    forced: bool = False
    message: str = ""
    pending_reason: PendingReason = PendingReason.NONE
    requeue_count: int = 0
    warnings: tuple[str, ...] = ()
    """What was said in vain: by the document it came from, and by its properties as they are now."""
    import_warnings: tuple[str, ...] = ()
    """Those of the document alone."""
    template_environment: dict[str, str] = {}
    """Variables of its template, as they were when it was submitted."""
    engine: str = "local"
    foreign: Foreign | None = None
    """Of one that was entered elsewhere: it is only shown here."""
    node_phases: dict[str, str] = {}
    """Nodes the job has used since it started, and how far NodePrep/NodeRelease are: see dispatcher."""
    nodes: tuple[str, ...] = ()
    """Allocated nodes, in the order in which they were first used."""
    # counters, kept with every change of a task
    task_count: int = 0
    task_bytes: int = 0
    """Bytes of text that its tasks hold."""
    open_tasks: int = 0
    """Tasks that have not ended, NodePrep and NodeRelease not counted."""
    failed_tasks: int = 0
    first_failed_task: str = ""
    ready_tasks: int = 0
    """Tasks that have something to start now; 0 while the job is blocked."""
    runs: int = 0
    """Runs the job consists of: one for each Basic task and each instance; `ended_runs` of them have ended.
    """
    ended_runs: int = 0
    node_duties: bool = False
    """Whether it has NodePrep or NodeRelease tasks."""
    live: int = 0
    """Runs (of tasks and instances) handed to an engine and not ended."""
    blocked: bool = False
    """Held, waiting for its time or for other jobs: `pending_reason` says which."""
    asked_nodes: int = 0
    """Nodes it asks for at once, as its queue counts them; 0 without a queue."""
    queue_notes: tuple[str, ...] = ()
    """What its queue filled in."""
    passage: Passage | None = None
    """What its tasks are going through, while it is Submitted, Validating, Finishing or Canceling."""
    wakes: int | None = None
    """When the delay of a dependency that is met is over, while the job waits for nothing else."""

    @property
    def origin(self) -> Origin:
        """Where it was entered."""
        return Origin.OURS if self.foreign is None else Origin.FOREIGN


class Task(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A task and what has become of it; for one with instances, their master."""

    job_id: int = 0
    number: int = 0
    system_id: int = 0
    """Number within the installation (CCP_TASKSYSTEMID)."""
    spec: TaskSpec = TaskSpec()
    environment: dict[str, str] = {}
    custom: dict[str, str] = {}
    state: TaskState = TaskState.CONFIGURING
    previous_state: TaskState = TaskState.CONFIGURING
    times: Times = Times()
    run: Run = Run()
    waits_for: tuple[int, ...] = ()
    """Numbers of the tasks it still waits for."""
    wanted_by: tuple[int, ...] = ()
    """Numbers of the tasks that depend on it."""
    ready: bool = False
    """Whether it has something to start now."""
    cancelled_unrun: bool = False
    """Cancelled by name before it ever ran: a requeue of the job leaves it alone."""
    concluded: bool = False
    """A task that starts no further instances: what waited was ended with it."""
    # instances
    instance_count: int = 0
    expanded: bool = False
    next_instance: int = 1
    rows: int = 0
    """Instances that have a row of their own."""
    rest_state: TaskState = TaskState.CONFIGURING
    queued_rows: int = 0
    live: int = 0
    """Instances handed to an engine and not ended."""
    finished: int = 0
    failed: int = 0
    canceled: int = 0


class Instance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A subtask that has been started or changed."""

    job_id: int
    task: int
    number: int
    state: TaskState
    previous_state: TaskState
    times: Times
    run: Run = Run()


class Intent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A submission that was decided: durable before the engine hears of it, gone when all its instances
    have ended.
    """

    id: int = 0
    tag: str = ""
    job_id: int
    task: int
    instances: tuple[int, ...]
    lane: int
    shares: tuple[Share, ...]
    engine: str
    owner: str = ""
    """The replica that made it, and its fencing epoch."""
    epoch: int = 0
    incarnation: str = ""
    """Which life of the engine's machine it was meant for (its boot id)."""
    created: int = 0
    left: int = 0
    """How many of its instances have not ended."""


class Event(Struct, frozen=True, omit_defaults=True):
    """A change of state. `path` holds the states passed, the old one first; `seq` is the commit order.

    task 0 means the job; instance 0 means the task.
    """

    job_id: int
    task: int
    instance: int
    path: tuple[int, ...]
    at: int = 0
    seq: int = 0


class Node(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A node as the scheduler sees it."""

    id: int = 0
    name: str
    guid: str = ""
    engine: str = "local"
    state: NodeState = NodeState.ONLINE
    reachable: bool = True
    cores: int = 1
    sockets: int = 1
    gpus: int = 0
    memory_mb: int = 0
    cpu_mhz: int = 0
    groups: tuple[str, ...] = ()
    online_at: int | None = None
    offline_at: int | None = None
    reason: str = ""
    """Why it is not online, where a scheduler decides that."""


class NodeGroup(Struct, frozen=True, omit_defaults=True):
    """A named set of nodes; `managed` ones are made by Headgate."""

    name: str
    description: str = ""
    managed: bool = False


class User(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who may use the installation. Names compare case-insensitively.

    uid, gid: Headgate's own numbers, for faces that list some; never what an OS account may do. 0: none.
    """

    name: str
    role: Role = Role.USER
    password_hash: str = ""
    os_account: str = ""
    """Set by the local command line alone; empty: none, and where the server is root no task is run."""
    disabled: bool = False
    created: int = 0
    changed: int = 0
    email: str = ""
    shell: str = ""
    uid: int = 0
    gid: int = 0


class UserGroup(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A named set of users; `gid` is Headgate's own number. That each user has a group of their own, with the
    user's gid, is implied: none of those is kept.
    """

    name: str
    gid: int
    members: tuple[str, ...] = ()
    description: str = ""


class Token(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A text that stands for a user: found by the HMAC of the text.

    kind: `bearer` (our own /v1), of which nothing else is kept, or `api-key` (SOCA). sealed: the text itself,
    encrypted, of those that are handed out again.
    """

    digest: bytes
    user: str
    kind: str
    created: int
    expires: int | None = None
    sealed: bytes = b""


class TemplateItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a template says of one job property; values as they are written in a property list.

    default: None: the property's own. low, high: of a number, both included. allowed: the values that it, or
    each item of it, may have. required_values: items that a list must hold. required: it must not be empty.
    """

    default: str | None = None
    low: int | None = None
    high: int | None = None
    allowed: tuple[str, ...] | None = None
    required_values: tuple[str, ...] = ()
    required: bool = False


class Template(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job template. `items` by the name of the property, where Priority is an expanded priority.

    users: who may use it besides administrators; nobody named: everybody. Rules are in `templates.py`.
    """

    name: str
    description: str = ""
    items: dict[str, TemplateItem] = {}
    environment: dict[str, str] = {}
    users: tuple[str, ...] = ()


class QueueLimits(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Bounds of what one job may ask for; None: none.

    runtime_s: seconds. nodes, cores, gpus: in all. memory: bytes of one chunk; total_memory: of all of them.
    """

    runtime_s: int | None = None
    nodes: int | None = None
    cores: int | None = None
    gpus: int | None = None
    memory: int | None = None
    total_memory: int | None = None


class QueueDefaults(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a job gets that does not say it: seconds, bytes for each chunk, named resources."""

    runtime_s: int | None = None
    memory: int | None = None
    resources: dict[str, str] = {}


class Queue(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A queue of jobs. What its fields mean for a job is in `queues.py`.

    enabled: it takes new jobs. started: jobs of it are started. max_…: None is no limit. restricted: names
    of resources that a job may not set itself. allowed_types, excluded_types: of nodes (SOCA instance_type),
    whole or by family, the text before the dot. on_demand: how SOCA was told to make it; it changes nothing.
    """

    name: str
    description: str = ""
    priority: int = DEFAULT_PRIORITY
    default: bool = False
    enabled: bool = True
    started: bool = True
    on_demand: bool = False
    mode: str = "fifo"
    """How its jobs are ordered; there is no other way yet (SOCA's queue_mode)."""
    allowed_users: tuple[str, ...] = ()
    denied_users: tuple[str, ...] = ()
    """`*`: everybody who is not allowed by name or group."""
    allowed_groups: tuple[str, ...] = ()
    denied_groups: tuple[str, ...] = ()
    defaults: QueueDefaults = QueueDefaults()
    minima: QueueLimits = QueueLimits()
    maxima: QueueLimits = QueueLimits()
    max_running: int | None = None
    """Jobs that run at once."""
    max_running_per_user: int | None = None
    max_queued_per_user: int | None = None
    """Jobs that wait, held ones too."""
    max_nodes_running: int | None = None
    """Nodes that its running jobs ask for in all."""
    restricted: tuple[str, ...] = ()
    allowed_types: tuple[str, ...] = ()
    excluded_types: tuple[str, ...] = ()
