"""From a decision to something an engine can start: builds the launches of an intent. Pure.

The same intent always gives the same submission, so that one that was decided but never reached the engine
can be built again after a restart.
"""

from collections.abc import Mapping, Sequence

from headgate.core.environment import Site, task_environment
from headgate.core.launch import Launch, NodeShare, OsAccount, Placement
from headgate.core.model import Intent, Job, Run, Share, Task
from headgate.core.sweep import instance_spec
from headgate.core.validation import NODE_RELEASE_LIMIT_S
from headgate.core.vocabulary import TaskType
from headgate.ports.engine import Item, Submission

JOB_LIMIT_MARGIN_S = 5.0
"""The engine ends a run this long after the job's run time is over, in case the server does not."""


def placement_of(shares: Sequence[Share], cores: Mapping[str, int]) -> Placement:
    """The placement for an engine. `cores`: how many each node has in all."""
    return Placement(
        tuple(NodeShare(share.node, share.cores, cores.get(share.node, len(share.cores))) for share in shares)
    )


def seconds_left(job: Job, task: Task, now: int) -> float | None:
    """Seconds a run may take: the task's limit, or what is left of the job's if that is less."""
    limits: list[float] = []
    if task.spec.runtime_s is not None:
        limits.append(float(task.spec.runtime_s))
    if task.spec.type is TaskType.NODE_RELEASE:
        limits.append(float(NODE_RELEASE_LIMIT_S))
    elif job.spec.runtime_s is not None:
        limits.append(_left_of_job(job, job.spec.runtime_s, now))
    return min(limits) if limits else None


def wall_time(job: Job, task: Task, now: int) -> float | None:
    """Seconds after which the engine ends a run: like `seconds_left`, with a margin where the job's own run
    time ends it, so that the job is ended as a whole.
    """
    limit = seconds_left(job, task, now)
    if limit is None or job.spec.runtime_s is None or task.spec.type is TaskType.NODE_RELEASE:
        return limit
    with_margin = _left_of_job(job, job.spec.runtime_s, now) + JOB_LIMIT_MARGIN_S
    return with_margin if task.spec.runtime_s is None else min(float(task.spec.runtime_s), with_margin)


def _left_of_job(job: Job, runtime_s: int, now: int) -> float:
    since = now if job.times.started is None else job.times.started
    return max(0.0, runtime_s - (now - since) / 1e6)


def launch(
    job: Job,
    task: Task,
    instance: int,
    run: Run,
    placement: Placement,
    account: OsAccount | None,
    site: Site,
    now: int,
) -> Launch:
    """One run of a task, with the sweep's value filled in."""
    spec = instance_spec(task.spec, instance) if task.spec.type is TaskType.PARAMETRIC_SWEEP else task.spec
    paths = {
        "CCP_WORKDIR": spec.work_directory,
        "CCP_STDIN": spec.stdin,
        "CCP_STDOUT": spec.stdout,
        "CCP_STDERR": spec.stderr,
    }
    return Launch(
        script=spec.script or spec.command_line.encode() + b"\n",
        interpreter=spec.interpreter,
        work_directory=spec.work_directory,
        stdin=spec.stdin,
        stdout=spec.stdout,
        stderr=spec.stderr,
        environment=task_environment(
            job, task, instance, run, placement, paths, site, seconds_left(job, task, now)
        ),
        wall_time_s=wall_time(job, task, now),
        stop_signal=job.spec.stop_signal,
        grace_s=job.spec.stop_grace_s,
        umask=spec.umask,
        account=account,
    )


def submission(
    intent: Intent,
    job: Job,
    task: Task,
    runs: Mapping[int, Run],
    placement: Placement,
    account: OsAccount | None,
    site: Site,
    now: int,
) -> Submission:
    """The submission of an intent. `runs`: of those instances that ran before."""
    return Submission(
        tag=intent.tag,
        intent=intent.id,
        lane=intent.lane,
        placement=placement,
        items=tuple(
            Item(number, launch(job, task, number, runs.get(number, Run()), placement, account, site, now))
            for number in intent.instances
        ),
    )
