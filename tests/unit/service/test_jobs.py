"""Whole jobs: making, changing, submitting, looking."""

import pytest

from headgate.core.errors import BadProperty, BadRequest, NotFound, Refusal, WrongState
from headgate.core.model import Chunk, JobSpec, TaskSpec
from headgate.core.properties import JOB
from headgate.core.vocabulary import NodeState
from headgate.ports.store import JobQuery
from headgate.service.jobs import NewJob, NewTask
from tests.unit.dispatcher.story import ADMIN, ALICE, BOB, Story, basic


async def offline(story: Story) -> None:
    """Nothing starts."""
    await story.nodes.set_state(ADMIN, "n1", NodeState.OFFLINE)


async def test_a_new_job_is_being_configured_and_belongs_to_who_made_it(story: Story) -> None:
    first = await story.jobs.create(ALICE, {JOB["Name"]: "mine", JOB["Priority"]: 4})
    second = await story.jobs.create(BOB, {})
    assert (first, second) == (1, 2)
    job = story.the_job(first)
    assert (job.owner, job.spec.name, job.spec.priority, job.state.name) == (
        "alice",
        "mine",
        4000,
        "CONFIGURING",
    )
    assert job.times.submitted is job.times.started is job.times.ended is None


async def test_an_unknown_template_is_refused_wherever_it_is_named(story: Story) -> None:
    with pytest.raises(NotFound) as refused:
        await story.jobs.create(ALICE, {JOB["JobTemplate"]: "Nope"})
    assert (refused.value.kind, refused.value.code) == ("template", "Operation_ProfileNotFound")
    job = await story.jobs.create(ALICE, {JOB["JobTemplate"]: "default"})
    with pytest.raises(NotFound):
        await story.jobs.set(ALICE, job, {JOB["JobTemplate"]: "Nope"})
    with pytest.raises(NotFound):
        await story.job(basic(), template="Nope")


@pytest.mark.parametrize("job", [0, -1, 99, 2**70])
async def test_a_job_that_does_not_exist_is_not_found(story: Story, job: int) -> None:
    with pytest.raises(NotFound) as refused:
        story.jobs.get(ALICE, job)
    assert (refused.value.kind, refused.value.code) == ("job", "Operation_InvalidJobId")
    for call in (
        story.jobs.cancel(ALICE, job),
        story.jobs.finish(ALICE, job),
        story.jobs.requeue(ALICE, job),
        story.jobs.submit(ALICE, job),
        story.jobs.set(ALICE, job, {}),
        story.tasks.cancel(ALICE, job, 1),
    ):
        with pytest.raises(NotFound):
            await call


async def test_a_change_is_made_whole_or_not_at_all(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.settle()
    with pytest.raises(WrongState):
        await story.jobs.set(ALICE, job, {JOB["Name"]: "new", JOB["IsExclusive"]: True})
    assert story.the_job(job).spec.name == ""
    with pytest.raises(BadProperty):
        await story.jobs.set(ALICE, job, {JOB["Name"]: "new", JOB["Id"]: 7})
    assert story.the_job(job).spec.name == ""
    await story.jobs.set(ALICE, job, {JOB["Name"]: "new", JOB["Progress"]: 50})
    assert (story.the_job(job).spec.name, story.the_job(job).progress) == ("new", 50)


async def test_the_name_of_an_ended_job_stays_but_its_progress_message_may_change(story: Story) -> None:
    job = await story.job(basic(), name="old")
    await story.settle()
    with pytest.raises(WrongState):
        await story.jobs.set(ALICE, job, {JOB["Name"]: "new"})
    await story.jobs.set(ALICE, job, {JOB["ProgressMessage"]: "done"})
    assert (story.the_job(job).spec.name, story.the_job(job).progress_message) == ("old", "done")


async def test_submitting_names_the_owner_as_who_it_runs_as(story: Story) -> None:
    await offline(story)
    job = await story.job(basic(), submitted=False)
    assert story.the_job(job).spec.run_as == ""
    await story.jobs.submit(ADMIN, job)
    assert (story.the_job(job).spec.run_as, story.the_job(job).times.submitted) == (
        "alice",
        story.the_job(job).times.changed,
    )


async def test_a_job_is_submitted_once(story: Story) -> None:
    job = await story.job(basic())
    with pytest.raises(WrongState) as refused:
        await story.jobs.submit(ALICE, job)
    assert refused.value.code == "Operation_OnlyConfigJobsCanBeSubmitted"


async def test_properties_given_with_the_submit_count_and_bad_ones_leave_the_job_as_it_was(
    story: Story,
) -> None:
    await offline(story)
    job = await story.job(basic(), submitted=False)
    with pytest.raises(Refusal):
        await story.jobs.submit(ALICE, job, {JOB["Name"]: "new", JOB["Id"]: 3})
    assert (story.state(job), story.the_job(job).spec.name) == ("CONFIGURING", "")
    await story.jobs.submit(ALICE, job, {JOB["Name"]: "new"})
    assert (story.state(job), story.the_job(job).spec.name) == ("QUEUED", "new")


async def test_submitting_a_job_that_is_not_valid_succeeds_and_the_job_fails_with_the_reason(
    story: Story,
) -> None:
    job = await story.job(basic(" "), basic(), submitted=False)
    await story.jobs.submit(ALICE, job)
    assert (story.state(job), story.states(job)) == ("FAILED", ["FAILED", "FAILED"])
    assert "command line" in story.why(job)
    assert story.path(job) == ["CONFIGURING", "SUBMITTED", "VALIDATING", "FAILED"]
    assert story.the_job(job).times.ended is not None


async def test_a_queued_job_is_not_changed_into_one_that_is_not_valid(story: Story) -> None:
    await offline(story)
    job = await story.job(basic())
    with pytest.raises(BadRequest) as refused:
        await story.jobs.set(ALICE, job, {JOB["RequestedNodes"]: ("n9",)})
    assert refused.value.code == "Validation_NodeNotExist"
    assert story.the_job(job).spec.requested_nodes == ()
    await story.jobs.set(ALICE, job, {JOB["RequestedNodes"]: ("n1",)})
    assert story.the_job(job).spec.requested_nodes == ("n1",)


async def test_a_shorter_or_longer_run_time_of_a_running_job_counts(story: Story) -> None:
    shorter, longer, later = [await story.job(basic("wait"), runtime_s=100) for _ in range(3)]
    endless = await story.job(basic("wait"))
    await story.settle()
    await story.jobs.set(ALICE, shorter, {JOB["RuntimeSeconds"]: 10})
    await story.jobs.set(ALICE, endless, {JOB["RuntimeSeconds"]: 50})
    await story.jobs.set(ALICE, longer, {JOB["RuntimeSeconds"]: 103})
    await story.advance(11)
    assert [story.state(job) for job in (shorter, endless, longer)] == ["CANCELED", "RUNNING", "RUNNING"]
    await story.advance(40)
    assert story.state(endless) == "CANCELED"
    await story.advance(50)
    assert [story.state(job) for job in (later, longer)] == ["CANCELED", "RUNNING"]
    await story.advance(3)
    assert story.state(longer) == "CANCELED"


async def test_a_job_that_no_longer_runs_until_cancelled_ends_when_its_tasks_have(story: Story) -> None:
    job = await story.job(
        basic(), run_until_canceled=True, auto_calculate_min=False, auto_calculate_max=False
    )
    await story.settle()
    await story.jobs.set(ALICE, job, {JOB["RunUntilCanceled"]: False})
    await story.settle()
    assert story.state(job) == "FINISHED"


async def test_children_are_found_by_their_parent(story: Story) -> None:
    parent = await story.job(basic("wait"))
    job = await story.jobs.create(ALICE, {JOB["ParentJobIds"]: (parent,)})
    assert story.jobs.get(BOB, parent).children == (job,)


async def test_variables_are_merged_until_the_job_runs(story: Story) -> None:
    job = await story.job(basic("wait"), environment={"A": "1", "B": "2"}, submitted=False)
    await story.jobs.set_environment(ALICE, job, {"A": "", "C": "3"})
    await story.jobs.submit(ALICE, job)
    await story.jobs.set_environment(ALICE, job, {"D": "4"})
    assert story.jobs.environment(ALICE, job) == {"B": "2", "C": "3", "D": "4"}
    assert story.tasks.environment(ALICE, job, 1) == {}
    await story.settle()
    told = dict(story.engine.launches[-1].launch.environment)
    assert {name: told[name] for name in "BCD"} == {"B": "2", "C": "3", "D": "4"}
    with pytest.raises(WrongState):
        await story.jobs.set_environment(ALICE, job, {"E": "5"})
    with pytest.raises(WrongState):
        await story.tasks.set_environment(ALICE, job, 1, {"E": "5"})


async def test_custom_properties_are_merged_and_never_enter_the_environment(story: Story) -> None:
    job = await story.job(basic("wait"))
    await story.jobs.set_custom_properties(ALICE, job, {"ticket": "42", "empty": ""})
    await story.jobs.set_custom_properties(ALICE, job, {"ticket": None, "other": "x"})
    assert story.jobs.custom_properties(ALICE, job) == {"empty": "", "other": "x"}
    await story.settle()
    assert "other" not in dict(story.engine.launches[-1].launch.environment)
    await story.jobs.set_custom_properties(ALICE, job, {"while": "running"})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"": "x"}, "Operation_PropertyNameCannotBeEmpty"),
        ({" ": "x"}, "Operation_PropertyNameCannotBeEmpty"),
        ({"n" * 81: "x"}, "Operation_CustomPropertyNameTooLong"),
        ({"n": "x" * 1025}, "Operation_CustomPropertyValueTooLong"),
        ({f"n{number}": "" for number in range(1001)}, "Operation_InvalidCustomProperties"),
    ],
)
async def test_custom_properties_have_limits(story: Story, changes: dict[str, str], code: str) -> None:
    job = await story.job(basic(), submitted=False)
    with pytest.raises(BadRequest) as refused:
        await story.jobs.set_custom_properties(ALICE, job, changes)
    assert refused.value.code == code
    await story.jobs.set_custom_properties(ALICE, job, {"n" * 80: "x" * 1024})


async def test_a_list_has_everybodys_jobs(story: Story) -> None:
    mine, theirs = await story.job(basic()), await story.job(basic(), owner=BOB)
    page = await story.jobs.list(ALICE, JobQuery(), limit=10, count=True)
    assert ([job.id for job in page.jobs], page.total) == ([mine, theirs], 2)
    assert [story.jobs.may_see_all(ALICE, job) for job in page.jobs] == [True, False]


async def test_old_ended_jobs_are_forgotten_and_others_are_not(story: Story) -> None:
    old, running = await story.job(basic()), await story.job(basic("wait"))
    await story.advance(4 * 86400)
    young = await story.job(basic())
    await story.advance(86400 + 60)
    with pytest.raises(NotFound):
        story.the_job(old)
    assert (story.state(running), story.state(young)) == ("RUNNING", "FINISHED")
    assert await story.job(basic()) == young + 1


async def test_warnings_follow_the_properties_and_those_of_the_document_stay(story: Story) -> None:
    new = NewJob(changes={JOB["Pool"]: "p"}, tasks=[NewTask(spec=basic())], warnings=("line 1: no.",))
    job = (await story.jobs.create_whole(ALICE, new, submitted=False)).id
    pool, said = story.the_job(job).warnings
    assert (pool.split()[0], said) == ("Pool", "line 1: no.")
    await story.jobs.set(ALICE, job, {JOB["Pool"]: "Default", JOB["NotifyOnStart"]: True})
    notify, said = story.the_job(job).warnings
    assert (notify.split()[0], said) == ("NotifyOnStart", "line 1: no.")
    await story.jobs.submit(ALICE, job, {JOB["NotifyOnStart"]: False, JOB["SoftwareLicense"]: ("a:1",)})
    assert [text.split()[0] for text in story.the_job(job).warnings] == ["SoftwareLicense", "line"]


async def test_a_new_job_is_warned_at_once(story: Story) -> None:
    job = await story.jobs.create(ALICE, {JOB["Preemptable"]: True})
    assert story.the_job(job).warnings == (
        "Preemptable has no effect: no job is ever stopped for another one.",
    )


async def test_how_many_cores_a_task_needs_follows_from_its_chunks(story: Story) -> None:
    new = NewJob(
        spec=JobSpec(), tasks=[NewTask(spec=TaskSpec(script=b"true", chunks=(Chunk(count=2, cores=3),)))]
    )
    job = (await story.jobs.create_whole(ALICE, new, submitted=False)).id
    assert story.the_task(job, 1).spec.min_cores == 6


async def test_a_job_that_is_not_valid_is_kept_as_failed_or_not_at_all(story: Story) -> None:
    new = NewJob(
        spec=JobSpec(min_cores=999, max_cores=999, auto_calculate_min=False), tasks=[NewTask(spec=basic())]
    )
    kept = (await story.jobs.create_whole(ALICE, new)).id
    assert story.state(kept) == "FAILED"
    with pytest.raises(BadRequest) as refused:
        await story.jobs.create_whole(ALICE, new, valid_only=True)
    mishap = story.the_job(kept).mishap
    assert mishap is not None
    assert refused.value.code == mishap.code
    with pytest.raises(NotFound):
        story.the_job(kept + 1)
