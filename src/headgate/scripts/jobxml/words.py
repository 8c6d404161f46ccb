"""The attributes of job XML and the text of their values (spec hpcpack-model, sections 1.2, 2.4, 12.2, 12.3).

Names, types and limits are those of the property registries. Here is what job XML adds: the order in which
attributes are written, which are taken when read, and the three kinds of values that it spells differently.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from headgate.core.codes import message
from headgate.core.model import INT_MAX
from headgate.core.properties import JOB, TASK, JobPriority, Kind, Property, Registry, text_forms
from headgate.core.properties.checks import bad, checked, shown
from headgate.core.properties.kinds import MEMBERS, name_of
from headgate.core.vocabulary import UnitType

NAMESPACE = "http://schemas.microsoft.com/HPCS2008R2/scheduler/"
VERSION = "3.000"

PRIORITY = JOB["Priority"]
EXPANDED_PRIORITY = JOB["ExpandedPriority"]
JOB_RUNTIME = JOB["RuntimeSeconds"]
TASK_RUNTIME = TASK["RuntimeSeconds"]

# ---- order (12.3). A bar stands for the pair of Min and Max that the job's unit has.

_JOB_ORDER = """
Id State SubmitTime CreateTime StartTime Name IsExclusive RunUntilCanceled UnitType RuntimeSeconds Owner
UserName Project JobType JobTemplate Priority RequestedNodes NodeGroups SoftwareLicense OrderBy RequeueCount
AutoRequeueCount PendingReason AutoCalculateMax AutoCalculateMin MinMemory MaxMemory MinCoresPerNode
MaxCoresPerNode FailOnTaskFailure Progress ProgressMessage TargetResourceCount | NotifyOnStart
NotifyOnCompletion EmailAddress HoldUntil NodeGroupOp SingleNode JobValidExitCodes ParentJobIds
EstimatedProcessMemory TaskExecutionFailureRetryLimit
"""
_TASK_ORDER = """
Id ParentJobId RequiredNodes RequestedNodeGroup RuntimeSeconds State UnitType WorkDirectory NiceId CommandLine
DependsOn IsRerunnable StdOutFilePath StdInFilePath StdErrFilePath RequeueCount PendingReason StartValue
EndValue IncrementValue GroupId SubmitTime StartTime CreateTime Name IsExclusive | AutoRequeueCount Type
FailJobOnFailure FailJobOnFailureCount TaskValidExitCodes IsParametric
"""
JOB_ORDER = tuple(_JOB_ORDER.split())
TASK_ORDER = tuple(_TASK_ORDER.split())
PAIRS: Mapping[UnitType, tuple[str, str]] = MappingProxyType(
    {
        UnitType.CORE: ("MinCores", "MaxCores"),
        UnitType.SOCKET: ("MinSockets", "MaxSockets"),
        UnitType.NODE: ("MinNodes", "MaxNodes"),
        UnitType.GPU: ("MinSockets", "MaxSockets"),
    }
)
MINIMA = frozenset({"mincores", "minsockets", "minnodes", "minimumnumberofprocessors"})
MAXIMA = frozenset({"maxcores", "maxsockets", "maxnodes", "maximumnumberofprocessors"})

# ---- what is taken (12.2): everything that can be set but for these.

_NOT_TAKEN = frozenset(
    JOB[name]
    # Who runs it is the caller, whose password is none of ours; how far it is, is no part of what it is;
    # Priority holds the expanded value too; children are computed.
    for name in ("UserName", "Password", "Progress", "ProgressMessage", "ExpandedPriority", "ChildJobIds")
)


def _names(properties: Iterable[Property]) -> dict[str, Property]:
    return {name.lower(): entry for entry in properties for name in (entry.name, *entry.aliases)}


TAKEN_OF_JOB: Mapping[str, Property] = MappingProxyType(
    _names(entry for entry in JOB if entry.moments and entry not in _NOT_TAKEN)
)
TAKEN_OF_TASK: Mapping[str, Property] = MappingProxyType(_names(entry for entry in TASK if entry.moments))
"""Properties by lower-cased name, older names included."""


def _more(registry: Registry, taken: Mapping[str, Property], order: tuple[str, ...]) -> tuple[Property, ...]:
    written = {*order, *(name for pair in PAIRS.values() for name in pair), "NodeGroupOp"}
    return tuple(entry for entry in registry if taken.get(entry.name.lower()) and entry.name not in written)


MORE_OF_JOB = _more(JOB, TAKEN_OF_JOB, JOB_ORDER)
MORE_OF_TASK = _more(TASK, TAKEN_OF_TASK, TASK_ORDER)
"""Settable, but not among the attributes that 12.3 lists: written last, and only where they are not default,
so that what was written makes the same job when it is read."""

STATED_OF_JOB = frozenset(name.lower() for name in JOB_ORDER)
STATED_OF_TASK = frozenset(name.lower() for name in TASK_ORDER)
"""What every export states: to ignore a fact among them is worth no warning."""


# ---- values


def read_value(property: Property, text: str) -> object:
    """The value of an attribute; its limits are for whoever sets it. Raises BadProperty."""
    # Tasks are much alike: most of their short texts have been read before.
    return _read_again(property, text) if len(text) <= 16 else _read(property, text)


def _read(property: Property, text: str) -> object:
    if property is PRIORITY:
        return read_priority(text)
    return _read_flag(property, text) if property.kind is Kind.BOOL else text_forms.read(property, text)


_read_again = lru_cache(maxsize=4096)(_read)


def _read_flag(property: Property, text: str) -> bool:
    flag = {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower())
    if flag is None:
        raise bad(property, f"The value {shown(text)} of {property.name} is neither true nor false.")
    return flag


_PRIORITY = re.compile(r"\s*([A-Za-z]+)\s*(?:([+-])\s*([0-9]{1,9}))?\s*", re.ASCII)


def read_priority(text: str) -> int:
    """The expanded priority of `Normal`, `Normal+5`, `AboveNormal-100` or `2005` (section 2.4).

    A bare number is an expanded priority here, not a level.
    """
    number = text_forms.read_integer(text)
    if number is None:
        found = _PRIORITY.fullmatch(text)
        level = MEMBERS[JobPriority].get(found[1].lower()) if found else None
        if found is None or level is None:
            named = found is not None or not any(sign in text for sign in "+-")
            code = "Operation_PriorityNotValid" if named else "Operation_ExpandedPriorityMustBeInteger"
            raise bad(PRIORITY, f"The value {shown(text)} of Priority is not valid. {message(code)}", code)
        number = level * 1000 + int((found[2] or "") + (found[3] or "0"))
    checked(EXPANDED_PRIORITY, number)
    return number


def write_priority(number: int) -> str:
    """`Normal+5`; from the next level down where the rest is more than half a bucket."""
    level, rest = divmod(number, 1000)
    if rest > 500:
        return f"{name_of(JobPriority(level + 1))}-{1000 - rest}"
    return name_of(JobPriority(level)) + (f"+{rest}" if rest else "")


_RUNTIME = re.compile(r"\s*(?:(?:([0-9]{1,9}):)?([0-9]{1,9}):)?([0-9]{1,9})\s*", re.ASCII)


def read_runtime(property: Property, text: str) -> int | None:
    """Seconds of the older `Runtime`: `[[days:]hours:]minutes`, or `Infinite`."""
    if text.strip().lower() in ("infinite", ""):
        return None
    found = _RUNTIME.fullmatch(text)
    seconds = (
        INT_MAX + 1
        if found is None
        else 60 * ((int(found[1] or 0) * 24 + int(found[2] or 0)) * 60 + int(found[3]))
    )
    if seconds > INT_MAX:
        raise bad(property, f"The value {shown(text)} of Runtime is not [[days:]hours:]minutes or Infinite.")
    return seconds or None


def value_writer(property: Property) -> Callable[[Any], str]:
    """The function that writes the values of a property; for None see who calls it."""
    if property.kind is Kind.BOOL:
        return lambda value: "true" if value else "false"
    return text_forms.writer(property)
