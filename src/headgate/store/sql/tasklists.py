"""Statements about lists of tasks. A page of bodies comes back as one joined text: the caller sorts it."""

from sqlalchemy import ColumnElement, Executable, bindparam, func, literal_column, select

from headgate.store.statement import among, joined, statement, statements
from headgate.store.tables import tasks


def _conditions(states: tuple[int, ...] | None, changed_from: bool) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        tasks.c.job_id == bindparam("job_id"),
        tasks.c.number.between(bindparam("first"), bindparam("last")),
    ]
    if states is not None:
        conditions.append(among(tasks.c.state, states))
    if changed_from:
        conditions.append(tasks.c.changed >= bindparam("changed_from"))
    return conditions


@statements
def count(states: tuple[int, ...] | None, *, changed_from: bool) -> Executable:
    """How many tasks of a stretch of numbers fit."""
    return select(func.count()).select_from(tasks).where(*_conditions(states, changed_from))


@statements
def page(states: tuple[int, ...] | None, *, changed_from: bool, descending: bool) -> Executable:
    """Tasks of a stretch of numbers that fit, joined."""
    rows = (
        select(tasks.c.body)
        .where(*_conditions(states, changed_from))
        .order_by(tasks.c.number.desc() if descending else tasks.c.number)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statement
def expanded() -> Executable:
    """The tasks of a job that are listed instance by instance, joined. An index holds just these."""
    return select(joined(tasks.c.body)).where(
        tasks.c.job_id == bindparam("job_id"), tasks.c.expanded_number > literal_column("0")
    )
