"""Jobs that were entered elsewhere, by what they are called there.

Revision ID: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No job of before was entered elsewhere.
    op.add_column("jobs", sa.Column("foreign_key", sa.Text))
    where = sa.text("foreign_key IS NOT NULL")
    op.create_index("jobs_foreign", "jobs", ["foreign_key", "id"], sqlite_where=where, postgresql_where=where)
    where = sa.text("foreign_key IS NOT NULL AND ended IS NULL")
    op.create_index("jobs_open_foreign", "jobs", ["id"], sqlite_where=where, postgresql_where=where)
