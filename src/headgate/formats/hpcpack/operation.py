"""What one operation is, as routers and descriptions see it."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeVar

from msgspec import Struct

from headgate.formats.hpcpack.exchange import Answer, Call


class Shape(Enum):
    """What a body is."""

    NOTHING = "nothing"
    TEXT = "text"
    ID = "id"
    NAMES = "names"
    PROPERTIES = "properties"
    ROWS = "rows"
    MESSAGE = "message"
    JOB_XML = "job xml"


class Operation(Struct, frozen=True):
    """One operation. `takes` is the shape of the body, always optional; `query` names the parameters."""

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Answer]]
    answers: Shape = Shape.NOTHING
    takes: Shape = Shape.NOTHING
    query: tuple[str, ...] = ()


Op = TypeVar("Op", bound=Operation)
