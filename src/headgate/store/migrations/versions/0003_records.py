"""What was done to nodes, what was measured of them, and how many jobs ended in each hour.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

US_OF_AN_HOUR = 3_600_000_000


def upgrade() -> None:
    op.create_table(
        "operations",
        sa.Column(
            "seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False
        ),
        sa.Column("guid", sa.Text, nullable=False),
        sa.Column("changed", sa.BigInteger, nullable=False),
        sa.Column("executing", sa.Text),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("operations_by_guid", "operations", ["guid"], unique=True)
    op.create_index("operations_by_change", "operations", ["changed", "seq"])
    condition = sa.text("executing IS NOT NULL")
    op.create_index(
        "operations_executing",
        "operations",
        ["executing", "seq"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
    op.create_table(
        "samples",
        sa.Column("figure", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("body", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_endings",
        sa.Column("hour", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("state", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO job_endings (hour, state, n) "  # noqa: S608 — of the constant above
        f"SELECT ended / {US_OF_AN_HOUR}, state, COUNT(*) FROM jobs WHERE ended IS NOT NULL GROUP BY 1, 2"
    )
