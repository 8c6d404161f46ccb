"""Variables: what users may set, and what a task is given (spec hpcpack-model, section 10). Pure."""

import re
from collections.abc import Mapping

from headgate.core.errors import BadRequest
from headgate.core.launch import OsAccount, Placement
from headgate.core.model import INT_MAX, Job, Run, Task
from headgate.core.soa import Tickets

LENGTH_LIMIT = 2048
"""Characters of all names and values of one object together."""

RESERVED = frozenset(
    {
        "CCP_JOBID",
        "CCP_TASKID",
        "CCP_TASKINSTANCEID",
        "CCP_TASKSYSTEMID",
        "CCP_TASKCONTEXT",
        "CCP_JOBNAME",
        "CCP_JOBTYPE",
        "CCP_JOBTEMPLATE",
        "CCP_NODES",
        "CCP_NODES_CORES",
        "CCP_NUMCPUS",
        "CCP_COREIDS",
        "CCP_WORKDIR",
        "CCP_STDIN",
        "CCP_STDOUT",
        "CCP_STDERR",
        "CCP_RERUNNABLE",
        "CCP_EXCLUSIVE",
        "CCP_RUNTIME",
        "CCP_RETRY_COUNT",
        "CCP_TASK_PREV_EXITCODE",
        "CCP_PREVIOUS_JOB_ID",
        "CCP_CLUSTER_NAME",
        "CCP_SCHEDULER",
        "CCP_CONNECTIONSTRING",
        "CCP_OWNER_SID",
        "CCP_ENVLIST",
        "CCP_MPI_WORKDIR",
        "CCP_MPI_NETMASK",
        "CCP_MPI_HOSTFILE",
        "CCP_HOME",
        "CCP_DATA",
        "CCP_LOGROOT_USR",
        "CCP_LOGROOT_SYS",
        "CCP_SERVICEREGISTRATION_PATH",
        "HPC_RUNTIMESHARE",
    }
)
"""Names that the system sets and users may not (inferred; the documented user switches are not among them).
"""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.()-]*\Z")


def merge(present: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """`present` with the changes applied: an empty (or no) value deletes.

    Raises BadRequest, naming the variable.
    """
    merged = dict(present)
    for name, value in changes.items():
        if not _NAME.match(name) or len(name) > 255:
            raise BadRequest(
                f"{name[:80]!r} cannot be the name of an environment variable.",
                code="Operation_InvalidEnvironmentVarName",
            )
        if name.upper() in RESERVED:
            raise BadRequest(
                f"{name} is set by the system and cannot be set by users.",
                code="Operation_PreservedEnvironmentVariables",
            )
        if not value:
            merged.pop(name, None)
            continue
        if "\0" in value:
            raise BadRequest(
                f"The value of {name} holds a NUL character.", code="Operation_InvalidEnvironmentVarValue"
            )
        merged[name] = value
    size = sum(len(name) + len(value) for name, value in merged.items())
    if size > LENGTH_LIMIT:
        raise BadRequest(
            f"The variables would have {size} characters together; the limit is {LENGTH_LIMIT}.",
            code="Operation_EnvironmentVarValueTooLong",
            parameters=(str(LENGTH_LIMIT),),
        )
    return merged


SCRIPT_LENGTH_LIMIT = 256 * 1024
"""Characters of all names and values of a job that came as a script, which may bring a whole environment.

They are written with every change of the job.
"""
VALUE_LIMIT = 128 * 1024 - 4096
"""Characters of one of them: what the kernel takes (execve(2), MAX_ARG_STRLEN), with some room for its name.
"""


def of_script(variables: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The variables of a job that came as a script, and the names of those that only the system sets: they
    are left out.

    Unlike `merge`: an empty value is a value, and any name is one that a program could have been given.
    Raises BadRequest, naming the variable.
    """
    kept: dict[str, str] = {}
    left_out: list[str] = []
    for name, value in variables.items():
        if not name or "=" in name or "\0" in name:
            raise BadRequest(
                f"{name[:80]!r} cannot be the name of an environment variable.",
                code="Operation_InvalidEnvironmentVarName",
            )
        if "\0" in value or len(name) + len(value.encode("utf-8", "surrogateescape")) > VALUE_LIMIT:
            raise BadRequest(
                f"The value of {name[:80]} holds a NUL character or is longer than {VALUE_LIMIT} bytes.",
                code="Operation_InvalidEnvironmentVarValue",
            )
        if name.upper() in RESERVED:
            left_out.append(name)
        else:
            kept[name] = value
    size = sum(len(name) + len(value) for name, value in kept.items())
    if size > SCRIPT_LENGTH_LIMIT:
        raise BadRequest(
            f"The variables have {size} characters together; the limit is {SCRIPT_LENGTH_LIMIT}.",
            code="Operation_EnvironmentVarValueTooLong",
            parameters=(str(SCRIPT_LENGTH_LIMIT),),
        )
    return kept, left_out


class Site:
    """Facts about the installation that every task is told.

    account: the server's own, under which everything runs where the server is not root. time_zone: IANA name
    of the zone of local times. tickets: for hosts of services; None: there are no sessions.
    """

    def __init__(
        self,
        cluster: str,
        head_node: str,
        account: OsAccount | None = None,
        time_zone: str = "UTC",
        tickets: Tickets | None = None,
    ) -> None:
        self.cluster = cluster
        self.head_node = head_node
        self.account = account
        self.time_zone = time_zone
        self.tickets = tickets


def task_environment(
    job: Job,
    task: Task,
    instance: int,
    run: Run,
    placement: Placement,
    paths: Mapping[str, str],
    site: Site,
    seconds_left: float | None,
) -> tuple[tuple[str, str], ...]:
    """All variables of one run: the system's, then the template's, the job's, the task's own, later ones
    winning (10.1, 10.2).

    paths: work directory and the three streams after substitution, under CCP_WORKDIR, CCP_STDIN,
    CCP_STDOUT, CCP_STDERR.
    """
    first = placement.shares[0] if placement.shares else None
    retries = run.auto_requeue_count + run.failure_retry_count + run.requeue_count
    system = {
        "CCP_JOBID": str(job.id),
        "CCP_TASKID": str(task.number),
        "CCP_TASKINSTANCEID": str(instance),
        "CCP_TASKSYSTEMID": str(task.system_id),
        "CCP_TASKCONTEXT": f"{job.id}.{task.system_id}",
        "CCP_JOBNAME": job.spec.name,
        "CCP_JOBTYPE": (job.spec.job_type.name or "Batch").title(),
        "CCP_JOBTEMPLATE": job.spec.template,
        "CCP_NODES": _per_node(placement, allocated=True),
        "CCP_NODES_CORES": _per_node(placement, allocated=False),
        "CCP_NUMCPUS": str(sum(len(share.cores) for share in placement.shares)),
        "CCP_COREIDS": " ".join(map(str, first.cores)) if first else "",
        **paths,
        "CCP_RERUNNABLE": str(task.spec.rerunnable),
        "CCP_EXCLUSIVE": str(task.spec.exclusive or job.spec.exclusive),
        "CCP_RUNTIME": str(INT_MAX if seconds_left is None else int(seconds_left)),
        "CCP_RETRY_COUNT": str(retries),
        "CCP_CLUSTER_NAME": site.cluster,
        "CCP_SCHEDULER": site.head_node,
        "CCP_CONNECTIONSTRING": site.head_node,
    }
    if retries:
        system["CCP_TASK_PREV_EXITCODE"] = str(run.exit_code)
    user = {**job.template_environment, **job.environment, **task.environment}
    system["CCP_ENVLIST"] = ",".join(user)
    return tuple({**system, **user}.items())


def _per_node(placement: Placement, *, allocated: bool) -> str:
    parts = [str(len(placement.shares))]
    for share in placement.shares:
        parts += [share.node, str(len(share.cores) if allocated else share.node_cores)]
    return " ".join(parts)
