"""dispatcher/merging.py: the lines of queues come out as one order, from wherever it is gone on with."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from headgate.core.model import DEFAULT_PRIORITY, Job, JobSpec, Queue, Times
from headgate.core.states import JobState
from headgate.dispatcher.merging import Merged, Place
from headgate.ports.store import Reader
from headgate.store.bulk import bulk_add
from headgate.testing.clock import TestClock
from tests.unit.store.memory import memory_store

QUEUES = {
    "high": Queue(name="High", priority=3000),
    "one": Queue(name="one", max_running_per_user=1),
    "plain": Queue(name="plain"),
    "shut": Queue(name="shut", started=False),
}
JOBS = st.lists(
    st.tuples(
        st.sampled_from(["", *QUEUES, "gone"]),
        st.sampled_from(["ann", "bob"]),
        st.sampled_from([1000, 2000, 3000]),
        st.sampled_from([JobState.QUEUED, JobState.QUEUED, JobState.QUEUED, JobState.RUNNING]),
        st.integers(0, 1),
    ),
    max_size=60,
)


def job(number: int, queue: str, owner: str, priority: int, state: JobState, ready: int) -> Job:
    started = 1 if state is JobState.RUNNING else None
    return Job(
        id=number,
        owner=owner,
        spec=JobSpec(queue=queue, priority=priority),
        state=state,
        ready_tasks=ready,
        asked_nodes=number % 2,
        times=Times(started=started),
    )


def place(one: Job) -> Place:
    queue = QUEUES.get(one.spec.queue)
    return -(queue.priority if queue else DEFAULT_PRIORITY), -one.spec.priority, one.id


def expected(jobs: list[Job]) -> list[Place]:
    """By the rules, with a look at every job."""
    running = {one.owner for one in jobs if one.state is JobState.RUNNING and one.spec.queue == "one"}
    found = []
    for one in jobs:
        waits = one.state is JobState.QUEUED
        barred = one.spec.queue == "shut" or (
            waits and (one.spec.queue == "gone" or (one.spec.queue == "one" and one.owner in running))
        )
        if one.ready_tasks and not barred:
            found.append(place(one))
    return sorted(found)


async def check(jobs: list[Job], cut: int) -> None:
    store = memory_store(clock=TestClock())
    try:
        await bulk_add(store, jobs)

        def queues(tx: Any) -> None:
            for queue in QUEUES.values():
                tx.put_queue(queue)

        await store.write(queues)
        wanted = expected(jobs)
        assert store.peek(lambda reader: given_out(reader, None)) == wanted
        after = wanted[cut % len(wanted)] if wanted else (0, 0, 0)
        assert store.peek(lambda reader: given_out(reader, after)) == [one for one in wanted if one > after]
    finally:
        store.shut()


def given_out(reader: Reader, after: Place | None) -> list[Place]:
    merged = Merged(reader, after)
    found = []
    while (one := merged.next()) is not None:
        found.append(place(one))
        assert merged.place == found[-1]
    return found


@given(JOBS, st.integers(0, 60))
def test_lines_are_merged_in_order_and_closed_ones_left_out(kinds: list[tuple[Any, ...]], cut: int) -> None:
    asyncio.run(check([job(number, *kind) for number, kind in enumerate(kinds, 1)], cut))
