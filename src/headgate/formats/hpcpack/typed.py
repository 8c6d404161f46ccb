"""Typed objects, in JSON and XML (spec hpcpack-2016, section 6). Pure.

A type is a Struct whose fields have their published names (`rename="pascal"`). JSON is that of msgspec. For
XML no form is published; ours is that of the DataContract serializer, as far as it goes without prefixes: the
element is named like the type, fields are elements in alphabetical order, null is `i:nil`, a list has an
element for each item (of its type's name, `string` for text), a table one `KeyValueOfstringdouble` with `Key`
and `Value` for each entry, and all are in one default namespace.
"""

import typing
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from headgate.core.errors import BadRequest
from headgate.core.properties.checks import shown
from headgate.formats.hpcpack_xml import COMMON, INSTANCE, SMALL
from headgate.formats.property_lists import decode, json_text
from headgate.scripts.safe_xml import Element, escape, local_name, tree

T = TypeVar("T", bound=Struct)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST: Final = -62_135_596_800_000_000
_LATEST: Final = 253_402_300_799_999_999
"""The years 1 to 9999 in UTC microseconds, all that a date can be."""
_OBJECT = msgspec.json.Decoder(dict[str, Any] | None)


def moment(at: int) -> datetime:
    """UTC microseconds as the date that is written (ISO 8601, with `Z`)."""
    return _EPOCH + timedelta(microseconds=min(max(at, _EARLIEST), _LATEST))


# ---- writing


def write_json(value: Struct) -> bytes:
    """One object."""
    return msgspec.json.encode(value)


def write_json_list(values: Iterable[Struct], kind: type[Struct]) -> bytes:
    """A list of objects of one type."""
    return msgspec.json.encode(list(values))


def write_xml(value: Struct) -> bytes:
    """One object."""
    name = type(value).__name__
    return _root(name, _content(value))


def write_xml_list(values: Iterable[Struct], kind: type[Struct]) -> bytes:
    """A list of objects of one type, `ArrayOfNode` for one."""
    return _root(f"ArrayOf{kind.__name__}", _content(values))


def _root(name: str, inside: str) -> bytes:
    return f'<{name} xmlns="{COMMON}" xmlns:i="{INSTANCE}">{inside}</{name}>'.encode("utf-8", "replace")


def _element(name: str, value: Any) -> str:
    if value is None:
        return f'<{name} i:nil="true"/>'
    return f"<{name}>{_content(value)}</{name}>"


def _content(value: Any) -> str:
    """What stands within the element of a value."""
    if isinstance(value, Struct):
        named = sorted((field.encode_name, getattr(value, field.name)) for field in fields(value))
        return "".join(_element(name, inner) for name, inner in named)
    if isinstance(value, Mapping):
        return "".join(
            f"<KeyValueOfstringdouble><Key>{escape(key)}</Key><Value>{_content(inner)}</Value>"
            "</KeyValueOfstringdouble>"
            for key, inner in value.items()
        )
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, bool | int | float | datetime):
        return str(msgspec.json.encode(value), "ascii").strip('"')
    return "".join(
        _element("string" if isinstance(item, str) else type(item).__name__, item) for item in value
    )


# ---- reading


def read_json(body: bytes, kind: type[T]) -> T:
    """An object, its keys in any letter case; no body is one without any. Raises BadRequest."""
    text = json_text(body)
    found: dict[str, Any] | None = decode(_OBJECT, text, "an object") if text else None
    return _made(kind, (found or {}).items())


def read_xml(body: bytes, kind: type[T]) -> T:
    """An object, whatever its element and prefixes are called. Raises BadRequest."""
    if not body.strip():
        return _made(kind, ())
    return _made(kind, [(local_name(child), _value(child)) for child in tree(body, SMALL)])


def _value(element: Element) -> str | list[str] | None:
    if element.get(f"{{{INSTANCE}}}nil", "").strip().lower() in ("true", "1"):
        return None
    if len(element):
        return [(child.text or "").strip() for child in element]
    return (element.text or "").strip()


def _made(kind: type[T], given: Iterable[tuple[str, Any]]) -> T:
    """The object of these fields. What the type does not know is ignored."""
    known = {field.encode_name.lower(): field for field in fields(kind)}
    found: dict[str, Any] = {}
    for name, value in given:
        field = known.get(name.lower())
        if field is None:
            continue
        if field.encode_name in found:
            raise BadRequest(f"The body has {field.encode_name} twice ({shown(name)}).")
        # An empty element is an empty list where one belongs.
        empty = value == "" and typing.get_origin(field.type) is tuple
        found[field.encode_name] = () if empty else value
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"The body is not {_expected(kind)}: {error}.") from None


def _expected(kind: type[Struct]) -> str:
    return "an object with " + ", ".join(field.encode_name for field in fields(kind))
