"""Groups of users; and every user's OS account is written down.

Until now a user without one had the account of that name; from now on, none.

Revision ID: 0005
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "user_groups",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("body", sa.Text, nullable=False),
    )
    users = sa.table("users", sa.column("name"), sa.column("body"))
    connection = op.get_bind()
    for name, body in connection.execute(sa.select(users.c.name, users.c.body)).all():
        user = json.loads(body)
        if not user.get("os_account"):
            user["os_account"] = user["name"]
            changed = sa.update(users).where(users.c.name == name).values(body=json.dumps(user))
            connection.execute(changed)
