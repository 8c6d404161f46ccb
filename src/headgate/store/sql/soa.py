"""Statements about SOA sessions, their batches and messages."""

from sqlalchemy import Executable, bindparam, delete, func, insert, select, tuple_

from headgate.store.sqlite import upsert
from headgate.store.statement import joined, statement, statements
from headgate.store.tables import soa_batches, soa_messages, soa_sessions

_OF_A_BATCH = (soa_messages.c.session == bindparam("session")) & (soa_messages.c.batch == bindparam("batch"))


@statement
def put_session() -> Executable:
    """A new or changed session."""
    return upsert(soa_sessions, keys=("id",))


@statement
def sessions() -> Executable:
    """All sessions, joined."""
    return select(joined(soa_sessions.c.body))


@statement
def drop_session() -> Executable:
    """Forget a session."""
    return delete(soa_sessions).where(soa_sessions.c.id == bindparam("id"))


@statement
def put_batch() -> Executable:
    """A new or changed batch."""
    return upsert(soa_batches, keys=("session", "number"))


@statement
def batches() -> Executable:
    """The batches of a session with what was read of each, row by row."""
    rows = select(soa_batches.c.body, soa_batches.c.reads)
    return rows.where(soa_batches.c.session == bindparam("session")).order_by(soa_batches.c.number)


@statement
def drop_batch() -> Executable:
    """Forget a batch."""
    return delete(soa_batches).where(
        soa_batches.c.session == bindparam("session"), soa_batches.c.number == bindparam("batch")
    )


@statement
def add_messages() -> Executable:
    """Some requests or answers of a batch."""
    return insert(soa_messages)


@statement
def chunks() -> Executable:
    """Where the requests or answers of a batch are, behind a position, some at a time, row by row."""
    return (
        select(soa_messages.c.first, soa_messages.c.count, soa_messages.c.places)
        .where(
            _OF_A_BATCH,
            soa_messages.c.answers == bindparam("answers"),
            soa_messages.c.first >= bindparam("first"),
        )
        .order_by(soa_messages.c.first)
        .limit(bindparam("limit"))
    )


@statement
def messages() -> Executable:
    """The requests or answers at a position."""
    return select(soa_messages.c.messages).where(
        _OF_A_BATCH,
        soa_messages.c.answers == bindparam("answers"),
        soa_messages.c.first == bindparam("first"),
    )


@statements
def drop_messages(of_session: bool) -> Executable:
    """Remove messages of a batch, or of all batches of a session, some at a time."""
    key = (soa_messages.c.session, soa_messages.c.batch, soa_messages.c.answers, soa_messages.c.first)
    which = soa_messages.c.session == bindparam("session") if of_session else _OF_A_BATCH
    return delete(soa_messages).where(tuple_(*key).in_(select(*key).where(which).limit(bindparam("limit"))))


@statement
def drop_batches() -> Executable:
    """Forget the batches of a session."""
    return delete(soa_batches).where(soa_batches.c.session == bindparam("session"))


@statement
def next_with_messages() -> Executable:
    """The first session behind a number that has messages."""
    return select(func.min(soa_messages.c.session)).where(soa_messages.c.session > bindparam("after"))
