"""Forwarding: the other way of handing work out, for an engine that has a scheduler of its own.

The order of the queue, holds, dependencies and limits of queues are ours, as in `scheduling.py`; where and
when a run starts is the engine's. So what may start is handed over at once, without a place, a sweep in large
parts, up to as much as the engine is to hold. A job stays Queued until the engine says that a run of it has
started; what it waits for until then is the engine's affair.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from headgate.core.environment import Site
from headgate.core.errors import NotPermitted
from headgate.core.launch import OsAccount, Placement
from headgate.core.model import Instance, Intent, Job, Task
from headgate.core.resources import units_of
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import TaskType
from headgate.dispatcher.board import Board
from headgate.dispatcher.handing import choose_runs, mark_intended, refuse_all
from headgate.dispatcher.launching import (
    Flavours,
    LaunchImpossible,
    at_once,
    job_maximum,
    not_startable,
    submission,
)
from headgate.dispatcher.merging import Merged, Place
from headgate.ports.engine import Capacity, Ended, Fault, Submission
from headgate.ports.identity import Identity
from headgate.ports.store import Transaction
from headgate.service.counting import waiting_instances
from headgate.service.edit import JobEdit
from headgate.service.endings import settle

MOST_EXAMINED = 512
"""Jobs looked at in one stretch; the next walk goes on behind them."""
TASKS_PER_JOB = 64
AT_ONCE = 1000
"""Runs handed out in one transaction: their descriptions are made in it, and others wait for it."""
WORTHWHILE = 4
"""A part of a sweep that is smaller than a fourth of what the engine takes at once waits for more room."""


@dataclass(slots=True)
class Forwarding:
    """One walk over the queue, on a copy of the board. The counterpart of `scheduling.Walk`."""

    tx: Transaction
    board: Board
    identity: Identity
    site: Site
    flavours: Flavours
    engine: str
    epoch: int
    owner: str
    capacity: Capacity
    after: Place | None = None
    submissions: list[Submission] = field(default_factory=list)
    impossible: list[Ended] = field(default_factory=list)
    """Runs that were handed out and can't be described to the engine: to be recorded like its reports."""
    started_services: dict[tuple[int, int], int] = field(default_factory=dict)
    _live: int = 0
    _handed: int = 0
    _held: dict[int, int] = field(default_factory=dict)
    """Units that a job may have at once of what was handed out, as far as it was asked for."""

    def __post_init__(self) -> None:
        self._live = self.board.live

    def run(self) -> None:
        """Walk from the top of the queue; then, if there is still room, go on where the last walk left off
        (`after`).
        """
        deeper = self.after
        end = self._stretch(None)
        if end is not None and self._has_room():
            end = self._stretch(max(deeper, end) if deeper else end)
        self.after = end if self._live < self.capacity.outstanding else None

    def _has_room(self) -> bool:
        return self._live < self.capacity.outstanding and self._handed < AT_ONCE

    def _stretch(self, after: Place | None) -> Place | None:
        """Look at the next jobs of the queue. Where it stopped before the end, else None."""
        waiting = Merged(self.tx, after)
        for _ in range(MOST_EXAMINED):
            if not self._has_room():
                return waiting.place or after
            job = waiting.next()
            if job is None:
                return None
            tasks = self.tx.ready_tasks((job.id,), limit_per_job=TASKS_PER_JOB)
            looked_at = self._job(job, tasks.get(job.id, []))
            if job.state is JobState.QUEUED and not job.live:
                waiting.began(looked_at)
        return waiting.place

    # ---- one job

    def _job(self, job: Job, tasks: Sequence[Task]) -> Job:
        """Hand out what may start of a job. The job as it is then."""
        if job.engine != self.engine or not tasks or job.spec.holds:
            return job
        edit = JobEdit(self.tx, job)
        edit.take(tasks)
        try:
            account = self.identity.os_account(job.owner, job.spec.group)
        except NotPermitted as refusal:
            return refuse_all(edit, tasks, refusal.text)
        for task in tasks:
            while self._has_room() and (count := self._wanted(edit, task.number)):
                rows, fresh = choose_runs(edit, task.number, count)
                if not rows and not fresh:
                    break
                self._hand_out(edit, task.number, rows, fresh, account)
        settle(edit)
        return edit.job

    def _wanted(self, edit: JobEdit, number: int) -> int:
        """How many runs of a task may be handed over together now."""
        job, task = edit.job, edit.task(number)
        if not self._fits(job, task):
            return 0
        if task.spec.type is TaskType.BASIC:
            return int(task.state is TaskState.QUEUED)
        most = at_once(job, task)
        if task.spec.type is TaskType.SERVICE:
            return int(task.live < max(1, most))
        waiting = waiting_instances(task)
        if most and waiting + task.live > most and task.live:
            return 0  # the engine can hold itself to a limit within one submission, not over several
        room = min(self.capacity.outstanding - self._live, self.capacity.outstanding // 2 - job.live)
        count = max(0, min(waiting, self.capacity.together, room, AT_ONCE))
        full = min(waiting, self.capacity.together, AT_ONCE)
        return count if count * WORTHWHILE >= full else 0

    def _fits(self, job: Job, task: Task) -> bool:
        """Whether the job's own maximum leaves room for one more run of this task."""
        most = job_maximum(job)
        if most is None:
            return True
        held = self._held.get(job.id)
        if held is None:
            mine = [intent for intent in self.board.intents.values() if intent.job_id == job.id]
            held = self._held[job.id] = sum(
                self._units(job, self.tx.task(job.id, intent.task), intent.left) for intent in mine
            )
        return held + units_of(task.spec, job.spec.unit_type)[0] <= most

    def _units(self, job: Job, task: Task, count: int) -> int:
        """The most units that so many runs of a task may have at once."""
        most = at_once(job, task) or count
        return min(count, most) * units_of(task.spec, job.spec.unit_type)[0]

    # ---- intents

    def _hand_out(
        self,
        edit: JobEdit,
        number: int,
        rows: Sequence[Instance],
        fresh: Sequence[int],
        account: OsAccount | None,
    ) -> None:
        """Make these runs an intent: instances with a row, and those without (0: the Basic task itself)."""
        numbers = (*(row.number for row in rows), *fresh)
        now = self.tx.now
        intent = self.tx.add_intent(
            Intent(
                job_id=edit.job.id,
                task=number,
                instances=numbers,
                lane=0,
                shares=(),
                engine=self.engine,
                owner=self.owner,
                epoch=self.epoch,
                created=now,
                left=len(numbers),
            )
        )
        runs = mark_intended(edit, number, intent, rows)
        self.board.intents[intent.id] = intent
        self._live += len(numbers)
        self._handed += len(numbers)
        job, task = edit.job, edit.task(number)
        if job.id in self._held:
            self._held[job.id] += self._units(job, task, len(numbers))
        try:
            made = submission(intent, job, task, runs, Placement(), account, self.site, self.flavours, now)
        except LaunchImpossible as error:
            self.impossible += not_startable(intent, numbers, now, Fault.SCRIPT, error.text)
        else:
            self.submissions.append(made)
