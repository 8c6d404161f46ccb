"""Statements about tasks and captured output, except lists (`tasklists.py`)."""

from typing import Any

from sqlalchemy import (
    BindParameter,
    Executable,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from headgate.store.sqlite import upsert
from headgate.store.statement import among, joined, statement, statements
from headgate.store.tables import outputs, tasks


@statement
def get() -> Executable:
    """One task."""
    return select(tasks.c.body).where(
        tasks.c.job_id == bindparam("job_id"), tasks.c.number == bindparam("number")
    )


@statement
def of_job() -> Executable:
    """Tasks of a job behind a number, joined."""
    rows = (
        select(tasks.c.body)
        .where(tasks.c.job_id == bindparam("job_id"), tasks.c.number > bindparam("after"))
        .order_by(tasks.c.number)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statements
def first_of(count: int) -> Executable:
    """Task 1 of as many jobs as there are ids, joined."""
    ids: list[BindParameter[int]] = [bindparam(f"id{number}") for number in range(count)]
    return select(joined(tasks.c.body)).where(tasks.c.job_id.in_(ids), tasks.c.number == literal_column("1"))


@statements
def of_job_in(states: tuple[int, ...]) -> Executable:
    """Tasks of a job in some states, joined."""
    rows = (
        select(tasks.c.body)
        .where(tasks.c.job_id == bindparam("job_id"), among(tasks.c.state, states))
        .order_by(tasks.c.number)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statement
def ready() -> Executable:
    """The first tasks of a job that have something to start, joined. An index holds just these."""
    rows = (
        select(tasks.c.body)
        .where(tasks.c.job_id == bindparam("job_id"), tasks.c.ready_number > literal_column("0"))
        .order_by(tasks.c.ready_number)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statement
def count_ready() -> Executable:
    """How many tasks of a job have something to start."""
    return (
        select(func.count())
        .select_from(tasks)
        .where(tasks.c.job_id == bindparam("job_id"), tasks.c.ready_number > literal_column("0"))
    )


@statement
def add() -> Executable:
    """A new task."""
    return insert(tasks)


@statement
def put() -> Executable:
    """A new version of a task."""
    changes: dict[str, BindParameter[Any]] = {
        name: bindparam(name) for name in ("state", "changed", "ready_number", "expanded_number", "body")
    }
    return (
        update(tasks)
        .where(tasks.c.job_id == bindparam("job"), tasks.c.number == bindparam("task"))
        .values(changes)
    )


@statement
def get_output() -> Executable:
    """Captured output."""
    return select(outputs.c.output).where(
        outputs.c.job_id == bindparam("job_id"),
        outputs.c.task == bindparam("task"),
        outputs.c.instance == bindparam("instance"),
    )


@statement
def put_output() -> Executable:
    """Captured output, in place of any that was there."""
    return upsert(outputs, keys=("job_id", "task", "instance"))


@statement
def drop_output() -> Executable:
    """There is no captured output."""
    return delete(outputs).where(
        outputs.c.job_id == bindparam("job_id"),
        outputs.c.task == bindparam("task"),
        outputs.c.instance == bindparam("instance"),
    )
