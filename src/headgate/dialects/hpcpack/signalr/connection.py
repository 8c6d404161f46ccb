"""One client: what it listens to, what it is still to be told, and how far it has been told.

What is to be told waits in memory only until a transport takes it; what was taken and lost on the way is made
again from the stored events and output, by the message id that the client shows when it comes back. A client
that does not take what it is to be told is given up rather than remembered without end.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from msgspec import Struct

from headgate.core.model import Event
from headgate.dialects.hpcpack.signalr.messages import (
    Output,
    Position,
    disconnected,
    frame,
    position_text,
    state_changes,
)
from headgate.dialects.hpcpack.signalr.tokens import Listening, groups_token
from headgate.ports.identity import Caller

MOST_PENDING: Final = 20_000
"""Messages a client may be behind."""
MOST_LISTENED: Final = 1000
"""BeginListens (and commands) of one connection. Its groups token has to fit into a request's headers."""
IN_A_FRAME: Final = 500
TOO_SLOW: Final = "This client does not take its messages: too many of them are waiting."


class Entry(Struct, frozen=True):
    """Messages that go together: those of an event, or lines of an output up to a position in it."""

    messages: tuple[bytes, ...]
    seq: int = 0
    output: Output | None = None
    at: int | None = None


class Connection:
    """See the module. `on_end` is called once, when it ends by its own fault or its client's."""

    def __init__(
        self, name: str, caller: Caller, key: bytes, seq: int, on_end: Callable[["Connection"], None]
    ) -> None:
        self.name = name
        self.caller = caller
        """As last authenticated."""
        self.jobs: dict[int, int] = {}
        self.tasks: dict[int, int] = {}
        """What is listened to: by job, the last event before that began."""
        self.commands: set[int] = set()
        self.queued: dict[Output, int | None] = {}
        """How far output has been read for this client: what it was told and what waits."""
        self.reason = ""
        """Why it has ended."""
        self.forgotten = False
        """Whether nobody will carry it again: nothing may be listened to for it."""
        self.sent = ""
        """The message id in the last frame that was taken; empty when it does not count."""
        self.generation = 0
        """Rises whenever the client is taken back to an earlier position."""
        self._key = key
        self._on_end = on_end
        self._seq = seq
        self._outputs: dict[Output, int | None] = {}
        self._pending: deque[Entry] = deque()
        self._count = 0
        self._ready = True
        self._groups_changed = False
        self._owner: object = None
        self._change = asyncio.Event()

    # ---- who carries it

    def claim(self) -> object:
        """Become the one transport of this connection; whichever was it before finds out."""
        self._owner = owner = object()
        self.changed()
        return owner

    def is_owned_by(self, owner: object) -> bool:
        """Whether nobody has claimed it since."""
        return self._owner is owner

    @property
    def change(self) -> asyncio.Event:
        """Set at the next change. Take it first, then look, then wait."""
        return self._change

    def changed(self) -> None:
        """Wake whoever waits for something to change."""
        changed, self._change = self._change, asyncio.Event()
        changed.set()

    def end(self, reason: str) -> None:
        """Give it up."""
        if not self.reason:
            self.reason = reason
            self._pending.clear()
            self._on_end(self)
            self.changed()

    # ---- what it listens to

    @property
    def watched(self) -> set[int]:
        """Jobs whose events it wants."""
        return self.jobs.keys() | self.tasks.keys()

    @property
    def is_full(self) -> bool:
        """Whether it listens to as much as one connection may."""
        return len(self.jobs) + len(self.tasks) + len(self.commands) >= MOST_LISTENED

    def listen(self, to: dict[int, int], job_id: int, since: int) -> None:
        """Listen to a job, in `jobs` or `tasks`. Again changes nothing."""
        if job_id not in to:
            to[job_id] = since
            self.groups_changed()

    def ignore(self, job_id: int) -> None:
        """Listen to this job no longer."""
        self.jobs.pop(job_id, None)
        self.tasks.pop(job_id, None)
        self.groups_changed()

    def groups_changed(self) -> None:
        """The client is to be given a new groups token."""
        self._groups_changed = True
        self.changed()

    def merge(self, listening: Listening, last: int) -> None:
        """Listen to what the client says (with our signature) that it listens to.

        last: the last event there is, which may be an older one where a backup was put back.
        """
        for job_id, since in listening.jobs:
            self.jobs.setdefault(job_id, min(since, last))
        for job_id, since in listening.tasks:
            self.tasks.setdefault(job_id, min(since, last))
        self.commands.update(listening.commands)

    def listening(self) -> Listening:
        """What it listens to."""
        return Listening(tuple(self.jobs.items()), tuple(self.tasks.items()), tuple(sorted(self.commands)))

    # ---- what it is to be told

    def heard(self, event: Event) -> None:
        """See service.events.Watcher."""
        since = (self.tasks if event.task else self.jobs).get(event.job_id)
        if since is not None and event.seq > since and not self.reason:
            messages = state_changes(event)
            if messages:
                self.add(Entry(messages, event.seq))

    def add(self, entry: Entry) -> None:
        """Have this told."""
        if self.reason:
            return
        self._pending.append(entry)
        self._count += len(entry.messages)
        if entry.output is not None:
            self.queued[entry.output] = entry.at
        if self._count > MOST_PENDING:
            self.end(TOO_SLOW)
        else:
            self.changed()

    @property
    def backlog(self) -> int:
        """Messages that wait to be taken."""
        return self._count

    def has_news(self) -> bool:
        """Whether there is a frame to be taken."""
        return self._ready and bool(self._pending or self._groups_changed)

    # ---- telling

    @property
    def position(self) -> Position:
        """How far its client has been told."""
        return Position(self._seq, dict(self._outputs))

    def take(self, *, initialized: bool = False) -> str:
        """The next frame. Look at `has_news` first; without news it is empty."""
        messages: list[bytes] = []
        while self._ready and self._pending and len(messages) < IN_A_FRAME:
            entry = self._pending.popleft()
            messages += entry.messages
            self._seq = max(self._seq, entry.seq)
            if entry.output is not None:
                self._outputs[entry.output] = entry.at
        self._count -= len(messages)
        groups = ""
        if self._groups_changed and self._ready and not self._pending:
            # Together with all that happened before, so that neither counts without the other.
            self._groups_changed = False
            groups = groups_token(self._key, self.name, self.listening())
            for known in (self._outputs, self.queued):
                for output in [each for each in known if each[0] not in self.commands]:
                    del known[output]
        self.sent = position_text(self.position)
        return frame(self.position, messages, groups=groups, initialized=initialized)

    def empty(self, *, reconnect: bool = False) -> str:
        """A frame that says nothing new."""
        return frame(self.position, reconnect=reconnect)

    def last_words(self) -> str:
        """The frame that tells why it has ended."""
        return disconnected(self.position, self.reason)

    # ---- coming back

    def rewind(self, position: Position) -> Mapping[int, int]:
        """Take it back to where its client is. Events behind these numbers, by job, have to be told again:
        look them up and call `caught_up`.
        """
        self.generation += 1
        self.sent = ""
        self._ready = False
        self._pending.clear()
        self._count = 0
        self._seq = position.seq
        self._outputs = {key: at for key, at in position.outputs.items() if key[0] in self.commands}
        self.queued = dict(self._outputs)
        return {
            job_id: max(
                position.seq,
                min(since for since in (self.jobs.get(job_id), self.tasks.get(job_id)) if since is not None),
            )
            for job_id in self.watched
        }

    def caught_up(self, last: int, events: Iterable[Event]) -> None:
        """These are the missed events, up to number `last`; what was heard meanwhile comes behind them."""
        meanwhile = [entry for entry in self._pending if entry.seq > last or entry.output is not None]
        self._pending.clear()
        self._count = 0
        self._ready = True
        self.sent = position_text(self.position)
        for event in events:
            self.heard(event)
        for entry in meanwhile:
            self.add(entry)
        self.changed()
