"""store/records.py: operations, samples and counts of ended jobs."""

import sqlite3
from collections.abc import Callable, Mapping

import pytest
from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.figures import Figure
from headgate.core.operations import Operation, OperationState
from headgate.core.states import JobState
from headgate.ports.store import OperationQuery, Transaction
from headgate.store import records, schema, sqlite
from tests.unit.store.worlds import NOON, World

HOUR = records.US_OF_AN_HOUR


def operation(name: str, node: str = "", state: OperationState = OperationState.COMMITTED) -> Operation:
    return Operation(name=name, state=state, operator="boss", node=node)


def noted(world: World, *names: str, node: str = "", apart: int = 10) -> list[Operation]:
    """Operations, each some microseconds after the one before."""
    found = []
    for name in names:
        world.clock.time += apart
        found.append(world.write(adding(operation(name, node))))
    return found


def adding(made: Operation) -> Callable[[Transaction], Operation]:
    return lambda tx: tx.add_operation(made)


def sampling(values: Mapping[Figure, Mapping[str, float]]) -> Callable[[Transaction], None]:
    return lambda tx: tx.add_samples(values)


def names(world: World, limit: int = 99, **query: object) -> list[str]:
    asked = OperationQuery(**query)  # type: ignore[arg-type]  # the test's own words
    return [one.name for one in world.look(lambda look: look.operations(asked, limit=limit))]


def test_an_operation_gets_a_number_an_id_and_the_time_of_its_commit(world: World) -> None:
    first, second = noted(world, "one", "two")
    assert (first.seq, second.seq) == (1, 2)
    assert first.id != second.id
    assert second.changed == NOON + 20
    assert world.look(lambda look: look.operation(first.id.upper())) == first
    with pytest.raises(NotFound, match="no operation 'x'"):
        world.look(lambda look: look.operation("x"))


def test_both_times_are_exclusive_and_the_order_is_that_of_the_last_change(world: World) -> None:
    first, second, third = noted(world, "one", "two", "three")
    assert names(world) == ["one", "two", "three"]
    assert names(world, descending=True) == ["three", "two", "one"]
    assert names(world, after=first.changed, before=third.changed) == ["two"]
    assert names(world, after=first.changed, before=third.changed, descending=True) == ["two"]
    assert names(world, limit=2, descending=True) == ["three", "two"]
    world.clock.time += 1
    world.write(lambda tx: tx.put_operation(first))
    assert names(world) == ["two", "three", "one"]
    assert second.seq == 2


def test_operations_of_one_commit_are_in_the_order_in_which_they_were_made(world: World) -> None:
    def change(tx: Transaction) -> None:
        for name in "abc":
            tx.add_operation(operation(name))

    world.write(change)
    assert names(world) == ["a", "b", "c"]
    assert names(world, descending=True) == ["c", "b", "a"]


def test_a_node_is_found_among_many_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_TOGETHER", 3)
    noted(world, *"abcdefg", node="Other")
    noted(world, "mine", node="NODE1")
    noted(world, *"hijk", node="other")
    assert names(world, nodes=frozenset({"node1"})) == ["mine"]
    assert names(world, nodes=frozenset({"node1"}), descending=True) == ["mine"]
    assert names(world, nodes=frozenset({"none"})) == []
    assert names(world, nodes=frozenset({"other"}), limit=8) == list("abcdefgh")


def test_what_is_not_done_is_found_by_its_node_and_not_removed(world: World) -> None:
    begun = world.write(lambda tx: tx.add_operation(operation("begun", "N1", OperationState.EXECUTING)))
    noted(world, "done", node="N1")
    assert [one.name for one in world.look(lambda look: look.executing("n1"))] == ["begun"]
    later = world.clock.time + 1

    def remove(tx: Transaction) -> int:
        return tx.remove_records(operations_before=later, samples_before=0, limit=10)

    assert world.write(remove) == 1
    assert names(world) == ["begun"]
    world.write(lambda tx: tx.put_operation(replace(begun, state=OperationState.COMMITTED)))
    assert world.look(lambda look: look.executing("n1")) == []
    assert world.write(remove) == 1


def test_old_records_go_in_portions_the_oldest_first(world: World) -> None:
    noted(world, *"abc")
    cut = world.clock.time
    noted(world, "d")

    def remove(tx: Transaction) -> int:
        return tx.remove_records(operations_before=cut, samples_before=0, limit=1)

    assert [world.write(remove) for _ in range(3)] == [1, 1, 0]
    assert names(world) == ["c", "d"]


def test_samples_are_found_by_figure_and_time_both_ends_included(world: World) -> None:
    for value in (1.0, 2.0, 3.0):
        world.clock.time += 10
        world.write(sampling({Figure.CPU_USAGE: {"n1": value}, Figure.NETWORK: {"n1": -value, "n2": 0.0}}))

    def values(first: int, last: int, limit: int = 9) -> list[float]:
        found = world.look(
            lambda look: look.samples(Figure.CPU_USAGE, first=NOON + first, last=NOON + last, limit=limit)
        )
        return [sample.values["n1"] for sample in found]

    assert values(10, 30) == [1.0, 2.0, 3.0]
    assert values(11, 29) == [2.0]
    assert values(0, 99, limit=2) == [1.0, 2.0]
    last = world.look(lambda look: look.last_sample(Figure.NETWORK))
    assert last is not None
    assert last.values == {"n1": -3.0, "n2": 0.0}
    assert world.look(lambda look: look.last_sample(Figure.MEMORY_PAGING)) is None
    gone = world.write(lambda tx: tx.remove_records(operations_before=0, samples_before=NOON + 30, limit=9))
    assert gone == 2
    assert values(0, 99) == [3.0]


def endings(world: World) -> list[tuple[int, str, int]]:
    found = world.look(lambda look: look.job_endings(first_hour=0))
    return [(one.hour - NOON // HOUR, one.state.name, one.n) for one in found]


def test_every_job_that_ends_is_counted_in_its_hour(world: World) -> None:
    for state in (JobState.FINISHED, JobState.FINISHED, JobState.FAILED):
        world.end(world.add().id, state)
    world.clock.time += HOUR
    world.end(world.add().id, JobState.CANCELED)
    assert endings(world) == [(0, "FINISHED", 2), (0, "FAILED", 1), (1, "CANCELED", 1)]


def test_a_job_that_ends_again_counts_again_and_a_change_of_an_ended_one_does_not(world: World) -> None:
    job = world.add()
    world.end(job.id)
    world.put(job.id, custom={"a": "b"})
    assert endings(world) == [(0, "FINISHED", 1)]
    world.put(job.id, state=JobState.QUEUED)
    world.end(job.id)
    assert endings(world) == [(0, "FINISHED", 2)]


def test_a_change_that_raises_is_not_counted(world: World) -> None:
    one, other = world.add(), world.add()

    def end_and_fail(tx: Transaction) -> None:
        tx.put_job(replace(tx.job(one.id), state=JobState.FINISHED))
        raise ValueError

    def end(tx: Transaction) -> None:
        tx.put_job(replace(tx.job(other.id), state=JobState.FAILED))

    outcomes = world.write_together([end_and_fail, end])
    assert isinstance(outcomes[0], ValueError)
    assert endings(world) == [(0, "FAILED", 1)]


def test_counts_of_old_hours_are_removed(world: World) -> None:
    world.end(world.add().id)
    world.clock.time += HOUR
    world.end(world.add().id)
    now = world.clock.time
    world.write(lambda tx: tx.remove_records(operations_before=0, samples_before=now, limit=9))
    assert endings(world) == [(1, "FINISHED", 1)]


def test_the_migration_counts_the_jobs_that_have_ended_before_it() -> None:
    connection = sqlite.connect(sqlite.MEMORY)
    with sqlite.schema_work(connection) as work:
        schema.migrate(work, to="0002", program="p")
    add(connection, 1, JobState.FINISHED, ended=NOON)
    add(connection, 2, JobState.FINISHED, ended=NOON + 1)
    add(connection, 3, JobState.FAILED, ended=NOON + HOUR)
    add(connection, 4, JobState.RUNNING, ended=None)
    with sqlite.schema_work(connection) as work:
        schema.migrate(work, program="p")
    hour = NOON // HOUR
    assert connection.execute("SELECT hour, state, n FROM job_endings ORDER BY hour").fetchall() == [
        (hour, JobState.FINISHED.value, 2),
        (hour + 1, JobState.FAILED.value, 1),
    ]


def add(connection: sqlite3.Connection, job_id: int, state: JobState, ended: int | None) -> None:
    connection.execute(
        "INSERT INTO jobs (id, state, owner, changed, ended, links, body) VALUES (?, ?, '', 0, ?, 0, '{}')",
        (job_id, state.value, ended),
    )
