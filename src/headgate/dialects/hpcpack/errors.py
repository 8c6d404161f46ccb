"""How this face says no: a total table from our errors to a status, and the body.

Spec hpcpack-2016, sections 2.3 and 2.4. Clients show what follows the first `Exception:` up to the end of the
line, and search the raw text: so one line, and nothing of ours before it holds that word.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from headgate.core.errors import (
    BadRequest,
    HeadgateError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    NotSupported,
    Refusal,
    TooLarge,
    Unavailable,
    WrongState,
)
from headgate.dialects.hpcpack.render import JSON, Spelling

# The nearest class counts, so that a new kind of refusal is answered like its parent. Wrong states are 400 as
# the contract suggests (2.3). What is not supported is the client's to know, so never a 5xx: clients repeat
# those.
STATUSES: Final[Mapping[type[HeadgateError], int]] = MappingProxyType(
    {
        NotAuthenticated: 401,
        NotPermitted: 403,
        NotFound: 404,
        TooLarge: 413,
        BadRequest: 400,
        WrongState: 400,
        NotSupported: 400,
        Refusal: 400,
        Unavailable: 503,
        HeadgateError: 500,
    }
)
TITLES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "Bad request.",
        401: "Not authenticated.",
        403: "Not permitted.",
        404: "Not found.",
        405: "Method not allowed.",
        406: "Not acceptable.",
        408: "Request timeout.",
        413: "Too large.",
        415: "Unsupported media type.",
        500: "Server fault.",
        503: "Not available now.",
    }
)
CHALLENGE: Final = (b"www-authenticate", b'Basic realm="Headgate", charset="UTF-8"')


class MethodNotAllowed(Refusal):
    """The path is known, the method is not one of its own (405). `allowed` are those it has."""

    def __init__(self, text: str, allowed: tuple[str, ...]) -> None:
        super().__init__(text)
        self.allowed = allowed


class NotAcceptable(Refusal):
    """None of the formats the client accepts is one we write (406)."""

    code = "Operation_FeatureUnimplemented"


class UnsupportedMedia(Refusal):
    """The body is in a format we don't read (415)."""

    code = "Operation_FeatureUnimplemented"


_OWN: Final[Mapping[type[HeadgateError], int]] = MappingProxyType(
    {MethodNotAllowed: 405, NotAcceptable: 406, UnsupportedMedia: 415}
)


def status_of(error: HeadgateError) -> int:
    """The status for an error.

    Somebody to act as who does not exist is a bad header, not a missing page (1.2).
    """
    if isinstance(error, NotFound) and error.kind == "user":
        return 400
    table = _OWN if type(error) in _OWN else STATUSES
    return next(table[kind] for kind in type(error).__mro__ if kind in table)


def message_of(status: int, error: HeadgateError) -> str:
    """What the client reads."""
    return f"{TITLES.get(status, 'Error.')} Exception: {' '.join(error.text.split())}"


def headers_of(error: HeadgateError) -> list[tuple[bytes, bytes]]:
    """What a refusal says in headers: the challenge (1.1), the methods there are, when to come back."""
    match error:
        case NotAuthenticated():
            headers = [CHALLENGE]
            if error.retry_after_s is not None:
                headers.append((b"retry-after", b"%d" % max(1, round(error.retry_after_s))))
            return headers
        case MethodNotAllowed():
            return [(b"allow", ", ".join(error.allowed).encode())]
        case Unavailable():
            return [(b"retry-after", b"1")]
    return []


def refusal_body(status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]:
    """Media type and body of a refusal made outside this face (`http.faces.RefusalBody`)."""
    return JSON.media_type, error_body(JSON, status, error)


def error_body(spelling: Spelling, status: int, error: HeadgateError) -> bytes:
    """The body of a refusal."""
    return spelling.error(message_of(status, error))
