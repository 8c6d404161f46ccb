"""Refusals of both HPC Pack faces: which status, which headers. Bodies are the faces' own. Pure.

Spec hpcpack-2016, section 2.3. The table over our errors is total.
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
    nearest,
)
from headgate.formats.routing import MethodNotAllowed

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
CHALLENGE: Final = (b"www-authenticate", b'Basic realm="Headgate", charset="UTF-8"')


class UnsupportedMedia(Refusal):
    """The body is in a format we don't read (415)."""

    code = "Operation_FeatureUnimplemented"


_OWN: Final[Mapping[type[HeadgateError], int]] = MappingProxyType(
    {MethodNotAllowed: 405, UnsupportedMedia: 415}
)


def status_of(error: HeadgateError) -> int:
    """The status for an error.

    Somebody to act as who does not exist is a bad header, not a missing page (1.2).
    """
    if isinstance(error, NotFound) and error.kind == "user":
        return 400
    table = _OWN if type(error) in _OWN else STATUSES
    return nearest(error, table)


def refusal_headers(error: HeadgateError) -> list[tuple[bytes, bytes]]:
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
