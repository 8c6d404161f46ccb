"""Which jobs a list is to hold (spec soca, 4.5): its filters as values, and whether a job fits. Pure.

All are optional; without any the list has the shape SOCA gives it.
"""

from collections.abc import Mapping
from typing import Any, Final

from headgate.dialects.soca import parse
from headgate.dialects.soca.errors import invalid
from headgate.dialects.soca.parse import Fields
from headgate.dialects.soca.times import MICROSECONDS

LETTERS: Final = frozenset("QHWTRSUEBXFM")
MOST: Final = 2**31 - 1


class Wanted:
    """The jobs that are wanted. `takes` is asked once for each, in order: it counts.

    user None: of everybody. since: UTC microseconds. history: those that have ended, too.
    """

    def __init__(
        self,
        *,
        user: str | None = None,
        states: frozenset[str] | None = None,
        equal: Mapping[str, str] | None = None,
        since: int | None = None,
        history: bool = False,
        offset: int = 0,
        limit: int | None = None,
    ) -> None:
        self.user = user
        self.since = since
        self.history = history
        self._states = states
        self._equal = equal or {}
        self._skip = offset
        self._left = limit

    @property
    def full(self) -> bool:
        """Whether as many as were asked for have been taken."""
        return self._left == 0

    def takes(self, attributes: Mapping[str, Any]) -> bool:
        """Whether the job with these attributes belongs in the list."""
        if self.full or (self._states is not None and attributes["job_state"] not in self._states):
            return False
        if any(attributes[name] != value for name, value in self._equal.items()):
            return False
        if self._skip > 0:
            self._skip -= 1
            return False
        if self._left is not None:
            self._left -= 1
        return True


_EQUAL: Final = {"queue": "queue", "name": "Job_Name", "project": "project"}


def wanted(given: Fields, *, history: bool) -> Wanted:
    """What the fields ask for. history: whether jobs that have ended are shown unasked. Raises Failure."""
    states: frozenset[str] | None = None
    if text := given.get("state", ""):
        states = frozenset(word.strip().upper() for word in text.split(","))
        if not states <= LETTERS:
            raise invalid(f"state is letters of {''.join(sorted(LETTERS))} with commas, not {text[:40]!r}")
    limit = parse.integer(given, "limit", -1)
    offset = parse.integer(given, "offset", 0)
    since = parse.integer(given, "since", -1)
    if offset < 0 or ("limit" in given and limit < 0) or ("since" in given and since < 0):
        raise invalid("limit, offset and since are not negative")
    return Wanted(
        user=given.get("user") or None,
        states=states,
        equal={name: given[field] for field, name in _EQUAL.items() if given.get(field)},
        since=since * MICROSECONDS if since >= 0 else None,
        history=history or parse.switch(given, "history"),
        offset=offset,
        limit=limit if limit >= 0 else None,
    )
