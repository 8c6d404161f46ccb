"""Jobs (spec soca, 4.1 to 4.5): submitting, looking, deleting."""

import asyncio
import random
import string
from collections.abc import AsyncIterator, Callable
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from headgate.core.errors import (
    NotFound,
    NotPermitted,
    Refusal,
    TooLarge,
    WrongState,
)
from headgate.core.model import Task
from headgate.core.states import FINAL_JOB_STATES, FINAL_TASK_STATES, JobState
from headgate.dialects.soca import attributes, parse, submission
from headgate.dialects.soca.attributes import Site, full_id, is_array
from headgate.dialects.soca.context import Context
from headgate.dialects.soca.errors import JSON, Failure
from headgate.dialects.soca.listing import Wanted, wanted
from headgate.dialects.soca.operation import Call, ok
from headgate.dialects.soca.parse import JobId
from headgate.formats.serving import Answer
from headgate.ports.store import Cursor, JobQuery
from headgate.service import scripts
from headgate.service.portraits import Portrait

LETTERS: Final = string.ascii_letters + string.digits
LONG: Final = 64 * 1024
"""A script longer than this is read beside other requests, not before them."""
PAGE: Final = 512
LIVE: Final = frozenset(JobState) - FINAL_JOB_STATES


def draw() -> str:
    """Random letters and digits for the names of a submission (4.1, step 5)."""
    # Unlike all others is enough: they lie in the user's own folder. The system's source of randomness would
    # give the interpreter away at each call.
    return "".join(random.choices(LETTERS, k=submission.SUFFIX_LENGTH))  # noqa: S311 - no secret, see above


class SchedulerCalls:
    """See the module. suffix: draws what makes names of files unlike all others."""

    def __init__(self, context: Context, *, suffix: Callable[[], str] = draw) -> None:
        self._context = context
        self._suffix = suffix
        zone = ZoneInfo(context.time_zone)
        self._site = Site(context.cluster_name, context.node_name, zone)

    # ---- submitting

    async def submit(self, call: Call) -> Answer:
        """Submit a job script: when this is answered, the job is on disk."""
        context = self._context
        parse.check_interpreter(call.fields)
        payload = parse.payload(call.fields)
        if len(payload) > context.soca.payload_limit:
            raise TooLarge(f"The script has {len(payload)} bytes; the limit is {context.soca.payload_limit}.")
        owner = call.owner()
        try:
            account = context.account_of(owner.name)
        except NotPermitted as error:
            raise submission.impossible(error, payload) from None
        desk = submission.Desk(
            account=account,
            home=f"{context.soca.home_root}/{owner.name}" if context.soca.home_root else account.home,
            now=context.clock.now(),
            time_zone=context.time_zone,
            host=context.node_name,
            suffix=self._suffix(),
        )
        if len(payload) > LONG:
            script = await asyncio.to_thread(submission.submitted, payload, call.fields, desk)
        else:
            script = submission.submitted(payload, call.fields, desk)
        new = scripts.new_job(script)
        try:
            job = await context.jobs.create_whole(owner, new, valid_only=True)
        except Refusal as error:
            raise submission.refused(error, script.task.script) from None
        warnings = {"warnings": job.warnings} if job.warnings else None
        return ok(f"{job.id}[]" if script.task.type.has_instances else str(job.id), warnings)

    # ---- looking

    async def get(self, call: Call) -> Answer:
        """The attributes of a job, as PBS lists them."""
        asked = parse.job_id(call.fields)
        history = self._context.soca.history or parse.switch(call.fields, "history")
        found = self._found(call, asked)
        if found is None or not found.full or (found.job.state in FINAL_JOB_STATES and not history):
            # Somebody else's job is as if there were none (4.2).
            raise Failure("JOB_NOT_RETRIEVABLE")
        now = self._context.clock.now()
        if asked.index is None:
            return ok(self._shown(found, now))
        try:
            instance = self._context.portraits.instance(_task(found), asked.index)
        except NotFound:
            raise Failure("JOB_NOT_RETRIEVABLE") from None
        return ok(attributes.of_subjob(found.job, _task(found), instance, self._site, now=now))

    def _shown(self, found: Portrait, now: int) -> dict[str, Any]:
        return attributes.of_job(
            found.job, found.task, self._site, now=now, full=found.full, hindrance=found.hindrance
        )

    def _found(self, call: Call, asked: JobId) -> Portrait | None:
        """The job of this id; None where there is none, or none that is an array where the id is of one."""
        try:
            found = self._context.portraits.get(call.caller, asked.number)
        except NotFound:
            return None
        return None if asked.array and not is_array(found.job, found.task) else found

    async def list(self, call: Call) -> Answer:
        """All jobs that the caller may see, by their full ids."""
        options = self._context.soca
        asked = wanted(call.fields, history=options.history)
        query = JobQuery(states=None if asked.history else LIVE, owner=asked.user, changed_from=asked.since)
        first = await self._page(call, query, asked, None)
        return Answer(200, media_type=JSON, parts=self._parts(call, query, asked, first))

    async def _page(
        self, call: Call, query: JobQuery, asked: Wanted, after: Cursor | None
    ) -> tuple[bytes, Cursor | None]:
        now, site = self._context.clock.now(), self._site

        def shown(found: list[Portrait]) -> bytes:
            rows = []
            for one in found:
                made = self._shown(one, now)
                if asked.takes(made):
                    name = msgspec.json.encode(full_id(one.job, one.task, site))
                    rows.append(name + b":" + msgspec.json.encode(made))
            return b",".join(rows)

        own = self._context.soca.jobs_of_others == "hidden"
        return await self._context.portraits.page(
            call.caller, query, limit=PAGE, after=after, own=own, shown=shown
        )

    async def _parts(
        self, call: Call, query: JobQuery, asked: Wanted, first: tuple[bytes, Cursor | None]
    ) -> AsyncIterator[bytes]:
        yield b'{"success":true,"message":{'
        rows, after = first
        between = b""
        while True:
            if rows:
                yield between + rows
                between = b","
            if after is None or asked.full:
                break
            rows, after = await self._page(call, query, asked, after)
        yield b"}}"

    # ---- deleting

    async def delete(self, call: Call) -> Answer:
        """Delete one job, array or subjob."""
        asked = parse.job_id(call.fields)
        caller = call.owner()
        found = self._found(call, asked)
        if found is None or found.job.state in FINAL_JOB_STATES:
            raise Failure("JOB_NOT_DELETABLE")
        try:
            if asked.index is None:
                await self._context.jobs.cancel(caller, asked.number)
            else:
                instance = self._context.portraits.instance(_task(found), asked.index)
                if instance.state in FINAL_TASK_STATES:
                    raise Failure("QDEL_ERROR", "Request invalid for finished array subjob")
                number = instance.number
                await self._context.tasks.cancel(caller, asked.number, _task(found).number, instance=number)
        except NotPermitted:
            raise Failure("CLIENT_NOT_OWNER") from None
        except NotFound:
            raise Failure("JOB_NOT_DELETABLE") from None
        except WrongState as error:
            # It ended between the look and the request.
            raise Failure(
                "JOB_NOT_DELETABLE" if self._is_over(call, asked) else "QDEL_ERROR", error.text
            ) from None
        return ok("Job deleted")

    def _is_over(self, call: Call, asked: JobId) -> bool:
        found = self._found(call, asked)
        return found is None or found.job.state in FINAL_JOB_STATES


def _task(found: Portrait) -> Task:
    if found.task is None:
        raise Failure("JOB_NOT_RETRIEVABLE")
    return found.task
