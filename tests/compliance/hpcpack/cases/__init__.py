"""Recorded exchanges, composed from the contract: what is sent and what is answered, in no format yet.

Each module here has a list CASES and adds to the one table (`every`); a new part of the interface is a new
module. How values are written in JSON and XML is said here a second time, from spec hpcpack-2016, section 2,
and not by the code that is judged. All cases begin in the world that `World.furnish` makes.
"""

import importlib
import json
import pkgutil
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

from msgspec import Struct

COMMON = "http://schemas.microsoft.com/HPCS2008R2/common"
SERIALIZATION = "http://schemas.microsoft.com/2003/10/Serialization/"
SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"
JSON, XML = "application/json", "application/xml"

Set = Mapping[str, str]
"""A property set by name, in order."""


class Names(Struct, frozen=True):
    """A list of names."""

    names: Sequence[str]


class Rows(Struct, frozen=True):
    """A list of objects."""

    rows: Sequence[Set]


class Typed(Struct, frozen=True):
    """A value of the operations of 2019, which have JSON alone (section 6)."""

    value: object


Value = None | int | str | Set | Names | Rows | Typed
"""No body, an id, a text, and so on."""


class Case(Struct, frozen=True, kw_only=True):
    """One exchange.

    about: where it is from. before: what an administrator sends (POST) to come there. judged: False where
    the body of the answer is looked at elsewhere.
    """

    about: str
    method: str
    target: str
    sent: Value = None
    status: int = 200
    answer: Value = None
    before: tuple[tuple[str, Value], ...] = ()
    judged: bool = True
    user: str = "ann"
    formats: tuple[str, ...] = (JSON, XML)

    @property
    def name(self) -> str:
        return f"{self.method} {self.target} {'' if self.sent is None else len(written(self.sent, JSON))}"


def every() -> list[Case]:
    """The cases of all modules here."""
    modules = (
        importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)
    )
    return [case for module in modules for case in module.CASES]


def written(value: Value, media: str) -> bytes:
    """A value as a body of this type."""
    return b"" if value is None else (_json(value) if media == JSON else _xml(value)).encode()


def _json(value: Value) -> str:
    """Section 2.1."""
    match value:
        case Names(names):
            plain: object = list(names)
        case Rows(rows):
            plain = [{"Properties": _pairs(row)} for row in rows]
        case Typed(typed):
            plain = typed
        case Mapping():
            plain = _pairs(value)
        case _:
            plain = value
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False)


def _pairs(properties: Set) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in properties.items()]


def _xml(value: Value) -> str:
    """Section 2.2: default namespaces, no prefixes."""
    match value:
        case int():
            return f'<int xmlns="{SERIALIZATION}">{value}</int>'
        case str():
            return f'<string xmlns="{SERIALIZATION}">{escape(value)}</string>'
        case Names(names):
            items = "".join(f"<string>{escape(name)}</string>" for name in names)
            return f'<ArrayOfstring xmlns="{SERIALIZATION}Arrays" xmlns:i="{SCHEMA}">{items}</ArrayOfstring>'
        case Rows(rows):
            objects = "".join(f"<Object><Properties>{_elements(row)}</Properties></Object>" for row in rows)
            return f'<ArrayOfObject xmlns="{COMMON}" xmlns:i="{SCHEMA}">{objects}</ArrayOfObject>'
        case Mapping():
            return (
                f'<ArrayOfProperty xmlns="{COMMON}" xmlns:i="{SCHEMA}">{_elements(value)}</ArrayOfProperty>'
            )
    raise AssertionError(f"{value!r} has no XML")


def _elements(properties: Set) -> str:
    return "".join(
        f"<Property><Name>{escape(name)}</Name>{_value(text)}</Property>" for name, text in properties.items()
    )


def _value(text: str) -> str:
    return f"<Value>{escape(text)}</Value>" if text else "<Value/>"
