"""Statements about lists of jobs and of tasks. A page of bodies comes back as one joined text, in any order:
the caller sorts it.

Jobs are read state by state, each from an index that has them in the order wanted, and merged (`UNION ALL`
with `ORDER BY`, which SQLite and PostgreSQL both do without reading more than the page).
"""

from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Executable,
    Select,
    Subquery,
    UnaryExpression,
    bindparam,
    func,
    literal_column,
    select,
    union_all,
)

from headgate.store.statement import among, joined, statements
from headgate.store.tables import jobs

ID: Final = ("id",)
OWNER: Final = ("owner", "id")
CHANGE: Final = ("changed", "id")
Order = tuple[str, ...]


@statements
def job_page(
    order: Order,
    states: tuple[int, ...] | None,
    *,
    owned: bool,
    changed_from: bool,
    bounded: bool,
    descending: bool,
    by_change: bool = False,
) -> Executable:
    """A page of jobs, joined.

    order: the columns it is ordered by. states None: all. owned: of one owner. bounded: behind a place in the
    order. by_change: few have changed since `changed_from`, so look for those and sort them.
    """
    key: list[ColumnElement[Any]] = [jobs.c[name] for name in order]
    if by_change:
        # An expression can't be read off an index, so the index of changes is taken instead.
        key = [column + literal_column("0") if column.name == "id" else column for column in key]
    conditions: list[ColumnElement[bool]] = []
    if owned:
        conditions.append(jobs.c.owner == bindparam("owner"))
    if changed_from:
        conditions.append(jobs.c.changed >= bindparam("changed_from"))
    columns = [column.label(f"k{position}") for position, column in enumerate(key)]
    arms = [
        select(*columns).where(*in_state, *conditions, *behind)
        for in_state in (
            [[]] if states is None else [[jobs.c.state == literal_column(str(n))] for n in states]
        )
        for behind in (_behind(key, order, descending) if bounded else [[]])
    ]
    return _bodies(
        _merged(arms, [column.name for column in columns], descending=descending), columns[-1].name
    )


def _behind(key: list[ColumnElement[Any]], order: Order, descending: bool) -> list[list[ColumnElement[bool]]]:
    """What it means to be behind a place, as alternatives that exclude each other.

    Each is a range of an index. A row comparison, `(owner, id) > (:owner, :id)`, would be shorter, but SQLite
    (3.40) uses only its first column where the second is the table's row number.
    """
    alternatives = []
    for length in range(len(key), 0, -1):
        place: list[ColumnElement[Any]] = [bindparam(f"after_{name}") for name in order[:length]]
        last, bound = key[length - 1], place[-1]
        alternatives.append(
            [
                *(column == value for column, value in zip(key, place[:-1], strict=False)),
                last < bound if descending else last > bound,
            ]
        )
    return alternatives


def _merged(arms: list[Select[Any]], names: list[str], *, descending: bool = False) -> Subquery:
    """A page of what several ordered selects give, by these columns of theirs."""
    order: list[UnaryExpression[Any]] = [
        literal_column(name).desc() if descending else literal_column(name).asc() for name in names
    ]
    limit: BindParameter[int] = bindparam("limit")
    offset: BindParameter[int] = bindparam("offset")
    if len(arms) == 1:
        return arms[0].order_by(*order).limit(limit).offset(offset).subquery()
    return union_all(*arms).order_by(*order).limit(limit).offset(offset).subquery()


def _bodies(page: Subquery, key: str) -> Executable:
    """The jobs of a page, joined, by the column that holds their id."""
    return select(joined(jobs.c.body)).select_from(page.join(jobs, jobs.c.id == page.columns[key]))


@statements
def jobs_changed_between(states: tuple[int, ...], owned: bool) -> Executable:
    """How many jobs were last changed within a time."""
    counted = select(func.count()).where(
        among(jobs.c.state, states),
        jobs.c.changed >= bindparam("since"),
        jobs.c.changed < bindparam("before"),
    )
    return counted.where(jobs.c.owner == bindparam("owner")) if owned else counted


@statements
def jobs_in(states: tuple[int, ...]) -> Executable:
    """Jobs in some states behind an id, joined."""
    arms = [
        select(jobs.c.id.label("k0")).where(
            jobs.c.state == literal_column(str(state)), jobs.c.id > bindparam("after")
        )
        for state in states
    ]
    return _bodies(_merged(arms, ["k0"]), "k0")
