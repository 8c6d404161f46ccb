"""Set Subtask Properties: as published, it changes the master task (spec windowshpc, section 5)."""

from headgate.core.errors import NotFound
from headgate.core.properties import TASK
from headgate.core.resources import instance_count
from headgate.formats.hpcpack.context import Context
from headgate.formats.hpcpack.exchange import DONE, Call
from headgate.formats.hpcpack.tasks import place
from headgate.formats.property_lists import changes
from headgate.formats.serving import Answer


class SubtaskCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._tasks = context.tasks

    async def set(self, call: Call) -> Answer:
        """Change properties of a subtask's sweep: subtasks have none of their own to change."""
        job_id, number, instance = place(call)
        task = self._tasks.get(call.caller, job_id, number).task
        if instance is None or instance > instance_count(task.spec):
            raise NotFound(
                f"Task {job_id}.{number} has no subtask {call.values[2]}.",
                kind="instance",
                code="Operation_InvalidTaskId",
            )
        given = changes(TASK, await call.pairs())
        await self._tasks.set(call.caller, job_id, number, given)
        return DONE
