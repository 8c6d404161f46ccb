"""What the three lists share.

Which page, how its rows are sent, what the headers say (spec hpcpack-2016, section 3).
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, TypeVar

from headgate.formats.hpcpack import paging
from headgate.formats.hpcpack.exchange import Call
from headgate.formats.hpcpack.queries import ListAsked
from headgate.formats.hpcpack.spelling import Spelling, encoded
from headgate.formats.serving import Answer
from headgate.ports.store import Cursor

R = TypeVar("R")
Spelled = Callable[[Sequence[R]], Awaitable[list[str]]]
"""Spells some rows of a page."""

CONTINUES = b"x-ms-continuation-queryId"
"""The header that says where rows remain."""
AT_ONCE = 200
"""Rows that are spelled before other requests get their turn, and sent together when a page is longer."""


class Pages:
    """Continuation tokens of one installation, for one kind of list."""

    def __init__(self, kind: str, key: bytes, now: Callable[[], int]) -> None:
        self._kind = kind
        self._key = key
        self._now = now

    def after(self, call: Call, asked: ListAsked, query: object) -> Cursor | None:
        """Where the list was left off, for a request that continues one. Raises BadRequest."""
        if asked.query_id is None:
            return None
        belongs_to = self._fingerprint(call, query)
        return paging.read_token(self._key, asked.query_id, belongs_to, self._now())

    def headers(
        self,
        call: Call,
        query: object,
        *,
        more: bool,
        end: Cursor | None,
        total: int | None,
    ) -> tuple[tuple[bytes, bytes], ...]:
        """The row count when paging; when continuing, a token if rows remain and nothing otherwise."""
        if total is not None:
            return ((b"x-ms-row-count", b"%d" % total),)
        if not more or end is None:
            return ()
        token = paging.write_token(self._key, end, self._fingerprint(call, query), self._now())
        return ((CONTINUES, token.encode()),)

    def _fingerprint(self, call: Call, query: object) -> bytes:
        return paging.fingerprint(self._kind, call.caller.name.casefold(), query)


async def answer(
    spelling: Spelling,
    rows: Sequence[R],
    spelled: Spelled[R],
    headers: tuple[tuple[bytes, bytes], ...],
    at_once: int = AT_ONCE,
) -> Answer:
    """A page. A long one is sent in parts, so that neither memory nor other requests pay for it."""
    if len(rows) <= at_once:
        return Answer(200, spelling.rows(await spelled(rows)), headers)
    return Answer(200, b"", headers, _parts(spelling, rows, spelled, at_once))


async def _parts(
    spelling: Spelling, rows: Sequence[R], spelled: Spelled[R], at_once: int
) -> AsyncIterator[bytes]:
    before = spelling.rows_begin
    for start in range(0, len(rows), at_once):
        part = await spelled(rows[start : start + at_once])
        yield encoded(before + spelling.rows_between.join(part))
        before = spelling.rows_between
        await asyncio.sleep(0)
    yield encoded(spelling.rows_end)


def sort_key(value: Any) -> tuple[int, Any]:
    """How values compare: unset first, text without regard to letter case (section 3.1)."""
    if value is None:
        return (0, 0)
    return (1, value.casefold() if isinstance(value, str) else int(value))
