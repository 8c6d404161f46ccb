"""What a row of squeue and an exit record say of a run, together. Pure.

Slurm's word decides whether a run is over, the record how, as it tells an exit code from a signal and knows
why the wrapper stopped a program. Where Slurm has forgotten a job, a whole record says all.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from headgate.core.launch import NodeShare
from headgate.engines.slurm.commands import sacct
from headgate.engines.slurm.commands.squeue import Row
from headgate.engines.slurm.spool import Record
from headgate.engines.slurm.states import SIGNALLED, end, meaning, split
from headgate.ports.engine import Ended, Ending, Fault
from headgate.scripts.slurm import hostlist

NO_RECORD: Final = 125
"""What the wrapper ends with where it can't make its record, or somebody else has made it (`wrapper.sh`)."""
KILLED: Final = 9
NOT_RUN: Final = (NO_RECORD, 126, 127)
"""What a batch script ends with that could not begin, on a node without bash for instance."""

SAME_MOMENT_US: Final = 1_000_000
"""The clocks of a node and of slurmctld may differ by this much."""
PUT_BACK: Final = "Slurm put it back into its queue"


class Facts(Struct, frozen=True, kw_only=True):
    """What is known of a run beside row and record. stopped: it was asked to end. spooled: records are made
    at all. vanished: Slurm had it, and lost it before it could have ended and been forgotten. now: UTC
    microseconds.
    """

    intent: int
    instance: int
    native: str
    stopped: bool
    spooled: bool
    vanished: bool = False
    now: int


def shares(nodes: str, cpus: int) -> tuple[NodeShare, ...]:
    """The nodes of a hostlist, with so many cores in all: squeue does not say how many are on which."""
    names = hostlist.expand(nodes) if nodes else ()
    if not names:
        return ()
    each, rest = divmod(cpus, len(names))
    return tuple(
        NodeShare(name, tuple(range(each + (position < rest))), each + (position < rest))
        for position, name in enumerate(names)
    )


def placed(row: Row) -> tuple[NodeShare, ...]:
    """All nodes of a job, those of its other components too."""
    if not row.beside:
        return shares(row.nodes, row.cpus)
    counts: dict[str, int] = {}
    for one in (row, *row.beside):
        for share in shares(one.nodes, one.cpus):
            counts[share.node] = counts.get(share.node, 0) + len(share.cores)
    return tuple(NodeShare(node, tuple(range(count)), count) for node, count in counts.items())


def row_of(kept: sacct.Record) -> Row:
    """What accounting has of a job, as squeue would have said it."""
    number = int(kept.own.partition(".")[0]) if kept.component else kept.array
    return Row(
        job=number,
        array=number,
        tasks=kept.tasks,
        state=kept.state.partition(" ")[0],
        reason=kept.reason or "None",
        status=(kept.code << 8) | kept.signal,
        started=kept.started,
        ended=kept.ended,
        submitted=kept.submitted,
        restarts=0,
        uid=kept.uid or 0,
        user=kept.user,
        partition=kept.partition,
        account=kept.account,
        qos="",
        priority=0,
        node_count=0,
        cpus=0,
        limit_s=None,
        nodes="" if kept.nodes == "None assigned" else kept.nodes,
        dependency="",
        name=kept.name,
        comment=kept.comment,
    )


def rows_of(kept: Iterable[sacct.Record]) -> list[Row]:
    """The same of all that accounting has of one job; the components of a heterogeneous one are one row."""
    kept = list(kept)
    others = tuple(row_of(one) for one in kept if one.component)
    return [replace(row_of(one), beside=others) for one in kept if not one.component]


def began_at(row: Row, record: Record | None) -> int | None:
    """When it started, UTC microseconds; None if it did not, as far as is known."""
    if record is not None:
        return record.began_at
    return row.started * 1_000_000 if row.started else None


def judged(facts: Facts, row: Row | None, record: Record | None, output: bytes) -> Ended:
    """How a run ended that is over: by Slurm's word (`row`), or as Slurm has forgotten it (None)."""
    started = None
    at = facts.now
    if record is not None:  # the clock of its node, and what its owner may have written
        record = replace(
            record,
            began_at=min(record.began_at, facts.now),
            ended_at=None if record.ended_at is None else min(record.ended_at, facts.now),
        )
        started = record.began_at
    where: tuple[NodeShare, ...] = ()
    if row is not None:
        started = began_at(row, record)
        at = min(row.ended * 1_000_000, facts.now) if row.ended else facts.now
        where = placed(row)
    if record is not None and record.ended_at is not None:
        at = record.ended_at
    common = {
        "intent": facts.intent,
        "instance": facts.instance,
        "native": facts.native,
        "at": max(at, started or 0),
        "output": output,
        "shares": where,
    }
    if record is not None and row is not None and _put_back(row, record) and not facts.stopped:
        return _ended(common, Ending.LOST, fault=Fault.REBOOT, reason=PUT_BACK, started_at=started)
    if record is not None and record.whole:
        return _by_record(common, facts, row, record)
    if row is not None:
        return _by_row(common, facts, row, started if record is not None or not facts.spooled else None)
    return _forgotten(common, facts, record)


def _put_back(row: Row, record: Record) -> bool:
    """Whether Slurm put it back into its queue after it had begun (`scontrol requeue`): its record keeps it
    from running again. What had ended by itself before that, has ended.
    """
    by_itself = record.whole and not record.told and record.code is not None
    # It is as if submitted anew then.
    by_itself = by_itself and not _ended_since(record, row.submitted)
    again = not row.nodes or row.status >> 8 & 255 == NO_RECORD
    return row.restarts > 0 and again and not by_itself and record.job == row.array


def _ended_since(record: Record, moment: int | None) -> bool:
    """Whether it ended when Slurm ended it, at this moment (seconds), or later. Slurm signals the program
    before the shell that would note it: that may have noted its exit code by then, and nothing else.
    """
    if not moment or record.ended_at is None:
        return False
    return record.ended_at >= moment * 1_000_000 - SAME_MOMENT_US


def _by_record(common: dict[str, object], facts: Facts, row: Row | None, record: Record) -> Ended:
    if record.fault is not Fault.NONE:
        return _ended(common, Ending.NOT_STARTABLE, fault=record.fault, reason=record.reason)
    told = {"started_at": record.began_at, "exit_code": record.code, "signal": record.signal}
    if facts.stopped:
        return _ended(common, Ending.STOPPED, **told)
    if record.over:
        return _ended(common, Ending.WALL_TIME, **told)
    said = meaning(row.state) if row is not None else None
    if said is not None and said.ending is Ending.SIGNALED:  # out of memory, whatever its shell made of it
        return _ended(
            common, Ending.SIGNALED, reason=said.reason, **told | {"exit_code": None, "signal": KILLED}
        )
    ended_by_slurm = said is not None and said.ending not in (None, Ending.EXITED)
    told_to = record.told or record.signal is not None
    if row is not None and row.state in SIGNALLED:
        told_to = told_to or _ended_since(record, row.ended)
    if row is not None and said is not None and ended_by_slurm and told_to:
        # Slurm knows why it ended it; the signal was only how.
        reason = said.reason or f"Slurm: {row.state}"
        return _ended(common, said.ending or Ending.LOST, fault=said.fault, reason=reason, **told)
    return _ended(common, Ending.EXITED if record.code is not None else Ending.SIGNALED, **told)


def _by_row(common: dict[str, object], facts: Facts, row: Row, started: int | None) -> Ended:
    """By Slurm's word alone: there is no record, or none that is whole."""
    code, signal = split(row.status)
    # One that was cancelled while it waited has the time of that as its start, but it never had a node.
    ran = started is not None and bool(row.nodes)
    said = end(row.state, code, signal, started=ran)
    reason = said.reason or f"Slurm: {row.state}" + (f" ({row.reason})" if row.reason != "None" else "")
    if said.ending is Ending.NEVER_STARTED:
        # Who ended it with Slurm's own commands did not mean that it should be handed over again.
        return _ended(common, Ending.NEVER_STARTED if facts.stopped else Ending.STOPPED, reason=reason)
    by_itself = said.ending in (Ending.EXITED, Ending.SIGNALED)
    if facts.spooled and started is None and said.exit_code is not None and said.exit_code not in NOT_RUN:
        # The wrapper goes on to anything else only with a record: it was there, and is gone.
        started = began_at(row, None)
    if facts.spooled and started is None and (by_itself or said.fault is Fault.SUPERVISION):
        # The wrapper makes its record before it starts anything.
        why = f"{reason}: no record was made on node {row.nodes or '?'}; is the spool there, and writable?"
        return _ended(common, Ending.NOT_STARTABLE, fault=Fault.SUPERVISION, reason=why)
    told: dict[str, object] = {"started_at": started, "exit_code": said.exit_code, "signal": said.signal}
    if by_itself and facts.stopped:
        return _ended(common, Ending.STOPPED, **told)
    # The wrapper ends as its program did, also where its record could not be ended (a full disk). Only a
    # signal may have been the end of the wrapper alone.
    why = said.reason if by_itself else reason
    return _ended(common, said.ending, fault=said.fault, reason=why, **told)


def _forgotten(common: dict[str, object], facts: Facts, record: Record | None) -> Ended:
    """Slurm does not know the job any more, and no whole record says how it ended."""
    if facts.spooled and record is None:
        if facts.stopped or facts.vanished:
            # A controller that dies takes with it what came in since it saved its state: it is given anew.
            return _ended(common, Ending.NEVER_STARTED)
        why = f"Slurm has forgotten job {facts.native}, which left no record: it was cancelled, or never ran."
        return _ended(common, Ending.NOT_STARTABLE, fault=Fault.SUPERVISION, reason=why)
    why = f"Slurm has forgotten job {facts.native}, and no record says how it ended."
    started = record.began_at if record is not None else None
    return _ended(common, Ending.LOST, fault=Fault.SUPERVISION, reason=why, started_at=started)


def _ended(common: dict[str, object], ending: Ending, **more: object) -> Ended:
    return Ended(ending=ending, **common, **more)  # type: ignore[arg-type]  # the fields of Ended, by name
