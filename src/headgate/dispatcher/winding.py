"""Ending jobs: which live runs are to be stopped, and NodeRelease on the nodes a job leaves."""

from collections.abc import Iterable

from msgspec import Struct

from headgate.core.errors import NotFound, NotPermitted
from headgate.core.model import Intent, Job, Share, Task
from headgate.core.states import FINAL_TASK_STATES, TaskState
from headgate.core.vocabulary import Intention, TaskType
from headgate.dispatcher.handing import node_duty
from headgate.dispatcher.scheduling import Walk
from headgate.ports.engine import Key
from headgate.ports.store import Reader
from headgate.service.edit import JobEdit
from headgate.service.endings import RELEASABLE, WINDING, settle

_STOPPING = frozenset({TaskState.FINISHING, TaskState.CANCELING})


class Stop(Struct, frozen=True):
    """Runs to be stopped, and how."""

    keys: tuple[Key, ...]
    stop_signal: str
    grace_s: float
    forced: bool


def stops(reader: Reader, job: Job, intents: Iterable[Intent]) -> list[Stop]:
    """What is to be stopped of a job's live runs now. Naming a run that has already ended does no harm."""
    gentle: list[Key] = []
    forced: list[Key] = []
    tasks: dict[int, Task] = {}
    for intent in intents:
        task = tasks.get(intent.task)
        if task is None:
            task = tasks[intent.task] = reader.task(job.id, intent.task)
        for number, hard in _to_stop(reader, job, task, intent):
            (forced if hard else gentle).append(Key(intent.id, number))
    found = []
    if gentle:
        over = job.intention is Intention.EXPIRE
        polite = (job.spec.limit_signal if over else "") or job.spec.stop_signal
        found.append(Stop(tuple(gentle), polite, job.spec.stop_grace_s, forced=False))
    if forced:
        found.append(Stop(tuple(forced), job.spec.stop_signal, 0.0, forced=True))
    return found


def _to_stop(reader: Reader, job: Job, task: Task, intent: Intent) -> list[tuple[int, bool]]:
    """Instances of this intent, each with whether it is forced."""
    hard = job.forced or task.run.forced
    if job.state in WINDING:
        keeps = task.spec.type is TaskType.NODE_RELEASE and not job.forced
        return [] if keeps else [(number, hard) for number in intent.instances]
    if task.state in FINAL_TASK_STATES:
        return []
    if task.run.intention is not Intention.NONE or task.state in _STOPPING:
        return [(number, hard) for number in intent.instances]
    if task.spec.type is TaskType.BASIC:
        return []
    rows = reader.instances(job.id, task.number, states=_STOPPING)
    return [(row.number, row.run.forced) for row in rows if row.number in intent.instances]


def release_nodes(walk: Walk, job_id: int) -> None:
    """Run NodeRelease on each node of a job that is ending, once nothing else of it is live."""
    try:
        job = walk.tx.job(job_id)
    except NotFound:
        return
    if job.state not in WINDING or job.live or job.forced:
        return
    left = [node for node, phase in job.node_phases.items() if phase in RELEASABLE]
    if not left:
        return
    edit = JobEdit(walk.tx, job)
    release = node_duty(edit, TaskType.NODE_RELEASE)
    reachable = {name for name, room in walk.board.rooms.items() if room.node.reachable}
    try:
        account = walk.identity.os_account(job.owner, job.spec.group)
    except NotPermitted:
        release, account = None, None
    phases = dict(job.node_phases)
    for node in left:
        run_it = release is not None and node in reachable
        phases[node] = "releasing" if run_it else "released"
    edit.set_job(node_phases=phases)
    for node in left:
        if release is not None and phases[node] == "releasing":
            # No core is asked for: a node that is full must still be cleaned up behind a job.
            walk.start_duty(edit, release.number, (Share(node, ()),), account)
    settle(edit)
