"""Who may do what: every permission check there is.

Every user may list id, owner, name, state, priority and times of all jobs. Command lines, scripts,
environments, output and files are for the owner, operators and administrators. Owners, job administrators
and administrators change a job; operators may also cancel and finish it. Administrators manage users and
their groups; they and operators manage nodes. Keys of others take the root key. Jobs that were entered
elsewhere are changed by nobody (`require_ours`, which each `JobEdit` asks).
"""

from headgate.core.errors import EnteredElsewhere, NotPermitted
from headgate.core.model import Job
from headgate.core.soa import Session
from headgate.core.vocabulary import HoldKind, Role
from headgate.ports.identity import Caller

_CHANGE_ANY = Role.ADMIN | Role.JOBADMIN
_STOP_ANY = _CHANGE_ANY | Role.OPERATOR
_OPERATE = _STOP_ANY
_SEE_ALL = _STOP_ANY


def owns(caller: Caller, job: Job) -> bool:
    """Whether the caller is the job's owner (names compare case-insensitively)."""
    mine = job.owner.casefold()
    return mine in (caller.name.casefold(), caller.login.casefold())


def sees_all(caller: Caller) -> bool:
    """Whether the caller may read command lines, environment and output of all jobs."""
    return bool(caller.role & _SEE_ALL)


def require_ours(job: Job) -> None:
    """Raises EnteredElsewhere for a job that is only shown here: nobody may change it, whoever it is."""
    if job.foreign is not None:
        raise EnteredElsewhere(f"{elsewhere(job)}: change it there.")


def elsewhere(job: Job) -> str:
    """Where such a job was entered, for people."""
    native = "" if job.foreign is None else job.foreign.native
    by = job.engine.capitalize()
    return f"Job {job.id} was entered with {by}'s own commands (its id there is {native})"


def may_see_all(caller: Caller, job: Job) -> bool:
    """Whether the caller may read command lines, environment and output of this job."""
    return sees_all(caller) or owns(caller, job)


def require_seeing(caller: Caller, job: Job) -> None:
    """Raises NotPermitted unless `may_see_all`."""
    if not may_see_all(caller, job):
        raise NotPermitted(
            f"User {caller.name} may not read this of job {job.id}: it belongs to {job.owner}."
        )


def require_change(caller: Caller, job: Job) -> None:
    """Raises NotPermitted unless the caller may change the job."""
    if not (caller.role & _CHANGE_ANY or owns(caller, job)):
        raise NotPermitted(f"User {caller.name} may not change job {job.id}: it belongs to {job.owner}.")


def require_stop(caller: Caller, job: Job) -> None:
    """Raises NotPermitted unless the caller may cancel or finish the job."""
    if not (caller.role & _STOP_ANY or owns(caller, job)):
        raise NotPermitted(f"User {caller.name} may not stop job {job.id}: it belongs to {job.owner}.")


_MAY_HOLD = {HoldKind.USER: _STOP_ANY, HoldKind.OPERATOR: _OPERATE, HoldKind.SYSTEM: _CHANGE_ANY}


def require_hold(caller: Caller, job: Job, kind: HoldKind) -> None:
    """Raises NotPermitted unless the caller may set and release this kind of hold: the owner its own, an
    operator also those of operators, an administrator all (spec pbs, section 5).
    """
    if caller.role & _MAY_HOLD[kind] or (kind is HoldKind.USER and owns(caller, job)):
        return
    if kind is HoldKind.USER:
        raise NotPermitted(f"User {caller.name} may not hold job {job.id}: it belongs to {job.owner}.")
    who = "operator" if kind is HoldKind.OPERATOR else "jobadmin or admin"
    raise NotPermitted(
        f"User {caller.name} may not set or release a {kind.value} hold: that takes the role {who}."
    )


def require_node_rights(caller: Caller) -> None:
    """Raises NotPermitted unless the caller may change nodes."""
    if not caller.role & (Role.ADMIN | Role.OPERATOR):
        raise NotPermitted(f"User {caller.name} may not change nodes: that takes the role operator or admin.")


def require_admin(caller: Caller | None) -> None:
    """Raises NotPermitted unless the caller is an administrator; None stands for the local command line."""
    if caller is not None and not caller.role & Role.ADMIN:
        raise NotPermitted(f"User {caller.name} may not do this: it takes the role admin.")


def require_root(caller: Caller | None) -> None:
    """Raises NotPermitted unless the root key was shown; None stands for the local command line."""
    if caller is not None and not caller.root:
        raise NotPermitted("This takes the root key, or the local command line.")


def require_acting(caller: Caller) -> None:
    """Raises NotPermitted unless the caller may act as another user (spec hpcpack-2016, section 1.2)."""
    if not caller.role & _CHANGE_ANY:
        raise NotPermitted(
            f"User {caller.name} may not act as another user: that takes the role admin or jobadmin.",
            code="Operation_ServiceAsClientUserNotTrusted",
            parameters=(caller.name,),
        )


def check_run_as(owner: str, run_as: str) -> None:
    """Raises NotPermitted when a job names a RunAs user other than its owner."""
    if run_as and _plain(run_as) != _plain(owner):
        raise NotPermitted(
            f"UserName {run_as} is not the owner of the job ({owner}): jobs run as their owner.",
            code="Operation_AuthenticationFailure",
            parameters=(run_as,),
        )


def _plain(name: str) -> str:
    """`alice` for `DOMAIN\\alice` and `alice@domain`: there is one list of users, whatever the domain is
    called.
    """
    return name.rpartition("\\")[2].partition("@")[0].casefold()


def may_use_session(caller: Caller, session: Session) -> bool:
    """Whether the caller may use a session: its owner, and where it is shared everybody."""
    return session.start.shared or may_end_session(caller, session)


def may_end_session(caller: Caller, session: Session) -> bool:
    """Whether the caller may close a session: its owner, and whoever may cancel any job."""
    mine = session.owner.casefold()
    return bool(caller.role & _STOP_ANY) or mine in (caller.name.casefold(), caller.login.casefold())
