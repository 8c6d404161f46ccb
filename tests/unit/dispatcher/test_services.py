"""Service tasks: as many instances as fit, until concluded or the job ends."""

from headgate.core.soa import TICKET, Tickets
from headgate.core.vocabulary import TaskType
from tests.unit.dispatcher.engine import node
from tests.unit.dispatcher.story import ALICE, Story, basic, typed

SERVICE = typed(TaskType.SERVICE, "wait")


async def test_a_service_takes_the_cores_there_are(story: Story) -> None:
    job = await story.job(SERVICE)
    await story.settle()
    assert story.engine.running() == [(job, 1, number) for number in (1, 2, 3, 4)]
    assert (story.state(job), story.states(job)) == ("RUNNING", ["RUNNING"])


async def test_a_service_keeps_to_its_maximum(story: Story) -> None:
    job = await story.job(SERVICE, auto_calculate_max=False, auto_calculate_min=False, max_cores=2)
    await story.settle()
    assert len(story.engine.running()) == 2
    assert story.engine.count(job) == 2


async def test_an_instance_that_ended_is_followed_by_another(story: Story) -> None:
    job = await story.job(SERVICE)
    await story.advance(5)
    story.engine.end(job, 1, 2)
    await story.settle()
    assert [who[2] for who in story.engine.running()] == [1, 3, 4, 5]


async def test_instances_that_end_at_once_are_not_started_without_end(story: Story) -> None:
    job = await story.job(typed(TaskType.SERVICE, "true"))
    for _ in range(100):
        await story.step()
    begun = story.engine.count(job)
    assert begun <= 8
    for _ in range(10):
        await story.advance(1.1)
    assert begun < story.engine.count(job) <= begun + 44
    await story.jobs.cancel(ALICE, job)
    await story.settle()


async def test_a_service_that_is_finished_starts_no_more_and_ends_the_job_finished(story: Story) -> None:
    job = await story.job(SERVICE)
    await story.advance(5)
    story.engine.end(job, 1, 2, exit_code=1)
    await story.settle()
    await story.tasks.finish(ALICE, job, 1, message="thanks")
    await story.settle()
    assert (story.state(job), story.states(job)) == ("FINISHED", ["FINISHED"])
    assert story.engine.running() == []


async def test_a_service_ends_with_its_job(story: Story) -> None:
    job = await story.job(SERVICE)
    await story.settle()
    await story.jobs.cancel(ALICE, job)
    await story.settle()
    assert (story.state(job), story.states(job)) == ("CANCELED", ["CANCELED"])
    assert story.the_task(job).failed == 4


async def test_a_service_leaves_room_to_a_more_urgent_job(story: Story) -> None:
    service = await story.job(SERVICE)
    await story.advance(5)
    urgent = await story.job(basic("wait", min_cores=2, max_cores=2), priority=4000)
    await story.settle()
    story.engine.end(service, 1, 1)
    await story.settle()
    story.engine.end(service, 1, 2)
    await story.settle()
    assert (urgent, 1, 0) in story.engine.running()


async def test_a_service_takes_no_other_work_task_beside_it(story: Story) -> None:
    job = await story.job(SERVICE, basic())
    assert story.state(job) == "FAILED"


async def test_a_host_of_a_session_finds_a_ticket_that_is_its_own_and_stays_the_same() -> None:
    """In a file, so that nobody else reads it; the same when the submission is built again after a crash."""
    story = Story(node("n1", cores=2))
    tickets = Tickets(key=b"key", url="http://here")
    story.dispatcher._site.tickets = tickets
    await story.begin()
    job = await story.job(SERVICE, service_name="S", auto_calculate_max=False, max_cores=1)
    other = await story.job(SERVICE, auto_calculate_max=False, max_cores=1)
    await story.settle()
    found = {run.who[:1] + run.who[2:]: dict(run.launch.files) for run in story.engine.runs.values()}
    (intent,) = story.store.peek(lambda look: look.intents(job_id=job))[:1]
    assert found[job, 1] == {TICKET: tickets.file(job, 1, intent.id)}
    assert all(not files for (number, _), files in found.items() if number == other)
    story.store.shut()
