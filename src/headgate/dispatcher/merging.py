"""The order in which jobs are looked at: the lines of all queues (`core/lines.py`) merged into one. Reads in
the transaction of the walk.

The order is: priority of the queue, priority of the job, age; a job without a queue stands where a queue of
the default priority is. A line at a limit of its queue is left out whole, as soon as it is: how many jobs
wait there makes no difference to the others, nor to what a walk costs.
"""

from collections import deque
from heapq import heapify, heappop, heappush

from headgate.core.lines import BEGUN, SENT, Line, Usage, line_of, precedence
from headgate.core.model import Job
from headgate.ports.store import Reader

FIRST_WINDOW, WINDOW = 8, 64
"""Jobs of a line read at once: few at first, for mostly the first of them takes all there is."""

Place = tuple[int, int, int]
"""Where a job stands: minus the priority of its queue, minus its own, its id. Less is sooner."""


class Merged:
    """The jobs that have something to start and may, behind a place, in order."""

    def __init__(self, reader: Reader, after: Place | None) -> None:
        self._reader = reader
        self._last = after
        self._lines: dict[str, Line | None] = {}
        self._ahead: dict[str, deque[Job]] = {}
        self._read_to: dict[str, tuple[int, int] | None] = {}
        self._window: dict[str, int] = {}
        self._heap: list[tuple[Place, str]] = []
        heads = reader.heads(after=None)
        self._queues = {queue.name.casefold(): queue for queue in reader.queues()} if heads else {}
        self._usage = Usage()
        if heads:
            for kind in (BEGUN, SENT):
                self._usage.count(reader.lines(f"{kind}/"))
        within = None if after is None else (-after[1], after[2])
        behind = {head.line: head for head in reader.heads(after=within)} if heads and after else {}
        window = max(1, FIRST_WINDOW // (len(heads) + 1))
        if self._begin("", window):
            self._read("")
        for head in heads:
            if self._begin(head.line, window) and not self._closed(head.line):
                first = head if self._read_to[head.line] is None else behind.get(head.line)
                if first is not None:
                    self._heap.append(((self._ahead_of(head.line), -first.priority, first.job_id), head.line))
        heapify(self._heap)

    def _begin(self, line: str, window: int) -> bool:
        """Go on with a line behind the place where this walk begins. False: all of the line is before it."""
        self._lines[line] = Line.of(line)
        self._ahead[line], self._window[line], self._read_to[line] = deque(), window, None
        rank = self._ahead_of(line)
        if self._last is not None and rank == self._last[0]:
            self._read_to[line] = (-self._last[1], self._last[2])
        return self._last is None or rank >= self._last[0]

    def _ahead_of(self, line: str) -> int:
        return -precedence(self._lines[line], self._queues)

    def _closed(self, line: str) -> bool:
        known = self._lines[line]
        return known is not None and (self._usage.hindrance(known, self._queues.get(known.queue)) is not None)

    def _read(self, line: str) -> None:
        """Have the next job of a line at hand, and its place in the heap."""
        ahead = self._ahead[line]
        while not ahead:
            jobs = self._reader.queue(line=line, after=self._read_to[line], limit=self._window[line])
            if not jobs:
                return
            self._read_to[line] = (jobs[-1].spec.priority, jobs[-1].id)
            self._window[line] = min(2 * self._window[line], WINDOW)
            # What began in this walk has changed over to another line, but was looked at.
            ahead.extend(job for job in jobs if self._last is None or self._place(line, job) > self._last)
        heappush(self._heap, (self._place(line, ahead[0]), line))

    def _place(self, line: str, job: Job) -> Place:
        return self._ahead_of(line), -job.spec.priority, job.id

    def next(self) -> Job | None:
        """The next job; None at the end."""
        while self._heap:
            place, line = heappop(self._heap)
            if self._closed(line):
                continue
            ahead = self._ahead[line]
            if not ahead or self._place(line, ahead[0]) != place:
                self._read(line)  # its head was only foreseen
                continue
            job = ahead.popleft()
            self._last = place
            self._read_later(line, ahead)
            return job
        return None

    def _read_later(self, line: str, ahead: deque[Job]) -> None:
        """Put the line back where its next job will be, without reading that before its turn."""
        if ahead:
            heappush(self._heap, (self._place(line, ahead[0]), line))
        elif self._last is not None:
            heappush(self._heap, ((self._last[0], self._last[1], self._last[2] + 1), line))

    def began(self, job: Job) -> None:
        """A job has begun: it counts from now on."""
        line = Line.of(line_of(job))
        if line is not None and line.begun:
            self._usage.add(line)

    @property
    def place(self) -> Place | None:
        """Where the job stands that was given last."""
        return self._last
