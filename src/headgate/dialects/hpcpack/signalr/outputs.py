"""Following commands: what they print is read from the store and told line by line.

The engine reports captured output twice a second while a task runs and once when it has ended; there is no
event for that, so one task looks while somebody follows a command that is running, and is gone otherwise.
"""

import asyncio
from typing import Final

import structlog

from headgate.core.errors import Refusal, Unavailable
from headgate.core.model import Event
from headgate.dialects.hpcpack.signalr.connection import IN_A_FRAME, MOST_PENDING, Connection, Entry
from headgate.dialects.hpcpack.signalr.messages import lines_of, output_line
from headgate.service.commands import Commands, Printed
from headgate.service.events import Events

LOOK_S: Final = 0.5
log = structlog.get_logger("headgate.signalr")


class Outputs:
    """See the module. It watches the jobs that are followed: when one changes, it looks at once."""

    def __init__(self, commands: Commands, events: Events) -> None:
        self._commands = commands
        self._events = events
        self._followers: dict[int, set[Connection]] = {}
        self._due: set[int] = set()
        self._wake = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None

    def follow(self, connection: Connection, job_id: int) -> None:
        """Tell this connection what the command prints. Again changes nothing."""
        connection.commands.add(job_id)
        self._followers.setdefault(job_id, set()).add(connection)
        self._events.watch(job_id, self)
        self.heard_of(job_id)

    def forget(self, connection: Connection) -> None:
        """This connection is gone."""
        for job_id in tuple(connection.commands):
            self._unfollow(connection, job_id)

    def heard(self, event: Event) -> None:
        """See service.events.Watcher."""
        self.heard_of(event.job_id)

    def heard_of(self, job_id: int) -> None:
        """Look at this command now."""
        self._due.add(job_id)
        self._wake.set()
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(self._looked)

    @property
    def at_work(self) -> bool:
        """Whether something is being followed that may print."""
        return self._looking is not None

    def _looked(self, done: "asyncio.Task[None]") -> None:
        self._looking = None
        if self._due and not done.cancelled() and done.exception() is None:
            self.heard_of(self._due.pop())  # heard of when it was at its end already
        if not done.cancelled() and done.exception() is not None:
            log.error("following_failed", exc_info=done.exception())

    def _unfollow(self, connection: Connection, job_id: int) -> None:
        followers = self._followers.get(job_id)
        if followers is not None:
            followers.discard(connection)
            if not followers:
                del self._followers[job_id]
                self._events.unwatch(job_id, self)

    async def _look(self) -> None:
        """Look at what is due, again and again while there is something."""
        while self._due:
            due, self._due = self._due, set()
            self._wake.clear()
            again: set[int] = set()
            for job_id in due:
                for connection in tuple(self._followers.get(job_id, ())):
                    if await self._read(connection, job_id):
                        again.add(job_id)
            if not again and not self._due:
                return
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass
            self._due |= again

    async def _read(self, connection: Connection, job_id: int) -> bool:
        """Tell a connection what is new. Whether more is to be expected without an event."""
        if connection.backlog > MOST_PENDING // 4:
            return True
        generation = connection.generation
        read = {task: at for (job, task), at in connection.queued.items() if job == job_id}
        try:
            progress = await self._commands.printed(connection.caller, job_id, read)
        except Refusal:
            # Removed, or no longer for this user to see.
            connection.commands.discard(job_id)
            connection.groups_changed()
            self._unfollow(connection, job_id)
            return False
        except Unavailable:
            return True
        if connection.generation != generation or connection.reason:
            return not connection.reason
        left = [self._tell(connection, job_id, read.get(one.task) or 0, one) for one in progress.printed]
        if any(left):
            self._wake.set()
            return True
        if progress.over:
            connection.commands.discard(job_id)
            connection.groups_changed()
            self._unfollow(connection, job_id)
            return False
        return progress.running

    @staticmethod
    def _tell(connection: Connection, job_id: int, at: int, printed: Printed) -> bool:
        """Tell the next lines of one node. Whether there is more already."""
        lines, size = lines_of(printed.output, ended=printed.ended, most=IN_A_FRAME)
        messages = [output_line(job_id, printed.node, line) for line in lines]
        ended = printed.ended and size == len(printed.output)
        if ended and printed.fault:
            messages.append(output_line(job_id, printed.node, printed.fault, error=True))
        if ended:
            messages.append(output_line(job_id, printed.node, "", eof=True))
        if messages:
            output = (job_id, printed.task)
            connection.add(Entry(tuple(messages), output=output, at=None if ended else at + size))
        return len(lines) == IN_A_FRAME and not ended
