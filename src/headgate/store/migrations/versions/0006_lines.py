"""Lines of queues, in which jobs wait and run.

Revision ID: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No job of before has a queue: no face could name one.
    kind = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    op.add_column("jobs", sa.Column("line", kind, nullable=False, server_default=""))
    where = sa.text("queue_key IS NOT NULL")
    op.drop_index("jobs_queue", "jobs")
    op.create_index(
        "jobs_queue", "jobs", ["line", "queue_key", "id"], sqlite_where=where, postgresql_where=where
    )
    where = sa.text("line <> ''")
    op.create_index("jobs_line", "jobs", ["line"], sqlite_where=where, postgresql_where=where)
