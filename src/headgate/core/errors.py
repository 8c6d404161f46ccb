"""Everything that can be refused, as one tree. The docstring of each class is its message.

    HeadgateError
    ├── Refusal                the caller's fault: repeating it unchanged will not help
    │   ├── NotAuthenticated   who are you?
    │   ├── NotPermitted       you may not
    │   ├── NotFound           no such job, task, node, …
    │   ├── BadRequest         malformed, unknown, out of range
    │   │   └── BadProperty    about one named property
    │   ├── QueueRefused       a queue does not take the job: `reason` says why
    │   │   └── QueueDenied    its owner may not use it
    │   └── WrongState         not in this state
    │       ├── EnteredElsewhere   a job that is only shown here
    │       └── Taken          the name or number is in use
    └── Unavailable            not the caller's fault: repeating it later may help

Every error carries the name of an HPC Pack code (spec hpcpack-model, section 14), because that is the fullest
published vocabulary of refusals; dialects render it or use their own total table over the classes.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class HeadgateError(Exception):
    """The root.

    `text` is for people; `code` is the name of the code; `parameters` fill its message template.
    """

    code = "UnknownError"

    def __init__(self, text: str, *, code: str | None = None, parameters: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.text = text
        self.parameters = parameters
        if code is not None:
            self.code = code


class Refusal(HeadgateError):
    """The caller asked for something that can't be done."""

    code = "Operation_InvalidOperation"


class NotAuthenticated(Refusal):
    """The caller did not prove who it is."""

    code = "Operation_AuthenticationFailure"

    def __init__(self, text: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s
        """Seconds until another attempt is looked at, when attempts are being throttled."""


class NotPermitted(Refusal):
    """The caller is known but may not do this."""

    code = "Operation_PermissionDenied"


class NotFound(Refusal):
    """The thing named does not exist. `kind` is job, task, instance, node, group, template, user…"""

    code = "Operation_InvalidOperation"

    def __init__(
        self, text: str, *, kind: str, code: str | None = None, parameters: tuple[str, ...] = ()
    ) -> None:
        super().__init__(text, code=code, parameters=parameters)
        self.kind = kind


class BadRequest(Refusal):
    """Malformed, unknown or out of range."""

    code = "Operation_ArgumentOutOfRange"


class BadProperty(BadRequest):
    """A property that does not exist, may not be set, or got a value it can't have."""

    def __init__(
        self, text: str, *, name: str, code: str | None = None, parameters: tuple[str, ...] = ()
    ) -> None:
        super().__init__(text, code=code, parameters=parameters)
        self.name = name


class TooLarge(BadRequest):
    """The request is larger than the server takes."""


class QueueReason(Enum):
    """Why a queue does not take a job (in the order in which it is looked at)."""

    UNKNOWN_QUEUE = "unknown_queue"
    NOT_ENABLED = "not_enabled"
    ACL = "acl"
    KIND = "kind"
    """A kind of job that can't be in a queue."""
    RESTRICTED = "restricted"
    TYPE = "type"
    LIMIT = "limit"
    FULL = "full"
    """The user has as many jobs waiting there as are allowed."""


class QueueRefused(Refusal):
    """A queue does not take the job.

    `queue`: its name, as asked for where there is none. `name`: of the limit, resource or type; `asked` and
    `allowed`: values as people write them; `excluded`: those that are not allowed, whatever else is. Each is
    empty where it means nothing.
    """

    code = "Operation_InvalidOperation"

    def __init__(
        self,
        text: str,
        *,
        reason: QueueReason,
        queue: str,
        name: str = "",
        asked: str = "",
        allowed: str = "",
        excluded: str = "",
    ) -> None:
        super().__init__(text)
        self.reason = reason
        self.queue = queue
        self.name = name
        self.asked = asked
        self.allowed = allowed
        self.excluded = excluded


class QueueDenied(QueueRefused):
    """The owner of the job may not use the queue."""


class WrongState(Refusal):
    """Not possible in the state the job, task or node is in."""

    code = "Operation_TryToModifyInvalidStateJob"


class EnteredElsewhere(WrongState):
    """The job was entered with the commands of its engine, and is only shown here."""


class Taken(WrongState):
    """The name or number is in use. `kind` is user, group, uid or gid."""

    def __init__(self, text: str, *, kind: str) -> None:
        super().__init__(text)
        self.kind = kind


class NotSupported(Refusal):
    """A clear no: this system or this engine does not have it (yet)."""

    code = "Operation_FeatureUnimplemented"


class Unavailable(HeadgateError):
    """Something on the server's side is not working now; the request was not carried out."""

    code = "Operation_ServerIsBusy"


class StoreUnavailable(Unavailable):
    """The store could not take the change (disk full, read-only, damaged). Nothing was changed."""

    code = "Operation_DatabaseException"


class EngineUnavailable(Unavailable):
    """The engine did not answer. Could not look is not failed."""


class StartupRefused(HeadgateError):
    """The server will not start like this; the text says what to do."""


def nearest(error: HeadgateError, table: Mapping[type[HeadgateError], T]) -> T:
    """What a table has for the class of an error, or for the nearest one above it: a new kind of error is
    answered like its parent. Raises StopIteration where the table does not have the root.
    """
    return next(table[kind] for kind in type(error).__mro__ if kind in table)
