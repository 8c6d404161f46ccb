"""The board: which cores are free, which lanes hold the others, and how long runs of a task have been
taking. Pure.

A lane is a set of cores lent to one task; its runs follow one another there. The board is a value of the
dispatcher's loop: each decision is made on a copy, which replaces the original when the decision is on
disk.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from headgate.core.model import Intent, Node, Share
from headgate.core.vocabulary import NodeState

AHEAD_S = 0.15
"""Seconds of work that a lane is given ahead, so that short runs follow one another without asking."""
MOST_AHEAD = 64
SLOW_S = 2 * AHEAD_S
"""A lane in which no run has ended for so long is given nothing ahead."""
_SMOOTHING = 0.3


@dataclass(slots=True)
class Room:
    """A node and what is free on it. `exclusive`: the job that has it for itself."""

    node: Node
    free: set[int]
    gpus: int
    memory_mb: int
    jobs: dict[int, int] = field(default_factory=dict)
    exclusive: int | None = None

    @property
    def open(self) -> bool:
        """Whether the node takes new work."""
        return self.node.state is NodeState.ONLINE and self.node.reachable

    def lent(self, withheld: frozenset[int], *, whole: bool) -> "Room":
        """The room as it is for somebody who may not have these cores; nor any, who takes whole nodes."""
        if not withheld:
            return self
        other = self.copy()
        other.free = set() if whole else self.free - withheld
        return other

    def copy(self) -> "Room":
        """An independent copy."""
        return Room(self.node, set(self.free), self.gpus, self.memory_mb, dict(self.jobs), self.exclusive)


@dataclass(slots=True)
class Lane:
    """Cores lent to a task.

    `gpus`, `memory_mb`: of each share's node. `left`: runs given to it that have not
    ended. `ends_by`: when its runs must be over (microseconds).
    """

    id: int
    job_id: int
    task: int
    shares: tuple[Share, ...]
    units: int
    gpus: tuple[int, ...]
    memory_mb: tuple[int, ...]
    exclusive: bool
    ends_by: int | None
    left: int = 0
    active_at: float = 0.0
    recalled: bool = False

    def copy(self) -> "Lane":
        """An independent copy."""
        return replace(self)


class Board:
    """See the module."""

    def __init__(self) -> None:
        self.rooms: dict[str, Room] = {}
        self.lanes: dict[int, Lane] = {}
        self.intents: dict[int, Intent] = {}
        self.next_lane = 1
        self.pace: dict[tuple[int, int], float] = {}
        """Seconds that runs of a (job, task) have been taking, smoothed."""

    def copy(self) -> "Board":
        """An independent copy, to decide on."""
        other = Board()
        other.rooms = {name: room.copy() for name, room in self.rooms.items()}
        other.lanes = {number: lane.copy() for number, lane in self.lanes.items()}
        other.intents = dict(self.intents)
        other.next_lane = self.next_lane
        other.pace = dict(self.pace)
        return other

    @property
    def live(self) -> int:
        """Runs that were handed out and have not ended."""
        return sum(intent.left for intent in self.intents.values())

    # ---- nodes

    def set_nodes(self, nodes: Iterable[Node]) -> None:
        """Take the nodes as they are now; what lanes hold stays held."""
        self.rooms = {n.name: Room(n, set(range(n.cores)), n.gpus, n.memory_mb) for n in nodes}
        for lane in self.lanes.values():
            self._occupy(lane)

    def has_room(self) -> bool:
        """Whether any node that takes work has a free core."""
        return any(room.free and room.open for room in self.rooms.values())

    # ---- lanes

    def open_lane(self, lane: Lane) -> None:
        """Lend the cores."""
        self.lanes[lane.id] = lane
        self.next_lane = max(self.next_lane, lane.id + 1)
        self._occupy(lane)

    def close_idle_lanes(self) -> None:
        """Take back the cores of lanes that have nothing left to run."""
        for lane in [lane for lane in self.lanes.values() if lane.left <= 0]:
            self.close_lane(lane)

    def close_lane(self, lane: Lane) -> None:
        """Take back the cores."""
        del self.lanes[lane.id]
        self._vacate(lane)

    def _occupy(self, lane: Lane) -> None:
        for share, gpus, memory_mb in zip(lane.shares, lane.gpus, lane.memory_mb, strict=True):
            room = self.rooms.get(share.node)
            if room is None:  # a node that is no longer configured; what runs there runs to its end
                continue
            room.free.difference_update(share.cores)
            room.memory_mb -= memory_mb
            room.jobs[lane.job_id] = room.jobs.get(lane.job_id, 0) + 1
            room.gpus -= gpus
            if lane.exclusive:
                room.exclusive = lane.job_id

    def _vacate(self, lane: Lane) -> None:
        for share, gpus, memory_mb in zip(lane.shares, lane.gpus, lane.memory_mb, strict=True):
            room = self.rooms.get(share.node)
            if room is None:
                continue
            room.free.update(core for core in share.cores if core < room.node.cores)
            room.memory_mb += memory_mb
            room.gpus += gpus
            left = room.jobs.get(lane.job_id, 1) - 1
            if left:
                room.jobs[lane.job_id] = left
            else:
                room.jobs.pop(lane.job_id, None)
                if room.exclusive == lane.job_id:
                    room.exclusive = None

    def lanes_of(self, job_id: int, task: int | None = None) -> list[Lane]:
        """The lanes of a job, or of one of its tasks."""
        return [
            lane
            for lane in self.lanes.values()
            if lane.job_id == job_id and (task is None or lane.task == task)
        ]

    def units_of(self, job_id: int) -> int:
        """Units (of the job's unit type) that the job holds."""
        return sum(lane.units for lane in self.lanes.values() if lane.job_id == job_id)

    # ---- pace

    def ran(self, intent: Intent, seconds: float | None, at: float) -> None:
        """A run of this intent has ended; it took this long (None: it never ran)."""
        lane = self.lanes.get(intent.lane)
        if lane is not None:
            lane.left -= 1
        if seconds is None:
            return
        if lane is not None:
            lane.active_at = at
            lane.recalled = False
        key = (intent.job_id, intent.task)
        known = self.pace.get(key)
        self.pace[key] = seconds if known is None else known + _SMOOTHING * (seconds - known)

    def ahead(self, job_id: int, task: int) -> int:
        """How many runs a lane of this task should have, the running one included."""
        pace = self.pace.get((job_id, task))
        if pace is None:
            return 1
        return max(1, min(MOST_AHEAD, int(AHEAD_S / max(pace, 0.0001))))

    def wanted(self, lane: Lane, at: float) -> int:
        """How many more runs a lane could be given: none while it has half of what it should have, or is at a
        run that takes longer than the others.
        """
        ahead = self.ahead(lane.job_id, lane.task)
        slow = lane.left > 0 and at - lane.active_at > SLOW_S
        return 0 if slow or lane.left * 2 > ahead else ahead - lane.left

    def hungry(self, at: float) -> bool:
        """Whether a lane could be given more ahead."""
        return any(self.wanted(lane, at) for lane in self.lanes.values())

    def stuck_lanes(self, now: float, longest: float) -> set[int]:
        """Lanes in which runs wait behind one that turned out to be long; each once, until it moves."""
        stuck = set()
        for lane in self.lanes.values():
            if lane.left > 1 and not lane.recalled and now - lane.active_at > longest:
                lane.recalled = True
                stuck.add(lane.id)
                # What was quick is no longer: do not hand out that far ahead again.
                self.pace[(lane.job_id, lane.task)] = now - lane.active_at
        return stuck

    def forget_paces(self) -> None:
        """Drop what is known of tasks that hold no lane."""
        held = {(lane.job_id, lane.task) for lane in self.lanes.values()}
        self.pace = {key: pace for key, pace in self.pace.items() if key in held}

    def restore(self, intents: Sequence[Intent], lanes: Iterable[Lane], at: float) -> None:
        """Take up what an earlier life had handed out."""
        self.intents = {intent.id: intent for intent in intents}
        for lane in lanes:
            lane.active_at = at
            self.open_lane(lane)
