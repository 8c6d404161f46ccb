"""Statements about events, intents, counters and removal."""

from sqlalchemy import Executable, Table, bindparam, delete, insert, select, tuple_, update

from headgate.store.sqlite import upsert
from headgate.store.statement import joined, statement, statements
from headgate.store.tables import (
    counters,
    events,
    instance_counts,
    instances,
    intents,
    outputs,
    remains,
    tasks,
)

COUNTERS = tuple(column.name for column in counters.columns if column.name != "id")
OF_A_JOB: dict[str, Table] = {
    table.name: table for table in (events, instances, instance_counts, outputs, tasks, intents)
}
"""Tables with rows that belong to a job."""


@statement
def add_event() -> Executable:
    """Something happened."""
    return insert(events)


@statement
def events_after() -> Executable:
    """Events behind a number, in commit order, joined."""
    rows = (
        select(events.c.body)
        .where(events.c.seq > bindparam("after"))
        .order_by(events.c.seq)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statement
def events_of_job() -> Executable:
    """Events of a job behind a number, in commit order, joined."""
    rows = (
        select(events.c.body)
        .where(events.c.job_id == bindparam("job_id"), events.c.seq > bindparam("after"))
        .order_by(events.c.seq)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statement
def all_intents() -> Executable:
    """All intents, joined."""
    return select(joined(intents.c.body))


@statement
def intents_of_job() -> Executable:
    """Intents of a job, joined."""
    return select(joined(intents.c.body)).where(intents.c.job_id == bindparam("job_id"))


@statement
def intents_of_task() -> Executable:
    """Intents of a task, joined."""
    return select(joined(intents.c.body)).where(
        intents.c.job_id == bindparam("job_id"), intents.c.task == bindparam("task")
    )


@statement
def put_intent() -> Executable:
    """A new or changed intent."""
    return upsert(intents, keys=("id",))


@statement
def drop_intent() -> Executable:
    """All of its instances have ended."""
    return delete(intents).where(intents.c.id == bindparam("id"))


@statement
def get_counters() -> Executable:
    """The last number of each kind."""
    return select(*(counters.c[name] for name in COUNTERS))


@statement
def put_counters() -> Executable:
    """Numbers given out in this commit, and its time."""
    return update(counters).values({name: bindparam(name) for name in COUNTERS})


@statement
def add_counters() -> Executable:
    """The counters of a new installation."""
    return insert(counters)


@statement
def add_remains() -> Executable:
    """A job is gone; its rows in other tables are still to be cleared away."""
    return insert(remains)


@statement
def all_remains() -> Executable:
    """The jobs whose rows are still to be cleared away, or that are being made."""
    return select(remains.c.job_id).order_by(remains.c.job_id)


@statement
def drop_remains() -> Executable:
    """Nothing is left of a job."""
    return delete(remains).where(remains.c.job_id == bindparam("job_id"))


@statements
def clear(table: str) -> Executable:
    """Remove rows of a job from one table, some at a time."""
    rows = OF_A_JOB[table]
    key = [column for column in rows.primary_key.columns if column.name != "job_id"]
    of_job = rows.c.job_id == bindparam("job_id")
    return delete(rows).where(of_job, tuple_(*key).in_(select(*key).where(of_job).limit(bindparam("limit"))))
