"""Statements about the instances of tasks, and about how many there are of each state in each stretch of
numbers.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    Text,
    and_,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    or_,
    select,
)

from headgate.store.sqlite import upsert
from headgate.store.statement import among, joined, statement, statements
from headgate.store.tables import instance_counts, instances

_OF_TASK = and_(instances.c.job_id == bindparam("job_id"), instances.c.task == bindparam("task"))
_IN_STRETCH = and_(_OF_TASK, instances.c.number.between(bindparam("first"), bindparam("last")))


def _with_colons(*columns: ColumnElement[Any]) -> ColumnElement[str]:
    """Numbers as one text: `1:2:3`."""
    made: ColumnElement[str] = cast(columns[0], Text)
    for column in columns[1:]:
        made = made.concat(literal_column("':'")).concat(cast(column, Text))
    return made


def _fits(states: tuple[int, ...] | None, changed_from: bool) -> ColumnElement[bool]:
    conditions = [_IN_STRETCH]
    if states is not None:
        conditions.append(among(instances.c.state, states))
    if changed_from:
        conditions.append(instances.c.changed >= bindparam("changed_from"))
    return and_(*conditions)


@statement
def get() -> Executable:
    """One instance."""
    return select(instances.c.body).where(_OF_TASK, instances.c.number == bindparam("number"))


@statement
def state_of() -> Executable:
    """The state that an instance has, if it has a row."""
    return select(instances.c.state).where(_OF_TASK, instances.c.number == bindparam("number"))


@statement
def states_between() -> Executable:
    """The states of all instances with a row in a stretch, as `number:state`, joined."""
    return select(joined(_with_colons(instances.c.number, instances.c.state))).where(_IN_STRETCH)


@statement
def put() -> Executable:
    """A new or changed instance."""
    return upsert(instances, keys=("job_id", "task", "number"))


@statement
def drop() -> Executable:
    """All instances of a task are untouched again."""
    return delete(instances).where(_OF_TASK)


@statements
def page(states: tuple[int, ...] | None, *, changed_from: bool) -> Executable:
    """The first instances of a stretch that have a row and fit, joined."""
    rows = (
        select(instances.c.body)
        .where(_fits(states, changed_from))
        .order_by(instances.c.number)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statements
def count(states: tuple[int, ...] | None, *, changed_from: bool) -> Executable:
    """How many instances of a stretch have a row and fit."""
    return select(func.count()).select_from(instances).where(_fits(states, changed_from))


@statements
def numbers(states: tuple[int, ...] | None, *, changed_from: bool) -> Executable:
    """The numbers of the instances of a stretch that have a row and fit, joined."""
    return select(joined(cast(instances.c.number, Text))).where(_fits(states, changed_from))


@statements
def numbers_unfit(other_states: tuple[int, ...], *, changed_from: bool) -> Executable:
    """The numbers of those that have a row and do not fit: in other states, or changed before."""
    unfit = among(instances.c.state, other_states)
    if changed_from:
        unfit = or_(unfit, instances.c.changed < bindparam("changed_from"))
    return select(joined(cast(instances.c.number, Text))).where(_IN_STRETCH, unfit)


@statement
def add_count() -> Executable:
    """Add to the number of instances of a state in a stretch."""
    return upsert(instance_counts, keys=("job_id", "task", "bucket", "state"), adding=("n",))


@statement
def drop_empty_counts() -> Executable:
    """What is empty has no row. An index holds just these."""
    return delete(instance_counts).where(instance_counts.c.n == literal_column("0"))


@statement
def drop_counts() -> Executable:
    """All instances of a task are untouched again."""
    return delete(instance_counts).where(
        instance_counts.c.job_id == bindparam("job_id"), instance_counts.c.task == bindparam("task")
    )


@statement
def counts() -> Executable:
    """How many instances of each state each stretch of a task holds, as `bucket:state:n`, joined."""
    row = _with_colons(instance_counts.c.bucket, instance_counts.c.state, instance_counts.c.n)
    return select(joined(row)).where(
        instance_counts.c.job_id == bindparam("job_id"), instance_counts.c.task == bindparam("task")
    )
