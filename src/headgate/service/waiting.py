"""Jobs that wait: held, for their time, or for other jobs. What they wait for, decided from what is stored.

`outlook` is the whole answer; `endings.review_pending` acts on it. The conditions are those of spec pbs,
section 10, and of Slurm's `--dependency`; chains of steps are in `chains.py`.
"""

from collections.abc import Iterable
from enum import Enum

from msgspec import Struct

from headgate.core.model import Job, JobDependency, Mishap
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.core.vocabulary import DependencyCondition, HoldKind, PendingReason, TaskType
from headgate.ports.store import Reader
from headgate.service.chains import step_outlook

_BEGUN = FINAL_JOB_STATES | {JobState.RUNNING, JobState.FINISHING, JobState.CANCELING}
_MET = {
    DependencyCondition.SUCCEEDED: frozenset({JobState.FINISHED}),
    DependencyCondition.FAILED: frozenset({JobState.FAILED, JobState.CANCELED}),
    DependencyCondition.ENDED: FINAL_JOB_STATES,
    DependencyCondition.STARTED: _BEGUN,
    DependencyCondition.CORRESPONDS: frozenset({JobState.FINISHED}),
}


class Outlook(Struct, frozen=True):
    """Why a queued job may not start yet, resources aside; NONE when it may.

    wakes: when (microseconds) it may, where that is known. dropped: why it is to be cancelled instead.
    """

    reason: PendingReason = PendingReason.NONE
    wakes: int | None = None
    dropped: Mishap | None = None


FREE = Outlook()


def outlook(reader: Reader, job: Job, now: int) -> Outlook:
    """What a queued job waits for."""
    spec = job.spec
    others = _others(reader, job, now) if _is_linked(job) else FREE
    if others.dropped is not None:
        return others
    if spec.holds:
        held = HoldKind.USER in spec.holds
        return Outlook(PendingReason.HELD_BY_USER if held else PendingReason.HELD_BY_ADMIN)
    if others.reason is not PendingReason.NONE:
        return others
    if spec.not_before is not None and spec.not_before > now:
        return Outlook(PendingReason.HELD_BY_USER)
    return FREE


def _is_linked(job: Job) -> bool:
    spec = job.spec
    return bool(spec.depends_on or spec.awaits or spec.rivals or spec.singleton or spec.step)


def _others(reader: Reader, job: Job, now: int) -> Outlook:
    """The first other job that it waits for, or that forbids it."""
    spec = job.spec
    for rival in reader.jobs(spec.rivals) if spec.rivals else ():
        if rival.times.started is not None:
            return Outlook(dropped=dropped_by(rival.id))
    parents = _parents(reader, job, now) if spec.depends_on else FREE
    if parents.dropped is not None:
        return parents
    if spec.awaits > 0:
        return Outlook(PendingReason.PARENT_JOBS_NOT_FINISHED)
    if parents.reason is not PendingReason.NONE:
        return parents
    if spec.singleton and spec.name and reader.earlier_namesake(job.owner, spec.name, job.id) is not None:
        return Outlook(PendingReason.DEPENDENCY_NOT_DONE)
    if spec.step is not None:
        waits, dropped = step_outlook(reader, job)
        return Outlook(PendingReason.PARENT_JOBS_NOT_FINISHED if waits else PendingReason.NONE, None, dropped)
    return FREE


def dropped_by(job_id: int) -> Mishap:
    """Why a job is dropped of which another one has decided that it will never run."""
    return Mishap("Script_DroppedByDependency", (str(job_id),))


# ---- dependencies


class _Says(Enum):
    MET = "met"
    WAITS = "waits"
    HOPELESS = "hopeless"


class _Word(Struct, frozen=True):
    """What one dependency says; `at`: when it was or will be met."""

    says: _Says
    at: int
    job_id: int


def _parents(reader: Reader, job: Job, now: int) -> Outlook:
    known = {parent.id: parent for parent in reader.jobs([one.job_id for one in job.spec.depends_on])}
    words = [_word(reader, job, one, known.get(one.job_id)) for one in job.spec.depends_on]
    hopeless = [word for word in words if word.says is _Says.HOPELESS]
    met = [word for word in words if word.says is _Says.MET]
    if job.spec.depends_on_any:
        lost = len(hopeless) == len(words)
        done = any(word.at <= now for word in met)
        wakes = min((word.at for word in met), default=None)
    else:
        lost = bool(hopeless)
        done = len(met) == len(words) and all(word.at <= now for word in met)
        wakes = max((word.at for word in met), default=None) if len(met) == len(words) else None
    if done:
        return FREE
    if lost:
        dropped = dropped_by(hopeless[0].job_id) if job.spec.drop_when_hopeless else None
        return Outlook(PendingReason.PARENT_JOBS_CANCELED_OR_FAILED, None, dropped)
    return Outlook(PendingReason.PARENT_JOBS_NOT_FINISHED, wakes)


def _word(reader: Reader, job: Job, dependency: JobDependency, parent: Job | None) -> _Word:
    if parent is None:  # removed long after it ended; how, is only known if it kept this job waiting
        hopeless = job.pending_reason is PendingReason.PARENT_JOBS_CANCELED_OR_FAILED
        return _Word(_Says.HOPELESS if hopeless else _Says.MET, 0, dependency.job_id)
    ended = parent.state in FINAL_JOB_STATES
    unrun = ended and parent.times.started is None and parent.state is not JobState.FINISHED
    met = parent.state in _MET[dependency.condition]
    if unrun and job.spec.drop_when_hopeless:
        met = False
    elif dependency.condition is DependencyCondition.CORRESPONDS and parent.state in _BEGUN and not unrun:
        met = met or by_instance(reader, job, parent)  # from now on each instance waits for its own
    if met:
        started = dependency.condition is DependencyCondition.STARTED
        since = (parent.times.started if started else None) or parent.times.ended or 0
        return _Word(_Says.MET, since + dependency.delay_s * 1_000_000, parent.id)
    return _Word(_Says.HOPELESS if ended else _Says.WAITS, 0, parent.id)


def by_instance(reader: Reader, job: Job, parent: Job) -> bool:
    """Whether a dependency between these goes instance by instance: both are one sweep."""
    return all(_is_sweep(reader, one) for one in (job, parent))


def _is_sweep(reader: Reader, job: Job) -> bool:
    return job.task_count == 1 and reader.task(job.id, 1).spec.type is TaskType.PARAMETRIC_SWEEP


def corresponding(reader: Reader, job: Job) -> Iterable[Job]:
    """The jobs for which this one waits instance by instance."""
    wanted = [one.job_id for one in job.spec.depends_on if one.condition is DependencyCondition.CORRESPONDS]
    return [parent for parent in reader.jobs(wanted) if by_instance(reader, job, parent)] if wanted else []
