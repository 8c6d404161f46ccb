"""What one operation is, as the face and the description see it; one request and its answer."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct

from headgate.dialects.nifcloud.errors import JSON, Names
from headgate.dialects.nifcloud.parse import Members
from headgate.formats.serving import Answer
from headgate.ports.identity import Caller


class Call(Struct, frozen=True, kw_only=True):
    """A request that has been let in. number: in its path; 0: there is none. given: of its body."""

    caller: Caller
    number: int = 0
    given: dict[str, Any] = {}


Handler = Callable[[Call], Awaitable[Answer]]


class Operation(Struct, frozen=True, kw_only=True):
    """One operation. path: `{…}` stands for a number. names: what our errors are here. members: of its body;
    None: it has none. status, answer: of a success, and the schema of its body, None where there is none.
    """

    method: str
    path: str
    handler: Handler
    names: Names
    members: Members | None = None
    status: int = 200
    answer: dict[str, Any] | None = None


def ok(body: object, *, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    """Success."""
    return Answer(status, msgspec.json.encode(body), headers, media_type=JSON)
