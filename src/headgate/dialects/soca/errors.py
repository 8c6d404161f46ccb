"""How this face says no: the registry of its outcomes, and a total table from our errors to them. Pure.

Spec soca, section 3, with the outcomes of single operations (4 to 6) beside them. Clients know the status and
the message; the name, which SOCA kept to itself, travels as `code`. Statuses of 2xx that are failures are
SOCA's (`success` is false there); the strict set of statuses replaces them where the settings ask for it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Struct

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

JSON: Final = "application/json"


class Outcome(Struct, frozen=True):
    """A failure as clients know it. text: `{}` stands for a detail. strict: the status that says what it
    is.
    """

    status: int
    text: str
    strict: int = 0


_RETRIEVE: Final = "Unable to retrieve Job ID (job may have terminated and is no longer in the queue)"

OUTCOMES: Final[Mapping[str, Outcome]] = MappingProxyType(
    {
        # who is asking (2.3), what is asked for
        "NOT_AUTHORIZED": Outcome(401, "Not authorized"),
        "API_DISABLED": Outcome(401, "This API has been disabled by your Administrator"),
        "INVALID_CREDENTIALS": Outcome(401, "Invalid user credentials"),
        "X_SOCA_USER_MISSING": Outcome(
            500, "Unable to retrieve request owner. X-SOCA-USER must be set", strict=400
        ),
        "CLIENT_MISSING_PARAMETER": Outcome(400, "Client input malformed. {}"),
        "CLIENT_INVALID_PARAMETER": Outcome(400, "Received Invalid Client value: {}"),
        "CLIENT_OWN_RESOURCE": Outcome(400, "You cannot delete your own user/group"),
        "CLIENT_NOT_OWNER": Outcome(400, "You are not the owner of this resource", strict=403),
        "INVALID_EMAIL_ADDRESS": Outcome(400, "The email address does not seems to be correct"),
        # jobs (4.1, 4.2, 4.4, 4.5)
        "JOB_NOT_RETRIEVABLE": Outcome(210, _RETRIEVE, strict=404),
        "JOB_NOT_DELETABLE": Outcome(500, "Unable to retrieve this job. Job may have terminated", strict=404),
        "QDEL_ERROR": Outcome(500, "Unable to execute qdel command: {}", strict=409),
        "QSUB_DIRECTIVE": Outcome(400, "Unable to submit the job. {}"),
        "QSUB_ERROR": Outcome(500, "Unable to submit the job. {}", strict=400),
        # of those, what a queue says (8.3), by core.errors.QueueReason
        "UNKNOWN_QUEUE": Outcome(500, "Unable to submit the job. {}", strict=400),
        **{
            f"QUEUE_{reason}": Outcome(500, "Unable to submit the job. {}", strict=400)
            for reason in ("NOT_ENABLED", "ACL", "KIND", "RESTRICTED", "TYPE", "LIMIT", "FULL")
        },
        "QSUB_IMPOSSIBLE": Outcome(500, "Unable to run Qsub command.", strict=403),
        # queues (4.7): 200 with success false where SOCA has it so
        "QUEUE_NAME_MISSING": Outcome(400, "name (str) is required parameter"),
        "QUEUE_TYPE_INVALID": Outcome(400, "Invalid queue type, must be alwayson or ondemand"),
        "QUEUE_EXISTS": Outcome(200, "Queue already exist. Delete it first", strict=409),
        "QUEUE_UNKNOWN": Outcome(200, "Queue does not exist. Create it first", strict=404),
        "QUEUE_IN_USE": Outcome(200, "Unable to delete queue: {}", strict=409),
        # users, groups, rights, keys (5)
        "UNKNOWN_USER": Outcome(203, "Unknown user", strict=404),
        "UNKNOWN_MEMBER": Outcome(211, "Unable to create LDAP group: {}", strict=404),
        "GROUP_USER_UNKNOWN": Outcome(212, "User do not exist.", strict=404),
        "LDAP_ALREADY_EXISTS": Outcome(220, "Entry already up-to-date", strict=409),
        "LDAP_NO_SUCH_OBJECT": Outcome(221, "Entry does not exist. Create it first", strict=404),
        "LDAP_NO_SUCH_ATTRIBUTE": Outcome(222, "Attribute does not exist", strict=404),
        "NO_SUDO": Outcome(222, "User does not have SUDO permissions.", strict=404),
        "LDAP_TYPE_OR_VALUE_EXISTS": Outcome(223, "Entry already configured correctly", strict=409),
        "UID_ALREADY_IN_USE": Outcome(224, "This UID is already in use", strict=409),
        "GID_ALREADY_IN_USE": Outcome(225, "This GID is already in use", strict=409),
        "GROUP_DO_NOT_EXIST": Outcome(226, "This LDAP group does not exist", strict=404),
        "NO_ACTIVE_TOKEN": Outcome(227, "Could not find any active token for this user", strict=404),
        "DS_PASSWORD_COMPLEXITY_ERROR": Outcome(234, "The password is too weak: {}", strict=400),
        "DS_PASSWORD_USERNAME_IN_PW": Outcome(236, "The password contains the user name", strict=400),
        "DS_PASSWORD_USERNAME_IS_ADMIN": Outcome(237, "The user name admin is reserved", strict=400),
        "COULD_NOT_CREATE_GROUP": Outcome(500, "Unable to create LDAP group. {}", strict=409),
        # files (6.1)
        "FILE_ERROR": Outcome(500, "Unable to use this file: {}", strict=400),
        "UNICODE_ERROR": Outcome(500, "Unicode error. {}", strict=400),
        # everything
        "UNKNOWN_PATH": Outcome(404, "{}"),
        "METHOD_NOT_ALLOWED": Outcome(405, "{}"),
        "TOO_LARGE": Outcome(413, "{}"),
        "TIMEOUT": Outcome(408, "{}"),
        "UNSUPPORTED_MEDIA": Outcome(415, "{}"),
        "FOREIGN_ORIGIN": Outcome(403, "{}"),
        "UNAVAILABLE": Outcome(503, "{}"),
        "UNKNOWN_ERROR": Outcome(500, "Unknown error caused by: {}"),
    }
)


class Failure(Refusal):
    """An outcome of this face, by its name in OUTCOMES.

    body: what the message is where it is an object (4.1). more: members beside it. retry_after_s: seconds
    until another attempt is looked at, where those are being slowed down.
    """

    def __init__(
        self,
        name: str,
        detail: str = "",
        *,
        body: Mapping[str, Any] | None = None,
        more: Mapping[str, Any] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(OUTCOMES[name].text.format(detail), code=name)
        self.body = body
        self.more = more or {}
        self.retry_after_s = retry_after_s


def missing(name: str, kind: str = "str") -> Failure:
    """A parameter that has to be there is not, in SOCA's words (4.2, 4.4)."""
    return Failure("CLIENT_MISSING_PARAMETER", f"{name} ({kind}) parameter is required")


def invalid(text: str) -> Failure:
    """A parameter that can't be what it is."""
    return Failure("CLIENT_INVALID_PARAMETER", text)


# The nearest class counts, so that a new kind of refusal is answered like its parent. A refusal of the
# service is the client's to know, so it is none of the 500 that SOCA makes of everything (10.6).
NAMES: Final[Mapping[type[HeadgateError], str]] = MappingProxyType(
    {
        NotAuthenticated: "NOT_AUTHORIZED",
        NotPermitted: "NOT_AUTHORIZED",
        NotFound: "CLIENT_INVALID_PARAMETER",
        TooLarge: "TOO_LARGE",
        BadRequest: "CLIENT_INVALID_PARAMETER",
        WrongState: "CLIENT_INVALID_PARAMETER",
        NotSupported: "API_DISABLED",
        MethodNotAllowed: "METHOD_NOT_ALLOWED",
        Refusal: "CLIENT_INVALID_PARAMETER",
        Unavailable: "UNAVAILABLE",
        HeadgateError: "UNKNOWN_ERROR",
    }
)
_KINDS: Final = {"job": "JOB_NOT_RETRIEVABLE", "user": "UNKNOWN_USER", "path": "UNKNOWN_PATH"}
_BY_STATUS: Final = {outcome.status: name for name, outcome in OUTCOMES.items() if outcome.text == "{}"}
"""What the gate refuses, whatever kind of error it has for it."""


def name_of(error: HeadgateError) -> str:
    """The outcome that an error is."""
    if isinstance(error, Failure):
        return error.code
    if isinstance(error, NotFound) and error.kind in _KINDS:
        return _KINDS[error.kind]
    return nearest(error, NAMES)


def status_of(error: HeadgateError, *, strict: bool = False) -> int:
    """The status for an error."""
    outcome = OUTCOMES[name_of(error)]
    return outcome.strict if strict and outcome.strict else outcome.status


def headers_of(error: HeadgateError) -> list[tuple[bytes, bytes]]:
    """What a refusal says in headers. There is no challenge: this face has headers of its own (2.1)."""
    match error:
        case NotAuthenticated() | Failure() if error.retry_after_s is not None:
            return [(b"retry-after", b"%d" % max(1, round(error.retry_after_s)))]
        case MethodNotAllowed():
            return [(b"allow", ", ".join(error.allowed).encode())]
        case Unavailable():
            return [(b"retry-after", b"1")]
    return []


def error_body(error: HeadgateError, request_id: str) -> bytes:
    """The body of a refusal."""
    return _body(name_of(error), error, request_id)


def refusal_body(status: int, error: HeadgateError, request_id: str) -> tuple[str, bytes]:
    """Media type and body of a refusal made outside this face (`http.faces.RefusalBody`)."""
    return JSON, _body(_BY_STATUS.get(status, name_of(error)), error, request_id)


def _body(name: str, error: HeadgateError, request_id: str) -> bytes:
    message: Any = OUTCOMES[name].text.format(error.text)
    more: Mapping[str, Any] = {}
    if isinstance(error, Failure):
        message = error.text if error.body is None else error.body
        more = error.more
    elif isinstance(error, NotSupported):
        more = {"reason": error.text}
    return msgspec.json.encode(
        {"success": False, "message": message, "code": name, **more, "request_id": request_id}
    )
