"""Jobs that wait: held, for their time, or for other jobs."""

from headgate.core.model import Job, JobDependency
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.core.vocabulary import DependencyCondition, HoldKind, PendingReason
from headgate.ports.store import Reader
from headgate.service.edit import JobEdit


def pending_reason(reader: Reader, job: Job, now: int) -> PendingReason:
    """Why a queued job may not start yet, resources aside; NONE when it may."""
    if job.spec.holds:
        return PendingReason.HELD_BY_USER if HoldKind.USER in job.spec.holds else PendingReason.HELD_BY_ADMIN
    if job.spec.depends_on:
        parents = {parent.id: parent for parent in reader.jobs([one.job_id for one in job.spec.depends_on])}
        found = {_parent_says(job, one, parents.get(one.job_id)) for one in job.spec.depends_on}
        for reason in (PendingReason.PARENT_JOBS_CANCELED_OR_FAILED, PendingReason.PARENT_JOBS_NOT_FINISHED):
            if reason in found:
                return reason
    if job.spec.not_before is not None and job.spec.not_before > now:
        return PendingReason.HELD_BY_USER
    return PendingReason.NONE


_MET = {
    DependencyCondition.SUCCEEDED: frozenset({JobState.FINISHED}),
    DependencyCondition.FAILED: frozenset({JobState.FAILED, JobState.CANCELED}),
    DependencyCondition.ENDED: FINAL_JOB_STATES,
    DependencyCondition.STARTED: FINAL_JOB_STATES
    | {JobState.RUNNING, JobState.FINISHING, JobState.CANCELING},
}


def _parent_says(job: Job, dependency: JobDependency, parent: Job | None) -> PendingReason:
    if parent is None:  # removed long after it ended; how, is only known if it kept this job waiting
        hopeless = job.pending_reason is PendingReason.PARENT_JOBS_CANCELED_OR_FAILED
        return job.pending_reason if hopeless else PendingReason.NONE
    if parent.state in _MET[dependency.condition]:
        return PendingReason.NONE
    if parent.state in FINAL_JOB_STATES:
        return PendingReason.PARENT_JOBS_CANCELED_OR_FAILED
    return PendingReason.PARENT_JOBS_NOT_FINISHED


def review_pending(edit: JobEdit) -> None:
    """Block or unblock a queued job by what it waits for now. Call `settle` afterwards."""
    if edit.job.state is not JobState.QUEUED:
        return
    reason = pending_reason(edit.tx, edit.job, edit.tx.now)
    blocked = reason is not PendingReason.NONE
    if blocked == edit.job.blocked and reason is edit.job.pending_reason:
        return
    edit.set_job(blocked=blocked, pending_reason=reason)
    edit.recount_ready()
