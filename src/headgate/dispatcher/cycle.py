"""One cycle: record what was seen, stop what is to be stopped, expire what is over, hand out new work. One
store transaction.

Everything here runs inside `Store.write`, on a copy of the board; what it returns is acted upon when it is
on disk.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

from msgspec.structs import replace

from headgate.core.environment import Site
from headgate.core.errors import NotFound
from headgate.core.lifecycle import JobHappened
from headgate.core.model import Job, Mishap
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.core.vocabulary import Intention, NodeState
from headgate.dispatcher.board import Board
from headgate.dispatcher.forwarding import Forwarding
from headgate.dispatcher.launching import Flavours, wall_time
from headgate.dispatcher.merging import Place
from headgate.dispatcher.scheduling import Walk
from headgate.dispatcher.winding import Stop, release_nodes, stops
from headgate.ports.engine import Capacity, Ended, Ending, Key, Sighting, Submission
from headgate.ports.identity import Identity
from headgate.ports.store import Transaction
from headgate.service.edit import JobEdit
from headgate.service.endings import WINDING, review_pending, settle, stop_job
from headgate.service.nodes import put_node_state
from headgate.service.sightings import Recorder

HELD_AT_ONCE = 256


@dataclass(slots=True)
class Ask:
    """What a cycle is to do."""

    seen: Sequence[Sighting] = ()
    winding: frozenset[int] = frozenset()
    """Jobs that are being ended, or of which something is to be stopped."""
    expiring: frozenset[int] = frozenset()
    """Jobs whose run time may be over."""
    timed: frozenset[int] = frozenset()
    """Running jobs that have begun, or whose run time was changed."""
    changed: frozenset[int] = frozenset()
    """Those whose run time was, or may have been, changed: the engine is to hear of it."""
    look_at_nodes: bool = False
    """A node has changed: reason enough for a cycle. Each cycle looks at them by itself."""
    look_at_held: bool = False
    at: float = 0.0

    @property
    def anything(self) -> bool:
        """Whether there is something to do besides looking for what could start."""
        return bool(
            self.seen or self.winding or self.expiring or self.timed or self.changed or self.look_at_nodes
        )


@dataclass(slots=True)
class Answer:
    """What a cycle decided."""

    board: Board
    submissions: list[Submission] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    still_winding: frozenset[int] = frozenset()
    deadlines: dict[int, int] = field(default_factory=dict)
    """When (microseconds) the run time is over of the jobs that were looked at."""
    recalls: list[Key] = field(default_factory=list)
    """What waits in the engine's own queue and is to come back."""
    wall_times: dict[Key, float | None] = field(default_factory=dict)
    """What the engine is to be told of runs whose job has another run time now."""
    impossible: list[Ended] = field(default_factory=list)
    """Endings of what can't be given to the engine, to be recorded next."""
    after: Place | None = None
    started_services: dict[tuple[int, int], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Setting:
    """What stays the same from cycle to cycle."""

    identity: Identity
    site: Site
    flavours: Flavours
    engine: str
    epoch: int
    owner: str
    capacity: Capacity | None = None
    """Of an engine with its own scheduler: work is forwarded to it, not placed."""


def cycle(
    tx: Transaction,
    board: Board,
    ask: Ask,
    setting: Setting,
    after: Place | None,
    started_services: dict[tuple[int, int], int],
) -> Answer:
    """See the module. `board` is a copy that may be changed."""
    winding = ask.winding | ask.expiring | _record(tx, board, ask)
    _look_at_nodes(tx, board)
    for job_id in sorted(ask.expiring):
        _expire(tx, job_id)
    if ask.look_at_held:
        _release_held(tx)
    answer = Answer(board)
    walk = _walk(tx, board, ask.at, setting, after, dict(started_services))
    if isinstance(walk, Walk):
        for job_id in sorted(winding):
            release_nodes(walk, job_id)
    answer.wall_times = _wall_times(tx, board, ask.changed)
    answer.stops, answer.still_winding = _stops(tx, board, winding)
    walk.run()
    if isinstance(walk, Walk):
        _settle_nodes(tx, board)
    else:
        answer.recalls = _recalls(tx, board, ask.changed)
    answer.submissions = walk.submissions
    answer.impossible = walk.impossible
    answer.after = walk.after
    answer.started_services = walk.started_services
    answer.deadlines = _deadlines(tx, ask.timed | ask.expiring)
    return answer


def _walk(
    tx: Transaction,
    board: Board,
    at: float,
    setting: Setting,
    after: Place | None,
    started_services: dict[tuple[int, int], int],
) -> Walk | Forwarding:
    """How work is handed out to this engine."""
    common = (
        tx,
        board,
        setting.identity,
        setting.site,
        setting.flavours,
        setting.engine,
        setting.epoch,
        setting.owner,
    )
    if setting.capacity is not None:
        return Forwarding(*common, setting.capacity, after=after, started_services=started_services)
    return Walk(*common, at, after=after, started_services=started_services)


def _recalls(tx: Transaction, board: Board, job_ids: Collection[int]) -> list[Key]:
    """What is to come back from the engine's queue: that of jobs that were held, or changed before they
    began. It is handed out again, as the job is then, when it may.
    """
    found: list[Key] = []
    if not job_ids:
        return found
    for intent in board.intents.values():
        if intent.job_id in job_ids:
            try:
                job = tx.job(intent.job_id)
            except NotFound:
                continue
            if job.state is JobState.QUEUED or (job.state is JobState.RUNNING and job.spec.holds):
                found += [Key(intent.id, number) for number in intent.instances]
    return found


def _look_at_nodes(tx: Transaction, board: Board) -> None:
    """Take the nodes as they are in this very commit: whoever changed one in it got an answer that holds from
    now on, and the dispatcher hears of it only afterwards.
    """
    nodes = tx.nodes()
    if nodes != [room.node for room in board.rooms.values()]:
        board.set_nodes(nodes)


def _record(tx: Transaction, board: Board, ask: Ask) -> set[int]:
    """Record what was seen. Which jobs are being ended now, some of them because of it."""
    if not ask.seen:
        return set()
    before = board.intents
    recorder = Recorder(tx, dict(before))
    recorder.record(ask.seen)
    recorder.finish()
    for ended in recorder.ended:
        board.ran(before[ended.intent], _seconds(ended), ask.at)
    board.intents = recorder.intents
    board.close_idle_lanes()
    return recorder.winding


def _seconds(ended: Ended) -> float | None:
    """How long a run takes by itself; None if this one does not tell."""
    if ended.started_at is None or ended.ending is Ending.STOPPED:
        return None
    return max(0.0, (ended.at - ended.started_at) / 1e6)


def _expire(tx: Transaction, job_id: int) -> None:
    """End a job whose run time is over: it ends Canceled (spec hpcpack-model, section 7.1)."""
    try:
        job = tx.job(job_id)
    except NotFound:
        return
    if job.state is JobState.RUNNING and (deadline := deadline_of(job)) is not None and deadline <= tx.now:
        edit = JobEdit(tx, job)
        stop_job(edit, JobHappened.EXPIRED, Intention.EXPIRE, mishap=Mishap("Execution_JobRuntimeExpired"))
        settle(edit)


def deadline_of(job: Job) -> int | None:
    """When the run time of a running job is over, in microseconds.

    None also for one that came as a script: its run time is that of each run, which the engine ends. And for
    one that was entered elsewhere.
    """
    if job.spec.runtime_s is None or job.times.started is None or job.spec.flavour or job.foreign is not None:
        return None
    return job.times.started + job.spec.runtime_s * 1_000_000


def _release_held(tx: Transaction) -> None:
    """Let the jobs go whose time has come. Their hold is over: it is taken off them."""
    for job in tx.held_until(tx.now, limit=HELD_AT_ONCE):
        edit = JobEdit(tx, job)
        if job.spec.not_before is not None and job.spec.not_before <= tx.now:
            edit.set_job(spec=replace(job.spec, not_before=None))
        review_pending(edit)
        settle(edit)


def _stops(tx: Transaction, board: Board, winding: Collection[int]) -> tuple[list[Stop], frozenset[int]]:
    """What is to be stopped now, and which of the jobs still have to be looked at."""
    found: list[Stop] = []
    still: set[int] = set()
    if not winding:
        return found, frozenset()
    by_job: dict[int, list[int]] = {}
    for intent in board.intents.values():
        by_job.setdefault(intent.job_id, []).append(intent.id)
    for job_id in winding:
        try:
            job = tx.job(job_id)
        except NotFound:
            continue
        if job.state in FINAL_JOB_STATES:
            continue
        mine = stops(tx, job, [board.intents[number] for number in by_job.get(job_id, ())])
        found += mine
        if mine or job.state in WINDING:
            still.add(job_id)
    return found, frozenset(still)


def _deadlines(tx: Transaction, job_ids: Iterable[int]) -> dict[int, int]:
    found = {}
    for job in tx.jobs(list(job_ids)):
        deadline = deadline_of(job)
        if job.state is JobState.RUNNING and deadline is not None:
            found[job.id] = deadline
    return found


def _wall_times(tx: Transaction, board: Board, job_ids: Collection[int]) -> dict[Key, float | None]:
    """The wall times, from the start of each, of all runs of these jobs; their lanes are over accordingly."""
    found: dict[Key, float | None] = {}
    if not job_ids:
        return found
    ends: dict[int, list[float]] = {}
    for intent in board.intents.values():
        if intent.job_id not in job_ids:
            continue
        try:
            job, task = tx.job(intent.job_id), tx.task(intent.job_id, intent.task)
        except NotFound:
            continue
        for number in intent.instances:
            row = tx.instance(job.id, task.number, number) if number else None
            started = (row.times if number and row is not None else task.times).started
            began = tx.now if started is None or (number and row is None) else started
            limit = found[Key(intent.id, number)] = wall_time(job, task, began)
            ends.setdefault(intent.lane, []).append(inf if limit is None else began + limit * 1e6)
    for number, when in ends.items():
        if (lane := board.lanes.get(number)) is not None:
            lane.ends_by = None if inf in when else int(max(when))
    return found


def _settle_nodes(tx: Transaction, board: Board) -> None:
    """A draining node on which nothing runs any more is offline."""
    for room in board.rooms.values():
        if room.node.state is NodeState.DRAINING and not room.jobs:
            room.node = put_node_state(tx, room.node, NodeState.OFFLINE)
