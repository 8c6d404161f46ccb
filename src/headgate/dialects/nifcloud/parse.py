"""What a request says: its path, its type of content, its JSON. Pure. Spec nifcloud, 1 to 3 and 6."""

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec import Struct

from headgate.core.model import INT_MAX
from headgate.core.syncs import Direction
from headgate.dialects.nifcloud.errors import Failure, Fault, Invalid

_NUMBER: Final = re.compile(rb"[0-9]{1,10}")


def number(step: bytes) -> int | None:
    """A job's or a request's number in a path; None where it is none (section 2).

    Plain digits up to 2147483647, the range of PJM; more leading zeros than that has digits are no number.
    """
    found = int(step) if _NUMBER.fullmatch(step) else INT_MAX + 1
    return found if found <= INT_MAX else None


def is_at(target: bytes, host: str) -> bool:
    """Whether a request target that is a whole address names the host that the header names, too: else a
    proxy and we would not mean the same (spec sigv4, 9.17).
    """
    authority = target.partition(b"://")[2].partition(b"/")[0].partition(b"?")[0]
    return bool(authority) and authority.lower() == host.lower().encode("latin-1")


_BLANK: Final = " \t"


def check_content_type(content_type: str, content_encoding: str) -> None:
    """Raises Failure unless the body is JSON in UTF-8, as it is (section 1).

    content_encoding: of all such headers, with commas between them.
    """
    media, *parameters = content_type.split(";")
    fine = media.strip(_BLANK).lower() == "application/json"
    charsets = []
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip(_BLANK).lower() == "charset":
            charsets.append(value.strip(_BLANK).lower())
    fine = fine and all(charset in ("utf-8", '"utf-8"') for charset in charsets)
    plain = all(one.strip(_BLANK).lower() in ("", "identity") for one in content_encoding.split(","))
    if not (fine and plain):
        raise Failure("CONTENT_TYPE", f"{content_type[:80]!r}, {content_encoding[:80]!r}")


class _Members(list[tuple[str, Any]]):
    """The members of an object as they stand there."""


def members(body: bytes) -> dict[str, Any]:
    """The members of the JSON object that a body is (section 3); objects in it are lists of pairs.

    Raises Failure for anything else, and for a name that is there twice: two readers may take two values.
    """
    try:
        found = json.loads(body.decode(), object_pairs_hook=_Members, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Failure("BODY", f"not JSON: {str(error)[:200]}") from None
    if not isinstance(found, _Members):
        raise Failure("BODY", "not a JSON object")
    by_name = dict(found)
    if len(by_name) < len(found):
        raise Failure("BODY", "a member is there twice")
    return by_name


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")  # Python takes NaN and Infinity


# ---- members


def _text(value: object) -> bool:
    return isinstance(value, str)


def _truth(value: object) -> bool:
    return isinstance(value, bool)


def _direction(value: object) -> bool:
    return isinstance(value, str) and value in frozenset(Direction)


class Member(Struct, frozen=True):
    """A member of a body. fits: whether a value is one for it; wrong, type: what is said if not. schema: of
    the value, for the description.
    """

    fits: Callable[[object], bool]
    wrong: str
    type: str
    schema: Mapping[str, Any]
    required: bool = False


def _string(schema: Mapping[str, Any], *, required: bool = False) -> Member:
    return Member(_text, "str type expected", "type_error.str", {"type": "string", **schema}, required)


Members = Mapping[str, Member]
SUBMIT: Final[Members] = MappingProxyType(
    {"jobfile": _string({"examples": ["scripts/job1.sh"]}, required=True), "qopt": _string({})}
)
"""POST /jobs (5.1)."""
_PERMITTED: Final = ", ".join(repr(one.value) for one in Direction)
SYNC: Final[Members] = MappingProxyType(
    {
        "path": _string({"examples": ["path/to/directory"]}, required=True),
        "direction": Member(
            _direction,
            f"value is not a valid enumeration member; permitted: {_PERMITTED}",
            "type_error.enum",
            {"type": "string", "enum": [one.value for one in Direction], "default": Direction.FROM_ONLINE},
        ),
        "delete": Member(
            _truth,
            "value is not a valid boolean",
            "value_error.strictbool",
            {"type": "boolean", "default": False},
        ),
    }
)
"""POST /files/sync (6.1)."""


def checked(body: bytes, wanted: Members) -> dict[str, Any]:
    """The wanted members of a body that are there; null is as if it were not. Others are ignored.

    Raises Failure, Invalid.
    """
    given = {name: value for name, value in members(body).items() if value is not None}
    faults = []
    for name, member in wanted.items():
        if name not in given:
            if member.required:
                faults.append(Fault(("body", name), "field required", "value_error.missing"))
        elif not member.fits(given[name]):
            faults.append(Fault(("body", name), member.wrong, member.type))
    if faults:
        raise Invalid(faults)
    return {name: given[name] for name in wanted if name in given}
