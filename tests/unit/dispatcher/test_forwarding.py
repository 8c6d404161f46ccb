"""Work for an engine that has a scheduler of its own: handed over without a place, in order and in bounds."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec.structs import replace

from headgate.core.errors import NotSupported
from headgate.core.launch import NodeShare
from headgate.core.lines import Wait
from headgate.core.properties import JOB
from headgate.core.vocabulary import HoldKind, NodeState, TaskType
from headgate.dispatcher import forwarding
from headgate.ports.engine import Ability, Capacity, Ending, Key, QueueSighting, Started
from headgate.service.portraits import Portraits
from headgate.service.queues import Queues
from tests.unit.dispatcher.audit import audit
from tests.unit.dispatcher.engine import Clock, FakeEngine
from tests.unit.dispatcher.story import ADMIN, ALICE, BOB, QUICK, Story, basic, sweep, typed


class Scheduler(FakeEngine):
    """Runs `slots` of what it has been given at once, in the order in which it came."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock, abilities=frozenset({Ability.OWN_SCHEDULER, Ability.RECALL}))
        self.capacity = Capacity(outstanding=100, together=10)
        self.slots = 4
        self.queues: list[QueueSighting] = []
        self.reasons: dict[int, str] = {}

    def proceed(self) -> None:
        for run in list(self.runs.values()):
            if run.state == "waiting" and len(self.live()) < self.slots:
                run.state, run.started_at = "running", self.clock.now()
                self.starts[run.who] += 1
                share = NodeShare("n1", (0, 1))
                self._report(Started(run.key.intent, run.key.instance, run.started_at, "7_1", (share,)))
            if run.state == "running" and self._over(run, self.clock.now()):
                self.proceed()


class Forwarded(Story):
    """A story with such an engine."""

    engine: Scheduler

    def __init__(self) -> None:
        super().__init__()
        self.engine = Scheduler(self.clock)
        self.dispatcher = self._dispatcher()

    def parts(self) -> list[int]:
        return [len(one.items) for one in self.engine.submitted]


@pytest.fixture
async def story() -> AsyncIterator[Forwarded]:
    told = Forwarded()
    await told.begin()
    yield told
    audit(told)
    told.store.shut()


async def test_a_job_is_handed_over_at_once_and_runs_when_the_engine_says_so(story: Forwarded) -> None:
    story.engine.slots = 0
    job = await story.job(basic("wait"), name="j", project="p")
    await story.settle()
    assert (story.state(job), story.states(job)) == ("QUEUED", ["DISPATCHING"])
    (given,) = story.engine.submitted
    assert given.order is not None
    assert (given.lane, given.placement.shares, given.order.job.project) == (0, (), "p")
    assert given.order.owner == "alice"
    story.engine.slots = 1
    await story.settle()
    assert (story.state(job), story.states(job)) == ("RUNNING", ["RUNNING"])
    assert story.the_job(job).nodes == ("n1",)
    assert [share.node for share in story.the_task(job).run.shares] == ["n1"]
    story.engine.end(job)
    await story.settle()
    assert story.state(job) == "FINISHED"


async def test_after_several_jobs_at_once_more_are_let_gather_and_after_one_they_are_not(
    story: Forwarded,
) -> None:
    for count, gathers in ((1, False), (2, True), (1, False), (3, True)):
        for _ in range(count):
            await story.job(basic("wait"))
        before = len(story.engine.submitted)
        await story.step()
        assert len(story.engine.submitted) - before == count
        assert story.dispatcher.pause == (QUICK.gathering if gathers else QUICK.between_cycles)
    await story.step()
    assert story.dispatcher.pause == QUICK.between_cycles


async def test_nothing_gathers_while_more_waits_than_one_cycle_hands_over(
    story: Forwarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "AT_ONCE", 2)
    for _ in range(5):
        await story.job(basic("wait"))
    pauses = []
    while len(story.engine.submitted) < 5:
        await story.step()
        pauses.append(story.dispatcher.pause)
    assert pauses == [QUICK.between_cycles] * 3


async def test_a_sweep_is_handed_over_in_parts_as_large_as_the_engine_takes(story: Forwarded) -> None:
    job = await story.job(sweep(25))
    await story.settle()
    assert story.parts() == [10, 10, 5]
    assert story.state(job) == "FINISHED"
    assert story.engine.count(job) == 25


async def test_no_more_is_outstanding_than_the_engine_is_to_hold(story: Forwarded) -> None:
    story.engine.slots = 0
    large = await story.job(sweep(1_000_000))
    await story.settle()
    assert sum(story.parts()) == 50
    assert not story.rows(large)
    other = await story.job(*[basic("wait") for _ in range(80)], owner=BOB)
    await story.settle()
    assert sum(story.parts()) == 100
    assert story.the_job(other).live == 50
    await story.jobs.cancel(ALICE, large)
    await story.settle()
    assert story.the_job(other).live == 80
    assert story.state(large) == "CANCELED"


async def test_what_ends_makes_room_for_the_next_but_not_for_crumbs(story: Forwarded) -> None:
    story.engine.slots = 2
    job = await story.job(sweep(120, "wait"))
    await story.settle()
    assert sum(story.parts()) == 50
    story.engine.end_all()
    await story.settle()
    assert sum(story.parts()) == 50
    story.engine.end_all()
    await story.settle()
    assert story.parts()[5:] == [4]
    await story.jobs.cancel(ALICE, job)
    await story.settle()


@pytest.mark.parametrize(
    ("spec", "at_once"),
    [({"max_running": 3}, {}), ({}, {"auto_calculate_max": False, "max_cores": 3})],
)
async def test_a_limit_of_a_sweep_goes_with_one_part_at_a_time(
    story: Forwarded, spec: dict[str, Any], at_once: dict[str, Any]
) -> None:
    story.engine.slots = 3
    job = await story.job(sweep(15, "wait", **spec), **at_once)
    await story.settle()
    assert story.parts() == [10]
    assert story.engine.submitted[0].order is not None
    assert story.engine.submitted[0].order.at_once == 3
    for _ in range(3):
        story.engine.end_all()
        await story.settle()
        assert story.parts() == [10]
    story.engine.end_all()
    await story.settle()
    assert story.parts() == [10, 5]
    await story.jobs.cancel(ALICE, job)
    await story.settle()


async def test_the_maximum_of_a_job_bounds_its_tasks(story: Forwarded) -> None:
    tasks = [basic("wait") for _ in range(5)]
    job = await story.job(*tasks, auto_calculate_max=False, max_cores=2)
    await story.settle()
    assert story.parts() == [1, 1]
    story.engine.end(job, 1)
    await story.settle()
    assert story.parts() == [1, 1, 1]
    await story.jobs.cancel(ALICE, job)
    await story.settle()


async def test_jobs_that_wait_in_the_engine_count_against_the_limits_of_their_queue(
    story: Forwarded,
) -> None:
    story.engine.slots = 0
    await story.queue("tight", max_running=2)
    jobs = [await story.job(basic(), queue="tight") for _ in range(3)]
    await story.settle()
    assert story.parts() == [1, 1]
    assert story.waits(jobs[2]) == "MAX_RUNNING"
    story.engine.slots = 4
    await story.settle()
    assert [story.state(job) for job in jobs] == ["FINISHED"] * 3


async def test_a_hold_takes_back_what_has_not_started_and_leaves_the_rest(story: Forwarded) -> None:
    story.engine.slots = 1
    job = await story.job(sweep(3, "wait"))
    other = await story.job(basic("wait"))
    await story.settle()
    await story.jobs.hold(ALICE, job)
    await story.jobs.hold(ALICE, other)
    await story.settle()
    assert (story.the_job(job).live, story.the_job(other).live) == (1, 0)
    assert (story.state(other), story.states(other)) == ("QUEUED", ["QUEUED"])
    await story.jobs.release(ALICE, other)
    await story.jobs.release(ALICE, job, HoldKind.USER)
    story.engine.slots = 9
    await story.settle()
    assert story.state(other) == "RUNNING"
    assert story.the_job(job).live == 3
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == story.state(other) == "FINISHED"
    assert (story.engine.count(job), story.engine.count(other)) == (3, 1)


async def test_a_job_that_was_changed_before_it_began_is_handed_over_anew(story: Forwarded) -> None:
    story.engine.slots = 0
    job = await story.job(basic("wait"))
    await story.settle()
    await story.jobs.set(ALICE, job, {JOB["Name"]: "other"})
    await story.settle()
    assert [one.order.job.name for one in story.engine.submitted if one.order] == ["", "other"]
    assert len(story.engine.waiting()) == 1
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    assert story.state(job) == "CANCELED"


async def test_after_a_restart_what_the_engine_has_is_left_to_it_and_the_rest_handed_over(
    story: Forwarded,
) -> None:
    story.engine.slots = 2
    story.engine.answers += ["uncertain", "uncertain but taken"]
    lost = await story.job(sweep(3))
    taken = await story.job(basic("wait"))
    await story.settle()
    await story.restart()
    await story.settle()
    assert story.engine.count(lost) == 3
    assert story.state(taken) == "RUNNING"
    again = [one for one in story.engine.submitted if one.order and one.order.job_id == lost]
    assert len(again) == 2
    assert len(again[1].items) == 3
    story.engine.end_all()
    await story.settle()
    assert (story.state(lost), story.state(taken)) == ("FINISHED", "FINISHED")


async def test_a_run_that_never_started_ends_its_job_without_it_having_run(story: Forwarded) -> None:
    story.engine.answers.append("refuse")
    job = await story.job(basic())
    await story.settle()
    assert story.path(job) == [
        "CONFIGURING", "SUBMITTED", "VALIDATING", "QUEUED", "FINISHING", "FAILED",
    ]  # fmt: skip


async def test_an_ending_tells_where_it_ran_when_nobody_saw_it_start(story: Forwarded) -> None:
    story.engine.slots = 0
    job = await story.job(basic())
    await story.settle()
    (run,) = story.engine.waiting()
    run.started_at = story.clock.now()
    story.engine._end(run, Ending.EXITED, exit_code=3)
    await story.settle()
    assert story.path(job)[-3:] == ["RUNNING", "FINISHING", "FAILED"]
    assert Key(run.key.intent, 0) == run.key


async def test_what_runs_on_each_node_is_refused_as_nobody_knows_the_nodes_beforehand(
    story: Forwarded,
) -> None:
    job = await story.job(typed(TaskType.NODE_PREP), basic())
    assert story.state(job) == "FAILED"
    assert "NodePrep task: the engine local has its own scheduler" in story.why(job)


async def test_the_engine_says_which_of_its_nodes_take_work(story: Forwarded) -> None:
    before = story.engine.machines
    for state, reason in ((NodeState.DRAINING, "disk"), (NodeState.OFFLINE, "disk"), (NodeState.ONLINE, "")):
        story.engine.machines = [replace(before[0], state=state, reason=reason)]
        await story.advance(11)
        assert [node.state for node in story.nodes.list(ALICE)] == [state]
    with pytest.raises(NotSupported):
        await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)


async def test_where_the_engine_is_known_submissions_are_taken_while_it_is_away(story: Forwarded) -> None:
    story.engine.slots = 0
    before = await story.job(basic("wait"))
    await story.settle()
    story.engine.failing["open"] = 1_000_000
    story.dispatcher = story._dispatcher()
    begun = asyncio.create_task(story.begin())
    await asyncio.wait_for(story.dispatcher.ready.wait(), 5)
    meanwhile = await story.job(basic())
    await story.jobs.cancel(ALICE, before)
    assert not begun.done()
    story.engine.failing["open"] = 0
    await asyncio.wait_for(begun, 5)
    await story.settle()  # it hears of the end of what it still holds
    story.engine.slots = 4
    await story.settle()
    assert (story.state(before), story.state(meanwhile)) == ("CANCELED", "FINISHED")
    assert (story.engine.count(before), story.engine.count(meanwhile)) == (0, 1)


async def test_an_engine_that_was_never_seen_has_to_answer_before_anything_is_taken() -> None:
    story = Forwarded()
    story.engine.failing["open"] = 3
    begun = asyncio.create_task(story.begin())
    await asyncio.sleep(0)
    assert not story.dispatcher.ready.is_set()
    await asyncio.wait_for(begun, 5)
    assert story.dispatcher.ready.is_set()
    story.store.shut()


async def test_why_a_job_waits_in_the_engine_is_what_the_engine_says(story: Forwarded) -> None:
    story.engine.slots = 1
    running, waiting = await story.job(basic("wait")), await story.job(basic("wait"))
    await story.settle()
    story.engine.reasons = {given.intent: "no room" for given in story.engine.submitted} | {999: "of nobody"}
    queues = Queues(story.store, story.dispatcher.reasons)
    found = queues.waiting(None, [story.the_job(running), story.the_job(waiting)])
    assert {job: (one.why, one.text) for job, one in found.items()} == {waiting: (Wait.ENGINE, "no room")}
    assert Portraits(story.store, story.dispatcher.reasons).get(ALICE, waiting).hindrance == found[waiting]
    story.engine.reasons = {}
    assert not queues.waiting(None, [story.the_job(waiting)])
