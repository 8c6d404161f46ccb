"""store/tasklist.py: what is stored nowhere is listed all the same. More in tests/property/store."""

import time
from typing import Any

import msgspec
import pytest

from headgate.core.errors import BadRequest
from headgate.core.model import Task
from headgate.core.states import TaskState
from headgate.ports.store import Cursor, TaskPage, TaskQuery
from headgate.store import tasklist
from tests.unit.store.worlds import World

MILLION = 1_000_000


def sweep(world: World, number: int = 1, **fields: object) -> Task:
    given = {
        "instance_count": MILLION,
        "expanded": True,
        "rest_state": TaskState.QUEUED,
        "state": TaskState.RUNNING,
    }
    return world.task(1, number, **{**given, **fields})


def page(world: World, query: TaskQuery, **how: Any) -> TaskPage:
    return world.look(lambda look: look.list_tasks(query, **{"limit": 3, "count": True, **how}))


def numbers(found: TaskPage) -> list[tuple[int, int]]:
    return [(row.task.number, row.instance.number if row.instance else 0) for row in found.rows]


def test_a_million_instances_are_listed_from_a_single_row(world: World) -> None:
    world.task(1, 1)
    sweep(world, 2, rows=1)
    world.task(1, 4)
    world.instance(1, 2, 777_777, TaskState.FAILED)
    query = TaskQuery(job_id=1)
    assert page(world, query).total == MILLION + 2
    assert numbers(page(world, query)) == [(1, 0), (2, 1), (2, 2)]
    found = page(world, query, offset=777_776)
    assert numbers(found) == [(2, 777_776), (2, 777_777), (2, 777_778)]
    assert [row.instance.state for row in found.rows if row.instance] == [
        TaskState.QUEUED,
        TaskState.FAILED,
        TaskState.QUEUED,
    ]
    last = page(world, query, offset=MILLION)
    assert (numbers(last), last.more, last.end) == ([(2, MILLION), (4, 0)], False, Cursor(4, 4))
    assert numbers(page(world, query, after=Cursor(2, 2, MILLION - 1))) == [(2, MILLION), (4, 0)]
    assert numbers(page(world, TaskQuery(job_id=1, descending=True), offset=1)) == [
        (2, MILLION),
        (2, MILLION - 1),
        (2, MILLION - 2),
    ]


def test_an_untouched_instance_is_what_its_task_says(world: World) -> None:
    task = sweep(world, rest_state=TaskState.CANCELED)
    (row, *_) = page(world, TaskQuery(job_id=1)).rows
    assert row.instance is not None
    assert (row.instance.state, row.instance.times.created) == (TaskState.CANCELED, task.times.created)


def test_without_expansion_a_sweep_is_one_row(world: World) -> None:
    sweep(world)
    sweep(world, 2, expanded=False)
    assert numbers(page(world, TaskQuery(job_id=1, expand=False))) == [(1, 0), (2, 0)]
    assert numbers(page(world, TaskQuery(job_id=1), offset=MILLION)) == [(2, 0)]


def test_filters_meet_touched_and_untouched_alike(world: World) -> None:
    sweep(world, rows=4)
    for number, state in (
        (1, TaskState.FINISHED),
        (2, TaskState.RUNNING),
        (3, TaskState.FINISHED),
        (9, TaskState.QUEUED),
    ):
        world.instance(1, 1, number, state)
    queued = TaskQuery(job_id=1, states=frozenset({TaskState.QUEUED}))
    assert page(world, queued).total == MILLION - 3
    assert numbers(page(world, queued)) == [(1, 4), (1, 5), (1, 6)]
    assert numbers(page(world, queued, offset=5)) == [(1, 9), (1, 10), (1, 11)]
    done = TaskQuery(job_id=1, states=frozenset({TaskState.FINISHED}))
    found = page(world, done)
    assert (numbers(found), found.total, found.more) == ([(1, 1), (1, 3)], 2, False)
    some = TaskQuery(job_id=1, instances=frozenset({2, 5, MILLION + 1, 0}))
    assert numbers(page(world, some)) == [(1, 2), (1, 5)]
    assert page(world, TaskQuery(job_id=1, states=frozenset())).total == 0


def test_another_order_is_right_up_to_a_limit_and_refused_beyond(world: World) -> None:
    sweep(world, instance_count=5, rows=1)
    world.instance(1, 1, 2, TaskState.FINISHED)
    assert numbers(page(world, TaskQuery(job_id=1, sort="state", descending=True), limit=2)) == [
        (1, 2),
        (1, 5),
    ]
    sweep(world, 2, instance_count=tasklist.SORTED_AT_MOST)
    with pytest.raises(BadRequest, match="only be sorted by number"):
        page(world, TaskQuery(job_id=1, sort="state"))
    # Fewer fit this filter, so they can be sorted.
    assert page(world, TaskQuery(job_id=1, sort="state", numbers=frozenset({1}))).total == 5
    with pytest.raises(BadRequest, match="sorted by"):
        page(world, TaskQuery(job_id=1, sort="nonsense", numbers=frozenset({1})))


def test_a_job_without_tasks_or_no_job_is_an_empty_list(world: World) -> None:
    found = page(world, TaskQuery(job_id=99))
    assert (found.rows, found.more, found.end, found.total) == ([], False, None, 0)


@pytest.mark.parametrize("how", [{"limit": 0}, {"offset": -1}])
def test_a_page_has_rows_and_begins_in_the_list(world: World, how: dict[str, int]) -> None:
    with pytest.raises(BadRequest):
        page(world, TaskQuery(job_id=1), **how)


def test_a_page_of_a_million_costs_no_more_than_a_few_look_ups(world: World) -> None:
    """Not a measurement: a way of listing that went through them all would take seconds."""
    task = sweep(world, rows=1)
    world.write(lambda tx: tx.put_task(msgspec.structs.replace(task, rows=1)))
    world.instance(1, 1, 500_000, TaskState.FINISHED)
    begin = time.perf_counter()
    for states in (None, frozenset({TaskState.QUEUED}), frozenset({TaskState.FINISHED})):
        for offset in (0, 499_999, 999_999):
            page(world, TaskQuery(job_id=1, states=states), offset=offset)
    assert time.perf_counter() - begin < 0.5
