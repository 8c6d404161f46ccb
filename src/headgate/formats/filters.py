"""`$filter`: `name eq value and name eq value…` (spec hpcpack-2016, section 3.2). Pure.

A value runs up to the next ` and ` or the end and may contain blanks. All terms must hold; several terms of
one name narrow each other. Anything not understood is refused as InvalidFilterProperty, naming it.
"""

import re
from collections.abc import Iterable
from typing import TypeVar

from msgspec import Struct

from headgate.core.errors import BadRequest
from headgate.core.properties import dates
from headgate.core.properties.checks import shown
from headgate.core.properties.kinds import MEMBERS
from headgate.core.properties.text_forms import read_integer
from headgate.core.states import JobState, TaskState
from headgate.core.vocabulary import NodeState

S = TypeVar("S", JobState, TaskState, NodeState)
F = TypeVar("F")

MOST_TERMS = 50
# One blank on each side and no `\s+`, which would take quadratic time over a long run of blanks.
_AND = re.compile(r"\sand\s", re.IGNORECASE)
_EMPTY = re.compile(r"\S+\s+eq", re.IGNORECASE)
_TERM = re.compile(r"(?P<name>\S+)\s+eq(?:\s+(?P<value>.*))?", re.IGNORECASE | re.DOTALL)


class JobFilter(Struct, frozen=True):
    """What a job list's filter asks for; None: anything."""

    states: frozenset[JobState] | None = None
    node_group: str | None = None
    changed_from: int | None = None


class TaskFilter(Struct, frozen=True):
    """What a task list's filter asks for; None: anything."""

    states: frozenset[TaskState] | None = None
    numbers: frozenset[int] | None = None
    instances: frozenset[int] | None = None
    changed_from: int | None = None


class NodeFilter(Struct, frozen=True):
    """What a node list's filter asks for; None: anything."""

    states: frozenset[NodeState] | None = None
    changed_from: int | None = None


def job_filter(text: str) -> JobFilter:
    """JobState, NodeGroup, ChangeTimeFrom. Raises BadRequest."""
    states: frozenset[JobState] | None = None
    group: str | None = None
    since: int | None = None
    for name, value in terms(text, ("JobState", "NodeGroup", "ChangeTimeFrom")):
        if name == "JobState":
            states = _narrow(states, _states(JobState, name, value))
        elif name == "ChangeTimeFrom":
            since = _later(since, _date(name, value))
        elif group is not None and group.lower() != value.lower():
            raise _refused(name, f"NodeGroup can be given once only, not {shown(group)} and {shown(value)}")
        else:
            group = value
    return JobFilter(states, group, since)


def task_filter(text: str) -> TaskFilter:
    """TaskState, TaskStates, TaskIds, TaskInstanceIds, ChangeTimeFrom. Raises BadRequest."""
    states: frozenset[TaskState] | None = None
    numbers: frozenset[int] | None = None
    instances: frozenset[int] | None = None
    since: int | None = None
    known = ("TaskState", "TaskStates", "TaskIds", "TaskInstanceIds", "ChangeTimeFrom")
    for name, value in terms(text, known):
        if name in ("TaskState", "TaskStates"):
            states = _narrow(states, _states(TaskState, name, value))
        elif name == "TaskIds":
            numbers = _narrow(numbers, _numbers(name, value))
        elif name == "TaskInstanceIds":
            instances = _narrow(instances, _numbers(name, value))
        else:
            since = _later(since, _date(name, value))
    return TaskFilter(states, numbers, instances, since)


def node_filter(text: str, *, by_change: bool = False) -> NodeFilter:
    """NodeState; by_change: ChangeTimeFrom, too (windowshpc, section 3). Raises BadRequest."""
    states: frozenset[NodeState] | None = None
    since: int | None = None
    for name, value in terms(text, ("NodeState", "ChangeTimeFrom") if by_change else ("NodeState",)):
        if name == "NodeState":
            states = _narrow(states, _states(NodeState, name, value))
        else:
            since = _later(since, _date(name, value))
    return NodeFilter(states, since)


def filled(text: str) -> str:
    """A filter without the terms that have no value, which older clients send (windowshpc, section 3)."""
    parts = _AND.split(text.strip(), maxsplit=MOST_TERMS)
    return " and ".join(part for part in parts if not _EMPTY.fullmatch(part.strip()))


def terms(text: str, known: Iterable[str]) -> list[tuple[str, str]]:
    """The terms of a filter: canonical names and values. A blank filter has none. Raises BadRequest."""
    canonical = {name.lower(): name for name in known}
    found: list[tuple[str, str]] = []
    if not text.strip():
        return found
    parts = _AND.split(text.strip(), maxsplit=MOST_TERMS)
    if len(parts) > MOST_TERMS:
        raise _refused("and", f"it has more than {MOST_TERMS} terms")
    for part in parts:
        term = _TERM.fullmatch(part.strip())
        if term is None:
            raise _refused(part, f"the filter is made of terms `name eq value`, and {shown(part)} is none")
        name = canonical.get(term["name"].lower())
        if name is None:
            allowed = ", ".join(canonical.values())
            raise _refused(term["name"], f"{shown(term['name'])} is none of {allowed}")
        value = (term["value"] or "").strip()
        if not value:
            raise _refused(name, f"{name} has no value")
        found.append((name, value))
    return found


def _states(kind: type[S], name: str, text: str) -> frozenset[S]:
    """Names, or numbers whose bits are states, separated by commas. `All` is the sum of all."""
    every = {int(state) for state in kind}
    found: set[S] = set()
    for part in text.split(","):
        word = part.strip()
        bits = sum(every) if word.lower() == "all" else MEMBERS[kind].get(word.lower())
        if bits is None:
            bits = read_integer(word)
        if bits is None or bits <= 0 or bits & ~sum(every):
            raise _refused(name, f"{shown(word)} is not a state")
        found.update(kind(state) for state in every if state & bits)
    return frozenset(found)


def _numbers(name: str, text: str) -> frozenset[int]:
    found = set()
    for part in text.split(","):
        number = read_integer(part)
        if number is None or not 0 <= number < 1 << 31:
            raise _refused(name, f"{shown(part.strip())} is not the number of a task")
        found.add(number)
    return frozenset(found)


def _date(name: str, text: str) -> int:
    at = dates.read(text)
    if at is None:
        raise _refused(name, f"{shown(text)} is not a date")
    return at


def _narrow(before: frozenset[F] | None, said: frozenset[F]) -> frozenset[F]:
    return said if before is None else before & said


def _later(before: int | None, said: int) -> int:
    return said if before is None else max(before, said)


def _refused(name: str, why: str) -> BadRequest:
    return BadRequest(
        f"The filter is not valid: {why}.", code="Operation_InvalidFilterProperty", parameters=(name[:80],)
    )
