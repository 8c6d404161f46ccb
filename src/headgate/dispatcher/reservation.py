"""Backfill: what is kept for the first job that does not fit. Pure.

The lanes are thought to end one after the other, those that must be over soonest first, until the job would
fit; the cores it would get then are kept for it. Jobs behind it may use them only for runs that are over by
then; other cores are free for all. Where nothing tells when a lane will be over, that moment is unknown
(infinitely far): runs with a limit may go ahead then, and the moment becomes known when the last run without
one has ended.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from msgspec.structs import replace

from headgate.core.chunks import takes_more_than_cores
from headgate.core.model import Job, Task
from headgate.core.resources import units_of
from headgate.core.states import JobState
from headgate.core.vocabulary import UnitType
from headgate.dispatcher.board import Board
from headgate.dispatcher.placement import place

_UNIT = {
    UnitType.CORE: ("min_cores", "max_cores"),
    UnitType.NODE: ("min_nodes", "max_nodes"),
    UnitType.SOCKET: ("min_sockets", "max_sockets"),
    UnitType.GPU: ("min_sockets", "max_sockets"),
}


@dataclass(frozen=True, slots=True)
class Reservation:
    """These cores, by node, are kept from `at` on (microseconds)."""

    cores: Mapping[str, frozenset[int]]
    at: float

    def withheld(self, now: int, limit_s: float | None) -> Mapping[str, frozenset[int]]:
        """The cores that a run with this limit may not take."""
        over_in_time = limit_s is not None and now + limit_s * 1e6 <= self.at
        return {} if over_in_time else self.cores


def at_least(job: Job, task: Task) -> Task:
    """The task as large as its job must be to begin: the job's own minimum, where it set one."""
    low, high = (getattr(task.spec, name) for name in _UNIT[job.spec.unit_type])
    if job.state is JobState.QUEUED and not job.spec.auto_calculate_min:
        low = max(low, units_of(job.spec, job.spec.unit_type)[0])
    least, most = _UNIT[job.spec.unit_type]
    return replace(task, spec=replace(task.spec, **{least: low, most: max(low, high)}))


def reserve(board: Board, job: Job, task: Task, now: int) -> Reservation | None:
    """What to keep for this job; None when it could not even run on an empty machine (nodes are offline)."""
    later = board.copy()
    wanted = at_least(job, task)
    low = units_of(wanted.spec, job.spec.unit_type)[0]
    lanes = sorted(later.lanes.values(), key=lambda lane: (_end(lane.ends_by), lane.id))
    at: float = now
    for lane in [None, *lanes]:
        if lane is not None:
            at = max(at, _end(lane.ends_by))
            later.close_lane(lane)
        found = place(later, job, wanted, low)
        if found is not None:
            whole = job.spec.exclusive or task.spec.exclusive or _takes_more_than_cores(job, task)
            rooms = later.rooms
            return Reservation(
                {
                    share.node: frozenset(range(rooms[share.node].node.cores) if whole else share.cores)
                    for share in found
                },
                at,
            )
    return None


def _end(ends_by: int | None) -> float:
    return inf if ends_by is None else ends_by


def _takes_more_than_cores(job: Job, task: Task) -> bool:
    """Whether cores alone do not tell if it will fit."""
    if takes_more_than_cores(task.spec):
        return True
    return job.spec.unit_type in (UnitType.NODE, UnitType.GPU) or job.spec.estimated_process_memory_mb > 0
