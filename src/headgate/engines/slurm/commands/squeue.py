"""squeue: everything in the controller's memory, in one question; jobs that ended stay there for MinJobAge.

After squeue(1) of 22.05.8 and 24.11.5. Names and comments may hold any character, line ends included, and
are other people's: so each field ends in a separator with a random part, drawn anew for each question, and
nobody's comment can pass for a row. (--json quotes as it should, but is 4 kB a job; fixed widths cut.)

Arrays come as squeue keeps them: one row for all elements that have not started, and one for each other.
SLURM_BITSTR_LEN=0, because such a row's indices would be cut after 64 characters.
"""

from functools import lru_cache
from typing import Final

from msgspec import Struct

from headgate.engines.command.outcomes import Command, Outcome
from headgate.engines.slurm.commands.answers import Garbled, Rejected, listed, moment, number
from headgate.engines.slurm.indices import Indices, indices
from headgate.scripts.slurm.quantities import seconds

FIELDS: Final = (
    "JobID",
    "ArrayJobID",
    "ArrayTaskID",
    "State",
    "Reason",
    "exit_code",
    "StartTime",
    "EndTime",
    "SubmitTime",
    "RestartCnt",
    "UserID",
    "UserName",
    "Partition",
    "Account",
    "QOS",
    "PriorityLong",
    "NumNodes",
    "NumCPUs",
    "TimeLimit",
    "NodeList",
    "Dependency",
    "Name",
    "Comment",
)
_HEAD: Final = "JOBID"
_UNKNOWN: Final = "Invalid job id specified"
_ELSEWHERE: Final = frozenset({"UNLIMITED", "NOT_SET", "INVALID", "Partition_Limit", "N/A", "n/a"})


class Row(Struct, frozen=True, gc=False):
    """A job, an element of an array, or all elements of one that have not started.

    job: the id of this record; array: that of the whole array, the same as `job` where there is none (the
    record that waits, or the last element, has the id of the array). tasks: which elements; None: no array.
    state: the long name, without what a reason may add. status: as wait(2) has it, 0 while it has not ended.
    Times are seconds since 1970; `started` of a waiting job is when Slurm thinks it will, `ended` of a
    running one is when its wall time is over. limit_s: None: none, or that of its partition. nodes: a list of
    Slurm's. priority: Slurm's number. beside: the other components of a heterogeneous job, which are
    rows of their own (`components.py`).
    """

    job: int
    array: int
    tasks: Indices | None
    state: str
    reason: str
    status: int
    started: int | None
    ended: int | None
    submitted: int | None
    restarts: int
    uid: int
    user: str
    partition: str
    account: str
    qos: str
    priority: int
    node_count: int
    cpus: int
    limit_s: int | None
    nodes: str
    dependency: str
    name: str
    comment: str
    beside: "tuple[Row, ...]" = ()


class Squeue(Struct, frozen=True):
    """One question. nonce: some random letters and digits, new for each; jobs: only these; empty: all."""

    nonce: str
    jobs: tuple[int, ...] = ()

    def build(self) -> Command:
        """The command."""
        between, end = self._marks()
        fields = [f"{name}:{between}" for name in FIELDS[:-1]] + [f"{FIELDS[-1]}:{end}"]
        chosen = [f"--jobs={','.join(map(str, self.jobs))}"] if self.jobs else []
        return Command(
            argv=("squeue", "--all", "--local", "--states=all", *chosen, f"--Format={','.join(fields)}"),
            environment={"SLURM_TIME_FORMAT": "%s", "SLURM_BITSTR_LEN": "0"},
        )

    def parse(self, outcome: Outcome) -> list[Row]:
        """The rows. An empty list is told from no answer: a list has its heading.

        Raises NoAnswer, Rejected, and Garbled for any row that is not whole.
        """
        between, end = self._marks()
        try:
            text = listed("squeue", outcome)
        except Rejected as error:
            # Of several jobs it leaves out those that it does not know; asked for one only, it says so.
            if len(self.jobs) == 1 and _UNKNOWN in error.raw:
                return []
            raise
        records = text.split(f"{end}\n")
        if records.pop():
            raise Garbled("squeue's list does not end as it should", text[-200:])
        if not records or not records[0].startswith(_HEAD + between):
            raise Garbled("squeue's list has no heading", text[:200])
        rows: list[Row] = []
        for record in records[1:]:
            cells = record.split(between)
            try:
                rows.append(_row(cells))
            except ValueError as error:
                raise Garbled(f"a row of squeue is not understood ({error})", " | ".join(cells)) from None
        return rows

    def _marks(self) -> tuple[str, str]:
        return f"\x1f{self.nonce}", f"\x1e{self.nonce}"


def _row(cells: list[str]) -> Row:
    if len(cells) != len(FIELDS):
        raise ValueError(f"{len(cells)} fields instead of {len(FIELDS)}")
    (job, array, tasks, state, reason, status, started, ended, submitted, restarts, uid, user) = cells[:12]
    partition, account, qos, priority, node_count, cpus, limit, nodes, dependency, name, comment = cells[12:]
    if not state:
        raise ValueError("it has no state")
    return Row(
        number(job),
        number(array),
        None if tasks == "N/A" else indices(tasks),
        state,
        reason,
        _status(status),
        moment(started),
        moment(ended),
        moment(submitted),
        number(restarts),
        number(uid),
        user,
        _named(partition),
        _named(account),
        _named(qos),
        number(priority),
        _least(node_count),
        _least(cpus),
        _limit(limit),
        _named(nodes),
        _named(dependency),
        name,
        "" if comment == "(null)" else comment,
    )


def _named(text: str) -> str:
    return "" if text in ("(null)", "N/A", "n/a") else text


@lru_cache(maxsize=1024)
def _status(text: str) -> int:
    """As wait(2) has it: 22.05 says it so, later versions `code:signal`."""
    code, colon, signal = text.partition(":")
    return number(code) << 8 | number(signal) if colon else number(code)


@lru_cache(maxsize=1024)
def _least(text: str) -> int:
    """A count, or the least of `2-4`; 1K is 1024 where it is not told not to convert (--noconvert)."""
    return number(text.partition("-")[0])


@lru_cache(maxsize=1024)
def _limit(text: str) -> int | None:
    return None if text in _ELSEWHERE else seconds(text)
