"""Jobs (spec hpcpack-2016, section 4.3)."""

from collections.abc import Mapping, Sequence

from headgate.core.model import Job
from headgate.core.properties import JOB, JobSubject, Property
from headgate.formats.filters import job_filter
from headgate.formats.hpcpack import lists, queries
from headgate.formats.hpcpack.context import Context
from headgate.formats.hpcpack.documents import new_job
from headgate.formats.hpcpack.exchange import DONE, Call, found
from headgate.formats.hpcpack.spelling import renderer
from headgate.formats.property_lists import changes, columns, texts
from headgate.formats.serving import Answer
from headgate.ports.store import JobQuery

COLUMNS = columns(JOB, "Id,Owner,Name,State,Priority")
"""What a job list shows when nothing is asked for (section 3.1)."""
EVERY = JOB.readable()
"""All properties, which reading one job shows."""
_CHILDREN = JOB["ChildJobIds"]


class JobCalls:
    """See the module."""

    def __init__(self, context: Context) -> None:
        self._jobs = context.jobs
        self._templates = context.templates
        self._now = context.clock.now
        self._pages = lists.Pages("jobs", context.signing_key, context.clock.now)

    async def list(self, call: Call) -> Answer:
        """List jobs, whoever owns them."""
        asked = queries.list_asked(call.query, JOB, COLUMNS, "sortJobsBy", "id")
        wanted = job_filter(asked.filter)
        query = JobQuery(
            states=wanted.states,
            owner=call.query.get("owner") or None,
            node_group=wanted.node_group,
            changed_from=wanted.changed_from,
            sort=asked.sort,
            descending=asked.descending,
        )
        page = await self._jobs.list(
            call.caller,
            query,
            limit=asked.rows,
            after=self._pages.after(call, asked, query),
            offset=asked.start_row,
            count=asked.start_row is not None,
        )
        headers = self._pages.headers(call, query, more=page.more, end=page.end, total=page.total)
        return await lists.answer(call.spelling, page.jobs, self.rows(call, asked.properties), headers)

    def rows(self, call: Call, properties: tuple[Property, ...]) -> lists.Spelled[Job]:
        """Spells rows of a list of jobs, as its reader may see them."""
        spelling, caller = call.spelling, call.caller
        spelled = renderer(properties, spelling.property).spelled
        may_see_all = self._jobs.may_see_all
        with_children = _CHILDREN in properties

        def subject(job: Job) -> JobSubject:
            return JobSubject(job, self._jobs.get(caller, job.id).children if with_children else ())

        async def rows(part: Sequence[Job]) -> list[str]:
            return [spelling.row(spelled(subject(job), full=may_see_all(caller, job))) for job in part]

        return rows

    async def create(self, call: Call) -> Answer:
        """Create a job in state Configuring; answers its id."""
        given = changes(JOB, await call.pairs())
        return found(call.spelling.created(await self._jobs.create(call.caller, given)))

    async def create_from_file(self, call: Call) -> Answer:
        """Create a job with its tasks from job XML, in state Configuring; answers its id."""
        new = await new_job(await call.document(), self._now())
        job = await self._jobs.create_whole(call.caller, new, submitted=False)
        return found(call.spelling.created(job.id))

    async def templates(self, call: Call) -> Answer:
        """List the names of the job templates."""
        return found(call.spelling.names(self._templates.names(call.caller)))

    async def get(self, call: Call) -> Answer:
        """Read properties of a job: those named, or all."""
        view = self._jobs.get(call.caller, queries.job_id(call.values[0]))
        properties = queries.selection(call.query, JOB, EVERY) if call.query else EVERY
        spelling = call.spelling
        spelled = renderer(properties, spelling.property).spelled
        return found(spelling.property_set(spelled(JobSubject(view.job, view.children), full=view.full)))

    async def set(self, call: Call) -> Answer:
        """Change properties of a job: all that are given, or none."""
        job_id = queries.job_id(call.values[0])
        await self._jobs.set(call.caller, job_id, changes(JOB, await call.pairs()))
        return DONE

    async def submit(self, call: Call) -> Answer:
        """Change properties, then submit. Whether the job is valid shows in its state."""
        job_id = queries.job_id(call.values[0])
        await self._jobs.submit(call.caller, job_id, changes(JOB, await call.pairs()))
        return DONE

    async def cancel(self, call: Call) -> Answer:
        """Begin to cancel a job; forced: without grace for its tasks."""
        job_id = queries.job_id(call.values[0])
        forced = queries.truth(call.query, "forced", False)
        await self._jobs.cancel(call.caller, job_id, message=await call.message(), forced=forced)
        return DONE

    async def finish(self, call: Call) -> Answer:
        """End a job as Finished."""
        job_id = queries.job_id(call.values[0])
        await self._jobs.finish(call.caller, job_id, message=await call.message())
        return DONE

    async def requeue(self, call: Call) -> Answer:
        """Run again what failed or was canceled of a job. A message is accepted and not kept."""
        job_id = queries.job_id(call.values[0])
        await call.message()
        await self._jobs.requeue(call.caller, job_id)
        return DONE

    async def custom_properties(self, call: Call) -> Answer:
        """Read custom properties; of those named, the ones that exist."""
        kept = self._jobs.custom_properties(call.caller, queries.job_id(call.values[0]))
        return found(call.spelling.pairs(existing(kept, queries.names(call.query))))

    async def set_custom_properties(self, call: Call) -> Answer:
        """Add, replace and (null) delete custom properties."""
        job_id = queries.job_id(call.values[0])
        await self._jobs.set_custom_properties(call.caller, job_id, texts(await call.pairs()))
        return DONE

    async def variables(self, call: Call) -> Answer:
        """Read the job's own environment variables; of those named, all, empty where not set."""
        kept = self._jobs.environment(call.caller, queries.job_id(call.values[0]))
        return found(call.spelling.pairs(all_named(kept, queries.names(call.query))))

    async def set_variables(self, call: Call) -> Answer:
        """Add, replace and (empty) delete environment variables."""
        job_id = queries.job_id(call.values[0])
        await self._jobs.set_environment(call.caller, job_id, texts(await call.pairs()))
        return DONE


def existing(kept: Mapping[str, str], names: tuple[str, ...] | None) -> list[tuple[str, str]]:
    """Custom properties: a name that does not exist is left out (section 4.3)."""
    return list(kept.items()) if names is None else [(name, kept[name]) for name in names if name in kept]


def all_named(kept: Mapping[str, str], names: tuple[str, ...] | None) -> list[tuple[str, str]]:
    """Variables: exactly the names asked for, empty where not set (hpcpack-model, section 10.1)."""
    return list(kept.items()) if names is None else [(name, kept.get(name, "")) for name in names]
