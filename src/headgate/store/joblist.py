"""Lists of jobs: which statement answers which question, and at what cost.

Sorted by id, owner or time of change, filtered by states, owner and time of change, a page costs the same
anywhere in a list of any length: a cursor is a place in an index, and an offset becomes one by way of the
counts (`ladders.py`). Any other order or filter has to look at each job that might fit (`jobsearch.py`).
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from headgate.core.errors import BadRequest
from headgate.core.model import Job
from headgate.core.states import JobState
from headgate.ports.store import Cursor, JobPage, JobQuery
from headgate.store import codec, jobsearch, ladders, sortkeys
from headgate.store.codec import folded
from headgate.store.jobsearch import finish
from headgate.store.ladders import EVERYBODY, Ladder, of_owner
from headgate.store.session import Session
from headgate.store.sql import counts as count_sql
from headgate.store.sql import joblists as sql

_FEW = 20_000
"""So many changed jobs are sorted rather than looked for in a long list."""

_KEYS: dict[str, Callable[[Job], Any]] = {
    "id": lambda job: job.id,
    "owner": lambda job: (folded(job.owner), job.id),
    "times.changed": lambda job: (job.times.changed, job.id),
}
Place = dict[str, Any]
"""Parameters of a statement that name a place in an order: rows begin behind it."""

_ORDERS = {"id": sql.ID, "owner": sql.OWNER, "times.changed": sql.CHANGE}


def in_states(session: Session, states: tuple[int, ...], *, after: int, limit: int) -> list[Job]:
    """Jobs in these states by id."""
    if not states:
        return []
    found = codec.JOBS.many(session.value(sql.jobs_in(states), {"after": after, "limit": limit, "offset": 0}))
    found.sort(key=_KEYS["id"])
    return found


def page(
    session: Session, query: JobQuery, *, limit: int, after: Cursor | None, offset: int | None, count: bool
) -> JobPage:
    """One page of a list, by cursor or by offset."""
    sort = query.sort
    if limit < 1 or (offset is not None and offset < 0):
        raise BadRequest("a page has at least one row, and starts at row 0 or later")
    if query.nodes is not None:
        return jobsearch.running_on(session, query, limit=limit, after=after, offset=offset, count=count)
    if query.sort not in _KEYS or query.node_group is not None:
        total = None
        if count:
            total = (
                jobsearch.count(session, query)
                if query.node_group is not None
                else _Selection.of(session, query).total()
            )
        return jobsearch.page(session, query, limit=limit, after=after, offset=offset or 0, total=total)
    if query.owner is not None and query.sort == "owner":
        query = msgspec.structs.replace(query, sort="id")
        if after is not None:
            after = Cursor(after.id, after.id)
    selection = _Selection.of(session, query)
    total = selection.total() if count or offset is not None else None
    if not selection.states or (total is not None and offset is not None and offset >= total):
        return JobPage([], False, None, total if count else None)
    start: Place | None = None
    rest = 0
    if after is not None:
        start = _cursor(query.sort, after)
    elif offset:
        start, rest = selection.at(offset)
    found = selection.read(start, rest, limit + 1)
    return finish(found, limit, total if count else None, sortkeys.sort_value(Job, sort))


def _cursor(sort: str, after: Cursor) -> Place:
    """A cursor as the place in an index that it is."""
    if sort == "id":
        return {"after_id": after.id}
    if sort == "owner":
        return {"after_owner": folded(str(after.value or "")), "after_id": after.id}
    if not isinstance(after.value, int):
        raise BadRequest("this cursor does not belong to this list")
    return {"after_changed": after.value, "after_id": after.id}


class _Selection(NamedTuple):
    """The jobs of a list that can be paged by index and counts."""

    session: Session
    query: JobQuery
    states: tuple[int, ...]
    """States that fit and that any job is in."""
    counted: int
    """Jobs in these states (of the owner, if one is given), whenever changed."""
    unchanged: int
    """Of these, the ones that don't fit because they were changed before `changed_from`."""

    @classmethod
    def of(cls, session: Session, query: JobQuery) -> "_Selection":
        owner = None if query.owner is None else folded(query.owner)
        present = ladders.by_state(session, owner)
        fitting = {
            state: n
            for state, n in present.items()
            if query.states is None or JobState(state) in query.states
        }
        states = tuple(sorted(fitting))
        self = cls(session, query, states, sum(fitting.values()), 0)
        return (
            self if query.changed_from is None or not states else self._replace(unchanged=self._unchanged())
        )

    @property
    def _owner(self) -> str:
        return EVERYBODY if self.query.owner is None else of_owner(folded(self.query.owner))

    def total(self) -> int:
        return self.counted - self.unchanged

    def _unchanged(self) -> int:
        """How many were changed before `changed_from`: whole buckets, then the begun one."""
        since = self.query.changed_from or 0
        ladder = ladders.BY_CHANGE if self.query.owner is None else ladders.BY_OWNER_CHANGE
        below, begun = ladders.count_below(self.session, ladder, self.states, self._owner, since)
        parameters: dict[str, Any] = {"since": begun, "before": since}
        if self.query.owner is not None:
            parameters["owner"] = folded(self.query.owner)
        rest: int = self.session.value(
            sql.jobs_changed_between(self.states, self.query.owner is not None), parameters
        )
        return below + rest

    def at(self, offset: int) -> tuple[Place | None, int]:
        """A place in the index at or before this offset, and how many rows to step over from there."""
        if self.query.sort == "times.changed":
            return self._at_change(offset)
        if self.query.changed_from is not None:
            return None, offset
        if self.query.sort == "id":
            ladder = ladders.BY_ID if self.query.owner is None else ladders.BY_OWNER_ID
            return self._at_id(ladder, self._owner, offset)
        owners = count_sql.by_owner(self.states, self.query.descending)
        for owner, n in self.session.rows(owners, {"shelf": ladders.BY_OWNER_ID.shelves[0].number}):
            if offset < n:
                place, rest = self._at_id(ladders.BY_OWNER_ID, owner, offset)
                return {"after_owner": ladders.owner_of(owner), **(place or {})}, rest
            offset -= n
        return None, offset

    def _at_id(self, ladder: Ladder, owner: str, offset: int) -> tuple[Place | None, int]:
        descending = self.query.descending
        found = ladders.find(self.session, ladder, self.states, owner, offset, descending=descending)
        if found is None:
            return None, offset
        return {"after_id": found.last + 1 if descending else found.first - 1}, found.rest

    def _at_change(self, offset: int) -> tuple[Place | None, int]:
        descending, since = self.query.descending, self.query.changed_from
        ladder = ladders.BY_CHANGE if self.query.owner is None else ladders.BY_OWNER_CHANGE
        skipped = 0 if descending else self.unchanged
        found = ladders.find(
            self.session, ladder, self.states, self._owner, offset + skipped, descending=descending
        )
        # In the bucket in which `changed_from` lies, its condition steps over the rows that don't fit.
        if found is None or (not descending and since is not None and found.first <= since):
            return None, offset
        return {"after_changed": found.last + 1 if descending else found.first, "after_id": 0}, found.rest

    def read(self, start: Place | None, rest: int, limit: int) -> list[Job]:
        """Rows from behind a place, `rest` of them stepped over."""
        query = self.query
        since = query.changed_from
        by_change = since is not None and query.sort != "times.changed" and self.total() <= _FEW
        everything = query.states is None and query.owner is None and since is None and query.sort == "id"
        parameters: dict[str, Any] = {"limit": limit, "offset": rest, **(start or {})}
        if query.owner is not None:
            parameters["owner"] = folded(query.owner)
        if since is not None:
            parameters["changed_from"] = since
        statement = sql.job_page(
            _ORDERS[query.sort],
            None if everything else self.states,
            owned=query.owner is not None,
            changed_from=since is not None,
            bounded=start is not None,
            descending=query.descending,
            by_change=by_change,
        )
        found = codec.JOBS.many(self.session.value(statement, parameters))
        found.sort(key=_KEYS[query.sort], reverse=query.descending)
        return found
