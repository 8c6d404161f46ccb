"""Checks of one value at a time: characters, lengths, ranges, and the formats of single properties.

Each answers the canonical value or raises BadProperty naming the property. Rules that need two properties
are in `job_changes.py` and `task_changes.py`. Spec hpcpack-model, sections 1.1, 2.4, 3, 4 and 8.
"""

import re
from typing import Any

from headgate.core import exit_codes
from headgate.core.codes import message
from headgate.core.errors import BadProperty, BadRequest
from headgate.core.model import INT_MAX
from headgate.core.properties.kinds import Kind
from headgate.core.properties.registry import Property

LONGEST_TEXT = 4096
"""Where the spec names no limit: longer than any path or name that could work."""
LONGEST_COMMAND = 65536
"""The documented 480 characters were lifted in later versions; this bounds a row of the store."""
LONGEST_ITEM = 256
MOST_ITEMS = 10_000

UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no face could give back: XML 1.0 has no way to write these, UTF-8 none for lone surrogates."""
_LICENSE = re.compile(r"\s*([^:,\s][^:,]*?)\s*:\s*0*([1-9][0-9]{0,9})\s*", re.ASCII)
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+")


def bad(
    property: Property, text: str, code: str = "Operation_ArgumentOutOfRange", *parameters: str
) -> BadProperty:
    """An error about this property; its name is the parameter where the code takes one and none is given."""
    return BadProperty(text, name=property.name, code=code, parameters=parameters or (property.name,))


def shown(value: str) -> str:
    """A value for a message: quoted, and cut where it is long."""
    return repr(value if len(value) <= 60 else value[:60] + "…")


def checked(property: Property, value: Any) -> Any:
    """The value as it is kept. None becomes the default."""
    if value is None:
        return property.default
    if property.kind is Kind.STRING:
        check_text(property, value, property.longest or LONGEST_TEXT)
    elif property.kind in (Kind.INT32, Kind.INT64):
        check_range(property, value)
    elif property.kind is Kind.STRINGS:
        check_items(property, value)
    elif property.kind is Kind.EXIT_CODES:
        value = check_exit_codes(property, value)
    elif property.kind is Kind.ORDER_BY:
        value = check_order(property, value)
    return value if property.check is None else property.check(property, value)


def check_text(property: Property, text: str, longest: int) -> None:
    """No character that a face could not give back, and not too long."""
    if len(text) > longest:
        code = "Operation_PropertyValueTooLargeForDatabase"
        raise bad(property, message(code, (property.name, str(longest))), code, property.name, str(longest))
    found = UNWRITABLE.search(text)
    if found is not None:
        raise bad(
            property,
            f"The value of {property.name} holds U+{ord(found[0]):04X} at character {found.start() + 1}.",
        )


def check_items(property: Property, items: tuple[str, ...]) -> None:
    """Every item of a list; one can't hold a comma, which separates them on the wire."""
    if len(items) > MOST_ITEMS:
        raise bad(property, f"{property.name} has {len(items)} items, more than {MOST_ITEMS}.")
    for item in items:
        check_text(property, item, property.longest or LONGEST_ITEM)
        if "," in item or not item.strip():
            raise bad(property, f"{property.name} has an item {shown(item)} that is empty or holds a comma.")


def check_range(property: Property, number: int) -> None:
    """Between the bounds, for a property that has some."""
    if (property.low or property.high) and not property.low <= number <= property.high:
        raise bad(
            property,
            f"The value {number} of {property.name} is not between {property.low} and {property.high}.",
        )


def check_exit_codes(property: Property, text: str) -> str:
    """Section 8; canonical text."""
    check_text(property, text, LONGEST_TEXT)
    try:
        return exit_codes.canonical(text)
    except BadRequest as error:
        raise bad(property, f"{property.name}: {error.text}", error.code, *error.parameters) from error


def check_order(property: Property, text: str) -> str:
    """OrderBy: at most one each of Cores and Memory, `-` in front when ascending (section 1.1)."""
    items = []
    seen = set()
    for item in text.split(","):
        word = item.strip()
        if not word:
            continue
        name = {"cores": "Cores", "memory": "Memory"}.get(word.lstrip("-").lower())
        if name is None or word.startswith("--"):
            raise bad(
                property,
                f"{property.name} is made of Cores and Memory, each at most once, not {shown(word)}.",
            )
        if name in seen:
            raise bad(property, f"{property.name} names {name} twice.")
        seen.add(name)
        items.append("-" + name if word[0] == "-" else name)
    return ",".join(items)


def check_progress(property: Property, percent: int) -> int:
    """0..100."""
    if not 0 <= percent <= 100:
        code = "Operation_JobProgressOutOfRange"
        raise bad(property, message(code, (str(percent),)), code, str(percent))
    return percent


def check_expanded_priority(property: Property, number: int) -> int:
    """0..4000 (section 2.4)."""
    if not 0 <= number <= 4000:
        code = "Operation_ExpandedPriorityOutOfRange"
        raise bad(property, f"{property.name} {number} is not between 0 and 4000.", code, "0", "4000")
    return number


def check_runtime(property: Property, seconds: int) -> int | None:
    """Seconds; 0, which the object model shows for "none", means none."""
    if seconds < 0:
        raise bad(property, f"The value {seconds} of {property.name} is not between 0 and {INT_MAX}.")
    return seconds or None


def check_licenses(property: Property, items: tuple[str, ...]) -> tuple[str, ...]:
    """`feature:amount`, no feature twice."""
    kept = []
    seen = set()
    for item in items:
        found = _LICENSE.fullmatch(item)
        if found is None or int(found[2]) > INT_MAX:
            code = "Operation_WrongLicenseFormat"
            raise bad(property, f"{property.name}: {shown(item)}. {message(code)}", code)
        if found[1].lower() in seen:
            code = "Operation_DuplicateLicenseFeature"
            raise bad(property, message(code, (found[1],)), code, found[1])
        seen.add(found[1].lower())
        kept.append(f"{found[1]}:{found[2]}")
    return tuple(kept)


def check_email(property: Property, text: str) -> str:
    """One address or several, separated by `,` or `;`.

    No line break can get into a mail's header from here.
    """
    kept = text.strip()
    for address in re.split("[,;]", kept) if kept else ():
        if not _EMAIL.fullmatch(address.strip()) or "\r" in address or "\n" in address:
            code = "Operation_InvalidEmailAddress"
            raise bad(property, f"{property.name}: {message(code, (shown(address),))}", code, address[:80])
    return kept


def check_task_name(property: Property, name: str) -> str:
    """No comma: DependsOn is a comma-separated list of names."""
    if "," in name:
        code = "Operation_TaskNameContainInvalidChars"
        raise bad(property, f"The task name {shown(name)} holds a comma.", code, name)
    return name


def check_blob(property: Property, text: str) -> str:
    """At most 4000 bytes."""
    if len(text.encode()) > 4000:
        code = "Operation_PropertyValueTooLargeForDatabase"
        raise bad(
            property, f"The value of {property.name} is longer than 4000 bytes.", code, property.name, "4000"
        )
    return text
