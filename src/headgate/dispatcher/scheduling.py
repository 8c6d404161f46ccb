"""Walking the queue: who gets which cores now. Runs inside the store transaction that makes the decision
durable.

Priority first (high before low), then age (`merging.py`), with backfill: for the first job that does not fit
cores are kept (`reservation.py`), and jobs behind it may only take what does not delay it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from headgate.core.environment import Site
from headgate.core.errors import NotPermitted
from headgate.core.launch import OsAccount
from headgate.core.model import Instance, Intent, Job, Node, Share, Task
from headgate.core.resources import node_units, units_of
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import TaskType
from headgate.dispatcher.board import Board, Lane
from headgate.dispatcher.handing import (
    choose_runs,
    fail_unusable,
    mark_intended,
    new_instance,
    node_duty,
    refuse_all,
)
from headgate.dispatcher.lanes import lane_for
from headgate.dispatcher.launching import (
    Flavours,
    LaunchImpossible,
    job_maximum,
    not_startable,
    placement_of,
    submission,
    wall_time,
)
from headgate.dispatcher.merging import Merged, Place
from headgate.dispatcher.placement import NOTHING, Shares, Withheld, node_choices, place
from headgate.dispatcher.reservation import Reservation, at_least, reserve
from headgate.ports.engine import Ended, Fault, Submission
from headgate.ports.identity import Identity
from headgate.ports.store import Transaction
from headgate.service.counting import startable_instances
from headgate.service.edit import JobEdit
from headgate.service.endings import begin_job, settle

MOST_EXAMINED = 512
"""Jobs looked at in one stretch; the next walk goes on behind them."""
TASKS_PER_JOB = 64
SERVICE_PAUSE_US = 1_000_000
"""A service whose instances end at once is started no more often than this."""


@dataclass(slots=True)
class Walk:
    """One walk over the queue, on a copy of the board."""

    tx: Transaction
    board: Board
    identity: Identity
    site: Site
    flavours: Flavours
    engine: str
    epoch: int
    owner: str
    at: float
    after: Place | None = None
    reservation: Reservation | None = None
    submissions: list[Submission] = field(default_factory=list)
    impossible: list[Ended] = field(default_factory=list)
    """Runs that were handed out and can't be described to the engine: to be recorded like its reports."""
    started_services: dict[tuple[int, int], int] = field(default_factory=dict)

    def run(self) -> None:
        """Walk from the top of the queue; then, if there is still room, go on where the last walk left off
        (`after`).
        """
        deeper = self.after
        end = self._stretch(None)
        if end is not None and self.board.has_room():
            end = self._stretch(max(deeper, end) if deeper else end)
        self.after = end if self.board.has_room() else None

    def _stretch(self, after: Place | None) -> Place | None:
        """Look at the next jobs of the queue. Where it stopped because it had looked at enough, else None."""
        if self._nothing_to_give():
            return None
        waiting = Merged(self.tx, after)
        for _ in range(MOST_EXAMINED):
            # Asked before each: behind the job that took the last core there may be 100,000 others.
            job = None if self._nothing_to_give() else waiting.next()
            if job is None:
                return None
            tasks = self.tx.ready_tasks((job.id,), limit_per_job=TASKS_PER_JOB)
            looked_at = self._job(job, tasks.get(job.id, []))
            if job.state is JobState.QUEUED:
                waiting.began(looked_at)
        return waiting.place

    def _nothing_to_give(self) -> bool:
        """Whether no job, whichever it is, could be given anything now."""
        return not self.board.has_room() and (self.reservation is not None or not self.board.hungry(self.at))

    # ---- one job

    def _job(self, job: Job, tasks: Sequence[Task]) -> Job:
        """Give a job what it can have now. The job as it is then."""
        if job.engine != self.engine or not tasks:
            return job
        if job.spec.holds:  # it was held while it ran: no more of it is started (spec pbs, section 9)
            return job
        edit = JobEdit(self.tx, job)
        edit.take(tasks)
        try:
            account = self.identity.os_account(job.owner, job.spec.group)
        except NotPermitted as refusal:
            return refuse_all(edit, tasks, refusal.text)
        if job.state is JobState.QUEUED and not self._can_begin(job, tasks[0]):
            self._reserve(job, tasks[0])
            return job
        waiting: Task | None = None
        for task in tasks:
            if edit.job.state not in (JobState.QUEUED, JobState.RUNNING):
                break
            if not self._task(edit, task.number, account) and waiting is None:
                waiting = edit.task(task.number)
        if waiting is not None:
            self._reserve(edit.job, waiting)
        settle(edit)
        return edit.job

    def _can_begin(self, job: Job, task: Task) -> bool:
        """Whether the job's own minimum is free all at once, where it set one."""
        if job.spec.auto_calculate_min:
            return True
        wanted = at_least(job, task)
        low = units_of(wanted.spec, job.spec.unit_type)[0]
        return place(self.board, job, wanted, low, self._withheld(job, task)) is not None

    def _nodes(self) -> dict[str, Node]:
        return {name: room.node for name, room in self.board.rooms.items()}

    def _task(self, edit: JobEdit, number: int, account: OsAccount | None) -> bool:
        """Give a task all the lanes and runs it can have now. False when it wants more than there is."""
        withheld = self._withheld(edit.job, edit.task(number))
        content = self._open_lanes(edit, number, account, withheld)
        for lane in self.board.lanes_of(edit.job.id, number):
            if not any(withheld.get(share.node, frozenset()) & {*share.cores} for share in lane.shares):
                self._feed(edit, number, lane, account)
        return content or not self._left_to_start(edit.task(number))

    def _open_lanes(self, edit: JobEdit, number: int, account: OsAccount | None, withheld: Withheld) -> bool:
        """As many new lanes as there are places for. False when there are too few."""
        while self._left_to_start(edit.task(number)):
            job, task = edit.job, edit.task(number)
            shares = place(self.board, job, task, self._still_allowed(job), withheld)
            if shares is None:
                if self._is_spoilt(job, task):
                    fail_unusable(edit)
                    return True
                # A service takes what there is: with one instance running it does not wait.
                return task.spec.type is TaskType.SERVICE and bool(self.board.lanes_of(job.id, number))
            if not self._prepare(edit, shares, account):
                continue
            lane = self._open(edit, number, shares)
            self._feed(edit, number, lane, account)
            if not lane.left:  # never so; but a lane that holds cores for nothing would hold them for ever
                self.board.close_lane(lane)
                return True
        return True

    def _left_to_start(self, task: Task) -> bool:
        if task.spec.type is TaskType.BASIC:
            return task.state is TaskState.QUEUED
        if task.spec.type is TaskType.SERVICE:
            return self._service_may_start(task)
        return startable_instances(task) > 0

    def _service_may_start(self, task: Task) -> bool:
        last = self.started_services.get((task.job_id, task.number), 0)
        quick = self.board.pace.get((task.job_id, task.number), inf) < SERVICE_PAUSE_US / 1e6
        return not (quick and self.tx.now - last < SERVICE_PAUSE_US)

    def _still_allowed(self, job: Job) -> int | None:
        """Units that the job may still take, None for no limit."""
        high = job_maximum(job)
        return None if high is None else max(0, high - self.board.units_of(job.id))

    # ---- backfill

    def _reserve(self, job: Job, task: Task) -> None:
        """Keep its cores for the first job that does not fit, unless it waits for its own runs."""
        if self.reservation is None and self._still_allowed(job) != 0:
            self.reservation = reserve(self.board, job, task, self.tx.now)

    def _withheld(self, job: Job, task: Task) -> Withheld:
        if self.reservation is None:
            return NOTHING
        return self.reservation.withheld(self.tx.now, wall_time(job, task, self.tx.now))

    # ---- lanes and intents

    def _open(self, edit: JobEdit, number: int, shares: Sequence[Share]) -> Lane:
        lane = lane_for(self.board.next_lane, edit.job, edit.task(number), shares, self._nodes(), self.tx.now)
        lane.active_at = self.at
        self.board.open_lane(lane)
        return lane

    def _feed(self, edit: JobEdit, number: int, lane: Lane, account: OsAccount | None) -> None:
        """Give the lane more runs, where its nodes take any."""
        rooms = [self.board.rooms.get(share.node) for share in lane.shares]
        if not all(room is not None and room.open for room in rooms):
            return
        task = edit.task(number)
        if task.spec.type is TaskType.PARAMETRIC_SWEEP:
            startable = startable_instances(task)
            share = startable // self._side_by_side(edit.job.id, number)
            wanted = min(self.board.wanted(lane, self.at), max(1, share), startable)
        else:
            wanted = 0 if lane.left else 1
        if wanted > 0 and self._left_to_start(task):
            rows, fresh = choose_runs(edit, number, wanted)
            self._hand_out(edit, number, lane, rows, fresh, account)
            if task.spec.type is TaskType.SERVICE:
                self.started_services[(edit.job.id, number)] = self.tx.now

    def _side_by_side(self, job_id: int, number: int) -> int:
        """How many lanes a sweep has or may soon have: none takes more than its share of what is left."""
        free = sum(len(room.free) for room in self.board.rooms.values() if room.open)
        return max(1, len(self.board.lanes_of(job_id, number)) + free)

    def _hand_out(
        self,
        edit: JobEdit,
        number: int,
        lane: Lane,
        rows: Sequence[Instance],
        fresh: Sequence[int],
        account: OsAccount | None,
    ) -> None:
        """Make these runs an intent of the lane: instances with a row, and those without (0: the Basic task
        itself).
        """
        numbers = (*(row.number for row in rows), *fresh)
        if not numbers:
            return
        begin_job(edit, lane.shares)
        now = self.tx.now
        intent = self.tx.add_intent(
            Intent(
                job_id=edit.job.id,
                task=number,
                instances=numbers,
                lane=lane.id,
                shares=lane.shares,
                engine=self.engine,
                owner=self.owner,
                epoch=self.epoch,
                created=now,
                left=len(numbers),
            )
        )
        runs = mark_intended(edit, number, intent, rows)
        lane.left += len(numbers)
        if lane.ends_by is not None and (limit := wall_time(edit.job, edit.task(number), now)) is not None:
            lane.ends_by = max(lane.ends_by, now + int(limit * 1e6))
        self.board.intents[intent.id] = intent
        cores = {name: node.cores for name, node in self._nodes().items()}
        placement = placement_of(lane.shares, cores)
        task = edit.task(number)
        try:
            made = submission(intent, edit.job, task, runs, placement, account, self.site, self.flavours, now)
        except LaunchImpossible as error:
            self.impossible += not_startable(intent, numbers, now, Fault.SCRIPT, error.text)
        else:
            self.submissions.append(made)

    # ---- NodePrep and NodeRelease

    def start_duty(
        self, edit: JobEdit, number: int, shares: Sequence[Share], account: OsAccount | None
    ) -> None:
        """One more instance of a NodePrep or NodeRelease task, on a lane of its own."""
        lane = self._open(edit, number, shares)
        self._hand_out(edit, number, lane, [], [new_instance(edit, number)], account)

    def _prepare(self, edit: JobEdit, shares: Shares, account: OsAccount | None) -> bool:
        """Whether all these nodes are ready for the job; starts NodePrep on those that are new to it."""
        if not edit.job.node_duties:
            return True
        prep = node_duty(edit, TaskType.NODE_PREP)
        phases = dict(edit.job.node_phases)
        new = [share for share in shares if share.node not in phases]
        for share in new:
            phases[share.node] = "preparing" if prep is not None else "ready"
        edit.set_job(node_phases=phases)
        if prep is None:
            return True
        for share in new:
            self.start_duty(edit, prep.number, (Share(share.node, share.cores[:1]),), account)
        return all(phases[share.node] == "ready" for share in shares)

    def _is_spoilt(self, job: Job, task: Task) -> bool:
        """Whether NodePrep has failed on so many nodes that the task can never run."""
        if "unusable" not in job.node_phases.values():
            return False
        low = units_of(task.spec, job.spec.unit_type)[0]
        most = 0
        for nodes in node_choices(self.board, job, task):
            sizes = [node_units(node, job.spec.unit_type) for node in nodes]
            most = max(most, max(sizes, default=0) if job.spec.single_node else sum(sizes))
        return most < max(1, low)
