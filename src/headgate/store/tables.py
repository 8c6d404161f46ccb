"""The tables, as they are after the last migration (a test compares the two).

A row is the whole value as JSON in `body`, beside the columns that something is looked up, ordered or
filtered by. There are no foreign keys: one writer keeps the tables consistent, and a job that is removed may
leave rows to be cleared away in small portions (`retention.py`). Names and owners are kept folded
(`str.casefold`), because they compare case-insensitively.
"""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

metadata = MetaData()

# BIGINT would not be SQLite's own row number, which every look-up by id is quickest by.
_Id = BigInteger().with_variant(Integer(), "sqlite")
# Text in the order of its characters' numbers, whatever the language of the database.
_Sorted = Text().with_variant(Text(collation="C"), "postgresql")

jobs = Table(
    "jobs",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False),
    Column("owner", Text, nullable=False),
    Column("changed", BigInteger, nullable=False),
    # Minus the priority while the dispatcher has something to start, else null.
    Column("queue_key", Integer),
    # spec.not_before or `wakes`, whichever is first, while the job is queued, else null.
    Column("not_before", BigInteger),
    # times.ended once the state is final, else null.
    Column("ended", BigInteger),
    # Bits: 1 has rows in job_parents, 2 has rows in job_node_groups.
    Column("links", SmallInteger, nullable=False),
    Column("body", Text, nullable=False),
    # spec.name, each only where somebody looks for it: of jobs that were submitted and have not ended; of
    # those of them that wait, queued, for their earlier namesakes; of jobs that opened a chain of steps.
    Column("open_name", Text),
    Column("singleton_name", Text),
    Column("chain_name", Text),
    # The line of its queue while it is open, else empty (core/lines.py); ranges of it are looked up.
    Column("line", _Sorted, nullable=False, server_default=""),
    # Of a job that was entered elsewhere, `Foreign.key`, else null.
    Column("foreign_key", Text),
)
# A list is read state by state and merged, so these four serve each order and filter that has to be quick.
Index("jobs_by_state", jobs.c.state, jobs.c.id)
Index("jobs_by_owner", jobs.c.state, jobs.c.owner, jobs.c.id)
Index("jobs_by_change", jobs.c.state, jobs.c.changed, jobs.c.id)
Index("jobs_by_owner_change", jobs.c.state, jobs.c.owner, jobs.c.changed, jobs.c.id)


def _partial(name: str, *columns: Column[Any], where: Column[Any] | None = None) -> None:
    """An index of only those rows that have the last column (or `where`) set, however many there are."""
    condition = text(f"{(columns[-1] if where is None else where).name} IS NOT NULL")
    Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


_partial("jobs_queue", jobs.c.line, jobs.c.queue_key, jobs.c.id, where=jobs.c.queue_key)
_partial("jobs_held", jobs.c.not_before, jobs.c.id, where=jobs.c.not_before)
_partial("jobs_ended", jobs.c.ended, jobs.c.id, where=jobs.c.ended)

_IN_A_LINE = text("line <> ''")
Index("jobs_line", jobs.c.line, sqlite_where=_IN_A_LINE, postgresql_where=_IN_A_LINE)
_partial("jobs_open_name", jobs.c.owner, jobs.c.open_name, jobs.c.id, where=jobs.c.open_name)
_partial("jobs_singleton", jobs.c.owner, jobs.c.singleton_name, jobs.c.id, where=jobs.c.singleton_name)
_partial("jobs_chain", jobs.c.owner, jobs.c.chain_name, jobs.c.id, where=jobs.c.chain_name)

_partial("jobs_foreign", jobs.c.foreign_key, jobs.c.id, where=jobs.c.foreign_key)
_OPEN_FOREIGN = text("foreign_key IS NOT NULL AND ended IS NULL")
Index("jobs_open_foreign", jobs.c.id, sqlite_where=_OPEN_FOREIGN, postgresql_where=_OPEN_FOREIGN)

job_parents = Table(
    "job_parents",
    metadata,
    Column("parent_id", _Id, primary_key=True, autoincrement=False),
    Column("job_id", _Id, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("job_parents_by_job", job_parents.c.job_id)

job_node_groups = Table(
    "job_node_groups",
    metadata,
    Column("node_group", Text, primary_key=True),
    Column("job_id", _Id, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)
Index("job_node_groups_by_job", job_node_groups.c.job_id)

# How many jobs there are in each stretch of an order; see ladders.py.
counts = Table(
    "counts",
    metadata,
    Column("shelf", SmallInteger, primary_key=True, autoincrement=False),
    Column("owner", Text, primary_key=True),
    Column("state", SmallInteger, primary_key=True, autoincrement=False),
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
Index("counts_empty", counts.c.n, sqlite_where=text("n = 0"), postgresql_where=text("n = 0"))

tasks = Table(
    "tasks",
    metadata,
    Column("job_id", _Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    # The number again while there is something to start, else null; and while each instance is listed.
    Column("ready_number", Integer),
    Column("expanded_number", Integer),
    Column("body", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("tasks_by_state", tasks.c.job_id, tasks.c.state, tasks.c.number)
_partial("tasks_ready", tasks.c.job_id, tasks.c.ready_number)
_partial("tasks_expanded", tasks.c.job_id, tasks.c.expanded_number)

instances = Table(
    "instances",
    metadata,
    Column("job_id", _Id, primary_key=True, autoincrement=False),
    Column("task", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    sqlite_with_rowid=False,
)
Index("instances_by_state", instances.c.job_id, instances.c.task, instances.c.state, instances.c.number)

# How many instances of each state have a row in each stretch of numbers; see stretches.py.
instance_counts = Table(
    "instance_counts",
    metadata,
    Column("job_id", _Id, primary_key=True, autoincrement=False),
    Column("task", Integer, primary_key=True, autoincrement=False),
    Column("bucket", Integer, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, nullable=False),
    sqlite_with_rowid=False,
)
Index(
    "instance_counts_empty", instance_counts.c.n, sqlite_where=text("n = 0"), postgresql_where=text("n = 0")
)

outputs = Table(
    "outputs",
    metadata,
    Column("job_id", _Id, primary_key=True, autoincrement=False),
    Column("task", Integer, primary_key=True, autoincrement=False),
    Column("instance", Integer, primary_key=True, autoincrement=False),
    Column("output", LargeBinary, nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)
Index("events_by_job", events.c.job_id, events.c.seq)

intents = Table(
    "intents",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("job_id", BigInteger, nullable=False),
    Column("task", Integer, nullable=False),
    Column("body", Text, nullable=False),
)
Index("intents_by_task", intents.c.job_id, intents.c.task, intents.c.id)

# Jobs that are gone, or not there yet, whose rows in other tables are to be cleared away, or will be if they
# never come.
remains = Table("remains", metadata, Column("job_id", _Id, primary_key=True, autoincrement=False))

nodes = Table(
    "nodes",
    metadata,
    Column("name", Text, primary_key=True),
    Column("id", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
)


def _named(name: str) -> Table:
    """A small table of values by folded name."""
    return Table(name, metadata, Column("name", Text, primary_key=True), Column("body", Text, nullable=False))


node_groups = _named("node_groups")
templates = _named("templates")
queues = _named("queues")
users = _named("users")
user_groups = _named("user_groups")

tokens = Table(
    "tokens",
    metadata,
    Column("digest", LargeBinary, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("body", Text, nullable=False),
)
Index("tokens_by_owner", tokens.c.owner)

access_keys = Table(
    "access_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("body", Text, nullable=False),
)
Index("access_keys_by_owner", access_keys.c.owner)

# What was done to nodes and node groups.
operations = Table(
    "operations",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=False),
    Column("guid", Text, nullable=False),
    Column("changed", BigInteger, nullable=False),
    # The node, folded, while the operation is not done, else null.
    Column("executing", Text),
    Column("body", Text, nullable=False),
)
Index("operations_by_guid", operations.c.guid, unique=True)
Index("operations_by_change", operations.c.changed, operations.c.seq)
_partial("operations_executing", operations.c.executing, operations.c.seq, where=operations.c.executing)

# One figure of all nodes at one moment.
samples = Table(
    "samples",
    metadata,
    Column("figure", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    sqlite_with_rowid=False,
)

# How many jobs reached a final state in each hour.
job_endings = Table(
    "job_endings",
    metadata,
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, primary_key=True, autoincrement=False),
    Column("n", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# `open_id` is the id again while the sync is not over, else null.
syncs = Table(
    "syncs",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("owner", Text, nullable=False),
    Column("ended", BigInteger),
    Column("open_id", BigInteger),
    Column("body", Text, nullable=False),
)
Index("syncs_by_owner", syncs.c.owner, syncs.c.id)
_partial("syncs_open", syncs.c.open_id)
_partial("syncs_ended", syncs.c.ended)

# Sessions that are open. Of durable ones, also their batches and what was sent and answered, some at a time.
soa_sessions = Table(
    "soa_sessions",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
)

soa_batches = Table(
    "soa_batches",
    metadata,
    Column("session", _Id, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    # Which answers its readers have had, packed.
    Column("reads", LargeBinary, nullable=False),
)

soa_messages = Table(
    "soa_messages",
    metadata,
    Column("session", _Id, primary_key=True, autoincrement=False),
    Column("batch", Integer, primary_key=True, autoincrement=False),
    Column("answers", SmallInteger, primary_key=True, autoincrement=False),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
    # Before the messages: it is read without them when a server starts.
    Column("places", LargeBinary, nullable=False),
    Column("messages", LargeBinary, nullable=False),
)

meta = Table("meta", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))

# One row: the last number given out of each kind, and the time of the last commit.
counters = Table(
    "counters",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("now", BigInteger, nullable=False),
    Column("job", BigInteger, nullable=False),
    Column("task", BigInteger, nullable=False),
    Column("event", BigInteger, nullable=False),
    Column("intent", BigInteger, nullable=False),
    Column("node", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("sync", BigInteger, nullable=False, server_default="0"),
)
