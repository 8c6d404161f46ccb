"""Statements that look at each job that might fit: any order, any filter (`store/jobsearch.py`)."""

from typing import Any

from sqlalchemy import ColumnElement, Executable, Select, and_, bindparam, func, or_, select

from headgate.core.states import JobState
from headgate.store.sqlite import json_value
from headgate.store.statement import among, joined, statements
from headgate.store.tables import job_node_groups, jobs

_COLUMNS: dict[str, ColumnElement[Any]] = {
    "id": jobs.c.id,
    "owner": jobs.c.owner,
    "state": jobs.c.state,
    "times.changed": jobs.c.changed,
}


def _key(sort: str, has_default: bool, is_text: bool) -> ColumnElement[Any]:
    """What the jobs are sorted by: a column, or a field within the body, where defaults are left out."""
    if sort in _COLUMNS:
        return _COLUMNS[sort]
    value = json_value(jobs.c.body, sort)
    if has_default:
        value = func.coalesce(value, bindparam("default_value"))
    return func.lower(value) if is_text else value


def _behind(key: ColumnElement[Any], place: str, *, text: bool, descending: bool) -> ColumnElement[bool]:
    """Rows behind a place in the order, in which unset values are the least."""
    after_id = bindparam("after_id", type_=jobs.c.id.type)
    after: ColumnElement[Any] = bindparam("after_value")
    if text:
        after = func.lower(after)
    later = jobs.c.id < after_id if descending else jobs.c.id > after_id
    if place == "unset":
        return and_(key.is_(None), later) if descending else or_(and_(key.is_(None), later), key.is_not(None))
    if descending:
        return or_(key < after, key.is_(None), and_(key == after, later))
    return or_(key > after, and_(key == after, later))


def _fitting(
    rows: Select[Any], states: tuple[int, ...] | None, *, owned: bool, changed_from: bool, grouped: bool
) -> Select[Any]:
    """The rows of jobs that fit a filter."""
    if states is not None:
        rows = rows.where(among(jobs.c.state, states))
    if owned:
        rows = rows.where(jobs.c.owner == bindparam("owner"))
    if changed_from:
        rows = rows.where(jobs.c.changed >= bindparam("changed_from"))
    if grouped:
        rows = rows.join(job_node_groups, job_node_groups.c.job_id == jobs.c.id).where(
            job_node_groups.c.node_group == bindparam("node_group")
        )
    return rows


@statements
def page(
    sort: str,
    has_default: bool,
    states: tuple[int, ...] | None,
    *,
    is_text: bool,
    place: str | None,
    descending: bool,
    owned: bool,
    changed_from: bool,
    grouped: bool,
) -> Executable:
    """A page of jobs in any order, row by row.

    has_default: the field is left out of the body where it has its default, and that is not null.
    place: whether the rows are behind a `set` or an `unset` value; None: from the beginning.
    """
    key = _key(sort, has_default, is_text)
    rows = _fitting(
        select(key.label("k"), jobs.c.id.label("id")).select_from(jobs),
        states,
        owned=owned,
        changed_from=changed_from,
        grouped=grouped,
    )
    if place is not None:
        text = is_text and sort not in _COLUMNS
        rows = rows.where(_behind(key, place, text=text, descending=descending))
    ordered = (
        (key.desc().nulls_last(), jobs.c.id.desc()) if descending else (key.asc().nulls_first(), jobs.c.id)
    )
    # Keys alone are sorted; the bodies are looked up for the page.
    found = rows.order_by(*ordered).limit(bindparam("limit")).offset(bindparam("offset")).subquery()
    again = (
        (found.c.k.desc().nulls_last(), found.c.id.desc())
        if descending
        else (found.c.k.asc().nulls_first(), found.c.id)
    )
    return select(jobs.c.body).select_from(found.join(jobs, jobs.c.id == found.c.id)).order_by(*again)


@statements
def count(states: tuple[int, ...] | None, *, owned: bool, changed_from: bool, grouped: bool) -> Executable:
    """How many jobs fit."""
    rows = select(func.count()).select_from(jobs)
    return _fitting(rows, states, owned=owned, changed_from=changed_from, grouped=grouped)


@statements
def running(*, owned: bool, changed_from: bool, grouped: bool) -> Executable:
    """The jobs that are running and fit, joined."""
    rows = select(joined(jobs.c.body)).select_from(jobs)
    return _fitting(rows, (JobState.RUNNING.value,), owned=owned, changed_from=changed_from, grouped=grouped)
