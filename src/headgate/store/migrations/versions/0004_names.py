"""Names by which a job waits for its namesakes, or joins a chain of steps.

Revision ID: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEXES = {"jobs_open_name": "open_name", "jobs_singleton": "singleton_name", "jobs_chain": "chain_name"}
# Submitted, validating, external validation, queued, running, finishing, canceling.
OPEN = (2, 4, 8, 16, 32, 64, 1024)


def upgrade() -> None:
    for index, column in INDEXES.items():
        op.add_column("jobs", sa.Column(column, sa.Text))
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(index, "jobs", ["owner", column, "id"], sqlite_where=where, postgresql_where=where)
    # No job of before has a singleton or a chain; names of open ones matter to those that come.
    name = "json_extract(body, '$.spec.name')"
    if op.get_bind().dialect.name == "postgresql":
        name = "CAST(body AS jsonb) -> 'spec' ->> 'name'"
    states = ", ".join(map(str, OPEN))
    op.execute(
        f"UPDATE jobs SET open_name = NULLIF({name}, '') "  # noqa: S608 — of the constants above
        f"WHERE state IN ({states})"
    )
