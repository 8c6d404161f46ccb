"""What one operation is, as routers and descriptions see it."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TypeVar

from msgspec import Struct

from headgate.formats.hpcpack.exchange import Call
from headgate.formats.serving import Answer


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


class Typed(Struct, frozen=True):
    """A body that is an object of a type (`typed.py`), or a list of such."""

    kind: type[Struct]
    many: bool = False


class Operation(Struct, frozen=True):
    """One operation.

    `takes` is the shape of the body, optional but for typed ones; `query` names the parameters, `required`
    those of them that must be given. status: of success, where it is not the usual one.
    """

    method: str
    path: str
    handler: Callable[[Call], Awaitable[Answer]]
    answers: Shape | Typed = Shape.NOTHING
    takes: Shape | Typed = Shape.NOTHING
    query: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    status: str = ""


Op = TypeVar("Op", bound=Operation)
