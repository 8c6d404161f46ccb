"""store/bulk.py: many jobs at once are jobs like others."""

from headgate.core.model import Job, Task, Times
from headgate.core.states import JobState
from headgate.ports.store import JobQuery
from headgate.store.bulk import bulk_add
from tests.unit.store.worlds import World


def test_jobs_keep_what_they_are_and_ids_go_on_behind_them(world: World) -> None:
    made = [
        Job(id=number, owner="ann", state=JobState.FINISHED, times=Times(created=1, changed=number))
        for number in (5, 70_000)
    ]
    tasks = [Task(job_id=5, number=number) for number in range(1, 8)]
    assert world.runner.run(bulk_add(world.store, [*made, Job(owner="bob")], tasks, together=2)) == 3
    assert world.look(lambda look: look.jobs([5, 70_000])) == made
    assert len(world.look(lambda look: look.tasks(5))) == 7
    page = world.look(lambda look: look.list_jobs(JobQuery(sort="owner"), limit=1, offset=2, count=True))
    assert ([job.id for job in page.jobs], page.total) == ([70_001], 3)
    assert world.add().id == 70_002
