"""service/queues.py and queueing.py: who manages queues, and how jobs come into them."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from msgspec.structs import replace

from headgate.core.errors import BadRequest, NotFound, NotPermitted, QueueReason, QueueRefused, WrongState
from headgate.core.model import Chunk, Queue, QueueDefaults, QueueLimits, TaskSpec, UserGroup
from headgate.core.properties import JOB, TASK
from headgate.service.queues import Queues
from tests.unit.dispatcher.story import ADMIN, ALICE, BOB, JOBADMIN, OPERATOR, Story, basic

GIB = 1024**3


def script(**spec: Any) -> TaskSpec:
    return TaskSpec(script=b"wait", chunks=(Chunk(**spec),))


@pytest.fixture
async def queues(story: Story) -> Queues:
    """The default queue normal, and high."""
    await story.queue("normal", default=True)
    await story.queue("high", priority=3000)
    return story.queues


def kept(story: Story) -> dict[str, Queue]:
    return {queue.name: queue for queue in story.store.peek(lambda reader: reader.queues())}


async def reason(work: Awaitable[Any]) -> QueueReason:
    with pytest.raises(QueueRefused) as refused:
        await work
    return refused.value.reason


# ---- managing


CHANGES: list[Callable[[Queues, Any], Awaitable[Any]]] = [
    lambda queues, caller: queues.create(caller, Queue(name="new")),
    lambda queues, caller: queues.change(caller, "high", lambda queue: queue),
    lambda queues, caller: queues.set_enabled(caller, "high", False),
    lambda queues, caller: queues.set_started(caller, "high", False),
    lambda queues, caller: queues.remove(caller, "high"),
]


@pytest.mark.parametrize("act", CHANGES)
async def test_only_administrators_and_the_command_line_change_queues(
    story: Story, queues: Queues, act: Callable[[Queues, Any], Awaitable[Any]]
) -> None:
    for caller in (ALICE, OPERATOR, JOBADMIN):
        before = kept(story)
        with pytest.raises(NotPermitted):
            await act(queues, caller)
        assert kept(story) == before
    await act(queues, ADMIN)


async def test_everybody_sees_the_queues_and_whether_they_may_be_used(story: Story, queues: Queues) -> None:
    await queues.change(None, "high", lambda queue: replace(queue, denied_users=("alice",)))
    await story.job(basic("wait"), queue="high", owner=BOB)
    await story.settle()
    await queues.set_started(None, "high", False)
    await story.job(basic("wait"), queue="high", owner=BOB)
    high, normal = await queues.list(ALICE)
    assert queues.names(ALICE) == ["high", "normal"]
    assert (high.queue.name, high.usable, high.running, high.waiting) == ("high", False, 1, 1)
    assert (normal.usable, normal.running, normal.waiting) == (True, 0, 0)
    assert (await queues.get(BOB, "HIGH")).usable


async def test_there_is_one_default_whatever_is_done(story: Story, queues: Queues) -> None:
    await queues.create(None, Queue(name="new", default=True))
    assert [name for name, queue in kept(story).items() if queue.default] == ["new"]
    await queues.change(None, "high", lambda queue: replace(queue, default=True))
    assert [name for name, queue in kept(story).items() if queue.default] == ["high"]
    for refused in (
        queues.change(None, "high", lambda queue: replace(queue, default=False)),
        queues.set_enabled(None, "high", False),
        queues.remove(None, "high", force=True),
    ):
        with pytest.raises(BadRequest):
            await refused
    assert kept(story)["high"].default


async def test_a_queue_is_made_once_and_keeps_its_name(story: Story, queues: Queues) -> None:
    with pytest.raises(WrongState):
        await queues.create(None, Queue(name="HIGH"))
    await queues.change(None, "HIGH", lambda queue: replace(queue, name="other", priority=1))
    assert kept(story)["high"].priority == 1
    with pytest.raises(BadRequest):
        await queues.create(None, Queue(name="a/b"))
    for unknown in (queues.remove(None, "nope"), queues.get(None, "nope")):
        with pytest.raises(NotFound):
            await unknown


async def test_a_queue_with_jobs_is_not_removed_unless_forced(story: Story, queues: Queues) -> None:
    job = await story.job(basic("wait"), queue="high", submitted=True)
    with pytest.raises(WrongState, match="1 jobs"):
        await queues.remove(None, "high")
    await story.settle()
    with pytest.raises(WrongState):
        await queues.remove(None, "high")
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == "FINISHED"
    await queues.remove(None, "high")
    assert list(kept(story)) == ["normal"]


# ---- coming in


async def test_a_script_takes_the_default_queue_and_a_job_without_one_takes_none(
    story: Story, queues: Queues
) -> None:
    named = await story.job(script(), flavour="tiny", queue="HIGH")
    silent = await story.job(script(), flavour="tiny")
    plain = await story.job(basic())
    assert [story.the_job(job).spec.queue for job in (named, silent, plain)] == ["high", "normal", ""]


async def test_a_refused_job_leaves_nothing_behind(story: Story, queues: Queues) -> None:
    await queues.change(None, "high", lambda queue: replace(queue, maxima=QueueLimits(nodes=1)))
    before = story.store.peek(lambda reader: (reader.last_event(), reader.count_jobs()))
    assert await reason(story.job(script(), flavour="tiny", queue="nope")) is QueueReason.UNKNOWN_QUEUE
    assert await reason(story.job(script(count=2), queue="high")) is QueueReason.LIMIT
    assert story.store.peek(lambda reader: (reader.last_event(), reader.count_jobs())) == before


async def test_a_job_that_is_refused_at_its_submission_can_be_submitted_later(
    story: Story, queues: Queues
) -> None:
    await queues.set_enabled(None, "high", False)
    job = await story.job(script(), queue="high", submitted=False)
    assert await reason(story.jobs.submit(ALICE, job)) is QueueReason.NOT_ENABLED
    assert story.state(job) == "CONFIGURING"
    await queues.set_enabled(None, "high", True)
    await story.jobs.submit(ALICE, job)
    assert story.state(job) == "QUEUED"


async def test_groups_of_the_owner_count(story: Story, queues: Queues) -> None:
    await queues.change(
        None, "high", lambda queue: replace(queue, denied_users=("*",), allowed_groups=("chem",))
    )
    assert await reason(story.job(script(), queue="high")) is QueueReason.ACL
    group = UserGroup(name="Chem", gid=7, members=("Alice",))
    await story.store.write(lambda tx: tx.put_user_group(group))
    await story.job(script(), queue="high")
    assert await reason(story.job(script(), queue="high", owner=BOB)) is QueueReason.ACL
    assert (await queues.get(ALICE, "high")).usable
    assert not (await queues.get(BOB, "high")).usable


async def test_defaults_are_filled_in_kept_and_told(story: Story, queues: Queues) -> None:
    defaults = QueueDefaults(runtime_s=60, memory=GIB, resources={"scratch_size": "5"})
    await queues.change(None, "normal", lambda queue: replace(queue, defaults=defaults))
    job = story.the_job(await story.job(script(), flavour="tiny"))
    assert (job.spec.runtime_s, job.spec.extra_resources) == (60, {"scratch_size": "5"})
    assert story.the_task(job.id).spec.chunks == (Chunk(memory=GIB),)
    assert any("walltime=00:01:00" in text for text in job.warnings)


async def test_a_user_has_no_more_jobs_waiting_than_allowed_held_ones_too(
    story: Story, queues: Queues
) -> None:
    await queues.change(None, "high", lambda queue: replace(queue, started=False, max_queued_per_user=2))
    first = await story.job(script(), queue="high")
    await story.jobs.hold(ALICE, first)
    await story.job(script(), queue="high")
    assert await reason(story.job(script(), queue="high")) is QueueReason.FULL
    await story.job(script(), queue="high", owner=BOB)
    await story.jobs.cancel(ALICE, first)
    await story.job(script(), queue="high")


async def test_a_change_of_a_queued_or_running_job_stays_within_its_queue(
    story: Story, queues: Queues
) -> None:
    limits = QueueLimits(runtime_s=100, cores=2)
    await queues.change(None, "high", lambda queue: replace(queue, maxima=limits))
    running = await story.job(basic("wait"), queue="high", runtime_s=50)
    await story.settle()
    await queues.set_started(None, "high", False)
    queued = await story.job(basic("wait"), queue="high", runtime_s=50)
    for job in (running, queued):
        assert await reason(story.jobs.set(ALICE, job, {JOB["RuntimeSeconds"]: 101})) is QueueReason.LIMIT
        assert story.the_job(job).spec.runtime_s == 50
        await story.jobs.set(ALICE, job, {JOB["RuntimeSeconds"]: 100})
    large = {TASK["CommandLine"]: "wait", TASK["MinCores"]: 3, TASK["MaxCores"]: 3}
    assert await reason(story.tasks.add(ALICE, queued, large)) is QueueReason.LIMIT
    await story.jobs.set(ALICE, queued, {JOB["Name"]: "fine"})


async def test_a_requeue_is_not_asked_again(story: Story, queues: Queues) -> None:
    job = await story.job(basic("exit 1"), queue="high")
    await story.settle()
    assert story.state(job) == "FAILED"
    await queues.set_enabled(None, "high", False)
    await story.jobs.requeue(ALICE, job)
    assert story.state(job) == "QUEUED"
    assert story.the_job(job).spec.queue == "high"
