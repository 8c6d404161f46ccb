"""Records beside the jobs: operations on nodes, samples of what was measured, counts of ended jobs.

`RecordReader` looks them up, `RecordChanges` writes them. Jobs that end are added up per commit (`Tally`),
as their places in lists are.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.figures import Figure, Sample
from headgate.core.operations import Operation, OperationState
from headgate.core.states import JobState
from headgate.ports import store as port
from headgate.store import codec
from headgate.store.codec import encode, folded
from headgate.store.session import Session
from headgate.store.sql import records as sql

US_OF_AN_HOUR: Final = 3_600_000_000
_TOGETHER: Final = 500
_END: Final = 2**62


class Tally:
    """The jobs that one commit has brought into a final state: (hour, state) of each, in order."""

    def __init__(self) -> None:
        self.log: list[tuple[int, int]] = []

    def note(self, now: int, state: JobState) -> None:
        """One more. `now` in UTC microseconds."""
        self.log.append((now // US_OF_AN_HOUR, state.value))

    def apply(self, session: Session) -> None:
        """Add them to the counts, just before the commit."""
        if self.log:
            rows = [{"hour": hour, "state": state, "n": n} for (hour, state), n in Counter(self.log).items()]
            session.change_many(sql.add_endings, rows)


class RecordReader:
    """Look-ups of records."""

    _session: Session

    def operation(self, operation_id: str) -> Operation:
        body = self._session.value(sql.get_operation, {"guid": operation_id.lower()})
        if body is None:
            raise NotFound(f"There is no operation {operation_id[:80]!r}.", kind="operation")
        return codec.OPERATIONS.one(body)

    def operations(self, query: port.OperationQuery, *, limit: int) -> list[Operation]:
        """Read in portions: those of some nodes may be few among many."""
        found: list[Operation] = []
        if query.descending:
            changed, seq = (_END, _END) if query.before is None else (query.before, 0)
        else:
            changed, seq = (-_END, 0) if query.after is None else (query.after, _END)
        while len(found) < limit:
            place = {"changed": changed, "seq": seq, "limit": _TOGETHER}
            rows = self._session.rows(sql.page(query.descending), place)
            for (body,) in rows:
                operation = codec.OPERATIONS.one(body)
                changed, seq = operation.changed, operation.seq
                if _beyond(query, operation):
                    return found
                if query.nodes is None or folded(operation.node) in query.nodes:
                    found.append(operation)
                    if len(found) == limit:
                        break
            if len(rows) < _TOGETHER:
                break
        return found

    def executing(self, node: str) -> list[Operation]:
        rows = self._session.rows(sql.executing, {"node": folded(node)})
        return [codec.OPERATIONS.one(body) for (body,) in rows]

    def samples(self, figure: Figure, *, first: int, last: int, limit: int) -> list[Sample]:
        given = {"figure": figure.value, "first": first, "last": last, "limit": limit}
        found = codec.SAMPLES.many(self._session.value(sql.samples_between, given))
        found.sort(key=lambda sample: sample.at)
        return found

    def last_sample(self, figure: Figure) -> Sample | None:
        body = self._session.value(sql.last_sample, {"figure": figure.value})
        return None if body is None else codec.SAMPLES.one(body)

    def job_endings(self, *, first_hour: int) -> list[port.Endings]:
        rows = self._session.rows(sql.endings_since, {"hour": first_hour})
        return [port.Endings(hour, JobState(state), n) for hour, state, n in rows]


def _beyond(query: port.OperationQuery, operation: Operation) -> bool:
    """Whether the walk has come to the other end of the time asked for."""
    if query.descending:
        return query.after is not None and operation.changed <= query.after
    return query.before is not None and operation.changed >= query.before


class RecordChanges(ABC):
    """Changes of records, within a transaction."""

    _session: Session
    _new_id: Callable[[], str]
    now: int

    @abstractmethod
    def touch(self) -> None:
        """Before each statement that writes."""

    def add_operation(self, operation: Operation) -> Operation:
        last = self._session.value(sql.last_operation) or 0
        operation = replace(operation, seq=last + 1, id=self._new_id().lower())
        return self._keep(operation)

    def put_operation(self, operation: Operation) -> None:
        self._keep(operation)

    def _keep(self, operation: Operation) -> Operation:
        self.touch()
        operation = replace(operation, changed=self.now)
        self._session.change(
            sql.put_operation,
            {
                "seq": operation.seq,
                "guid": operation.id,
                "changed": operation.changed,
                "executing": folded(operation.node) if operation.state is OperationState.EXECUTING else None,
                "body": encode(operation),
            },
        )
        return operation

    def add_samples(self, values: Mapping[Figure, Mapping[str, float]]) -> None:
        self.touch()
        for figure, by_node in values.items():
            body = encode(Sample(self.now, by_node))
            self._session.change(sql.put_sample, {"figure": figure.value, "at": self.now, "body": body})

    def remove_records(self, *, operations_before: int, samples_before: int, limit: int) -> int:
        self.touch()
        most = self._session.change(sql.remove_operations, {"before": operations_before, "limit": limit})
        for figure in Figure:
            given = {"figure": figure.value, "before": samples_before, "limit": limit}
            most = max(most, self._session.change(sql.remove_samples, given))
        self._session.change(sql.remove_endings, {"hour": samples_before // US_OF_AN_HOUR})
        return most
