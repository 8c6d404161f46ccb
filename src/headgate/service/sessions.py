"""SOA sessions: what a user can ask (spec windowshpc, section 7). Every check of rights and values is here;
the broker behind it keeps the messages (`ports.broker`).

A session belongs to the user who created it; others are admitted where it is shared (and administrators may
close it). A batch belongs to the user who sent its first request. Refusals carry the names of section 7.9.
"""

import re
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from headgate.core.errors import BadRequest, HeadgateError, NotFound, NotPermitted, Refusal, WrongState
from headgate.core.model import INT_MAX, Job
from headgate.core.soa import (
    NAME_LIMIT,
    USER_DATA_LIMIT,
    BatchStatus,
    ReadEnd,
    Request,
    Response,
    Session,
    SessionStart,
)
from headgate.core.states import JobState
from headgate.core.vocabulary import TaskType
from headgate.ports.broker import Broker, Services
from headgate.ports.identity import Caller
from headgate.ports.store import Reader, Store
from headgate.service import session_jobs
from headgate.service.jobs import Jobs
from headgate.service.rights import may_end_session, may_use_session

_ENDED: Final = {
    JobState.FINISHED: "Session_ValidateJobFailed_AlreadyFinished",
    JobState.FAILED: "Session_ValidateJobFailed_AlreadyFinished",
    JobState.FINISHING: "Session_ValidateJobFailed_AlreadyFinished",
    JobState.CANCELED: "Session_ValidateJobFailed_JobCanceled",
    JobState.CANCELING: "Session_ValidateJobFailed_JobCanceled",
}
_NOTHING_TO_READ: Final = "Session_ValidateJobFailed_NotServiceJob"


class Sessions:
    """See the module.

    host: the command line that an instance of a session's task runs. max_message: bytes, the most that a
    session may ask for.
    """

    def __init__(
        self,
        store: Store,
        jobs: Jobs,
        broker: Broker,
        services: Services,
        *,
        host: str,
        max_message: int = 16 * 1024 * 1024,
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._broker = broker
        self._services = services
        self._host = host
        self._max_message = max_message

    # ---- sessions

    async def create(self, caller: Caller, start: SessionStart) -> Session:
        """A new session. Raises NotFound (Service_NotFound, ServiceVersion_NotFound), BadRequest
        (ConfigFile_Invalid, InvalidArgument, CreateJobFailure, SubmitJobFailure).
        """
        found = self._services.find(start.service, start.version)
        self._check(start)
        with _called("CreateJobFailure"):
            new = session_jobs.new_job(start, self._host)
            number = (await self._jobs.create_whole(caller, new, submitted=False)).id
        session = Session(id=number, owner=caller.name, start=start, version=found.version)
        try:
            # A host may come as soon as the job is submitted: the broker must know the session then.
            await self._broker.open(session)
            with _called("SubmitJobFailure"):
                await self._jobs.submit(caller, number)
                self._check_queued(number)
        except HeadgateError:
            await session_jobs.finish(self._store, number, "The session was not begun.")
            await self._broker.close(number)
            raise
        return session

    def session(self, caller: Caller, session_id: int) -> Session:
        """A session that the caller may use. Raises NotFound (InvalidSessionId), NotPermitted
        (AccessDenied_Broker).
        """
        session = self._broker.session(session_id)
        if session is None:
            raise NotFound(f"There is no session {session_id}.", kind="session", code="InvalidSessionId")
        if not may_use_session(caller, session):
            raise NotPermitted(
                f"Session {session_id} belongs to {session.owner}, and is not shared.",
                code="AccessDenied_Broker",
            )
        return session

    async def attach(self, caller: Caller, session_id: int, *, durable: bool) -> Session:
        """A session, to go on with. Raises as `session`, and WrongState: it is of the other kind
        (InvalidAttach…), or its job is none of a session or has ended (Session_ValidateJobFailed_…).
        """
        try:
            session = self.session(caller, session_id)
        except NotFound:
            self._explain(session_id)
            raise
        if session.start.durable is not durable:
            kind = "durable" if session.start.durable else "interactive"
            raise WrongState(
                f"Session {session_id} is {kind}.",
                code="InvalidAttachDurableSession" if durable else "InvalidAttachInteractiveSession",
            )
        if not durable:
            job = self._store.peek(lambda look: look.job(session_id))
            self._refuse_ended(job)
        return session

    async def close(self, caller: Caller, session_id: int) -> None:
        """End the session: its job ends, its messages are removed. Raises as `session`."""
        session = self.session(caller, session_id)
        if not may_end_session(caller, session):
            raise NotPermitted(
                f"Session {session_id} belongs to {session.owner}: others do not close it.",
                code="AccessDenied_Broker",
            )
        await session_jobs.finish(self._store, session_id, "The session was closed.")
        await self._broker.close(session_id)

    def versions(self, caller: Caller, service: str) -> tuple[str, ...]:
        """The versions of a service, the newest first. Raises NotFound (Service_NotFound)."""
        return self._services.versions(service)

    # ---- batches

    async def send(self, caller: Caller, session_id: int, batch: str, requests: Sequence[Request]) -> None:
        """Take these requests, or none of them. Waits while too much waits already. See ports.broker."""
        session = self._for_batch(caller, session_id, batch)
        largest = session.start.max_message_size
        for request in requests:
            if len(request.body) > largest:
                raise BadRequest(
                    f"A message has {len(request.body)} bytes; the session takes at most {largest}.",
                    code="InvalidArgument",
                )
            data = request.user_data
            if len(data) > USER_DATA_LIMIT and _characters(data) > USER_DATA_LIMIT:
                raise BadRequest(
                    f"The user data of a message have more than {USER_DATA_LIMIT} characters.",
                    code="InvalidArgument",
                )
        await self._broker.send(session_id, batch, caller.name, requests)

    async def commit(self, caller: Caller, session_id: int, batch: str) -> None:
        """No more requests will come. Raises WrongState (Broker_EOMReject…, section 7.4)."""
        self._for_batch(caller, session_id, batch)
        await self._broker.commit(session_id, batch, caller.name)

    async def purge(self, caller: Caller, session_id: int, batch: str) -> None:
        """Forget a batch. One that is not there is as good as forgotten."""
        self._for_batch(caller, session_id, batch)
        await self._broker.purge(session_id, batch, caller.name)

    def status(self, caller: Caller, session_id: int, batch: str) -> BatchStatus:
        """How far a batch is."""
        self._for_batch(caller, session_id, batch)
        return self._broker.status(session_id, batch, caller.name)

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
        """The answers as they come (section 7.5). What is refused is refused at the call."""
        self._for_batch(caller, session_id, batch)
        if count < -1 or count > INT_MAX:
            raise BadRequest(f"count is -1, or 0 to {INT_MAX}.", code="InvalidArgument")
        return self._broker.responses(
            session_id,
            batch,
            caller.name,
            count=count,
            action=action,
            reset=reset,
            client_data=client_data,
        )

    def _for_batch(self, caller: Caller, session_id: int, batch: str) -> Session:
        session = self.session(caller, session_id)
        if not batch or len(batch) > NAME_LIMIT or not batch.isprintable():
            raise BadRequest(
                f"The client id of a batch has 1 to {NAME_LIMIT} characters.",
                code="Broker_InvalidClientIdOrTooLong",
            )
        return session

    # ---- checks

    def _check(self, start: SessionStart) -> None:
        """Raises BadRequest (InvalidArgument) for what can't be."""

        def refuse(text: str) -> BadRequest:
            return BadRequest(text, code="InvalidArgument")

        if not 0 < start.max_message_size <= self._max_message:
            raise refuse(f"MaxMessageSize is 1 to {self._max_message}.")
        if start.unit_type not in (0, 1, 2):
            raise refuse("ResourceUnitType is 0 (core), 1 (socket) or 2 (node).")
        for name, value in (("MinUnits", start.min_units), ("MaxUnits", start.max_units)):
            if value is not None and not 1 <= value <= INT_MAX:
                raise refuse(f"{name} is 1 to {INT_MAX}.")
        if start.min_units is not None and start.max_units is not None and start.min_units > start.max_units:
            raise refuse("MinUnits is more than MaxUnits.")
        if not 0 <= start.shrink_threshold < start.grow_threshold:
            raise refuse(
                "AllocationShrinkLoadRatioThreshold is 0 or more, and less than the one for growing."
            )
        if not 0 < start.throttle_stop <= start.throttle_start:
            raise refuse(
                "MessagesThrottleStopThreshold is more than 0, and no more than the one for starting."
            )
        for name in ("client_idle_timeout", "session_idle_timeout"):
            if getattr(start, name) < 0:
                raise refuse(f"{name} is not negative.")
        if start.operation_timeout <= 0:
            raise refuse("ServiceOperationTimeout is more than 0.")

    def _check_queued(self, number: int) -> None:
        """A job that was not valid has failed by its submission."""
        job = self._store.peek(lambda look: look.job(number))
        if job.state in _ENDED:
            why = "" if job.mishap is None else ", ".join((job.mishap.code, *job.mishap.parameters))
            raise BadRequest(f"The job of the session can't run: {why}.", code="SubmitJobFailure")

    def _explain(self, session_id: int) -> None:
        """Say what is wrong with a job that is no open session. Raises WrongState; nothing where there is no
        such job.
        """

        def look(reader: Reader) -> tuple[Job, bool]:
            job = reader.job(session_id)
            tasks = reader.tasks(session_id, limit=1)
            return job, bool(tasks) and tasks[0].spec.type is TaskType.SERVICE

        try:
            job, is_service = self._store.peek(look)
        except NotFound:
            return
        if not (is_service and job.spec.service_name):
            raise WrongState(f"Job {session_id} is no session.", code=_NOTHING_TO_READ)
        self._refuse_ended(job)

    def _refuse_ended(self, job: Job) -> None:
        code = _ENDED.get(job.state)
        if code is not None:
            raise WrongState(f"Session {job.id} has ended.", code=code)


@contextmanager
def _called(code: str) -> Iterator[None]:
    """What is refused about the job is refused about the session under this name."""
    try:
        yield
    except NotPermitted:
        raise
    except Refusal as error:
        raise BadRequest(error.text, code=code) from error


_MARKUP: Final = re.compile(rb"<[^>]*>")
_REFERENCE: Final = re.compile(rb"&[^;]*;")


def _characters(content: bytes) -> int:
    """Of the text in some inner XML, about: a `<` is four characters of XML, an element is none of text."""
    return len(_REFERENCE.sub(b".", _MARKUP.sub(b"", content)).decode("utf-8", "replace"))
