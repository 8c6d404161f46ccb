"""Job templates: what a user can ask about them, what administrators do with them, and the one place where
they are applied to jobs.

When: `make` fills in defaults and checks what was said; so does `change` where the job gets another template,
otherwise it checks the properties that are set. `complete` checks everything once more at submission, also
what is required, and takes the template's variables. A template that is changed leaves jobs alone that were
submitted under it: a requeue asks it nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from headgate.core.errors import BadRequest, NotFound, NotPermitted, WrongState
from headgate.core.model import Job, Template
from headgate.core.properties import JOB, Property, apply_job
from headgate.core.states import FINAL_JOB_STATES, JobState
from headgate.core.templates import (
    DEFAULT,
    check_complete,
    check_job,
    check_template,
    filled,
    reset,
    touched,
)
from headgate.core.vocabulary import Role
from headgate.ports.identity import Caller
from headgate.ports.store import Reader, Store, Transaction
from headgate.service.rights import require_admin

JOB_TEMPLATE: Final = JOB["JobTemplate"]
PORTION: Final = 1000
"""Jobs looked at together when a template is to be removed."""


class Templates:
    """See the module. None as the caller is the local command line."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def names(self, caller: Caller) -> Sequence[str]:
        """Names of the templates that the caller may use; `Default` is always among them."""
        known = self._store.peek(lambda reader: reader.templates())
        names = [
            template.name
            for template in known
            if may_use(caller, template) or template.name.casefold() == DEFAULT.casefold()
        ]
        return names if DEFAULT.casefold() in map(str.casefold, names) else [DEFAULT, *names]

    def list(self, caller: Caller | None) -> Sequence[Template]:
        """All of them, by name."""
        require_admin(caller)
        return self._store.peek(lambda reader: reader.templates())

    def get(self, caller: Caller | None, name: str) -> Template:
        """One of them. Raises NotFound."""
        require_admin(caller)
        return self._store.peek(lambda reader: named(reader, name))

    async def put(self, caller: Caller | None, templates: Sequence[Template]) -> None:
        """Make or change templates, all or none. Raises BadRequest."""
        require_admin(caller)
        for template in templates:
            check_template(template)

        def change(tx: Transaction) -> None:
            known = {template.name.casefold(): template.name for template in tx.templates()}
            known.setdefault(DEFAULT.casefold(), DEFAULT)
            for template in templates:  # a name keeps the letter case it was made with
                tx.put_template(replace(template, name=known.get(template.name.casefold(), template.name)))

        await self._store.write(change)

    async def remove(self, caller: Caller | None, name: str, *, force: bool = False) -> None:
        """Remove a template that no job uses which has not ended, or `force` it.

        Jobs that were submitted under it go on; those that were not are refused at submission, which names
        what is missing. Raises NotFound, BadRequest (Default), WrongState (in use).
        """
        require_admin(caller)
        if name.casefold() == DEFAULT.casefold():
            raise BadRequest(
                "The job template Default cannot be removed; it can be changed.",
                code="Operation_NotAllowedToDeleteDefaultProfile",
            )
        # Looking through all jobs must not hold up the writer. A job that is made meanwhile is refused at
        # its submission.
        count, first = await self._store.read(lambda reader: _users_of(reader, name))
        if count and not force:
            shown = ", ".join(map(str, first)) + (", …" if count > len(first) else "")
            raise WrongState(
                f"The job template {name} is used by {count} jobs that have not ended: {shown}. Wait for"
                " them, or force it.",
                code="Operation_ObjectInUse",
            )

        def change(tx: Transaction) -> None:
            tx.template(name)
            tx.drop_template(name)

        await self._store.write(change)


def _users_of(reader: Reader, name: str) -> tuple[int, list[int]]:
    """How many jobs that have not ended use a template, and the first ten."""
    reader.template(name)
    wanted = name.casefold()
    states = [state for state in JobState if state not in FINAL_JOB_STATES]
    count, first, after = 0, list[int](), 0
    while jobs := reader.jobs_in(states, after=after, limit=PORTION):
        mine = [job.id for job in jobs if job.spec.template.casefold() == wanted]
        count += len(mine)
        first = (first + mine)[:10]
        after = jobs[-1].id
    return count, first


# ---- applied to jobs


def named(reader: Reader, name: str) -> Template:
    """The template of this name; Default even where nobody has made it. Raises NotFound."""
    try:
        return reader.template(name)
    except NotFound:
        if name.casefold() != DEFAULT.casefold():
            raise
        return Template(name=DEFAULT)


def may_use(caller: Caller, template: Template) -> bool:
    """Whether the caller may make jobs of this template."""
    if not template.users or caller.role & (Role.ADMIN | Role.JOBADMIN):
        return True
    return caller.name.casefold() in map(str.casefold, template.users)


def make(reader: Reader, caller: Caller, job: Job, changes: Mapping[Property, object], now: int) -> Job:
    """A new job with these properties, and the template's defaults for the rest.

    Raises NotFound, NotPermitted, BadProperty.
    """
    changes = _plain(changes)
    template = _usable(reader, caller, _wanted(job, changes))
    made = apply_job(job, filled(template, job, changes), now)
    check_job(template, made, touched(changes))
    return made


def change(reader: Reader, caller: Caller, job: Job, changes: Mapping[Property, object], now: int) -> Job:
    """The job with these properties set, within its template. Raises as `make`."""
    changes = _plain(changes)
    names = touched(changes)
    other = _wanted(job, changes)
    if other.casefold() != job.spec.template.casefold():
        template = _usable(reader, caller, other)
        changed = apply_job(job, filled(template, job, changes, _present(reader, job)), now)
        check_job(template, changed, template.items)
        return changed if job.state is JobState.CONFIGURING else complete(reader, caller, changed)
    if not names:
        return apply_job(job, changes, now)
    template = _present(reader, job)
    changed = apply_job(job, reset(template, changes), now)
    check_job(template, changed, names)
    return changed


def complete(reader: Reader, caller: Caller, job: Job) -> Job:
    """A job that is to be submitted, with its template's variables. Raises as `make`."""
    template = _usable(reader, caller, job.spec.template)
    check_complete(template, job)
    if job.template_environment == template.environment:
        return job
    return replace(job, template_environment=template.environment)


def _plain(changes: Mapping[Property, object]) -> Mapping[Property, object]:
    """An empty JobTemplate is none: the text of a property that is not set (section 1.1)."""
    return {**changes, JOB_TEMPLATE: None} if changes.get(JOB_TEMPLATE) == "" else changes


def _wanted(job: Job, changes: Mapping[Property, object]) -> str:
    said = changes.get(JOB_TEMPLATE)
    if said is None:
        return DEFAULT if JOB_TEMPLATE in changes else job.spec.template
    return str(said)


def _usable(reader: Reader, caller: Caller, name: str) -> Template:
    template = named(reader, name)
    if not may_use(caller, template):
        raise NotPermitted(
            f"User {caller.name} may not use the job template {template.name}.",
            code="Operation_NoPermissionToUseProfile",
        )
    return template


def _present(reader: Reader, job: Job) -> Template:
    """The template that a job has; where it is gone, as if it said nothing: the submission asks for it."""
    try:
        return named(reader, job.spec.template)
    except NotFound:
        return Template(name=job.spec.template)
