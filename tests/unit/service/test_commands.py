"""Commands: what runs once on each of some nodes, and what it prints."""

import pytest

from headgate.core.errors import BadRequest, NotFound, NotPermitted, WrongState
from headgate.core.vocabulary import JobType
from headgate.ports.engine import OutputSeen
from headgate.service.commands import Commands, Printed
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ADMIN, ALICE, JOBADMIN, OPERATOR, Story, basic


async def two_nodes() -> Story:
    story = Story(node("n1", cores=2), node("n2", cores=2))
    await story.begin()
    return story


async def test_a_command_is_an_admin_job_with_a_task_bound_to_each_node() -> None:
    story = await two_nodes()
    job = await Commands(story.store, story.jobs).create(ADMIN, " hostname ", ["N2", "n1", "n2"])
    assert story.the_job(job).spec.job_type is JobType.ADMIN
    assert (story.the_job(job).owner, story.state(job)) == ("root", "CONFIGURING")
    tasks = story.store.peek(lambda reader: reader.tasks(job))
    assert [(task.spec.name, task.spec.required_nodes) for task in tasks] == [
        ("n2", ("n2",)),
        ("n1", ("n1",)),
    ]
    assert not any(task.spec.rerunnable for task in tasks)
    await Commands(story.store, story.jobs).start(ADMIN, job)
    await story.settle()
    assert story.state(job) == "FINISHED"
    shares = [task.run.shares[0].node for task in story.store.peek(lambda reader: reader.tasks(job))]
    assert shares == ["n2", "n1"]
    story.store.shut()


@pytest.mark.parametrize("caller", [ALICE, OPERATOR, JOBADMIN])
async def test_commands_are_for_administrators(story: Story, caller: object) -> None:
    commands = Commands(story.store, story.jobs)
    with pytest.raises(NotPermitted):
        await commands.create(caller, "true", ["n1"])  # type: ignore[arg-type]  # parametrized
    assert story.events() == []


async def test_what_cannot_be_a_command_is_refused_and_makes_no_job(story: Story) -> None:
    commands = Commands(story.store, story.jobs)
    with pytest.raises(NotFound) as refused:
        await commands.create(ADMIN, "true", ["n1", "nowhere"])
    assert refused.value.kind == "node"
    for line, nodes in (("true", []), ("  ", ["n1"]), ("true", ["n1"] * 1001)):
        with pytest.raises(BadRequest):
            await commands.create(ADMIN, line, nodes)
    with pytest.raises(NotFound):
        story.the_job(1)


async def test_another_job_is_no_command(story: Story) -> None:
    commands = Commands(story.store, story.jobs)
    job = await story.job(basic(), owner=ADMIN, submitted=False)
    for ask in (commands.start, commands.cancel):
        with pytest.raises(NotFound, match="not a command"):
            await ask(ADMIN, job)
    with pytest.raises(NotFound, match="not a command"):
        await commands.printed(ADMIN, job, {})


async def test_somebody_elses_command_is_not_read(story: Story) -> None:
    commands = Commands(story.store, story.jobs)
    job = await commands.create(ADMIN, "true", ["n1"])
    for ask in (commands.start, commands.cancel):
        with pytest.raises(NotPermitted):
            await ask(ALICE, job)
    with pytest.raises(NotPermitted):
        await commands.printed(ALICE, job, {})


async def test_what_it_prints_is_read_on_from_where_one_was(story: Story) -> None:
    commands = Commands(story.store, story.jobs)
    job = await commands.create(ADMIN, "wait", ["n1"])
    assert (await commands.printed(ADMIN, job, {})).printed == [Printed(1, "n1", b"", False)]
    await commands.start(ADMIN, job)
    await story.settle()
    run = story.engine.run_of(job)
    story.engine.report(OutputSeen(run.key.intent, 0, b"one\ntw"))
    await story.settle()
    progress = await commands.printed(ADMIN, job, {1: 4})
    assert (progress.running, progress.over) == (True, False)
    assert progress.printed == [Printed(1, "n1", b"tw", False)]
    story.engine.end(job, output=b"one\ntwo")
    await story.settle()
    progress = await commands.printed(ADMIN, job, {1: 4})
    assert (progress.running, progress.over) == (False, True)
    assert progress.printed == [Printed(1, "n1", b"two", True)]
    assert (await commands.printed(ADMIN, job, {1: None})).printed == []


async def test_a_cancelled_command_is_at_its_end(story: Story) -> None:
    commands = Commands(story.store, story.jobs)
    job = await commands.create(ADMIN, "true", ["n1"])
    await commands.cancel(ADMIN, job)
    await story.settle()
    progress = await commands.printed(ADMIN, job, {})
    assert progress.over
    assert progress.printed[0].ended
    with pytest.raises(WrongState):
        await commands.start(ADMIN, job)


async def test_why_a_command_was_never_started_is_said(story: Story) -> None:
    story.accounts.refused["root"] = "no such account"
    commands = Commands(story.store, story.jobs)
    job = await commands.create(ADMIN, "true", ["n1"])
    await commands.start(ADMIN, job)
    await story.settle()
    (printed,) = (await commands.printed(ADMIN, job, {})).printed
    assert printed.ended
    assert "no such account" in printed.fault
