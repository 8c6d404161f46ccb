"""What a property is, the registry that finds it by name, and whether it may be set now.

Spec hpcpack-model, sections 1.2 (names are case-insensitive), 3 and 4 (columns), 7.4 (states).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Any

from headgate.core.errors import BadProperty, WrongState
from headgate.core.properties.kinds import Kind, Moment, name_of
from headgate.core.states import JobState, TaskState

_NO_MOMENT: frozenset[Moment] = frozenset()
_NO_STATE: frozenset[JobState] = frozenset()
_STILL_JOB_STATES = frozenset({JobState.CONFIGURING, JobState.QUEUED, JobState.RUNNING})
"""States in which some properties can be set and some can't; in the others it is all the same."""


@dataclass(frozen=True, eq=False, slots=True)
class Property:
    """One property. Compared by identity: the registries hold the only ones.

    name: the published spelling. kind: what its values are; enum: their type where the kind is ENUM or FLAGS.
    read: its value in a JobSubject, TaskSubject or Node; None when not set.
    default: what it is when nothing is said, and what it becomes when it is set to nothing.
    moments: when it can be set; states: in which states Moment.SET can set it, for jobs.
    resubmits: in a Queued job it changes what was validated, so the job has to be validated again.
    private: for the owner, operators and administrators; owner_only: for the owner alone.
    listed: part of "all properties". readable: False for what can only be written.
    field: what it sets in a Job or Task by dotted path, where that is all it does.
    sort: what lists are sorted by, by dotted path; None: it can't be sorted by. Private ones never are: the
    order would tell what they hold.
    longest: most characters of a text, or of one item. low, high: the range of a number.
    check: more to check; answers the canonical value or raises BadProperty.
    no_effect: why it can't work here, however it is set; a job that sets it is warned (`core/warnings.py`).
    """

    name: str
    kind: Kind
    read: Callable[[Any], object]
    default: object = None
    enum: type[IntEnum] | type[IntFlag] | None = None
    moments: frozenset[Moment] = _NO_MOMENT
    states: frozenset[JobState] = _NO_STATE
    resubmits: bool = False
    private: bool = False
    owner_only: bool = False
    listed: bool = True
    readable: bool = True
    field: str | None = None
    sort: str | None = None
    longest: int = 0
    low: int = 0
    high: int = 0
    check: Callable[["Property", Any], object] | None = None
    aliases: tuple[str, ...] = ()
    no_effect: str = ""

    def __repr__(self) -> str:
        return f"<Property {self.name}>"


class Registry:
    """The properties of one kind of thing, in their published order."""

    def __init__(self, of: str, properties: Iterable[Property]) -> None:
        self.of = of
        self._all = tuple(properties)
        self._readable = tuple(entry for entry in self._all if entry.listed and entry.readable)
        self._by_name: dict[str, Property] = {}
        for entry in self._all:
            for name in (entry.name, *entry.aliases):
                if name.lower() in self._by_name:
                    raise ValueError(f"two {of} properties are called {name}")
                self._by_name[name.lower()] = entry

    def __iter__(self) -> Iterator[Property]:
        return iter(self._all)

    def readable(self) -> tuple[Property, ...]:
        """What is answered when no property is named, in that order."""
        return self._readable

    def find(self, name: str) -> Property:
        """The property of this name in any letter case, older names included. Raises BadProperty."""
        found = self._by_name.get(name.lower())
        if found is None:
            shown = name if len(name) <= 80 else name[:80] + "…"
            raise BadProperty(
                f"Property {shown} is not known: a {self.of} has no property of that name.",
                name=shown,
                code="Operation_NoTableDefinedForProperty",
                parameters=(shown,),
            )
        return found

    def find_readable(self, name: str) -> Property:
        """`find`, for a property that is to be read. Raises BadProperty for a write-only one too."""
        found = self.find(name)
        if not found.readable:
            raise BadProperty(
                f"Property {found.name} can be set but not read.",
                name=found.name,
                code="Operation_NoTableDefinedForProperty",
                parameters=(found.name,),
            )
        return found

    def __getitem__(self, name: str) -> Property:
        """`find`, for names that stand in our own code."""
        return self.find(name)


def check_settable(property: Property, moment: Moment, state: JobState | TaskState | None = None) -> None:
    """Raise unless the property may be set at this moment in this state (None: only now coming into being).

    BadProperty (PropertyIsReadOnly), WrongState (TryToModifyInvalidStateJob, TryToModifyInvalidStateTask,
    SetInvalidPropUnderCertainState): section 7.4.
    """
    if moment not in property.moments:
        when = f"; it can only be set with {_moments(property)}" if property.moments else ""
        raise BadProperty(
            f"The property {property.name} is read-only{when}.",
            name=property.name,
            code="Operation_PropertyIsReadOnly",
            parameters=(property.name,),
        )
    if moment is not Moment.SET or state is None:
        return
    if isinstance(state, TaskState):
        if state is not TaskState.CONFIGURING:
            raise WrongState(
                f"The property {property.name} cannot be set: a task in the {name_of(state)} state cannot be "
                "changed, only one in the Configuring state.",
                code="Operation_TryToModifyInvalidStateTask",
                parameters=(name_of(state),),
            )
    elif state not in property.states:
        if state in _STILL_JOB_STATES:
            raise WrongState(
                f"The property {property.name} cannot be set while the job is in the {name_of(state)} state.",
                code="Operation_SetInvalidPropUnderCertainState",
                parameters=(property.name, name_of(state)),
            )
        raise WrongState(
            f"The property {property.name} cannot be set: a job in the {name_of(state)} state cannot be "
            "changed.",
            code="Operation_TryToModifyInvalidStateJob",
            parameters=(name_of(state),),
        )


_WORDS = {
    Moment.CREATE: "Create Job",
    Moment.SET: "Set Properties",
    Moment.SUBMIT: "Submit Job",
    Moment.ADD: "Add Task",
}


def _moments(property: Property) -> str:
    words = [_WORDS[moment] for moment in Moment if moment in property.moments]
    return " or ".join(words)
