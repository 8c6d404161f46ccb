"""Tasks and subtasks (spec hpcpack-2016, section 4.4)."""

from collections.abc import Sequence

from headgate.core.properties import TASK, TaskSubject
from headgate.formats.filters import task_filter
from headgate.formats.hpcpack import lists, queries
from headgate.formats.hpcpack.context import Context
from headgate.formats.hpcpack.exchange import DONE, Call, found
from headgate.formats.hpcpack.jobs import all_named, existing
from headgate.formats.hpcpack.spelling import renderer
from headgate.formats.property_lists import changes, columns, texts
from headgate.formats.serving import Answer
from headgate.ports.store import TaskQuery, TaskRow
from headgate.service.rights import owns

COLUMNS = columns(TASK, "TaskId,Name,State,CommandLine,ExitCode,ParentJobId,JobTaskId,InstanceId")
"""What a task list shows when nothing is asked for (section 3.1)."""
_ALL = TASK.readable()
_OUTPUT = TASK["Output"]
_OUTPUTS_AT_ONCE = 20
"""Rows whose captured output is held in memory together."""


class TaskCalls:
    """See the module. Where a path names a subtask, its id is the third value in it."""

    def __init__(self, context: Context) -> None:
        self._tasks = context.tasks
        self._pages = lists.Pages("tasks", context.signing_key, context.clock.now)

    async def list(self, call: Call) -> Answer:
        """List the tasks of a job, by default with a row for each subtask of an expanded sweep."""
        asked = queries.list_asked(call.query, TASK, COLUMNS, "sortTasksBy", "number")
        wanted = task_filter(asked.filter)
        query = TaskQuery(
            job_id=queries.job_id(call.values[0]),
            expand=queries.truth(call.query, "expandParametric", True),
            states=wanted.states,
            numbers=wanted.numbers,
            instances=wanted.instances,
            changed_from=wanted.changed_from,
            sort=asked.sort,
            descending=asked.descending,
        )
        job, full, page = await self._tasks.list(
            call.caller,
            query,
            limit=asked.rows,
            after=self._pages.after(call, asked, query),
            offset=asked.start_row,
            count=asked.start_row is not None,
        )
        spelling, own = call.spelling, owns(call.caller, job)
        spelled = renderer(asked.properties, spelling.property).spelled
        with_output = full and _OUTPUT in asked.properties

        async def rows(part: Sequence[TaskRow]) -> list[str]:
            outputs = await self._outputs(part) if with_output else [b""] * len(part)
            return [
                spelling.row(spelled(TaskSubject.of(row.task, row.instance, output), full=full, own=own))
                for row, output in zip(part, outputs, strict=True)
            ]

        headers = self._pages.headers(call, query, more=page.more, end=page.end, total=page.total)
        at_once = _OUTPUTS_AT_ONCE if with_output else lists.AT_ONCE
        return await lists.answer(spelling, page.rows, rows, headers, at_once)

    async def _outputs(self, rows: Sequence[TaskRow]) -> Sequence[bytes]:
        return await self._tasks.outputs(
            [(row.task.job_id, row.task.number, row.instance.number if row.instance else 0) for row in rows]
        )

    async def add(self, call: Call) -> Answer:
        """Add a task to a job; answers its number within the job."""
        job_id = queries.job_id(call.values[0])
        given = changes(TASK, await call.pairs())
        return found(call.spelling.created(await self._tasks.add(call.caller, job_id, given)))

    async def get(self, call: Call) -> Answer:
        """Read properties of a task or subtask: those named, or all."""
        view = self._tasks.get(call.caller, *place(call))
        properties = queries.selection(call.query, TASK, _ALL) if call.query else _ALL
        spelling = call.spelling
        subject = TaskSubject.of(view.task, view.instance, view.output)
        spelled = renderer(properties, spelling.property).spelled
        return found(spelling.property_set(spelled(subject, full=view.full, own=view.own)))

    async def set(self, call: Call) -> Answer:
        """Change properties of a task or subtask: all that are given, or none."""
        job_id, number, instance = place(call)
        given = changes(TASK, await call.pairs())
        await self._tasks.set(call.caller, job_id, number, given, instance=instance)
        return DONE

    async def cancel(self, call: Call) -> Answer:
        """Begin to cancel a task (with all its subtasks) or a subtask; forced: without grace."""
        job_id, number, instance = place(call)
        forced = queries.truth(call.query, "forced", False)
        message = await call.message()
        await self._tasks.cancel(
            call.caller, job_id, number, instance=instance, message=message, forced=forced
        )
        return DONE

    async def finish(self, call: Call) -> Answer:
        """End a task or subtask as Finished."""
        job_id, number, instance = place(call)
        message = await call.message()
        await self._tasks.finish(call.caller, job_id, number, instance=instance, message=message)
        return DONE

    async def requeue(self, call: Call) -> Answer:
        """Run a failed or canceled task or subtask again. A message is accepted and not kept."""
        job_id, number, instance = place(call)
        await call.message()
        await self._tasks.requeue(call.caller, job_id, number, instance=instance)
        return DONE

    async def custom_properties(self, call: Call) -> Answer:
        """Read custom properties; of those named, the ones that exist."""
        job_id, number, _ = place(call)
        kept = self._tasks.custom_properties(call.caller, job_id, number)
        return found(call.spelling.pairs(existing(kept, queries.names(call.query))))

    async def set_custom_properties(self, call: Call) -> Answer:
        """Add, replace and (null) delete custom properties."""
        job_id, number, _ = place(call)
        await self._tasks.set_custom_properties(call.caller, job_id, number, texts(await call.pairs()))
        return DONE

    async def variables(self, call: Call) -> Answer:
        """Read the task's own environment variables; of those named, all, empty where not set."""
        job_id, number, _ = place(call)
        kept = self._tasks.environment(call.caller, job_id, number)
        return found(call.spelling.pairs(all_named(kept, queries.names(call.query))))

    async def set_variables(self, call: Call) -> Answer:
        """Add, replace and (empty) delete environment variables."""
        job_id, number, _ = place(call)
        await self._tasks.set_environment(call.caller, job_id, number, texts(await call.pairs()))
        return DONE


def place(call: Call) -> tuple[int, int, int | None]:
    """Job, task and, where the path names one, subtask."""
    job, task, *subtask = call.values
    return (
        queries.job_id(job),
        queries.task_number(task),
        queries.subtask_id(subtask[0]) if subtask else None,
    )
