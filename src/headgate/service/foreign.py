"""Jobs that were entered elsewhere: what an engine shows of them becomes rows like all others.

They are kept to be looked at: nothing here is asked of the engine, and `JobEdit` refuses each of them to
whoever would change it. Such a job has one task, of which neither command nor script is known; an array is a
sweep whose instances are counted and not kept one by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.lifecycle import Seen, step_foreign
from headgate.core.model import Event, Foreign, Job, JobSpec, Mishap, Run, Share, Task, TaskSpec, Times, User
from headgate.core.states import FINAL_JOB_STATES, JobState, TaskState
from headgate.core.sweep import LONGEST_SET
from headgate.core.vocabulary import TaskType
from headgate.ports.engine import Ended, Ending, ForeignElements, ForeignJob, ForeignStage
from headgate.ports.store import Transaction
from headgate.service.counting import runs
from headgate.service.rights import elsewhere
from headgate.service.sightings import exit_code, mishap_of

FORGOTTEN: Final = Mishap("Engine_EndUnknown", ("the engine has forgotten the job.",))
_CANCELED: Final = Mishap("Operation_CanceledByUser", ("None",))
_CANCELS: Final = (Ending.STOPPED, Ending.NEVER_STARTED)
ENDS: Final = ("finished", "failed", "canceled")
"""Fields of `Foreign` and of `ForeignElements`, and counts of a task."""
LONGEST: Final = 1000
"""Characters of a name or comment."""


class Kept(Struct, frozen=True):
    """What a job is here: its id, and whether its end has yet to be seen."""

    job_id: int
    open: bool


def owner_of(account: str, users: Iterable[User], engine: str) -> str:
    """Whose a job of this OS account is: that of the one user who has it. Else nobody's, under a name that no
    user can have and nobody can log in with (`users.NOT_IN_NAMES`).
    """
    mine = [user.name for user in users if user.os_account and user.os_account == account]
    return mine[0] if len(mine) == 1 else f"{engine}:{account}"


def conclude(tx: Transaction, keys: Iterable[str], past: Mapping[str, ForeignJob]) -> None:
    """End these jobs, which are seen no longer: as is on record, else in a way that is not known."""
    for key in keys:
        job = tx.foreign_job(key)
        if job is None or job.state in FINAL_JOB_STATES:
            continue
        seen = past.get(key)
        if seen is not None and seen.stage is ForeignStage.OVER and _same(job, seen):
            _keep(tx, job, tx.task(job.id, 1), seen, for_good=True)
        else:
            give_up(tx, job, tx.task(job.id, 1))


def record(tx: Transaction, engine: str, jobs: Sequence[ForeignJob]) -> dict[str, Kept]:
    """Keep these jobs as they were seen, each with its events if its state is another one; by their keys."""
    known = {one.key: tx.foreign_job(one.key) for one in jobs}
    tasks = tx.first_tasks([job.id for job in known.values() if job is not None])
    users = tx.users()
    kept: dict[str, Kept] = {}
    for one in jobs:
        before = known[one.key]
        if before is not None and not _same(before, one):
            if before.state not in FINAL_JOB_STATES:
                give_up(tx, before, tasks[before.id])
            before = None
        if before is None:
            owner = owner_of(one.account, users, engine)
            before = tx.add_job(Job(owner=owner, engine=engine, task_count=1, runs=1))
            task = Task(job_id=before.id, number=1, times=Times(created=tx.now, changed=tx.now))
            tasks[before.id] = tx.add_task(task)
        kept[one.key] = _keep(tx, before, tasks[before.id], one)
    return kept


def _same(job: Job, seen: ForeignJob) -> bool:
    """Whether it is this job, and not another one under the same id. What was put back is submitted anew."""
    was = job.foreign
    if was is None or was.account != seen.account:
        return False
    return was.submitted == seen.submitted or seen.restarts > 0


def _keep(tx: Transaction, job: Job, task: Task, seen: ForeignJob, *, for_good: bool = False) -> Kept:
    """for_good: no more will be told of it: an element whose end was not seen has an unknown one. And what it
    asked for is not told either.
    """
    if seen.elements is None:
        foreign, happened = _known(job, seen), _of_single(seen)
        work = _single(job, task, seen, happened)
    else:
        foreign = _merged(_known(job, seen), seen.elements)
        lost = _lost(foreign, seen.elements)
        over = seen.stage is ForeignStage.OVER and (for_good or not lost)
        if over and lost:
            foreign = replace(foreign, failed=_text(_set(foreign.failed) | lost))
        happened = _of_array(foreign, seen, over=over)
        work = _array(task, foreign, seen, happened)
    spec = job.spec if for_good else _spec(seen, job.engine)
    begun = happened is not Seen.WAITING
    # An engine forgets the first elements of an array first.
    starts = [at for at in (seen.started, job.times.started) if at is not None]
    started = (min(starts, default=None) if seen.elements else seen.started) if begun else None
    now = replace(
        job,
        spec=spec,
        foreign=foreign,
        nodes=tuple(share.node for share in seen.shares),
        requeue_count=max(job.requeue_count, seen.restarts),
        times=replace(job.times, submitted=foreign.submitted, started=started, ended=seen.ended),
    )
    _put(tx, (job, task), (now, work), happened)
    return Kept(job.id, happened in (Seen.WAITING, Seen.RUNNING))


def give_up(tx: Transaction, job: Job, task: Task) -> None:
    """End a job of which nothing will be seen any more: how it ended is not known."""
    foreign = job.foreign
    if foreign is None or job.state in FINAL_JOB_STATES:
        return
    work = task
    if foreign.elements:
        lost = _set(foreign.elements) - _ended(foreign)
        foreign = replace(foreign, failed=_text(_set(foreign.failed) | lost))
        work = _counted(task, foreign, waiting=0, running=0)
    work = replace(work, run=replace(work.run, mishap=FORGOTTEN))
    _put(tx, (job, task), (replace(job, foreign=foreign), work), Seen.FAILED)


def _put(tx: Transaction, before: tuple[Job, Task], after: tuple[Job, Task], seen: Seen) -> None:
    """Write both in the state in which the job was seen, if anything is new, with an event for each."""
    (was, was_task), (job, task) = before, after
    state = step_foreign(was.state, seen)
    over, failed = state in FINAL_JOB_STATES, state is JobState.FAILED
    ended = None
    if over:
        ended = job.times.ended or was.times.ended or tx.now
    moments = {"started": job.times.started, "ended": ended}
    task = replace(task, state=TaskState[state.name], times=replace(task.times, **moments))
    all_, done = runs(task)
    name = f"{job.id}.1" if failed else ""
    mishap = task.run.mishap
    if failed and mishap != FORGOTTEN:
        mishap = Mishap("Execution_TaskFailure", (name,))
    job = replace(
        job,
        state=state,
        times=replace(job.times, **moments),
        mishap=mishap,
        open_tasks=int(not over),
        failed_tasks=int(failed),
        first_failed_task=name,
        runs=all_,
        ended_runs=done,
        warnings=(f"{elsewhere(job)}: it can be changed there alone.",),
    )
    if (job, task) == before:
        return
    if state is not was.state:
        job = replace(job, previous_state=was.state)
        task = replace(task, previous_state=was_task.state)
    tx.put_job(replace(job, times=replace(job.times, changed=tx.now)))
    tx.put_task(replace(task, times=replace(task.times, changed=tx.now)))
    if state is not was.state:
        tx.append(Event(job_id=job.id, task=0, instance=0, path=(was.state.value, state.value)))
        tx.append(Event(job_id=job.id, task=1, instance=0, path=(was_task.state.value, task.state.value)))


# ---- what is kept of it


def _known(job: Job, seen: ForeignJob) -> Foreign:
    """What it is called there, and what was seen of its elements before."""
    now = Foreign(cluster=seen.cluster, native=seen.native, account=seen.account, submitted=seen.submitted)
    return now if job.foreign is None else replace(job.foreign, submitted=seen.submitted)


def _plain(text: str) -> str:
    """Text of others may be anything; XML, for one, has no control characters."""
    text = text[:LONGEST]
    return text if text.isprintable() else "".join(one if one.isprintable() else "\ufffd" for one in text)


def _spec(seen: ForeignJob, engine: str) -> JobSpec:
    return JobSpec(
        name=_plain(seen.name),
        account=_plain(seen.charged),
        comment=_plain(seen.comment),
        run_as=seen.account,
        queue=seen.queue,
        template="",
        client_source=engine.capitalize(),
        runtime_s=seen.wall_time_s,
        min_cores=seen.cores,
        max_cores=seen.cores,
        min_nodes=seen.nodes,
        max_nodes=seen.nodes,
    )


def _of_single(seen: ForeignJob) -> Seen:
    if seen.stage is ForeignStage.WAITING:
        return Seen.WAITING
    if seen.stage is ForeignStage.RUNNING:
        return Seen.RUNNING
    if seen.ending in _CANCELS:
        return Seen.CANCELED
    return Seen.FINISHED if seen.ending is Ending.EXITED and not seen.exit_code else Seen.FAILED


def _single(job: Job, task: Task, seen: ForeignJob, happened: Seen) -> Task:
    """The task of a job that is no array."""
    run = Run(
        native=seen.native,
        shares=tuple(Share(share.node, share.cores) for share in seen.shares),
        requeue_count=seen.restarts,
    )
    if seen.ending is not None:
        ended = Ended(
            intent=0,
            instance=0,
            ending=seen.ending,
            at=seen.ended or 0,
            exit_code=seen.exit_code,
            signal=seen.signal,
            fault=seen.fault,
            reason=seen.reason,
        )
        code = exit_code(job, task, TaskState.RUNNING, ended)
        mishap = None
        if happened is Seen.CANCELED:
            mishap = _CANCELED
        elif happened is Seen.FAILED:
            mishap = mishap_of(run, code, ended)
        run = replace(run, exit_code=code, signal=seen.signal, mishap=mishap)
    spec = TaskSpec(name=_plain(seen.name), min_cores=seen.cores, max_cores=seen.cores, rerunnable=False)
    return replace(task, spec=spec, run=run)


# ---- arrays


def _merged(was: Foreign, seen: ForeignElements) -> Foreign:
    """What is known of the elements: one that was seen to end has ended, unless it is seen open again."""
    open_ = seen.waiting | seen.running
    all_ = _set(was.elements) | open_
    known: dict[str, str] = {}
    new = {name: getattr(seen, name) for name in ENDS}
    again = open_.union(*new.values())
    for name, ended in new.items():
        some = (_set(getattr(was, name)) - again) | ended
        all_ |= some
        known[name] = _text(some)
    return replace(was, elements=_text(all_), **known)


def _ended(foreign: Foreign) -> set[int]:
    return {index for name in ENDS for index in _set(getattr(foreign, name))}


def _lost(foreign: Foreign, seen: ForeignElements) -> set[int]:
    """The elements that the engine has forgotten without their end having been seen."""
    return _set(foreign.elements) - _ended(foreign) - seen.waiting - seen.running


def _of_array(foreign: Foreign, seen: ForeignJob, *, over: bool) -> Seen:
    """Waiting until its first element runs; then running until the last has ended."""
    if not over:
        begun = seen.started is not None or foreign.finished or foreign.failed
        return Seen.RUNNING if begun else Seen.WAITING
    if foreign.failed:
        return Seen.FAILED
    return Seen.FINISHED if foreign.finished else Seen.CANCELED


def _array(task: Task, foreign: Foreign, seen: ForeignJob, happened: Seen) -> Task:
    """The task of an array: a sweep whose instances are counted."""
    elements = seen.elements or ForeignElements()
    all_ = _set(foreign.elements)
    first, last = min(all_), max(all_)
    together = last - first + 1 == len(all_)
    spec = TaskSpec(
        name=_plain(seen.name),
        type=TaskType.PARAMETRIC_SWEEP,
        min_cores=seen.cores,
        max_cores=seen.cores,
        rerunnable=False,
        start_value=first,
        end_value=last,
        index_set="" if together or len(foreign.elements) > LONGEST_SET else foreign.elements,
    )
    mishap = {Seen.CANCELED: _CANCELED, Seen.FAILED: Mishap("Execution_TaskFailure", (f"{task.job_id}.1",))}
    run = Run(native=seen.native, requeue_count=seen.restarts, mishap=mishap.get(happened))
    made = replace(task, spec=spec, run=run)
    return _counted(made, foreign, waiting=len(elements.waiting), running=len(elements.running))


def _counted(task: Task, foreign: Foreign, *, waiting: int, running: int) -> Task:
    counts = {name: len(_set(getattr(foreign, name))) for name in ENDS}
    count = len(_set(foreign.elements))
    return replace(task, instance_count=count, live=running, next_instance=count - waiting + 1, **counts)


def _set(text: str) -> set[int]:
    """The numbers of `1,3,7-9`, however many."""
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def _text(numbers: Iterable[int]) -> str:
    """The same as text, ascending, neighbours as ranges."""
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][1] == number - 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)
