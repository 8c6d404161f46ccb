"""All connections: making them, finding them again, forgetting those whose client stays away."""

import asyncio
from typing import Final

from headgate.core.errors import NotPermitted
from headgate.dialects.hpcpack.signalr.connection import Connection
from headgate.dialects.hpcpack.signalr.messages import DISCONNECT_S, Position, read_position
from headgate.dialects.hpcpack.signalr.outputs import Outputs
from headgate.dialects.hpcpack.signalr.tokens import read_groups_token
from headgate.ports.identity import Caller
from headgate.service.events import Events, TooMuchMissed

MOST_OF_A_USER: Final = 64
"""Connections of one user at once."""
MOST_MISSED: Final = 5000
"""Events a client that was away may have missed."""
GRACE_S: Final = 5.0
"""A client's last attempt to come back may be under way when its time is over."""


class Connections:
    """See the module. Lives on the event loop; keeps no task, only a timer for each client that is away."""

    def __init__(self, events: Events, outputs: Outputs, key: bytes) -> None:
        self.draining = False
        self._events = events
        self._outputs = outputs
        self._key = key
        self._known: dict[str, Connection] = {}
        self._away: dict[str, asyncio.TimerHandle] = {}

    def __len__(self) -> int:
        return len(self._known)

    def connect(self, name: str, caller: Caller) -> Connection:
        """A new connection of this name. Raises NotPermitted when the user has too many.

        A client that tries one transport after the other connects again: the former attempt is forgotten.
        """
        before = self._known.get(name)
        if before is not None:
            self._forget(before)
            before.claim()  # its transport finds that it carries nothing any more
        return self._add(name, caller)

    def known(self, name: str, caller: Caller) -> Connection:
        """The connection of this name, for a call that comes beside its transport.

        After a restart that call may come before the transport does: what is listened to is then known later.
        """
        connection = self._known.get(name)
        if connection is None:
            connection = self._add(name, caller)
            self._wait_for(connection)
        connection.caller = caller
        return connection

    async def resume(
        self, name: str, caller: Caller, message_id: str, groups: str
    ) -> tuple[Connection, object]:
        """The connection of a client that comes back, and the claim to carry it.

        From the message id on everything is told (again). Raises BadRequest, NotPermitted.
        """
        position = read_position(message_id)
        listening = read_groups_token(self._key, name, groups) if groups else None
        connection = self.known(name, caller)
        owner = self.claim(connection)
        if listening is not None:
            connection.merge(listening, self._events.last())
            for job_id in connection.watched:
                self._events.watch(job_id, connection)
        if message_id != connection.sent:
            try:
                await self._catch_up(connection, owner, position)
            except BaseException:
                # Nobody carries it now, and the client will try again.
                self.release(connection, owner)
                raise
        return connection, owner

    async def _catch_up(self, connection: Connection, owner: object, position: Position) -> None:
        after = connection.rewind(position)
        for job_id in tuple(connection.commands):
            self._outputs.follow(connection, job_id)
        try:
            missed = await self._events.missed(after, most=MOST_MISSED)
        except TooMuchMissed as error:
            connection.end(error.text)
            return
        if connection.is_owned_by(owner):
            connection.caught_up(missed.last, missed.events)

    def claim(self, connection: Connection) -> object:
        """Become the transport of this connection."""
        away = self._away.pop(connection.name, None)
        if away is not None:
            away.cancel()
        return connection.claim()

    def release(self, connection: Connection, owner: object) -> None:
        """The transport is at its end; unless another one has taken over, the client may come back."""
        if connection.is_owned_by(owner) and self._known.get(connection.name) is connection:
            self._wait_for(connection)

    def abort(self, name: str) -> None:
        """The client has said goodbye."""
        connection = self._known.get(name)
        if connection is not None:
            connection.end("The client has ended this connection.")

    def drain(self) -> None:
        """The server is about to stop."""
        self.draining = True
        for connection in self._known.values():
            connection.changed()

    def _add(self, name: str, caller: Caller) -> Connection:
        mine = sum(each.caller.name == caller.name for each in self._known.values())
        if mine >= MOST_OF_A_USER:
            raise NotPermitted(
                f"User {caller.name} has {mine} connections for events, the most there may be."
            )
        connection = Connection(name, caller, self._key, self._events.last(), self._forget)
        self._known[name] = connection
        return connection

    def _wait_for(self, connection: Connection) -> None:
        away = self._away.pop(connection.name, None)
        if away is not None:
            away.cancel()
        loop = asyncio.get_running_loop()
        self._away[connection.name] = loop.call_later(DISCONNECT_S + GRACE_S, self._forget, connection)

    def _forget(self, connection: Connection) -> None:
        connection.forgotten = True
        if self._known.get(connection.name) is connection:
            del self._known[connection.name]
            away = self._away.pop(connection.name, None)
            if away is not None:
                away.cancel()
        for job_id in connection.watched:
            self._events.unwatch(job_id, connection)
        self._outputs.forget(connection)
