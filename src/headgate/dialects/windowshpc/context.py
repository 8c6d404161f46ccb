"""What this face is built from."""

from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from headgate.core.soa import BatchStatus, ReadEnd, Request, Response, Session, SessionStart
from headgate.formats.hpcpack import context
from headgate.ports.identity import Caller


class Sessions(Protocol):
    """What this face asks of `headgate.service.sessions`. Refusals have the codes of section 7.9."""

    async def create(self, caller: Caller, start: SessionStart) -> Session: ...
    def session(self, caller: Caller, session_id: int) -> Session: ...
    async def attach(self, caller: Caller, session_id: int, *, durable: bool) -> Session: ...
    async def close(self, caller: Caller, session_id: int) -> None: ...
    def versions(self, caller: Caller, service: str) -> tuple[str, ...]: ...
    async def send(
        self, caller: Caller, session_id: int, batch: str, requests: Sequence[Request]
    ) -> None: ...
    async def commit(self, caller: Caller, session_id: int, batch: str) -> None: ...
    async def purge(self, caller: Caller, session_id: int, batch: str) -> None: ...
    def status(self, caller: Caller, session_id: int, batch: str) -> BatchStatus: ...
    def responses(
        self,
        caller: Caller,
        session_id: int,
        batch: str,
        *,
        count: int = -1,
        action: str = "",
        reset: bool = False,
        client_data: str = "",
    ) -> AsyncGenerator[Sequence[Response] | ReadEnd, None]: ...


class Context(context.Context, frozen=True, kw_only=True):
    """The services and facts this face needs.

    public_url: the address under which clients reach the server; empty: whichever they used. largest_message:
    bytes of one message, the most that a session is granted.
    """

    sessions: Sessions
    public_url: str
    largest_message: int
