"""Statements about jobs, except lists of them (`lists.py`)."""

from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Executable,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    text,
    union_all,
    update,
)

from headgate.core.states import JobState
from headgate.store.statement import joined, statement, statements
from headgate.store.tables import job_node_groups, job_parents, jobs

_QUEUED = JobState.QUEUED.value


@statement
def get() -> Executable:
    """One job."""
    return select(jobs.c.body).where(jobs.c.id == bindparam("id"))


@statement
def keys() -> Executable:
    """What a job counts as now, before it is changed."""
    return select(jobs.c.state, jobs.c.owner, jobs.c.changed, jobs.c.links).where(
        jobs.c.id == bindparam("id")
    )


@statement
def get_with_keys() -> Executable:
    """One job and what it counts as: most jobs that the writer looks up are changed next."""
    return select(jobs.c.body, jobs.c.state, jobs.c.owner, jobs.c.changed, jobs.c.links).where(
        jobs.c.id == bindparam("id")
    )


@statements
def several(count: int) -> Executable:
    """As many jobs as there are ids, joined."""
    ids: list[BindParameter[int]] = [bindparam(f"id{number}") for number in range(count)]
    return select(joined(jobs.c.body)).where(jobs.c.id.in_(ids))


@statement
def add() -> Executable:
    """A new job."""
    return insert(jobs)


@statement
def put() -> Executable:
    """A new version of a job."""
    changes: dict[str, BindParameter[Any]] = {
        column.name: bindparam(column.name) for column in jobs.columns if column.name != "id"
    }
    return update(jobs).where(jobs.c.id == bindparam("job")).values(changes)


@statement
def remove() -> Executable:
    """Forget a job."""
    return delete(jobs).where(jobs.c.id == bindparam("id"))


@statement
def queue() -> Executable:
    """Those of a line that have something to start, most urgent first: behind one place in it, of the same
    urgency, then of less.
    """
    columns = (jobs.c.queue_key.label("k0"), jobs.c.id.label("k1"))
    same, less = (select(*columns).where(*where) for where in _behind(bindparam("line")))
    page = (
        union_all(same, less)
        .order_by(literal_column("k0"), literal_column("k1"))
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(joined(jobs.c.body)).select_from(page.join(jobs, jobs.c.id == page.c.k1))


@statement
def heads() -> Executable:
    """The first job behind one place in each line that has something to start, "" aside.

    From line to line by the index, which costs a step for each line, however long they are.
    """
    lines = select(_line_after(literal_column("''")).label("line")).cte("lines", recursive=True)
    lines = lines.union_all(select(_line_after(lines.c.line)).where(lines.c.line.is_not(None)))
    same, less = (
        select(jobs.c.id).where(*where).order_by(jobs.c.queue_key, jobs.c.id).limit(1).scalar_subquery()
        for where in _behind(lines.c.line)
    )
    firsts = (
        select(func.coalesce(same, less).label("id"))
        .select_from(lines)
        .where(lines.c.line.is_not(None))
        .subquery()
    )
    return select(jobs.c.line, jobs.c.queue_key, jobs.c.id).select_from(
        firsts.join(jobs, jobs.c.id == firsts.c.id)
    )


def _behind(line: ColumnElement[str]) -> tuple[tuple[ColumnElement[bool], ...], ...]:
    """Where a line goes on. Two conditions, for an index is searched by one number that differs, not two."""
    there = (jobs.c.line == line, jobs.c.queue_key.is_not(None))
    return (
        (*there, jobs.c.queue_key == bindparam("queue_key"), jobs.c.id > bindparam("id")),
        (*there, jobs.c.queue_key > bindparam("queue_key")),
    )


def _line_after(line: ColumnElement[str]) -> ColumnElement[str]:
    other = jobs.alias()
    return (
        select(func.min(other.c.line))
        .where(other.c.queue_key.is_not(None), other.c.line > line)
        .scalar_subquery()
    )


@statement
def lines() -> Executable:
    """The lines whose names lie in a range, with how many jobs each has."""
    return select(jobs.c.line, func.count()).where(*_in_lines()).group_by(jobs.c.line).order_by(jobs.c.line)


@statement
def count_in_lines() -> Executable:
    """How many jobs are in the lines of a range, counted no further than a limit."""
    some = select(literal_column("1")).where(*_in_lines()).limit(bindparam("limit")).subquery()
    return select(func.count()).select_from(some)


def _in_lines() -> tuple[ColumnElement[bool], ...]:
    return (
        jobs.c.line >= bindparam("first"),
        jobs.c.line < bindparam("behind"),
        text("line <> ''"),  # type: ignore[return-value]  # as the index is declared, which it must be told by
    )


@statement
def held_until() -> Executable:
    """Queued jobs whose time has come, the longest overdue first."""
    rows = (
        select(jobs.c.body)
        .where(jobs.c.not_before <= bindparam("now"))
        .order_by(jobs.c.not_before, jobs.c.id)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statement
def ended() -> Executable:
    """Jobs in a final state that ended before a time, the oldest first."""
    return (
        select(jobs.c.id)
        .where(jobs.c.ended < bindparam("before"))
        .order_by(jobs.c.ended, jobs.c.id)
        .limit(bindparam("limit"))
    )


@statement
def foreign() -> Executable:
    """The newest job that is called like this elsewhere."""
    return (
        select(jobs.c.body)
        .where(jobs.c.foreign_key == bindparam("key"), jobs.c.foreign_key.is_not(None))
        .order_by(jobs.c.id.desc())
        .limit(1)
    )


@statement
def open_foreign() -> Executable:
    """Jobs that were entered elsewhere and have not ended, by id."""
    rows = (
        select(jobs.c.body)
        .where(jobs.c.foreign_key.is_not(None), jobs.c.ended.is_(None), jobs.c.id > bindparam("after"))
        .order_by(jobs.c.id)
        .limit(bindparam("limit"))
        .subquery()
    )
    return select(joined(rows.c.body))


@statement
def any_foreign() -> Executable:
    """Some jobs that were entered elsewhere."""
    return select(jobs.c.id).where(jobs.c.foreign_key.is_not(None)).limit(bindparam("limit"))


@statement
def children() -> Executable:
    """Jobs that wait for this one."""
    return (
        select(job_parents.c.job_id)
        .where(job_parents.c.parent_id == bindparam("id"))
        .order_by(job_parents.c.job_id)
    )


@statement
def earlier_namesake() -> Executable:
    """An open job of this owner and name, older than this one."""
    return (
        select(jobs.c.id)
        .where(
            jobs.c.owner == bindparam("owner"),
            jobs.c.open_name == bindparam("name"),
            jobs.c.id < bindparam("id"),
            jobs.c.open_name.is_not(None),
        )
        .limit(1)
    )


@statement
def first_singleton() -> Executable:
    """The oldest queued job of this owner and name that waits for its namesakes."""
    return (
        select(jobs.c.id)
        .where(
            jobs.c.owner == bindparam("owner"),
            jobs.c.singleton_name == bindparam("name"),
            jobs.c.singleton_name.is_not(None),
        )
        .order_by(jobs.c.id)
        .limit(1)
    )


@statement
def chain_named() -> Executable:
    """The newest job of this owner and name that opened a chain."""
    return (
        select(jobs.c.id)
        .where(
            jobs.c.owner == bindparam("owner"),
            jobs.c.chain_name == bindparam("name"),
            jobs.c.chain_name.is_not(None),
        )
        .order_by(jobs.c.id.desc())
        .limit(1)
    )


@statement
def add_parent() -> Executable:
    """This job waits for that one."""
    return insert(job_parents)


@statement
def drop_parents() -> Executable:
    """This job waits for no other."""
    return delete(job_parents).where(job_parents.c.job_id == bindparam("job_id"))


@statement
def add_node_group() -> Executable:
    """This job asks for that node group."""
    return insert(job_node_groups)


@statement
def drop_node_groups() -> Executable:
    """This job asks for no node group."""
    return delete(job_node_groups).where(job_node_groups.c.job_id == bindparam("job_id"))
