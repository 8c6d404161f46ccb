"""Sessions in memory, for tests: what `service.sessions` promises, with an echo that answers at once."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence

from headgate.core.errors import BadRequest, NotFound, NotPermitted, WrongState
from headgate.core.soa import (
    GENERIC_ACTION,
    GENERIC_NAMESPACE,
    BatchStatus,
    ReadEnd,
    Reason,
    Request,
    Response,
    Session,
    SessionStart,
)
from headgate.ports.identity import Caller

VERSIONS = ("1.1", "1.0")
_INPUT = re.compile(rb"<(?:\w+:)?(?:input|args)\b[^>]*>(.*)</(?:\w+:)?(?:input|args)>", re.DOTALL)


class Batch:
    """One batch. read: how many answers its readers have had."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.requests: list[Request] = []
        self.answers: list[Response] = []
        self.seen: set[str] = set()
        self.committed = False
        self.purged = False
        self.read = 0
        self.changed = asyncio.Event()

    def change(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class MemorySessions:
    """See the module. answering: whether requests are answered at once. readers: reads that are open."""

    def __init__(self) -> None:
        self.sessions: dict[int, Session] = {}
        self.batches: dict[tuple[int, str], Batch] = {}
        self.answering = True
        self.failed = False
        self.sends = 0
        self.readers = 0

    async def create(self, caller: Caller, start: SessionStart) -> Session:
        self.versions(caller, start.service)
        if start.version and start.version not in VERSIONS:
            raise NotFound("There is no such version.", kind="service", code="ServiceVersion_NotFound")
        number = 31 + len(self.sessions)
        version = start.version or VERSIONS[0]
        session = self.sessions[number] = Session(
            id=number,
            owner=caller.name,
            start=start,
            version="" if start.service == "CcpEchoSvc" else version,
        )
        return session

    def session(self, caller: Caller, session_id: int) -> Session:
        session = self.sessions.get(session_id)
        if session is None:
            raise NotFound(f"There is no session {session_id}.", kind="session", code="InvalidSessionId")
        if caller.name != session.owner and not session.start.shared:
            raise NotPermitted(f"Session {session_id} is not yours.", code="AccessDenied_Broker")
        return session

    async def attach(self, caller: Caller, session_id: int, *, durable: bool) -> Session:
        session = self.session(caller, session_id)
        if durable != session.start.durable:
            code = "InvalidAttachDurableSession" if durable else "InvalidAttachInteractiveSession"
            raise BadRequest("The session is of the other kind.", code=code)
        return session

    async def close(self, caller: Caller, session_id: int) -> None:
        self.session(caller, session_id)
        del self.sessions[session_id]

    def versions(self, caller: Caller, service: str) -> tuple[str, ...]:
        if service not in ("CcpEchoSvc", "Priced"):
            raise NotFound(f"There is no service {service[:80]}.", kind="service", code="Service_NotFound")
        return ("",) if service == "CcpEchoSvc" else VERSIONS

    async def send(self, caller: Caller, session_id: int, batch: str, requests: Sequence[Request]) -> None:
        self.session(caller, session_id)
        if not requests:
            return
        found = self.batches.setdefault((session_id, batch), Batch(caller.name))
        self._own(caller, found)
        if found.committed:
            raise WrongState("The batch is committed.", code="Broker_EOMReject_EndRequests")
        self.sends += 1
        for request in requests:
            if request.message_id and request.message_id in found.seen:
                continue
            found.seen.add(request.message_id)
            found.requests.append(request)
        if self.answering:
            self.answer(session_id, batch)

    def answer(self, session_id: int, batch: str) -> None:
        """Answer what is not answered yet."""
        found = self.batches[session_id, batch]
        for request in found.requests[len(found.answers) :]:
            found.answers.append(echo(request))
        found.change()

    async def commit(self, caller: Caller, session_id: int, batch: str) -> None:
        self.session(caller, session_id)
        found = self.batches.get((session_id, batch))
        if found is None or not found.requests:
            raise WrongState("Nothing was sent.", code="Broker_EOMReject_NoRequest")
        self._own(caller, found)
        if found.committed:
            raise WrongState("It is committed.", code="Broker_EOMReject_EndRequests")
        found.committed = True
        found.change()

    async def purge(self, caller: Caller, session_id: int, batch: str) -> None:
        self.session(caller, session_id)
        found = self.batches.pop((session_id, batch), None)
        if found is not None:
            found.purged = True
            found.change()

    def status(self, caller: Caller, session_id: int, batch: str) -> BatchStatus:
        self.session(caller, session_id)
        found = self.batches.get((session_id, batch))
        if found is None:
            return BatchStatus.UNKNOWN
        self._own(caller, found)
        if not found.committed:
            return BatchStatus.READY
        done = len(found.answers) == len(found.requests)
        return BatchStatus.FINISHED if done else BatchStatus.PROCESSING

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
    ) -> AsyncGenerator[Sequence[Response] | ReadEnd, None]:
        self.session(caller, session_id)
        found = self.batches.setdefault((session_id, batch), Batch(caller.name))
        self._own(caller, found)
        if reset:
            found.read = 0
        return self._read(found, count, action)

    async def _read(
        self, batch: Batch, count: int, action: str
    ) -> AsyncGenerator[Sequence[Response] | ReadEnd, None]:
        self.readers += 1
        try:
            had = 0
            while True:
                if self.failed:
                    yield [Response(request_action="", action="", relates_to="", body=b"", fault=0x0200000B,
                                    reason="The session has failed.")]  # fmt: skip
                    yield ReadEnd(had, Reason.SUCCESS)
                    return
                waiting = batch.answers[batch.read :]
                batch.read = len(batch.answers)
                found = [one for one in waiting if not action or one.request_action == action]
                if count >= 0 and had + len(found) >= count:
                    found = found[: count - had]
                had += len(found)
                if found:
                    yield found
                if had == count:
                    yield ReadEnd(had, Reason.SUCCESS)
                    return
                if batch.purged:
                    yield ReadEnd(had, Reason.CLIENT_PURGED)
                    return
                if batch.committed and batch.read == len(batch.requests):
                    yield ReadEnd(had, Reason.SUCCESS)
                    return
                if batch.read == len(batch.answers):
                    await batch.changed.wait()
        finally:
            self.readers -= 1

    def _own(self, caller: Caller, batch: Batch) -> None:
        if batch.owner != caller.name:
            raise NotPermitted("The batch is somebody else's.", code="AccessDenied_BrokerQueue")


def echo(request: Request) -> Response:
    """What CcpEchoSvc answers on a machine called NODE01."""
    found = _INPUT.search(request.body)
    said = b"" if found is None else found[1]
    if request.action == GENERIC_ACTION:
        body = b'<GenericOperationResponse xmlns="%s"><GenericOperationResult>NODE01 (GenericService): %s' % (
            GENERIC_NAMESPACE.encode(), said,
        ) + b"</GenericOperationResult></GenericOperationResponse>"  # fmt: skip
    else:
        body = b'<EchoResponse xmlns="http://tempuri.org/"><EchoResult>NODE01:%s' % said
        body += b"</EchoResult></EchoResponse>"
    return Response(
        request_action=request.action,
        action=request.action + "Response",
        relates_to=request.message_id,
        body=body,
        user_data=request.user_data,
    )
