"""Jobs that are tied to other jobs as job scripts say it: conditions, delays, rivals, namesakes, instance by
instance. Chains of steps are in `test_steps.py`.
"""

from typing import Any

import pytest

from headgate.core.errors import BadRequest
from headgate.core.model import JobDependency
from headgate.core.properties import JOB
from headgate.core.states import JobState
from headgate.core.vocabulary import DependencyCondition, HoldKind, PendingReason
from headgate.service.jobs import Jobs
from tests.unit.dispatcher.story import ALICE, BOB, Story, basic, sweep

OK, NOTOK = DependencyCondition.SUCCEEDED, DependencyCondition.FAILED
ANY, AFTER = DependencyCondition.ENDED, DependencyCondition.STARTED
CORR = DependencyCondition.CORRESPONDS


async def child(story: Story, *parents: int, on: DependencyCondition = OK, **more: Any) -> int:
    """A job that waits for these, and is dropped when that is hopeless."""
    waits = tuple(JobDependency(parent, on) for parent in parents)
    more = {"drop_when_hopeless": True, **more}
    return await story.job(basic("wait"), depends_on=waits, **more)


async def held(story: Story) -> int:
    """A job that does not run until it is released."""
    return await story.job(basic("wait"), holds=(HoldKind.USER,))


# Spec pbs, section 10, "Event at the parent".
TABLE = [
    ("ends 0", {OK: "released", NOTOK: "deleted", ANY: "released", AFTER: "released"}),
    ("ends non-zero", {OK: "deleted", NOTOK: "released", ANY: "released", AFTER: "released"}),
    ("starts", {OK: "waits", NOTOK: "waits", ANY: "waits", AFTER: "released"}),
    ("deleted while running", {OK: "deleted", NOTOK: "released", ANY: "released", AFTER: "released"}),
    ("deleted before it ran", {OK: "deleted", NOTOK: "deleted", ANY: "deleted", AFTER: "deleted"}),
]


@pytest.mark.parametrize(
    ("event", "condition", "outcome"),
    [(event, condition, outcome) for event, row in TABLE for condition, outcome in row.items()],
)
async def test_a_dependent_hears_what_happens_to_its_parent(
    story: Story, event: str, condition: DependencyCondition, outcome: str
) -> None:
    parent = await held(story)
    dependent = await child(story, parent, on=condition)
    await story.settle()
    assert (story.state(dependent), story.the_job(dependent).blocked) == ("QUEUED", True)
    if event != "deleted before it ran":
        await story.jobs.release(ALICE, parent)
        await story.settle()
    if event.startswith("ends"):
        story.engine.end(parent, exit_code=int(event != "ends 0"))
    elif event.startswith("deleted"):
        await story.jobs.cancel(ALICE, parent)
    await story.settle()
    expected = {"released": "RUNNING", "waits": "QUEUED", "deleted": "CANCELED"}[outcome]
    assert story.state(dependent) == expected
    if outcome == "deleted":
        assert story.why(dependent) == f"Job deleted as result of dependency on job {parent}"


async def test_a_deleted_dependent_takes_its_own_dependents_along(story: Story) -> None:
    first = await story.job(basic("wait"))
    second = await child(story, first)
    third = await child(story, second)
    fourth = await child(story, third, on=NOTOK)
    await story.settle()
    story.engine.end(first, exit_code=1)
    await story.settle()
    assert [story.state(job) for job in (second, third, fourth)] == ["CANCELED"] * 3
    assert story.why(fourth) == f"Job deleted as result of dependency on job {third}"
    assert not story.engine.count(second)


async def test_a_dependent_submitted_after_the_end_of_its_parent_is_met_or_deleted_at_once(
    story: Story,
) -> None:
    parent = await story.job(basic("exit 1"))
    await story.settle()
    good, bad = await child(story, parent, on=NOTOK), await child(story, parent, on=OK)
    await story.settle()
    assert (story.state(good), story.state(bad)) == ("RUNNING", "CANCELED")


async def test_a_parent_that_does_not_exist_fails_the_submission(story: Story) -> None:
    lost = await child(story, 4711)
    assert (story.state(lost), story.why(lost)) == ("FAILED", "These parent jobs do not exist: 4711")


async def test_without_the_wish_to_be_dropped_a_hopeless_job_waits(story: Story) -> None:
    parent = await story.job(basic("exit 1"))
    dependent = await child(story, parent, drop_when_hopeless=False)
    await story.settle()
    assert story.state(dependent) == "QUEUED"
    assert story.the_job(dependent).pending_reason is PendingReason.PARENT_JOBS_CANCELED_OR_FAILED


async def test_a_held_job_is_dropped_too(story: Story) -> None:
    parent = await story.job(basic("exit 1"))
    dependent = await child(story, parent, holds=(HoldKind.USER,))
    await story.settle()
    assert story.state(dependent) == "CANCELED"


async def test_one_of_several_is_enough_where_the_job_says_so(story: Story) -> None:
    first, second = await story.job(basic("wait")), await story.job(basic("wait"))
    dependent = await child(story, first, second, depends_on_any=True)
    await story.settle()
    story.engine.end(first, exit_code=1)
    await story.settle()
    assert story.state(dependent) == "QUEUED"
    story.engine.end(second)
    await story.settle()
    assert story.state(dependent) == "RUNNING"


async def test_none_of_several_is_too_few(story: Story) -> None:
    first, second = await story.job(basic("exit 1")), await story.job(basic("exit 1"))
    dependent = await child(story, first, second, depends_on_any=True)
    await story.settle()
    assert story.state(dependent) == "CANCELED"


async def test_a_delay_begins_when_the_condition_is_met(story: Story) -> None:
    parent = await story.job(basic("wait"))
    await story.settle()
    waits = (JobDependency(parent, AFTER, 60),)
    dependent = await story.job(basic("wait"), depends_on=waits)
    await story.advance(50)
    assert story.state(dependent) == "QUEUED"
    await story.advance(11)
    assert story.state(dependent) == "RUNNING"


async def test_a_delay_and_a_start_time_both_hold(story: Story) -> None:
    parent = await story.job(basic("true"))
    await story.settle()
    waits = (JobDependency(parent, ANY, 60),)
    later = story.clock.now() + 100_000_000
    dependent = await story.job(basic("wait"), depends_on=waits, not_before=later)
    await story.advance(70)
    assert story.state(dependent) == "QUEUED"
    await story.advance(40)
    assert story.state(dependent) == "RUNNING"


# ---- before, on


async def test_a_job_waits_for_as_many_others_as_it_said_to_precede_it(story: Story) -> None:
    last = await story.job(basic("wait"), awaits=2, drop_when_hopeless=True)
    await story.settle()
    one = await story.job(basic("wait"), precedes=(JobDependency(last, OK),))
    await story.settle()
    story.engine.end(one)
    await story.settle()
    assert (story.state(last), story.the_job(last).spec.awaits) == ("QUEUED", 1)
    two = await story.job(basic("wait"), precedes=(JobDependency(last, AFTER),))
    await story.settle()
    assert story.state(last) == "RUNNING"
    assert [one.job_id for one in story.the_job(last).spec.depends_on] == [one, two]


async def test_the_job_is_deleted_when_one_that_precedes_it_fails(story: Story) -> None:
    last = await story.job(basic("wait"), awaits=1, drop_when_hopeless=True)
    first = await story.job(basic("exit 1"), precedes=(JobDependency(last, OK),))
    await story.settle()
    assert story.state(last) == "CANCELED"
    assert story.why(last) == f"Job deleted as result of dependency on job {first}"


async def test_only_a_waiting_job_of_the_same_owner_can_be_preceded(story: Story) -> None:
    plain = await story.job(basic("wait"))
    theirs = await story.job(basic("wait"), awaits=1, owner=BOB)
    for named, words in ((plain, "does not wait for"), (theirs, "somebody else"), (99, "There is no job")):
        job = await story.job(basic("true"), precedes=(JobDependency(named, OK),))
        assert story.state(job) == "FAILED"
        assert words in story.why(job)
    assert story.the_job(theirs).spec.awaits == 1


async def test_a_job_that_is_submitted_again_precedes_only_once(story: Story) -> None:
    last = await story.job(basic("wait"), awaits=2)
    first = await story.job(basic("exit 1"), precedes=(JobDependency(last, OK),))
    await story.settle()
    await story.jobs.requeue(ALICE, first)
    await story.settle()
    assert story.the_job(last).spec.awaits == 1
    assert len(story.the_job(last).spec.depends_on) == 1


# ---- runone


async def test_of_rivals_only_the_first_that_starts_is_left(story: Story) -> None:
    blocker = await story.job(basic("wait", min_cores=4, max_cores=4))
    await story.settle()
    first = await story.job(basic("wait"))
    second = await story.job(basic("wait"), rivals=(first,), priority=3000)
    third = await story.job(basic("wait"), rivals=(second,))
    story.engine.end(blocker)
    await story.settle()
    assert [story.state(job) for job in (first, second, third)] == ["CANCELED", "RUNNING", "CANCELED"]
    assert story.why(third) == f"Job deleted as result of dependency on job {second}"
    assert not story.engine.count(first)
    late = await story.job(basic("wait"), rivals=(first,))
    await story.settle()
    assert story.state(late) == "CANCELED"


async def test_a_rival_that_never_ran_drops_nobody(story: Story) -> None:
    first = await held(story)
    second = await story.job(basic("wait"), rivals=(first,), holds=(HoldKind.USER,))
    await story.jobs.cancel(ALICE, first)
    await story.jobs.release(ALICE, second)
    await story.settle()
    assert story.state(second) == "RUNNING"


# ---- singleton


async def test_a_singleton_waits_for_its_earlier_namesakes_of_the_same_owner(story: Story) -> None:
    first = await story.job(basic("wait"), name="nightly")
    await story.job(basic("wait"), name="nightly", owner=BOB)
    second = await story.job(basic("wait"), name="nightly", singleton=True)
    third = await story.job(basic("wait"), name="nightly", singleton=True)
    other = await story.job(basic("wait"), name="Nightly", singleton=True)
    await story.settle()
    assert story.state(other) == "RUNNING"
    assert story.the_job(second).pending_reason is PendingReason.DEPENDENCY_NOT_DONE
    story.engine.end(first, exit_code=1)
    await story.settle()
    assert (story.state(second), story.state(third)) == ("RUNNING", "QUEUED")
    await story.jobs.cancel(ALICE, second)
    await story.settle()
    assert story.state(third) == "RUNNING"


async def test_a_singleton_that_is_cancelled_while_it_waits_lets_the_next_one_go(story: Story) -> None:
    first = await story.job(basic("wait"), name="n")
    second = await story.job(basic("wait"), name="n", singleton=True)
    third = await story.job(basic("wait"), name="n", singleton=True)
    await story.settle()
    story.engine.end(first)
    await story.jobs.cancel(ALICE, second)
    await story.settle()
    assert story.state(third) == "RUNNING"


async def test_a_job_that_is_called_otherwise_lets_its_singleton_go(story: Story) -> None:
    first = await story.job(basic("wait"), name="n", holds=(HoldKind.USER,))
    second = await story.job(basic("wait"), name="n", singleton=True)
    await story.jobs.set(ALICE, first, {JOB["Name"]: "m"})
    await story.settle()
    assert story.state(second) == "RUNNING"


# ---- instance by instance


async def corresponding(story: Story, parent: int, count: int, **more: Any) -> int:
    return await story.job(
        sweep(count, "wait", **more), depends_on=(JobDependency(parent, CORR),), drop_when_hopeless=True
    )


async def test_each_instance_waits_for_its_own(story: Story) -> None:
    parent = await story.job(sweep(3, "wait"))
    dependent = await corresponding(story, parent, 3)
    await story.settle()
    assert story.engine.running() == [(parent, 1, n) for n in (1, 2, 3)]
    story.engine.end(parent, instance=2)
    await story.settle()
    assert (dependent, 1, 2) in story.engine.running()
    assert story.state(dependent) == "RUNNING"
    story.engine.end(parent, instance=1, exit_code=1)
    story.engine.end(parent, instance=3)
    await story.settle()
    assert story.instance_state(dependent, 1, 1) == "CANCELED"
    assert story.why(dependent, 1, 1) == f"Deleted as result of dependency on instance 1 of job {parent}"
    story.engine.end_all()
    await story.settle()
    assert [story.instance_state(dependent, 1, n) for n in (2, 3)] == ["FINISHED", "FINISHED"]
    assert story.state(dependent) == "FINISHED"


async def test_an_instance_without_a_counterpart_waits_for_the_whole(story: Story) -> None:
    parent = await story.job(sweep(1, "wait"))
    dependent = await corresponding(story, parent, 2)
    await story.settle()
    assert story.instance_state(dependent, 1, 2) == "QUEUED"
    story.engine.end(parent, instance=1)
    await story.settle()
    assert {run[2] for run in story.engine.running()} == {1, 2}


async def test_counterparts_are_found_by_their_index(story: Story) -> None:
    parent = await story.job(sweep(2, "wait", index_set="5,9"))
    dependent = await corresponding(story, parent, 2, index_set="9-10")
    await story.settle()
    story.engine.end(parent, instance=2)
    await story.settle()
    assert (dependent, 1, 1) in story.engine.running()
    assert (dependent, 1, 2) not in story.engine.running()


async def test_with_a_parent_that_is_no_sweep_the_whole_waits_for_the_whole(story: Story) -> None:
    parent = await story.job(basic("wait"))
    dependent = await corresponding(story, parent, 2)
    await story.settle()
    assert story.the_job(dependent).blocked
    story.engine.end(parent)
    await story.settle()
    assert story.engine.running() == [(dependent, 1, 1), (dependent, 1, 2)]


# ---- afterwards


async def test_a_job_names_no_more_others_than_it_may(story: Story) -> None:
    with pytest.raises(BadRequest, match="at most 1000"):
        await child(story, *range(1, 1002))
    with pytest.raises(BadRequest):
        await story.job(basic("true"), awaits=1001)


async def test_ties_hold_over_a_restart(story: Story) -> None:
    first = await story.job(basic("wait"), name="n")
    waits = await story.job(basic("wait"), name="n", singleton=True)
    dependent = await child(story, first)
    await story.settle()
    story.jobs = Jobs(story.store)
    await story.restart()
    story.engine.end(first)
    await story.settle()
    assert (story.state(waits), story.state(dependent)) == ("RUNNING", "RUNNING")
    assert story.the_job(first).state is JobState.FINISHED
