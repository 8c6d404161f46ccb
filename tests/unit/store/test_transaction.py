"""store/transaction.py: numbers, times, and changes that leave no trace when they raise."""

from collections.abc import Callable

import msgspec
import pytest

from headgate.core.errors import BadRequest, NotFound
from headgate.core.model import Event, Job, JobSpec, Task
from headgate.core.states import JobState
from headgate.ports.store import JobQuery, Transaction
from tests.unit.store.worlds import NOON, World


def test_times_are_those_of_the_commit(world: World) -> None:
    assert world.write(lambda tx: tx.now) == NOON
    world.clock.time += 5
    assert world.write(lambda tx: tx.now) == NOON + 5


def test_time_never_runs_backwards(world: World) -> None:
    world.add()
    world.clock.time -= 1_000_000
    job = world.add()
    assert job.times.created == NOON


def test_time_does_not_run_backwards_over_a_restart(on_disk: World) -> None:
    on_disk.clock.time = NOON + 9
    on_disk.add()
    on_disk.clock.time = NOON
    on_disk.reopen()
    assert on_disk.write(lambda tx: tx.now) == NOON + 9


def test_numbers_go_on_after_a_restart(on_disk: World) -> None:
    def take(tx: Transaction) -> tuple[int, int, int, int]:
        job = tx.add_job(Job())
        task = tx.add_task(Task(job_id=job.id, number=1))
        tx.append(Event(job.id, 0, 0, (1, 2)))
        return job.id, task.system_id, tx.last_event(), tx.next_epoch()

    first = on_disk.write(take)
    on_disk.reopen()
    assert first == (1, 1, 1, 1)
    assert on_disk.write(take) == (2, 2, 2, 2)
    assert on_disk.store.installation == "id-1"


def test_an_id_is_not_used_again_after_the_job_is_removed(world: World) -> None:
    world.add()
    world.end(1)
    assert world.write(lambda tx: tx.remove_ended(before=NOON + 1, limit=5)) == 1
    assert world.add().id == 2


def test_putting_what_is_not_there_is_not_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.write(lambda tx: tx.put_job(Job(id=5)))
    with pytest.raises(NotFound):
        world.write(lambda tx: tx.put_task(Task(job_id=5, number=1)))


def test_what_a_column_cannot_hold_is_a_bad_request(world: World) -> None:
    world.add()
    with pytest.raises(BadRequest):
        world.put(1, state=JobState.QUEUED, spec=JobSpec(not_before=2**63))
    with pytest.raises(BadRequest):
        world.write(lambda tx: tx.put_meta("x", "\ud800"))
    assert world.look(lambda look: look.job(1)).state is JobState.CONFIGURING


def test_a_change_that_raises_leaves_no_trace(world: World) -> None:
    world.add()

    def bad(tx: Transaction) -> None:
        tx.add_job(Job(owner="eve", spec=JobSpec(node_groups=("g",))))
        tx.put_job(msgspec.structs.replace(tx.job(1), state=JobState.FAILED))
        tx.append(Event(1, 0, 0, (1, 256)))
        tx.put_meta("k", "v")
        tx.next_epoch()
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        world.write(bad)
    assert world.look(lambda look: look.job(1)).state is JobState.CONFIGURING
    assert world.look(lambda look: (look.meta("k"), look.last_event(), look.events(after=0, limit=9))) == (
        None,
        0,
        [],
    )
    assert world.look(lambda look: look.count_jobs()) == {JobState.CONFIGURING: 1}
    assert world.look(lambda look: look.list_jobs(JobQuery(node_group="g"), limit=5)).jobs == []
    assert world.add().id == 2
    assert world.write(lambda tx: tx.next_epoch()) == 1


def test_neighbours_in_a_commit_are_not_hurt(world: World) -> None:
    world.add()

    def change(number: int) -> Callable[[Transaction], int]:
        def run(tx: Transaction) -> int:
            job = tx.job(1)
            tx.put_job(msgspec.structs.replace(job, progress=(job.progress or 0) + 1))
            tx.append(Event(1, 0, number, (1, 1)))
            if number % 3 == 0:
                raise ValueError(number)
            return tx.last_event()

        return run

    found = world.write_together([change(number) for number in range(12)])
    assert [isinstance(each, ValueError) for each in found] == [number % 3 == 0 for number in range(12)]
    assert [each for each in found if isinstance(each, int)] == list(range(1, 9))
    assert world.look(lambda look: look.job(1)).progress == 8
    events = world.look(lambda look: look.events(after=0, limit=99))
    assert [event.seq for event in events] == list(range(1, 9))
    assert [event.instance for event in events] == [number for number in range(12) if number % 3]
    assert {event.at for event in events} == {NOON}


def test_events_are_read_on_from_anywhere(world: World) -> None:
    for job_id in (1, 2, 1, 2, 1):
        world.write(world.event(job_id, 1, 2))
    assert [event.seq for event in world.look(lambda look: look.events(after=2, limit=2))] == [3, 4]
    assert [event.seq for event in world.look(lambda look: look.events(after=1, limit=9, job_id=1))] == [3, 5]
    assert world.look(lambda look: look.last_event()) == 5
    assert world.look(lambda look: look.events(after=5, limit=2)) == []


def test_a_job_put_twice_in_a_commit_counts_once(world: World) -> None:
    def change(tx: Transaction) -> None:
        job = tx.add_job(Job(owner="Bob"))
        for state in (JobState.QUEUED, JobState.RUNNING, JobState.FINISHED):
            tx.put_job(msgspec.structs.replace(job, state=state))

    world.write(change)
    assert world.look(lambda look: look.count_jobs()) == {JobState.FINISHED: 1}
    page = world.look(lambda look: look.list_jobs(JobQuery(owner="BOB"), limit=5, count=True))
    assert (page.total, [job.state for job in page.jobs]) == (1, [JobState.FINISHED])


def test_a_task_number_is_taken_once(world: World) -> None:
    world.task(1, 1)
    with pytest.raises(Exception, match="UNIQUE"):
        world.task(1, 1)
    assert world.task(1, 2).system_id == 2


def test_lists_within_a_change_see_what_was_changed_before_them(world: World) -> None:
    def total(tx: Transaction) -> tuple[int | None, int]:
        page = tx.list_jobs(JobQuery(owner="ann"), limit=10, offset=0, count=True)
        return page.total, sum(tx.count_jobs().values())

    def add(tx: Transaction) -> tuple[int | None, int]:
        tx.add_job(Job(owner="ann"))
        return total(tx)

    def add_and_fail(tx: Transaction) -> None:
        add(tx)
        raise ValueError

    found = world.write_together(
        [add, add_and_fail, add, lambda tx: tx.add_job(Job(owner="bob")), add_and_fail, total]
    )
    assert [found[index] for index in (0, 2, 5)] == [(1, 1), (2, 2), (2, 3)]
    assert world.look(lambda look: look.list_jobs(JobQuery(), limit=1, count=True)).total == 3
    assert sum(world.look(lambda look: look.count_jobs()).values()) == 3


def test_a_commit_of_failures_alone_is_none(world: World) -> None:
    seen: list[str] = []
    world.store._writer._session.connection.set_trace_callback(seen.append)

    def fail(tx: Transaction) -> None:
        tx.add_job(Job())
        raise ValueError

    world.write_together([fail, fail])
    assert "COMMIT" not in seen
    assert seen.count("ROLLBACK") >= 1
