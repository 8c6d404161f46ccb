"""The base: jobs, tasks, instances, events, intents, and the small tables.

Revision ID: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _jobs()
    _tasks()
    _ledger()
    _entries()


def _partial(name: str, table: str, columns: list[str], where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("queue_key", sa.Integer),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("ended", sa.BigInteger),
        sa.Column("links", sa.SmallInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("jobs_by_state", "jobs", ["state", "id"])
    op.create_index("jobs_by_owner", "jobs", ["state", "owner", "id"])
    op.create_index("jobs_by_change", "jobs", ["state", "changed", "id"])
    op.create_index("jobs_by_owner_change", "jobs", ["state", "owner", "changed", "id"])
    for name, column in (("jobs_queue", "queue_key"), ("jobs_held", "not_before"), ("jobs_ended", "ended")):
        _partial(name, "jobs", [column, "id"], f"{column} IS NOT NULL")
    for name, column, kind in (
        ("job_parents", "parent_id", ID),
        ("job_node_groups", "node_group", sa.Text()),
    ):
        op.create_table(
            name,
            sa.Column(column, kind, primary_key=True, autoincrement=False),
            sa.Column("job_id", ID, primary_key=True, autoincrement=False),
            sqlite_with_rowid=False,
        )
        op.create_index(f"{name}_by_job", name, ["job_id"])
    op.create_table("remains", sa.Column("job_id", ID, primary_key=True, autoincrement=False))


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("job_id", ID, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("ready_number", sa.Integer),
        sa.Column("expanded_number", sa.Integer),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("tasks_by_state", "tasks", ["job_id", "state", "number"])
    _partial("tasks_ready", "tasks", ["job_id", "ready_number"], "ready_number IS NOT NULL")
    _partial("tasks_expanded", "tasks", ["job_id", "expanded_number"], "expanded_number IS NOT NULL")
    op.create_table(
        "instances",
        sa.Column("job_id", ID, primary_key=True, autoincrement=False),
        sa.Column("task", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("instances_by_state", "instances", ["job_id", "task", "state", "number"])
    op.create_table(
        "outputs",
        sa.Column("job_id", ID, primary_key=True, autoincrement=False),
        sa.Column("task", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("instance", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("output", sa.LargeBinary, nullable=False),
    )


def _ledger() -> None:
    op.create_table(
        "events",
        sa.Column("seq", ID, primary_key=True, autoincrement=False),
        sa.Column("job_id", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("events_by_job", "events", ["job_id", "seq"])
    op.create_table(
        "intents",
        sa.Column("id", ID, primary_key=True, autoincrement=False),
        sa.Column("job_id", sa.BigInteger, nullable=False),
        sa.Column("task", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("intents_by_task", "intents", ["job_id", "task", "id"])
    op.create_table(
        "counters",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("now", "job", "task", "event", "intent", "node", "epoch")
        ),
    )


def _entries() -> None:
    op.create_table(
        "nodes",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("id", sa.BigInteger, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    for name in ("node_groups", "templates", "queues", "users"):
        op.create_table(
            name, sa.Column("name", sa.Text, primary_key=True), sa.Column("body", sa.Text, nullable=False)
        )
    op.create_table(
        "tokens",
        sa.Column("digest", sa.LargeBinary, primary_key=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("tokens_by_owner", "tokens", ["owner"])
    op.create_table(
        "meta", sa.Column("name", sa.Text, primary_key=True), sa.Column("value", sa.Text, nullable=False)
    )
