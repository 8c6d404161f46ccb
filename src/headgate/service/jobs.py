"""Jobs: what a user can ask about whole jobs. Every method takes the caller first and checks the rights
itself.

Each change is one transaction of the store; when a method returns, its change is on disk.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from msgspec import Struct
from msgspec.structs import asdict, replace

from headgate.core.chunks import with_units
from headgate.core.codes import message as describe
from headgate.core.environment import merge, of_script
from headgate.core.errors import BadRequest, WrongState
from headgate.core.lifecycle import JobHappened, state_name
from headgate.core.mailing import NO_MAIL, MailPolicy
from headgate.core.model import Job, JobSpec, Mishap, Task, TaskSpec, Times
from headgate.core.properties import Moment, Property, apply_job, check_settable
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.core.vocabulary import HoldKind, Intention
from headgate.core.warnings import all_warnings
from headgate.ports.identity import Caller
from headgate.ports.store import Cursor, JobPage, JobQuery, Reader, Store, Transaction
from headgate.service import templates
from headgate.service.chains import check_ties
from headgate.service.customs import merge_custom
from headgate.service.edit import JobEdit, add_tasks
from headgate.service.endings import WINDING, review_pending, settle, stop_job
from headgate.service.passages import require_settled
from headgate.service.queueing import enter, look_again
from headgate.service.rights import (
    check_run_as,
    may_see_all,
    require_change,
    require_hold,
    require_seeing,
    require_stop,
)
from headgate.service.submission import check, requeue_job, submit, unheeded
from headgate.service.views import JobView

MESSAGE_LIMIT = 128
"""Characters of a cancel or finish message (spec hpcpack-model, section 7.3)."""


class NewTask(Struct, frozen=True, kw_only=True):
    """A task of a job that is created whole."""

    spec: TaskSpec
    environment: Mapping[str, str] = {}
    custom: Mapping[str, str] = {}


class NewJob(Struct, frozen=True, kw_only=True):
    """A job that is created whole, with all its tasks, in one transaction.

    changes: the properties that were given, and no others: its template says the rest. spec: what it is
    before, for what no property sets. warnings: what the document that it comes from said in vain.
    """

    changes: Mapping[Property, object] = {}
    spec: JobSpec = JobSpec()
    tasks: Sequence[NewTask] = ()
    environment: Mapping[str, str] = {}
    custom: Mapping[str, str] = {}
    warnings: tuple[str, ...] = ()


class Jobs:
    """See the module. `engine` is the name of the engine that new jobs are for; `mail` whether and where to
    mails are sent, for warning of those that are not; `has_effect` the properties that work with this engine
    alone.
    """

    def __init__(
        self,
        store: Store,
        *,
        engine: str = "local",
        mail: MailPolicy = NO_MAIL,
        has_effect: frozenset[str] = frozenset(),
    ) -> None:
        self._store = store
        self._engine = engine
        self._mail = mail
        self._has_effect = has_effect

    # ---- making and changing

    async def create(self, caller: Caller, changes: Mapping[Property, object]) -> int:
        """A new job in state Configuring, owned by the caller. Returns its id."""
        for prop in changes:
            check_settable(prop, Moment.CREATE, JobState.CONFIGURING)

        def change(tx: Transaction) -> int:
            job = templates.make(tx, caller, Job(owner=caller.name, engine=self._engine), changes, tx.now)
            check_run_as(caller.login or caller.name, job.spec.run_as)
            return tx.add_job(self._warned(job)).id

        return await self._store.write(change)

    async def create_whole(
        self, caller: Caller, new: NewJob, *, submitted: bool = True, valid_only: bool = False
    ) -> Job:
        """A new job with all its tasks and variables, submitted or not, in one transaction.

        Returns it as it was kept. valid_only: a job that is not valid is refused with BadRequest, not kept
        as Failed.
        """
        check_ties(new.spec)
        left_out: list[str] = []
        if new.spec.flavour:
            environment, left_out = of_script(new.environment)
        else:
            environment = merge({}, new.environment)
        warnings = list(new.warnings)
        if left_out:
            warnings.append(f"Left out, as only the system sets them: the variables {', '.join(left_out)}.")
        raw = Job(
            owner=caller.name,
            engine=self._engine,
            spec=new.spec,
            environment=environment,
            custom=merge_custom({}, new.custom),
            import_warnings=tuple(warnings),
        )
        if len(new.tasks) > JobEdit.piece and not valid_only:
            return await self._create_in_pieces(caller, new, raw, submitted=submitted)
        tasks = [_task(task) for task in new.tasks]

        def change(tx: Transaction) -> Job:
            job = _made(tx, caller, new, raw)
            if in_vain := unheeded(job, tasks):
                job = replace(job, import_warnings=(*job.import_warnings, *in_vain))
            edit = JobEdit(tx, tx.add_job(self._warned(job)))
            for task in tasks:
                edit.add_task(task)
            if submitted:
                self._submit(edit, caller)
            if valid_only and edit.job.state is JobState.FAILED and edit.job.mishap is not None:
                mishap = edit.job.mishap
                raise BadRequest(describe(mishap), code=mishap.code, parameters=mishap.parameters)
            settle(edit)
            return edit.job

        return await self._store.write(change)

    async def _create_in_pieces(self, caller: Caller, new: NewJob, raw: Job, *, submitted: bool) -> Job:
        """`create_whole` of a job with so many tasks that nobody else should wait for all of them. It comes
        into being with the last transaction; before, nobody sees anything of it.
        """

        def begin(tx: Transaction) -> Job:
            return replace(_made(tx, caller, new, raw), id=tx.reserve_job(), times=Times(created=tx.now))

        job = await self._store.write(begin)
        try:
            in_vain: dict[str, None] = {}
            for first in range(0, len(new.tasks), JobEdit.piece):
                tasks = [_task(task) for task in new.tasks[first : first + JobEdit.piece]]
                in_vain |= dict.fromkeys(unheeded(job, tasks))
                job = await self._store.write(partial(add_tasks, job=job, tasks=tasks))
            job = replace(job, import_warnings=(*job.import_warnings, *in_vain))

            def end(tx: Transaction) -> Job:
                edit = JobEdit(tx, tx.add_reserved(self._warned(job)))
                if submitted:
                    self._submit(edit, caller)
                settle(edit)
                return edit.job

            return await self._store.write(end)
        finally:
            await self._store.write(lambda tx: tx.end_reservation(job.id))

    async def set(self, caller: Caller, job_id: int, changes: Mapping[Property, object]) -> None:
        """Change properties: all of them or, if one may not be changed now, none."""

        def change(tx: Transaction) -> None:
            edit = _editing(tx, caller, job_id)
            runtime_s = edit.job.spec.runtime_s
            self._apply(edit, caller, changes, Moment.SET)
            if edit.job.state is JobState.QUEUED and any(prop.resubmits for prop in changes):
                mishap = check(edit)
                if mishap is not None:
                    raise BadRequest(describe(mishap), code=mishap.code, parameters=mishap.parameters)
                look_again(edit)
            elif edit.job.spec.runtime_s != runtime_s:
                look_again(edit)
            moved = edit.job.state is JobState.RUNNING and edit.job.spec.runtime_s != runtime_s
            if moved or (edit.job.state is JobState.QUEUED and edit.job.live):
                edit.touch()  # the dispatcher has another moment to wait for, or the engine has it as it was
            review_pending(edit)
            settle(edit)

        await self._store.write(change)

    async def submit(
        self, caller: Caller, job_id: int, changes: Mapping[Property, object] | None = None
    ) -> None:
        """Apply the changes, then submit.

        A job that is not valid becomes Failed; the call itself succeeds.
        """

        def change(tx: Transaction) -> None:
            edit = _editing(tx, caller, job_id)
            if changes:
                self._apply(edit, caller, changes, Moment.SUBMIT)
            self._submit(edit, caller)
            settle(edit)

        await self._store.write(change)

    async def cancel(self, caller: Caller, job_id: int, *, message: str = "", forced: bool = False) -> None:
        """Begin to cancel. Repeating it is fine while the job is Canceling; forcing it then, too."""
        check_message(message)
        mishap = Mishap("Operation_CanceledByUser", (message or "None",))

        def change(tx: Transaction) -> None:
            edit = _stopping(tx, caller, job_id)
            if edit.job.state is JobState.CANCELING:
                if forced and not edit.job.forced:
                    edit.set_job(forced=True)
                    edit.touch()
            else:
                stop_job(
                    edit,
                    JobHappened.CANCEL_ASKED,
                    Intention.CANCEL,
                    mishap=mishap,
                    message=message,
                    forced=forced,
                )
            settle(edit)

        await self._store.write(change)

    async def finish(self, caller: Caller, job_id: int, *, message: str = "") -> None:
        """End a job as Finished, whatever still runs."""
        check_message(message)

        def change(tx: Transaction) -> None:
            edit = _stopping(tx, caller, job_id)
            if edit.job.state in (JobState.CONFIGURING, JobState.SUBMITTED, JobState.VALIDATING):
                stop_job(
                    edit,
                    JobHappened.CANCEL_ASKED,
                    Intention.CANCEL,
                    mishap=Mishap("Operation_CanceledByUser", (message or "None",)),
                    message=message,
                )
            elif edit.job.state not in WINDING:  # one that is ending already ends as it was going to
                stop_job(edit, JobHappened.FINISH_ASKED, Intention.FINISH, message=message)
            settle(edit)

        await self._store.write(change)

    async def requeue(self, caller: Caller, job_id: int) -> None:
        """Run again what failed or was cancelled."""

        def change(tx: Transaction) -> None:
            edit = _editing(tx, caller, job_id)
            requeue_job(edit)
            settle(edit)

        await self._store.write(change)

    def _apply(
        self, edit: JobEdit, caller: Caller, changes: Mapping[Property, object], moment: Moment
    ) -> None:
        for prop in changes:
            check_settable(prop, moment, edit.job.state)
        before = edit.job.spec
        job = templates.change(edit.tx, caller, edit.job, changes, edit.tx.now)
        if job.spec.run_as != before.run_as:
            check_run_as(job.owner, job.spec.run_as)
        edit.job = self._warned(job)

    def _warned(self, job: Job) -> Job:
        """The job with the warnings that its present properties are worth."""
        warnings = all_warnings(job, self._mail, self._has_effect)
        return job if warnings == job.warnings else replace(job, warnings=warnings)

    def _submit(self, edit: JobEdit, caller: Caller) -> None:
        if edit.job.state is JobState.CONFIGURING:  # in another state it is refused for that
            edit.job = templates.complete(edit.tx, caller, edit.job)
            enter(edit)
            if edit.job.queue_notes:
                edit.job = self._warned(edit.job)
        if not edit.job.spec.run_as:  # UserName is empty until submitted, then the submitter (section 3)
            edit.set_job(spec=replace(edit.job.spec, run_as=edit.job.owner))
        submit(edit)

    async def hold(self, caller: Caller, job_id: int, kind: HoldKind = HoldKind.USER) -> None:
        """Hold a job: it does not start, or start anything more, until that hold is released.

        What runs goes on running. Repeating it is fine. Raises WrongState for a job that has ended.
        """

        def change(tx: Transaction) -> None:
            edit = _holding(tx, caller, job_id, kind)
            if kind not in edit.job.spec.holds:
                holds = tuple(one for one in HoldKind if one is kind or one in edit.job.spec.holds)
                _hold(edit, holds)

        await self._store.write(change)

    async def release(self, caller: Caller, job_id: int, kind: HoldKind = HoldKind.USER) -> None:
        """Release one hold. Releasing what is not held is fine.

        Raises WrongState for a job that has ended.
        """

        def change(tx: Transaction) -> None:
            edit = _holding(tx, caller, job_id, kind)
            if kind in edit.job.spec.holds:
                _hold(edit, tuple(one for one in edit.job.spec.holds if one is not kind))

        await self._store.write(change)

    # ---- looking

    def get(self, caller: Caller, job_id: int) -> JobView:
        """One job. Raises NotFound."""
        job, children = self._store.peek(lambda reader: (reader.job(job_id), reader.children(job_id)))
        return JobView(_as_owner(caller, job), may_see_all(caller, job), tuple(children))

    async def list(
        self,
        caller: Caller,
        query: JobQuery,
        *,
        limit: int,
        after: Cursor | None = None,
        offset: int | None = None,
        count: bool = False,
    ) -> JobPage:
        """A page of all jobs that match, whoever owns them."""
        if query.owner is not None and query.owner.casefold() == caller.login.casefold():
            query = replace(query, owner=caller.name)

        def look(reader: Reader) -> JobPage:
            return reader.list_jobs(query, limit=limit, after=after, offset=offset, count=count)

        page = await self._store.read(look)
        return replace(page, jobs=[_as_owner(caller, job) for job in page.jobs])

    def may_see_all(self, caller: Caller, job: Job) -> bool:
        """Whether private properties of this (listed) job may be shown."""
        return may_see_all(caller, job)

    # ---- variables and custom properties

    def environment(self, caller: Caller, job_id: int) -> Mapping[str, str]:
        """The variables set on the job itself."""
        return self._full(caller, job_id).environment

    async def set_environment(self, caller: Caller, job_id: int, changes: Mapping[str, str | None]) -> None:
        """Merge variables into those of a job that is not running yet; an empty value deletes."""

        def change(tx: Transaction) -> None:
            edit = _editing(tx, caller, job_id)
            check_settable_environment(edit)
            edit.set_job(environment=merge(edit.job.environment, changes))
            edit.save()

        await self._store.write(change)

    def custom_properties(self, caller: Caller, job_id: int) -> Mapping[str, str]:
        """The custom properties of the job."""
        return self._full(caller, job_id).custom

    async def set_custom_properties(
        self, caller: Caller, job_id: int, changes: Mapping[str, str | None]
    ) -> None:
        """Merge custom properties; None deletes."""

        def change(tx: Transaction) -> None:
            edit = _editing(tx, caller, job_id)
            edit.set_job(custom=merge_custom(edit.job.custom, changes))
            edit.save()

        await self._store.write(change)

    def _full(self, caller: Caller, job_id: int) -> Job:
        job = self._store.peek(lambda reader: reader.job(job_id))
        require_seeing(caller, job)
        return job


def _task(new: NewTask) -> Task:
    return Task(
        spec=with_units(new.spec),
        environment=merge({}, new.environment),
        custom=merge_custom({}, new.custom),
    )


def _made(tx: Transaction, caller: Caller, new: NewJob, raw: Job) -> Job:
    """A new job with what its template fills in. Raises what its caller may not ask for."""
    job = templates.make(tx, caller, raw, new.changes, tx.now)
    if new.spec.flavour and job.spec is not new.spec:
        said = apply_job(Job(spec=new.spec), new.changes, tx.now).spec
        job = replace(job, spec=_as_said(job.spec, said))
    for kind in job.spec.holds:
        require_hold(caller, job, kind)
    check_run_as(caller.login or caller.name, job.spec.run_as)
    return job


def check_message(message: str) -> None:
    """Raises BadRequest when a cancel or finish message is too long."""
    if len(message) > MESSAGE_LIMIT:
        raise BadRequest(
            f"The message has {len(message)} characters; at most {MESSAGE_LIMIT} are allowed.",
            code="Operation_CancelMessageIsTooLong",
            parameters=(str(MESSAGE_LIMIT),),
        )


def check_settable_environment(edit: JobEdit) -> None:
    """Raises WrongState once the job may have started something."""
    if edit.job.state not in (JobState.CONFIGURING, JobState.QUEUED):
        raise wrong_job_state(edit.job, "its environment can no longer be changed")


def wrong_job_state(job: Job, what: str) -> WrongState:
    """The refusal of something that the job's state does not allow."""
    name = state_name(job.state)
    return WrongState(
        f"Job {job.id} is in the {name} state: {what}.",
        code="Operation_TryToModifyInvalidStateJob",
        parameters=(name,),
    )


def _editing(tx: Transaction, caller: Caller, job_id: int) -> JobEdit:
    job = tx.job(job_id)
    require_change(caller, job)
    require_settled(job)
    return JobEdit(tx, job)


def _stopping(tx: Transaction, caller: Caller, job_id: int) -> JobEdit:
    job = tx.job(job_id)
    require_stop(caller, job)
    return JobEdit(tx, job)


def _holding(tx: Transaction, caller: Caller, job_id: int, kind: HoldKind) -> JobEdit:
    job = tx.job(job_id)
    require_hold(caller, job, kind)
    if job.state in FINAL_JOB_STATES or job.state in WINDING:
        raise WrongState(
            f"Job {job_id} is in the {state_name(job.state)} state: it can't be held or released.",
            code="Operation_JobHoldInvalidState",
            parameters=(state_name(job.state),),
        )
    return JobEdit(tx, job)


def _hold(edit: JobEdit, holds: tuple[HoldKind, ...]) -> None:
    edit.set_job(spec=replace(edit.job.spec, holds=holds))
    edit.touch()  # the dispatcher looks again, at a running job too
    review_pending(edit)
    settle(edit)


_PLAIN: Mapping[str, object] = asdict(JobSpec())
"""What the fields are that were not said."""


def _as_said(made: JobSpec, said: JobSpec) -> JobSpec:
    """What a template made of a script's job, with all that was said: a default fills in, and no more."""
    if made == said:  # nearly always: the template filled in nothing
        return made
    kept = {name: value for name, plain in _PLAIN.items() if (value := getattr(said, name)) != plain}
    return replace(made, **kept)


def _as_owner(caller: Caller, job: Job) -> Job:
    """The owner reads as the caller spelled it at login (`DOMAIN\\user`), so that clients recognise
    themselves.
    """
    if caller.login and caller.login != job.owner and job.owner.casefold() == caller.name.casefold():
        return replace(job, owner=caller.login)
    return job
