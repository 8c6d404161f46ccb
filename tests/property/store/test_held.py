"""store/held.py: whatever changes hold back, look at and throw away, every look and the end are those of a
store that writes at once.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import NotFound
from headgate.core.model import Event, Job, JobSpec, Task
from headgate.core.states import JobState, TaskState
from headgate.ports.store import JobQuery
from headgate.store.transaction import Transaction
from tests.unit.store.worlds import World

replace = msgspec.structs.replace
numbers = st.integers(1, 5)
steps = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(["ada", "bob"]), st.booleans()),
    st.tuples(st.just("put"), numbers, st.sampled_from([JobState.CONFIGURING, JobState.QUEUED])),
    st.tuples(st.just("task"), numbers),
    st.tuples(st.just("put task"), numbers, numbers),
    st.tuples(st.just("look"), numbers),
    st.tuples(st.just("list")),
)
changes = st.tuples(st.lists(steps, max_size=6), st.booleans())


class Plain:
    """What there is: jobs as (owner, state), their tasks, and events."""

    def __init__(self) -> None:
        self.jobs: dict[int, tuple[str, JobState]] = {}
        self.tasks: dict[int, dict[int, TaskState]] = {}
        self.events: list[int] = []

    def copy(self) -> "Plain":
        made = Plain()
        made.jobs = dict(self.jobs)
        made.tasks = {job: dict(tasks) for job, tasks in self.tasks.items()}
        made.events = list(self.events)
        return made


class Failed(Exception):
    """The change is to leave nothing."""


def make(tx: Transaction, plain: Plain, step: tuple[Any, ...]) -> None:
    match step:
        case "add", owner, grouped:
            job = tx.add_job(Job(owner=owner, spec=JobSpec(node_groups=("g",) if grouped else ())))
            plain.jobs[job.id], plain.tasks[job.id] = (owner, JobState.CONFIGURING), {}
        case "put", number, state if number in plain.jobs:
            tx.put_job(replace(tx.job(number), state=state))
            tx.append(Event(number, 0, 0, (1, 2)))
            plain.jobs[number] = (plain.jobs[number][0], state)
            plain.events.append(number)
        case "task", number if number in plain.jobs:
            following = len(plain.tasks[number]) + 1
            tx.add_task(Task(job_id=number, number=following))
            plain.tasks[number][following] = TaskState.CONFIGURING
        case "put task", number, task if task in plain.tasks.get(number, {}):
            tx.put_task(replace(tx.task(number, task), state=TaskState.QUEUED))
            plain.tasks[number][task] = TaskState.QUEUED
        case "look", number:
            look(tx, plain, number)
        case ("list",):
            look_at_all(tx, plain)


def look(tx: Any, plain: Plain, number: int) -> None:
    """One job and its tasks."""
    if number in plain.jobs:
        job = tx.job(number)
        assert (job.owner, job.state) == plain.jobs[number]
    else:
        try:
            tx.job(number)
        except NotFound:
            pass
        else:
            raise AssertionError(number)
    assert {task.number: task.state for task in tx.tasks(number)} == plain.tasks.get(number, {})


def look_at_all(tx: Any, plain: Plain) -> None:
    """Lists, counts and events."""
    page = tx.list_jobs(JobQuery(), limit=100, count=True)
    assert {job.id: (job.owner, job.state) for job in page.jobs} == plain.jobs
    assert page.total == len(plain.jobs)
    assert [event.job_id for event in tx.events(after=0, limit=1000)] == plain.events
    states = [state for _, state in plain.jobs.values()]
    assert {state: n for state, n in tx.count_jobs().items() if n} == {s: states.count(s) for s in {*states}}


@given(st.lists(st.lists(changes, min_size=1, max_size=4), max_size=4))
def test_what_is_held_back_is_seen_kept_and_dropped_as_if_it_were_written(
    commits: Sequence[Sequence[tuple[list[tuple[Any, ...]], bool]]],
) -> None:
    world = World(":memory:")
    plain = Plain()

    def made_of(todo: list[tuple[Any, ...]], fails: bool) -> Any:
        def change(tx: Transaction) -> None:
            nonlocal plain
            before = plain.copy()
            try:
                for step in todo:
                    make(tx, plain, step)
                if fails:
                    raise Failed
            except BaseException:
                plain = before
                raise

        return change

    try:
        for commit in commits:
            answers = world.write_together([made_of(*one) for one in commit])
            for (_, fails), answer in zip(commit, answers, strict=True):
                assert isinstance(answer, Failed) if fails else answer is None, answer
        world.look(lambda reader: look_at_all(reader, plain))
        for number in plain.jobs:
            world.look(partial(look, plain=plain, number=number))
    finally:
        world.close()
