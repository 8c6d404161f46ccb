"""sacct: what accounting has of jobs that the controller remembers no longer (MinJobAge).

After sacct(1) of 22.05.8. As with squeue, the delimiter has a random part, because names, comments and
submit lines are other people's and may hold line ends. Accounting keeps the comment only where
AccountingStoreFlags has job_comment; the submit line, with its --comment, it keeps always (since 21.08).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from headgate.engines.command.outcomes import Command, Outcome
from headgate.engines.slurm.commands.answers import Garbled, listed, moment, number
from headgate.engines.slurm.indices import Indices, indices

FIELDS: Final = (
    "JobID",
    "JobIDRaw",
    "State",
    "ExitCode",
    "DerivedExitCode",
    "Start",
    "End",
    "Submit",
    "UID",
    "User",
    "NodeList",
    "Partition",
    "Account",
    "Reason",
    "JobName",
    "Comment",
    "SubmitLine",
)
_ID: Final = re.compile(
    r"([0-9]{1,10})(?:\+([0-9]{1,5}))?(?:_([0-9]{1,9}|\[[^\]]*\](?:%[0-9]+)?))?(?:\.(\S+))?"
)
_CANCELLED: Final = re.compile(r"CANCELLED by ([0-9]{1,10})")
_CODE: Final = re.compile(r"([0-9]{1,10}):([0-9]{1,5})")


class Record(Struct, frozen=True, gc=False):
    """A job, an element of an array, or a step of one (step: `batch`, `extern`, `0`; empty: the job itself).

    array: the id of the job, of its array, or of the first component of a heterogeneous job; component: which
    one of those, None: it is none. tasks: which elements, None: no array. own: the record's own id, empty
    text aside. state: without the ` by UID` of CANCELLED, which is `cancelled_by`. code, signal: as it
    ended; derived_code, derived_signal: the highest of its steps. Times are seconds since 1970; uid of a step
    is None.
    """

    array: int
    tasks: Indices | None
    step: str
    own: str
    state: str
    cancelled_by: int | None
    code: int
    signal: int
    derived_code: int
    derived_signal: int
    started: int | None
    ended: int | None
    submitted: int | None
    uid: int | None
    user: str
    nodes: str
    partition: str
    account: str
    reason: str
    name: str
    comment: str
    submit_line: str
    component: int | None = None

    def carries(self, tag: str) -> bool:
        """Whether it was submitted with this comment, which holds no blank and no quote."""
        return self.comment == tag or f"--comment={tag}" in self.submit_line.split()


class Sacct(Struct, frozen=True):
    """One question. jobs: only these and their elements; since: only what was there after it (seconds since
    1970; sacct's own default is midnight); steps: those too.
    """

    nonce: str
    jobs: tuple[int, ...] = ()
    since: int | None = None
    steps: bool = False

    def build(self) -> Command:
        """The command."""
        argv = ["sacct", "--allusers", "--parsable", f"--delimiter={self._delimiter}"]
        argv.append(f"--format={','.join(FIELDS)}")
        if not self.steps:
            argv.append("--allocations")
        if self.jobs:
            argv.append(f"--jobs={','.join(map(str, self.jobs))}")
        if self.since is not None:
            argv.append(f"--starttime={datetime.fromtimestamp(self.since, UTC):%Y-%m-%dT%H:%M:%S}")
        return Command(argv=tuple(argv), environment={"SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"})

    def parse(self, outcome: Outcome) -> list[Record]:
        """The records; those that accounting does not have are left out.

        Raises NoAnswer (there is no accounting, or slurmdbd is away), Rejected, Garbled.
        """
        text = listed("sacct", outcome)
        # Each field is followed by the delimiter: a row ends in one, and the next begins in a new line.
        cells = text.split(self._delimiter)
        count = len(FIELDS)
        if len(cells) < count + 1 or not cells[0].startswith("JobID"):
            raise Garbled("sacct's list has no heading", text[:200])
        if len(cells) % count != 1 or cells[-1] != "\n":
            raise Garbled("sacct's list does not end as it should", text[-200:])
        return list(self._records(cells, count))

    def _records(self, cells: list[str], count: int) -> Iterator[Record]:
        for at in range(count, len(cells) - 1, count):
            row = cells[at : at + count]
            try:
                if not row[0].startswith("\n"):
                    raise ValueError("it does not begin in a line of its own")
                yield _record(row)
            except ValueError as error:
                raise Garbled(f"a row of sacct is not understood ({error})", " | ".join(row)) from None

    @property
    def _delimiter(self) -> str:
        return f"\x1f{self.nonce}"


def _record(row: list[str]) -> Record:
    (id_, own, state, code, derived, started, ended, submitted, uid, user, nodes, *rest) = row
    partition, account, reason, name, comment, submit_line = rest
    found = _ID.fullmatch(id_.removeprefix("\n"))
    if found is None:
        raise ValueError(f"{id_[:60]!r} is no id of a job")
    cancelled = _CANCELLED.fullmatch(state)
    ended_with, derived_with = exit_code(code), exit_code(derived or "0:0")
    if not state:
        raise ValueError("it has no state")
    if found[2] is not None:
        number(own.partition(".")[0])
    return Record(
        array=number(found[1]),
        tasks=None if found[3] is None else indices(found[3]),
        step=found[4] or "",
        own=own,
        state="CANCELLED" if cancelled else state,
        cancelled_by=int(cancelled[1]) if cancelled else None,
        code=ended_with[0],
        signal=ended_with[1],
        derived_code=derived_with[0],
        derived_signal=derived_with[1],
        started=moment(started),
        ended=moment(ended),
        submitted=moment(submitted),
        uid=number(uid) if uid else None,
        user=user,
        nodes=nodes,
        partition=partition,
        account=account,
        reason=reason,
        name=name,
        comment=comment,
        submit_line=submit_line,
        component=None if found[2] is None else int(found[2]),
    )


def exit_code(text: str) -> tuple[int, int]:
    """`code:signal` as two numbers. Raises ValueError."""
    found = _CODE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:40]!r} is no code:signal")
    return int(found[1]), int(found[2])
