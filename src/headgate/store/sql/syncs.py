"""Statements about syncs."""

from sqlalchemy import Executable, bindparam, delete, func, select

from headgate.store.sqlite import upsert
from headgate.store.statement import joined, statement
from headgate.store.tables import syncs


@statement
def put_sync() -> Executable:
    """A new or changed sync."""
    return upsert(syncs, keys=("id",))


@statement
def get_sync() -> Executable:
    """A sync by its number."""
    return select(syncs.c.body).where(syncs.c.id == bindparam("id"))


@statement
def all_syncs() -> Executable:
    """The last so many syncs, joined."""
    rows = select(syncs.c.body).order_by(syncs.c.id.desc()).limit(bindparam("limit")).subquery()
    return select(joined(rows.c.body))


@statement
def syncs_of() -> Executable:
    """The last so many syncs of a user, joined."""
    mine = syncs.c.owner == bindparam("owner")
    rows = select(syncs.c.body).where(mine).order_by(syncs.c.id.desc()).limit(bindparam("limit")).subquery()
    return select(joined(rows.c.body))


@statement
def open_syncs() -> Executable:
    """The syncs that are not over, joined."""
    return select(joined(syncs.c.body)).where(syncs.c.open_id.is_not(None))


@statement
def count_open() -> Executable:
    """How many syncs of a user are not over."""
    mine = syncs.c.owner == bindparam("owner")
    return select(func.count()).select_from(syncs).where(mine, syncs.c.open_id.is_not(None))


@statement
def remove_syncs() -> Executable:
    """Remove syncs that ended before a time, the oldest first, some at a time."""
    old = (
        select(syncs.c.id)
        .where(syncs.c.ended < bindparam("before"))
        .order_by(syncs.c.ended)
        .limit(bindparam("limit"))
    )
    return delete(syncs).where(syncs.c.id.in_(old))
