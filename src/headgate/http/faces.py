"""What a dialect hands over: an ASGI application for its path, and how it says no.

The gate refuses some requests before the dialect sees them (too large, too slow, from a foreign site) and
answers for faults nobody foresaw. It does so in the face's own error shape, so that clients understand it.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from headgate.core.errors import HeadgateError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class RefusalBody(Protocol):
    """Renders a refusal in a face's shape: its media type and its bytes."""

    def __call__(self, status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]: ...


class Problem(Struct, omit_defaults=True):
    """RFC 9457, with the name of the code and the request's id as members of our own."""

    title: str
    status: int
    detail: str
    code: str
    request_id: str = ""
    type: str = "about:blank"


TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    408: "Request Timeout",
    413: "Content Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def problem_body(status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]:
    """The shape where no face is concerned."""
    title = TITLES.get(status, "Error")
    return "application/problem+json", msgspec.json.encode(
        Problem(title=title, status=status, detail=error.text, code=error.code, request_id=request_id)
    )


def nothing() -> None:
    """There is nothing to do."""


def never(scope: Scope) -> bool:
    """No request is one of those."""
    return False


class Face(Struct, frozen=True):
    """A dialect at its path (`/hpc`: one step, matched whatever its letter case).

    also: other paths of the same kind. statuses: what it answers in place of a status of the gate's, where
    its interface has none such. load: requests in progress, and refusals because there were as many as the
    face takes; None: it has no limit of its own. websockets: whether it takes any. drain: called when the
    server is about to stop; requests that wait for something to happen have to be answered then. streams:
    whether the body of a request is taken piece by piece, however long it is; the gate then bounds the time
    between two pieces and not the whole.
    """

    name: str
    path: str
    app: Application
    refusal: RefusalBody = problem_body
    also: tuple[str, ...] = ()
    statuses: Mapping[int, int] = {}
    load: Callable[[], tuple[int, int]] | None = None
    websockets: bool = False
    drain: Callable[[], None] = nothing
    streams: Callable[[Scope], bool] = never
