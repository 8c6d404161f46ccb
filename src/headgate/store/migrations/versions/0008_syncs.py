"""Syncs with the object store, and the last number one was given.

Revision ID: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("counters", sa.Column("sync", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "syncs",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False
        ),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("ended", sa.BigInteger),
        sa.Column("open_id", sa.BigInteger),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("syncs_by_owner", "syncs", ["owner", "id"])
    for name, columns in (("syncs_open", ["open_id"]), ("syncs_ended", ["ended"])):
        where = sa.text(f"{columns[0]} IS NOT NULL")
        op.create_index(name, "syncs", columns, sqlite_where=where, postgresql_where=where)
