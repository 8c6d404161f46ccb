"""Bodies of requests and answers as values of Python, and back: what stands in the SOAP body, in the shape of
a DataContract service (spec windowshpc, section 7.8). Pure.

An operation `Echo(input: str) -> str` is asked with `<Echo xmlns="…"><input>text</input></Echo>` and answers
`<EchoResponse xmlns="…"><EchoResult>text</EchoResult></EchoResponse>`. Of values: text, numbers, truth as
`true`/`false`, times by RFC 3339, bytes in base64, an enumeration by its value; None is an element with
`i:nil="true"`; a struct is an element for each field, and so is a dict that is written; a list is an element
for each item, called as the item is (`int`, `string`, `double`, `boolean`, the name of the struct). Elements
are found by their local names and in any order; those that nobody asked for are passed over.
"""

import base64
import types as python_types
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final, Union, get_args, get_origin

import msgspec
from msgspec import Struct

from headgate.core.errors import BadRequest
from headgate.core.soa import GENERIC_ACTION, GENERIC_NAMESPACE
from headgate.scripts.safe_xml import Element, Limits, escape, escape_attribute, local_name, tree

INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
ENVELOPE: Final = "http://www.w3.org/2003/05/soap-envelope"
FAULT_ACTION: Final = "http://www.w3.org/2005/08/addressing/soap/fault"
TEMPURI: Final = "http://tempuri.org/"
_NIL: Final = f"{{{INSTANCE}}}nil"
_ITEMS: Final[Mapping[type, str]] = {
    str: "string",
    int: "int",
    float: "double",
    bool: "boolean",
    bytes: "base64Binary",
    datetime: "dateTime",
}
_ABSENT: Final = object()
LIMITS: Final = Limits(size=64 * 1024 * 1024, elements=10_000_000)


# ---- reading


def arguments(body: bytes, parameters: Mapping[str, Any], required: frozenset[str]) -> dict[str, Any]:
    """The arguments in a request's body, by name, as `parameters` types them. Raises BadRequest."""
    root = tree(body, LIMITS)
    found = _fields(root, parameters)
    missing = sorted(required - set(found))
    if missing:
        raise BadRequest(f"<{local_name(root)}> lacks <{missing[0]}>.")
    return found


def result(body: bytes, wanted: Any) -> Any:
    """The value in the body of an answer. Raises BadRequest."""
    root = tree(body, LIMITS)
    inside = [child for child in root if isinstance(child.tag, str)]
    return _value(inside[0], wanted) if inside else None


def check(body: bytes) -> None:
    """Raises BadRequest unless this can stand in a SOAP body: nothing, or one element."""
    if body.strip():
        tree(body, LIMITS)


def generic_text(body: bytes) -> str:
    """The text of a generic request. Raises BadRequest."""
    return str(arguments(body, {"args": str | None}, frozenset()).get("args") or "")


def _fields(parent: Element, wanted: Mapping[str, Any]) -> dict[str, Any]:
    found = {}
    for child in parent:
        if isinstance(child.tag, str) and (name := local_name(child)) in wanted:
            found[name] = _value(child, wanted[name])
    return found


def _value(element: Element, wanted: Any) -> Any:
    if element.get(_NIL) in ("true", "1"):
        if not _takes_none(wanted):
            raise BadRequest(f"<{local_name(element)}> may not be nil.")
        return None
    wanted = _plain(wanted)
    item = _item_type(wanted)
    if item is not None:
        values = [_value(child, item) for child in element if isinstance(child.tag, str)]
        return tuple(values) if get_origin(wanted) is tuple else values
    if isinstance(wanted, type) and issubclass(wanted, Struct):
        hints = _hints(wanted)
        try:
            return wanted(**_fields(element, hints))
        except (TypeError, ValueError) as error:
            raise BadRequest(f"<{local_name(element)}> is no {wanted.__name__}: {error}.") from None
    text = element.text or ""
    if wanted is Any or wanted is str:
        return text
    try:
        # Times, base64 and truth read from text as XML writes them.
        return msgspec.convert(text.strip(), wanted, strict=False)
    except msgspec.ValidationError as error:
        raise BadRequest(f"<{local_name(element)}>: {error}.") from None


def _hints(kind: type[Struct]) -> dict[str, Any]:
    return {field.name: field.type for field in msgspec.structs.fields(kind)}


def _plain(wanted: Any) -> Any:
    """The type without None."""
    if get_origin(wanted) in (Union, python_types.UnionType):
        others = [one for one in get_args(wanted) if one is not type(None)]
        return others[0] if len(others) == 1 else wanted
    return wanted


def _takes_none(wanted: Any) -> bool:
    union = get_origin(wanted) in (Union, python_types.UnionType)
    return wanted is Any or wanted is None or (union and type(None) in get_args(wanted))


def _item_type(wanted: Any) -> Any:
    """What a list is a list of; None for what is none."""
    if wanted in (list, tuple):
        return Any
    if get_origin(wanted) in (list, tuple):
        return get_args(wanted)[0]
    return None


# ---- writing


def element(name: str, namespace: str, children: Mapping[str, Any]) -> bytes:
    """An element with these values in it."""
    inside = "".join(_written(key, value) for key, value in children.items())
    nil = f' xmlns:i="{INSTANCE}"' if "i:nil=" in inside else ""
    return f'<{name} xmlns="{escape_attribute(namespace)}"{nil}>{inside}</{name}>'.encode()


def answer(operation: str, namespace: str, value: Any) -> bytes:
    """The body of an operation's answer."""
    children = {} if value is _ABSENT else {f"{operation}Result": value}
    return element(f"{operation}Response", namespace, children)


def nothing(operation: str, namespace: str) -> bytes:
    """The body of the answer of an operation that returns nothing."""
    return answer(operation, namespace, _ABSENT)


def fault(reason: str, code: str = "Receiver") -> bytes:
    """A SOAP 1.2 fault, for a body."""
    return (
        f'<s:Fault xmlns:s="{ENVELOPE}"><s:Code><s:Value>s:{code}</s:Value></s:Code><s:Reason>'
        f'<s:Text xml:lang="en">{escape(reason)}</s:Text></s:Reason></s:Fault>'
    ).encode()


def generic_answer(text: str) -> bytes:
    """The body of a generic answer."""
    return answer("GenericOperation", GENERIC_NAMESPACE, text)


def generic_request(text: str) -> bytes:
    """The body of a generic request."""
    return element("GenericOperation", GENERIC_NAMESPACE, {"args": text})


def _written(name: str, value: Any) -> str:
    if value is None:
        return f'<{name} i:nil="true"/>'
    if isinstance(value, Struct):
        inside = "".join(_written(field, getattr(value, field)) for field in value.__struct_fields__)
    elif isinstance(value, Mapping):
        inside = "".join(_written(_field_name(key), item) for key, item in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        inside = "".join(_written(_item_name(item), item) for item in value)
    else:
        inside = escape(_text(value))
    return f"<{name}>{inside}</{name}>"


def _field_name(key: Any) -> str:
    if not (isinstance(key, str) and key.isidentifier()):
        raise TypeError(f"the fields of a dict are called as those of a struct, not {key!r}")
    return key


def _item_name(item: Any) -> str:
    return _ITEMS.get(type(item), type(item).__name__) if item is not None else "string"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Enum):
        return str(value.value)
    return str(msgspec.to_builtins(value)) if not isinstance(value, str | int | float) else str(value)


# ---- actions


def operation_of(action: str) -> str:
    """The name of the operation that an action asks for: what stands behind its last slash."""
    return action.rpartition("/")[2]


def is_generic(action: str) -> bool:
    """Whether this asks for the generic operation."""
    return action == GENERIC_ACTION
