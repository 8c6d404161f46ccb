"""What a client can call: the three hubs of spec hpcpack-2016, section 5. Names in any letter case."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
import structlog
from msgspec import Meta, Struct

from headgate.core.errors import BadRequest, HeadgateError, Refusal
from headgate.core.model import INT_MAX
from headgate.dialects.hpcpack.signalr import messages
from headgate.dialects.hpcpack.signalr.connection import MOST_LISTENED, Connection
from headgate.dialects.hpcpack.signalr.messages import Invocation
from headgate.dialects.hpcpack.signalr.outputs import Outputs
from headgate.service.commands import Commands
from headgate.service.events import Events

JobId = Annotated[int, Meta(ge=-INT_MAX - 1, le=INT_MAX)]
FAULT: Final = "Something is wrong in the server; its log says more."
log = structlog.get_logger("headgate.signalr")


class Method(Struct, frozen=True):
    """A method: its name, the type of all its arguments together, and what it does."""

    name: str
    arguments: Any
    call: Callable[..., Awaitable[object]]


class Hubs:
    """See the module."""

    def __init__(self, events: Events, commands: Commands, outputs: Outputs) -> None:
        self._events = events
        self._commands = commands
        self._outputs = outputs
        self._hubs: Mapping[str, Mapping[str, Method]] = {
            "jobeventhub": _methods(Method("BeginListen", tuple[JobId], self.listen_to_job)),
            "taskeventhub": _methods(Method("BeginListen", tuple[JobId], self.listen_to_tasks)),
            "commandhub": _methods(
                Method("CreateCommand", tuple[str, list[str]], self.create_command),
                Method("StartCommand", tuple[JobId], self.start_command),
                Method("CancelCommand", tuple[JobId], self.cancel_command),
            ),
        }

    async def invoke(self, connection: Connection, text: str | bytes) -> str:
        """Carry out a call; its answer, a result or a refusal. Raises BadRequest for what is no call."""
        asked = messages.read_invocation(text)
        try:
            method, arguments = self._find(asked)
            return messages.result(asked.number, await method.call(connection, *arguments))
        except HeadgateError as error:
            return messages.failure(asked.number, error.text)
        except Exception as error:
            log.error("hub_call_failed", hub=asked.hub[:40], method=asked.method[:40], exc_info=error)
            return messages.failure(asked.number, FAULT)

    def _find(self, asked: Invocation) -> tuple[Method, tuple[Any, ...]]:
        hub = self._hubs.get(asked.hub.lower())
        if hub is None:
            raise BadRequest(f"There is no hub {asked.hub[:100]!r}.")
        method = hub.get(asked.method.lower())
        if method is None:
            raise BadRequest(f"The hub {asked.hub} has no method {asked.method[:100]!r}.")
        try:
            return method, msgspec.convert(asked.arguments, method.arguments, strict=False)
        except msgspec.ValidationError as error:
            raise BadRequest(f"The arguments of {method.name} are wrong: {error}") from None

    # ---- JobEventHub, TaskEventHub

    async def listen_to_job(self, connection: Connection, job_id: int) -> None:
        """Tell the states of a job from now on."""
        self._listen(connection, connection.jobs, job_id)

    async def listen_to_tasks(self, connection: Connection, job_id: int) -> None:
        """Tell the states of its tasks and subtasks from now on."""
        self._listen(connection, connection.tasks, job_id)

    def _listen(self, connection: Connection, to: dict[int, int], job_id: int) -> None:
        since = self._events.begin(connection.caller, job_id)
        if job_id not in to:
            self._make_room(connection)
            connection.listen(to, job_id, since)
            self._events.watch(job_id, connection)

    def _make_room(self, connection: Connection) -> None:
        """Raises Refusal when it is over, or listens to as much as it may and all of that may change."""
        if connection.forgotten:
            raise Refusal("This connection is over.")
        if connection.is_full:
            for job_id in self._events.silent(connection.watched):
                connection.ignore(job_id)
                self._events.unwatch(job_id, connection)
        if connection.is_full:
            raise Refusal(f"One connection listens to {MOST_LISTENED} jobs at most.")

    # ---- CommandHub

    async def create_command(self, connection: Connection, command_line: str, nodes: list[str]) -> int:
        """Make an admin job; its id."""
        self._make_room(connection)
        job_id = await self._commands.create(connection.caller, command_line, nodes)
        self._follow(connection, job_id)
        return job_id

    async def start_command(self, connection: Connection, job_id: int) -> None:
        """Submit it. What it prints is told to whoever made or started it."""
        if job_id not in connection.commands:
            self._make_room(connection)
        await self._commands.start(connection.caller, job_id)
        self._follow(connection, job_id)

    async def cancel_command(self, connection: Connection, job_id: int) -> None:
        """Cancel it."""
        await self._commands.cancel(connection.caller, job_id)

    def _follow(self, connection: Connection, job_id: int) -> None:
        if not connection.forgotten:  # the client may have left meanwhile
            self._outputs.follow(connection, job_id)
            connection.groups_changed()


def _methods(*methods: Method) -> Mapping[str, Method]:
    return {method.name.lower(): method for method in methods}
