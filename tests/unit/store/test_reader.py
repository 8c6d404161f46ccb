"""store/reader.py: what is looked up is what was kept."""

import pytest

from headgate.core.errors import NotFound
from headgate.core.model import (
    Foreign,
    Instance,
    Intent,
    Job,
    JobDependency,
    JobSpec,
    Mishap,
    Run,
    Step,
    Task,
    TaskSpec,
    Times,
)
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import DependencyCondition, HoldKind, TaskType
from headgate.ports.store import Reader, Transaction
from tests.unit.store.worlds import NOON, World

FULL_JOB = Job(
    owner="Ännchen",
    spec=JobSpec(
        name='a "name", with\nlines, \x00 and 日本語',
        depends_on=(JobDependency(4, DependencyCondition.FAILED),),
        holds=(HoldKind.USER, HoldKind.SYSTEM),
        extra_resources={"licence": "3"},
        stop_grace_s=1.5,
    ),
    environment={"A": "1,2],[{"},
    custom={"k": "v" * 10_000},
    progress=0,
    mishap=Mishap("Execution_NodeError", ("n1",)),
    foreign=Foreign(cluster="c", native="345", account="a", submitted=7, elements="1-3", failed="2"),
    nodes=("n1", "n2"),
)


def test_a_job_comes_back_as_it_was_kept(world: World) -> None:
    kept = world.write(lambda tx: tx.add_job(FULL_JOB))
    assert kept.id == 1
    assert kept.times == Times(created=NOON, changed=NOON)
    assert world.look(lambda look: look.job(1)) == kept
    assert world.look(lambda look: look.jobs([1])) == [kept]


@pytest.mark.parametrize("job_id", [0, -1, 1, 2**31, 2**63, 10**40])
def test_an_unknown_job_is_not_found_with_its_code(world: World, job_id: int) -> None:
    with pytest.raises(NotFound) as refused:
        world.look(lambda look: look.job(job_id))
    assert (refused.value.kind, refused.value.code) == ("job", "Operation_InvalidJobId")
    with pytest.raises(NotFound):
        world.write(lambda tx: tx.job(job_id))


@pytest.mark.parametrize("number", [0, -1, 1, 10**40])
def test_an_unknown_task_is_not_found_with_its_code(world: World, number: int) -> None:
    world.add()
    with pytest.raises(NotFound) as refused:
        world.look(lambda look: look.task(1, number))
    assert (refused.value.kind, refused.value.code) == ("task", "Operation_InvalidTaskId")


def test_several_jobs_are_those_that_exist_by_id(world: World) -> None:
    for _ in range(150):
        world.add()
    wanted = [150, 3, 3, 999, -4, 2**70, *range(40, 140)]
    found = world.look(lambda look: look.jobs(wanted))
    assert [job.id for job in found] == [3, *range(40, 140), 150]
    assert world.look(lambda look: look.jobs([])) == []


def test_first_tasks_are_those_of_the_jobs_that_have_one(world: World) -> None:
    for number in range(1, 101):
        world.add()
        if number % 2:
            for task in (1, 2):
                world.task(number, task, state=TaskState.QUEUED)
    found = world.look(lambda look: look.first_tasks([*range(1, 101), 999, -4, 2**70]))
    assert sorted(found) == list(range(1, 101, 2))
    assert {task.number for task in found.values()} == {1}
    assert world.look(lambda look: look.first_tasks([])) == {}


def test_tasks_come_by_number(world: World) -> None:
    world.add()
    for number in (3, 1, 2, 10):
        world.task(1, number, state=TaskState.QUEUED if number > 1 else TaskState.RUNNING)

    def ids(tasks: list[Task]) -> list[int]:
        return [task.number for task in tasks]

    assert ids(world.look(lambda look: look.tasks(1))) == [1, 2, 3, 10]
    assert ids(world.look(lambda look: look.tasks(1, after=1, limit=2))) == [2, 3]
    assert ids(world.look(lambda look: look.tasks_in(1, {TaskState.QUEUED}))) == [2, 3, 10]
    assert ids(world.look(lambda look: look.tasks_in(1, {TaskState.QUEUED, TaskState.RUNNING}, limit=2))) == [
        1,
        2,
    ]
    assert ids(world.look(lambda look: look.tasks_in(1, ()))) == []
    assert world.look(lambda look: look.tasks(77)) == []


def test_ready_tasks_are_the_first_of_each_job(world: World) -> None:
    for job_id in (1, 2, 3):
        world.add()
        for number in range(1, 6):
            world.task(job_id, number, ready=job_id < 3 and number != 2)
    found = world.look(lambda look: look.ready_tasks([2, 1, 3, 99], limit_per_job=2))
    assert {job_id: [task.number for task in tasks] for job_id, tasks in found.items()} == {
        2: [1, 3],
        1: [1, 3],
    }


def test_a_task_comes_back_as_it_was_kept(world: World) -> None:
    world.add()
    kept = world.task(
        1, spec=TaskSpec(type=TaskType.PARAMETRIC_SWEEP, script=b"\x00\xff", end_value=9), ready=True
    )
    assert kept.system_id == 1
    assert world.look(lambda look: look.task(1, 1)) == kept


def test_instances_come_by_number_and_state(world: World) -> None:
    made = [
        world.instance(
            1, 1, number, TaskState.FAILED if number % 2 else TaskState.RUNNING, run=Run(exit_code=number)
        )
        for number in (5, 1, 2, 1000)
    ]
    by_number = sorted(made, key=lambda instance: instance.number)

    def numbers(found: list[Instance]) -> list[int]:
        return [instance.number for instance in found]

    assert world.look(lambda look: look.instances(1, 1)) == by_number
    assert numbers(world.look(lambda look: look.instances(1, 1, first=2, last=5))) == [2, 5]
    assert numbers(world.look(lambda look: look.instances(1, 1, limit=1))) == [1]
    assert numbers(world.look(lambda look: look.instances(1, 1, states=[TaskState.FAILED]))) == [1, 5]
    assert world.look(lambda look: look.instance(1, 1, 5)) == made[0]
    assert world.look(lambda look: look.instance(1, 1, 3)) is None
    assert world.look(lambda look: look.instance(1, 1, 10**40)) is None
    world.write(lambda tx: tx.drop_instances(1, 1))
    assert world.look(lambda look: look.instances(1, 1)) == []


def test_output_is_kept_apart_and_empty_where_there_is_none(world: World) -> None:
    assert world.look(lambda look: look.output(1, 1, 0)) == b""
    world.write(lambda tx: tx.put_output(1, 1, 0, b"a\x00b"))
    world.write(lambda tx: tx.put_output(1, 1, 0, b"a\x00bc"))
    assert world.look(lambda look: look.output(1, 1, 0)) == b"a\x00bc"
    world.write(lambda tx: tx.put_output(1, 1, 0, b""))
    assert world.look(lambda look: look.output(1, 1, 0)) == b""


def test_the_queue_is_by_priority_then_age_and_holds_only_what_can_start(world: World) -> None:
    for priority, state, ready in (
        (2000, JobState.QUEUED, 1),
        (4000, JobState.RUNNING, 2),
        (2000, JobState.QUEUED, 1),
        (4000, JobState.QUEUED, 0),
        (4000, JobState.FINISHED, 1),
        (0, JobState.QUEUED, 1),
    ):
        job = world.add(priority=priority)
        world.put(job.id, state=state, ready_tasks=ready)

    def ids(after: tuple[int, int] | None, limit: int) -> list[int]:
        return [job.id for job in world.look(lambda look: look.queue(after=after, limit=limit))]

    assert ids(None, 10) == [2, 1, 3, 6]
    assert ids(None, 2) == [2, 1]
    assert ids((4000, 2), 10) == [1, 3, 6]
    assert ids((2000, 1), 1) == [3]
    assert ids((0, 6), 10) == []


def test_jobs_in_states_come_by_id(world: World) -> None:
    for state in (JobState.QUEUED, JobState.RUNNING, JobState.FINISHED, JobState.QUEUED):
        world.put(world.add().id, state=state)
    wanted = {JobState.QUEUED, JobState.RUNNING}
    assert [job.id for job in world.look(lambda look: look.jobs_in(wanted, limit=10))] == [1, 2, 4]
    assert [job.id for job in world.look(lambda look: look.jobs_in(wanted, after=1, limit=1))] == [2]
    assert world.look(lambda look: look.jobs_in((), limit=10)) == []


def test_children_are_the_jobs_that_wait(world: World) -> None:
    world.add()
    world.add(depends_on=(JobDependency(1), JobDependency(1, DependencyCondition.STARTED)))
    world.add(depends_on=(JobDependency(2), JobDependency(1)))
    assert world.look(lambda look: (look.children(1), look.children(2), look.children(3))) == (
        [2, 3],
        [3],
        [],
    )
    world.put(3, spec=JobSpec(depends_on=(JobDependency(2),)))
    assert world.look(lambda look: (look.children(1), look.children(2))) == ([2], [3])
    world.put(3, spec=JobSpec())
    assert world.look(lambda look: look.children(2)) == []


def test_held_jobs_come_when_their_time_has(world: World) -> None:
    for not_before, state in (
        (50, JobState.QUEUED),
        (20, JobState.QUEUED),
        (10, JobState.CONFIGURING),
        (None, JobState.QUEUED),
    ):
        job = world.add(not_before=not_before)
        world.put(job.id, state=state)

    def due(now: int) -> list[int]:
        return [job.id for job in world.look(lambda look: look.held_until(now, limit=10))]

    assert due(19) == []
    assert due(20) == [2]
    assert due(50) == [2, 1]
    world.put(2, spec=JobSpec())
    assert due(50) == [1]


def test_intents_have_a_tag_of_the_installation(world: World) -> None:
    def intent(job_id: int, task: int) -> Intent:
        return Intent(job_id=job_id, task=task, instances=(1, 2), lane=1, shares=(), engine="local")

    made = world.write(lambda tx: [tx.add_intent(intent(*key)) for key in ((1, 1), (1, 2), (2, 1))])
    assert [(each.id, each.tag) for each in made] == [
        (n, f"{world.store.installation}-{n}") for n in (1, 2, 3)
    ]
    assert world.look(lambda look: look.intents()) == made
    assert world.look(lambda look: look.intents(job_id=1)) == made[:2]
    assert world.look(lambda look: look.intents(job_id=1, task=2)) == made[1:2]
    world.write(lambda tx: tx.drop_intent(3))
    assert world.write(lambda tx: tx.add_intent(intent(2, 2))).id == 4


def test_counts_of_jobs_are_by_state(world: World) -> None:
    assert world.look(lambda look: look.count_jobs()) == {}
    for _ in range(3):
        world.add()
    world.put(2, state=JobState.RUNNING)
    assert world.look(lambda look: look.count_jobs()) == {JobState.CONFIGURING: 2, JobState.RUNNING: 1}


def test_a_snapshot_does_not_change(world: World) -> None:
    world.add()

    def look(reader: Reader) -> tuple[int, int]:
        return sum(reader.count_jobs().values()), len(reader.jobs_in(list(JobState), limit=9))

    assert world.read(look) == (1, 1)


def test_the_writer_sees_what_was_written_before_it_in_the_same_change(world: World) -> None:
    def change(tx: Transaction) -> tuple[JobState, int]:
        job = tx.add_job(Job(owner="ann"))
        tx.add_task(Task(job_id=job.id, number=1))
        return tx.job(job.id).state, len(tx.tasks(job.id))

    assert world.write(change) == (JobState.CONFIGURING, 1)


# ---- names by which jobs wait for others


def test_namesakes_are_those_that_were_submitted_and_have_not_ended(world: World) -> None:
    for owner, name in (("ann", "n"), ("ANN", "n"), ("bob", "n"), ("ann", "N"), ("ann", "n")):
        world.add(owner, name=name)
    assert world.look(lambda look: look.earlier_namesake("ann", "n", 9)) is None
    for job_id in range(1, 6):
        world.put(job_id, state=JobState.QUEUED)
    assert world.look(lambda look: look.earlier_namesake("Ann", "n", 5)) in (1, 2)
    assert world.look(lambda look: look.earlier_namesake("ann", "n", 1)) is None
    for job_id in (1, 2):
        world.put(job_id, state=JobState.FINISHED)
    assert world.look(lambda look: look.earlier_namesake("ann", "n", 5)) is None


def test_the_first_singleton_is_the_oldest_that_is_queued(world: World) -> None:
    world.add(name="n")
    for _ in range(3):
        world.add(name="n", singleton=True)
    for job_id in range(1, 5):
        world.put(job_id, state=JobState.QUEUED)
    assert world.look(lambda look: look.first_singleton("ANN", "n")) == 2
    world.put(2, state=JobState.RUNNING)
    assert world.look(lambda look: look.first_singleton("ann", "n")) == 3
    assert world.look(lambda look: look.first_singleton("ann", "m")) is None


def test_a_chain_is_known_by_the_name_of_what_opened_it_last(world: World) -> None:
    opened = [world.add(name="c", step=Step()).id for _ in range(2)]
    for job_id in opened:
        world.put(job_id, state=JobState.FINISHED)
    joined = world.add(name="c", step=Step(of=opened[1]))
    world.put(joined.id, state=JobState.QUEUED)
    assert world.look(lambda look: look.chain_named("ann", "c")) == opened[1]
    assert world.look(lambda look: look.chain_named("bob", "c")) is None
    assert world.look(lambda look: look.children(opened[1])) == [joined.id]


def test_a_delay_comes_due_like_a_start_time(world: World) -> None:
    first, second = world.add(not_before=NOON + 50), world.add(not_before=NOON + 50)
    world.put(first.id, state=JobState.QUEUED, wakes=NOON + 10)
    world.put(second.id, state=JobState.QUEUED)
    assert [job.id for job in world.look(lambda look: look.held_until(NOON + 10, limit=9))] == [first.id]
    assert len(world.look(lambda look: look.held_until(NOON + 50, limit=9))) == 2


def foreign(world: World, native: str, **fields: object) -> int:
    told = Foreign(cluster="c", native=native, account="ann", submitted=1)
    return world.put(world.add(name="x").id, foreign=told, state=JobState.RUNNING, **fields).id


def test_a_job_of_others_is_found_by_what_it_is_called_there_the_latest_first(world: World) -> None:
    old = foreign(world, "345")
    world.end(old)
    assert world.look(lambda look: look.foreign_job("c/345")) == world.look(lambda look: look.job(old))
    new = foreign(world, "345")
    found = world.look(lambda look: look.foreign_job("c/345"))
    assert found is not None
    assert found.id == new
    assert world.look(lambda look: look.foreign_job("c/346")) is None


def test_the_open_jobs_of_others_are_told_apart_from_ours_and_from_those_that_ended(world: World) -> None:
    world.put(world.add().id, state=JobState.RUNNING)
    first, ended, last = (foreign(world, native) for native in "123")
    world.end(ended)
    for after, limit, found in ((0, 9, [first, last]), (0, 1, [first]), (first, 9, [last]), (last, 9, [])):
        jobs = world.look(lambda look: look.open_foreign(after=after, limit=limit))  # noqa: B023 - called at once
        assert [job.id for job in jobs] == found
    plan = world.store._writer._session.connection.execute(
        "EXPLAIN QUERY PLAN SELECT body FROM jobs WHERE foreign_key IS NOT NULL AND ended IS NULL AND id > 0 "
        "ORDER BY id LIMIT 9"
    )
    assert "jobs_open_foreign" in str(plan.fetchall())


def test_no_job_of_ours_waits_for_a_namesake_that_is_not_ours(world: World) -> None:
    foreign(world, "1")
    assert world.look(lambda look: look.earlier_namesake("ann", "x", 99)) is None
