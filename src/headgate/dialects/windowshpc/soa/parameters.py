"""Paths and queries of sessions (spec windowshpc, section 7). Pure.

Each answers a value, or raises BadRequest or NotFound.
"""

from headgate.core.errors import BadRequest, NotFound
from headgate.core.model import INT_MAX
from headgate.core.properties.checks import UNWRITABLE, shown
from headgate.core.soa import NAME_LIMIT
from headgate.formats.hpcpack import queries
from headgate.formats.hpcpack.queries import Query


def session_id(text: str) -> int:
    """The id of a session in a path."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else 0
    if not 1 <= number <= INT_MAX:
        raise NotFound(f"There is no session {shown(text)}.", kind="session", code="InvalidSessionId")
    return number


def batch_name(text: str) -> str:
    """The name of a batch in a path, the client id."""
    if not text.strip() or len(text) > NAME_LIMIT or UNWRITABLE.search(text):
        raise BadRequest(
            f"A batch has a name of 1 to {NAME_LIMIT} characters, not {shown(text)}.",
            code="Broker_InvalidClientIdOrTooLong",
        )
    return text


def durable(query: Query) -> bool:
    """Whether the session is durable: it must be said."""
    if not query.get("durable", "").strip():
        raise BadRequest("The parameter durable is missing: true or false.", code="ArgumentError")
    return truth(query, "durable", False)


def truth(query: Query, name: str, default: bool) -> bool:
    """A Boolean parameter."""
    try:
        return queries.truth(query, name, default)
    except BadRequest as error:
        raise BadRequest(error.text, code="ArgumentError") from None


def count(query: Query) -> int:
    """How many answers are wanted; -1 for all."""
    try:
        number = queries.integer(query, "count")
    except BadRequest as error:
        raise BadRequest(error.text, code="ArgumentError") from None
    if number is not None and number < 1 and number != -1:
        raise BadRequest(f"count is 1 or more, or -1 for all, not {number}.", code="ArgumentError")
    return -1 if number is None else number
