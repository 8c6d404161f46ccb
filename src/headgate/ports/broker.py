"""Broker: keeps the requests of sessions, gives them to service hosts, and keeps the answers for readers.

The service (`service/sessions.py`) asks it on behalf of callers it has checked, and faces ask the service.
Everything that is refused is a HeadgateError whose `code` is a name of spec windowshpc, section 7.9. Hosts
come to it through a face of their own (`HostGate`), services are found by `Services`.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from headgate.core.soa import BatchStatus, ReadEnd, Registration, Request, Response, Session


class Broker(Protocol):
    """All methods run on the event loop. `session` is the id of a session that was opened."""

    def session(self, session: int) -> Session | None:
        """An open session; None: there is none of this id (any more)."""
        ...

    async def open(self, session: Session) -> None:
        """Be ready for a session; of a durable one, and what was sent to it, nothing is forgotten from
        now on.
        """
        ...

    async def close(self, session: int) -> None:
        """The session is over: its messages are removed. Unknown ones are ignored."""
        ...

    async def send(self, session: int, batch: str, owner: str, requests: Sequence[Request]) -> None:
        """Take these requests, in order; those whose message id the batch has had already are dropped.

        Waits while there is too much that waits (so whoever uploads is slowed down). When it returns the
        requests are kept as long as the session promises: on disk, if it is durable. Raises
        Broker_ClientIdNotMatch and AccessDenied_BrokerQueue (the batch is somebody else's),
        Broker_EOMReject_EndRequests (committed already), Broker_SessionFailure.
        """
        ...

    async def commit(self, session: int, batch: str, owner: str) -> None:
        """No more requests will come. Raises the Broker_EOMReject… of 7.4."""
        ...

    def status(self, session: int, batch: str, owner: str) -> BatchStatus:
        """How far the batch is."""
        ...

    async def purge(self, session: int, batch: str, owner: str) -> None:
        """Forget the batch, requests and answers; whoever reads it is told CLIENT_PURGED."""
        ...

    def responses(
        self,
        session: int,
        batch: str,
        owner: str,
        *,
        count: int = -1,
        action: str = "",
        reset: bool = False,
        client_data: str = "",
    ) -> AsyncGenerator[Sequence[Response] | ReadEnd, None]:
        """The answers as they come, some at a time, `ReadEnd` at last (7.5, with its rules of what a
        later read confirms or puts back). A slow reader holds up nobody else.
        """
        ...


class Services(Protocol):
    """The services that are registered."""

    def find(self, name: str, version: str = "") -> Registration:
        """A service; without a version the newest. Raises NotFound (Service_NotFound,
        ServiceVersion_NotFound), BadRequest (ConfigFile_Invalid, with the reason).
        """
        ...

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a service, the newest first. Raises NotFound (Service_NotFound)."""
        ...


class HostGone(Exception):
    """The other end of a channel has left."""


class Channel(Protocol):
    """A connection to a host: whole messages, in order."""

    async def send(self, message: bytes) -> None:
        """Waits while the other end does not read. Raises HostGone."""
        ...

    async def receive(self) -> bytes:
        """The next message. Raises HostGone."""
        ...


class HostGate(Protocol):
    """Takes the hosts of services in."""

    def admit(self, proof: str) -> object:
        """Whether this is the ticket of a run that is expected, `session.instance.intent.proof`; good for
        one connection. What it answers is for `serve`. Raises NotAuthenticated.
        """
        ...

    async def serve(self, admitted: object, channel: Channel) -> None:
        """Be the broker for this host, until one of the two ends it."""
        ...

    def drain(self) -> None:
        """The server is about to stop: who reads or waits is let go."""
        ...
