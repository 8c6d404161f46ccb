"""Heterogeneous jobs: jobs of several components, each of which is a job of its own for Slurm. Pure.

The script runs in the first component, whose id and state are those of the whole: Slurm holds, cancels and
loses all of them with it. Only its comment is the name of a part, and so it is looked for by that like any
other job. The others have comments of their own, by which squeue's rows of them are found again: `NAME+0` is
the first, `NAME+1` the next.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from headgate.engines.slurm.commands.squeue import Row

FIRST: Final = "+0"
"""What the name of a part ends in that is such a job."""


def is_first(comment: str) -> bool:
    """Whether this is the comment of a heterogeneous job."""
    return comment.endswith(FIRST)


def comment(first: str, number: int) -> str:
    """That of another component of the same job."""
    return f"{first.removesuffix(FIRST)}+{number}"


def together(rows: Iterable[Row], names: Collection[str]) -> Iterator[Row]:
    """The rows, those of the first components of these jobs with all that the other ones have. names: their
    comments.
    """
    if not names:
        yield from rows
        return
    rows = list(rows)
    others: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        name, plus, _ = row.comment.rpartition("+")
        if plus and name + FIRST in names:
            others.setdefault((name, row.uid), []).append(row)
    for row in rows:
        if row.comment in names:
            yield _joined(row, others[row.comment.removesuffix(FIRST), row.uid])
        else:
            yield row


def _joined(first: Row, some: Sequence[Row]) -> Row:
    """All of it: where it is, and the first reason that any of it has to wait."""
    # A refused submission may have left rows with the same comments: ids rise.
    by_comment = {row.comment: row for row in sorted(some, key=lambda row: -row.job) if row.job > first.job}
    rows = [first]
    while (row := by_comment.get(comment(first.comment, len(rows)))) is not None:
        rows.append(row)
    reason = next((row.reason for row in rows if row.reason not in ("", "None")), first.reason)
    return replace(first, reason=reason, beside=tuple(rows[1:]))


def aborted(row: Row) -> bool:
    """Whether it is what is left of a submission that Slurm refused, when it had made the first components:
    cancelled, with an exit status, on no node. What somebody cancels while it waits has none.
    """
    return row.state == "CANCELLED" and bool(row.status) and not row.nodes
