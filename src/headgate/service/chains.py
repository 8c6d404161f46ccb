"""Jobs tied to others when they are submitted: those that precede them, rivals, and chains of steps.

`link` runs in the transaction of the submit, after validation; what it refuses fails the job like anything
else that is not valid. A chain (PJM step job, spec pjm, section 4.2) is the job that opened it and its
children with a step; its parts run in the order of their numbers, which is that of their ids.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from headgate.core.errors import BadRequest
from headgate.core.model import Job, JobDependency, JobSpec, Mishap, Step, StepRule, Task
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.ports.store import Reader
from headgate.service.edit import JobEdit
from headgate.service.rights import elsewhere

MOST_TIES: Final = 1000
"""Other jobs that one job may name; each costs a row with every change of it."""
MOST_RIVALS: Final = 1000
MOST_STEPS: Final = 500
"""Parts of one chain; each looks at all that are before it when its turn comes."""
STEP_DELETED: Final = "Script_StepDeleted"

_COMPARE: Final[Mapping[str, Callable[[int, int], bool]]] = MappingProxyType(
    {">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le}
)


class LinkRefused(Exception):
    """This job can't be tied to others as it asks."""


def check_ties(spec: JobSpec) -> None:
    """Raises BadRequest for a job that names more others than it may."""
    count = len(spec.depends_on) + len(spec.precedes) + len(spec.rivals)
    if count > MOST_TIES or spec.awaits > MOST_TIES:
        raise BadRequest(f"A job can wait for, precede or exclude at most {MOST_TIES} others.")


def link(edit: JobEdit) -> tuple[Mishap | None, list[Job]]:
    """Tie a job that is being submitted to those it names. What is wrong, if anything is; and those jobs as
    they are to be: nothing of it is written yet.
    """
    spec = edit.job.spec
    changed: list[Job] = []
    try:
        if spec.precedes:
            changed += _precede(edit)
        if spec.rivals:
            changed += _oppose(edit)
        if spec.step is not None:
            _join(edit, spec.step)
    except LinkRefused as refused:
        return Mishap("Script_JobLink", (str(refused),)), []
    return None, changed


def _named(edit: JobEdit, job_ids: Sequence[int], what: str) -> list[Job]:
    """The jobs it names, all of them there and its owner's. Raises LinkRefused."""
    found = {job.id: job for job in edit.tx.jobs(job_ids)}
    for job_id in job_ids:
        if job_id not in found or job_id == edit.job.id:
            raise LinkRefused(f"There is no job {job_id} that it could {what}.")
        if found[job_id].foreign is not None:
            raise LinkRefused(f"{elsewhere(found[job_id])}: it can't {what} it.")
        if found[job_id].owner.casefold() != edit.job.owner.casefold():
            raise LinkRefused(f"Job {job_id}, which it is to {what}, belongs to somebody else.")
    return [found[job_id] for job_id in dict.fromkeys(job_ids)]


def _precede(edit: JobEdit) -> list[Job]:
    """The named jobs wait for this one, as OpenPBS's before… says (spec pbs, section 10)."""
    me, changed = edit.job.id, []
    wanted = {one.job_id: one for one in edit.job.spec.precedes}
    for job in _named(edit, list(wanted), "precede"):
        if any(one.job_id == me for one in job.spec.depends_on):
            continue  # it was submitted before, and is now submitted again
        if job.state is not JobState.QUEUED or job.spec.awaits < 1:
            raise LinkRefused(f"Job {job.id} does not wait for a job that precedes it.")
        if any(one.job_id == job.id for one in edit.job.spec.depends_on):
            raise LinkRefused(f"Job {job.id} can't both precede this one and wait for it.")
        condition = wanted[job.id].condition
        waits = (*job.spec.depends_on, JobDependency(me, condition, wanted[job.id].delay_s))
        spec = replace(job.spec, depends_on=waits, awaits=job.spec.awaits - 1)
        changed.append(replace(job, spec=spec))
    return changed


def _oppose(edit: JobEdit) -> list[Job]:
    """This one and the named ones, with their rivals, are one another's rivals."""
    direct = _named(edit, edit.job.spec.rivals, "be a rival of")
    all_ = {edit.job.id, *(job.id for job in direct), *(r for job in direct for r in job.spec.rivals)}
    if len(all_) > MOST_RIVALS:
        raise LinkRefused(f"At most {MOST_RIVALS} jobs can be one another's rivals.")
    edit.set_job(spec=replace(edit.job.spec, rivals=tuple(sorted(all_ - {edit.job.id}))))
    changed = []
    for job in edit.tx.jobs(all_ - {edit.job.id}):
        rivals = tuple(sorted(all_ - {job.id}))
        if rivals != job.spec.rivals and job.state not in FINAL_JOB_STATES:
            changed.append(replace(job, spec=replace(job.spec, rivals=rivals)))
    return changed


# ---- steps


def _join(edit: JobEdit, step: Step) -> None:
    """Find the chain, and the number in it."""
    if step.of is None and not step.of_name:
        edit.set_job(spec=replace(edit.job.spec, step=replace(step, number=step.number or 0)))
        return
    opener = step.of
    if opener is None:
        opener = edit.tx.chain_named(edit.job.owner, step.of_name)
        if opener is None:
            raise LinkRefused(f"There is no step job named {step.of_name[:80]!r}.")
    first = _named(edit, [opener], "be a step of")[0]
    if first.spec.step is None:
        raise LinkRefused(f"Job {opener} is no step job.")
    if first.spec.step.of is not None:  # a later step stands for its chain
        opener = first.spec.step.of
    chain = [job for job in members(edit.tx, opener) if job.id != edit.job.id]
    if edit.job.requeue_count and step.number is not None:
        return  # it has its place already, and is submitted again
    if all(job.state in FINAL_JOB_STATES for job in chain):
        raise LinkRefused(f"Step job {opener} has ended: no step can join it.")
    if len(chain) >= MOST_STEPS:
        raise LinkRefused(f"Step job {opener} has {len(chain)} steps: more than {MOST_STEPS} there can't be.")
    last = max((number_of(job) for job in chain), default=0)
    number = last + 1 if step.number is None else step.number
    if number <= last:
        raise LinkRefused(f"Step job {opener} has step {last}: a later one must have a greater number.")
    joined = replace(step, of=opener, of_name="", number=number)
    edit.set_job(spec=replace(edit.job.spec, step=joined))


def members(reader: Reader, opener: int) -> list[Job]:
    """The parts of a chain, in their order, as far as they are kept."""
    return [
        job
        for job in reader.jobs([opener, *reader.children(opener)])
        if job.spec.step is not None
        and opener in (job.id, job.spec.step.of)
        and job.state is not JobState.CONFIGURING
    ]


def next_step(reader: Reader, opener: int, job_id: int) -> list[int]:
    """The first part of a chain behind this one that has not ended, if there is one. All others behind it
    wait for that, and have their turn when it ends.
    """
    for one in sorted(reader.children(opener)):
        if one > job_id:
            job = reader.job(one)
            part = job.spec.step is not None and job.spec.step.of == opener
            if part and job.state not in FINAL_JOB_STATES | {JobState.CONFIGURING}:
                return [one]
    return []


def number_of(job: Job) -> int:
    """The number of a step."""
    return (job.spec.step.number if job.spec.step else None) or 0


def step_outlook(reader: Reader, job: Job) -> tuple[bool, Mishap | None]:
    """Whether a step waits for earlier ones; if not, whether and why it is deleted instead of run."""
    step = job.spec.step
    if step is None or step.of is None:
        return False, None
    earlier = [one for one in members(reader, step.of) if number_of(one) < number_of(job)]
    if any(one.state not in FINAL_JOB_STATES for one in earlier):
        return True, None
    for one in earlier:
        deleted = _deleted(one)
        if deleted == "all" or (deleted == "after" and _refers(step, number_of(one))):
            return False, Mishap(STEP_DELETED, (str(number_of(one)), deleted))
    ran = [one for one in earlier if one.times.started is not None]
    for rule in step.rules:
        looked_at = [one for one in ran if number_of(one) in rule.numbers] if rule.numbers else ran[-1:]
        for one in looked_at:
            if holds(rule, one, reader.task(one.id, 1)):
                return False, Mishap(STEP_DELETED, (str(number_of(one)), rule.deletes))
    return False, None


def _deleted(job: Job) -> str:
    """How a step was deleted by a rule; empty if it was not."""
    mishap = job.mishap
    return mishap.parameters[1] if mishap is not None and mishap.code == STEP_DELETED else ""


def _refers(step: Step, number: int) -> bool:
    """Whether a step's rules look at that one: it depends on it then."""
    return any(number in rule.numbers for rule in step.rules)


def holds(rule: StepRule, job: Job, task: Task) -> bool:
    """Whether a rule is true of a step that ran. Pure."""
    found = code_of(job, task) if rule.what == "pc" else exit_of(task)
    if rule.operator == "==":
        return found in rule.values
    if rule.operator == "!=":
        return found not in rule.values
    return any(_COMPARE[rule.operator](found, value) for value in rule.values)


def exit_of(task: Task) -> int:
    """PJM's ec: the script's exit code; 0 where a signal ended it (spec pjm, section 6)."""
    return 0 if task.run.signal is not None else task.run.exit_code


_CODES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "Operation_CanceledByUser": 1,
        "Operation_FinishedByUser": 1,
        "Script_DroppedByDependency": 6,
        STEP_DELETED: 6,
        "Execution_JobRuntimeExpired": 11,
        "Execution_TaskRuntimeExpired": 11,
        "Execution_WorkingDirectoryNotFound": 16,
        "Execution_FailedToOpenStandardInput": 16,
        "Execution_FailedToOpenStandardOutput": 16,
        "Execution_FailedToOpenStandardError": 16,
        "Execution_NodeError": 20,
        "Execution_StartJobFailedOnNode": 21,
    }
)


def code_of(job: Job, task: Task) -> int:
    """PJM's pc: what the manager says of an ended job, 0 where its script came to its own end (spec pjm,
    section 6). Pure.
    """
    for mishap in (job.mishap, task.run.mishap):
        if mishap is not None and mishap.code in _CODES:
            return _CODES[mishap.code]
    return 0
