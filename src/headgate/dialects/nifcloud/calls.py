"""The operations (spec nifcloud, sections 5 and 6). What they raise, `errors.py` has answers for.

Only one's own jobs and syncs are there, also for administrators: this API has no way to say whose.
"""

import asyncio
import posixpath
from collections.abc import Mapping
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
import structlog

from headgate.core.errors import BadRequest, NotFound, NotPermitted, WrongState
from headgate.core.scripts import Script
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.core.syncs import Direction, Sync, SyncState
from headgate.dialects.nifcloud import attributes
from headgate.dialects.nifcloud.attributes import Site
from headgate.dialects.nifcloud.context import Context
from headgate.dialects.nifcloud.operation import Call, ok
from headgate.dialects.nifcloud.states import NOTHING
from headgate.formats.serving import Answer
from headgate.ports.identity import Caller
from headgate.ports.store import Cursor, JobQuery
from headgate.scripts.pjm.options import OURS
from headgate.service.portraits import Portrait
from headgate.service.scripts import new_job

PAGE: Final = 512
LONG: Final = 64 * 1024
"""A script longer than this is read beside other requests, not before them."""
LIVE: Final = frozenset(JobState) - FINAL_JOB_STATES
_SECOND: Final = 1_000_000

log = structlog.get_logger("headgate.nifcloud")


class JobCalls:
    """Jobs."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._zone = ZoneInfo(context.time_zone)

    async def list(self, call: Call) -> Answer:
        """Get the list of one's jobs that have not ended."""
        now, site = self._context.clock.now(), self._site(call.caller)

        def shown(found: list[Portrait]) -> bytes:
            return b",".join(msgspec.json.encode(attributes.of_job(one, site, now=now)) for one in found)

        query = JobQuery(states=LIVE, owner=call.caller.name)
        pages: list[bytes] = []
        after: Cursor | None = None
        while True:
            page, after = await self._context.portraits.page(
                call.caller, query, limit=PAGE, after=after, own=True, shown=shown
            )
            if page:
                pages.append(page)
            if after is None:
                return Answer(200, b"[" + b",".join(pages) + b"]")

    async def submit(self, call: Call) -> Answer:
        """Submit the job script at a path in one's storage."""
        context, path = self._context, call.given["jobfile"]
        if path.startswith("-"):
            raise BadRequest(f"{path[:200]!r} is an option, not a path.")  # 5.1
        place, inside, text = await context.storage.read(
            call.caller, path, limit=context.nifcloud.script_limit
        )
        folder, file = posixpath.split(inside)
        from_script = context.nifcloud.work_directory == "script"
        account = context.account_of(call.caller.name)

        def read() -> Script:
            return context.scripts.read(
                text,
                OURS,
                file=file,
                directory=posixpath.join(place.root, folder) if from_script and folder else place.root,
                host=context.node_name,
                # Nothing of the server's own environment gets into a job by -X.
                variables=account.variables,
            )

        script = await asyncio.to_thread(read) if len(text) > LONG else read()
        job = await context.jobs.create_whole(call.caller, new_job(script), valid_only=True)
        return ok({"job_id": job.id}, status=201, headers=((b"location", b"/jobs/%d" % job.id),))

    async def get(self, call: Call) -> Answer:
        """Get one's job that has not ended."""
        found = self._own(call, ended_too=True)
        return ok(attributes.of_job(found, self._site(call.caller), now=self._context.clock.now()))

    async def delete(self, call: Call) -> Answer:
        """Cancel one's job; it has not ended yet when this is answered."""
        found = self._own(call, ended_too=False)
        if found.job.state is JobState.FINISHING:
            raise WrongState(f"Job {call.number} ends already.")  # pjm 5: RNE takes no pjdel
        await self._context.jobs.cancel(call.caller, found.job.id)
        return Answer(204)

    def _own(self, call: Call, *, ended_too: bool) -> Portrait:
        """The job, if it is the caller's and has not ended, or not long ago. Raises NotFound."""
        found = self._context.portraits.get(call.caller, call.number)
        job = found.job
        readable = self._context.nifcloud.ended_readable_s if ended_too else 0
        gone = job.state in FINAL_JOB_STATES and (
            self._context.clock.now() - (job.times.ended or 0) >= readable * _SECOND
        )
        if gone or job.owner.casefold() != call.caller.name.casefold():
            raise NotFound(f"There is no job {call.number}.", kind="job")
        return found

    def _site(self, caller: Caller) -> Site:
        try:
            group = self._context.group_of(caller.name)
        except NotPermitted:
            group = NOTHING
        return Site(self._zone, group)


_STATUSES: Final[Mapping[SyncState, str]] = {
    SyncState.WAITING: "waiting",
    SyncState.RUNNING: "waiting",
    SyncState.COMPLETE: "complete",
    SyncState.UNUSABLE: "error: parameter error",
}
NO_SUCH_ID: Final = "error: no such ID"


def of_sync(sync: Sync) -> dict[str, str]:
    """A sync as it is answered (6.2): there is a result when it is complete, and then always."""
    result = {"result": str(sync.result)} if sync.state is SyncState.COMPLETE else {}
    return {"status": _STATUSES[sync.state], **result}


class SyncCalls:
    """Syncs between one's storage and the object store."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def start(self, call: Call) -> Answer:
        """Start to sync a directory of one's storage with the object store."""
        direction = Direction(call.given.get("direction", Direction.FROM_ONLINE))
        sync = await self._context.syncs.start(
            call.caller, path=call.given["path"], direction=direction, delete=call.given.get("delete", False)
        )
        return ok({"requestid": sync.id})

    async def get(self, call: Call) -> Answer:
        """Get how far one's sync is."""
        try:
            sync = self._context.syncs.get(call.caller, call.number)
        except NotFound:
            return ok({"status": NO_SUCH_ID})  # 6.2: for unknown and foreign ones alike
        return ok(of_sync(sync))
