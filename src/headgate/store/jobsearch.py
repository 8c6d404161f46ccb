"""Lists of jobs in any order and with any filter: the database looks at each job that might fit.

The database sorts, without holding up Python, and holds no more than the keys of the jobs up to the page. In
these orders text is folded as the database does it: SQLite folds the letters A to Z.
"""

from collections.abc import Callable
from typing import Any

from headgate.core.model import Job
from headgate.core.states import JobState
from headgate.ports.store import Cursor, JobPage, JobQuery
from headgate.store import codec, sortkeys
from headgate.store.codec import folded
from headgate.store.session import Session
from headgate.store.sql import jobsearch as sql

Value = Callable[[Job], int | str | None]


def finish(found: list[Job], limit: int, total: int | None, value: Value) -> JobPage:
    """The page, of which one row more than it holds was looked up."""
    jobs = found[:limit]
    end = Cursor(value(jobs[-1]), jobs[-1].id) if jobs else None
    return JobPage(jobs, len(found) > limit, end, total)


def page(
    session: Session, query: JobQuery, *, limit: int, after: Cursor | None, offset: int, total: int | None
) -> JobPage:
    """A page that the database finds and sorts."""
    value = sortkeys.sort_value(Job, query.sort)
    default = value(Job())
    parameters = {**_filter(query), "limit": limit + 1, "offset": offset}
    if default is not None:
        parameters["default_value"] = default
    place = None
    if after is not None:
        place = "unset" if after.value is None else "set"
        owner = query.sort == "owner"
        parameters |= {
            "after_value": folded(str(after.value)) if owner else after.value,
            "after_id": after.id,
        }
    statement = sql.page(
        query.sort,
        default is not None,
        _states(query),
        is_text=sortkeys.is_text(Job, query.sort),
        place=place,
        descending=query.descending,
        **_shape(query),
    )
    found = [codec.JOBS.one(body) for (body,) in session.rows(statement, parameters)]
    return finish(found, limit, total, value)


def count(session: Session, query: JobQuery) -> int:
    """How many jobs fit."""
    n: int = session.value(sql.count(_states(query), **_shape(query)), _filter(query))
    return n


def _states(query: JobQuery) -> tuple[int, ...] | None:
    return None if query.states is None else tuple(sorted(state.value for state in query.states))


def _shape(query: JobQuery) -> dict[str, bool]:
    """Which filters a statement has."""
    return {
        "owned": query.owner is not None,
        "changed_from": query.changed_from is not None,
        "grouped": query.node_group is not None,
    }


def _filter(query: JobQuery) -> dict[str, Any]:
    """The parameters of these."""
    given: dict[str, Any] = {}
    if query.owner is not None:
        given["owner"] = folded(query.owner)
    if query.changed_from is not None:
        given["changed_from"] = query.changed_from
    if query.node_group is not None:
        given["node_group"] = folded(query.node_group)
    return given


def running_on(
    session: Session, query: JobQuery, *, limit: int, after: Cursor | None, offset: int | None, count: bool
) -> JobPage:
    """A page of the jobs that run on some nodes. No more of them run than the nodes hold, so look at each."""
    value = sortkeys.sort_value(Job, query.sort)

    def place(job: Job) -> tuple[Any, ...]:
        return (sortkeys.key(value(job)), job.id)

    found: list[Job] = []
    if query.states is None or JobState.RUNNING in query.states:
        running = codec.JOBS.many(session.value(sql.running(**_shape(query)), _filter(query)))
        nodes = frozenset(map(folded, query.nodes or ()))
        found = [job for job in running if not nodes.isdisjoint(map(folded, job.nodes))]
    total = len(found)
    found.sort(key=place, reverse=query.descending)
    if after is not None:
        mark = (sortkeys.key(after.value), after.id)
        found = [job for job in found if (place(job) < mark if query.descending else place(job) > mark)]
    return finish(found[offset or 0 :][: limit + 1], limit, total if count else None, value)
