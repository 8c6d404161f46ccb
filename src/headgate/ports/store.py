"""Store: what is remembered. All of it is durable before a write returns.

One writer at a time: `Store.write` queues a function; the store runs many of them inside one database
transaction (group commit), each seeing the changes of those before it, and answers them all after
the commit is on disk. So a change reads, decides and writes without races, and must not wait, sleep or call
out. A change that raises has had no effect. Readers see a consistent snapshot and never wait for the
writer.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from msgspec import Struct

from headgate.core.access_keys import AccessKey
from headgate.core.figures import Figure, Sample
from headgate.core.model import (
    Event,
    Instance,
    Intent,
    Job,
    Node,
    NodeGroup,
    Queue,
    Task,
    Template,
    Token,
    User,
    UserGroup,
)
from headgate.core.operations import Operation
from headgate.core.soa import BatchRecord, ChunkRecord, Session
from headgate.core.states import JobState, TaskState
from headgate.core.syncs import Sync

T = TypeVar("T")


class Cursor(Struct, frozen=True):
    """Where a list was left off: the sort value of the last row and its id (for tasks: number and
    instance).
    """

    value: int | str | None
    id: int
    instance: int = 0


class JobQuery(Struct, frozen=True, kw_only=True):
    """Which jobs, in which order. All criteria must hold; None means any.

    sort: a field of the Job by dotted path (`id`, `owner`, `state`, `times.changed`, `spec.name`…). Text
    sorts case-insensitively, unset values first; ties by id. `id`, `owner` and `times.changed` cost the
    same at any number of jobs. owner is compared case-insensitively. nodes: jobs running on one of these
    nodes.
    """

    states: frozenset[JobState] | None = None
    owner: str | None = None
    node_group: str | None = None
    changed_from: int | None = None
    nodes: tuple[str, ...] | None = None
    sort: str = "id"
    descending: bool = False


class JobPage(Struct, frozen=True):
    """A page of jobs. `total` is exact, and None unless it was asked for. `more`: rows remain behind it."""

    jobs: list[Job]
    more: bool
    end: Cursor | None
    total: int | None = None


class TaskQuery(Struct, frozen=True, kw_only=True):
    """Which tasks of a job. With `expand`, a task that has been expanded contributes a row for each
    instance and none for itself.

    sort: `number` (by task, instance), or a field of the Task/Instance by dotted path.
    """

    job_id: int
    expand: bool = True
    states: frozenset[TaskState] | None = None
    numbers: frozenset[int] | None = None
    instances: frozenset[int] | None = None
    changed_from: int | None = None
    sort: str = "number"
    descending: bool = False


class TaskRow(Struct, frozen=True):
    """One row of a task list: the task, and the instance if the row is one (made up from the task where it
    has no row of its own).
    """

    task: Task
    instance: Instance | None = None


class TaskPage(Struct, frozen=True):
    """A page of tasks; fields as in JobPage."""

    rows: list[TaskRow]
    more: bool
    end: Cursor | None
    total: int | None = None


class OperationQuery(Struct, frozen=True, kw_only=True):
    """Which operations, by when they changed last (UTC microseconds). All criteria must hold; None means any.

    after, before: both exclusive. nodes: folded names.
    """

    after: int | None = None
    before: int | None = None
    nodes: frozenset[str] | None = None
    descending: bool = False


class Head(Struct, frozen=True):
    """The first job of a line that has something to start, and its own priority."""

    line: str
    priority: int
    job_id: int


class Endings(Struct, frozen=True):
    """How many jobs reached a final state in one hour. `hour`: hours since 1970, UTC."""

    hour: int
    state: JobState
    n: int


class Reader(Protocol):
    """What can be looked up.

    The methods that return one thing raise NotFound with the right HPC Pack code.
    """

    def job(self, job_id: int) -> Job: ...
    def jobs(self, job_ids: Collection[int]) -> list[Job]:
        """Those that exist, by id."""
        ...

    def foreign_job(self, key: str) -> Job | None:
        """The latest job with this `Foreign.key`; None: there is none."""
        ...

    def open_foreign(self, *, after: int = 0, limit: int) -> list[Job]:
        """Jobs that were entered elsewhere and have not ended, by id."""
        ...

    def task(self, job_id: int, number: int) -> Task: ...
    def tasks(self, job_id: int, *, after: int = 0, limit: int | None = None) -> list[Task]:
        """The tasks of a job by number; [] for an unknown job."""
        ...

    def tasks_in(
        self, job_id: int, states: Collection[TaskState], *, limit: int | None = None
    ) -> list[Task]: ...
    def first_tasks(self, job_ids: Collection[int]) -> dict[int, Task]:
        """Task 1 of each of these jobs that has one."""
        ...

    def count_ready(self, job_id: int) -> int:
        """How many tasks of a job have something to start (`Task.ready`)."""
        ...

    def ready_tasks(self, job_ids: Collection[int], *, limit_per_job: int) -> dict[int, list[Task]]:
        """For each job its first tasks with `ready`, by number."""
        ...

    def instance(self, job_id: int, task: int, number: int) -> Instance | None:
        """The row of an instance; None when it was never touched (then `Task.rest_state` holds)."""
        ...

    def instances(
        self,
        job_id: int,
        task: int,
        *,
        first: int = 1,
        last: int | None = None,
        states: Collection[TaskState] | None = None,
        limit: int | None = None,
    ) -> list[Instance]:
        """Touched instances by number."""
        ...

    def output(self, job_id: int, task: int, instance: int) -> bytes:
        """Captured output; empty when there is none."""
        ...

    def list_jobs(
        self,
        query: JobQuery,
        *,
        limit: int,
        after: Cursor | None = None,
        offset: int | None = None,
        count: bool = False,
    ) -> JobPage: ...
    def list_tasks(
        self,
        query: TaskQuery,
        *,
        limit: int,
        after: Cursor | None = None,
        offset: int | None = None,
        count: bool = False,
    ) -> TaskPage: ...
    def count_jobs(self) -> Mapping[JobState, int]: ...

    def queue(self, *, line: str = "", after: tuple[int, int] | None, limit: int) -> list[Job]:
        """Jobs of a line (core/lines.py; "": those without a queue) that are Queued or Running with
        `ready_tasks` > 0: by priority (high first), then id; from behind (priority, id).
        """
        ...

    def heads(self, *, after: tuple[int, int] | None) -> list[Head]:
        """The job that `queue` would give first, of every line that has one, the line "" aside."""
        ...

    def lines(self, prefix: str) -> dict[str, int]:
        """The lines that begin with this (it ends in a slash), and how many jobs are in each, held and
        waiting ones too.
        """
        ...

    def count_in_lines(self, prefix: str, *, limit: int) -> int:
        """How many jobs are in these lines, counted no further than `limit`."""
        ...

    def jobs_in(self, states: Collection[JobState], *, after: int = 0, limit: int) -> list[Job]:
        """Jobs in these states by id."""
        ...

    def children(self, job_id: int) -> list[int]:
        """Ids of the jobs whose depends_on, or whose step, names this one."""
        ...

    def earlier_namesake(self, owner: str, name: str, job_id: int) -> int | None:
        """The id of a job of this owner and name that was submitted, has not ended and has a smaller id."""
        ...

    def first_singleton(self, owner: str, name: str) -> int | None:
        """The id of the first queued job of this owner and name that waits for its earlier namesakes."""
        ...

    def chain_named(self, owner: str, name: str) -> int | None:
        """The id of the latest job of this owner and name that opened a chain of steps."""
        ...

    def held_until(self, now: int, *, limit: int) -> list[Job]:
        """Queued jobs whose spec.not_before, or whose `wakes`, is set and at or before `now`."""
        ...

    def intents(self, *, job_id: int | None = None, task: int | None = None) -> list[Intent]: ...
    def events(self, *, after: int, limit: int, job_id: int | None = None) -> list[Event]: ...
    def last_event(self) -> int: ...

    def derived(self, make: Callable[["Reader"], T]) -> T:
        """What `make`, a function of a module, makes of nodes, groups, templates, queues and facts; made anew
        only when one of those has changed. It is shared: nobody may change it.
        """
        ...

    def nodes(self) -> list[Node]: ...
    def node_groups(self) -> list[NodeGroup]: ...
    def templates(self) -> list[Template]: ...
    def template(self, name: str) -> Template: ...
    def queues(self) -> list[Queue]: ...
    def user(self, name: str) -> User: ...
    def users(self) -> list[User]: ...
    def user_groups(self) -> list[UserGroup]: ...
    def tokens(self, user: str | None = None) -> list[Token]:
        """The tokens of a user, or all there are; by user, then by when they were made."""
        ...

    def token(self, digest: bytes) -> Token: ...
    def access_keys(self, user: str | None = None) -> list[AccessKey]:
        """The access keys of a user, or all there are; by user, then by when they were made."""
        ...

    def access_key(self, key_id: str) -> AccessKey: ...
    def meta(self, key: str) -> str | None:
        """A small named fact about the installation (`installation`, `seeded`, `watermark:local`…)."""
        ...

    def operation(self, operation_id: str) -> Operation: ...
    def operations(self, query: OperationQuery, *, limit: int) -> list[Operation]:
        """The first `limit` of those that fit, by when they changed last."""
        ...

    def executing(self, node: str) -> list[Operation]:
        """The operations on a node that are not done, the first first."""
        ...

    def samples(self, figure: Figure, *, first: int, last: int, limit: int) -> list[Sample]:
        """Samples from `first` to `last` (both inclusive), in order."""
        ...

    def last_sample(self, figure: Figure) -> Sample | None:
        """The latest sample; None where there is none."""
        ...

    def job_endings(self, *, first_hour: int) -> list[Endings]:
        """How many jobs ended in each hour from `first_hour` on, by hour."""
        ...

    def sync(self, number: int) -> Sync: ...
    def syncs(self, owner: str | None = None, *, limit: int) -> list[Sync]:
        """The last `limit` syncs of a user, or of all, by number."""
        ...

    def open_syncs(self) -> list[Sync]:
        """The syncs that are not over, by number."""
        ...

    def count_open_syncs(self, owner: str) -> int:
        """How many of a user's syncs are not over."""
        ...

    def soa_sessions(self) -> list[Session]:
        """The SOA sessions that are open, or not yet wholly removed."""
        ...

    def soa_batches(self, session: int) -> list[tuple[BatchRecord, bytes]]:
        """The batches of a session by number, each with what `put_soa_batch` was told of its readers."""
        ...

    def soa_chunks(self, session: int, batch: int, *, answers: bool) -> list[ChunkRecord]:
        """Where the requests, or the answers, of a batch are, by position."""
        ...

    def soa_messages(self, session: int, batch: int, *, answers: bool, first: int) -> bytes:
        """The messages of the chunk that begins there, as they were given; empty: there is none."""
        ...

    def soa_next_with_messages(self, after: int) -> int | None:
        """The first session behind this id that has messages; None: there is none."""
        ...


class Transaction(Reader, Protocol):
    """What can be changed. Lasts for one call of the function given to `Store.write`."""

    now: int
    """UTC microseconds; the same for all changes of one commit and never running backwards."""

    def add_job(self, job: Job) -> Job:
        """Give it the next id (never used before, not even by a removed job) and keep it.

        Sets times.created and changed.
        """
        ...

    def reserve_job(self) -> int:
        """The next id, for a job whose tasks are kept before it, in several transactions. Nobody sees them
        until `add_reserved`; if that never comes, they are cleared away like those of a removed job, once
        `end_reservation` was called or the server has ended.
        """
        ...

    def add_reserved(self, job: Job) -> Job:
        """Keep a new job under its reserved id. Sets times.changed."""
        ...

    def end_reservation(self, job_id: int) -> None:
        """No more comes of what was reserved."""
        ...

    def put_job(self, job: Job) -> None:
        """Keep this version. `times.changed` must have been set by the caller (it is `now`)."""
        ...

    def add_task(self, task: Task) -> Task:
        """Keep a new task (number given by the caller); gives it the next system_id."""
        ...

    def put_task(self, task: Task) -> None: ...
    def put_instances(self, instances: Iterable[Instance]) -> None: ...
    def drop_instances(self, job_id: int, task: int) -> None: ...
    def put_output(self, job_id: int, task: int, instance: int, output: bytes) -> None: ...
    def append(self, event: Event) -> None:
        """Number it in commit order and keep it. Sets `at` to `now`."""
        ...

    def add_intent(self, intent: Intent) -> Intent:
        """Give it the next id, tag (installation-intent) and keep it."""
        ...

    def put_intent(self, intent: Intent) -> None: ...
    def drop_intent(self, intent_id: int) -> None: ...
    def next_epoch(self) -> int:
        """A number larger than all before, durable: the fencing epoch of a dispatcher."""
        ...

    def put_node(self, node: Node) -> Node:
        """By name (case-insensitive); a new one gets an id and guid."""
        ...

    def put_node_group(self, group: NodeGroup) -> None: ...
    def drop_node_group(self, name: str) -> None: ...
    def put_template(self, template: Template) -> None: ...
    def drop_template(self, name: str) -> None: ...
    def put_queue(self, queue: Queue) -> None: ...
    def drop_queue(self, name: str) -> None: ...
    def put_user(self, user: User) -> None: ...
    def drop_user(self, name: str) -> None: ...
    def put_user_group(self, group: UserGroup) -> None: ...
    def drop_user_group(self, name: str) -> None: ...
    def put_token(self, token: Token) -> None: ...
    def drop_token(self, digest: bytes) -> None: ...
    def drop_tokens(self, user: str) -> None: ...
    def put_access_key(self, key: AccessKey) -> None: ...
    def drop_access_key(self, key_id: str) -> None: ...
    def drop_access_keys(self, user: str) -> None: ...
    def put_meta(self, key: str, value: str) -> None: ...
    def remove_ended(self, *, before: int, limit: int) -> int:
        """Remove up to `limit` jobs in a final state that ended before `before`, with all that belongs to
        them. How many; `limit` also when more is left than one change should do: come again.
        """
        ...

    def remove_foreign(self, *, limit: int) -> int:
        """Remove up to `limit` jobs that were entered elsewhere, ended or not; the rest as `remove_ended`."""
        ...

    def add_operation(self, operation: Operation) -> Operation:
        """Give it the next seq and an id, set `changed` to `now`, and keep it."""
        ...

    def put_operation(self, operation: Operation) -> None:
        """Keep this version. Sets `changed` to `now`."""
        ...

    def add_samples(self, values: Mapping[Figure, Mapping[str, float]]) -> None:
        """Keep samples taken now; a second one of the same moment replaces the first."""
        ...

    def remove_records(self, *, operations_before: int, samples_before: int, limit: int) -> int:
        """Remove up to `limit` operations that were done, and as many samples and counts of ended jobs that
        were taken, before these times. How many of what there was most of.
        """
        ...

    def add_sync(self, sync: Sync) -> Sync:
        """Give it the next id (never used before, not even by a removed sync), set `created`, keep it."""
        ...

    def put_sync(self, sync: Sync) -> None:
        """Keep this version. It is over when `ended` is set."""
        ...

    def remove_syncs(self, *, before: int, limit: int) -> int:
        """Remove up to `limit` syncs that ended before this time. How many."""
        ...

    def put_soa_session(self, session: Session) -> None: ...
    def drop_soa_session(self, session: int) -> None:
        """Forget a session and its batches; its messages are removed apart, in portions."""
        ...

    def put_soa_batch(self, session: int, batch: BatchRecord, reads: bytes) -> None: ...
    def drop_soa_batch(self, session: int, batch: int) -> None: ...
    def add_soa_messages(
        self, session: int, batch: int, *, answers: bool, chunk: ChunkRecord, messages: bytes
    ) -> None: ...
    def drop_soa_messages(self, session: int, batch: int | None, *, limit: int) -> int:
        """Remove up to `limit` chunks of messages of a batch, or of the whole session. How many."""
        ...


class Store(Protocol):
    """The store of one installation."""

    installation: str

    async def write(self, change: Callable[[Transaction], T]) -> T:
        """Run `change` in the next commit and answer its result once that is on disk.

        Raises what `change` raises (then it had no effect), or StoreUnavailable (nothing of it was kept).
        """
        ...

    async def read(self, look: Callable[[Reader], T]) -> T:
        """Run `look` on a snapshot, beside the event loop. For lists and anything that may take a while."""
        ...

    def peek(self, look: Callable[[Reader], T]) -> T:
        """Run `look` on a snapshot at once, in the caller's thread. For look-ups by key only."""
        ...

    def on_commit(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Call `listener` on the event loop after each commit, with the events it appended."""
        ...
