"""Job templates: defaults for what a job leaves unsaid, and limits to what it says. Pure.

(Spec hpcpack-model, sections 3, 10.1, 14.) In this order: which properties a template may speak of, filling
in, checking a job, checking a template. When each is done is decided in `service/templates.py`, the one place
that calls them.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from headgate.core.environment import merge
from headgate.core.errors import BadProperty, BadRequest
from headgate.core.model import Job, Template, TemplateItem
from headgate.core.properties import JOB, JobSubject, Kind, Moment, Property, text_forms
from headgate.core.properties.checks import UNWRITABLE, check_items, checked, shown
from headgate.core.properties.job_changes import EXPANDED_PRIORITY, PRIORITY, UNIT_TYPE

DEFAULT: Final = "Default"
"""The template of jobs that name none; it always exists."""
LONGEST_NAME: Final = 80
MOST_ITEMS: Final = 1000
_NOT_TEMPLATED: Final = frozenset(
    JOB[name]
    # The template itself; what is about one job alone; what is computed or never kept; the other view of
    # Priority.
    for name in (
        "JobTemplate", "Name", "UserName", "Password", "Progress", "ProgressMessage", "ParentJobIds",
        "ChildJobIds", "ExpandedPriority",
    )
)  # fmt: skip
TEMPLATED: Final[Mapping[str, Property]] = MappingProxyType(
    {
        entry.name: EXPANDED_PRIORITY if entry is PRIORITY else entry
        for entry in JOB
        if Moment.CREATE in entry.moments and entry not in _NOT_TEMPLATED
    }
)
"""What a template may speak of, by name. Priority is an expanded priority, so that a range can be of any."""
_ITEM_OF: Final[Mapping[Property, str]] = MappingProxyType(
    {entry: name for name, entry in TEMPLATED.items()} | {PRIORITY: "Priority"}
)
_PAIRS: Final = tuple(
    (name, f"Max{name[3:]}") for name in TEMPLATED if name.startswith("Min") and f"Max{name[3:]}" in TEMPLATED
)


def value_in(job: Job, entry: Property) -> object:
    """What a job has, where a Gpu job is one: it is published as Socket (section 3)."""
    return job.spec.unit_type if entry is UNIT_TYPE else entry.read(JobSubject(job))


PLAIN: Final[Mapping[str, object]] = MappingProxyType(
    {name: value_in(Job(), entry) for name, entry in TEMPLATED.items()}
)
"""What a property is where nobody says anything."""


def can_be_empty(name: str) -> bool:
    """Whether a job may lack this property altogether: texts, lists, RuntimeSeconds."""
    return PLAIN[name] in (None, "", ())


# ---- filling in


def default_of(template: Template, name: str) -> object:
    """What the template makes of a property that a job leaves unsaid."""
    item = template.items.get(name)
    if item is None or item.default is None:
        return PLAIN[name]
    return _typed(name, item.default)


@lru_cache(maxsize=1024)  # every new job asks for the same few
def _typed(name: str, text: str) -> object:
    entry = TEMPLATED[name]
    return checked(entry, text_forms.read(entry, text))


def filled(
    template: Template, job: Job, changes: Mapping[Property, object], before: Template | None = None
) -> dict[Property, object]:
    """The changes, and the template's defaults for what they and the job leave unsaid.

    A property that is set to nothing is unsaid. What the job has counts as unsaid while it is what a new job
    would have, or what `before`, the template that it had until now, makes of it.
    """
    full = dict(changes)
    names = template.items if before is None else {**template.items, **before.items}
    for name in names:
        entry = TEMPLATED.get(name)
        if entry is None or _said(name, entry, changes):
            continue
        default = default_of(template, name)
        if before is None and default == PLAIN[name]:
            continue
        unsaid = PLAIN[name] if before is None else default_of(before, name)
        have = value_in(job, entry)
        if have in (unsaid, PLAIN[name]) and have != default:
            if entry is EXPANDED_PRIORITY:
                full.pop(PRIORITY, None)
            full[entry] = default
    return full


def reset(template: Template, changes: Mapping[Property, object]) -> dict[Property, object]:
    """The changes, where a property that is set to nothing becomes what the template makes of it."""
    full = dict(changes)
    for entry, value in changes.items():
        name = _ITEM_OF.get(entry)
        if value is None and name in template.items and not _said(name, TEMPLATED[name], changes):
            full.pop(entry)
            full[TEMPLATED[name]] = default_of(template, name)
    return full


def _said(name: str, entry: Property, changes: Mapping[Property, object]) -> bool:
    if entry is EXPANDED_PRIORITY and changes.get(PRIORITY) is not None:
        return True
    return changes.get(entry) is not None


def touched(changes: Collection[Property]) -> set[str]:
    """The items that these properties are about."""
    return {_ITEM_OF[entry] for entry in changes if entry in _ITEM_OF}


# ---- checking a job


def check_job(template: Template, job: Job, names: Collection[str]) -> None:
    """What the job has of these properties, against the template.

    Raises BadProperty with JobTemplateValueInvalid, -TooSmall, -TooLarge or -RequiredValueMissing (section
    14). What is required and not there yet is for `check_complete`.
    """
    for name in names:
        item = template.items.get(name)
        if item is None or name not in TEMPLATED or _is_free(item):
            continue
        value = value_in(job, TEMPLATED[name])
        if not (item.required and value in (None, "", ())):
            _check_value(template.name, name, item, value)


def check_complete(template: Template, job: Job) -> None:
    """A whole job that is to be submitted. Raises BadProperty, also with RequiredPropertyNotSet."""
    for name, item in template.items.items():
        if item.required and name in TEMPLATED and value_in(job, TEMPLATED[name]) in (None, "", ()):
            raise BadProperty(
                f"{name} is not set, and the job template {template.name} requires it.",
                name=TEMPLATED[name].name,
                code="Validation_RequiredPropertyNotSet",
                parameters=(name,),
            )
    check_job(template, job, template.items)


def _is_free(item: TemplateItem) -> bool:
    """Whether any value will do."""
    return item.low is None and item.high is None and item.allowed is None and not item.required_values


def _check_value(template: str, name: str, item: TemplateItem, value: Any) -> None:
    entry = TEMPLATED[name]
    text = text_forms.write(entry, value)
    held = {part.casefold() for part in (value if entry.kind is Kind.STRINGS else [text])}
    for wanted in item.required_values:
        if wanted.casefold() not in held:
            raise _breach(
                entry,
                "Operation_JobTemplateRequiredValueMissing",
                name,
                wanted,
                template,
                f"{name} lacks {wanted!r}",
            )
    if item.allowed is not None:
        allowed = {part.casefold() for part in item.allowed}
        bad = sorted((held or {""}) - allowed)
        if bad:
            listed = ", ".join(part or "nothing" for part in item.allowed[:20])
            raise _breach(
                entry,
                "Operation_JobTemplateValueInvalid",
                name,
                "",
                template,
                f"{name} may be {listed}, not {shown(bad[0])}",
            )
    if item.low is not None and value is not None and value < item.low:
        raise _breach(
            entry,
            "Operation_JobTemplateValueTooSmall",
            name,
            str(item.low),
            template,
            f"{name} {value} is less than {item.low}",
        )
    if item.high is not None and (value is None or value > item.high):
        said = f"{name} {value} is more than {item.high}" if value is not None else f"{name} is without limit"
        more = "" if value is not None else f"; at most {item.high} is allowed"
        raise _breach(
            entry, "Operation_JobTemplateValueTooLarge", name, str(item.high), template, said + more
        )


def _breach(entry: Property, code: str, name: str, limit: str, template: str, what: str) -> BadProperty:
    return BadProperty(
        f"The job template {template} does not allow this: {what}.",
        name=entry.name,
        code=code,
        parameters=(name, limit) if limit else (name,),
    )


# ---- checking a template


def check_template(template: Template) -> None:
    """Raises BadRequest for a template that contradicts itself or what properties can be.

    A job that says nothing must fit, unless it is required to say something.
    """
    where = f"Job template {template.name!r}"
    name = template.name
    if not 0 < len(name) <= LONGEST_NAME or name != name.strip() or not name.isprintable():
        raise BadRequest(
            f"{where}: a name has 1 to {LONGEST_NAME} printable characters, and no blanks around it."
        )
    if UNWRITABLE.search(template.description) or len(template.description) > 4096:
        raise BadRequest(f"{where}: the description is longer than 4096 characters or can't be written.")
    try:
        merge({}, template.environment)
    except BadRequest as error:
        raise BadRequest(f"{where}, environment: {error.text}", code=error.code) from error
    for name, item in template.items.items():
        for what, text in _wrong(name, item):
            raise BadRequest(f"{where}, property {name}{what and f', {what}'}: {text}")
    for low, high in _PAIRS:
        least, most = (default_of(template, name) for name in (low, high))
        if isinstance(least, int) and isinstance(most, int) and least > most:
            code = "Operation_ProfileItemRangeInconsistent_LeftDefaultGreaterThanRightDefault"
            raise BadRequest(
                f"{where}: the default {least} of {low} is greater than the default {most} of {high}; give"
                " both a default.",
                code=code,
                parameters=(low, high, str(least), str(most)),
            )


def _wrong(name: str, item: TemplateItem) -> Iterator[tuple[str, str]]:
    """What is wrong with an item: the part of it, and why."""
    entry = TEMPLATED.get(name)
    if entry is None:
        yield "", f"a template can speak of {', '.join(sorted(TEMPLATED))}."
        return
    numbers = entry.kind is Kind.INT32
    if (item.low is not None or item.high is not None) and not numbers:
        yield "min" if item.low is not None else "max", "only a number has a range; use allowed."
    if item.low is not None and item.high is not None and item.low > item.high:
        yield "min", f"{item.low} is greater than max, {item.high}."
    if item.required and not can_be_empty(name):
        yield "required", "this property always has a value; give it a range or allowed values instead."
    if item.required_values and entry.kind is not Kind.STRINGS:
        yield "required_values", "only a list holds values; use allowed."
    for part, texts in (("allowed", item.allowed or ()), ("required_values", item.required_values)):
        yield from _unreadable(entry, part, texts)
    if item.allowed is not None and not item.allowed:
        yield "allowed", "no value would be allowed."
    try:
        default = default_of(Template(name="", items={name: item}), name)
    except BadProperty as error:
        yield "default", error.text
        return
    if item.required and default in (None, "", ()):
        return
    try:
        _check_value("", name, item, default)
    except BadProperty as error:
        said = error.text.partition(": ")[2]
        if item.default is not None:
            yield "default", said
        else:
            hint = ", or required = true" if can_be_empty(name) else ""
            yield "", f"a job that says nothing would not fit: {said} Give it a default that fits{hint}."


def _unreadable(entry: Property, part: str, texts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if len(texts) > MOST_ITEMS:
        yield part, f"it has more than {MOST_ITEMS} values."
    for text in texts:
        if not text:
            continue
        try:
            if entry.kind is Kind.STRINGS:
                check_items(entry, (text,))
            elif text_forms.write(entry, checked(entry, text_forms.read(entry, text))) != text:
                yield part, f"{shown(text)} is not how this value is written."
        except BadProperty as error:
            yield part, error.text


def notes(template: Template) -> list[str]:
    """What holds less than it seems to, for whoever manages templates."""
    found = []
    for end in ("Min", "Max"):
        auto = f"AutoCalculate{end}"
        ranged = [
            name
            for name in (f"{end}Cores", f"{end}Sockets", f"{end}Nodes")
            if (item := template.items.get(name)) and (item.low is not None or item.high is not None)
        ]
        item = template.items.get(auto)
        if ranged and (item is None or item.allowed is None or "True" in item.allowed):
            found.append(
                f"{', '.join(ranged)}: the range binds jobs whose {auto} is False; with True the number is"
                f" computed from the tasks (fix {auto} to false to bind all)."
            )
    return found
