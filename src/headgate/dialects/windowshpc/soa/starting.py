"""What a session is asked to be, from XML or JSON (spec windowshpc, section 7.1). Pure.

One table says which fields there are, of which kind, and what becomes of each. Fields nobody knows are not
looked at, as readers of data contracts do; what is known and can't be done is refused.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from headgate.core.errors import BadRequest, NotPermitted, NotSupported
from headgate.core.model import INT_MAX
from headgate.core.properties.checks import UNWRITABLE, shown
from headgate.core.properties.text_forms import read_integer
from headgate.core.soa import SessionStart
from headgate.ports.identity import Caller
from headgate.scripts.safe_xml import Element, Limits, local_name, tree
from headgate.service.rights import check_run_as

ROOT: Final = "WebSessionStartInfo"
SMALL: Final = Limits(depth=10, elements=10_000, attributes=50)
PRIORITIES: Final = {0: 0, 1: 1000, 2: 2000, 3: 3000, 4: 4000}
"""JobPriority to expanded priority (hpcpack-model)."""
_NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_VERSION: Final = re.compile(r"\d{1,9}\.\d{1,9}(\.\d{1,9}(\.\d{1,9})?)?", re.ASCII)

Fields = Mapping[str, Any]
"""What was said, by name: texts, integers, truths, None for nil; see `_KINDS`."""


# ---- the two forms to fields


def read_xml(body: bytes) -> Fields:
    """The fields of a document. Raises BadRequest."""
    root = tree(body, SMALL)
    if local_name(root) != ROOT:
        raise _wrong(f"the body is <{local_name(root)[:80]}>; it should be <{ROOT}>")
    found: dict[str, Any] = {}
    for child in root:
        name = local_name(child)
        if name in found:
            raise _wrong(f"{name[:80]} is given twice")
        found[name] = None if _is_nil(child) else _xml_value(name, child)
    return found


def _xml_value(name: str, element: Element) -> Any:
    if name == "Environments":
        return [{local_name(part): part.text or "" for part in item} for item in element]
    if name == "ServiceVersion" and len(element):
        return {local_name(part): part.text or "" for part in element}
    if len(element):
        raise _wrong(f"{name[:80]} holds elements where a text should be")
    return element.text or ""


def _is_nil(element: Element) -> bool:
    return element.get(_NIL, "").strip().lower() in ("true", "1")


def read_json(body: bytes) -> Fields:
    """The fields of an object. Raises BadRequest."""
    try:
        found = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong(f"the body is no JSON object: {error}") from None
    return found


# ---- kinds of fields


def _text(name: str, said: Any) -> str:
    if not isinstance(said, str):
        raise _wrong(f"{name} is a text, not {shown(str(said))}")
    found = UNWRITABLE.search(said)
    if found is not None:
        raise _wrong(f"{name} holds U+{ord(found[0]):04X}")
    return said


def _names(name: str, said: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for one in _text(name, said).split(",") if (part := one.strip())))


def _integer(name: str, said: Any) -> int:
    number = said if type(said) is int else read_integer(said) if isinstance(said, str) else None
    if number is None or not -INT_MAX - 1 <= number <= INT_MAX:
        raise _wrong(f"{name} is a 32-bit integer, not {shown(str(said))}")
    return number


def _positive(name: str, said: Any) -> int:
    number = _integer(name, said)
    if number < 1:
        raise _wrong(f"{name} is 1 or more, not {number}")
    return number


def _milliseconds(name: str, said: Any) -> int:
    """-1 stands for no limit, as everywhere in .NET."""
    number = _integer(name, said)
    if number < -1:
        raise _wrong(f"{name} is in milliseconds, -1 for no limit, not {number}")
    return INT_MAX if number == -1 else number


def _truth(name: str, said: Any) -> bool:
    if isinstance(said, bool):
        return said
    text = str(said).strip().lower()
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise _wrong(f"{name} is true or false, not {shown(str(said))}")


def _runtime(name: str, said: Any) -> int | None:
    number = _integer(name, said)
    if number != -1 and number < 1:
        raise _wrong(f"{name} is in seconds, -1 for no limit, not {number}")
    return None if number == -1 else number


def _unit(name: str, said: Any) -> int:
    number = _integer(name, said)
    if number not in (0, 1, 2):
        raise _wrong(f"{name} is 0 (core), 1 (socket) or 2 (node), not {number}")
    return number


def _priority(name: str, said: Any) -> int:
    number = _integer(name, said)
    if number not in PRIORITIES:
        raise _wrong(f"{name} is 0 to 4, not {number}")
    return PRIORITIES[number]


def _expanded(name: str, said: Any) -> int:
    number = _integer(name, said)
    if not 0 <= number <= PRIORITIES[4]:
        raise _wrong(f"{name} is 0 to 4000, not {number}")
    return number


def _environment(name: str, said: Any) -> tuple[tuple[str, str], ...]:
    """JSON: a list of pairs, or an object (both inferred)."""
    pairs: dict[str, str] = {}
    items = [{"Key": key, "Value": value} for key, value in said.items()] if isinstance(said, dict) else said
    if not isinstance(items, list):
        raise _wrong(f"{name} is a list of Key and Value")
    for item in items:
        if not isinstance(item, dict) or "Key" not in item:
            raise _wrong(f"each of the {name} has a Key and a Value")
        key, value = item["Key"], item.get("Value")
        pairs[_text(name, key)] = "" if value is None else _text(name, value)
    return tuple(pairs.items())


def _version(name: str, said: Any) -> str:
    """`1.0`, or an object with the fields of System.Version, in which -1 stands for absent (7.1)."""
    if isinstance(said, dict):
        parts = []
        for part in ("Major", "Minor", "Build", "Revision"):
            value = said.get(f"_{part}", said.get(part))
            number = -1 if value is None else _integer(f"{name}.{part}", value)
            if number < 0:
                break
            parts.append(str(number))
        said = ".".join(parts)
    text = _text(name, said).strip()
    if text and not _VERSION.fullmatch(text):
        raise _wrong(f"{name} is a version like 1.0, not {shown(text)}")
    return text


_KINDS: Final[dict[str, tuple[Callable[[str, Any], Any], str]]] = {
    # name: kind, field of SessionStart (none: looked at below, or only checked)
    "AdminJobForHostInDiag": (_truth, ""),
    "AllocationGrowLoadRatioThreshold": (_positive, "grow_threshold"),
    "AllocationShrinkLoadRatioThreshold": (_positive, "shrink_threshold"),
    "CanPreempt": (_truth, "can_preempt"),
    "ClientConnectionTimeout": (_milliseconds, ""),
    "ClientIdleTimeout": (_milliseconds, "client_idle_timeout"),
    "DiagnosticBrokerNode": (_text, ""),
    "Environments": (_environment, "environment"),
    "ExtendedPriority": (_expanded, ""),
    "JobTemplate": (_text, "template"),
    "MaxMessageSize": (_positive, "max_message_size"),
    "MaxUnits": (_positive, "max_units"),
    "MessagesThrottleStartThreshold": (_positive, "throttle_start"),
    "MessagesThrottleStopThreshold": (_positive, "throttle_stop"),
    "MinUnits": (_positive, "min_units"),
    "NodeGroupsStr": (_names, "node_groups"),
    "Password": (_text, ""),
    "Priority": (_priority, ""),
    "RequestedNodesStr": (_names, "requested_nodes"),
    "ResourceUnitType": (_unit, "unit_type"),
    "Runtime": (_runtime, "runtime_s"),
    "ServiceJobName": (_text, "job_name"),
    "ServiceJobProject": (_text, "project"),
    "ServiceName": (_text, "service"),
    "ServiceOperationTimeout": (_milliseconds, "operation_timeout"),
    "ServiceVersion": (_version, "version"),
    "SessionIdleTimeout": (_milliseconds, "session_idle_timeout"),
    "ShareSession": (_truth, "shared"),
    "UseSessionPool": (_truth, ""),
    "Username": (_text, ""),
}
_REQUIRED: Final = ("MaxMessageSize", "Password", "Runtime", "ServiceName", "Username")
_ONLY_DEFAULT: Final = ("AdminJobForHostInDiag", "DiagnosticBrokerNode", "UseSessionPool")


# ---- fields to a value


def session_start(fields: Fields, caller: Caller, *, durable: bool, largest: int = INT_MAX) -> SessionStart:
    """The session that is asked for.

    The password is thrown away: the caller has signed in. Messages of more than `largest` bytes are not
    granted, whatever is asked: a published client asks for 2147483647. Raises BadRequest, NotSupported, and
    NotPermitted where Username is somebody else (section 7.1: AuthenticationFailure).
    """
    for name in _REQUIRED:
        if name not in fields:
            raise _wrong(f"{name} is missing")
    said = {
        name: kind(name, fields[name]) for name, (kind, _) in _KINDS.items() if fields.get(name) is not None
    }
    if not said.get("ServiceName", "").strip():
        raise _wrong("ServiceName is empty")
    for name in _ONLY_DEFAULT:
        if said.get(name):
            raise NotSupported(f"{name} is not supported.", code="Broker_UnsupportedOperation")
    _check_user(caller, said.get("Username", ""))
    if "Priority" in said and "ExtendedPriority" in said:
        raise _wrong("Priority and ExtendedPriority contradict each other: give one")
    found = {field: said[name] for name, (_, field) in _KINDS.items() if field and name in said}
    if "min_units" in found and "max_units" in found and found["min_units"] > found["max_units"]:
        raise _wrong(f"MinUnits {found['min_units']} is greater than MaxUnits {found['max_units']}")
    found["max_message_size"] = min(found.get("max_message_size", 65536), largest)
    return SessionStart(**found, durable=durable, priority=said.get("ExtendedPriority", said.get("Priority")))


def _check_user(caller: Caller, name: str) -> None:
    try:
        check_run_as(caller.name, name)
    except NotPermitted:
        raise NotPermitted(
            f"Username {name} is not the caller ({caller.name}): sessions run as who starts them.",
            code="AuthenticationFailure",
        ) from None


def _wrong(what: str) -> BadRequest:
    return BadRequest(f"The session can't be started: {what}.", code="ArgumentError")
