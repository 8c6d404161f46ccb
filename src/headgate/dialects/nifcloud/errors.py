"""How this face says no: the catalogue of spec nifcloud, section 3, and total tables from our errors to it.
Pure.

Texts are protocol constants, the two spellings of `Operation failed.` included: which one depends on the
operation. Why something failed goes to the log; the contract has no place for it on the wire.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec import Struct

from headgate.core.errors import (
    BadRequest,
    HeadgateError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Refusal,
    TooLarge,
    Unavailable,
    WrongState,
    nearest,
)
from headgate.formats.routing import MethodNotAllowed
from headgate.ports.signatures import NotProved, Unproved

JSON: Final = "application/json"


class Outcome(Struct, frozen=True):
    """An answer of the catalogue."""

    status: int
    code: str
    message: str


_GENERAL: Final = "GeneralError"
OUTCOMES: Final[Mapping[str, Outcome]] = MappingProxyType(
    {
        "FAILED": Outcome(400, _GENERAL, "Operation failed."),
        "FAILED_ON_ONE": Outcome(400, _GENERAL, "Operation Failed."),
        "CONTENT_TYPE": Outcome(400, _GENERAL, "Invalid Content-Type."),
        "BODY": Outcome(400, _GENERAL, "Invalid Request Body."),
        "AUTHENTICATION": Outcome(401, "Client.AuthFailurePermission", "Authentication API abended."),
        "NO_ACCESS_KEY": Outcome(401, "Client.AuthFailureRequired.AccessKey", "No access key was provided."),
        "NO_SIGNATURE": Outcome(401, "Client.AuthFailureRequired.Signature", "No signature was provided."),
        "EXPIRED": Outcome(401, "Client.AuthFailureExpired", "The signature for this request is expired."),
        "NOT_ENTITLED": Outcome(
            403,
            "Client.AuthFailurePermission.MultiAccount",
            "You don't have enough rights to operate this API.",
        ),
        "NO_SUCH_URL": Outcome(404, "Client.URLNotFound", "A specified URL is not found."),
        "NOT_PERMITTED": Outcome(404, _GENERAL, "Operation not permitted."),
        "METHOD": Outcome(
            405, "Client.InvalidParameterNotAllowed.Method", "A specified HTTP method is not allowed."
        ),
        "INTERNAL": Outcome(
            500,
            "Server.InternalServerError",
            "An internal error has occurred. Please try your query again at a later time.",
        ),
        "UNAVAILABLE": Outcome(
            503,
            "Server.ServiceUnavailable",
            "This service is temporarily unavailable. Please try again later.",
        ),
        "MAINTENANCE": Outcome(503, "Server.Maintenance", "The system is in maintenance now."),
    }
)


class Failure(Refusal):
    """An answer of the catalogue by its name. reason: for the log."""

    def __init__(self, name: str, reason: str = "") -> None:
        super().__init__(reason or OUTCOMES[name].message, code=name)


class Fault(Struct, frozen=True):
    """What is wrong with a member of a body (section 3, 422 body)."""

    loc: tuple[str, ...]
    msg: str
    type: str


class Invalid(Refusal):
    """A JSON object whose members are not what they have to be (422)."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{'.'.join(fault.loc)}: {fault.msg}" for fault in faults))
        self.faults = tuple(faults)


Names = Mapping[type[HeadgateError], str]
# The nearest class counts, so that a new kind of refusal is answered like its parent.
BEFORE: Final[Names] = MappingProxyType(
    {
        NotAuthenticated: "AUTHENTICATION",
        NotPermitted: "NOT_ENTITLED",
        NotFound: "NO_SUCH_URL",
        MethodNotAllowed: "METHOD",
        TooLarge: "BODY",
        BadRequest: "BODY",
        Refusal: "BODY",
        Unavailable: "UNAVAILABLE",
        HeadgateError: "INTERNAL",
    }
)
"""Before an operation has begun, and in what is refused outside this face."""
COLLECTION: Final[Names] = MappingProxyType(
    {Refusal: "FAILED", Unavailable: "UNAVAILABLE", HeadgateError: "INTERNAL"}
)
"""GET and POST /jobs, POST /files/sync: whatever the caller did wrong is one answer."""
SINGLE: Final[Names] = MappingProxyType(
    {
        NotFound: "NOT_PERMITTED",
        NotPermitted: "NOT_PERMITTED",
        WrongState: "NOT_PERMITTED",
        Refusal: "FAILED_ON_ONE",
        Unavailable: "UNAVAILABLE",
        HeadgateError: "INTERNAL",
    }
)
"""One job or one sync: what is not the caller's is as if it were not there."""
_UNPROVED: Final[Mapping[Unproved, str]] = MappingProxyType(
    {
        Unproved.NO_ACCESS_KEY: "NO_ACCESS_KEY",
        Unproved.NO_SIGNATURE: "NO_SIGNATURE",
        Unproved.EXPIRED: "EXPIRED",
        Unproved.REFUSED: "AUTHENTICATION",
    }
)
_BY_STATUS: Final[Mapping[int, str]] = MappingProxyType(
    {403: "NOT_ENTITLED", 404: "NO_SUCH_URL", 405: "METHOD", 408: "BODY", 413: "BODY", 503: "UNAVAILABLE"}
)
"""What the gate refuses, whatever kind of error it has for it."""
STATUSES: Final[Mapping[int, int]] = MappingProxyType({408: 400, 413: 400})
"""Statuses of the gate that this surface does not have, and what it has instead."""


def name_of(error: HeadgateError, names: Names = BEFORE) -> str:
    """The answer that an error is, in the place that the table is for."""
    if isinstance(error, Failure):
        return error.code
    if isinstance(error, NotProved):
        return _UNPROVED[error.lack]
    return nearest(error, names)


def answer_of(error: HeadgateError, names: Names = BEFORE) -> tuple[int, bytes]:
    """Status and body of a refusal."""
    if isinstance(error, Invalid):
        return 422, msgspec.json.encode({"detail": error.faults})
    outcome = OUTCOMES[name_of(error, names)]
    return outcome.status, _body(outcome)


def headers_of(error: HeadgateError) -> tuple[tuple[bytes, bytes], ...]:
    """What a refusal says in headers."""
    match error:
        case MethodNotAllowed():
            return ((b"allow", ", ".join(error.allowed).encode()),)
        case Unavailable():
            return ((b"retry-after", b"1"),)
    return ()


def refusal_body(status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]:
    """Media type and body of a refusal made outside this face (`http.faces.RefusalBody`). The request's id is
    in its header alone: the schema has two members.
    """
    return JSON, _body(OUTCOMES[_BY_STATUS.get(status, name_of(error))])


def _body(outcome: Outcome) -> bytes:
    return msgspec.json.encode({"code": outcome.code, "message": outcome.message})
