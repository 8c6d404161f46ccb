"""Tasks: adding, changing, looking."""

import pytest

from headgate.core.errors import BadRequest, NotFound, WrongState
from headgate.core.model import JobDependency
from headgate.core.properties import JOB, TASK, Property
from headgate.core.vocabulary import NodeState, TaskType
from headgate.ports.store import TaskQuery
from tests.unit.dispatcher.story import ADMIN, ALICE, BOB, UNTIL_CANCELED, Story, basic, sweep, typed

TRUE = {TASK["CommandLine"]: "true"}
WAIT = {TASK["CommandLine"]: "wait"}


async def test_tasks_are_numbered_within_their_job(story: Story) -> None:
    job, other = await story.job(submitted=False, name="x"), await story.job(submitted=False, name="y")
    assert [await story.tasks.add(ALICE, job, TRUE) for _ in range(2)] == [1, 2]
    assert await story.tasks.add(ALICE, other, TRUE) == 1
    system_ids = [story.the_task(*which).system_id for which in ((job, 1), (job, 2), (other, 1))]
    assert len(set(system_ids)) == 3


async def test_a_task_added_while_the_job_runs_is_submitted_at_once(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    number = await story.tasks.add(ALICE, job, WAIT)
    assert story.states(job) == ["RUNNING", "QUEUED"]
    await story.settle()
    assert story.engine.running() == [(job, 1, 0), (job, number, 0)]
    story.engine.end_all()
    await story.settle()
    assert (story.state(job), story.the_job(job).runs) == ("FINISHED", 2)


async def test_a_sweep_added_while_the_job_runs_is_expanded_at_once(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    changes = {**TRUE, TASK["Type"]: TaskType.PARAMETRIC_SWEEP, TASK["EndValue"]: 1_000_000}
    number = await story.tasks.add(ALICE, job, changes)
    assert story.the_task(job, number).instance_count == 1_000_000
    await story.jobs.cancel(ALICE, job, forced=True)
    await story.settle()


async def test_tasks_are_added_to_a_job_that_runs_until_it_is_cancelled(story: Story) -> None:
    job = await story.job(**UNTIL_CANCELED)
    assert story.state(job) == "RUNNING"
    for number in (1, 2):
        assert await story.tasks.add(ALICE, job, TRUE) == number
        await story.settle()
    assert (story.state(job), story.states(job)) == ("RUNNING", ["FINISHED", "FINISHED"])


async def test_an_added_task_waits_for_those_it_depends_on(story: Story) -> None:
    job = await story.job(basic("wait", name="a"), basic("wait", name="b"))
    await story.settle()
    story.engine.end(job, 1)
    await story.settle()
    changes = {**WAIT, TASK["Name"]: "c", TASK["DependsOn"]: ("a", "b")}
    number = await story.tasks.add(ALICE, job, changes)
    assert story.the_task(job, number).waits_for == (2,)
    story.engine.end(job, 2)
    await story.settle()
    assert story.states(job)[2] == "RUNNING"


async def test_an_added_task_that_depends_on_a_failed_one_fails_where_the_job_says_so(story: Story) -> None:
    job = await story.job(basic("exit 1", name="a"), basic("wait"), fail_dependent_tasks=True)
    await story.settle()
    await story.tasks.add(ALICE, job, {**TRUE, TASK["Name"]: "b", TASK["DependsOn"]: ("a",)})
    assert story.states(job) == ["FAILED", "RUNNING", "FAILED"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({TASK["CommandLine"]: " "}, "Validation_MissCommandLine"),
        ({**TRUE, TASK["MinCores"]: 9, TASK["MaxCores"]: 9}, "Validation_ClusterSizeLessThanMin"),
        ({**TRUE, TASK["Name"]: "x", TASK["DependsOn"]: ("nobody",)}, "Validation_InvalidDependsOn"),
        ({**TRUE, TASK["RequiredNodes"]: ("n9",)}, "Validation_NodeNotExist"),
    ],
)
async def test_an_added_task_that_is_not_valid_is_refused_and_leaves_nothing(
    story: Story, changes: dict[Property, object], code: str
) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    before = story.the_job(job)
    with pytest.raises(BadRequest) as refused:
        await story.tasks.add(ALICE, job, changes)
    assert refused.value.code == code
    assert (story.the_job(job), len(story.states(job))) == (before, 1)


@pytest.mark.parametrize("kind", [TaskType.NODE_PREP, TaskType.NODE_RELEASE, TaskType.SERVICE])
async def test_prep_release_and_service_tasks_come_before_the_submit(story: Story, kind: TaskType) -> None:
    job = await story.job(basic("wait"))
    with pytest.raises(WrongState) as refused:
        await story.tasks.add(ALICE, job, {**TRUE, TASK["Type"]: kind})
    assert refused.value.code == "Operation_TaskTypeAddedInWrongJobState"


async def test_nothing_is_added_to_a_service(story: Story) -> None:
    job = await story.job(typed(TaskType.NODE_PREP), typed(TaskType.SERVICE, "wait"))
    await story.settle()
    with pytest.raises(BadRequest) as refused:
        await story.tasks.add(ALICE, job, TRUE)
    assert refused.value.code == "Validation_ServiceTaskIsNotAlone"


async def test_nothing_is_added_to_an_ended_job(story: Story) -> None:
    job = await story.job(basic())
    await story.settle()
    with pytest.raises(WrongState) as refused:
        await story.tasks.add(ALICE, job, TRUE)
    assert refused.value.parameters == ("Finished",)


async def test_a_task_is_added_long_after_the_parent_job_was_forgotten(story: Story) -> None:
    parent = await story.job(basic())
    job = await story.job(basic("wait"), depends_on=(JobDependency(parent),))
    await story.advance(6 * 86400)
    with pytest.raises(NotFound):
        story.the_job(parent)
    assert await story.tasks.add(ALICE, job, TRUE) == 2


async def test_a_failed_parent_that_is_forgotten_does_not_let_its_child_go(story: Story) -> None:
    parent = await story.job(basic("exit 1"))
    job = await story.job(basic(), depends_on=(JobDependency(parent),))
    await story.advance(6 * 86400)
    await story.jobs.set_custom_properties(ALICE, job, {"a": "b"})
    await story.tasks.add(ALICE, job, TRUE)
    await story.jobs.set(ALICE, job, {JOB["Priority"]: 4})
    await story.advance(1)
    assert story.state(job) == "QUEUED"


async def test_a_task_is_changed_only_while_it_is_configured(story: Story) -> None:
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    job = await story.job(basic(), sweep(3), submitted=False)
    await story.tasks.set(ALICE, job, 1, {TASK["Name"]: "new"})
    assert story.the_task(job).spec.name == "new"
    with pytest.raises(NotFound):
        await story.tasks.set(ALICE, job, 2, {TASK["Name"]: "x"}, instance=1)
    await story.jobs.submit(ALICE, job)
    for instance in (None, 1):
        with pytest.raises(WrongState) as refused:
            await story.tasks.set(ALICE, job, 2, {TASK["Name"]: "x"}, instance=instance)
        assert refused.value.code == "Operation_TryToModifyInvalidStateTask"
        assert refused.value.parameters == ("Queued",)


async def test_a_task_that_becomes_a_sweep_while_configured_counts_as_one(story: Story) -> None:
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)
    job = await story.job(basic(), submitted=False)
    await story.tasks.set(ALICE, job, 1, {TASK["Type"]: TaskType.PARAMETRIC_SWEEP, TASK["EndValue"]: 5})
    await story.jobs.submit(ALICE, job)
    assert (story.the_job(job).runs, story.the_task(job).instance_count) == (5, 5)


@pytest.mark.parametrize("number", [0, 2, -1, 2**70])
async def test_a_task_that_does_not_exist_is_not_found(story: Story, number: int) -> None:
    job = await story.job(basic(), submitted=False)
    with pytest.raises(NotFound):
        await story.tasks.cancel(ALICE, job, number)
    with pytest.raises(NotFound):
        await story.tasks.finish(ALICE, job, number)
    with pytest.raises(NotFound):
        await story.tasks.set(ALICE, job, number, {})
    with pytest.raises(NotFound) as refused:
        story.tasks.get(ALICE, job, number)
    assert (refused.value.kind, refused.value.code) == ("task", "Operation_InvalidTaskId")


async def test_a_subtask_is_looked_at_before_it_has_a_row_and_not_before_it_exists(story: Story) -> None:
    job = await story.job(sweep(1_000_000, "wait"), submitted=False)
    with pytest.raises(NotFound, match="the specified subtask has not been expanded yet"):
        story.tasks.get(ALICE, job, 1, 1)
    await story.jobs.submit(ALICE, job)
    await story.settle()
    assert [story.instance_state(job, 1, number) for number in (4, 5, 1_000_000)] == [
        "RUNNING",
        "QUEUED",
        "QUEUED",
    ]
    for number in (1_000_001, -1, 2**70):
        with pytest.raises(NotFound):
            story.tasks.get(ALICE, job, 1, number)


async def test_a_list_has_a_row_for_each_subtask_or_one_for_the_sweep(story: Story) -> None:
    job = await story.job(sweep(3), basic())
    await story.settle()
    _, full, page = await story.tasks.list(ALICE, TaskQuery(job_id=job), limit=10, count=True)
    assert (full, len(page.rows), page.total) == (True, 4, 4)
    _, full, page = await story.tasks.list(BOB, TaskQuery(job_id=job, expand=False), limit=10)
    assert (full, len(page.rows)) == (False, 2)


async def test_variables_of_a_task_win_over_those_of_its_job(story: Story) -> None:
    job = await story.job(basic("wait"), environment={"A": "job", "B": "job"}, submitted=False)
    await story.tasks.set_environment(ALICE, job, 1, {"A": "task"})
    await story.jobs.submit(ALICE, job)
    await story.settle()
    told = dict(story.engine.launches[-1].launch.environment)
    assert (told["A"], told["B"]) == ("task", "job")


async def test_outputs_of_several_rows_are_read_together(story: Story) -> None:
    job = await story.job(sweep(2, "wait"))
    await story.settle()
    for number in (1, 2):
        story.engine.end(job, 1, number, output=b"%d" % number)
    await story.settle()
    assert await story.tasks.outputs([(job, 1, 2), (job, 1, 1), (job, 1, 9)]) == [b"2", b"1", b""]


async def test_the_tasks_of_a_job_hold_so_much_text_and_no_more(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headgate.core.sizes.MOST_BYTES", 10)
    job = await story.job(submitted=False, name="x")
    number = await story.tasks.add(ALICE, job, {TASK["CommandLine"]: "12345678"})
    with pytest.raises(BadRequest, match="13 bytes"):
        await story.tasks.add(ALICE, job, {TASK["CommandLine"]: "12345"})
    with pytest.raises(BadRequest, match="12 bytes"):
        await story.tasks.set(ALICE, job, number, {TASK["Name"]: "1234"})
    with pytest.raises(BadRequest, match="11 bytes"):
        await story.tasks.set_environment(ALICE, job, number, {"A": "12"})
    assert (story.the_job(job).task_count, story.the_task(job, number).spec.name) == (1, "")
    await story.tasks.set(ALICE, job, number, {TASK["CommandLine"]: "1"})
    assert await story.tasks.add(ALICE, job, {TASK["CommandLine"]: "123456789"}) == 2
    assert story.the_job(job).task_bytes == 10
