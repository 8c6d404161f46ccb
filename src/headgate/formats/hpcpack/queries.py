"""Paths and parameters to values (spec hpcpack-2016, sections 1 to 3). Pure.

In this order: the query string, what lists take, ids in paths. Whatever arrives, the answer is a value or a
Refusal that names the parameter.
"""

from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from headgate.core.errors import BadRequest, NotFound
from headgate.core.model import INT_MAX
from headgate.core.properties import Property, Registry
from headgate.core.properties.checks import UNWRITABLE, shown
from headgate.core.properties.text_forms import read_integer
from headgate.formats.property_lists import columns

Query = Mapping[str, str]
"""Query parameters by lower-cased name."""

ROWS = 10
"""rowsPerRead when it is not given (section 3.1)."""
MOST_ROWS = 10_000
"""Larger pages are cut to this many rows; a client notices by the continuation header, or by counting."""

_NO_QUERY: Query = {}


# ---- the query string


def query(raw: bytes) -> Query:
    """The parameters of a query string.

    `+` is a blank; of a repeated parameter the last counts. Raises BadRequest.
    """
    if not raw:
        return _NO_QUERY
    found = {}
    for part in raw.split(b"&"):
        name, _, value = part.partition(b"=")
        if name:
            found[_unquoted(name, "name").lower()] = _unquoted(value, "value")
    return found


def _unquoted(raw: bytes, what: str) -> str:
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode()
    except UnicodeDecodeError:
        raise BadRequest(f"A {what} in the query string is not UTF-8: {raw[:60]!r}.") from None
    found = UNWRITABLE.search(text)
    if found is not None:
        raise BadRequest(f"A {what} in the query string holds U+{ord(found[0]):04X}.")
    return text


def truth(query: Query, name: str, default: bool) -> bool:
    """A Boolean parameter; empty is as if it were not there. Raises BadRequest."""
    text = query.get(name.lower(), "").strip().lower()
    if not text:
        return default
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise BadRequest(f"{name} is true or false, not {shown(query[name.lower()])}.", parameters=(name,))


def integer(query: Query, name: str) -> int | None:
    """An Int32 parameter; None when it is absent or empty. Raises BadRequest."""
    text = query.get(name.lower(), "")
    if not text.strip():
        return None
    number = read_integer(text)
    if number is None or not -INT_MAX - 1 <= number <= INT_MAX:
        raise BadRequest(f"{name} is a 32-bit integer, not {shown(text)}.", parameters=(name,))
    return number


def names(query: Query) -> tuple[str, ...] | None:
    """The `names` parameter of variables and custom properties; None when it is absent or empty."""
    text = query.get("names", "")
    found = tuple(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))
    return found or None


# ---- lists


class ListAsked(Struct, frozen=True, kw_only=True):
    """What every list takes (section 3.1).

    Start_row None: continuation; else paging, and query_id is None.
    """

    properties: tuple[Property, ...]
    filter: str
    sort: str
    descending: bool
    rows: int
    query_id: str | None
    start_row: int | None


def list_asked(
    query: Query, registry: Registry, default: tuple[Property, ...], sort_name: str, default_sort: str
) -> ListAsked:
    """The list parameters.

    `sort` is a dotted path; a property that is unknown or can't be sorted by is the default.
    """
    start_row = integer(query, "startRow")
    if start_row is not None and start_row < 0:
        raise BadRequest(f"startRow is 0 or more, not {start_row}.", parameters=("startRow",))
    return ListAsked(
        properties=selection(query, registry, default),
        filter=query.get("$filter", ""),
        sort=_sort(query.get(sort_name.lower(), ""), registry) or default_sort,
        descending=not truth(query, "asc", True),
        rows=rows_asked(query),
        query_id=None if start_row is not None else query.get("queryid") or None,
        start_row=start_row,
    )


def rows_asked(query: Query) -> int:
    """Rows of a page. Raises BadRequest."""
    rows = integer(query, "rowsPerRead")
    return min(max(1, ROWS if rows is None else rows), MOST_ROWS)


def selection(query: Query, registry: Registry, default: tuple[Property, ...]) -> tuple[Property, ...]:
    """The `properties` parameter. Raises BadProperty."""
    text = query.get("properties", "")
    return (columns(registry, text) or default) if text else default


def _sort(name: str, registry: Registry) -> str | None:
    try:
        return registry.find(name.strip()).sort
    except BadRequest:
        return None


# ---- ids in paths


def job_id(text: str) -> int:
    """A job's id. Raises BadRequest for what is no decimal integer, NotFound for what no job can have."""
    return _number(text, "job", "Operation_InvalidJobId")


def task_number(text: str) -> int:
    """A task's number within its job. Raises BadRequest, NotFound."""
    return _number(text, "task", "Operation_InvalidTaskId")


def subtask_id(text: str) -> int:
    """A subtask's instance id. Raises BadRequest, NotFound."""
    return _number(text, "subtask", "Operation_InvalidTaskId")


def _number(text: str, kind: str, code: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise BadRequest(f"The id of a {kind} is a decimal integer, not {shown(text)}.", code=code)
    # Compared by length first: a number of a million digits is not worth converting.
    number = int(text) if len(text) <= 10 else 0
    if not 1 <= number <= INT_MAX:
        raise NotFound(f"There is no {kind} {text[:40]}.", kind=kind, code=code)
    return number
