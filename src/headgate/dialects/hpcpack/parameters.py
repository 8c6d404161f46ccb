"""The parameters of the operations that 2019 added, to values (spec hpcpack-2016, section 6). Pure.

Whatever arrives, the answer is a value or a BadRequest that names the parameter; what is empty is not there.
"""

from collections.abc import Iterable
from typing import Final

from headgate.core.errors import BadRequest, NotFound
from headgate.core.figures import Figure
from headgate.core.properties import dates
from headgate.core.properties.checks import shown
from headgate.formats.hpcpack import queries
from headgate.formats.hpcpack.queries import Query

MOST_ITEMS: Final = 1_000
"""Of a list in one parameter."""
_FIGURES: Final = {figure.value.lower(): figure for figure in Figure}


def listed(query: Query, name: str) -> tuple[str, ...] | None:
    """A comma-separated list, each item once; None when it is not there."""
    items = (item for part in query.get(name.lower(), "").split(",") if (item := part.strip()))
    found = tuple(dict.fromkeys(items))
    if len(found) > MOST_ITEMS:
        raise BadRequest(f"{name} has {len(found)} items, more than {MOST_ITEMS}.", parameters=(name,))
    return found or None


def job_ids(query: Query) -> tuple[int, ...] | None:
    """Ids of jobs; None when there are none. A number that no job can have is left out."""
    items = listed(query, "jobs")
    if items is None:
        return None
    for item in items:
        if not (item.isascii() and item.isdecimal()):
            raise BadRequest(f"jobs is a list of decimal integers, not {shown(item)}.", parameters=("jobs",))
    return tuple(int(item) for item in items if len(item) <= 10)


def word(query: Query, name: str, words: Iterable[str]) -> str | None:
    """One of some words, in any letter case, as it is spelled there; None when it is not there."""
    text = query.get(name.lower(), "").strip()
    if not text:
        return None
    known = {one.lower(): one for one in words}
    found = known.get(text.lower())
    if found is None:
        raise BadRequest(
            f"{name} is one of {', '.join(known.values())}, not {shown(text)}.", parameters=(name,)
        )
    return found


def time(query: Query, name: str) -> int | None:
    """A time in UTC microseconds; None when it is not there."""
    text = query.get(name.lower(), "").strip()
    if not text:
        return None
    found = dates.read(text)
    if found is None:
        raise BadRequest(
            f"{name} is a time like 2030-03-17T17:46:40Z, not {shown(text)}.", parameters=(name,)
        )
    return found


def required_time(query: Query, name: str) -> int:
    """The same for a time that must be there."""
    found = time(query, name)
    if found is None:
        raise BadRequest(f"{name} is missing: a time like 2030-03-17T17:46:40Z.", parameters=(name,))
    return found


def limit(query: Query, default: int) -> int:
    """How many at most. 1 or more."""
    found = queries.integer(query, "limit")
    if found is not None and found < 1:
        raise BadRequest(f"limit is 1 or more, not {found}.", parameters=("limit",))
    return default if found is None else found


def figures(query: Query) -> tuple[Figure, ...]:
    """The metrics named, which must be given."""
    names = listed(query, "metricNames")
    if names is None:
        raise BadRequest(
            f"metricNames is missing: one or more of {', '.join(figure.value for figure in Figure)}.",
            parameters=("metricNames",),
        )
    for name in names:
        if name.lower() not in _FIGURES:
            raise BadRequest(f"There is no metric {shown(name)}.", parameters=("metricNames",))
    return tuple(dict.fromkeys(_FIGURES[name.lower()] for name in names))


def figure(text: str) -> Figure:
    """The metric in a path. Raises NotFound."""
    found = _FIGURES.get(text.lower())
    if found is None:
        raise NotFound(f"There is no metric {shown(text)}.", kind="metric")
    return found
