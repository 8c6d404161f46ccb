"""Statements about operations, samples and counts of ended jobs."""

from sqlalchemy import Executable, bindparam, delete, func, select, tuple_

from headgate.store.sqlite import upsert
from headgate.store.statement import joined, statement, statements
from headgate.store.tables import job_endings, operations, samples


@statement
def last_operation() -> Executable:
    """The last number of an operation that is kept."""
    return select(func.max(operations.c.seq))


@statement
def put_operation() -> Executable:
    """A new or changed operation."""
    return upsert(operations, keys=("seq",))


@statement
def get_operation() -> Executable:
    """An operation by its id."""
    return select(operations.c.body).where(operations.c.guid == bindparam("guid"))


@statements
def page(descending: bool) -> Executable:
    """Operations behind a place, by their last change, row by row."""
    here = tuple_(operations.c.changed, operations.c.seq)
    place = tuple_(bindparam("changed"), bindparam("seq"))
    order = (
        (operations.c.changed.desc(), operations.c.seq.desc())
        if descending
        else (operations.c.changed, operations.c.seq)
    )
    behind = here < place if descending else here > place
    return select(operations.c.body).where(behind).order_by(*order).limit(bindparam("limit"))


@statement
def executing() -> Executable:
    """The operations on a node that are not done, row by row."""
    return (
        select(operations.c.body)
        .where(operations.c.executing == bindparam("node"))
        .order_by(operations.c.seq)
    )


@statement
def remove_operations() -> Executable:
    """Remove operations that were done before a time, the oldest first, some at a time."""
    old = (
        select(operations.c.seq)
        .where(operations.c.changed < bindparam("before"), operations.c.executing.is_(None))
        .order_by(operations.c.changed)
        .limit(bindparam("limit"))
    )
    return delete(operations).where(operations.c.seq.in_(old))


@statement
def put_sample() -> Executable:
    """A new sample, or another of the same moment."""
    return upsert(samples, keys=("figure", "at"))


@statement
def samples_between() -> Executable:
    """Samples of a figure from one time to another, joined."""
    rows = (
        select(samples.c.body)
        .where(
            samples.c.figure == bindparam("figure"),
            samples.c.at >= bindparam("first"),
            samples.c.at <= bindparam("last"),
        )
        .order_by(samples.c.at)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statement
def last_sample() -> Executable:
    """The latest sample of a figure."""
    return (
        select(samples.c.body)
        .where(samples.c.figure == bindparam("figure"))
        .order_by(samples.c.at.desc())
        .limit(1)
    )


@statement
def remove_samples() -> Executable:
    """Remove samples of a figure that were taken before a time, some at a time."""
    mine = samples.c.figure == bindparam("figure")
    old = select(samples.c.at).where(mine, samples.c.at < bindparam("before")).limit(bindparam("limit"))
    return delete(samples).where(mine, samples.c.at.in_(old))


@statement
def add_endings() -> Executable:
    """More jobs have ended in an hour."""
    return upsert(job_endings, keys=("hour", "state"), adding=("n",))


@statement
def endings_since() -> Executable:
    """How many jobs ended in each hour from one on, by hour."""
    return (
        select(job_endings.c.hour, job_endings.c.state, job_endings.c.n)
        .where(job_endings.c.hour >= bindparam("hour"))
        .order_by(job_endings.c.hour, job_endings.c.state)
    )


@statement
def remove_endings() -> Executable:
    """Remove the counts of hours before one."""
    return delete(job_endings).where(job_endings.c.hour < bindparam("hour"))
