"""Changes of state as they happen."""

import pytest

from headgate.core.errors import NotFound
from headgate.core.model import Event
from headgate.service.events import Events, TooMuchMissed
from tests.unit.dispatcher.story import ALICE, BOB, Story, basic


class Ear:
    """Remembers what it heard."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def heard(self, event: Event) -> None:
        self.events.append(event)


async def test_a_watcher_hears_of_its_job_alone_in_commit_order(story: Story) -> None:
    events, ear, other = Events(story.store), Ear(), Ear()
    mine, theirs = await story.job(basic(), submitted=False), await story.job(basic(), submitted=False)
    since = events.begin(BOB, mine)  # whose job it is does not matter
    events.watch(mine, ear)
    events.watch(mine, ear)
    events.watch(theirs, other)
    await story.jobs.submit(ALICE, mine)
    await story.settle()
    assert {event.job_id for event in ear.events} == {mine}
    assert ear.events == [event for event in story.events(mine) if event.seq > since]
    assert other.events == []


async def test_who_no_longer_watches_hears_nothing(story: Story) -> None:
    events, ear = Events(story.store), Ear()
    job = await story.job(basic(), submitted=False)
    events.watch(job, ear)
    events.unwatch(job, ear)
    events.unwatch(job, ear)
    events.unwatch(99, ear)
    await story.jobs.submit(ALICE, job)
    assert ear.events == []


async def test_a_job_that_does_not_exist_is_not_watched(story: Story) -> None:
    with pytest.raises(NotFound):
        Events(story.store).begin(ALICE, 99)


async def test_what_was_missed_is_found_by_number_in_order(story: Story) -> None:
    events = Events(story.store)
    first, second = await story.job(basic()), await story.job(basic())
    await story.settle()
    missed = await events.missed({first: 0, second: story.events(second)[0].seq}, most=100)
    assert missed.last == events.last() == story.events()[-1].seq
    wanted = [*story.events(first), *story.events(second)[1:]]
    assert missed.events == sorted(wanted, key=lambda event: event.seq)


async def test_more_than_can_be_told_is_said_to_be(story: Story) -> None:
    jobs = [await story.job(basic()) for _ in range(3)]
    await story.settle()
    count = len(story.events())
    events = Events(story.store)
    assert len((await events.missed(dict.fromkeys(jobs, 0), most=count)).events) == count
    with pytest.raises(TooMuchMissed):
        await events.missed(dict.fromkeys(jobs, 0), most=count - 1)


async def test_finished_and_removed_jobs_are_silent_for_ever(story: Story) -> None:
    finished, waiting = await story.job(basic()), await story.job(basic(), submitted=False)
    await story.settle()
    assert story.state(finished) == "FINISHED"
    assert Events(story.store).silent([finished, waiting, 99]) == [finished, 99]
