"""Setting task properties: values in, a changed Task out, or BadProperty and nothing changed.

The rules between properties: what each task type fixes, and IsParametric against Type (spec hpcpack-model,
section 6.1).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from headgate.core.codes import message
from headgate.core.model import Task, TaskSpec
from headgate.core.properties.checks import bad, checked
from headgate.core.properties.kinds import name_of
from headgate.core.properties.registry import Property
from headgate.core.properties.task import TASK
from headgate.core.vocabulary import TaskType

TYPE = TASK["Type"]
IS_PARAMETRIC = TASK["IsParametric"]
COMMAND_LINE = TASK["CommandLine"]

_BASIC, _SWEEP, _PREP, _RELEASE, _SERVICE = TaskType


def _fixed(**values: object) -> Mapping[str, object]:
    return MappingProxyType(values)


_ONES = {"start_value": 1, "end_value": 1, "increment": 1}
_DUTY = _fixed(
    **_ONES,
    **{f"{end}_{unit}": 1 for end in ("min", "max") for unit in ("cores", "sockets", "nodes")},
    depends_on=(),
    rerunnable=True,
    exclusive=False,
    required_nodes=(),
)
FIXED: Mapping[TaskType, Mapping[str, object]] = MappingProxyType(
    {
        _BASIC: _fixed(start_value=0, end_value=0, increment=1, fail_job_on_failure_count=1),
        _SWEEP: _fixed(),
        _PREP: _DUTY,
        _RELEASE: _DUTY,
        _SERVICE: _fixed(**_ONES, depends_on=(), rerunnable=True),
    }
)
"""What fields of a TaskSpec must be, by type. What "is not settable" may be set to its default."""

_TOLERATED: Mapping[str, object] = MappingProxyType(_ONES)
"""Defaults of the original's object model, which clients send along for any type; they count as not said."""


def apply_task(task: Task, changes: Mapping[Property, object]) -> Task:
    """The task with these properties set. Raises BadProperty, and then nothing is set."""
    fields: dict[str, Any] = {}
    for property, value in changes.items():
        if property.field is not None:
            fields[property.field.partition(".")[2]] = checked(property, value)
    kind = fields["type"] = _type(task.spec.type, changes)
    _fit_type(task.spec, kind, fields)
    if COMMAND_LINE in changes:
        # A task that came as a script file becomes an ordinary one: the script would hide the command line.
        fields.update(script=b"", interpreter=TaskSpec().interpreter)
    return replace(task, spec=replace(task.spec, **fields))


def _type(before: TaskType, changes: Mapping[Property, object]) -> TaskType:
    """Type, or its older Boolean synonym, or both if they agree."""
    said: Any = changes.get(TYPE)
    parametric = changes.get(IS_PARAMETRIC)
    if said is None and TYPE in changes:
        said = TaskType.BASIC if parametric is None else None
    if parametric is None:
        return before if said is None else TaskType(said)
    meant = TaskType.PARAMETRIC_SWEEP if parametric else TaskType.BASIC
    if said is None:
        # False says "not a sweep": it leaves a NodePrep, NodeRelease or Service task what it is.
        return before if not parametric and before is not TaskType.PARAMETRIC_SWEEP else meant
    kind = TaskType(said)
    if (kind is TaskType.PARAMETRIC_SWEEP) != bool(parametric):
        code = "Operation_TaskTypeAndIsParametricIncompatible"
        both = (name_of(kind), str(bool(parametric)))
        raise bad(TYPE, message(code, both), code, *both)
    return kind


def _fit_type(spec: TaskSpec, kind: TaskType, fields: dict[str, Any]) -> None:
    """Refuse what contradicts the type's fixed values; put the fixed values where nothing was said."""
    for name, value in FIXED[kind].items():
        if name in fields and fields[name] != value and fields[name] != _TOLERATED.get(name, value):
            code = "Operation_InvalidPropForTaskType"
            property = _BY_FIELD[name]
            both = (property.name, name_of(kind))
            raise bad(property, message(code, both), code, *both)
        fields[name] = value
    if kind is TaskType.PARAMETRIC_SWEEP and spec.type is not kind:
        # The object model's 1, 1, 1; a stored Basic task has 0, 0, 1 (section 4).
        for name, value in _ONES.items():
            fields.setdefault(name, value)


_BY_FIELD: Mapping[str, Property] = {
    property.field.partition(".")[2]: property for property in TASK if property.field is not None
}
