"""Counts of jobs and of instances per stretch of a list, so that a page costs the same anywhere in it.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Shelf: whether it counts by owner, what it is ordered by, and the width of its buckets as a power of two.
SHELVES = {
    1: (False, "id", 20),
    2: (False, "id", 15),
    3: (False, "id", 10),
    4: (True, "id", 22),
    5: (True, "id", 17),
    6: (True, "id", 12),
    7: (False, "changed", 38),
    8: (False, "changed", 32),
    9: (False, "changed", 26),
    10: (False, "changed", 20),
    11: (True, "changed", 38),
    12: (True, "changed", 32),
    13: (True, "changed", 26),
    14: (True, "changed", 20),
}


def upgrade() -> None:
    op.create_table(
        "counts",
        sa.Column("shelf", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("state", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("n", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    empty = sa.text("n = 0")
    op.create_index("counts_empty", "counts", ["n"], sqlite_where=empty, postgresql_where=empty)
    for shelf, (by_owner, key, shift) in SHELVES.items():
        owner = "'=' || owner" if by_owner else "''"
        op.execute(
            "INSERT INTO counts (shelf, owner, state, bucket, n) "  # noqa: S608 — of the constants above
            f"SELECT {shelf}, {owner}, state, {key} >> {shift}, COUNT(*) FROM jobs GROUP BY 2, 3, 4"
        )
    op.create_table(
        "instance_counts",
        sa.Column(
            "job_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("task", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("bucket", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("state", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("n", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "instance_counts_empty", "instance_counts", ["n"], sqlite_where=empty, postgresql_where=empty
    )
    op.execute(
        "INSERT INTO instance_counts (job_id, task, bucket, state, n) "
        "SELECT job_id, task, number >> 12, state, COUNT(*) FROM instances GROUP BY 1, 2, 3, 4"
    )
