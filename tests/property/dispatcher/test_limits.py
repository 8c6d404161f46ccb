"""Whatever users ask and whatever befalls the engine and the server: no limit of a queue is ever exceeded,
and every job of it runs in the end.
"""

import asyncio
import contextlib
from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import Refusal
from headgate.core.model import Job, JobDependency
from headgate.core.states import JobState
from tests.property.dispatcher.test_anything import KINDS, STEP, Life
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ALICE, BOB, Story

RUNNING = (JobState.RUNNING, JobState.FINISHING, JobState.CANCELING)
QUEUES: dict[str, dict[str, Any]] = {
    "few": {"max_running": 2, "max_running_per_user": 1, "priority": 3000},
    "small": {"max_nodes_running": 3},
    "mine": {"max_running_per_user": 2, "max_queued_per_user": 3},
}
SUBMIT = st.tuples(st.just("submit"), st.sampled_from(sorted(KINDS)), st.booleans())
QUEUE = st.tuples(st.sampled_from(["stop queue", "start queue"]), st.sampled_from(sorted(QUEUES)), st.none())


class Limited(Life):
    """Jobs of two users in three queues with limits, on more cores than the limits allow to be used."""

    def __init__(self) -> None:
        super().__init__()
        self.story.store.shut()
        self.story = Story(node("n1", cores=12), node("n2", cores=12))

    async def begin(self) -> None:
        await self.story.begin()
        for name, limits in QUEUES.items():
            await self.story.queue(name, **limits)

    async def do(self, what: str, first: Any, second: Any) -> None:
        if what.endswith(" queue"):
            await self.story.queues.set_started(None, first, what.startswith("start"))
        else:
            await super().do(what, first, second)

    async def submit(self, kind: str, child: bool) -> None:
        """Several at once, so that one walk meets them together."""
        self.count += 1
        tasks, spec = KINDS[kind]
        parents = (JobDependency(self.jobs[-1]),) if child and self.jobs else ()
        spec = {**spec, "queue": sorted(QUEUES)[self.count % len(QUEUES)], "depends_on": parents}
        for number in range(3):
            owner = BOB if (self.count + number) % 3 else ALICE
            self.jobs.append(await self.story.job(*tasks, owner=owner, **spec))

    def look(self) -> None:
        """Count what runs by looking at every job."""
        found = self.story.store.peek(lambda reader: reader.jobs_in(RUNNING, limit=1000))
        running = [job for job in found if job.spec.queue and job.times.started is not None]
        for name, limits in QUEUES.items():
            here = [job for job in running if job.spec.queue == name]
            users = Counter(job.owner for job in here)
            assert len(here) <= limits.get("max_running", 1000), here
            assert max(users.values(), default=0) <= limits.get("max_running_per_user", 1000), here
            assert _nodes(here) <= limits.get("max_nodes_running", 1000), here


def _nodes(jobs: list[Job]) -> int:
    return sum(job.asked_nodes for job in jobs)


async def live(steps: list[tuple[str, Any, Any]]) -> None:
    life = Limited()
    await life.begin()
    try:
        for step in steps:
            with contextlib.suppress(Refusal):
                await life.do(*step)
            await life.story.step()
            life.look()
        for name in QUEUES:
            await life.story.queues.set_started(None, name, True)
        await life.end_everything()
    finally:
        life.story.store.shut()


@given(st.lists(st.one_of(SUBMIT, SUBMIT, SUBMIT, STEP, STEP, QUEUE), min_size=5, max_size=25))
def test_no_limit_of_a_queue_is_ever_exceeded(steps: list[tuple[str, Any, Any]]) -> None:
    asyncio.run(live(steps))
