"""Jobs, or only those that run on some nodes (spec hpcpack-2016, section 6: GET /jobs?nodeNames)."""

from collections.abc import AsyncIterator

from headgate.core.model import Job
from headgate.dialects.hpcpack import parameters
from headgate.dialects.hpcpack.context import Context
from headgate.formats.hpcpack.exchange import Call
from headgate.formats.hpcpack.jobs import EVERY, JobCalls
from headgate.formats.hpcpack.lists import AT_ONCE
from headgate.formats.hpcpack.spelling import encoded
from headgate.formats.serving import Answer
from headgate.ports.store import Cursor, JobQuery

TOGETHER = 50 * AT_ONCE
"""Jobs in memory together; each look into the store goes through all that are running."""


class JobsOnNodes:
    """See the module."""

    def __init__(self, context: Context, jobs: JobCalls) -> None:
        self._service = context.jobs
        self._calls = jobs

    async def list(self, call: Call) -> Answer:
        """List jobs, whoever owns them; with nodeNames those that run there, and nothing else counts."""
        names = parameters.listed(call.query, "nodeNames")
        if names is None:
            return await self._calls.list(call)
        return Answer(200, parts=self._parts(call, names))

    async def _parts(self, call: Call, names: tuple[str, ...]) -> AsyncIterator[bytes]:
        """All of them by id, sent in parts."""
        spelling, spelled = call.spelling, self._calls.rows(call, EVERY)
        query = JobQuery(nodes=names)
        before = spelling.rows_begin
        after: Cursor | None = None
        more = True
        while more:
            page = await self._service.list(call.caller, query, limit=TOGETHER, after=after)
            for start in range(0, len(page.jobs), AT_ONCE):
                some: list[Job] = page.jobs[start : start + AT_ONCE]
                yield encoded(before + spelling.rows_between.join(await spelled(some)))
                before = spelling.rows_between
            after, more = page.end, page.more
        yield encoded(("" if before != spelling.rows_begin else before) + spelling.rows_end)
