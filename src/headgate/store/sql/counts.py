"""Statements about the counts of jobs (`ladders.py`)."""

from sqlalchemy import Executable, bindparam, delete, func, literal_column, select

from headgate.store.sqlite import upsert
from headgate.store.statement import among, statement, statements
from headgate.store.tables import counts


@statement
def add() -> Executable:
    """Add to the count of a bucket."""
    return upsert(counts, keys=("shelf", "owner", "state", "bucket"), adding=("n",))


@statement
def drop_empty() -> Executable:
    """Empty buckets have no row. An index holds just these."""
    return delete(counts).where(counts.c.n == literal_column("0"))


@statement
def by_state() -> Executable:
    """How many jobs there are in each state, from the highest shelf."""
    return (
        select(counts.c.state, func.sum(counts.c.n))
        .where(counts.c.shelf == bindparam("shelf"), counts.c.owner == bindparam("owner"))
        .group_by(counts.c.state)
    )


@statements
def by_owner(states: tuple[int, ...], descending: bool) -> Executable:
    """How many jobs each owner has, from the highest shelf, by owner."""
    return (
        select(counts.c.owner, func.sum(counts.c.n))
        .where(counts.c.shelf == bindparam("shelf"), among(counts.c.state, states))
        .group_by(counts.c.owner)
        .order_by(counts.c.owner.desc() if descending else counts.c.owner.asc())
    )


@statements
def reaching(states: tuple[int, ...], descending: bool) -> Executable:
    """The first bucket of a stretch in which a running sum exceeds an offset, and the sum before it."""
    order = counts.c.bucket.desc() if descending else counts.c.bucket.asc()
    per_bucket = (
        select(
            counts.c.bucket,
            func.sum(counts.c.n).label("n"),
            func.sum(func.sum(counts.c.n)).over(order_by=order).label("upto"),
        )
        .where(
            counts.c.shelf == bindparam("shelf"),
            counts.c.owner == bindparam("owner"),
            among(counts.c.state, states),
            counts.c.bucket.between(bindparam("low"), bindparam("high")),
        )
        .group_by(counts.c.bucket)
        .subquery()
    )
    return (
        select(per_bucket.c.bucket, per_bucket.c.upto - per_bucket.c.n)
        .where(per_bucket.c.upto > bindparam("offset"))
        .order_by(per_bucket.c.bucket.desc() if descending else per_bucket.c.bucket.asc())
        .limit(1)
    )


@statements
def between(states: tuple[int, ...]) -> Executable:
    """How many jobs the buckets of a stretch hold."""
    return select(func.coalesce(func.sum(counts.c.n), 0)).where(
        counts.c.shelf == bindparam("shelf"),
        counts.c.owner == bindparam("owner"),
        among(counts.c.state, states),
        counts.c.bucket >= bindparam("low"),
        counts.c.bucket < bindparam("below"),
    )
