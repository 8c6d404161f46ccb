"""The parts that a list of tasks is made of, and the filter that their rows are judged by.

A list by number is a sequence of parts: stretches of tasks that are rows themselves (`Plain`), and expanded
tasks (`sweeplist.Expanded`). Each part knows how many rows it has and can give any of them, so a page is
found by stepping over parts.
"""

from typing import Any, NamedTuple, Protocol

from headgate.core.states import TaskState
from headgate.ports.store import TaskRow
from headgate.store import codec
from headgate.store.session import Session
from headgate.store.sql import tasklists as sql


class Part(Protocol):
    """A stretch of the list."""

    def size(self) -> int:
        """How many rows."""
        ...

    def read(self, skip: int, limit: int, descending: bool) -> list[TaskRow]:
        """Some of its rows, in order."""
        ...

    def behind(self, number: int, instance: int, descending: bool) -> "Part | None":
        """What of it lies behind this row, None if nothing."""
        ...


class Filter(NamedTuple):
    """The part of a query that rows are judged by."""

    session: Session
    job_id: int
    states: frozenset[TaskState] | None
    changed_from: int | None
    instances: frozenset[int] | None

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The states as the shape of a statement."""
        return None if self.states is None else tuple(sorted(state.value for state in self.states))

    @property
    def other_states(self) -> tuple[int, ...]:
        """The states that do not fit."""
        return (
            ()
            if self.states is None
            else tuple(state.value for state in TaskState if state not in self.states)
        )

    def fits(self, state: TaskState, changed: int) -> bool:
        """Whether a row fits."""
        return (self.states is None or state in self.states) and (
            self.changed_from is None or changed >= self.changed_from
        )

    def parameters(self, **more: int) -> dict[str, Any]:
        """What statements need to know of it."""
        found: dict[str, Any] = {"job_id": self.job_id, **more}
        if self.changed_from is not None:
            found["changed_from"] = self.changed_from
        return found


class Plain(NamedTuple):
    """Tasks with numbers from `first` to `last`, each a row."""

    judge: Filter
    first: int
    last: int

    @property
    def _out(self) -> bool:
        """Whether only certain instances are wanted, and so no tasks."""
        return self.judge.instances is not None and 0 not in self.judge.instances

    def size(self) -> int:
        if self._out:
            return 0
        statement = sql.count(self.judge.shape, changed_from=self.judge.changed_from is not None)
        n: int = self.judge.session.value(statement, self.judge.parameters(first=self.first, last=self.last))
        return n

    def read(self, skip: int, limit: int, descending: bool) -> list[TaskRow]:
        if self._out:
            return []
        statement = sql.page(
            self.judge.shape, changed_from=self.judge.changed_from is not None, descending=descending
        )
        joined = self.judge.session.value(
            statement, self.judge.parameters(first=self.first, last=self.last, limit=limit, offset=skip)
        )
        found = codec.TASKS.many(joined)
        found.sort(key=lambda task: task.number, reverse=descending)
        return [TaskRow(task) for task in found]

    def behind(self, number: int, instance: int, descending: bool) -> "Plain | None":
        first, last = self.first, self.last
        if descending:
            last = min(last, number - 1)
        else:
            first = max(first, number + 1)
        return None if first > last else self._replace(first=first, last=last)
