"""What one operation is, as the router, the description and the page see it; one request and its answer."""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, Literal

import msgspec
from msgspec import Struct

from headgate.dialects.soca.errors import JSON, Failure
from headgate.dialects.soca.parse import NEVER_IN_A_QUERY, Fields
from headgate.formats.serving import Answer
from headgate.ports.identity import Caller


class Level(Enum):
    """Who passes (spec soca, 2.3)."""

    OPEN = "anybody"
    PRIVATE = "any user with their key, or the root key"
    ADMIN = "an administrator with their key, or the root key"
    RESTRICTED = "the root key"
    KEY = "the root key, or a user by X-SOCA-PASSWORD for themselves"


class Field(Struct, frozen=True):
    """A field of a request. `about` is for people."""

    name: str
    about: str
    required: bool = False
    kind: Literal["string", "integer", "boolean"] = "string"
    example: str = ""

    @property
    def secret(self) -> bool:
        """Whether it is never taken from a query."""
        return self.name in NEVER_IN_A_QUERY


class Call:
    """A request that has been let in. named: it says in whose name (X-SOCA-USER)."""

    __slots__ = ("address", "caller", "fields", "named")

    def __init__(self, caller: Caller, fields: Fields, *, named: bool = True, address: str = "") -> None:
        self.caller = caller
        self.fields = fields
        self.named = named
        self.address = address

    def owner(self) -> Caller:
        """The caller of what needs an owner, which the root key alone is not (2.2). Raises Failure."""
        if not self.named:
            raise Failure("X_SOCA_USER_MISSING")
        return self.caller


Handler = Callable[[Call], Awaitable[Answer]]


class Operation(Struct, frozen=True, kw_only=True):
    """One operation. message: the schema of `message` in a success. failures: names of outcomes."""

    method: str
    path: str
    handler: Handler
    level: Level
    fields: tuple[Field, ...] = ()
    message: Mapping[str, Any] | None = None
    failures: tuple[str, ...] = ()


def ok(message: object, more: Mapping[str, Any] | None = None) -> Answer:
    """Success (1). more: members beside the message."""
    body = {"success": True, "message": message, **(more or {})}
    return Answer(200, msgspec.json.encode(body), media_type=JSON)
