"""What a step costs: counted in statements, not in seconds, so that a slow machine proves nothing."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from headgate.store.session import Session
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ALICE, Story, basic, sweep


@contextmanager
def statements() -> Iterator[Counter[str]]:
    """Count the statements that the store runs."""
    count: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("rows", "change", "change_many"):
            real = getattr(Session, name)

            def counted(self: Session, *args: Any, _name: str = name, _real: Any = real, **more: Any) -> Any:
                count[_name] += 1
                return _real(self, *args, **more)

            patch.setattr(Session, name, counted)
        yield count


@contextmanager
def commits() -> Iterator[list[str]]:
    """The commits that the store makes."""
    made: list[str] = []
    real = Session.command

    def counted(self: Session, text: str) -> Any:
        if text == "COMMIT":
            made.append(text)
        return real(self, text)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "command", counted)
        yield made


async def test_a_cycle_with_a_long_queue_and_no_room_costs_next_to_nothing() -> None:
    story = Story(node("n1", cores=1))
    await story.begin()
    await story.job(basic("wait"))
    await story.settle()
    for _ in range(500):
        await story.job(basic())
    await story.settle()
    with statements() as count:
        for _ in range(10):
            await story.advance(0.6)
    assert count.total() < 150
    story.store.shut()


async def test_a_cycle_in_which_nothing_happened_writes_nothing(story: Story) -> None:
    await story.job(sweep(10, "wait"))
    await story.advance(1)
    with statements() as count:
        for _ in range(10):
            await story.step()
    assert count["change"] == count["change_many"] == 0


async def test_no_step_in_the_life_of_a_million_instances_costs_more_than_of_a_hundred(story: Story) -> None:
    costs = []
    for size in (100, 1_000_000):
        with statements() as count:
            job = await story.job(sweep(size, "wait"))
            await story.settle()
            await story.tasks.cancel(ALICE, job, 1, instance=50)
            await story.tasks.cancel(ALICE, job, 1, instance=1)
            await story.settle()
            await story.tasks.requeue(ALICE, job, 1, instance=50)
            await story.jobs.cancel(ALICE, job)
            await story.settle()
            await story.jobs.requeue(ALICE, job)
            await story.settle()
            await story.jobs.finish(ALICE, job)
            await story.settle()
        assert story.state(job) == "FINISHED"
        assert story.the_task(job).rows < 20
        costs.append(count.total())
    assert costs[1] <= costs[0] * 1.1


async def test_the_first_event_of_a_million_instances_is_one_event(story: Story) -> None:
    before = story.store.peek(lambda reader: reader.last_event())
    await story.job(sweep(1_000_000))
    assert story.store.peek(lambda reader: reader.last_event()) == before + 2
    assert all(event.instance == 0 for event in story.events())


async def test_handing_out_ahead_costs_few_commits_for_many_runs(story: Story) -> None:
    job = await story.job(sweep(800, "sleep 0.0005"))
    with commits() as made:
        while story.state(job) != "FINISHED":
            await story.step()
    assert len(made) < 300
