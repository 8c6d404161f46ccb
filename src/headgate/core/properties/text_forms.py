"""The text of a property's value, out and in (spec hpcpack-model, section 1).

Property lists and job XML share it. Out: `writer(property)` is the function that writes its values. In:
`read(property, text)` gives the typed value or raises BadProperty naming property and text; what the value
means, and its limits, is for the checks of the changes.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from headgate.core.codes import message
from headgate.core.errors import BadProperty
from headgate.core.model import Share
from headgate.core.properties import dates
from headgate.core.properties.checks import bad, shown
from headgate.core.properties.kinds import MEMBERS, NAMES, JobPriority, Kind
from headgate.core.properties.registry import Property

# Int32.Parse: blanks around it, a sign, ASCII digits. Blanks there are these six characters.
_INTEGER = re.compile(r"[\t-\r ]*([+-]?)0*([0-9]{1,19})[\t-\r ]*", re.ASCII)


# ---- out


def _write_flag(value: Any) -> str:
    return "True" if value else "False"


def _write_task_id(value: tuple[int, int, int]) -> str:
    job, task, instance = value
    return f"{job}.{task}.{instance}" if instance >= 1 else f"{job}.{task}"


def _write_core_ids(shares: Iterable[Share]) -> str:
    return " ".join(" ".join((share.node, *map(str, share.cores))) for share in shares)


def _write_ids(ids: Iterable[int]) -> str:
    return ",".join(map(str, ids))


_WRITERS: dict[Kind, Callable[[Any], str]] = {
    Kind.STRING: str,
    Kind.INT32: str,
    Kind.INT64: str,
    Kind.BOOL: _write_flag,
    Kind.TIME: dates.write,
    Kind.STRINGS: ",".join,
    Kind.IDS: _write_ids,
    Kind.TASK_ID: _write_task_id,
    Kind.CORE_IDS: _write_core_ids,
    Kind.ORDER_BY: str,
    Kind.EXIT_CODES: str,
    Kind.GUID: str.lower,
}


def writer(property: Property) -> Callable[[Any], str]:
    """The function that writes a value of this property. None ("not set") is the empty text: see `write`."""
    if property.enum is not None:
        names = NAMES[property.enum]
        if property.kind is Kind.FLAGS:
            return lambda value: ", ".join(name for flag, name in names.items() if flag & value)
        return names.__getitem__
    return _WRITERS[property.kind]


def write(property: Property, value: object) -> str:
    """The text of one value."""
    return "" if value is None else writer(property)(value)


# ---- in


def read(property: Property, text: str | None) -> object:
    """The typed value of a text.

    None for None and where an empty text means "not set". Raises BadProperty.
    """
    return None if text is None else _READERS[property.kind](property, text)


def read_integer(text: str) -> int | None:
    """What Int32.Parse and Int64.Parse take, but for the range; None when it is no such text."""
    found = _INTEGER.fullmatch(text)
    return None if found is None else int(found[1] + found[2])


def _read_text(property: Property, text: str) -> str:
    return text


def _read_int32(property: Property, text: str) -> int | None:
    return _read_int(property, text, 31)


def _read_int64(property: Property, text: str) -> int | None:
    return _read_int(property, text, 63)


def _read_int(property: Property, text: str, bits: int) -> int | None:
    if not text and property.default is None:
        return None  # RuntimeSeconds and Progress read empty when they are not set
    number = read_integer(text)
    if number is None or not -(1 << bits) <= number < 1 << bits:
        code = "Operation_ArgumentOutOfRange"
        if property.name == "ExpandedPriority":
            code = "Operation_ExpandedPriorityMustBeInteger"
        raise bad(
            property, f"The value {shown(text)} of {property.name} is not a {bits + 1}-bit integer.", code
        )
    return number


def _read_flag(property: Property, text: str) -> bool | None:
    """Only the first character counts; an empty text is "not set"."""
    return text[0] in "1tT" if text else None


def _read_member(property: Property, text: str) -> object:
    """A member's name in any letter case, or its number.

    An empty text is "not set" for what can be that, and reads so: NodeGroupOp.
    """
    if not text and property.default is None:
        return None
    kind: Any = property.enum
    number = MEMBERS[kind].get(text.strip().lower())
    if number is None:
        number = read_integer(text)
    if number is None or number not in NAMES[kind]:
        if kind is JobPriority:
            code = "Operation_PriorityNotValid"
            raise bad(property, f"The value {shown(text)} is not valid. {message(code)}", code)
        names = ", ".join(f"{name} ({value})" for value, name in NAMES[kind].items())
        raise bad(property, f"The value {shown(text)} of {property.name} is none of {names}.")
    return kind(number)


def _read_time(property: Property, text: str) -> int | None:
    if not text.strip():
        return None
    at = dates.read(text)
    if at is None:
        raise bad(
            property,
            f"The value {shown(text)} of {property.name} is not a date: write it as {dates.PATTERN}, in UTC.",
        )
    return at


def _read_items(property: Property, text: str) -> tuple[str, ...]:
    return tuple(item for part in text.split(",") if (item := part.strip()))


def _read_ids(property: Property, text: str) -> tuple[int, ...]:
    ids = []
    for item in _read_items(property, text):
        number = read_integer(item)
        if number is None or not -(1 << 31) <= number < 1 << 31:
            code = "Operation_InvalidParentJobIds"
            raise bad(property, f"{shown(item)} in {property.name} is not the id of a job.", code, text[:200])
        ids.append(number)
    return tuple(ids)


def _not_read(property: Property, text: str) -> BadProperty:
    """Kinds that are only ever written; `check_settable` has refused them before."""
    code = "Operation_PropertyIsReadOnly"
    raise bad(property, message(code, (property.name,)), code)


_READERS: dict[Kind, Callable[[Property, str], object]] = {
    Kind.STRING: _read_text,
    Kind.INT32: _read_int32,
    Kind.INT64: _read_int64,
    Kind.BOOL: _read_flag,
    Kind.ENUM: _read_member,
    Kind.FLAGS: _not_read,
    Kind.TIME: _read_time,
    Kind.STRINGS: _read_items,
    Kind.IDS: _read_ids,
    Kind.TASK_ID: _not_read,
    Kind.CORE_IDS: _not_read,
    Kind.ORDER_BY: _read_text,
    Kind.EXIT_CODES: _read_text,
    Kind.GUID: _not_read,
}
