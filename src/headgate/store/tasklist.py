"""Lists of a job's tasks, with expanded sweeps as a row for each instance, most of which are stored nowhere.

The list by number is a sequence of `_Part`s: stretches of tasks that are rows themselves, and expanded tasks.
Each part knows how many rows it has and can give any of them, so a page is found by stepping over parts. In
an expanded task the instances without a row of their own are alike (`Task.rest_state`, the task's times), so
either all of them fit a filter or none. Any other order is made by looking at every row, up to
`SORTED_AT_MOST`.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from headgate.core.errors import BadRequest
from headgate.core.instances import untouched
from headgate.core.model import INT_MAX, Instance, Task
from headgate.core.states import TaskState
from headgate.ports.store import Cursor, TaskPage, TaskQuery, TaskRow
from headgate.store import codec, sortkeys
from headgate.store.session import Session
from headgate.store.sql import tasklists as sql

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


class _Part(Protocol):
    """A stretch of the list."""

    def size(self) -> int:
        """How many rows."""
        ...

    def read(self, skip: int, limit: int, descending: bool) -> list[TaskRow]:
        """Some of its rows, in order."""
        ...

    def behind(self, number: int, instance: int, descending: bool) -> "_Part | None":
        """What of it lies behind this row, None if nothing."""
        ...


class _Filter(NamedTuple):
    """The part of a query that rows are judged by."""

    session: Session
    job_id: int
    states: frozenset[TaskState] | None
    shape: tuple[int, ...] | None
    changed_from: int | None
    instances: frozenset[int] | None

    def fits(self, state: TaskState, changed: int) -> bool:
        return (self.states is None or state in self.states) and (
            self.changed_from is None or changed >= self.changed_from
        )

    def parameters(self, **more: int) -> dict[str, Any]:
        found: dict[str, Any] = {"job_id": self.job_id, **more}
        if self.changed_from is not None:
            found["changed_from"] = self.changed_from
        return found


class _Plain(NamedTuple):
    """Tasks with numbers from `first` to `last`, each a row."""

    judge: _Filter
    first: int
    last: int

    def size(self) -> int:
        if self.judge.instances is not None and 0 not in self.judge.instances:
            return 0
        statement = sql.count_tasks(self.judge.shape, changed_from=self.judge.changed_from is not None)
        n: int = self.judge.session.value(statement, self.judge.parameters(first=self.first, last=self.last))
        return n

    def read(self, skip: int, limit: int, descending: bool) -> list[TaskRow]:
        if self.judge.instances is not None and 0 not in self.judge.instances:
            return []
        statement = sql.task_page(
            self.judge.shape, changed_from=self.judge.changed_from is not None, descending=descending
        )
        joined = self.judge.session.value(
            statement, self.judge.parameters(first=self.first, last=self.last, limit=limit, offset=skip)
        )
        found = codec.TASKS.many(joined)
        found.sort(key=lambda task: task.number, reverse=descending)
        return [TaskRow(task) for task in found]

    def behind(self, number: int, instance: int, descending: bool) -> "_Plain | None":
        first, last = (
            (self.first, min(self.last, number - 1))
            if descending
            else (max(self.first, number + 1), self.last)
        )
        return None if first > last else self._replace(first=first, last=last)


class _Expanded(NamedTuple):
    """Instances `first` to `last` of one task, each a row."""

    judge: _Filter
    task: Task
    first: int
    last: int

    @property
    def _rest_fits(self) -> bool:
        return self.judge.fits(self.task.rest_state, self.task.times.changed)

    def _touched(self) -> int:
        """How many instances here have a row, whether they fit or not."""
        if (self.first, self.last) == (1, self.task.instance_count):
            return self.task.rows
        statement = sql.count_instances(None, changed_from=False)
        n: int = self.judge.session.value(
            statement,
            {"job_id": self.judge.job_id, "task": self.task.number, "first": self.first, "last": self.last},
        )
        return n

    def _fitting(self) -> int:
        """How many instances here have a row and fit."""
        if self.judge.shape is None and self.judge.changed_from is None:
            return self._touched()
        statement = sql.count_instances(self.judge.shape, changed_from=self.judge.changed_from is not None)
        n: int = self.judge.session.value(
            statement, self.judge.parameters(task=self.task.number, first=self.first, last=self.last)
        )
        return n

    def size(self) -> int:
        if self.judge.instances is not None:
            return len(self._chosen())
        if not self._rest_fits:
            return self._fitting()
        return self.last - self.first + 1 - self._touched() + self._fitting()

    def read(self, skip: int, limit: int, descending: bool) -> list[TaskRow]:
        if self.judge.instances is not None:
            chosen = self._chosen()
            if descending:
                chosen.reverse()
            found = chosen[skip : skip + limit]
        elif not self._rest_fits:
            found = self._stored(self.first, self.last, skip, limit, descending)
        elif self._touched() == self._fitting():
            found = self._all(skip, limit, descending)
        else:
            found = self._mixed(skip, limit, descending)
        return [TaskRow(self.task, instance) for instance in found]

    def _stored(self, first: int, last: int, skip: int, limit: int, descending: bool) -> list[Instance]:
        """Instances with a row that fit."""
        statement = sql.instance_page(
            self.judge.shape, changed_from=self.judge.changed_from is not None, descending=descending
        )
        joined = self.judge.session.value(
            statement,
            self.judge.parameters(task=self.task.number, first=first, last=last, limit=limit, offset=skip),
        )
        found = codec.INSTANCES.many(joined)
        found.sort(key=lambda instance: instance.number, reverse=descending)
        return found

    def _all(self, skip: int, limit: int, descending: bool) -> list[Instance]:
        """Every instance fits, so the place is the number."""
        if descending:
            high = self.last - skip
            low = max(self.first, high - limit + 1)
        else:
            low = self.first + skip
            high = min(self.last, low + limit - 1)
        stored = {instance.number: instance for instance in self._stored(low, high, 0, limit, False)}
        numbers = range(high, low - 1, -1) if descending else range(low, high + 1)
        return [stored.get(number) or untouched(self.task, number) for number in numbers]

    def _mixed(self, skip: int, limit: int, descending: bool) -> list[Instance]:
        """All without a row fit, and some of those with one: find the number by halving, then read on from
        there.
        """
        low, high = self.first, self.last
        while low < high:
            middle = (low + high) // 2 if not descending else (low + high + 1) // 2
            passed = (self._replace(last=middle) if not descending else self._replace(first=middle)).size()
            if passed > skip:
                low, high = (low, middle) if not descending else (middle, high)
            else:
                low, high = (middle + 1, high) if not descending else (low, middle - 1)
        found: list[Instance] = []
        for number, instance in self._walk(low, descending):
            if instance is None:
                found.append(untouched(self.task, number))
            elif self.judge.fits(instance.state, instance.times.changed):
                found.append(instance)
            if len(found) == limit:
                break
        return found

    def _walk(self, start: int, descending: bool) -> Iterator[tuple[int, Instance | None]]:
        """Numbers from here on, with their rows, read some at a time."""
        anything = self._replace(judge=self.judge._replace(states=None, shape=None, changed_from=None))
        step = 1000
        while self.first <= start <= self.last:
            low, high = (
                (max(self.first, start - step + 1), start)
                if descending
                else (start, min(self.last, start + step - 1))
            )
            stored = {instance.number: instance for instance in anything._stored(low, high, 0, step, False)}
            for number in range(high, low - 1, -1) if descending else range(low, high + 1):
                yield number, stored.get(number)
            start = low - 1 if descending else high + 1

    def _chosen(self) -> list[Instance]:
        """The instances asked for by number that fit."""
        found = []
        everything = self._replace(judge=self.judge._replace(states=None, shape=None, changed_from=None))
        for number in sorted(self.judge.instances or ()):
            if self.first <= number <= self.last:
                stored = everything._stored(number, number, 0, 1, False)
                instance = stored[0] if stored else untouched(self.task, number)
                if self.judge.fits(instance.state, instance.times.changed):
                    found.append(instance)
        return found

    def behind(self, number: int, instance: int, descending: bool) -> "_Expanded | None":
        if number != self.task.number:
            return self if (self.task.number < number) == descending else None
        first, last = (
            (self.first, min(self.last, instance - 1))
            if descending
            else (max(self.first, instance + 1), self.last)
        )
        return None if first > last else self._replace(first=first, last=last)


def _parts(session: Session, query: TaskQuery) -> list[_Part]:
    """The list as parts, by number."""
    shape = None if query.states is None else tuple(sorted(state.value for state in query.states))
    judge = _Filter(session, query.job_id, query.states, shape, query.changed_from, query.instances)
    expanded: dict[int, Task] = {}
    if query.expand:
        joined = session.value(sql.expanded_tasks(), {"job_id": query.job_id})
        expanded = {task.number: task for task in codec.TASKS.many(joined)}
    if query.numbers is not None:
        wanted = sorted(number for number in query.numbers if 0 < number <= INT_MAX)
        return [_part(judge, number, expanded.get(number)) for number in wanted]
    parts: list[_Part] = []
    begin = 1
    for number in sorted(expanded):
        if number > begin:
            parts.append(_Plain(judge, begin, number - 1))
        parts.append(_part(judge, number, expanded[number]))
        begin = number + 1
    parts.append(_Plain(judge, begin, INT_MAX))
    return parts


def _part(judge: _Filter, number: int, expanded: Task | None) -> _Part:
    return (
        _Plain(judge, number, number)
        if expanded is None
        else _Expanded(judge, expanded, 1, expanded.instance_count)
    )


def _sorted(
    query: TaskQuery, parts: list[_Part], *, limit: int, after: Cursor | None, offset: int | None, count: bool
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
