"""How this face says no: two bodies (spec windowshpc, section 1.5) and the number of a fault. Pure.

Statuses are those of `headgate.formats.hpcpack.refusals`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from headgate.core import codes
from headgate.core.errors import HeadgateError, NotFound
from headgate.dialects.windowshpc import fault_numbers
from headgate.formats import hpcpack_xml
from headgate.formats.hpcpack.refusals import UnsupportedMedia
from headgate.formats.routing import MethodNotAllowed

# Codes that are not sent by their own number: requeue in a wrong state is documented as a fault of the web
# service (section 4); those of sessions have numbers of their own (7.9).
NUMBERS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "Operation_OnlyFailedCancelledJobsCanBeConfigured": codes.WEB_SERVICE_FAULT,
        "Operation_OnlyFailedCancelledTasksCanBeConfigured": codes.WEB_SERVICE_FAULT,
        **fault_numbers.NUMBERS,
    }
)
_BRACES: Final = str.maketrans("{}", "()")


def number_of(error: HeadgateError) -> int:
    """The fault code: signed, as it travels (section 14 of the model)."""
    if isinstance(error, MethodNotAllowed | UnsupportedMedia):
        return codes.WEB_SERVICE_FAULT
    if isinstance(error, NotFound) and error.kind in ("path", "cluster"):
        return codes.WEB_SERVICE_FAULT
    return NUMBERS.get(error.code, codes.number(error.code))


def message_of(error: HeadgateError) -> str:
    """What the client reads, on one line.

    Without braces: clients format the message with its values, and a stray one breaks that.
    """
    return " ".join(error.text.split()).translate(_BRACES)


def error_body(error: HeadgateError, *, fault: bool) -> bytes:
    """The body of a refusal: a fault, or the text alone that older clients expect."""
    if fault:
        return hpcpack_xml.write_fault(number_of(error), message_of(error))
    return hpcpack_xml.write_text(message_of(error))


def refusal_body(status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]:
    """Media type and body of a refusal made outside this face (`http.faces.RefusalBody`)."""
    return hpcpack_xml.MEDIA_TYPE, error_body(error, fault=True)
