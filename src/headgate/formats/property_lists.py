"""Lists of `{Name, Value}`: what every HPC Pack face reads and writes (spec hpcpack-2016, section 2.1).

Reading: `read_json` gives names and texts as they arrived; `changes` makes typed values of registered
properties of them. Writing: a `Renderer` is compiled once for a registry's properties and a way of spelling
one of them (JSON here; XML is another `Spell`), and then turns jobs, tasks and nodes into text. It is on the
hottest path there is, so it does as much as it can before the first job arrives.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

import msgspec
from msgspec import Raw

from headgate.core.errors import BadProperty, BadRequest
from headgate.core.properties import Kind, Property, Registry, text_forms
from headgate.core.properties.checks import UNWRITABLE, shown
from headgate.core.properties.kinds import NAMES

Pairs = Sequence[tuple[str, str | None]]
"""Names and texts in the order of the list; None: no value."""
Spell = Callable[[str, str], str]
"""Spells one property: name and text."""

MOST_PROPERTIES = 10_000
"""Of one list: far more than any thing has, few enough to read at once."""

_OBJECTS = msgspec.json.Decoder(list[dict[str, Raw]] | None)
_SCALAR = msgspec.json.Decoder(str)


# ---- reading


def read_json(body: bytes) -> Pairs:
    """Names and texts of a JSON property list. Nothing, or `null`, is an empty list. Raises BadRequest."""
    text = json_text(body)
    if not text:
        return ()
    items: list[dict[str, Raw]] | None = decode(_OBJECTS, text, "a list of objects with Name and Value")
    if items is None:
        return ()
    if len(items) > MOST_PROPERTIES:
        raise BadRequest(f"The list has {len(items)} properties, more than {MOST_PROPERTIES}.")
    return [_pair(position, item) for position, item in enumerate(items, 1)]


def json_text(body: bytes) -> str:
    """A JSON body as text, without a byte-order mark and blanks around it. Raises BadRequest."""
    try:
        return body.decode("utf-8-sig").strip(" \t\r\n")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The body is not UTF-8: byte {error.start} is {body[error.start]:#04x}.") from None


def decode(decoder: msgspec.json.Decoder[Any], text: str, what: str) -> Any:
    """Decode, whatever is wrong becoming a BadRequest that says where."""
    try:
        return decoder.decode(text)
    except RecursionError:
        raise BadRequest(f"The body is nested too deeply; it should be {what}.") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise BadRequest(f"The body is not {what}: {error}.") from None


def _pair(position: int, item: dict[str, Raw]) -> tuple[str, str | None]:
    """Keys in any letter case; others than Name and Value (an old Type, for one) are no harm."""
    found: dict[str, Raw] = {}
    for key, value in item.items():
        folded = key.lower()
        if folded in ("name", "value"):
            if folded in found:
                raise BadRequest(f"Property {position} of the list has {folded} twice.")
            found[folded] = value
    name = _scalar(found.get("name"), f"The name of property {position} of the list")
    if not name:
        raise BadRequest(
            f"Property {position} of the list has no name.", code="Operation_PropertyNameCannotBeEmpty"
        )
    return name, _scalar(found.get("value"), f"The value of {shown(name)}")


def _scalar(raw: Raw | None, what: str) -> str | None:
    """A string as it is, a number or Boolean as it is written, null as None."""
    if raw is None:
        return None
    written = bytes(raw)
    if written[:1] == b'"':
        text = _SCALAR.decode(written)
        found = UNWRITABLE.search(text)
        if found is not None:
            raise BadRequest(f"{what} holds U+{ord(found[0]):04X} at character {found.start() + 1}.")
        return text
    if written == b"null":
        return None
    if written[:1] in (b"{", b"["):
        raise BadRequest(f"{what} is not a text but {'an object' if written[:1] == b'{' else 'a list'}.")
    return written.decode().title() if written[:1] in b"tf" else written.decode()


def changes(registry: Registry, pairs: Pairs) -> dict[Property, object]:
    """Typed values by property.

    Raises BadProperty: unknown name, bad value, two different values for one property.
    """
    found: dict[Property, object] = {}
    for name, text in pairs:
        property = registry.find(name)
        value = text_forms.read(property, text) if property.moments else text
        if property in found and found[property] != value:
            raise BadProperty(
                f"The list has two different values for the property {property.name}.",
                name=property.name,
                code="Operation_PropertyNameAlreadyExists",
                parameters=(property.name,),
            )
        found[property] = value
    return found


def texts(pairs: Pairs) -> dict[str, str | None]:
    """Values by name, for variables and custom properties.

    Names as they are. Raises BadRequest for a contradiction.
    """
    found: dict[str, str | None] = {}
    for name, text in pairs:
        if name in found and found[name] != text:
            raise BadRequest(
                f"The list has two different values for {shown(name)}.",
                code="Operation_PropertyNameAlreadyExists",
                parameters=(name[:80],),
            )
        found[name] = text
    return found


def columns(registry: Registry, text: str) -> tuple[Property, ...]:
    """The properties named in a comma-separated list, in its order, each once.

    Raises BadProperty for unknown ones.
    """
    return tuple(
        dict.fromkeys(registry.find_readable(name) for part in text.split(",") if (name := part.strip()))
    )


# ---- writing


def spell_json(name: str, text: str) -> str:
    """`{"Name":"State","Value":"Running"}`."""
    return f'{{"Name":{encode_basestring(name)},"Value":{encode_basestring(text)}}}'


class Renderer:
    """Writes the same properties of many things. See the module."""

    __slots__ = ("_full", "_others", "_public")

    def __init__(self, properties: Iterable[Property], spell: Spell) -> None:
        columns = [(property, _column(property, spell)) for property in properties]
        self._full = tuple(column for _, column in columns)
        self._others = _blanked(columns, spell, lambda property: property.owner_only)
        self._public = _blanked(columns, spell, lambda property: property.private)

    def spelled(self, subject: object, *, full: bool = True, own: bool = True) -> list[str]:
        """Every property of a subject, spelled.

        Not `full`: private ones read as empty; not `own`: so do owner-only ones.
        """
        columns = (self._full if own else self._others) if full else self._public
        out = []
        for read, known, write in columns:
            value = read(subject)
            out.append(known.get(value) or write(value))
        return out


_Column = tuple[Callable[[Any], Any], Mapping[Any, str], Callable[[Any], str]]
"""How to read a value, the whole spelling of common values, how to spell any other."""


def _column(property: Property, spell: Spell) -> _Column:
    name = property.name
    writer = text_forms.writer(property)
    known = {None: spell(name, "")}
    for value in _common(property):
        known[value] = spell(name, writer(value))
    if property.kind in (Kind.INT32, Kind.INT64, Kind.TIME, Kind.BOOL, Kind.ENUM):
        # Their texts need no escaping in any spelling: put them between the two halves of a spelled mark.
        before, _, after = spell(name, "\ue000").partition("\ue000")
        return property.read, known, lambda value: f"{before}{writer(value)}{after}"
    return property.read, known, lambda value: spell(name, writer(value))


def _common(property: Property) -> Iterable[Any]:
    """Values worth having ready: the default, and all there are if they are few."""
    if property.kind is Kind.BOOL:
        return (False, True)
    if property.kind is Kind.ENUM and property.enum is not None:
        return tuple(property.enum(number) for number in NAMES[property.enum])
    return () if property.default is None else (property.default,)


def _blanked(
    columns: list[tuple[Property, _Column]], spell: Spell, hidden: Callable[[Property], bool]
) -> tuple[_Column, ...]:
    """The columns, with the hidden ones always empty."""
    return tuple(
        (_nothing, {None: spell(property.name, "")}, str) if hidden(property) else column
        for property, column in columns
    )


def _nothing(subject: object) -> None:
    return None
