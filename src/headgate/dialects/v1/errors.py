"""How /v1 says no: a total table from our errors to a status, and the body of RFC 9457."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from headgate.core.errors import (
    BadProperty,
    BadRequest,
    HeadgateError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    NotSupported,
    QueueDenied,
    QueueRefused,
    Refusal,
    TooLarge,
    Unavailable,
    WrongState,
    nearest,
)
from headgate.dialects.v1.wire import Problem

MEDIA_TYPE: Final = "application/problem+json"

# The nearest class counts, so that a new kind of refusal is answered like its parent.
STATUSES: Final[Mapping[type[HeadgateError], int]] = MappingProxyType(
    {
        NotAuthenticated: 401,
        NotPermitted: 403,
        NotFound: 404,
        TooLarge: 413,
        BadRequest: 400,
        QueueDenied: 403,
        QueueRefused: 400,
        WrongState: 409,
        NotSupported: 501,
        Refusal: 400,
        Unavailable: 503,
        HeadgateError: 500,
    }
)
TITLES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "Bad request",
        401: "Authentication required",
        403: "Not permitted",
        404: "Not found",
        405: "Method not allowed",
        408: "Request timeout",
        409: "Not possible in this state",
        413: "Too large",
        500: "Server fault",
        501: "Not supported",
        503: "Not available now",
    }
)


def status_of(error: HeadgateError) -> int:
    """The status for an error."""
    return nearest(error, STATUSES)


def refusal_body(status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]:
    """Media type and body of a refusal (`http.faces.RefusalBody`)."""
    queue = error if isinstance(error, QueueRefused) else None
    problem = Problem(
        title=TITLES.get(status, "Error"),
        status=status,
        detail=error.text,
        code=error.code,
        field=error.name if isinstance(error, BadProperty | QueueRefused) else "",
        request_id=request_id,
        reason=queue.reason.value if queue else "",
        asked=queue.asked if queue else "",
        allowed=queue.allowed if queue else "",
        excluded=queue.excluded if queue else "",
    )
    return MEDIA_TYPE, msgspec.json.encode(problem)


def headers_of(error: HeadgateError) -> dict[str, str]:
    """What a refusal says in headers: the challenge, and when to come back."""
    if isinstance(error, NotAuthenticated):
        headers = {"WWW-Authenticate": 'Bearer realm="Headgate", Basic realm="Headgate", charset="UTF-8"'}
        if error.retry_after_s is not None:
            headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
        return headers
    if isinstance(error, Unavailable):
        return {"Retry-After": "1"}
    return {}
