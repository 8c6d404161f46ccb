"""What must hold of everything in the store, whatever has happened: every count equals a recount, every path
of events is one chain, and nothing runs twice.
"""

from collections import Counter, defaultdict

from headgate.core.lifecycle import FOREIGN, JOB, TASK
from headgate.core.model import Instance, Job, Task
from headgate.core.states import FINAL_JOB_STATES, FINAL_TASK_STATES, JobState, TaskState
from headgate.core.vocabulary import TaskType
from headgate.ports.store import Reader
from headgate.service.counting import has_something_to_start, standing
from headgate.service.passages import UNDER_WAY
from tests.unit.dispatcher.story import Story

_JOB_STEPS = {(int(a), int(b)) for (a, _), b in JOB.items()}
_TASK_STEPS = {(int(a), int(b)) for (a, _), b in TASK.items()}
_FOREIGN_STEPS = {(a.name, b.name) for (a, _), b in FOREIGN.items()}
_FINAL = frozenset(map(int, FINAL_TASK_STATES))
"""Instances of NodePrep, NodeRelease and Service tasks are made anew when their job is requeued."""
_LIVE = (TaskState.DISPATCHING, TaskState.RUNNING, TaskState.FINISHING, TaskState.CANCELING)


def audit(story: Story) -> None:
    """Look through everything."""
    story.store.peek(_audit_jobs)
    audit_events(story)
    audit_starts(story)


def _audit_jobs(reader: Reader) -> None:
    live: dict[int, int] = defaultdict(int)
    for intent in reader.intents():
        live[intent.job_id] += intent.left
        assert intent.left > 0
    after = 0
    while jobs := reader.jobs_in(frozenset(JobState), after=after, limit=500):
        for job in jobs:
            if job.foreign is not None:
                audit_foreign(reader, job, live[job.id])
                continue
            audit_job(reader, job, live[job.id])
        after = jobs[-1].id


def audit_foreign(reader: Reader, job: Job, live: int) -> None:
    """One that was entered elsewhere: nothing of it is ours to start."""
    (task,) = reader.tasks(job.id)
    assert not live
    assert (job.live, job.ready_tasks, task.ready) == (0, 0, False)
    assert task.state.name == job.state.name
    over = job.state in FINAL_JOB_STATES
    assert (job.times.ended is not None, job.open_tasks) == (over, int(not over))
    ended = task.finished + task.failed + task.canceled
    assert job.runs == (1 if _plain(task) else task.instance_count)
    assert job.ended_runs == (int(over) if _plain(task) else ended)
    assert ended + task.live <= task.instance_count
    if over and not _plain(task):
        assert ended == task.instance_count


def audit_job(reader: Reader, job: Job, live: int) -> None:
    """One job and its tasks."""
    tasks = reader.tasks(job.id)
    for task in tasks:
        audit_task(task, reader.instances(job.id, task.number), job)
    work = [task for task in tasks if not task.spec.type.is_node_duty]
    # While a job with many tasks is Submitted, nobody has looked at them yet (`passages.py`).
    untouched = job.state in (JobState.CONFIGURING, JobState.SUBMITTED)
    submitted = not untouched and job.times.submitted is not None
    assert (job.passage is not None) <= (job.state in UNDER_WAY), job
    assert job.task_count == len(tasks)
    assert job.live == live == sum(task.live for task in tasks)
    assert job.ready_tasks == (0 if job.blocked else sum(task.ready for task in tasks)), job
    assert job.runs == sum(max(1, t.instance_count) if _plain(t) else t.instance_count for t in work), job
    if submitted:
        assert job.open_tasks == sum(task.state not in FINAL_TASK_STATES for task in work), (job, tasks)
        assert job.failed_tasks == sum(standing(task).failed for task in work)
        assert bool(job.first_failed_task) == bool(job.failed_tasks)
    if job.state in FINAL_JOB_STATES:
        assert not job.live
        assert job.times.ended is not None
        if submitted:
            assert all(task.state in FINAL_TASK_STATES for task in tasks), tasks
    if job.blocked:
        assert job.state is JobState.QUEUED


def _plain(task: Task) -> bool:
    return task.spec.type is TaskType.BASIC


def audit_task(task: Task, rows: list[Instance], job: Job) -> None:
    """One task and its instances."""
    assert task.ready == has_something_to_start(task)
    if _plain(task):
        assert not rows
        assert task.live == (task.run.intent != 0 and task.state in _LIVE)
        return
    by_state: dict[TaskState, int] = defaultdict(int)
    for row in rows:
        by_state[row.state] += 1
    rest = task.instance_count - len(rows)
    live_rows = sum(by_state[state] for state in _LIVE)
    untouched = rest - (task.live - live_rows)
    assert task.rows == len(rows)
    assert task.queued_rows == by_state[TaskState.QUEUED], (task, rows)
    assert untouched >= 0
    for state in (TaskState.FINISHED, TaskState.FAILED, TaskState.CANCELED):
        ended = by_state[state] + (untouched if task.rest_state is state else 0)
        assert getattr(task, state.name.lower()) == ended, (state, task, rows)
    if task.state in FINAL_TASK_STATES:
        assert not task.live
        assert not task.queued_rows
        if task.expanded and task.times.submitted and not task.spec.type.is_node_duty:
            assert task.finished + task.failed + task.canceled == task.instance_count


def audit_events(story: Story) -> None:
    """Each entity's path is one chain of steps that the tables have."""
    at: dict[tuple[int, int, int], int] = {}
    last_seq = 0
    numbers = {event.job_id for event in story.events()}
    foreign = story.store.peek(lambda reader: {job.id for job in reader.jobs(numbers) if job.foreign})
    for event in story.events():
        assert event.seq > last_seq
        last_seq = event.seq
        if event.job_id == 0:
            continue
        key = (event.job_id, event.task, event.instance)
        if key in at:
            begun_anew = event.instance and event.path[0] == TaskState.QUEUED and at[key] in _FINAL
            assert event.path[0] == at[key] or begun_anew, (key, event)
        elif not event.task:
            assert event.path[0] == JobState.CONFIGURING
        steps = _TASK_STEPS if event.task else _JOB_STEPS
        kind = TaskState if event.task else JobState
        for step in zip(event.path, event.path[1:], strict=False):
            if event.job_id in foreign:
                assert tuple(kind(one).name for one in step) in _FOREIGN_STEPS, (key, event)
            else:
                assert step in steps, (key, event)
        at[key] = event.path[-1]


def audit_starts(story: Story) -> None:
    """Each time something was started it had been handed out for that: nothing ran on a guess."""
    handed_out: Counter[tuple[int, int, int]] = Counter()
    for event in story.events():
        if event.task:
            handed_out[(event.job_id, event.task, event.instance)] += event.path.count(TaskState.DISPATCHING)
    # What has no row yet, as nothing was recorded of it, has no event either.
    unrecorded = {intent.id for intent in story.store.peek(lambda reader: reader.intents())}
    begun = {run.who for key, run in story.engine.runs.items() if key.intent in unrecorded}
    remembered = {job_id for job_id, _, _ in handed_out}
    for who, starts in story.engine.starts.items():
        if who[0] not in remembered:  # old jobs are forgotten with their events
            continue
        assert starts <= handed_out[who] + (who in begun), (who, starts)
