"""A job and its queue, in the transaction that submits the job or changes it.

A job that comes as a script takes the default queue where it names none; any other job is in a queue only if
it asks for one. What the queue may refuse, and what it fills in, is in `core/queues.py`; a job that was let
in is not asked again when it is requeued.
"""

from collections.abc import Collection, Mapping

from msgspec.structs import replace

from headgate.core.lines import BEGUN, SENT, WAITING, Hindrance, Line, Usage, Wait, all_of, line_of
from headgate.core.model import Job, Queue
from headgate.core.queues import admit, check, chosen, filled, nodes_at_once, refuse_full
from headgate.core.states import JobState
from headgate.ports.store import Reader
from headgate.service.edit import JobEdit


def groups_of(reader: Reader, user: str, queue: Queue) -> tuple[str, ...]:
    """Names of the groups that a user is in, as far as the queue asks for any."""
    if not queue.allowed_groups and not queue.denied_groups:
        return ()
    mine = user.casefold()
    groups = reader.user_groups()
    return tuple(group.name for group in groups if mine in map(str.casefold, group.members))


def enter(edit: JobEdit) -> None:
    """Let a job that is about to be submitted into its queue, with the queue's defaults.

    Raises QueueRefused.
    """
    spec = edit.job.spec
    if not spec.queue and not spec.flavour:
        return
    queue = chosen(edit.tx.queues(), spec.queue)
    if queue is None:
        return
    tasks = edit.all_tasks()
    specs = [task.spec for task in tasks]
    admit(queue, edit.job, specs, groups_of(edit.tx, edit.job.owner, queue))
    given = filled(queue, spec, specs)
    for task, changed in zip(tasks, given.tasks, strict=True):
        if changed is not task.spec:
            edit.set_task(task.number, spec=changed)
    check(queue, given.job, given.tasks)
    edit.set_job(
        spec=given.job if given.job.queue == queue.name else replace(given.job, queue=queue.name),
        queue_notes=given.notes,
        asked_nodes=nodes_at_once(given.job, given.tasks),
    )
    limit = queue.max_queued_per_user
    if limit is None:
        return
    lines = [all_of(queue.name, edit.job.owner, kind=kind) for kind in (WAITING, SENT)]
    if sum(edit.tx.count_in_lines(line, limit=limit) for line in lines) >= limit:
        refuse_full(queue, edit.job.owner, limit)


def look_again(edit: JobEdit) -> None:
    """Whether a submitted job that was changed is still within its queue's types and limits.

    A queue that is gone has none. Raises QueueRefused.
    """
    name = edit.job.spec.queue.casefold()
    queue = next((one for one in edit.tx.queues() if one.name.casefold() == name), None) if name else None
    if queue is None or edit.job.state not in (JobState.QUEUED, JobState.RUNNING):
        return
    specs = [task.spec for task in edit.all_tasks()]
    check(queue, edit.job.spec, specs)
    if edit.job.state is not JobState.RUNNING:  # then it counts as it did when it began
        edit.set_job(asked_nodes=nodes_at_once(edit.job.spec, specs))


def in_engine(jobs: Collection[Job], reasons: Mapping[int, str]) -> dict[int, Hindrance]:
    """What those of these jobs wait for that are in the queue of the engine, or that it can't end yet, by id.
    reasons: its words.
    """
    return {
        job.id: Hindrance(Wait.ENGINE, job.spec.queue, said=reasons[job.id])
        for job in jobs
        if job.id in reasons
        and ((job.state is JobState.QUEUED and not job.blocked) or job.state is JobState.CANCELING)
    }


def hindrances(reader: Reader, jobs: Collection[Job]) -> dict[int, Hindrance]:
    """What those of these jobs wait for that could start but for their queue, by id."""
    waiting = {
        job.id: line
        for job in jobs
        if not job.blocked
        and job.state in (JobState.QUEUED, JobState.RUNNING)
        and (line := Line.of(line_of(job))) is not None
    }
    if not waiting:
        return {}
    queues = {queue.name.casefold(): queue for queue in reader.queues()}
    usage = Usage()
    for name in {line.queue for line in waiting.values()}:
        for kind in (BEGUN, SENT):
            usage.count(reader.lines(all_of(name, kind=kind)))
    found = {job_id: usage.hindrance(line, queues.get(line.queue)) for job_id, line in waiting.items()}
    return {job_id: one for job_id, one in found.items() if one is not None}
