"""A job and its tasks to a job document (spec hpcpack-model, section 12.3; windowshpc, section 4.1).

What never got a value is left out; an empty text is an empty attribute. The columns of a job's tasks are made
once for each unit type and asked for each task.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from headgate.core.model import Task
from headgate.core.properties import JOB, TASK, JobSubject, Property, Registry, TaskSubject
from headgate.core.properties.kinds import name_of
from headgate.core.states import TaskState
from headgate.core.vocabulary import PendingReason, TaskType, UnitType
from headgate.scripts.jobxml import words
from headgate.scripts.jobxml.groups import ROOT, arrange
from headgate.scripts.safe_xml import escape, escape_attribute

_Column = tuple[str, bool, bool, Callable[[Any], str | None]]
"""An attribute: its name, whether it is private, whether it is for the owner alone, its text in a subject."""
_TaskColumns = tuple[tuple[_Column, ...], tuple[_Column, ...]]
"""Those before and those behind GroupId, which does not stand in the task."""


def render(
    subject: JobSubject,
    tasks: Sequence[Task],
    *,
    full: bool = True,
    own: bool = True,
) -> Iterator[str]:
    """A whole document, in parts.

    Not `full`: without what is private; not `own`: without what is for the owner alone.
    """
    job = subject.job
    follows = {task.number: task.spec.follows for task in tasks if task.spec.follows}
    group_of, groups = arrange(follows) if follows else ({}, ())
    attributes = _attributes(_job_columns(job.spec.unit_type), subject, full, own)
    yield f'<Job xmlns="{words.NAMESPACE}" Version="{words.VERSION}"{attributes}>'
    if full:
        yield _pairs("ExtendedTerms", "Term", job.custom)
        yield _pairs("EnvironmentVariables", "Variable", job.environment)
    yield _dependencies(groups)
    yield "<Tasks>"
    columns = _task_columns(job.spec.unit_type)
    head = f'<Task Version="{words.VERSION}"'
    for task in tasks:
        group = group_of.get(task.number, ROOT) if groups else None
        yield head + _task(columns, TaskSubject.of(task), group, full, own)
    yield "</Tasks></Job>"


def render_task(unit: UnitType, subject: TaskSubject, *, full: bool = True, own: bool = True) -> str:
    """One task (or subtask) by itself. unit: its job's unit type."""
    attributes = _task(_task_columns(unit), subject, None, full, own)
    return f'<Task xmlns="{words.NAMESPACE}" Version="{words.VERSION}"{attributes}'


def render_named(
    subject: JobSubject, properties: Iterable[Property], *, full: bool = True, own: bool = True
) -> str:
    """An empty Job element with just these properties."""
    columns = [_column(property) for property in properties]
    return f'<Job Version="{words.VERSION}"{_attributes(columns, subject, full, own)} />'


def render_task_named(
    subject: TaskSubject, properties: Iterable[Property], *, full: bool = True, own: bool = True
) -> str:
    """An empty Task element with just these properties."""
    columns = [_column(property) for property in properties]
    attributes = _attributes(columns, subject, full, own)
    return f'<Task Version="{words.VERSION}"{attributes} xmlns="{words.NAMESPACE}" />'


# ---- elements


def _task(columns: _TaskColumns, subject: TaskSubject, group: int | None, full: bool, own: bool) -> str:
    """All behind `<Task Version="…"`."""
    before, after = columns
    attributes = _attributes(before, subject, full, own)
    if group is not None:
        attributes += f' GroupId="{group}"'
    attributes += _attributes(after, subject, full, own)
    task = subject.task
    if not full or not (task.custom or task.environment):
        return attributes + "/>"
    terms = _pairs("ExtendedTerms", "Term", task.custom)
    return f"{attributes}>{terms}{_pairs('EnvironmentVariables', 'Variable', task.environment)}</Task>"


def _pairs(collection: str, item: str, values: Mapping[str, str]) -> str:
    if not values:
        return ""
    items = "".join(
        f"<{item}><Name>{escape(name)}</Name><Value>{escape(value)}</Value></{item}>"
        for name, value in values.items()
    )
    return f"<{collection}>{items}</{collection}>"


def _dependencies(groups: Iterable[tuple[int, Sequence[int]]]) -> str:
    parents = []
    for parent, children in groups:
        inside = "".join(f'<Child GroupId="{child}"/>' for child in children)
        parents.append(
            f'<Parent GroupId="{parent}">{inside}</Parent>' if inside else f'<Parent GroupId="{parent}"/>'
        )
    return f"<Dependencies>{''.join(parents)}</Dependencies>" if parents else "<Dependencies/>"


# ---- attributes


def _attributes(columns: Iterable[_Column], subject: object, full: bool, own: bool) -> str:
    out = []
    for name, private, owner_only, read in columns:
        if (private and not full) or (owner_only and not own):
            continue
        text = read(subject)
        if text is not None:
            out.append(f' {name}="{escape_attribute(text)}"')
    return "".join(out)


def _column(property: Property, name: str = "") -> _Column:
    return name or property.name, property.private, property.owner_only, _reader(property)


def _reader(property: Property) -> Callable[[Any], str | None]:
    read, write = property.read, words.value_writer(property)

    def text(subject: object) -> str | None:
        value = read(subject)
        return None if value is None or value == () else write(value)

    return text


def _unless_default(property: Property) -> _Column:
    read, text = property.read, _reader(property)
    return (
        property.name,
        property.private,
        property.owner_only,
        lambda subject: None if read(subject) == property.default else text(subject),
    )


def _group_op(subject: JobSubject) -> str | None:
    """Intersect reads the same whether said or not, but only said does it need NodeGroups."""
    said = subject.job.spec.node_group_op
    return None if said is None else name_of(said)


def _task_pending(subject: TaskSubject) -> str:
    waits = subject.facts.state is TaskState.QUEUED and subject.task.waits_for
    return name_of(PendingReason.DEPENDENCY_NOT_DONE if waits else PendingReason.NONE)


def _parametric(subject: TaskSubject) -> str | None:
    return "true" if subject.spec.type is TaskType.PARAMETRIC_SWEEP else None


_OWN_OF_JOB: Mapping[str, Callable[[Any], str | None]] = {
    "Priority": lambda subject: words.write_priority(subject.job.spec.priority),
    # Jobs are never requeued by the scheduler here, only tasks.
    "AutoRequeueCount": lambda subject: "0",
    "NodeGroupOp": _group_op,
}
_OWN_OF_TASK: Mapping[str, Callable[[Any], str | None]] = {
    "Id": lambda subject: str(subject.task.system_id),
    "PendingReason": _task_pending,
    "IsParametric": _parametric,
}


@cache
def _job_columns(unit: UnitType) -> tuple[_Column, ...]:
    return _columns(JOB, words.JOB_ORDER, unit, _OWN_OF_JOB, words.MORE_OF_JOB)


@cache
def _task_columns(unit: UnitType) -> _TaskColumns:
    published = name_of(UnitType.SOCKET if unit is UnitType.GPU else unit)
    own = {**_OWN_OF_TASK, "UnitType": lambda subject: published}
    place = words.TASK_ORDER.index("GroupId")
    return (
        _columns(TASK, words.TASK_ORDER[:place], unit, own, ()),
        _columns(TASK, words.TASK_ORDER[place + 1 :], unit, own, words.MORE_OF_TASK),
    )


def _columns(
    registry: Registry,
    order: Sequence[str],
    unit: UnitType,
    own: Mapping[str, Callable[[Any], str | None]],
    more: Iterable[Property],
) -> tuple[_Column, ...]:
    found: list[_Column] = []
    for name in order:
        if name == "|":
            found += (_column(registry[end]) for end in words.PAIRS[unit])
        elif name in own:
            found.append((name, False, False, own[name]))
        else:
            found.append(_column(registry[name], name))
    return (*found, *(_unless_default(property) for property in more))
