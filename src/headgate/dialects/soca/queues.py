"""Queues (spec soca, 4.7 and 4.8), and what their refusals of a job are in qsub's words (8.3)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from headgate.core import amounts
from headgate.core.errors import BadRequest, NotFound, QueueReason, QueueRefused, WrongState
from headgate.core.model import Queue
from headgate.dialects.soca import parse
from headgate.dialects.soca.context import Context
from headgate.dialects.soca.errors import Failure
from headgate.dialects.soca.operation import Call, ok
from headgate.formats.serving import Answer
from headgate.service.queues import QueueView

TYPES: Final = ("alwayson", "ondemand")

# The words that qsub has for it (fixtures and spec pbs, 4.1), in front of our own.
STDERR: Final[Mapping[QueueReason, str]] = MappingProxyType(
    {
        QueueReason.UNKNOWN_QUEUE: "Unknown queue",
        QueueReason.NOT_ENABLED: "Queue is not enabled",
        QueueReason.ACL: "Unauthorized Request",
        QueueReason.KIND: "Job violates queue and/or server resource limits",
        QueueReason.RESTRICTED: "Job violates queue and/or server resource limits",
        QueueReason.TYPE: "Job violates queue and/or server resource limits",
        QueueReason.LIMIT: "Job violates queue and/or server resource limits",
        QueueReason.FULL: "Maximum number of jobs already in queue",
    }
)
CODES: Final[Mapping[QueueReason, str]] = MappingProxyType(
    {reason: f"QUEUE_{reason.name}" for reason in QueueReason} | {QueueReason.UNKNOWN_QUEUE: "UNKNOWN_QUEUE"}
)


def stderr(error: QueueRefused) -> str:
    """The line that qsub would print."""
    return f"{STDERR[error.reason]}: {error.text}"


class QueueCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._queues = context.queues

    async def list(self, call: Call) -> Answer:
        """List the names of the queues; with `details` what each of them is."""
        if parse.switch(call.fields, "details"):
            return ok([_details(view) for view in await self._queues.list(call.caller)])
        return ok(self._queues.names(call.caller))

    async def create(self, call: Call) -> Answer:
        """Make a queue. `ondemand` ones are like the others here: there is no cloud to start nodes in."""
        name = _name(call)
        kind = call.fields.get("type", "")
        if kind not in TYPES:
            raise Failure("QUEUE_TYPE_INVALID")
        try:
            await self._queues.create(call.caller, Queue(name=name, on_demand=kind == "ondemand"))
        except WrongState:
            raise Failure("QUEUE_EXISTS") from None
        return ok("Queue created")

    async def delete(self, call: Call) -> Answer:
        """Remove a queue that no job is in."""
        try:
            await self._queues.remove(call.caller, _name(call))
        except NotFound:
            raise Failure("QUEUE_UNKNOWN") from None
        except (WrongState, BadRequest) as error:
            raise Failure("QUEUE_IN_USE", error.text) from None
        return ok("Queue deleted")


def _name(call: Call) -> str:
    name = call.fields.get("name", "")
    if not name:
        raise Failure("QUEUE_NAME_MISSING")
    return name


def _details(view: QueueView) -> dict[str, object]:
    """A queue, by the names of SOCA's queue_mapping where that has one (8.2). Who may use it is for
    administrators to know; a user is told of themselves (`usable`).
    """
    queue = view.queue
    return {
        "name": queue.name,
        "description": queue.description,
        "default": queue.default,
        "enabled": queue.enabled,
        "started": queue.started,
        "priority": queue.priority,
        "type": "ondemand" if queue.on_demand else "alwayson",
        "usable": view.usable,
        "waiting": view.waiting,
        "running": view.running,
        "max_running_jobs": queue.max_running,
        "max_running_jobs_per_user": queue.max_running_per_user,
        "max_queued_jobs_per_user": queue.max_queued_per_user,
        "max_provisioned_instances": queue.max_nodes_running,
        "defaults": amounts.defaults_said(queue.defaults),
        "minima": amounts.limits_said(queue.minima),
        "maxima": amounts.limits_said(queue.maxima),
        "restricted_parameters": queue.restricted,
        "allowed_instance_types": queue.allowed_types,
        "excluded_instance_types": queue.excluded_types,
    }
