"""Job templates as TOML: the file that `headgate template set` reads and `template show` writes. Pure.

    [templates.night]
    description = "Long jobs, at night"
    users = ["ada"]                         # who may use it besides administrators; absent: everybody

    [templates.night.environment]
    SCRATCH = "/scratch"

    [templates.night.properties.Priority]   # a job property by its published name
    default = "BelowNormal"
    max = "Normal+500"

What `core.templates` checks is not checked here; here is what a file can get wrong.
"""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from headgate.core.errors import BadProperty, BadRequest
from headgate.core.model import Template, TemplateItem
from headgate.core.properties import JOB, Kind, Property, text_forms
from headgate.core.properties.checks import checked
from headgate.core.properties.job_changes import EXPANDED_PRIORITY
from headgate.core.templates import TEMPLATED, check_template
from headgate.scripts.jobxml.words import read_priority, write_priority

LONGEST: Final = 1024 * 1024
_ITEM: Final = ("default", "fixed", "min", "max", "allowed", "required", "required_values")
_TEMPLATE: Final = ("description", "users", "environment", "properties")


def read(text: str, source: str) -> list[Template]:
    """The templates of a file, each checked. Raises BadRequest, naming `source` and the item."""
    try:
        return list(_read(text))
    except BadRequest as error:
        raise BadRequest(f"{source}: {error.text}", code=error.code, parameters=error.parameters) from error


def _read(text: str) -> Iterator[Template]:
    if len(text) > LONGEST:
        raise BadRequest(f"it is longer than {LONGEST} characters.")
    try:
        said = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadRequest(f"it is not TOML: {error}.") from None
    tables = _table(said, "", ("templates",)).get("templates")
    if not tables:
        raise BadRequest("it holds no template: a table [templates.NAME].")
    seen: set[str] = set()
    for name, table in _table(tables, "templates").items():
        if name.casefold() in seen:
            raise BadRequest(f"templates.{name}: there are two of this name.")
        seen.add(name.casefold())
        template = _template(name, table, f"templates.{name}")
        check_template(template)
        yield template


def _template(name: str, said: object, where: str) -> Template:
    table = _table(said, where, _TEMPLATE)
    items: dict[str, TemplateItem] = {}
    for key, value in _table(table.get("properties", {}), f"{where}.properties").items():
        place = f"{where}.properties.{key}"
        try:
            entry = JOB.find(key)
        except BadProperty as error:
            raise BadRequest(f"{place}: {error.text}") from None
        known = "Priority" if entry is EXPANDED_PRIORITY else entry.name
        if known in items:
            raise BadRequest(f"{place}: there are two tables for {known}.")
        if known not in TEMPLATED:
            raise BadRequest(f"{place}: a template can't set it; it can set {', '.join(sorted(TEMPLATED))}.")
        items[known] = _item(TEMPLATED[known], _table(value, place, _ITEM), place)
    environment = _table(table.get("environment", {}), f"{where}.environment")
    for variable, value in environment.items():
        _string(value, f"{where}.environment.{variable}")
    users = [_string(one, f"{where}.users") for one in _list(table.get("users", []), f"{where}.users")]
    if "users" in table and not users:
        raise BadRequest(f"{where}.users: name somebody; left out, everybody may use it.")
    return Template(
        name=name,
        description=_string(table.get("description", ""), f"{where}.description"),
        users=tuple(users),
        environment=environment,
        items=items,
    )


def _item(entry: Property, said: Mapping[str, Any], where: str) -> TemplateItem:
    def text(key: str, value: object) -> str:
        return _canonical(entry, value, f"{where}.{key}")

    def bound(key: str) -> int | None:
        if key not in said:
            return None
        value = said[key]
        if entry is EXPANDED_PRIORITY:
            return int(text(key, value))
        if isinstance(value, bool) or not isinstance(value, int):
            raise BadRequest(f"{where}.{key}: a whole number is wanted, not {value!r}.")
        return value

    def texts(key: str) -> tuple[str, ...] | None:
        if key not in said:
            return None
        part = _part if entry.kind is Kind.STRINGS else text
        return tuple(part(f"{where}.{key}" if part is _part else key, one) for one in _list(said[key], key))

    if "fixed" in said and ("default" in said or "allowed" in said):
        raise BadRequest(f"{where}.fixed: it is default and allowed in one; leave those out.")
    required = said.get("required", False)
    if not isinstance(required, bool):
        raise BadRequest(f"{where}.required: true or false is wanted, not {required!r}.")
    default = next((text(key, said[key]) for key in ("default", "fixed") if key in said), None)
    allowed = texts("allowed")
    must = texts("required_values") or ()
    if "fixed" in said and default is not None:
        allowed = (default,)
        if entry.kind is Kind.STRINGS:
            allowed = must = tuple(default.split(",")) if default else ("",)
            must = must if default else ()
    return TemplateItem(
        default=default,
        low=bound("min"),
        high=bound("max"),
        allowed=allowed,
        required_values=must,
        required=required,
    )


def _canonical(entry: Property, value: object, where: str) -> str:
    """The text of a value as a property list has it. TOML has numbers, truth values and lists; so have we."""
    try:
        if isinstance(value, list):
            if entry.kind is not Kind.STRINGS:
                raise BadRequest(f"{where}: one value is wanted, not a list.")
            text = ",".join(_part(where, item) for item in value)
        elif isinstance(value, bool):
            if entry.kind is not Kind.BOOL:
                raise BadRequest(f"{where}: {entry.name} is neither true nor false.")
            text = str(value)
        elif isinstance(value, int | str):
            if entry.kind is Kind.BOOL and value not in ("True", "False", "true", "false"):
                raise BadRequest(f"{where}: true or false is wanted, not {value!r}.")
            text = str(value)
        else:
            raise BadRequest(f"{where}: {value!r} is no value of {entry.name}.")
        if entry is EXPANDED_PRIORITY:
            return str(read_priority(text))
        return text_forms.write(entry, checked(entry, text_forms.read(entry, text)))
    except BadProperty as error:
        raise BadRequest(f"{where}: {error.text}") from None


def _part(where: str, value: object) -> str:
    return _string(value, where)


def _table(value: object, where: str, known: Sequence[str] | None = None) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{where}: a table is wanted.")
    for key in value:
        if known is not None and key not in known:
            raise BadRequest(
                f"{where + '.' if where else ''}{key} is not known; there are {', '.join(known)}."
            )
    return value


def _list(value: object, where: str) -> list[object]:
    if not isinstance(value, list):
        raise BadRequest(f"{where}: a list is wanted.")
    return value


def _string(value: object, where: str) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"{where}: a text is wanted, not {value!r}.")
    return value


# ---- out


def write(templates: Sequence[Template]) -> str:
    """The file that makes these templates."""
    return "\n".join(line for template in templates for line in (*_lines(template), ""))


def _lines(template: Template) -> Iterator[str]:
    path = f"templates.{_quoted(template.name)}"
    yield f"[{path}]"
    if template.description:
        yield f"description = {_quoted(template.description)}"
    if template.users:
        yield f"users = {_quoted(list(template.users))}"
    if template.environment:
        yield ""
        yield f"[{path}.environment]"
        yield from (f"{_quoted(name)} = {_quoted(value)}" for name, value in template.environment.items())
    for name, item in template.items.items():
        entry = TEMPLATED.get(name)
        if entry is None:
            continue
        yield ""
        yield f"[{path}.properties.{name}]"
        spell = _SPELLED.get(entry.kind, _quoted) if entry is not EXPANDED_PRIORITY else _priority
        if item.default is not None:
            yield f"default = {spell(item.default)}"
        for key, number in (("min", item.low), ("max", item.high)):
            if number is not None:
                yield f"{key} = {spell(str(number))}"
        one = _quoted if entry.kind is Kind.STRINGS else spell
        if item.allowed is not None:
            yield f"allowed = [{', '.join(map(one, item.allowed))}]"
        if item.required_values:
            yield f"required_values = {_quoted(list(item.required_values))}"
        if item.required:
            yield "required = true"


def _quoted(value: str | list[str]) -> str:
    """A basic string of TOML, or a list of them; JSON's escapes are a subset of TOML's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _number(text: str) -> str:
    return text or '""'


def _list_of(text: str) -> str:
    return _quoted([part for part in text.split(",") if part])


def _priority(text: str) -> str:
    return _quoted(write_priority(int(text)))


_SPELLED: Mapping[Kind, Callable[[str], str]] = MappingProxyType(
    {Kind.BOOL: str.lower, Kind.INT32: _number, Kind.STRINGS: _list_of}
)
