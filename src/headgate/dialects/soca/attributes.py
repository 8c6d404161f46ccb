"""A job of ours as the attributes that PBS lists (spec pbs, section 12). Pure.

`of_job` and `of_subjob` are the whole answer; what is measured nowhere (cput, mem) is left out rather than
made up. Everything in Variable_List, names and projects are strings; numbers are numbers (12.3).
"""

import posixpath
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from headgate.core.codes import message
from headgate.core.lines import Hindrance
from headgate.core.model import DEFAULT_PRIORITY, Instance, Job, JobSpec, Run, Share, Task, TaskSpec, Times
from headgate.core.states import FINAL_JOB_STATES, FINAL_TASK_STATES, JobState
from headgate.core.sweep import index_of
from headgate.core.vocabulary import HoldKind
from headgate.dialects.soca import states
from headgate.dialects.soca.states import Letter
from headgate.dialects.soca.times import MICROSECONDS, ctime, in_a_comment
from headgate.scripts.pbs import job_id, resource_list
from headgate.scripts.pbs.dependencies import depend_text
from headgate.scripts.pbs.quantities import write_time

NO_PROJECT: Final = "_pbs_project_default"
INDEX: Final = "^array_index^"
_HOLDS: Final = {HoldKind.USER: "u", HoldKind.OPERATOR: "o", HoldKind.SYSTEM: "s"}
_UMASK: Final = 0o077


class Site(Struct, frozen=True):
    """What attributes say of the installation. server: stands behind ids; host: behind users and paths."""

    server: str
    host: str
    zone: ZoneInfo


def full_id(job: Job, task: Task | None, site: Site, index: int | None = None) -> str:
    """`4711.head1`, `4711[].head1`, `4711[3].head1`."""
    return job_id(job.id, site.server, index, array=is_array(job, task))


def is_array(job: Job, task: Task | None) -> bool:
    """Whether it is what PBS calls an array: one task with instances, and no other."""
    return task is not None and job.task_count == 1 and task.spec.type.has_instances


class _One(NamedTuple):
    """A job, an array or a subjob (part: its index; None: not one), and what has become of it.

    run: its one run; an array has none of its own.
    """

    job: Job
    task: Task | None
    site: Site
    state: Letter
    times: Times
    run: Run
    ended: bool
    array: bool
    part: int | None = None

    @property
    def work(self) -> TaskSpec:
        return TaskSpec() if self.task is None else self.task.spec

    @property
    def host(self) -> str:
        return self.job.spec.submit_host or self.site.host


def of_job(
    job: Job,
    task: Task | None,
    site: Site,
    *,
    now: int,
    full: bool = True,
    hindrance: Hindrance | None = None,
) -> dict[str, Any]:
    """The attributes of a job. now: UTC microseconds. full False: without what is for its owner alone (4.5).

    task: the first one, which stands for the job; None where there is none. hindrance: what of its queue it
    waits for.
    """
    array = is_array(job, task)
    run = task.run if task is not None and not array else Run()
    ended = job.state in FINAL_JOB_STATES
    one = _One(job, task, site, states.of_job(job, array=array), job.times, run, ended, array)
    shown = _listed(one, now, full)
    if array and task is not None:
        shown |= _array(job, task)
    if hindrance is not None:
        shown["Resource_List"]["error_message"] = states.error_message(hindrance)
        shown["comment"] = "; ".join(filter(None, (f"Not Running: {hindrance.text}", _origin(job))))
    elif comment := _comment(one):
        shown["comment"] = comment
    if ended and job.times.started is not None:
        shown["Exit_status"] = _status_of(job, task, run)
    elif job.state is JobState.FAILED:
        shown["Exit_status"] = states.NOT_STARTED
    return shown


def of_subjob(
    job: Job, task: Task, instance: Instance, site: Site, *, now: int, full: bool = True
) -> dict[str, Any]:
    """The attributes of one instance of an array (9)."""
    index = index_of(task.spec, instance.number)
    ended = instance.state in FINAL_TASK_STATES
    state = states.of_subjob(job, instance.state)
    one = _One(job, task, site, state, instance.times, instance.run, ended, False, index)
    shown = _listed(one, now, full)
    shown["array_id"] = full_id(job, task, site)
    shown["array_index"] = index
    if ended and instance.times.started is not None:
        shown["Exit_status"] = states.exit_status(instance.run)
    if comment := _comment(one):
        shown["comment"] = comment
    return shown


def _listed(one: _One, now: int, full: bool) -> dict[str, Any]:
    """What jobs, arrays and subjobs say alike, nearly in the usual order."""
    spec, work, options = one.job.spec, one.work, one.job.spec.options
    owner = one.job.owner.rpartition("\\")[2]
    resources = resource_list(spec, work)
    shown: dict[str, Any] = {
        "Job_Name": spec.name,
        "Job_Owner": f"{owner}@{one.host}",
        "job_state": one.state.letter,
        "queue": spec.queue,
        "server": one.site.server,
        "Checkpoint": options.get("Checkpoint", "u"),
        "Hold_Types": _holds(one.job),
        "Join_Path": work.join or "n",
        "Keep_Files": options.get("Keep_Files", "n"),
        "Mail_Points": _mail_points(spec),
        "Priority": spec.priority - DEFAULT_PRIORITY,
        "Rerunable": str(work.rerunnable),
        "Resource_List": resources,
        "substate": one.state.substate,
        "project": spec.project or NO_PROJECT,
        "Submit_Host": one.host,
    }
    _add_times(shown, one)
    _add_run(shown, one, resources, now)
    _add_what_was_said(shown, one)
    if full:
        shown |= _outputs(one)
        if spec.email_address:
            shown["Mail_Users"] = spec.email_address
        shown["Variable_List"] = variables(one.job, one.site)
        shown["Submit_arguments"] = spec.script_file or spec.name
    return shown


def _add_times(shown: dict[str, Any], one: _One) -> None:
    zone, spec, times = one.site.zone, one.job.spec, one.times
    shown["ctime"] = ctime(one.job.times.created, zone)
    shown["mtime"] = ctime(times.changed, zone)
    submitted = one.job.times.submitted
    if submitted is not None:
        shown["qtime"] = ctime(submitted, zone)
        if not (one.job.state is JobState.QUEUED and one.job.blocked):
            shown["etime"] = ctime(max(submitted, spec.not_before or 0), zone)
    if spec.not_before is not None:
        shown["Execution_Time"] = ctime(spec.not_before, zone)
    if times.started is not None:
        shown["stime"] = ctime(times.started, zone)
    if one.ended and times.ended is not None:
        shown["history_timestamp"] = times.ended // MICROSECONDS
        if times.started is not None:
            shown["obittime"] = ctime(times.ended, zone)


def _add_run(shown: dict[str, Any], one: _One, resources: Mapping[str, Any], now: int) -> None:
    """Where it runs or ran, and what that took; nothing for the parent of an array."""
    run, times = one.run, one.times
    if one.array or times.started is None:
        return
    used = max(0, ((times.ended or now) - times.started) // MICROSECONDS)
    ncpus = _cores(run.shares) or resources["ncpus"]
    shown["resources_used"] = {"ncpus": ncpus, "walltime": write_time(used)}
    shown["run_count"] = 1 + run.requeue_count + run.auto_requeue_count + run.failure_retry_count
    if run.shares:
        shown["exec_host"] = "+".join(map(_slot, run.shares))
        shown["exec_vnode"] = "+".join(_vnode(share, one.work) for share in run.shares)


def _add_what_was_said(shown: dict[str, Any], one: _One) -> None:
    """Attributes that are there only where something was said."""
    spec, work = one.job.spec, one.work
    said = {
        "Account_Name": spec.account,
        "depend": depend_text(spec, lambda number: f"{job_id(number, one.site.server)}@{one.site.server}"),
        "group_list": spec.options.get("group_list", spec.group),
        "Shell_Path_List": spec.options.get("Shell_Path_List", ""),
    }
    if spec.flavour and work.interpreter and not said["Shell_Path_List"]:
        said["Shell_Path_List"] = work.interpreter[0]
    if spec.run_as.casefold() != one.job.owner.casefold():
        said["User_List"] = spec.run_as
    shown.update((name, value) for name, value in said.items() if value)
    if work.umask != _UMASK:
        shown["umask"] = int(f"{work.umask:o}")


def variables(job: Job, site: Site) -> dict[str, str]:
    """Variable_List: what the job gets of its submission, and its own variables (12.2)."""
    spec = job.spec
    return {
        **{f"PBS_O_{name}": value for name, value in spec.submit_variables.items()},
        **({"PBS_O_WORKDIR": spec.submit_directory} if spec.submit_directory else {}),
        "PBS_O_SYSTEM": "Linux",
        **job.environment,
        "PBS_O_QUEUE": spec.queue,
        "PBS_O_HOST": spec.submit_host or site.host,
    }


# ---- single attributes


def _outputs(one: _One) -> Mapping[str, str]:
    """Error_Path and Output_Path (8); none where the output is kept here instead of in a file."""
    spec, work = one.job.spec, one.work
    if not spec.flavour and not (work.stdout or work.stderr):
        return {}
    where = INDEX if one.part is None else str(one.part)
    suffix = f".{where}" if one.array or one.part is not None else ""
    folder = spec.submit_directory or work.work_directory
    paths = {}
    for name, path, letter in (("Error_Path", work.stderr, "e"), ("Output_Path", work.stdout, "o")):
        path = path.replace(INDEX, where) or f"{spec.name}.{letter}{one.job.id}{suffix}"
        paths[name] = f"{one.host}:{posixpath.join(folder, path)}"
    return paths


def _cores(shares: tuple[Share, ...]) -> int:
    return sum(len(share.cores) for share in shares)


def _slot(share: Share) -> str:
    cores = share.cores
    return f"{share.node}/{cores[0] if cores else 0}" + (f"*{len(cores)}" if len(cores) > 1 else "")


def _vnode(share: Share, work: TaskSpec) -> str:
    # mem is in KiB there, whatever unit it was asked for in.
    parts = [work.chunks[part] for part in share.parts if part < len(work.chunks)]
    memory = sum(chunk.memory for chunk in parts) // 1024
    return f"({share.node}:ncpus={len(share.cores)}" + (f":mem={memory}kb" if memory else "") + ")"


def _holds(job: Job) -> str:
    letters = "".join(letter for kind, letter in _HOLDS.items() if kind in job.spec.holds)
    if states.waits_for_jobs(job) and "s" not in letters:
        letters += "s"
    return letters or "n"


def _mail_points(spec: JobSpec) -> str:
    points = (
        ("a", spec.notify_on_failure),
        ("b", spec.notify_on_start),
        ("e", spec.notify_on_completion),
        ("j", spec.notify_each),
    )
    return "".join(letter for letter, wanted in points if wanted) or "n"


def _array(job: Job, task: Task) -> dict[str, Any]:
    """What only the parent of an array has."""
    spec = task.spec
    ended = task.finished + task.failed + task.canceled
    waiting = max(0, task.instance_count - ended - task.live)
    said = spec.index_set or f"{spec.start_value}-{spec.end_value}"
    if spec.increment != 1 and not spec.index_set:
        said += f":{spec.increment}"
    shown: dict[str, Any] = {
        "array": "True",
        "array_state_count": f"Queued:{waiting} Running:{task.live} Exiting:0 Expired:{ended}",
        "array_indices_submitted": said,
        "array_indices_remaining": _remaining(job, task, said),
    }
    if spec.max_running:
        shown["max_run_subjobs"] = spec.max_running
    return shown


def _remaining(job: Job, task: Task, said: str) -> str:
    """The indices that were never started, as far as one range can say them."""
    if job.state in FINAL_JOB_STATES or task.next_instance > task.instance_count > 0:
        return "-"
    if task.next_instance <= 1 or task.instance_count <= 0:
        return said
    first = index_of(task.spec, task.next_instance)
    last = index_of(task.spec, task.instance_count)
    step = f":{task.spec.increment}" if task.spec.increment != 1 and not task.spec.index_set else ""
    return str(first) if first == last else f"{first}-{last}{step}"


def _status_of(job: Job, task: Task | None, run: Run) -> int:
    """Exit_status: of the one task, else 0 where all went well and 1 where something did not (6)."""
    if task is not None and job.task_count == 1 and not task.spec.type.has_instances:
        return states.exit_status(run)
    return 0 if job.state is JobState.FINISHED else 1


def _comment(one: _One) -> str:
    """Why it does not run, or where it does and how that ended (5.1); and that it was entered elsewhere."""
    return "; ".join(filter(None, (_standing(one), _origin(one.job))))


def _origin(job: Job) -> str:
    if job.foreign is None:
        return ""
    return f"entered with {job.engine.capitalize()}'s own commands as {job.foreign.native}"


def _standing(one: _One) -> str:
    started = one.times.started
    if started is None:
        if one.ended:
            return _unrun(one)
        why = states.WHY_NOT[one.job.pending_reason]
        return f"Not Running: {why}" if why and one.state == states.QUEUED else ""
    text = f"Job {'Array Began' if one.array else 'run'} at {in_a_comment(started, one.site.zone)}"
    if one.run.shares:
        on = "+".join(f"({share.node}:ncpus={len(share.cores)})" for share in one.run.shares)
        text += f" on {on}"
    return text + (_ending(one) if one.ended else "")


def _unrun(one: _One) -> str:
    """Why what has ended was never started."""
    mishap = one.run.mishap or one.job.mishap
    if one.state.substate == states.FAILED and mishap is not None:
        return f"Job failed before it ran: {message(mishap)}"
    if mishap is not None and mishap.code in states.DROPPED:
        return message(mishap)
    return "Job was deleted before it ran"


def _ending(one: _One) -> str:
    if one.state.substate == states.FINISHED:
        return " and finished"
    mishap = one.run.mishap or one.job.mishap
    if mishap is not None and mishap.code in states.EXPIRED:
        return " and exceeded resource walltime"
    if one.state.substate == states.TERMINATED:
        return " and terminated"
    why = f": {message(mishap)}" if mishap is not None and states.never_started(one.run) else ""
    return f" and failed{why}"
