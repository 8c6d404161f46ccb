"""Lists of tasks equal what a plain Python list would give, with most instances stored nowhere."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from headgate.core.instances import untouched
from headgate.core.model import Instance, Task, TaskSpec, Times
from headgate.core.states import TaskState
from headgate.ports.store import Cursor, TaskPage, TaskQuery, TaskRow
from headgate.store import sortkeys, stretches
from headgate.store.transaction import Transaction
from tests.unit.store.worlds import World

# Hundreds of examples, on a machine that is busy with other tests.
pytestmark = pytest.mark.timeout(300)

STATES = (TaskState.QUEUED, TaskState.RUNNING, TaskState.FINISHED, TaskState.CANCELED)
seeds = st.integers(0, 2**32).map(Random)


@pytest.fixture(autouse=True, scope="module")
def narrow_stretches() -> Iterator[None]:
    """Instances are counted in stretches; narrow ones, so that a short sweep has many."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stretches, "SHIFT", 5)
        yield


def job(chance: Random) -> list[tuple[Task, list[Instance]]]:
    """Tasks with gaps in their numbers, some of them sweeps, some expanded, with some instances touched."""
    made = []
    number = 0
    for _ in range(chance.randrange(6)):
        number += chance.choice((1, 1, 2))
        count = chance.choice((0, 1, 12, 1300))
        first = chance.randint(1, count) if count else 1
        touched = range(
            first, min(count, first + chance.choice((0, 3, 40, 1100))) + 1, chance.choice((1, 1, 3))
        )
        task = Task(
            job_id=1,
            number=number,
            spec=TaskSpec(name=chance.choice("aBc")),
            state=chance.choice(STATES),
            times=Times(changed=chance.randint(1, 6)),
            instance_count=count,
            expanded=count > 0 and chance.random() < 0.8,
            rows=len(touched),
            rest_state=chance.choice(STATES),
        )
        shift = chance.randrange(6)
        rows = [
            Instance(
                job_id=1,
                task=number,
                number=each,
                state=STATES[(each + shift) // 3 % 4],
                previous_state=TaskState.QUEUED,
                times=Times(changed=1 + (each * 7 + shift) % 6),
            )
            for each in touched
        ]
        made.append((task, rows))
    return made


def query(chance: Random) -> TaskQuery:
    """Most filters are wide: what nothing fits is soon listed."""
    rare = chance.random() < 0.2
    return TaskQuery(
        job_id=1,
        expand=chance.random() < 0.85,
        states=frozenset(chance.sample(STATES, chance.randint(0, 4))) if chance.random() < 0.6 else None,
        numbers=frozenset(chance.sample(range(-1, 12), 6)) if rare else None,
        instances=frozenset(chance.sample((0, 1, 2, 7, 12, 13, 1300, 10**12), 4))
        if chance.random() < 0.2
        else None,
        changed_from=chance.randint(1, 5) if chance.random() < 0.3 else None,
        sort=chance.choice(("number", "number", "number", "number", "state", "spec.name", "times.changed")),
        descending=chance.random() < 0.5,
    )


def all_rows(made: list[tuple[Task, list[Instance]]], expand: bool) -> list[TaskRow]:
    found = []
    for task, rows in made:
        if not (expand and task.expanded):
            found.append(TaskRow(task))
            continue
        stored = {instance.number: instance for instance in rows}
        for number in range(1, task.instance_count + 1):
            found.append(TaskRow(task, stored.get(number) or untouched(task, number)))
    return found


def expected(made: list[tuple[Task, list[Instance]]], query: TaskQuery) -> list[TaskRow]:
    def fits(row: TaskRow) -> bool:
        shown = row.instance or row.task
        return (
            (query.states is None or shown.state in query.states)
            and (query.numbers is None or row.task.number in query.numbers)
            and (query.instances is None or number_of(row) in query.instances)
            and (query.changed_from is None or shown.times.changed >= query.changed_from)
        )

    return sorted(filter(fits, all_rows(made, query.expand)), key=place(query.sort), reverse=query.descending)


def number_of(row: TaskRow) -> int:
    return row.instance.number if row.instance else 0


def place(sort: str) -> Callable[[TaskRow], tuple[Any, ...]]:
    def key(row: TaskRow) -> tuple[Any, ...]:
        shown = row.instance if row.instance and sort != "spec.name" else row.task
        value = None if sort == "number" else sortkeys.sort_value(type(shown), sort)(shown)
        return (sortkeys.key(value), row.task.number, number_of(row))

    return key


def page(world: World, asked: TaskQuery, limit: int, **how: Any) -> TaskPage:
    return world.look(lambda look: look.list_tasks(asked, limit=limit, count=True, **how))


@given(seeds, st.sampled_from((1, 3, 100, 2000)))
def test_lists_of_tasks_equal_the_naive_model(chance: Random, limit: int) -> None:
    world = World(":memory:")
    made = job(chance)

    def keep(tx: Transaction) -> None:
        for index, (task, rows) in enumerate(made):
            made[index] = (tx.add_task(task), rows)
            tx.put_instances(rows)

    try:
        world.write(keep)
        for asked in [query(chance) for _ in range(4)]:
            note(repr(asked))
            rows = expected(made, asked)
            size = len(rows)
            for offset in {0, 1, chance.randint(0, size), size // 2, max(0, size - 1), size, size + 5}:
                found = page(world, asked, limit, offset=offset)
                assert found.rows == rows[offset : offset + limit]
                assert (found.total, found.more) == (size, offset + limit < size)
            check_from_cursors(world, asked, limit, rows, chance)
    finally:
        world.close()


def check_from_cursors(
    world: World, asked: TaskQuery, limit: int, rows: list[TaskRow], chance: Random
) -> None:
    """From the beginning on, but not through all of a long list; and from behind some row in it."""
    after: Cursor | None = None
    for start in range(0, min(len(rows), limit * 5), limit):
        found = page(world, asked, limit, after=after)
        assert found.rows == rows[start : start + limit]
        assert found.more == (start + limit < len(rows))
        after = found.end
    if rows:
        at = chance.randrange(len(rows))
        value = None if asked.sort == "number" else place(asked.sort)(rows[at])[0][1]
        found = page(world, asked, limit, after=Cursor(value, rows[at].task.number, number_of(rows[at])))
        assert found.rows == rows[at + 1 :][:limit]


@given(seeds, st.booleans())
def test_a_cursor_keeps_its_place_when_a_task_is_expanded_meanwhile(chance: Random, descending: bool) -> None:
    world = World(":memory:")
    try:
        made = job(chance)
        for task, _ in made:
            plain = msgspec.structs.replace(task, rows=0, expanded=False)
            world.write(partial(Transaction.add_task, task=plain))
        asked = TaskQuery(job_id=1, descending=descending)
        first = page(world, asked, 2)
        for task, _ in made:
            expanded = msgspec.structs.replace(task, rows=0, expanded=task.instance_count > 0)
            world.write(partial(Transaction.put_task, task=expanded))
        rest = page(world, asked, 10**6, after=first.end)
        shown = {row.task.number for row in first.rows} | {row.task.number for row in rest.rows}
        assert shown == {task.number for task, _ in made}
    finally:
        world.close()


@given(seeds)
def test_instances_are_counted_right_whatever_is_put_and_dropped(chance: Random) -> None:
    world = World(":memory:")
    kept: dict[tuple[int, int], TaskState] = {}

    def change(tx: Transaction) -> None:
        if chance.random() < 0.1:
            task = chance.randint(1, 2)
            tx.drop_instances(1, task)
            for key in [key for key in kept if key[0] == task]:
                del kept[key]
            return
        begin, step = chance.randint(1, 200), chance.choice((1, 1, 2, 40))
        keys = [(chance.choice((1, 1, 2)), begin + step * index) for index in range(chance.randrange(30))]
        # One of them twice, the last of which counts.
        given = [(*key, chance.choice(STATES)) for key in (*keys, *keys[:1])]
        tx.put_instances(
            Instance(job_id=1, task=task, number=number, state=state, previous_state=state, times=Times())
            for task, number, state in given
        )
        kept.update({(task, number): state for task, number, state in given})

    try:
        for _ in range(chance.randrange(12)):
            world.write(change)
        for task in (1, 2):
            expected: dict[int, Counter[int]] = {}
            for (of, number), state in kept.items():
                if of == task:
                    expected.setdefault(number >> stretches.SHIFT, Counter())[state.value] += 1
            session = world.store._peeking.session
            assert stretches.counted(session, 1, task) == expected
            stored = world.look(lambda look, task=task: look.instances(1, task))  # type: ignore[misc]  # mypy: a default
            assert {(task, each.number): each.state for each in stored} == {
                key: state for key, state in kept.items() if key[0] == task
            }
    finally:
        world.close()
