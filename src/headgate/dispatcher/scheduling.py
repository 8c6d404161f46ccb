"""Walking the queue: who gets which cores now. Runs inside the store transaction that makes the decision
durable.

Priority first (high before low), then age, with backfill: when a job does not fit, the nodes it could use
are reserved for it, and jobs behind it may only take what does not delay it: other nodes, cores to spare,
or runs that are over before it could start.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from msgspec.structs import replace

from headgate.core.environment import Site
from headgate.core.errors import NotPermitted
from headgate.core.launch import OsAccount
from headgate.core.lifecycle import JobHappened, TaskHappened
from headgate.core.model import Instance, Intent, Job, Mishap, Node, Run, Task
from headgate.core.resources import units_of
from headgate.core.states import FINAL_TASK_STATES, JobState, TaskState
from headgate.core.vocabulary import Intention, TaskType
from headgate.dispatcher.board import Board, Lane
from headgate.dispatcher.launching import placement_of, submission, wall_time
from headgate.dispatcher.placement import Place, free_units, place, usable_nodes
from headgate.ports.engine import Submission
from headgate.ports.identity import Identity
from headgate.ports.store import Transaction
from headgate.service.edit import JobEdit, waiting_instances
from headgate.service.endings import end_task, settle, stop_job

WINDOW = 64
"""Jobs looked at in one read of the queue."""
MOST_EXAMINED = 512
"""Jobs looked at in one stretch; the next walk goes on behind them."""
TASKS_PER_JOB = 64
SERVICE_PAUSE_US = 1_000_000
"""A service whose instances end at once is started no more often than this."""


@dataclass(slots=True)
class Reservation:
    """What is kept for the first job that did not fit: from `at` on (microseconds; inf: unknown) it needs
    these nodes, of whose units `spare` can be lent out all the same."""

    nodes: frozenset[str]
    at: float
    spare: int


@dataclass(slots=True)
class Walk:
    """One walk over the queue, on a copy of the board."""

    tx: Transaction
    board: Board
    identity: Identity
    site: Site
    engine: str
    epoch: int
    owner: str
    at: float
    after: tuple[int, int] | None = None
    reservation: Reservation | None = None
    submissions: list[Submission] = field(default_factory=list)
    started_services: dict[tuple[int, int], int] = field(default_factory=dict)

    def run(self) -> None:
        """Walk from the top of the queue; then, if there is still room, go on where the last walk left off
        (`after`).
        """
        deeper = self.after
        end = self._stretch(None)
        if end is not None and self.board.has_room():
            end = self._stretch(max(deeper, end, key=_queue_place) if deeper else end)
        self.after = end if self.board.has_room() else None

    def _stretch(self, after: tuple[int, int] | None) -> tuple[int, int] | None:
        """Look at the next jobs of the queue. Where it stopped because it had looked at enough, else None."""
        for _ in range(MOST_EXAMINED // WINDOW):
            if not self.board.has_room() and (self.reservation is not None or not self.board.hungry()):
                return None
            jobs = self.tx.queue(after=after, limit=WINDOW)
            if not jobs:
                return None
            tasks = self.tx.ready_tasks([job.id for job in jobs], limit_per_job=TASKS_PER_JOB)
            for job in jobs:
                self._job(job, tasks.get(job.id, []))
            after = (jobs[-1].spec.priority, jobs[-1].id)
        return after

    # ---- one job

    def _job(self, job: Job, tasks: Sequence[Task]) -> None:
        if job.engine != self.engine:
            return
        edit = JobEdit(self.tx, job)
        edit.take(tasks)
        try:
            account = self.identity.os_account(job.owner)
        except NotPermitted as refusal:
            for task in tasks:
                refuse_task(edit, task.number, Mishap("Execution_StartJobFailedOnNode", ("", refusal.text)))
            settle(edit)
            return
        if job.state is JobState.QUEUED and not self._can_begin(job, tasks):
            self._reserve(job, tasks)
            return
        waits = False
        for task in tasks:
            if edit.job.state not in (JobState.QUEUED, JobState.RUNNING):
                break
            waits |= not self._task(edit, task.number, account)
        if waits:
            self._reserve(edit.job, tasks)
        settle(edit)

    def _can_begin(self, job: Job, tasks: Sequence[Task]) -> bool:
        """Whether the job's own minimum is free all at once, where it set one."""
        if job.spec.auto_calculate_min or not tasks:
            return True
        low = units_of(job.spec, job.spec.unit_type)[0]
        rooms = [self.board.rooms[node.name] for node in usable_nodes(job, tasks[0], self._nodes())]
        offers = [free_units(room, job) for room in rooms]
        return (max(offers, default=0) if job.spec.single_node else sum(offers)) >= low

    def _nodes(self) -> list[Node]:
        return [room.node for room in self.board.rooms.values()]

    def _task(self, edit: JobEdit, number: int, account: OsAccount | None) -> bool:
        """Give a task all the lanes and runs it can have now. False when it wants more than there is."""
        task = edit.task(number)
        if task.spec.type is TaskType.SERVICE and not self._service_may_start(task):
            return True
        if self.reservation is None:
            for lane in self.board.lanes_of(edit.job.id, number):
                self._feed(edit, number, lane, account)
        while self._left_to_start(edit.task(number)):
            found = place(self.board, edit.job, edit.task(number), self._still_allowed(edit.job))
            if found is None and _is_spoilt(edit.job) and not usable_nodes(edit.job, task, self._nodes()):
                fail_unusable(edit)
                return True
            if found is None or not self._may_take(edit.job, edit.task(number), found):
                return task.spec.type is TaskType.SERVICE and bool(self.board.lanes_of(edit.job.id))
            if not self._prepare(edit, found, account):
                continue
            lane = self._open(edit, number, found)
            self._feed(edit, number, lane, account)
            if edit.task(number).spec.type is TaskType.SERVICE:
                self.started_services[(edit.job.id, number)] = self.tx.now
        return True

    def _left_to_start(self, task: Task) -> bool:
        if task.spec.type is TaskType.BASIC:
            return task.state is TaskState.QUEUED
        if task.spec.type is TaskType.SERVICE:
            return self._service_may_start(task)
        return waiting_instances(task) > 0

    def _service_may_start(self, task: Task) -> bool:
        last = self.started_services.get((task.job_id, task.number), 0)
        quick = self.board.pace.get((task.job_id, task.number), inf) < SERVICE_PAUSE_US / 1e6
        return not (quick and self.tx.now - last < SERVICE_PAUSE_US)

    def _still_allowed(self, job: Job) -> int | None:
        """Units that the job may still take, None for no limit."""
        high = None if job.spec.auto_calculate_max else units_of(job.spec, job.spec.unit_type)[1]
        target = job.spec.target_resource_count
        if target:
            high = target if high is None else min(high, target)
        return None if high is None else max(0, high - self.board.units_of(job.id))

    # ---- lanes and intents

    def _open(self, edit: JobEdit, number: int, found: Place) -> Lane:
        job = edit.job
        limit = wall_time(job, edit.task(number), self.tx.now)
        lane = Lane(
            id=self.board.next_lane,
            job_id=job.id,
            task=number,
            shares=found.shares,
            units=found.units,
            gpus=found.gpus,
            memory_mb=job.spec.estimated_process_memory_mb,
            exclusive=job.spec.exclusive,
            ends_by=None if limit is None else self.tx.now + int(limit * 1e6),
            active_at=self.at,
        )
        self.board.open_lane(lane)
        return lane

    def _feed(self, edit: JobEdit, number: int, lane: Lane, account: OsAccount | None) -> None:
        """Give the lane more runs, if it has less than half of what it should have ahead."""
        task = edit.task(number)
        if task.spec.type in (TaskType.BASIC, TaskType.SERVICE):
            wanted = 1 if lane.left == 0 else 0
        else:
            ahead = self.board.ahead(edit.job.id, number)
            wanted = ahead - lane.left if lane.left * 2 <= ahead else 0
        if wanted > 0:
            rows, fresh = choose_runs(edit, number, wanted)
            self.hand_out(edit, number, lane, rows, fresh, account)

    def hand_out(
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
        begin_job(edit, lane)
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
                created=self.tx.now,
                left=len(numbers),
            )
        )
        runs = mark_intended(edit, number, intent, rows)
        lane.left += len(numbers)
        self.board.intents[intent.id] = intent
        cores = {room.node.name: room.node.cores for room in self.board.rooms.values()}
        self.submissions.append(
            submission(
                intent,
                edit.job,
                edit.task(number),
                runs,
                placement_of(lane.shares, cores),
                account,
                self.site,
                self.tx.now,
            )
        )

    # ---- NodePrep

    def _prepare(self, edit: JobEdit, found: Place, account: OsAccount | None) -> bool:
        """Whether all these nodes are ready for the job; starts NodePrep on those that are new to it."""
        if not edit.job.node_duties:
            return True
        prep = next((t for t in edit.all_tasks() if t.spec.type is TaskType.NODE_PREP), None)
        phases = dict(edit.job.node_phases)
        new = [share for share in found.shares if share.node not in phases]
        for share in new:
            phases[share.node] = "preparing" if prep is not None else "ready"
        edit.set_job(node_phases=phases)
        if prep is None:
            return True
        for share in new:
            lane = self._open(edit, prep.number, Place((replace(share, cores=share.cores[:1]),), 0))
            start_duty(self, edit, prep.number, lane, account)
        return all(phases[share.node] == "ready" for share in found.shares)

    # ---- backfill

    def _reserve(self, job: Job, tasks: Sequence[Task]) -> None:
        """Keep its nodes for the first job that does not fit, if it could ever run on what is online now."""
        if self.reservation is not None or not tasks:
            return
        if self._still_allowed(job) == 0:  # it is at its own maximum: nobody keeps it waiting
            return
        rooms = [self.board.rooms[node.name] for node in usable_nodes(job, tasks[0], self._nodes())]
        rooms = [room for room in rooms if room.open]
        names = frozenset(room.node.name for room in rooms)
        need = units_of(tasks[0].spec, job.spec.unit_type)[0]
        if not job.spec.auto_calculate_min and job.state is JobState.QUEUED:
            need = max(need, units_of(job.spec, job.spec.unit_type)[0])
        free = sum(free_units(room, job) for room in rooms)
        ending = sorted(
            (
                lane.ends_by if lane.ends_by is not None else inf,
                sum(len(s.cores) for s in lane.shares if s.node in names),
            )
            for lane in self.board.lanes.values()
            if any(share.node in names for share in lane.shares)
        )
        at: float = self.tx.now
        for ends, cores in ending:
            if free >= need:
                break
            at, free = ends, free + cores
        if free < need:  # not even an empty machine would do (nodes are offline): it keeps nobody waiting
            return
        self.reservation = Reservation(names, at, max(0, free - need))

    def _may_take(self, job: Job, task: Task, found: Place) -> bool:
        """Whether taking this place delays the job for which nodes are reserved."""
        kept = self.reservation
        if kept is None:
            return True
        taken = sum(len(share.cores) for share in found.shares if share.node in kept.nodes)
        if taken == 0:
            return True
        limit = wall_time(job, task, self.tx.now)
        if limit is not None and self.tx.now + limit * 1e6 <= kept.at:
            return True
        if taken <= kept.spare and kept.at != self.tx.now:
            kept.spare -= taken
            return True
        return False


# ---- what a decision does to a job


def begin_job(edit: JobEdit, lane: Lane) -> None:
    """The job runs from the moment it is given something; note its nodes in the order of their first use."""
    if edit.job_happens(JobHappened.ALLOCATED):
        edit.set_job(times=replace(edit.job.times, started=edit.tx.now))
    new = [share.node for share in lane.shares if share.node not in edit.job.nodes]
    if new:
        edit.set_job(nodes=(*edit.job.nodes, *new))


def choose_runs(edit: JobEdit, number: int, wanted: int) -> tuple[list[Instance], list[int]]:
    """Up to `wanted` runs to hand out: instances with a row that are queued again, then ones never touched."""
    task = edit.task(number)
    if task.spec.type is TaskType.BASIC:
        return [], [0] if task.state is TaskState.QUEUED else []
    if task.spec.type is TaskType.SERVICE:
        fresh = task.instance_count + 1
        edit.set_task(number, instance_count=fresh, next_instance=fresh + 1, expanded=True)
        return [], [fresh]
    rows: list[Instance] = []
    if task.queued_rows:
        rows = edit.tx.instances(edit.job.id, number, states=(TaskState.QUEUED,), limit=wanted)
        rows = [edit.instance(number, row.number) for row in rows]
        rows = [row for row in rows if row.state is TaskState.QUEUED]
    fresh_numbers: list[int] = []
    first = task.next_instance
    while len(rows) + len(fresh_numbers) < wanted and first <= task.instance_count:
        last = min(task.instance_count, first + wanted - len(rows) - len(fresh_numbers) - 1)
        touched = {row.number for row in edit.tx.instances(edit.job.id, number, first=first, last=last)}
        fresh_numbers += [one for one in range(first, last + 1) if one not in touched]
        first = last + 1
    edit.set_task(number, next_instance=first)
    return rows, fresh_numbers


def mark_intended(edit: JobEdit, number: int, intent: Intent, rows: Sequence[Instance]) -> dict[int, Run]:
    """Note on the task and on the instances with a row that this intent is responsible for them now."""
    count = len(intent.instances)
    edit.set_job(live=edit.job.live + count)
    edit.set_task(number, live=edit.task(number).live + count)
    edit.task_happens(number, TaskHappened.INTENDED)
    runs: dict[int, Run] = {}
    if edit.task(number).spec.type is TaskType.BASIC:
        runs[0] = edit.set_run(number, 0, intent=intent.id, shares=intent.shares)
    for row in rows:
        edit.instance_happens(number, row.number, TaskHappened.INTENDED)
        runs[row.number] = edit.set_run(number, row.number, intent=intent.id, shares=intent.shares)
    return runs


def start_duty(walk: Walk, edit: JobEdit, number: int, lane: Lane, account: OsAccount | None) -> None:
    """One more instance of a NodePrep or NodeRelease task, on this lane."""
    fresh = edit.task(number).instance_count + 1
    edit.set_task(number, instance_count=fresh, next_instance=fresh + 1, expanded=True)
    walk.hand_out(edit, number, lane, [], [fresh], account)


def refuse_task(edit: JobEdit, number: int, mishap: Mishap) -> None:
    """A task that can't be started at all: it fails, with all its waiting instances, for this reason."""
    task = edit.task(number)
    if task.state in FINAL_TASK_STATES:
        return
    edit.set_run(number, 0, mishap=mishap)
    if task.spec.type is not TaskType.BASIC:
        for row in edit.rows(number, (TaskState.QUEUED,)):
            edit.instance_happens(number, row.number, TaskHappened.EXITED, TaskHappened.WOUND_UP_BADLY)
        task = edit.task(number)
        edit.set_task(
            number, rest_state=TaskState.FAILED, failed=task.failed + waiting_instances(task), concluded=True
        )
        if task.live:
            return
    end_task(edit, number, TaskHappened.EXITED, TaskHappened.WOUND_UP_BADLY)


def _queue_place(place_in_queue: tuple[int, int]) -> tuple[int, int]:
    """Sort key of a (priority, id): high priority first, then age."""
    priority, job_id = place_in_queue
    return -priority, job_id


def _is_spoilt(job: Job) -> bool:
    return "unusable" in job.node_phases.values()


def fail_unusable(edit: JobEdit) -> None:
    """NodePrep failed on every node the job could use: the job fails."""
    nodes = ",".join(name for name, phase in edit.job.node_phases.items() if phase == "unusable")
    mishap = Mishap("Execution_NodePrepTaskFailure", (nodes,))
    stop_job(edit, JobHappened.TASK_FAILURE_COUNTED, Intention.FAIL, mishap=mishap)
