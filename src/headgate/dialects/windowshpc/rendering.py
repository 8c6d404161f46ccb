"""Get Job, Get Task, Get Subtask with `Render` (spec windowshpc, section 4.1): property set or job XML."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final

from headgate.core.errors import BadRequest
from headgate.core.properties import JOB, TASK, JobSubject, TaskSubject
from headgate.core.properties.checks import shown
from headgate.formats.hpcpack import queries
from headgate.formats.hpcpack.context import Context
from headgate.formats.hpcpack.documents import all_tasks
from headgate.formats.hpcpack.exchange import Call, found
from headgate.formats.hpcpack.jobs import JobCalls
from headgate.formats.hpcpack.spelling import encoded
from headgate.formats.hpcpack.tasks import TaskCalls, place
from headgate.formats.serving import Answer
from headgate.scripts import jobxml
from headgate.service.rights import owns

PART: Final = 64 * 1024
"""Characters of a document that are made before other requests get their turn."""


class Rendered:
    """See the module."""

    def __init__(self, context: Context, jobs: JobCalls, tasks: TaskCalls) -> None:
        self._jobs = context.jobs
        self._tasks = context.tasks
        self._job_properties = jobs.get
        self._task_properties = tasks.get

    async def job(self, call: Call) -> Answer:
        """Read a job: the properties named or all, or with Render=HpcJobXml as job XML."""
        if not as_job_xml(call.query):
            return await self._job_properties(call)
        job_id = queries.job_id(call.values[0])
        named = queries.selection(call.query, JOB, ())
        view = self._jobs.get(call.caller, job_id)
        subject, own = JobSubject(view.job, view.children), owns(call.caller, view.job)
        if named:
            return found(encoded(jobxml.render_named(subject, named, full=view.full, own=own)))
        tasks = await all_tasks(self._tasks, call.caller, job_id)
        parts = jobxml.render(subject, tasks, full=view.full, own=own)
        return Answer(200, parts=_sent(parts))

    async def task(self, call: Call) -> Answer:
        """Read a task or subtask: the properties named or all, or with Render=HpcJobXml as job XML."""
        if not as_job_xml(call.query):
            return await self._task_properties(call)
        job_id, number, instance = place(call)
        named = queries.selection(call.query, TASK, ())
        view = self._tasks.get(call.caller, job_id, number, instance)
        subject = TaskSubject.of(view.task, view.instance, view.output)
        if named:
            text = jobxml.render_task_named(subject, named, full=view.full, own=view.own)
        else:
            unit = self._jobs.get(call.caller, job_id).job.spec.unit_type
            text = jobxml.render_task(unit, subject, full=view.full, own=view.own)
        return found(encoded(text))


def as_job_xml(query: queries.Query) -> bool:
    """Whether `Render` asks for job XML, in any letter case. Raises BadRequest."""
    text = query.get("render", "").strip()
    if text.lower() in ("", "restproprender"):
        return False
    if text.lower() == "hpcjobxml":
        return True
    raise BadRequest(f"Render is RestPropRender or HpcJobXml, not {shown(text)}.", parameters=("Render",))


async def _sent(parts: Iterable[str]) -> AsyncIterator[bytes]:
    gathered: list[str] = []
    size = 0
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= PART:
            yield encoded("".join(gathered))
            gathered, size = [], 0
            await asyncio.sleep(0)
    yield encoded("".join(gathered))
