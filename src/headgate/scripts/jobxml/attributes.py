"""The attributes of Job and Task elements to properties (spec hpcpack-model, section 12.2).

What is taken, under which names and in which texts, is in `words.py`; here are the rules between attributes,
and errors and warnings that say where they are.
"""

from collections.abc import Mapping
from typing import Any

from headgate.core.errors import BadProperty
from headgate.core.properties import JOB, TASK, Property
from headgate.core.properties.checks import checked
from headgate.core.properties.job_changes import HOLD_UNTIL, UNIT_TYPE
from headgate.core.vocabulary import UnitType
from headgate.scripts.jobxml import words
from headgate.scripts.safe_xml import Element, line, local_name

MOST_WARNINGS = 50
_AUTO = ((JOB["AutoCalculateMin"], words.MINIMA), (JOB["AutoCalculateMax"], words.MAXIMA))
_RUNTIMES = (JOB["RuntimeSeconds"], TASK["RuntimeSeconds"])
_KNOWN = {name.lower(): name for registry in (JOB, TASK) for name in (entry.name for entry in registry)}


class Warnings:
    """What a document says in vain. Only the first are kept."""

    def __init__(self) -> None:
        self._said: list[str] = []
        self._more = 0

    def add(self, where: Element | str, what: str) -> None:
        """`where` is an element, or words for the place."""
        if len(self._said) >= MOST_WARNINGS:
            self._more += 1
            return
        place = where if isinstance(where, str) else place_of(where)
        self._said.append(f"Job XML, {place}: {what}.")

    def all(self) -> tuple[str, ...]:
        """What was said, and how much more there was."""
        return (*self._said, f"Job XML: {self._more} more warnings.") if self._more else tuple(self._said)


def place_of(element: Element) -> str:
    """Where an element is, for people."""
    return f"line {line(element)}, <{local_name(element)[:80]}>"


def located(error: BadProperty, element: Element) -> BadProperty:
    """The same error, saying where in the document it is."""
    return BadProperty(
        f"{error.text} (Job XML, {place_of(element)})",
        name=error.name,
        code=error.code,
        parameters=error.parameters,
    )


def job_changes(element: Element, now: int, warnings: Warnings) -> dict[Property, object]:
    """The properties that a Job element sets. `now` in UTC microseconds. Raises BadProperty."""
    given = attributes(element, warnings)
    changes, others = _taken(element, given, words.TAKEN_OF_JOB, warnings)
    try:
        changes = {property: checked(property, value) for property, value in changes.items()}
    except BadProperty as error:
        raise located(error, element) from error
    if "minimumnumberofprocessors" in given or "maximumnumberofprocessors" in given:
        changes.setdefault(UNIT_TYPE, UnitType.CORE)
    for auto, names in _AUTO:
        # Who says how much wants that much; in a property list that takes a second property. Who says nothing
        # leaves it to the job's template.
        if not names.isdisjoint(given):
            changes.setdefault(auto, False)
    until: Any = changes.get(HOLD_UNTIL)
    if until is not None and until <= now:
        del changes[HOLD_UNTIL]
        warnings.add(element, "HoldUntil has passed and is ignored")
    _warn_of(element, others, words.STATED_OF_JOB, warnings)
    return changes


def task_changes(element: Element, warnings: Warnings) -> tuple[dict[Property, object], str]:
    """The properties that a Task element sets, not checked yet, and its GroupId. Raises BadProperty."""
    changes, others = _taken(element, attributes(element, warnings), words.TAKEN_OF_TASK, warnings)
    if others:
        _warn_of(element, others, words.STATED_OF_TASK, warnings)
    return changes, others.get("groupid", "").strip()


def attributes(element: Element, warnings: Warnings) -> dict[str, str]:
    """Attributes by lower-cased name without namespace."""
    found: dict[str, str] = {}
    for name, text in element.attrib.items():
        folded = (name[name.rindex("}") + 1 :] if name[0] == "{" else name).lower()
        if found.setdefault(folded, text) != text:
            warnings.add(element, f"{name[:80]} is given twice; the first counts")
    return found


def _taken(
    element: Element, given: Mapping[str, str], takes: Mapping[str, Property], warnings: Warnings
) -> tuple[dict[Property, object], dict[str, str]]:
    """The properties that attributes set, and the attributes that set none."""
    changes: dict[Property, object] = {}
    others = {}
    older = []
    try:
        for name, text in given.items():
            property = takes.get(name)
            if property is None:
                others[name] = text
            elif name == property.name.lower():
                target = words.EXPANDED_PRIORITY if property is words.PRIORITY else property
                changes[target] = words.read_value(property, text)
            else:
                older.append((property, words.read_value(property, text)))
        if "runtime" in others:
            runtime = next(entry for entry in _RUNTIMES if takes["runtimeseconds"] is entry)
            older.append((runtime, words.read_runtime(runtime, others["runtime"])))
    except BadProperty as error:
        raise located(error, element) from error
    for property, value in older:
        if changes.setdefault(property, value) != value:
            warnings.add(element, f"the older name of {property.name} is ignored beside {property.name}")
    return changes, others


def _warn_of(element: Element, others: Mapping[str, str], stated: frozenset[str], warnings: Warnings) -> None:
    """Properties that exist but can't be given so, and are not among the facts that every export states."""
    for name, text in others.items():
        if text and name in _KNOWN and name not in stated:
            warnings.add(element, f"{_KNOWN[name]} cannot be given in job XML and is ignored")
