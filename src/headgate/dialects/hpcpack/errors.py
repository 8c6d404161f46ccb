"""How this face says no: the body of a refusal. Pure.

Spec hpcpack-2016, section 2.4. Clients show what follows the first `Exception:` up to the end of the line,
and search the raw text: so one line, and nothing of ours before it holds that word. Statuses are those of
`headgate.formats.hpcpack.refusals`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from headgate.core.errors import HeadgateError
from headgate.formats.hpcpack.spelling import JSON, Spelling

TITLES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "Bad request.",
        401: "Not authenticated.",
        403: "Not permitted.",
        404: "Not found.",
        405: "Method not allowed.",
        408: "Request timeout.",
        413: "Too large.",
        415: "Unsupported media type.",
        500: "Server fault.",
        503: "Not available now.",
    }
)


def message_of(status: int, error: HeadgateError) -> str:
    """What the client reads."""
    return f"{TITLES.get(status, 'Error.')} Exception: {' '.join(error.text.split())}"


def refusal_body(status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]:
    """Media type and body of a refusal made outside this face (`http.faces.RefusalBody`)."""
    return JSON.media_type, error_body(JSON, status, error)


def error_body(spelling: Spelling, status: int, error: HeadgateError) -> bytes:
    """The body of a refusal."""
    return spelling.error(message_of(status, error))
