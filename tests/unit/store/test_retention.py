"""store/retention.py: jobs that ended long ago go, with everything that belongs to them, in portions."""

import pytest

from headgate.core.errors import NotFound
from headgate.core.model import Foreign, Intent, Job, JobDependency, JobSpec
from headgate.core.states import FINAL_JOB_STATES, JobState, TaskState
from headgate.ports.store import JobQuery, Transaction
from headgate.store import retention
from headgate.store.tables import metadata
from tests.unit.store.worlds import World

OF_NO_JOB = {"counters", "meta", "counts", "job_endings"}


def rows(world: World) -> dict[str, int]:
    """How many rows each table has, where it has any."""
    connection = world.store._writer._session.connection
    counted = {
        name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in metadata.tables
    }
    return {name: n for name, n in counted.items() if n and name not in OF_NO_JOB}


def filled(world: World, instances: int = 3) -> Job:
    """A job with rows in every table."""
    job = world.write(
        lambda tx: tx.add_job(
            Job(owner="ann", spec=JobSpec(depends_on=(JobDependency(1),), node_groups=("g",)))
        )
    )
    world.task(job.id, 1)
    for number in range(1, instances + 1):
        world.instance(job.id, 1, number, TaskState.FINISHED)
    world.write(lambda tx: tx.put_output(job.id, 1, 1, b"out"))
    world.write(world.event(job.id, 1, 2))
    world.write(
        lambda tx: tx.add_intent(
            Intent(job_id=job.id, task=1, instances=(1,), lane=1, shares=(), engine="local")
        )
    )
    return job


def test_only_what_ended_before_goes_the_oldest_first(world: World) -> None:
    for state in sorted(FINAL_JOB_STATES):
        world.clock.time += 10
        world.end(world.add().id, state)
    world.put(world.add().id, state=JobState.RUNNING)
    now = world.clock.time
    assert world.write(lambda tx: tx.remove_ended(before=now - 20, limit=9)) == 0
    assert world.write(lambda tx: tx.remove_ended(before=now + 1, limit=2)) == 2
    assert [job.id for job in world.look(lambda look: look.jobs(range(9)))] == [3, 4]
    assert world.write(lambda tx: tx.remove_ended(before=now + 1, limit=2)) == 1
    assert world.write(lambda tx: tx.remove_ended(before=now + 1, limit=2)) == 0
    assert world.look(lambda look: look.count_jobs()) == {JobState.RUNNING: 1}


def test_a_job_that_runs_again_stays(world: World) -> None:
    world.end(world.add().id)
    world.put(1, state=JobState.QUEUED)
    assert world.write(lambda tx: tx.remove_ended(before=world.clock.time + 1, limit=9)) == 0


def test_nothing_of_a_removed_job_is_left(world: World) -> None:
    filled(world)
    assert len(rows(world)) >= 8
    world.end(1)
    assert world.write(lambda tx: tx.remove_ended(before=world.clock.time + 1, limit=9)) == 1
    assert rows(world) == {}
    assert world.look(lambda look: look.list_jobs(JobQuery(), limit=5, offset=0, count=True)).total == 0


def test_a_large_job_goes_at_once_and_its_rows_in_portions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PORTION", 10)
    for _ in range(2):
        world.end(filled(world, instances=25).id)
    before = world.clock.time + 1
    calls = 0
    while world.write(lambda tx: tx.remove_ended(before=before, limit=2)) == 2:
        calls += 1
        with pytest.raises(NotFound):
            world.look(lambda look: look.job(1))
        assert calls < 20
    assert calls >= 5
    assert rows(world) == {}


def test_a_removal_that_is_undone_leaves_all(world: World) -> None:
    filled(world)
    world.end(1)
    held = rows(world)

    def undone(tx: object) -> None:
        tx.remove_ended(before=world.clock.time + 1, limit=1)  # type: ignore[attr-defined]  # a Transaction
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        world.write(undone)
    assert rows(world) == held
    assert world.look(lambda look: look.count_jobs()) == {JobState.FINISHED: 1}


def test_jobs_of_others_can_be_removed_whether_they_ended_or_not(world: World) -> None:
    ours = world.add().id
    before = rows(world)
    told = Foreign(cluster="c", native="7", account="ann", submitted=1)
    for state in (JobState.RUNNING, JobState.FINISHED, JobState.QUEUED):
        world.put(filled(world).id, foreign=told, state=state)
    assert world.write(lambda tx: tx.remove_foreign(limit=2)) == 2
    assert world.write(lambda tx: tx.remove_foreign(limit=2)) == 1
    assert rows(world) == before
    assert world.look(lambda look: look.job(ours)).id == ours


def test_a_job_that_is_being_made_is_left_alone_and_cleared_away_if_it_never_comes(world: World) -> None:
    """Its tasks are kept before it: nobody has a way to them yet."""
    number = world.write(lambda tx: tx.reserve_job())
    world.task(number, 1)
    assert world.write(lambda tx: tx.remove_ended(before=0, limit=9)) == 0
    assert len(world.look(lambda look: look.tasks(number))) == 1
    with pytest.raises(NotFound):
        world.look(lambda look: look.job(number))
    world.write(lambda tx: tx.end_reservation(number))
    world.write(lambda tx: tx.remove_ended(before=0, limit=9))
    assert not rows(world)


def test_a_job_that_was_made_is_there_with_its_tasks_and_stays(world: World) -> None:
    number = world.write(lambda tx: tx.reserve_job())
    world.task(number, 1)

    def keep(tx: Transaction) -> int:
        tx.add_reserved(Job(id=number, owner="ann"))
        return len(tx.tasks(number))

    assert world.write(keep) == 1
    world.write(lambda tx: tx.end_reservation(number))
    world.write(lambda tx: tx.remove_ended(before=0, limit=9))
    assert world.look(lambda look: (look.job(number).owner, len(look.tasks(number)))) == ("ann", 1)
    assert world.look(lambda look: look.count_ready(number)) == 0
