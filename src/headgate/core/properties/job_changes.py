"""Setting job properties: values in, a changed Job out, or BadProperty and nothing changed.

Single values are checked in `checks.py`; here are the properties that do more than set a field, and the rules
between them (spec hpcpack-model, sections 2.4 and 3). Whether a property may be set at all is
`check_settable`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from headgate.core.codes import message
from headgate.core.model import DEFAULT_PRIORITY, Job, JobDependency
from headgate.core.properties.checks import bad, checked
from headgate.core.properties.job import JOB
from headgate.core.properties.kinds import JobPriority, name_of
from headgate.core.properties.registry import Property
from headgate.core.vocabulary import UnitType

PRIORITY = JOB["Priority"]
EXPANDED_PRIORITY = JOB["ExpandedPriority"]
UNIT_TYPE = JOB["UnitType"]
HOLD_UNTIL = JOB["HoldUntil"]
PARENT_JOB_IDS = JOB["ParentJobIds"]
PASSWORD = JOB["Password"]
CHILD_JOB_IDS = JOB["ChildJobIds"]

GPU_MARK = "GPUJob"
"""The custom property that tells a GPU job (section 3, UnitType)."""
MOST_PARENTS = 1000
_YEAR_US = 366 * 24 * 3600 * 1_000_000

Changes = Mapping[Property, object]


class _Draft:
    """The fields that will be replaced."""

    def __init__(self, job: Job, now: int) -> None:
        self.before = job
        self.now = now
        self.spec: dict[str, Any] = {}
        self.job: dict[str, Any] = {}

    def set(self, path: str, value: object) -> None:
        head, dot, field = path.partition(".")
        if dot:
            self.spec[field] = value
        else:
            self.job[head] = value

    def done(self) -> Job:
        if self.spec:
            self.job["spec"] = replace(self.before.spec, **self.spec)
        return replace(self.before, **self.job) if self.job else self.before


def apply_job(job: Job, changes: Changes, now: int) -> Job:
    """The job with these properties set.

    Raises BadProperty, and then nothing is set. `now` in UTC microseconds.
    """
    if not changes:
        return job
    draft = _Draft(job, now)
    _set_priority(draft, changes)
    for property, value in changes.items():
        special = _SPECIAL.get(property)
        if special is not None:
            special(draft, checked(property, value))
        elif property.field is not None:
            draft.set(property.field, checked(property, value))
    return draft.done()


def _set_priority(draft: _Draft, changes: Changes) -> None:
    """Two views of one number: both may be given if they agree (section 2.4)."""
    if PRIORITY not in changes and EXPANDED_PRIORITY not in changes:
        return
    level: Any = changes.get(PRIORITY)  # a JobPriority
    number: Any = changes.get(EXPANDED_PRIORITY)
    if number is not None:
        checked(EXPANDED_PRIORITY, number)
        if level is not None and number // 1000 != level:
            code = "Operation_PriorityAndExPriCannotBeSetTogether"
            raise bad(
                PRIORITY,
                f"{message(code)} Priority is {name_of(JobPriority(level))}, ExpandedPriority {number}.",
                code,
            )
    draft.set(
        "spec.priority", number if number is not None else DEFAULT_PRIORITY if level is None else level * 1000
    )
    draft.set("priority_set", level is not None or number is not None)


def _set_unit_type(draft: _Draft, unit: UnitType) -> None:
    """Gpu also sets a custom property, as clients of the original look for it there."""
    draft.set("spec.unit_type", unit)
    custom = {name: value for name, value in draft.before.custom.items() if name != GPU_MARK}
    draft.set("custom", custom | {GPU_MARK: "True"} if unit is UnitType.GPU else custom)


def _set_hold_until(draft: _Draft, until: int | None) -> None:
    """In the future, at most a year ahead; nothing ends the hold."""
    if until is not None:
        if until <= draft.now:
            code = "Operation_JobInvalidHoldUntil"
            raise bad(HOLD_UNTIL, message(code), code)
        if until > draft.now + _YEAR_US:
            code = "Operation_JobHoldUntilTooLong"
            raise bad(HOLD_UNTIL, message(code), code)
    draft.set("spec.not_before", until)


def _set_parents(draft: _Draft, ids: tuple[int, ...]) -> None:
    """Positive, each once."""
    kept = tuple(dict.fromkeys(ids))
    if len(kept) > MOST_PARENTS or any(job_id <= 0 for job_id in kept):
        text = ",".join(map(str, kept[:20]))
        code = "Operation_InvalidParentJobIds"
        raise bad(
            PARENT_JOB_IDS,
            f"ParentJobIds are at most {MOST_PARENTS} ids of jobs, each at least 1, not {text}.",
            code,
            text,
        )
    draft.set("spec.depends_on", tuple(JobDependency(job_id) for job_id in kept))


def _ignore(draft: _Draft, value: object) -> None:
    """Accepted and dropped.

    A Password is never kept (Headgate runs jobs without one), ChildJobIds are computed.
    """


_SPECIAL: Mapping[Property, Callable[[_Draft, Any], None]] = {
    PRIORITY: _ignore,  # both are set by _set_priority
    EXPANDED_PRIORITY: _ignore,
    UNIT_TYPE: _set_unit_type,
    HOLD_UNTIL: _set_hold_until,
    PARENT_JOB_IDS: _set_parents,
    PASSWORD: _ignore,
    CHILD_JOB_IDS: _ignore,
}
