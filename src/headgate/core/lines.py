"""Lines: the jobs of one queue, one user and one number of nodes wait in one line, and so do those that run.
Pure.

All jobs of a line are in the same position towards the limits of their queue: if the first may not begin, no
other may. So a line that is at a limit is passed over as a whole, however long it is, and stands in nobody's
way. The store keeps the line with each job that has not ended; counting the lines of the running jobs gives
all that limits compare with (`Usage`), in the transaction that decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from msgspec import Struct

from headgate.core.model import DEFAULT_PRIORITY, Job, Queue
from headgate.core.states import FINAL_JOB_STATES, JobState

WAITING, SENT, BEGUN = "q", "f", "r"
"""Sent: handed to an engine with a scheduler of its own, where it waits. For the limits of what runs it
counts as begun, for those of what waits as waiting."""
_OUTSIDE = FINAL_JOB_STATES | {JobState.CONFIGURING}


class Line(Struct, frozen=True):
    """A line. queue, owner: folded. nodes: that each of its jobs asks for."""

    begun: bool
    queue: str
    owner: str
    nodes: int

    @classmethod
    def of(cls, text: str) -> "Line | None":
        """The line of this name; None for "", where jobs without a queue are."""
        if not text:
            return None
        kind, queue, rest = text.split("/", 2)
        owner, _, nodes = rest.rpartition("/")
        return cls(kind != WAITING, queue, owner, int(nodes))


def line_of(job: Job) -> str:
    """The name of the job's line; "" without a queue, before it is submitted, after its end, and of a job
    that was entered elsewhere: what our queues let start does not depend on it.
    """
    if not job.spec.queue or job.state in _OUTSIDE or job.foreign is not None:
        return ""
    begun = job.state is not JobState.QUEUED and job.times.started is not None
    kind = BEGUN if begun else SENT if job.live else WAITING
    return f"{all_of(job.spec.queue, job.owner, kind=kind)}{job.asked_nodes}"


def all_of(queue: str, owner: str = "", *, kind: str = WAITING) -> str:
    """What the lines of a queue, or of one user in it, begin with."""
    return f"{kind}/{queue.casefold()}/" + (f"{owner.casefold()}/" if owner else "")


def precedence(line: Line | None, queues: Mapping[str, Queue]) -> int:
    """The priority of the line's queue; a job without one stands where a queue of the default priority is."""
    queue = None if line is None else queues.get(line.queue)
    return DEFAULT_PRIORITY if queue is None else queue.priority


class Wait(Enum):
    """Why a job that could start waits for its queue, or in that of the engine."""

    GONE = "queue_gone"
    NOT_STARTED = "queue_not_started"
    MAX_RUNNING = "queue_max_running"
    MAX_RUNNING_PER_USER = "queue_max_running_per_user"
    MAX_NODES_RUNNING = "queue_max_nodes_running"
    ENGINE = "engine"


class Hindrance(Struct, frozen=True):
    """What a job waits for. limit: the queue's, 0 where it is none of a number. said: the engine's words."""

    why: Wait
    queue: str
    limit: int = 0
    said: str = ""

    @property
    def text(self) -> str:
        """For people."""
        return _TEXTS[self.why].format(queue=self.queue, limit=self.limit, said=self.said)


_TEXTS: Mapping[Wait, str] = {
    Wait.GONE: "queue {queue} is there no more",
    Wait.NOT_STARTED: "queue {queue} is not started",
    Wait.MAX_RUNNING: "queue {queue} runs {limit} jobs at once (max_running)",
    Wait.MAX_RUNNING_PER_USER: "queue {queue} runs {limit} jobs of a user at once (max_running_per_user)",
    Wait.ENGINE: "{said}",
    Wait.MAX_NODES_RUNNING: "jobs of queue {queue} have {limit} nodes at once (max_nodes_running)",
}


@dataclass(slots=True)
class Usage:
    """What runs in the queues, by their folded names: jobs, jobs of a user, nodes asked for."""

    jobs: dict[str, int] = field(default_factory=dict)
    of_user: dict[tuple[str, str], int] = field(default_factory=dict)
    nodes: dict[str, int] = field(default_factory=dict)

    def count(self, lines: Mapping[str, int]) -> None:
        """Add the jobs of these lines of begun ones, so many of each."""
        for text, count in lines.items():
            if (line := Line.of(text)) is not None and line.begun:
                self.add(line, count)

    def add(self, line: Line, count: int = 1) -> None:
        """So many jobs of this line run besides."""
        user = (line.queue, line.owner)
        self.jobs[line.queue] = self.jobs.get(line.queue, 0) + count
        self.of_user[user] = self.of_user.get(user, 0) + count
        self.nodes[line.queue] = self.nodes.get(line.queue, 0) + count * line.nodes

    def hindrance(self, line: Line, queue: Queue | None) -> Hindrance | None:
        """Why no job of this line may start anything now; None when it may.

        Jobs that have begun are bound by no limit, but nothing more of them is started in a queue that is
        not started.
        """
        if queue is None:
            return None if line.begun else Hindrance(Wait.GONE, line.queue)
        if not queue.started:
            return Hindrance(Wait.NOT_STARTED, queue.name)
        if line.begun:
            return None
        for why, limit, after in (
            (Wait.MAX_RUNNING, queue.max_running, self.jobs.get(line.queue, 0) + 1),
            (
                Wait.MAX_RUNNING_PER_USER,
                queue.max_running_per_user,
                self.of_user.get((line.queue, line.owner), 0) + 1,
            ),
            (
                Wait.MAX_NODES_RUNNING,
                queue.max_nodes_running,
                self.nodes.get(line.queue, 0) + line.nodes,
            ),
        ):
            if limit is not None and after > limit:
                return Hindrance(why, queue.name, limit)
        return None
