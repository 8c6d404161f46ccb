"""Jobs with the task that stands for them: who sees which, one by one and in pages."""

import pytest

from headgate.core.errors import NotFound
from headgate.core.model import TaskSpec
from headgate.core.states import TaskState
from headgate.core.vocabulary import NodeState, TaskType
from headgate.ports.identity import Caller
from headgate.ports.store import JobQuery
from headgate.service.portraits import Portrait, Portraits
from tests.unit.dispatcher.story import ADMIN, ALICE, BOB, Story, basic


async def pages(story: Story, caller: Caller, query: JobQuery, *, own: bool) -> list[tuple[int, bool]]:
    """Number and fullness of all jobs in a list, by pages of two."""
    portraits = Portraits(story.store)
    found: list[tuple[int, bool]] = []
    after = None

    def shown(some: list[Portrait]) -> list[tuple[int, bool]]:
        return [(one.job.id, one.full) for one in some]

    while True:
        rows, after = await portraits.page(caller, query, limit=2, after=after, own=own, shown=shown)
        found += rows
        if after is None:
            return found


async def test_a_list_of_ones_own_leaves_out_what_is_others(story: Story) -> None:
    for owner in (ALICE, BOB, ALICE, BOB, ALICE):
        await story.job(basic(), owner=owner)
    everything = JobQuery()
    assert await pages(story, ALICE, everything, own=True) == [(1, True), (3, True), (5, True)]
    assert await pages(story, ALICE, everything, own=False) == [
        (1, True),
        (2, False),
        (3, True),
        (4, False),
        (5, True),
    ]
    assert await pages(story, ADMIN, everything, own=True) == [(number, True) for number in range(1, 6)]
    assert await pages(story, ALICE, JobQuery(owner="bob"), own=True) == []
    assert await pages(story, ADMIN, JobQuery(owner="bob"), own=True) == [(2, True), (4, True)]


async def test_a_job_comes_with_its_first_task_and_how_much_of_it_may_be_seen(story: Story) -> None:
    number = await story.job(basic(), basic())
    portraits = Portraits(story.store)
    found = portraits.get(ALICE, number)
    assert found.task is not None
    assert (found.task.number, found.full) == (1, True)
    assert not portraits.get(BOB, number).full
    with pytest.raises(NotFound):
        portraits.get(ALICE, 99)


async def test_an_instance_is_found_by_its_index(story: Story) -> None:
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    sweep = TaskSpec(
        type=TaskType.PARAMETRIC_SWEEP, start_value=10, end_value=20, increment=5, command_line="true"
    )
    number = await story.job(sweep)
    portraits = Portraits(story.store)
    task = portraits.get(ALICE, number).task
    assert task is not None
    one = portraits.instance(task, 15)
    assert (one.number, one.state) == (2, TaskState.QUEUED)
    for index in (1, 11, 25):
        with pytest.raises(NotFound):
            portraits.instance(task, index)
