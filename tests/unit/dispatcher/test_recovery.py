"""The server is killed at any point and started again, on the same store and the same engine."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from headgate.core.vocabulary import TaskType
from tests.unit.dispatcher.story import ALICE, Story, basic, sweep, typed


class Killed(BaseException):
    """The server dies here."""


def dies(monkeypatch: pytest.MonkeyPatch, what: object, name: str, *, after: bool) -> None:
    """The server dies when this is called: before it has done anything, or when it is done."""
    real: Callable[..., Awaitable[Any]] = getattr(what, name)

    async def deadly(*args: Any, **options: Any) -> Any:
        if after:
            await real(*args, **options)
        raise Killed

    monkeypatch.setattr(what, name, deadly)


async def until_death(story: Story) -> None:
    with pytest.raises(Killed):
        await story.settle()


@pytest.mark.parametrize(
    ("what", "name", "after"),
    [
        ("store", "write", False),
        ("store", "write", True),  # the intent is on disk, the engine has heard nothing
        ("engine", "submit", False),
        ("engine", "submit", True),  # the engine has it, nobody knows
    ],
)
async def test_killed_while_handing_out_everything_runs_once(
    story: Story, what: str, name: str, after: bool
) -> None:
    job = await story.job(basic("wait"), sweep(20, "true"), typed(TaskType.NODE_PREP))
    await story.step()
    with pytest.MonkeyPatch.context() as death:
        dies(death, getattr(story, what), name, after=after)
        await until_death(story)
    await story.restart()
    await story.settle()
    story.engine.end_all()
    await story.settle()
    assert story.state(job) == "FINISHED"
    assert set(story.engine.starts.values()) == {1}


@pytest.mark.parametrize("after", [False, True])
async def test_killed_while_recording_nothing_is_recorded_twice(story: Story, after: bool) -> None:
    job = await story.job(sweep(8, "wait"), execution_failure_retry_limit=1)
    await story.settle()
    await story.advance(1)
    story.engine.end(job, 1, 1)
    story.engine.end(job, 1, 2, exit_code=3)
    with pytest.MonkeyPatch.context() as death:
        dies(death, story.store, "write", after=after)
        await until_death(story)
    await story.restart()
    await story.settle()
    assert story.the_task(job).finished == 1
    assert story.engine.starts[(job, 1, 2)] == 2
    for _ in range(3):
        await story.advance(1)
        story.engine.end_all()
        await story.settle()
    assert (story.state(job), story.engine.count(job)) == ("FINISHED", 9)


async def test_what_was_recorded_is_not_recorded_again_when_the_engine_repeats_it(story: Story) -> None:
    """Killed after the recording, before the acknowledgement: the new life hears it all once more."""
    job = await story.job(basic("wait"), basic("wait"))
    await story.settle()
    story.engine.end(job, 1)
    await story.dispatcher.look()
    await story.dispatcher.turn()
    assert story.states(job) == ["FINISHED", "RUNNING"]
    for _ in range(3):
        await story.restart()
        await story.dispatcher.look()
        await story.dispatcher.turn()
    assert story.the_job(job).live == 1


@pytest.mark.parametrize("after", [False, True])
async def test_killed_while_cancelling_the_job_is_cancelled_all_the_same(story: Story, after: bool) -> None:
    job = await story.job(basic("wait"), sweep(1000, "wait"), typed(TaskType.NODE_RELEASE))
    await story.settle()
    await story.jobs.cancel(ALICE, job, message="enough")
    with pytest.MonkeyPatch.context() as death:
        dies(death, story.engine, "cancel", after=after)
        await until_death(story)
    await story.restart()
    await story.settle()
    assert story.state(job) == "CANCELED"
    assert "enough" in story.why(job)


async def test_cancelled_while_the_server_was_dead_it_never_reaches_the_engine(story: Story) -> None:
    job = await story.job(basic("wait"))
    with pytest.MonkeyPatch.context() as death:
        dies(death, story.engine, "submit", after=False)
        await until_death(story)
    await story.jobs.cancel(ALICE, job)
    await story.restart()
    await story.settle()
    assert (story.state(job), story.states(job)) == ("CANCELED", ["CANCELED"])
    assert not story.engine.starts


async def test_one_subtask_cancelled_while_the_server_was_dead_does_not_start(story: Story) -> None:
    job = await story.job(sweep(4, "wait"))
    with pytest.MonkeyPatch.context() as death:
        dies(death, story.engine, "submit", after=False)
        await until_death(story)
    await story.tasks.cancel(ALICE, job, 1, instance=2)
    await story.restart()
    await story.settle()
    assert [who[2] for who in story.engine.running()] == [1, 3, 4]
    assert story.instance_state(job, 1, 2) == "CANCELED"


async def test_what_ended_while_the_server_was_dead_is_learnt(story: Story) -> None:
    job = await story.job(sweep(4, "wait"), basic("wait"))
    await story.settle()
    await story.advance(1)
    story.engine.end_all(exit_code=0)
    await story.restart()
    await story.settle()
    assert (story.the_task(job).finished, story.engine.running()) == (4, [(job, 2, 0)])


async def test_cores_stay_taken_over_a_restart(story: Story) -> None:
    job = await story.job(basic("wait", min_cores=3, max_cores=3), estimated_process_memory_mb=100)
    await story.settle()
    await story.restart()
    other = await story.job(sweep(4, "wait"))
    await story.settle()
    assert story.engine.running() == [(job, 1, 0), (other, 1, 1)]
    story.engine.end(job)
    await story.settle()
    assert len(story.engine.running()) == 4


async def test_an_exclusive_node_stays_exclusive_over_a_restart(story: Story) -> None:
    job = await story.job(basic("wait"), exclusive=True)
    await story.settle()
    await story.restart()
    await story.job(basic("wait"))
    await story.settle()
    assert story.engine.running() == [(job, 1, 0)]


async def test_a_run_time_goes_on_over_a_restart(story: Story) -> None:
    job = await story.job(basic("wait"), runtime_s=100)
    await story.advance(60)
    await story.restart()
    await story.advance(30)
    assert story.state(job) == "RUNNING"
    await story.advance(11)
    assert story.state(job) == "CANCELED"


@pytest.mark.parametrize(("rerunnable", "state"), [(True, "RUNNING"), (False, "FAILED")])
async def test_after_a_reboot_what_ran_is_run_again_or_failed_as_it_says(
    story: Story, rerunnable: bool, state: str
) -> None:
    job = await story.job(basic("wait", rerunnable=rerunnable))
    await story.settle()
    story.engine.reboot()
    await story.restart()
    await story.settle()
    assert story.states(job) == [state]
    if not rerunnable:
        assert "restarted" in story.why(job, 1)


async def test_a_server_that_finds_no_engine_waits_for_it(story: Story) -> None:
    job = await story.job(basic())
    story.engine.failing.update(open=2, nodes=2, find=1)
    await story.restart()
    await story.settle()
    assert story.state(job) == "FINISHED"


async def test_every_life_has_an_epoch_of_its_own(story: Story) -> None:
    first = await story.job(basic("wait"))
    await story.settle()
    await story.restart()
    second = await story.job(basic("wait"))
    await story.settle()
    epochs = {intent.job_id: intent.epoch for intent in story.store.peek(lambda reader: reader.intents())}
    assert epochs[second] > epochs[first]
