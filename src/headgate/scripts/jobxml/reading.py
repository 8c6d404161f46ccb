"""A job document to a JobDocument (spec hpcpack-model, section 12.2).

In one pass over the elements, none of which is kept, so that a document of ten thousand tasks costs little
more than its tasks. Elements count by their name without namespace and letter case; what is not known is
ignored. Attributes are read in `attributes.py`, groups resolved in `groups.py`.
"""

from msgspec.structs import replace

from headgate.core.errors import BadProperty
from headgate.core.model import Task, TaskSpec
from headgate.core.properties import Property, apply_task
from headgate.core.properties.checks import shown
from headgate.core.properties.job_changes import GPU_MARK, UNIT_TYPE
from headgate.core.vocabulary import TaskType, UnitType
from headgate.scripts.jobxml.attributes import Warnings, attributes, job_changes, located, task_changes
from headgate.scripts.jobxml.document import JobDocument, TaskDocument
from headgate.scripts.jobxml.groups import Groups, Member
from headgate.scripts.safe_xml import USUAL, Element, Limits, local_name, walk

_BLANKS = " \t\r\n"
_GROUPED = frozenset({TaskType.BASIC, TaskType.PARAMETRIC_SWEEP})
"""Types of tasks that are in a group (6.1)."""

_JOB = ""
_TASK = "/tasks/task"
_PARENT = "/dependencies/parent"
_CHILD = "/dependencies/parent/child"
_VARIABLES = frozenset(f"{owner}/environmentvariables/variable" for owner in (_JOB, _TASK))
_TERMS = frozenset(
    f"{owner}/{collection}/term"
    for owner in (_JOB, _TASK)
    for collection in ("customproperties", "extendedterms")
)
_PAIRS = _VARIABLES | _TERMS
_PARTS = frozenset(f"{pair}/{part}" for pair in _PAIRS for part in ("name", "value"))
_PLACES = frozenset(
    "/".join(steps[:end])
    for place in (*_PARTS, _CHILD)
    for steps in [place.split("/")]
    for end in range(1, len(steps) + 1)
)
"""Paths below Job that lead somewhere."""


def parse(document: bytes | str, now: int, limits: Limits = USUAL) -> JobDocument:
    """What a job document says. `now` in UTC microseconds. Raises BadRequest, naming line and value."""
    reader = _Reader(now)
    for started, element in walk(document, limits):
        if started:
            reader.starts(element)
        else:
            reader.ends(element)
    return reader.done()


class _TaskRead:
    """A task while it is read."""

    __slots__ = ("custom", "environment", "group", "spec")

    def __init__(self, spec: TaskSpec, group: str) -> None:
        self.spec = spec
        self.group = group
        self.environment: dict[str, str] = {}
        self.custom: dict[str, str] = {}


class _Reader:
    """Knows where in the document it is."""

    def __init__(self, now: int) -> None:
        self._now = now
        self._places: list[str | None] = []
        """Where each open element is, below Job; None: nowhere of interest."""
        self._seen_job = False
        self._changes: dict[Property, object] = {}
        self._environment: dict[str, str] = {}
        self._custom: dict[str, str] = {}
        self._tasks: list[_TaskRead] = []
        self._groups = Groups()
        self._warnings = Warnings()
        self._pair: dict[str, str] = {}
        """The parts of the Variable or Term that is open."""
        self._parent = ""
        """The GroupId of the Parent that is open."""

    def starts(self, element: Element) -> None:
        name = local_name(element).lower()
        above = self._places[-1] if self._places else None
        place = None if above is None else f"{above}/{name}"
        if above is None and name == "job":
            place = self._job(element)
        elif place not in _PLACES:
            place = None
        elif place == _TASK:
            self._task(element)
        elif place == _PARENT:
            self._parent = self._group(element)
            if self._parent:
                self._groups.add(self._parent)
        elif place == _CHILD:
            child = self._group(element)
            if child and self._parent:
                self._groups.add(self._parent, child)
        elif place in _PAIRS:
            self._pair = {}
        self._places.append(place)

    def ends(self, element: Element) -> None:
        place = self._places.pop()
        if place in _PARTS:
            self._pair[local_name(element).lower()] = (element.text or "").strip(_BLANKS)
        elif place in _PAIRS:
            self._keep_pair(element, place)

    def _job(self, element: Element) -> str | None:
        if self._seen_job:
            self._warnings.add(element, "a second Job is ignored")
            return None
        self._seen_job = True
        self._changes = job_changes(element, self._now, self._warnings)
        return _JOB

    def _task(self, element: Element) -> None:
        changes, group = task_changes(element, self._warnings)
        try:
            spec = apply_task(Task(), changes).spec
        except BadProperty as error:
            raise located(error, element) from error
        self._tasks.append(_TaskRead(spec, group))

    def _group(self, element: Element) -> str:
        group = attributes(element, self._warnings).get("groupid", "").strip(_BLANKS)
        if not group:
            self._warnings.add(element, "it has no GroupId and is ignored")
        return group

    def _keep_pair(self, element: Element, place: str) -> None:
        name, value = self._pair.get("name"), self._pair.get("value")
        if not name or value is None:
            self._warnings.add(element, "it lacks its Name or its Value and is ignored")
            return
        owner = self._tasks[-1] if place.startswith(_TASK) else None
        if place in _VARIABLES:
            kept = self._environment if owner is None else owner.environment
        else:
            kept = self._custom if owner is None else owner.custom
        kept[name] = value

    def done(self) -> JobDocument:
        if (
            self._custom.get(GPU_MARK, "").lower() in ("true", "1")
            and self._changes.get(UNIT_TYPE) is UnitType.SOCKET
        ):
            # How a Gpu job is published: as Socket, beside the mark (section 3).
            self._changes[UNIT_TYPE] = UnitType.GPU
        follows = self._groups.follows(
            [
                Member(task.group, task.spec.name, task.spec.depends_on, alone=task.spec.type not in _GROUPED)
                for task in self._tasks
            ]
        )
        self._warn_of_groups()
        return JobDocument(
            changes=self._changes,
            environment=self._environment,
            custom=self._custom,
            tasks=tuple(
                TaskDocument(
                    spec=replace(task.spec, follows=before) if before else task.spec,
                    environment=task.environment,
                    custom=task.custom,
                )
                for task, before in zip(self._tasks, follows, strict=True)
            ),
            warnings=self._warnings.all(),
        )

    def _warn_of_groups(self) -> None:
        root = self._groups.root
        if root is None:
            return
        for number, task in enumerate(self._tasks, 1):
            if task.group and task.group not in self._groups:
                self._warnings.add(
                    f"task {number}",
                    f"its GroupId {shown(task.group)} is not among the Dependencies; the root group "
                    f"{shown(root)} is taken",
                )
