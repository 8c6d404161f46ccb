"""Chains of steps (PJM step jobs, spec pjm, section 4.2)."""

from typing import Any

import pytest

from headgate.core.model import Step, StepRule
from headgate.service import chains, endings, waiting
from tests.unit.dispatcher.story import ALICE, BOB, Story, basic


async def step(story: Story, of: int | str | None = None, *rules: StepRule, **more: Any) -> int:
    """A step of that chain, by number or name."""
    number = more.pop("number", None)
    by_name = of if isinstance(of, str) else ""
    place = Step(of=of if isinstance(of, int) else None, of_name=by_name, number=number, rules=rules)
    return await story.job(basic("wait"), step=place, **more)


def rule(form: str, deletes: str = "one", *numbers: int) -> StepRule:
    """`ec!=0` as a rule."""
    for operator in ("==", "!=", ">=", "<=", ">", "<"):
        what, found, values = form.partition(operator)
        if found:
            return StepRule(what, operator, tuple(map(int, values.split(","))), deletes, numbers)
    raise ValueError(form)


def number(story: Story, job: int) -> int | None:
    placed = story.the_job(job).spec.step
    assert placed is not None
    return placed.number


async def test_steps_run_one_after_another_however_they_end(story: Story) -> None:
    first = await step(story)
    second, third = await step(story, first), await step(story, first)
    await story.settle()
    assert [number(story, job) for job in (first, second, third)] == [0, 1, 2]
    assert story.engine.running() == [(first, 1, 0)]
    story.engine.end(first, exit_code=3)
    await story.settle()
    assert story.engine.running() == [(second, 1, 0)]
    story.engine.end(second)
    await story.settle()
    assert story.engine.running() == [(third, 1, 0)]


async def test_a_chain_is_joined_by_its_name_by_its_owner_alone(story: Story) -> None:
    await step(story, name="chain")
    mine = await step(story, name="chain")
    theirs = await step(story, name="chain", owner=BOB)
    joined = await step(story, "chain")
    placed = story.the_job(joined).spec.step
    assert placed is not None
    assert (placed.of, placed.number) == (mine, 1)
    stranger = await step(story, theirs)
    assert story.state(stranger) == "FAILED"
    assert "belongs to somebody else" in story.why(stranger)
    assert "no step job named" in story.why(await step(story, "nothing"))


async def test_a_number_must_exceed_all_before_it(story: Story) -> None:
    first = await step(story, number=5)
    assert number(story, await step(story, first, number=9)) == 9
    late = await step(story, first, number=9)
    assert "must have a greater number" in story.why(late)
    assert number(story, await step(story, first)) == 10


async def test_a_chain_that_has_ended_can_not_be_joined(story: Story) -> None:
    first = await step(story)
    await story.settle()
    story.engine.end(first)
    await story.settle()
    late = await step(story, first)
    assert (story.state(late), story.why(late)) == (
        "FAILED",
        f"Step job {first} has ended: no step can join it.",
    )
    plain = await story.job(basic("wait"))
    assert "is no step job" in story.why(await step(story, plain))


@pytest.mark.parametrize(
    ("form", "code", "deleted"),
    [
        ("ec!=0", 0, False),
        ("ec!=0", 1, True),
        ("ec==0", 0, True),
        ("ec==1,2", 2, True),
        ("ec!=1,2", 2, False),
        ("ec!=1,2", 3, True),
        ("ec>2", 3, True),
        ("ec>2", 2, False),
        ("ec>=2", 2, True),
        ("ec<2", 1, True),
        ("ec<=2", 3, False),
        ("pc!=0", 7, False),
    ],
)
async def test_a_rule_that_is_true_deletes_the_step(
    story: Story, form: str, code: int, deleted: bool
) -> None:
    first = await step(story)
    second = await step(story, first, rule(form))
    third = await step(story, first)
    await story.settle()
    story.engine.end(first, exit_code=code)
    await story.settle()
    assert story.state(second) == ("CANCELED" if deleted else "RUNNING")
    assert story.state(third) == ("RUNNING" if deleted else "QUEUED")


async def test_the_managers_code_tells_a_cancelled_step(story: Story) -> None:
    first = await step(story)
    second = await step(story, first, rule("pc==1"))
    await story.settle()
    await story.jobs.cancel(ALICE, first)
    await story.settle()
    assert story.state(second) == "CANCELED"


async def test_the_managers_code_tells_the_end_of_the_run_time(story: Story) -> None:
    first = await story.job(basic("wait", runtime_s=10), step=Step())
    second = await step(story, first, rule("pc==11"))
    await story.advance(11)
    assert (story.state(first), story.state(second)) == ("FAILED", "CANCELED")


async def test_a_rule_looks_at_the_step_it_names_or_at_the_last_that_ran(story: Story) -> None:
    first = await step(story)
    second = await step(story, first, rule("ec==0"))
    third = await step(story, first, rule("ec!=0", "one", 0))
    fourth = await step(story, first, rule("ec==9"))
    await story.settle()
    story.engine.end(first)
    await story.settle()
    assert (story.state(second), story.state(third)) == ("CANCELED", "RUNNING")
    story.engine.end(third, exit_code=9)
    await story.settle()
    assert story.state(fourth) == "CANCELED"


async def test_after_deletes_those_that_depend_on_the_step_and_all_every_later_one(story: Story) -> None:
    first = await step(story)
    second = await step(story, first, rule("ec!=0", "after"))
    third = await step(story, first, rule("ec!=0", "one", 1))
    fourth = await step(story, first)
    await story.settle()
    story.engine.end(first, exit_code=1)
    await story.settle()
    assert [story.state(job) for job in (second, third, fourth)] == ["CANCELED", "CANCELED", "RUNNING"]
    fifth = await step(story, first, rule("ec!=0", "all"))
    sixth = await step(story, first)
    story.engine.end(fourth, exit_code=1)
    await story.settle()
    assert (story.state(fifth), story.state(sixth)) == ("CANCELED", "CANCELED")


async def test_a_step_that_was_cancelled_while_it_waited_is_passed_over(story: Story) -> None:
    first = await step(story)
    second, third = await step(story, first), await step(story, first)
    await story.settle()
    await story.jobs.cancel(ALICE, second)
    story.engine.end(first)
    await story.settle()
    assert story.engine.running() == [(third, 1, 0)]


async def test_when_a_step_has_ended_only_the_next_one_looks_again(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await step(story)
    steps = [await step(story, first) for _ in range(4)]
    await story.settle()
    looked: list[int] = []

    def noted(reader: Any, job: Any, now: int) -> waiting.Outlook:
        looked.append(job.id)
        return waiting.outlook(reader, job, now)

    monkeypatch.setattr(endings, "outlook", noted)
    story.engine.end(first)
    await story.settle()
    assert set(looked) == {steps[0]}
    assert story.engine.running() == [(steps[0], 1, 0)]


async def test_a_chain_has_so_many_parts_and_no_more(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chains, "MOST_STEPS", 3)
    first = await step(story)
    made = [await step(story, first) for _ in range(3)]
    assert [story.state(job) for job in made] == ["QUEUED", "QUEUED", "FAILED"]
    assert "more than 3" in story.why(made[2])
