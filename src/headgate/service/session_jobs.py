"""The Service job of a session: making one, growing and shrinking it, ending it."""

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from headgate.core.errors import NotFound
from headgate.core.lifecycle import JobHappened
from headgate.core.model import Job, JobSpec, Mishap, TaskSpec
from headgate.core.properties import JOB, Property
from headgate.core.soa import SessionStart
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.core.vocabulary import Intention, JobType, TaskType, UnitType
from headgate.ports.store import Store, Transaction
from headgate.service.edit import JobEdit
from headgate.service.endings import WINDING, settle, stop_job
from headgate.service.jobs import NewJob, NewTask

NAME_LIMIT: Final = 80
_UNITS: Final = ("Cores", "Sockets", "Nodes")


def new_job(start: SessionStart, command: str) -> NewJob:
    """The job of a session: one Service task, one unit for each instance, as many as the broker asks for
    (`target_resource_count`). command: what an instance runs.
    """
    unit = UnitType(start.unit_type)
    changes: dict[Property, object] = {
        JOB["Name"]: (start.job_name or f"{start.service} - SOA session")[:NAME_LIMIT],
        JOB["ServiceName"]: start.service,
        JOB["UnitType"]: unit,
        JOB["TargetResourceCount"]: max(1, start.min_units or 1),
        JOB["AutoCalculateMin"]: start.min_units is None,
        JOB["AutoCalculateMax"]: start.max_units is None,
    }
    kind = _UNITS[start.unit_type]
    if start.min_units is not None:
        changes[JOB[f"Min{kind}"]] = start.min_units
    if start.max_units is not None:
        changes[JOB[f"Max{kind}"]] = start.max_units
    said: Mapping[str, object] = {
        "Project": start.project,
        "JobTemplate": start.template,
        "NodeGroups": start.node_groups,
        "RequestedNodes": start.requested_nodes,
    }
    changes |= {JOB[name]: value for name, value in said.items() if value}
    if start.priority is not None:
        changes[JOB["ExpandedPriority"]] = start.priority
    if start.runtime_s is not None:
        changes[JOB["RuntimeSeconds"]] = start.runtime_s
    task = TaskSpec(
        name=start.service,
        type=TaskType.SERVICE,
        command_line=command,
        work_directory="/",  # every account has it; a service that wants another is registered with it
    )
    return NewJob(
        changes=changes,
        spec=JobSpec(job_type=JobType.SERVICE),
        tasks=[NewTask(spec=task)],
        environment=dict(start.environment),
    )


async def resize(store: Store, job_id: int, units: int) -> None:
    """Have the job use so many units, as far as there are. Nothing happens to one that is not open."""

    def change(tx: Transaction) -> None:
        job = _open_job(tx, job_id)
        if job is None or job.spec.target_resource_count == units:
            return
        edit = JobEdit(tx, job)
        edit.set_job(spec=replace(job.spec, target_resource_count=units))
        edit.touch()  # the dispatcher looks again
        settle(edit)

    await store.write(change)


async def finish(store: Store, job_id: int, message: str) -> None:
    """End the job as Finished, or, if it was never submitted, as Canceled."""

    def change(tx: Transaction) -> None:
        job = _open_job(tx, job_id)
        if job is None:
            return
        edit = JobEdit(tx, job)
        if job.state is JobState.CONFIGURING:
            mishap = Mishap("Operation_CanceledByUser", (message,))
            stop_job(edit, JobHappened.CANCEL_ASKED, Intention.CANCEL, mishap=mishap, message=message)
        else:
            stop_job(edit, JobHappened.FINISH_ASKED, Intention.FINISH, message=message)
        settle(edit)

    await store.write(change)


async def fail(store: Store, job_id: int, reason: str) -> None:
    """End the job as Failed, for this reason."""

    def change(tx: Transaction) -> None:
        job = _open_job(tx, job_id)
        if job is None:
            return
        edit = JobEdit(tx, job)
        mishap = Mishap("Execution_StartJobFailedOnNode", ("", reason))
        if job.state in (JobState.QUEUED, JobState.RUNNING):
            stop_job(edit, JobHappened.TASK_FAILURE_COUNTED, Intention.FAIL, mishap=mishap)
        else:
            stop_job(edit, JobHappened.CANCEL_ASKED, Intention.CANCEL, mishap=mishap)
        settle(edit)

    await store.write(change)


def _open_job(tx: Transaction, job_id: int) -> Job | None:
    """The job, while it has not ended and is not ending."""
    try:
        job = tx.job(job_id)
    except NotFound:
        return None
    return None if job.state in FINAL_JOB_STATES or job.state in WINDING else job
