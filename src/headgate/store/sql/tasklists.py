"""Statements about lists of tasks. A page of bodies comes back as one joined text: the caller sorts it."""

from sqlalchemy import ColumnElement, Executable, bindparam, func, literal_column, select

from headgate.store.statement import among, joined, statements
from headgate.store.tables import instances, tasks


def _task_conditions(states: tuple[int, ...] | None, changed_from: bool) -> list[ColumnElement[bool]]:
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
def count_tasks(states: tuple[int, ...] | None, *, changed_from: bool) -> Executable:
    """How many tasks of a stretch of numbers fit."""
    return select(func.count()).select_from(tasks).where(*_task_conditions(states, changed_from))


@statements
def task_page(states: tuple[int, ...] | None, *, changed_from: bool, descending: bool) -> Executable:
    """Tasks of a stretch of numbers that fit, joined."""
    rows = (
        select(tasks.c.body)
        .where(*_task_conditions(states, changed_from))
        .order_by(tasks.c.number.desc() if descending else tasks.c.number)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statements
def expanded_tasks() -> Executable:
    """The tasks of a job that are listed instance by instance, joined."""
    return select(joined(tasks.c.body)).where(
        tasks.c.job_id == bindparam("job_id"), tasks.c.expanded_number > literal_column("0")
    )


def _instance_conditions(states: tuple[int, ...] | None, changed_from: bool) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        instances.c.job_id == bindparam("job_id"),
        instances.c.task == bindparam("task"),
        instances.c.number.between(bindparam("first"), bindparam("last")),
    ]
    if states is not None:
        conditions.append(among(instances.c.state, states))
    if changed_from:
        conditions.append(instances.c.changed >= bindparam("changed_from"))
    return conditions


@statements
def count_instances(states: tuple[int, ...] | None, *, changed_from: bool) -> Executable:
    """How many touched instances of a stretch of numbers fit."""
    return select(func.count()).select_from(instances).where(*_instance_conditions(states, changed_from))


@statements
def instance_page(states: tuple[int, ...] | None, *, changed_from: bool, descending: bool) -> Executable:
    """Touched instances of a stretch of numbers that fit, joined."""
    rows = (
        select(instances.c.body)
        .where(*_instance_conditions(states, changed_from))
        .order_by(instances.c.number.desc() if descending else instances.c.number)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
        .subquery()
    )
    return select(joined(rows.c.body))
