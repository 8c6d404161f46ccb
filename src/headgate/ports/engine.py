"""Engine: what runs the work. One machine (`local`) or a foreign scheduler (`slurm`, `openpbs`).

The promises every engine keeps:

* A submission has three ends: `Accepted`, `Refused` or `Uncertain`. After `Uncertain` the caller asks
  `find` before it repeats anything.
* An engine reports what it *saw*. Absence is never an ending: an instance ends by its own exit status, by an
  explicit word of the engine that it never started, or by being declared lost with a reason.
* Reports stay available, in order, until they are acknowledged: `observe(since)` forgets everything
  up to `since`, and repeats everything after it when asked again (after a restart, for instance).
"""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Protocol

from msgspec import Struct

from headgate.core.figures import Figures
from headgate.core.launch import Launch, NodeShare, Placement
from headgate.core.model import JobSpec, TaskSpec
from headgate.core.vocabulary import NodeState


class Ability(Enum):
    """Something that not every engine can do. Callers ask for abilities, never for engines by name."""

    OWN_SCHEDULER = "own_scheduler"
    """It decides itself where and when work runs: it is a `Forwarder` as well. Its submissions come with an
    `Order`; those of all others with a placement.
    """
    NODE_STATE = "node_state"
    """Its nodes are logical: online and offline are ours to say."""
    NODE_SERVICE = "node_service"
    """Its nodes can be taken out of service and back, if its site lets us: it is a `NodeKeeper` too."""
    LIVE_OUTPUT = "live_output"
    """Captured output is reported while the instance is running."""
    RECALL = "recall"
    """Accepted instances that have not started can be taken back."""
    FIGURES = "figures"
    """It measures its nodes: it is a `Gauge` as well."""
    WALL_TIME = "wall_time"
    """The wall time of accepted instances can be changed."""
    LICENCES = "licences"
    """It keeps to licences: what asks for some runs when they are free."""
    FOREIGN = "foreign"
    """It tells of jobs that were entered elsewhere: it is an `Onlooker` as well."""


class Item(Struct, frozen=True):
    """One instance of a submission: its number (0: the task has no instances) and what to run."""

    instance: int
    launch: Launch


class Order(Struct, frozen=True, kw_only=True):
    """What a scheduler has to know of a submission: whose it is, and what was asked for.

    at_once: how many of its items may run at the same time; 0: as many as fit. wall_time_s: None: no limit.
    """

    job_id: int
    owner: str
    job: JobSpec
    task: TaskSpec
    at_once: int = 0
    wall_time_s: float | None = None


class Submission(Struct, frozen=True, kw_only=True):
    """Work for an engine: instances of one task.

    `tag` is unique over all installations and time and travels with the work wherever the engine can carry
    it. Submissions of one `lane` run one after the other, item by item, on the lane's placement; lanes run
    side by side. For an engine with its own scheduler the lane is 0, the placement empty, and `order` there.
    """

    tag: str
    intent: int
    lane: int
    items: tuple[Item, ...]
    placement: Placement
    order: Order | None = None


class Accepted(Struct, frozen=True):
    """The engine has the submission and will report on each of its items."""


class Refused(Struct, frozen=True):
    """The engine will never run it, for this reason."""

    reason: str


class Uncertain(Struct, frozen=True):
    """No answer, or none that can be believed: it may or may not have been taken.

    Look up before repeating.
    """

    reason: str


class Ending(Enum):
    """How an instance ended, as the engine saw it."""

    EXITED = "exited"
    """By itself, with `exit_code`."""
    SIGNALED = "signaled"
    """By `signal`."""
    WALL_TIME = "wall_time"
    """Stopped by the engine because its wall time was over."""
    STOPPED = "stopped"
    """Stopped because `cancel` asked for it (exit code or signal are given where they are known)."""
    NEVER_STARTED = "never_started"
    """Recalled or cancelled before it was started. It certainly did not run."""
    NOT_STARTABLE = "not_startable"
    """It could not be started; `fault` and `reason` say why."""
    LOST = "lost"
    """Its exit status can't be known. It may have run; it runs no longer."""


class Fault(Enum):
    """Why an instance could not be started or was lost."""

    NONE = "none"
    WORK_DIRECTORY = "work_directory"
    STDIN = "stdin"
    STDOUT = "stdout"
    STDERR = "stderr"
    ACCOUNT = "account"
    """The OS account is missing or not allowed."""
    SCRIPT = "script"
    REBOOT = "reboot"
    """The machine was restarted, or the node was lost: a rerunnable task may run again."""
    SUPERVISION = "supervision"
    """Whatever watched the task died: never a reason to run it again."""


class Started(Struct, frozen=True, tag=True):
    """The instance is running. `native` is the engine's own name for it (a pid, a foreign job id).

    Left out when it has ended by the time it would be told: `Ended` says when it started. shares: where it
    runs, where the engine decided that.
    """

    intent: int
    instance: int
    at: int
    native: str
    shares: tuple[NodeShare, ...] = ()


class OutputSeen(Struct, frozen=True, tag=True):
    """The captured output so far (at most the capture limit), while the instance is running."""

    intent: int
    instance: int
    output: bytes


class Ended(Struct, frozen=True, tag=True, kw_only=True):
    """The instance is over. Times are UTC microseconds; `started_at` is None when it never ran. shares: where
    it ran, where the engine decided that.
    """

    intent: int
    instance: int
    ending: Ending
    at: int
    started_at: int | None = None
    exit_code: int | None = None
    signal: int | None = None
    fault: Fault = Fault.NONE
    reason: str = ""
    output: bytes = b""
    native: str = ""
    shares: tuple[NodeShare, ...] = ()


Sighting = Started | OutputSeen | Ended


class Sightings(Struct, frozen=True):
    """What was seen after the watermark asked for, in order; `watermark` stands behind the last of it."""

    watermark: int
    seen: tuple[Sighting, ...]


class Found(Struct, frozen=True):
    """What an engine knows about a tag: the instances it ever took (and has not been told to forget).

    `certain` is False when an instance that is not in `taken` may have run all the same (after a
    restart of the machine, whose unsynced records are gone). lost: why nobody knows, where it is not that:
    then it is never run again.
    """

    taken: frozenset[int]
    certain: bool
    lost: str = ""


class Key(Struct, frozen=True):
    """One instance of one submission."""

    intent: int
    instance: int


class NodeSighting(Struct, frozen=True, kw_only=True):
    """A node as the engine sees it. `memory_mb` in MiB, `cpu_mhz` in MHz.

    state: None where that is ours to say. reason: why it is not online.
    """

    name: str
    cores: int
    sockets: int = 1
    gpus: int = 0
    memory_mb: int = 0
    cpu_mhz: int = 0
    groups: tuple[str, ...] = ()
    reachable: bool = True
    state: NodeState | None = None
    reason: str = ""


class QueueSighting(Struct, frozen=True, kw_only=True):
    """A queue as a scheduler has it. Run times in seconds, None: none.

    default: of jobs that name none. enabled: it takes jobs; started: it starts them. most_s: the longest run
    time of a job; usual_s: of one that does not say.
    """

    name: str
    default: bool = False
    enabled: bool = True
    started: bool = True
    most_s: int | None = None
    usual_s: int | None = None


class ForeignStage(Enum):
    """How far a job that was entered elsewhere has come."""

    WAITING = "waiting"
    RUNNING = "running"
    OVER = "over"


class ForeignElements(Struct, frozen=True, kw_only=True, gc=False):
    """The elements of an array, by their indices. What the engine has forgotten is in none."""

    waiting: frozenset[int] = frozenset()
    running: frozenset[int] = frozenset()
    finished: frozenset[int] = frozenset()
    failed: frozenset[int] = frozenset()
    canceled: frozenset[int] = frozenset()


class ForeignJob(Struct, frozen=True, kw_only=True, gc=False):
    """A job that was entered elsewhere. Times are UTC microseconds.

    cluster, native: where, and its id there. account: the OS account whose it is. charged: what it is charged
    to. cores, nodes: that it asks for, or has. submitted: of a job that was put back, when it was. restarts:
    how often it was. ending and what follows it: of one that is over and no array.
    """

    cluster: str
    native: str
    account: str
    stage: ForeignStage
    submitted: int
    restarts: int = 0
    name: str = ""
    queue: str = ""
    charged: str = ""
    comment: str = ""
    cores: int = 1
    nodes: int = 1
    wall_time_s: int | None = None
    started: int | None = None
    ended: int | None = None
    ending: Ending | None = None
    exit_code: int | None = None
    signal: int | None = None
    fault: Fault = Fault.NONE
    reason: str = ""
    shares: tuple[NodeShare, ...] = ()
    elements: ForeignElements | None = None

    @property
    def key(self) -> str:
        """Cluster and id: the same as `core.model.Foreign.key`."""
        return f"{self.cluster}/{self.native}"


class ForeignSightings(Struct, frozen=True):
    """All jobs that were entered elsewhere, as one whole look saw them, by their keys.

    look: its number; later ones have greater numbers, as long as the server lives. reasons: why those that
    wait do so, for people.
    """

    look: int
    jobs: Mapping[str, ForeignJob]
    reasons: Mapping[str, str]


class Capacity(Struct, frozen=True):
    """How much an engine with its own scheduler is given.

    outstanding: runs that it has at once, waiting ones too. together: instances in one submission.
    """

    outstanding: int
    together: int


class Engine(Protocol):
    """A place where work runs.

    All methods are called from the server's event loop and may be called at any time.
    """

    name: str
    abilities: frozenset[Ability]

    async def open(self) -> None:
        """Connect, starting what has to be started. Repeated until it succeeds. Raises EngineUnavailable."""

    async def close(self) -> None:
        """Disconnect. What is running goes on running."""

    async def submit(self, submissions: Sequence[Submission]) -> Sequence[Accepted | Refused | Uncertain]:
        """Hand over work, one answer for each submission, in order. Never raises for one of them."""

    async def find(self, tags: Mapping[int, str]) -> Mapping[int, Found]:
        """Was this ever taken? By intent id and tag. Raises EngineUnavailable when it could not look.

        After a start, asked for every open intent before anything is submitted: what an engine has no record
        of may be older than a restart of its machine. Intent ids rise, so whatever comes later is not.
        """

    async def observe(self, since: int) -> Sightings:
        """Forget everything up to the watermark `since`, then answer what came after it.

        Waits until there is something, or about a second. Raises EngineUnavailable when it could not look.
        """

    async def cancel(self, keys: Collection[Key], *, stop_signal: str, grace_s: float, forced: bool) -> None:
        """End these instances: the stop signal to every process, then SIGKILL after the grace; at once when
        forced.

        Those that have not started end as NEVER_STARTED. Unknown keys are ignored. Asking again, or forcing
        what was asked gently before, is fine. Raises EngineUnavailable.
        """

    async def recall(self, keys: Collection[Key]) -> None:
        """Take back those that have not started (each ends as NEVER_STARTED); leave the others alone.

        Ability RECALL.
        """

    async def allow(self, wall_times: Mapping[Key, float | None]) -> None:
        """Another wall time (seconds from the start of the instance, None for no limit) for each of these.

        Holds while the server is away, as the first one does. Unknown keys are ignored, and what is being
        ended already is ended. Ability WALL_TIME. Raises EngineUnavailable.
        """

    async def nodes(self) -> Sequence[NodeSighting]:
        """The nodes as they are now. Raises EngineUnavailable."""


class Gauge(Protocol):
    """What an engine with the ability FIGURES offers besides."""

    async def figures(self) -> Mapping[str, Figures]:
        """What is known of each node now, by its name; means are those since it was asked before.

        What can't be known is left out. Raises EngineUnavailable.
        """


class NodeKeeper(Protocol):
    """What an engine with the ability NODE_SERVICE offers besides."""

    async def keep_node(self, name: str, *, online: bool, reason: str) -> NodeSighting:
        """Give a node work again, or no more of it (what runs there ends first): the node as it is then.

        Nothing is done, and no reason changed, where it is so already. reason: why, for people, in a line.
        Raises NotFound, NotPermitted (the server may not), EngineUnavailable (it is not known what became of
        it).
        """


class Forwarder(Protocol):
    """What an engine with the ability OWN_SCHEDULER offers besides."""

    @property
    def capacity(self) -> Capacity:
        """How much it may be given. Known once it is open."""

    @property
    def queues(self) -> Sequence[QueueSighting]:
        """Its queues, as they were when its nodes were asked for last."""

    @property
    def reasons(self) -> Mapping[int, str]:
        """Why what it has not started yet waits, in a line for people, by intents; those it is silent about
        are left out. As seen last: another object when it was seen anew.
        """


class Onlooker(Protocol):
    """What an engine with the ability FOREIGN offers besides."""

    async def foreign(self, since: int, ours: str) -> ForeignSightings | None:
        """What the last look saw of jobs whose tag does not begin with `ours`; None: none since that look.

        A look that failed, or saw but a part, is none.
        """

    async def past(self, keys: Collection[str]) -> Mapping[str, ForeignJob]:
        """What is on record of jobs that a look no longer shows, by their keys; others are left out.

        Of such a job its state and its end are told, not what it asked for. Raises EngineUnavailable when it
        could not look.
        """
