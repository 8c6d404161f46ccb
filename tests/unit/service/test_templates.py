"""Job templates in the life of jobs, and in the hands of administrators."""

import pytest

from headgate.core.errors import BadProperty, BadRequest, NotFound, NotPermitted, WrongState
from headgate.core.model import Template, TemplateItem
from headgate.core.properties import JOB
from headgate.service.jobs import NewJob, NewTask
from headgate.service.templates import Templates
from tests.unit.dispatcher.story import ADMIN, ALICE, BOB, JOBADMIN, Story, basic

NIGHT = Template(
    name="Night",
    items={
        "Priority": TemplateItem(default="1000", high=2000),
        "RuntimeSeconds": TemplateItem(default="60", high=600),
        "Project": TemplateItem(required=True),
    },
    environment={"SHIFT": "night", "MINE": "template"},
)
TEMPLATE, PRIORITY, RUNTIME = JOB["JobTemplate"], JOB["ExpandedPriority"], JOB["RuntimeSeconds"]


@pytest.fixture
async def templates(story: Story) -> Templates:
    """With the template Night."""
    found = Templates(story.store)
    await found.put(ADMIN, [NIGHT])
    return found


async def test_a_new_job_gets_the_defaults_of_its_template(story: Story, templates: Templates) -> None:
    job = await story.jobs.create(ALICE, {TEMPLATE: "night"})
    spec = story.the_job(job).spec
    assert (spec.priority, spec.runtime_s) == (1000, 60)
    job = await story.jobs.create(ALICE, {})
    assert story.the_job(job).spec.priority == 2000, "other templates are none of its business"


async def test_a_template_without_a_name_is_the_default_one(story: Story, templates: Templates) -> None:
    job = await story.jobs.create(ALICE, {TEMPLATE: ""})
    assert story.the_job(job).spec.template == "Default"
    await story.jobs.set(ALICE, job, {TEMPLATE: "Night"})
    await story.jobs.set(ALICE, job, {TEMPLATE: ""})
    assert story.the_job(job).spec.template == "Default"


async def test_a_job_made_whole_goes_the_same_way(story: Story, templates: Templates) -> None:
    new = NewJob(changes={TEMPLATE: "Night", RUNTIME: 61}, tasks=[NewTask(spec=basic("true"))])
    job = (await story.jobs.create_whole(ALICE, new, submitted=False)).id
    assert (story.the_job(job).spec.priority, story.the_job(job).spec.runtime_s) == (1000, 61)
    with pytest.raises(BadProperty, match="Project is not set"):
        await story.jobs.create_whole(ALICE, new)
    with pytest.raises(NotFound):
        story.jobs.get(ALICE, job + 1)


async def test_a_value_outside_the_template_is_refused_when_it_is_said(
    story: Story, templates: Templates
) -> None:
    with pytest.raises(BadProperty) as refused:
        await story.jobs.create(ALICE, {TEMPLATE: "Night", PRIORITY: 2001})
    assert refused.value.code == "Operation_JobTemplateValueTooLarge"
    job = await story.jobs.create(ALICE, {TEMPLATE: "Night"})
    for changes in ({PRIORITY: 2001}, {RUNTIME: 0}, {JOB["Priority"]: 4}):
        with pytest.raises(BadProperty):
            await story.jobs.set(ALICE, job, changes)
        with pytest.raises(BadProperty):
            await story.jobs.submit(ALICE, job, {**changes, JOB["Project"]: "p"})
    kept = story.the_job(job)
    assert (kept.spec.priority, kept.spec.runtime_s, kept.spec.project) == (1000, 60, "")
    assert kept.state.name == "CONFIGURING"


async def test_what_is_required_is_asked_for_at_the_submission(story: Story, templates: Templates) -> None:
    job = await story.jobs.create(ALICE, {TEMPLATE: "Night"})
    with pytest.raises(BadProperty) as refused:
        await story.jobs.submit(ALICE, job)
    assert refused.value.code == "Validation_RequiredPropertyNotSet"
    await story.jobs.submit(ALICE, job, {JOB["Project"]: "p"})
    assert story.the_job(job).times.submitted is not None


async def test_a_template_that_was_tightened_meanwhile_counts_at_the_submission(
    story: Story, templates: Templates
) -> None:
    job = await story.jobs.create(ALICE, {RUNTIME: 500})
    await templates.put(
        ADMIN, [Template(name="Default", items={"RuntimeSeconds": TemplateItem(default="9", high=10)})]
    )
    with pytest.raises(BadProperty):
        await story.jobs.submit(ALICE, job)
    await story.jobs.set(ALICE, job, {JOB["Name"]: "n"})
    await story.jobs.set(ALICE, job, {RUNTIME: None})
    assert story.the_job(job).spec.runtime_s == 9


async def test_another_template_brings_its_own_defaults(story: Story, templates: Templates) -> None:
    job = await story.jobs.create(ALICE, {RUNTIME: 30})
    await story.jobs.set(ALICE, job, {TEMPLATE: "Night"})
    spec = story.the_job(job).spec
    assert (spec.template, spec.priority, spec.runtime_s) == ("Night", 1000, 30)
    await story.jobs.set(ALICE, job, {TEMPLATE: None})
    assert (story.the_job(job).spec.template, story.the_job(job).spec.priority) == ("Default", 2000)
    await story.jobs.set(ALICE, job, {RUNTIME: 601})
    with pytest.raises(BadProperty, match="RuntimeSeconds 601"):
        await story.jobs.set(ALICE, job, {TEMPLATE: "Night"})


async def test_a_task_gets_the_variables_of_its_jobs_template(story: Story, templates: Templates) -> None:
    """Its job's own win, and reading those shows no others."""
    await story.job(basic("wait"), template="Night", project="p", runtime_s=60, environment={"MINE": "job"})
    await story.settle()
    launch = story.engine.submitted[0].items[0].launch
    found = dict(launch.environment)
    assert (found["SHIFT"], found["MINE"], found["CCP_JOBTEMPLATE"]) == ("night", "job", "Night")
    assert story.jobs.environment(ALICE, 1) == {"MINE": "job"}


async def test_a_template_may_be_for_some_alone(story: Story, templates: Templates) -> None:
    await templates.put(ADMIN, [Template(name="Night", users=("ALICE",))])
    await story.jobs.create(ALICE, {TEMPLATE: "Night"})
    await story.jobs.create(JOBADMIN, {TEMPLATE: "Night"})
    with pytest.raises(NotPermitted) as refused:
        await story.jobs.create(BOB, {TEMPLATE: "Night"})
    assert refused.value.code == "Operation_NoPermissionToUseProfile"
    assert (templates.names(ALICE), templates.names(BOB)) == (["Default", "Night"], ["Default"])


async def test_default_can_be_changed_but_not_removed(story: Story, templates: Templates) -> None:
    assert templates.get(None, "default").items == {}
    await templates.put(None, [Template(name="DEFAULT", items={"Project": TemplateItem(default="p")})])
    assert templates.names(ALICE) == ["Default", "Night"]
    with pytest.raises(BadRequest) as refused:
        await templates.remove(None, "default")
    assert refused.value.code == "Operation_NotAllowedToDeleteDefaultProfile"


async def test_a_template_in_use_stays_unless_it_is_forced(story: Story, templates: Templates) -> None:
    job = await story.jobs.create(ALICE, {TEMPLATE: "night"})
    with pytest.raises(WrongState, match=r"used by 1 jobs .* not ended: 1\."):
        await templates.remove(None, "Night")
    await templates.remove(None, "Night", force=True)
    with pytest.raises(NotFound):
        await story.jobs.submit(ALICE, job)
    await story.jobs.set(ALICE, job, {JOB["Progress"]: 5, RUNTIME: 999})
    await story.jobs.set(ALICE, job, {TEMPLATE: "Default"})
    await templates.put(None, [NIGHT])
    await templates.remove(None, "NIGHT")
    with pytest.raises(NotFound):
        await templates.remove(None, "Night")


async def test_a_job_that_ended_does_not_hold_its_template(story: Story, templates: Templates) -> None:
    job = await story.jobs.create(ALICE, {TEMPLATE: "night"})
    await story.jobs.cancel(ALICE, job)
    await templates.remove(None, "Night")
    with pytest.raises(NotFound):
        templates.get(None, "Night")


async def test_only_administrators_manage_templates(story: Story, templates: Templates) -> None:
    with pytest.raises(NotPermitted):
        await templates.put(JOBADMIN, [NIGHT])
    with pytest.raises(NotPermitted):
        await templates.remove(ALICE, "Night")
    with pytest.raises(NotPermitted):
        templates.list(BOB)


async def test_one_bad_template_keeps_the_others_out(story: Story, templates: Templates) -> None:
    with pytest.raises(BadRequest):
        await templates.put(None, [Template(name="Good"), Template(name="")])
    assert "Good" not in templates.names(ADMIN)
