"""dispatcher/foreign.py: looks at jobs of others, compared with what was kept."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from headgate.core.errors import EngineUnavailable
from headgate.core.model import Job
from headgate.core.states import JobState
from headgate.dispatcher.foreign import GIVE_UP_S, TOGETHER, ForeignJobs
from headgate.ports.engine import Ending, ForeignElements, ForeignJob, ForeignSightings, ForeignStage
from headgate.ports.store import JobQuery
from tests.unit.dispatcher.story import Story


def seen(native: int, stage: ForeignStage = ForeignStage.RUNNING, **said: Any) -> ForeignJob:
    fields: dict[str, Any] = {"cluster": "c", "native": str(native), "account": "ann", "submitted": 1}
    if stage is ForeignStage.OVER:
        fields |= {"ended": 3, "ending": Ending.EXITED, "exit_code": 0}
    return ForeignJob(stage=stage, **{**fields, **said})


class Window:
    """An Onlooker that shows what it is told to."""

    def __init__(self) -> None:
        self.looks = 0
        self.jobs: Sequence[ForeignJob] = ()
        self.reasons: Mapping[str, str] = {}
        self.recorded: Sequence[ForeignJob] | None = ()
        self.asked: list[set[str]] = []
        self.ours = ""

    async def foreign(self, since: int, ours: str) -> ForeignSightings | None:
        self.ours = ours
        if self.looks <= since:
            return None
        return ForeignSightings(self.looks, {one.key: one for one in self.jobs}, self.reasons)

    async def past(self, keys: Collection[str]) -> Mapping[str, ForeignJob]:
        self.asked.append(set(keys))
        if self.recorded is None:
            raise EngineUnavailable("slurmdbd is away")
        return {one.key: one for one in self.recorded if one.key in keys}


class Site:
    """A store, and looks of its own."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.store = story.store
        self.window = Window()
        self.foreign = self.server()
        self.writes = 0
        write = self.store.write

        async def counted(change: Any) -> Any:
            self.writes += 1
            return await write(change)

        self.store.write = counted  # type: ignore[method-assign]  # only counts

    def server(self) -> ForeignJobs:
        return ForeignJobs(self.store, "slurm", self.window, self.story.clock)

    async def look(self, *jobs: ForeignJob) -> list[Job]:
        self.story.clock.advance(5)
        self.window.jobs = jobs
        self.window.looks += 1
        await self.foreign.turn(self.window)
        return await self.listed()

    async def listed(self) -> list[Job]:
        page = await self.store.read(lambda reader: reader.list_jobs(JobQuery(), limit=1000))
        return page.jobs


@pytest.fixture
def site(story: Story) -> Iterator[Site]:
    made = Site(story)
    yield made
    del made.store.write


def states(jobs: Sequence[Job]) -> list[str]:
    return [job.state.name for job in jobs]


async def test_only_what_is_new_is_written_and_in_portions(site: Site) -> None:
    jobs = [seen(number) for number in range(1, 2 * TOGETHER + 2)]
    assert len(await site.look(*jobs)) == len(jobs)
    assert site.writes == 3
    await site.look(*jobs)
    await site.foreign.turn(site.window)
    assert site.writes == 3
    jobs[7] = seen(8, ForeignStage.OVER)
    assert states(await site.look(*jobs)).count("FINISHED") == 1
    assert site.writes == 4
    assert site.window.ours == f"{site.store.installation}-"


async def test_large_arrays_are_written_one_by_one(site: Site) -> None:
    elements = ForeignElements(waiting=frozenset(range(10_000)))
    await site.look(*(seen(native, ForeignStage.WAITING, elements=elements) for native in range(3)))
    assert site.writes == 3


async def test_why_they_wait_is_told_by_their_ids_here_and_costs_no_write(site: Site) -> None:
    site.window.reasons = {"c/345": "Slurm: Priority"}
    (job,) = await site.look(seen(345, ForeignStage.WAITING))
    assert site.foreign.reasons() == {job.id: "Slurm: Priority"}
    site.window.reasons = {}
    await site.look(seen(345, ForeignStage.WAITING))
    assert (site.foreign.reasons(), site.writes) == ({}, 1)


async def test_not_seen_once_is_nothing_twice_is_an_end_that_nobody_knows(site: Site) -> None:
    await site.look(seen(1), seen(2))
    assert states(await site.look(seen(2))) == ["RUNNING", "RUNNING"]
    assert states(await site.look(seen(1), seen(2))) == ["RUNNING", "RUNNING"]
    await site.look(seen(2))
    assert states(await site.look(seen(2))) == ["FAILED", "RUNNING"]
    assert states(await site.look(seen(1), seen(2))) == ["RUNNING", "RUNNING"], "it was there after all"


async def test_what_is_on_record_says_how_it_ended(site: Site) -> None:
    await site.look(seen(1))
    site.window.recorded = [seen(1, ForeignStage.OVER)]
    await site.look()
    assert site.window.asked == []
    assert states(await site.look()) == ["FINISHED"]
    assert site.window.asked == [{"c/1"}]


async def test_a_record_that_could_not_be_asked_for_ends_nothing(site: Site) -> None:
    await site.look(seen(1))
    site.window.recorded = None
    await site.look()
    for _ in range(3):
        with pytest.raises(EngineUnavailable):
            await site.look()
    assert states(await site.listed()) == ["RUNNING"]
    site.window.recorded = ()
    assert states(await site.look()) == ["FAILED"]


async def test_a_record_that_says_running_is_waited_for_but_not_for_ever(site: Site) -> None:
    await site.look(seen(1))
    site.window.recorded = [seen(1)]
    for _ in range(5):
        assert states(await site.look()) == ["RUNNING"]
    site.story.clock.advance(GIVE_UP_S)
    assert states(await site.look()) == ["FAILED"]


async def test_after_a_restart_each_is_there_once_and_what_is_gone_ends(site: Site) -> None:
    before = await site.look(seen(1), seen(2), seen(3, ForeignStage.OVER))
    site.foreign = site.server()
    await site.foreign.begin()
    assert await site.look(seen(1), seen(3, ForeignStage.OVER)) == before
    assert states(await site.look(seen(1), seen(3, ForeignStage.OVER))) == ["RUNNING", "FAILED", "FINISHED"]


async def test_where_none_are_shown_there_are_none_and_ours_stay(site: Site, story: Story) -> None:
    ours = await story.job()
    await site.look(*(seen(number) for number in range(TOGETHER + 5)), seen(999, ForeignStage.OVER))
    await ForeignJobs(site.store, "slurm", None, story.clock).begin()
    assert [job.id for job in await site.listed()] == [ours]


async def test_an_element_that_was_forgotten_keeps_its_array_open_until_its_end_is_known(site: Site) -> None:
    def array(**elements: set[int]) -> ForeignJob:
        some = {name: frozenset(which) for name, which in elements.items()}
        over = not elements.keys() & {"waiting", "running"}
        job = seen(1, ForeignStage.OVER if over else ForeignStage.RUNNING)
        return replace(job, ending=None, exit_code=None, elements=ForeignElements(**some))

    await site.look(array(running={1, 2}))
    assert states(await site.look(array(finished={2}))) == ["RUNNING"]
    site.window.recorded = [array(finished={1, 2})]
    assert states(await site.look(array(finished={2}))) == ["FINISHED"]


async def test_a_job_that_is_forgotten_here_is_taken_anew(site: Site) -> None:
    await site.look(seen(1, ForeignStage.OVER))
    await site.store.write(lambda tx: tx.remove_ended(before=tx.now + 1, limit=9))
    assert await site.look(seen(1, ForeignStage.OVER)) == []
    assert [job.state for job in await site.look(seen(1, restarts=1))] == [JobState.RUNNING]
