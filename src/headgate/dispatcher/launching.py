"""From a decision to something an engine can start: builds the launches of an intent. Pure.

The same intent always gives the same submission, so that one that was decided but never reached the engine
can be built again after a restart. A job that came as a script is started as its flavour says (`Manners`).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog
from msgspec.structs import replace

from headgate.core.environment import Site, task_environment
from headgate.core.errors import HeadgateError
from headgate.core.launch import Launch, NodeShare, OsAccount, Placement
from headgate.core.model import Intent, Job, Run, Share, Task, TaskSpec
from headgate.core.resources import units_of
from headgate.core.scripts import Manners, RunFacts, shebang
from headgate.core.soa import TICKET
from headgate.core.sweep import index_of, instance_spec
from headgate.core.validation import NODE_RELEASE_LIMIT_S
from headgate.core.vocabulary import TaskType
from headgate.ports.engine import Ended, Ending, Fault, Item, Order, Submission
from headgate.ports.flavour import Flavour

log = structlog.get_logger("headgate.dispatcher")

Flavours = Mapping[str, Flavour]
JOB_LIMIT_MARGIN_S = 5.0
"""The engine ends a run this long after the job's run time is over, in case the server does not."""


class LaunchImpossible(HeadgateError):
    """This run can't be described to an engine."""


def not_startable(intent: Intent, numbers: Iterable[int], now: int, fault: Fault, reason: str) -> list[Ended]:
    """The endings of runs that no engine was given."""
    return [
        Ended(
            intent=intent.id,
            instance=number,
            ending=Ending.NOT_STARTABLE,
            at=now,
            fault=fault,
            reason=reason,
        )
        for number in numbers
    ]


def placement_of(shares: Sequence[Share], cores: Mapping[str, int]) -> Placement:
    """The placement for an engine. `cores`: how many each node has in all."""
    return Placement(
        tuple(
            NodeShare(share.node, share.cores, cores.get(share.node, len(share.cores)), share.parts)
            for share in shares
        )
    )


def seconds_left(job: Job, task: Task, now: int) -> float | None:
    """Seconds a run may take: the task's limit, or what is left of the job's if that is less.

    The run time of a job that came as a script is that of each run, as in all flavours (spec pbs, section 9;
    Slurm, `--time` of an array): its instances may well start one after the other.
    """
    limits: list[float] = []
    if task.spec.runtime_s is not None:
        limits.append(float(task.spec.runtime_s))
    if task.spec.type is TaskType.NODE_RELEASE:
        limits.append(float(NODE_RELEASE_LIMIT_S))
    elif job.spec.runtime_s is not None:
        by_run = bool(job.spec.flavour)
        limits.append(float(job.spec.runtime_s) if by_run else _left_of_job(job, job.spec.runtime_s, now))
    return min(limits) if limits else None


def wall_time(job: Job, task: Task, now: int) -> float | None:
    """Seconds after which the engine ends a run: like `seconds_left`, with a margin where the job's own run
    time ends it, so that the job is ended as a whole.
    """
    limit = seconds_left(job, task, now)
    by_itself = bool(job.spec.flavour) or task.spec.type is TaskType.NODE_RELEASE
    if limit is None or job.spec.runtime_s is None or by_itself:
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
    flavours: Flavours,
    now: int,
) -> Launch:
    """One run of a task, with the sweep's value filled in. Raises LaunchImpossible."""
    spec = task.spec if job.spec.flavour else instance_spec(task.spec, instance)
    seconds = seconds_left(job, task, now)
    manners = _manners(job, task, instance, placement, account or site.account, site, flavours, seconds)
    spec = (
        _joined(spec)
        if manners is None
        else replace(
            spec, work_directory=manners.work_directory, stdout=manners.stdout, stderr=manners.stderr
        )
    )
    paths = {
        "CCP_WORKDIR": spec.work_directory,
        "CCP_STDIN": spec.stdin,
        "CCP_STDOUT": spec.stdout,
        "CCP_STDERR": spec.stderr,
    }
    variables = task_environment(job, task, instance, run, placement, paths, site, seconds)
    more: dict[str, Any] = {}
    if manners is not None:
        variables = tuple({**dict(variables), **manners.environment}.items())
        more = {
            "files": tuple(manners.files.items()),
            "scratch": manners.scratch,
            "output_directory": manners.output_directory,
            "script_file": job.spec.script_file,
        }
    return Launch(
        script=spec.script or spec.command_line.encode() + b"\n",
        **_interpreter(spec, login=manners is not None and manners.login),
        work_directory=spec.work_directory,
        stdin=spec.stdin,
        stdout=spec.stdout,
        stderr=spec.stderr,
        append=spec.append,
        environment=variables,
        wall_time_s=wall_time(job, task, now),
        stop_signal=job.spec.stop_signal,
        grace_s=job.spec.stop_grace_s,
        limit_signal=job.spec.limit_signal,
        **_warning(job, seconds),
        limits=tuple(spec.limits.items()),
        umask=spec.umask,
        account=account,
        **more,
    )


def _manners(
    job: Job,
    task: Task,
    instance: int,
    placement: Placement,
    account: OsAccount | None,
    site: Site,
    flavours: Flavours,
    seconds: float | None,
) -> Manners | None:
    """How the job's flavour starts this run; None for a job that did not come as a script."""
    if not job.spec.flavour:
        return None
    flavour = flavours.get(job.spec.flavour)
    if flavour is None:
        raise LaunchImpossible(f"This server does not know the script flavour {job.spec.flavour!r}.")
    sweep = task.spec.type is TaskType.PARAMETRIC_SWEEP
    facts = RunFacts(
        job=job,
        task=task,
        instance=instance,
        index=index_of(task.spec, instance) if sweep and instance else None,
        placement=placement,
        home=account.home if account else "",
        shell=account.shell if account else "",
        user=account.name if account else "",
        cluster=site.cluster,
        seconds=seconds,
        time_zone=site.time_zone,
    )
    try:
        return flavour.manners(facts)
    except Exception as error:  # whatever it is, it is this job's affair, and all others must go on
        log.exception("manners_failed", job=job.id, task=task.number, flavour=job.spec.flavour)
        raise LaunchImpossible(f"The flavour {job.spec.flavour} can't start it: {error!r}") from error


def _joined(spec: TaskSpec) -> TaskSpec:
    """With one file for both streams where they are to be joined."""
    if spec.join == "oe":
        return replace(spec, stderr=spec.stdout)
    return replace(spec, stdout=spec.stderr) if spec.join == "eo" else spec


def _interpreter(spec: TaskSpec, *, login: bool) -> dict[str, Any]:
    """What runs the script: what the task names, else what the script's first line says, else the shell.

    Under a login shell that is the one the task names, and the script's first line is heeded (spec pbs,
    section 7).
    """
    try:
        said = shebang(spec.script)
    except ValueError as error:
        raise LaunchImpossible(f"The first line of the script can't be understood: {error}.") from error
    if login:
        return {"interpreter": said, "login": True, "shell": spec.interpreter[0] if spec.interpreter else ""}
    return {"interpreter": spec.interpreter or said}


def _warning(job: Job, seconds: float | None) -> dict[str, Any]:
    if not job.spec.warning_signal or seconds is None:
        return {}
    after = max(0.0, seconds - job.spec.warning_before_s)
    return {"warning_signal": job.spec.warning_signal, "warning_after_s": after}


def submission(
    intent: Intent,
    job: Job,
    task: Task,
    runs: Mapping[int, Run],
    placement: Placement,
    account: OsAccount | None,
    site: Site,
    flavours: Flavours,
    now: int,
) -> Submission:
    """The submission of an intent. `runs`: of those instances that ran before. Raises LaunchImpossible."""

    def item(number: int) -> Item:
        run = runs.get(number, Run())
        made = launch(job, task, number, run, placement, account, site, flavours, now)
        if site.tickets is not None and job.spec.service_name and task.spec.type is TaskType.SERVICE:
            # What a host of a session connects with; for a job that is none, the broker will not have it.
            ticket = site.tickets.file(job.id, number, intent.id)
            made = replace(made, files=(*made.files, (TICKET, ticket)))
        return Item(number, made)

    return Submission(
        tag=intent.tag,
        intent=intent.id,
        lane=intent.lane,
        placement=placement,
        items=tuple(item(number) for number in intent.instances),
        order=None if intent.lane else order(job, task, now),
    )


def order(job: Job, task: Task, now: int) -> Order:
    """What a scheduler has to know of a task."""
    return Order(
        job_id=job.id,
        owner=job.owner,
        job=job.spec,
        task=task.spec,
        at_once=at_once(job, task),
        wall_time_s=seconds_left(job, task, now),
    )


def at_once(job: Job, task: Task) -> int:
    """How many instances of a task may run at the same time: as the task says, and as many as fit into the
    maximum of its job; 0: as many as there is room for.
    """
    limits = [task.spec.max_running] if task.spec.max_running else []
    most = job_maximum(job)
    if most is not None:
        limits.append(max(1, most // max(1, units_of(task.spec, job.spec.unit_type)[0])))
    return min(limits, default=0)


def job_maximum(job: Job) -> int | None:
    """Units that the job may have at once; None for no limit."""
    high = None if job.spec.auto_calculate_max else units_of(job.spec, job.spec.unit_type)[1]
    target = job.spec.target_resource_count
    if target:
        high = target if high is None else min(high, target)
    return high
