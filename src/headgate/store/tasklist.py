"""Lists of a job's tasks, with expanded sweeps as a row for each instance, most of which are stored nowhere.

The list by number is stepped through part by part (`taskparts.py`, `sweeplist.py`). Any other order is made
by looking at every row, up to `SORTED_AT_MOST`.
"""

from typing import Any

from headgate.core.errors import BadRequest
from headgate.core.model import INT_MAX, Instance, Task
from headgate.ports.store import Cursor, TaskPage, TaskQuery, TaskRow
from headgate.store import codec, sortkeys
from headgate.store.session import Session
from headgate.store.sql import tasklists as sql
from headgate.store.sweeplist import Expanded
from headgate.store.taskparts import Filter, Part, Plain

SORTED_AT_MOST = 100_000


def page(
    session: Session, query: TaskQuery, *, limit: int, after: Cursor | None, offset: int | None, count: bool
) -> TaskPage:
    """One page of a list, by cursor or by offset."""
    if limit < 1 or (offset is not None and offset < 0):
        raise BadRequest("a page has at least one row, and starts at row 0 or later")
    parts = _parts(session, query)
    if query.sort != "number":
        return _sorted(query, parts, limit=limit, after=after, offset=offset, count=count)
    total = sum(part.size() for part in parts) if count else None
    if query.descending:
        parts.reverse()
    rows: list[TaskRow] = []
    skip = offset or 0
    for part in parts:
        if after is not None:
            cut = part.behind(after.id, after.instance, query.descending)
            if cut is None:
                continue
            part = cut
        if skip:
            size = part.size()
            if skip >= size:
                skip -= size
                continue
        rows += part.read(skip, limit + 1 - len(rows), query.descending)
        skip = 0
        if len(rows) > limit:
            break
    return _finish(rows, limit, total, lambda row: row.task.number)


def _finish(rows: list[TaskRow], limit: int, total: int | None, value: Any) -> TaskPage:
    shown = rows[:limit]
    end = None
    if shown:
        last = shown[-1]
        end = Cursor(value(last), last.task.number, 0 if last.instance is None else last.instance.number)
    return TaskPage(shown, len(rows) > limit, end, total)


def _parts(session: Session, query: TaskQuery) -> list[Part]:
    """The list as parts, by number."""
    judge = Filter(session, query.job_id, query.states, query.changed_from, query.instances)
    expanded: dict[int, Task] = {}
    if query.expand:
        joined = session.value(sql.expanded, {"job_id": query.job_id})
        expanded = {task.number: task for task in codec.TASKS.many(joined)}
    if query.numbers is not None:
        wanted = sorted(number for number in query.numbers if 0 < number <= INT_MAX)
        return [_part(judge, number, expanded.get(number)) for number in wanted]
    parts: list[Part] = []
    begin = 1
    for number in sorted(expanded):
        if number > begin:
            parts.append(Plain(judge, begin, number - 1))
        parts.append(_part(judge, number, expanded[number]))
        begin = number + 1
    parts.append(Plain(judge, begin, INT_MAX))
    return parts


def _part(judge: Filter, number: int, expanded: Task | None) -> Part:
    return (
        Plain(judge, number, number)
        if expanded is None
        else Expanded(judge, expanded, 1, expanded.instance_count)
    )


def _sorted(
    query: TaskQuery, parts: list[Part], *, limit: int, after: Cursor | None, offset: int | None, count: bool
) -> TaskPage:
    """A page in another order than by number."""
    total = 0
    for part in parts:
        total += part.size()
        if total > SORTED_AT_MOST:
            raise BadRequest(
                f"a list of more than {SORTED_AT_MOST} tasks can only be sorted by number",
                parameters=(query.sort,),
            )
    of_task = sortkeys.sort_value(Task, query.sort)
    of_instance = None
    if query.sort.split(".", maxsplit=1)[0] in _OF_INSTANCES:
        of_instance = sortkeys.sort_value(Instance, query.sort)

    def value(row: TaskRow) -> int | str | None:
        return of_task(row.task) if row.instance is None or of_instance is None else of_instance(row.instance)

    def place(row: TaskRow) -> tuple[Any, ...]:
        return (sortkeys.key(value(row)), row.task.number, 0 if row.instance is None else row.instance.number)

    rows = [row for part in parts for row in part.read(0, SORTED_AT_MOST, False)]
    rows.sort(key=place, reverse=query.descending)
    if after is not None:
        mark = (sortkeys.key(after.value), after.id, after.instance)
        rows = [row for row in rows if (place(row) < mark if query.descending else place(row) > mark)]
    return _finish(rows[offset or 0 :], limit, total if count else None, value)


_OF_INSTANCES = frozenset({"state", "previous_state", "times", "run"})
