"""An engine that answers nothing, late, twice or wrongly; a store that is full."""

import random
from typing import Any

import pytest

from headgate.core.errors import StoreUnavailable
from headgate.ports.engine import Ended, Ending, OutputSeen, Sighting, Started
from tests.unit.dispatcher.engine import Answer
from tests.unit.dispatcher.story import ALICE, Story, basic, sweep

# ---- submissions without an answer


@pytest.mark.parametrize("answer", ["uncertain", "uncertain but taken", "half taken"])
async def test_an_uncertain_submission_is_looked_up_and_runs_once(story: Story, answer: Answer) -> None:
    story.engine.answers.extend([answer] * 4)
    job = await story.job(sweep(40, "true"), basic())
    await story.settle()
    assert story.state(job) == "FINISHED"
    assert story.engine.count(job) == 41
    assert max(story.engine.starts.values()) == 1


async def test_an_uncertain_submission_waits_while_the_engine_cannot_look(story: Story) -> None:
    story.engine.answers.append("uncertain")
    story.engine.failing["find"] = 5
    job = await story.job(basic("wait"))
    for _ in range(4):
        await story.step()
    assert (story.states(job), story.engine.starts) == (["DISPATCHING"], {})
    await story.settle()
    assert story.engine.starts == {(job, 1, 0): 1}


@pytest.mark.parametrize("answer", ["uncertain", "uncertain but taken"])
async def test_a_doubtful_run_that_is_cancelled_meanwhile_never_runs_or_is_stopped(
    story: Story, answer: Answer
) -> None:
    story.engine.answers.append(answer)
    story.engine.failing["find"] = 3
    job = await story.job(basic("wait"))
    await story.step()
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    assert (story.state(job), story.engine.running()) == ("CANCELED", [])
    assert story.states(job) == ["CANCELED" if answer == "uncertain" else "FAILED"]
    assert story.engine.count(job) == (0 if answer == "uncertain" else 1)


async def test_an_engine_that_has_lost_its_records_and_cannot_be_sure_runs_nothing_twice(
    story: Story,
) -> None:
    """It may have run: what may be run again is, as after a restart of the machine; the other is lost."""
    story.engine.answers.append("uncertain")
    story.engine.certain = False
    job = await story.job(basic("wait", rerunnable=False))
    await story.settle()
    assert (story.states(job), story.engine.count(job)) == (["FAILED"], 0)
    assert "restarted" in story.why(job, 1)


# ---- no answer at all


@pytest.mark.parametrize("what", ["submit", "cancel", "find", "recall"])
async def test_an_engine_that_hangs_does_not_hold_up_the_rest(story: Story, what: str) -> None:
    running = await story.job(basic("wait"))
    await story.settle()
    if what == "find":
        story.engine.answers.append("uncertain")
    story.engine.hanging.add(what)
    job = await story.job(sweep(10, "sleep 0.001"))
    await story.jobs.cancel(ALICE, running)
    story.engine.end(running)
    for _ in range(3):
        await story.step()
    assert story.state(running) == "CANCELED"
    story.engine.hanging.clear()
    await story.settle()
    assert story.state(job) == "FINISHED"
    assert max(story.engine.starts.values()) == 1


async def test_a_stop_that_did_not_arrive_is_sent_again(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.failing["cancel"] = 3
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    for _ in range(4):
        await story.advance(1)
    assert story.state(job) == "CANCELED"
    assert len(story.engine.told) == 1


async def test_an_engine_that_was_away_is_looked_through_when_it_is_back(story: Story) -> None:
    job = await story.job(basic("wait"), sweep(3, "wait"))
    await story.settle()
    story.engine.failing["observe"] = 1
    story.engine.failing["open"] = 2
    await story.settle()
    story.engine.end_all()
    await story.settle()
    assert (story.state(job), story.engine.count(job)) == ("FINISHED", 4)


async def test_a_stop_is_repeated_to_an_engine_that_was_away(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.stubborn = True
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    story.engine.failing["observe"] = 1
    for _ in range(3):
        await story.advance(1)
    assert len(story.engine.told) == 2


async def test_an_engine_that_comes_back_empty_and_sure_of_it_gets_the_work_again(story: Story) -> None:
    job = await story.job(sweep(3, "wait"))
    await story.settle()
    story.engine.reboot()
    story.engine.certain = True
    story.engine.failing["observe"] = 1
    for _ in range(3):
        await story.advance(1)
    assert len(story.engine.running()) == 3
    assert story.the_task(job).live == 3
    story.engine.starts.clear()


@pytest.mark.parametrize("rerunnable", [True, False])
async def test_an_engine_that_comes_back_after_a_reboot_has_lost_what_ran(
    story: Story, rerunnable: bool
) -> None:
    job = await story.job(sweep(6, "wait", rerunnable=rerunnable))
    await story.settle()
    story.engine.reboot()
    story.engine.failing["observe"] = 1
    await story.settle()
    await story.advance(1)
    task = story.the_task(job)
    if rerunnable:
        assert (task.failed, task.live, len(story.engine.running())) == (0, 4, 4)
        assert [row.run.auto_requeue_count for row in story.rows(job)] == [1, 1, 1, 1]
    else:
        assert (task.failed, task.live) == (4, 2)


# ---- reports


async def test_repeated_and_disordered_reports_change_nothing(story: Story) -> None:
    shuffle = random.Random(7)
    story.engine.repeat = 3
    story.engine.reorder = lambda seen: shuffle.sample(seen, len(seen))
    job = await story.job(sweep(60, "sleep 0.002"), basic("exit 1"), execution_failure_retry_limit=1)
    for _ in range(200):
        await story.step()
    await story.settle()
    assert story.state(job) == "FAILED"
    assert story.the_task(job).finished == 60
    assert story.engine.starts[(job, 2, 0)] == 2


async def test_late_reports_of_an_earlier_try_are_not_taken_for_the_present_one(story: Story) -> None:
    job = await story.job(basic("wait"), execution_failure_retry_limit=1)
    await story.settle()
    first = story.engine.run_of(job).key
    story.engine.end(job, exit_code=1)
    await story.settle()
    late: list[Sighting] = [
        Started(first.intent, 0, 1, "pid"),
        OutputSeen(first.intent, 0, b"old"),
        Ended(intent=first.intent, instance=0, ending=Ending.EXITED, at=2, exit_code=0),
    ]
    for seen in late:
        story.engine.report(seen)
    await story.settle()
    assert story.states(job) == ["RUNNING"]
    assert story.tasks.get(ALICE, job, 1).output == b""


async def test_a_repeated_piece_of_output_does_not_replace_the_whole(story: Story) -> None:
    """Another instance of the intent still runs, so the intent is known when the piece is repeated."""
    job = await story.job(sweep(100, "sleep 0.001"))
    for _ in range(12):
        await story.step()
    run = next(one for one in story.engine.live() if any(w.lane == one.lane for w in story.engine.waiting()))
    story.engine.holding_back = True
    story.engine.end(*run.who, output=b"all of it")
    story.engine.report(OutputSeen(run.key.intent, run.key.instance, b"all"))
    story.engine.holding_back = False
    await story.settle()
    assert story.tasks.get(ALICE, *run.who[:2], run.who[2]).output == b"all of it"
    assert story.state(job) == "FINISHED"


async def test_output_is_shown_while_it_runs(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.report(OutputSeen(story.engine.run_of(job).key.intent, 0, b"so far"))
    await story.settle()
    assert story.tasks.get(ALICE, job, 1).output == b"so far"


async def test_reports_about_nothing_that_is_known_are_ignored(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.report(Ended(intent=999, instance=0, ending=Ending.EXITED, at=1, exit_code=0))
    story.engine.report(
        Ended(intent=story.engine.run_of(job).key.intent, instance=77, ending=Ending.EXITED, at=1)
    )
    await story.settle()
    assert story.states(job) == ["RUNNING"]


async def test_a_run_said_never_to_have_started_after_it_did_counts_as_failed(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    story.engine.end(job, ending=Ending.NEVER_STARTED)
    await story.settle()
    assert story.states(job) == ["FAILED"]


# ---- the store


async def test_while_the_store_takes_nothing_nothing_is_lost_nor_acknowledged(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await story.job(sweep(8, "wait"))
    await story.settle()
    await story.advance(1)
    story.engine.end_all()

    async def full(change: Any) -> Any:
        raise StoreUnavailable("the disk is full")

    since: list[int] = []
    observe = story.engine.observe

    async def watched(mark: int) -> Any:
        since.append(mark)
        return await observe(mark)

    monkeypatch.setattr(story.engine, "observe", watched)
    with monkeypatch.context() as trouble:
        trouble.setattr(story.store, "write", full)
        for _ in range(5):
            await story.step()
        assert len(set(since)) == 1
    await story.settle()
    await story.advance(1)
    assert story.the_task(job).finished == 4
    story.engine.end_all()
    await story.settle()
    assert (story.state(job), story.engine.count(job)) == ("FINISHED", 8)


async def test_a_change_that_was_not_kept_has_no_effect_on_what_is_free(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await story.job(basic("wait", min_cores=4, max_cores=4))
    write = story.store.write

    async def undone(change: Any) -> Any:
        def and_fail(tx: Any) -> Any:
            change(tx)
            raise StoreUnavailable("no room for the commit")

        return await write(and_fail)

    with monkeypatch.context() as trouble:
        trouble.setattr(story.store, "write", undone)
        await story.step()
    assert (story.states(job), story.engine.submitted) == (["QUEUED"], [])
    await story.settle()
    assert story.states(job) == ["RUNNING"]


async def test_what_was_refused_is_not_handed_over_again_when_the_engine_was_away(story: Story) -> None:
    """The refusal was known but not recorded yet when everything open came into doubt."""
    story.engine.answers.append("refuse")
    story.engine.failing["observe"] = 2
    job = await story.job(basic("wait"))
    await story.settle()
    assert (story.states(job), story.engine.starts) == (["FAILED"], {})
