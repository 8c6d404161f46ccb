"""Rows of squeue, or records of accounting, as jobs that were entered elsewhere. Pure.

The elements of an array come as many rows, of which one holds all that wait; here they are one job again.
"""

from collections.abc import Container, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

from headgate.engines.slurm import verdict
from headgate.engines.slurm.commands.squeue import Row
from headgate.engines.slurm.states import Stage, end, meaning, split, waits_for
from headgate.ports.engine import Ending, ForeignElements, ForeignJob, ForeignStage

_SECOND: Final = 1_000_000
_BEGUN: Final = (Stage.STARTING, Stage.RUNNING, Stage.CLOSING)
_CANCELED: Final = (Ending.STOPPED, Ending.NEVER_STARTED)
# Many jobs have the same nodes, and each look sees them all again.
_shares = lru_cache(maxsize=4096)(verdict.shares)


def foreign(
    rows: Iterable[Row], ours: str, mine: Container[int], cluster: str
) -> tuple[dict[str, ForeignJob], dict[str, str]]:
    """The jobs among these whose comment does not begin with `ours` (empty: all) and whose id is none of
    `mine`, and why those wait that do; by keys.
    """
    jobs: dict[str, ForeignJob] = {}
    reasons: dict[str, str] = {}
    arrays: dict[int, list[Row]] = {}
    for row in rows:
        if row.array in mine or (ours and row.comment.startswith(ours)):
            continue
        if row.tasks is not None:
            arrays.setdefault(row.array, []).append(row)
            continue
        job = _single(row, cluster)
        jobs[job.key] = job
        if job.stage is ForeignStage.WAITING and (why := waits_for(row.reason)):
            reasons[job.key] = why
    for elements in arrays.values():
        job = _array(elements, cluster)
        jobs[job.key] = job
        waiting = (row for row in elements if _stage(row) is ForeignStage.WAITING)
        if why := next((why for row in waiting if (why := waits_for(row.reason))), ""):
            reasons[job.key] = why
    return jobs, reasons


def _stage(row: Row) -> ForeignStage:
    """What is between two states, or in one that nobody knows, is as far as its nodes say."""
    stage = meaning(row.state).stage
    if stage is Stage.OVER:
        return ForeignStage.OVER
    if stage in _BEGUN or (stage is Stage.UNKNOWN and row.nodes):
        return ForeignStage.RUNNING
    return ForeignStage.WAITING


def _started(row: Row) -> int | None:
    """When it began, microseconds. Of what waits Slurm says when it might; what was cancelled while it waited
    has the time of that, but it never had a node.
    """
    return row.started * _SECOND if row.started and row.nodes else None


def _single(row: Row, cluster: str) -> ForeignJob:
    stage, started = _stage(row), _started(row)
    if stage is ForeignStage.WAITING:
        return ForeignJob(stage=stage, **_asked([row], cluster))
    where = _shares(row.nodes, row.cpus)
    if stage is ForeignStage.RUNNING:
        return ForeignJob(stage=stage, started=started, shares=where, **_asked([row], cluster))
    how = end(row.state, *split(row.status), started=started is not None)
    return ForeignJob(
        stage=stage,
        started=started,
        ended=row.ended * _SECOND if row.ended else None,
        ending=how.ending,
        exit_code=how.exit_code,
        signal=how.signal,
        fault=how.fault,
        reason=how.reason,
        shares=where,
        **_asked([row], cluster),
    )


def _asked(rows: Sequence[Row], cluster: str) -> dict[str, Any]:
    """What was asked for, and when. A job that is put back is submitted anew."""
    row = rows[0]
    return {
        "cluster": cluster,
        "native": str(row.array),
        "account": row.user,
        "submitted": min(one.submitted or 0 for one in rows) * _SECOND,
        "restarts": max(one.restarts for one in rows),
        "name": row.name,
        "queue": row.partition,
        "charged": row.account,
        "comment": row.comment,
        "cores": max(1, row.cpus),
        "nodes": max(1, row.node_count),
        "wall_time_s": row.limit_s,
    }


def _array(rows: Sequence[Row], cluster: str) -> ForeignJob:
    """It runs from its first element's start to its last one's end, as far as Slurm still has them."""
    found: dict[str, set[int]] = {name: set() for name in ForeignElements.__struct_fields__}
    for row in rows:
        found[_kind(row)].update(row.tasks or ())
    elements = ForeignElements(**{name: frozenset(some) for name, some in found.items()})
    started = min(
        (at for row in rows if (at := _started(row)) and _stage(row) is not ForeignStage.WAITING),
        default=None,
    )
    stage = ForeignStage.RUNNING
    if not elements.waiting and not elements.running:
        stage = ForeignStage.OVER
    elif len(elements.waiting) == sum(map(len, found.values())):
        stage = ForeignStage.WAITING
    ended = max((row.ended or 0 for row in rows), default=0) if stage is ForeignStage.OVER else 0
    return ForeignJob(
        stage=stage,
        started=started,
        ended=ended * _SECOND or None,
        elements=elements,
        **_asked(sorted(rows, key=lambda row: row.job), cluster),
    )


def _kind(row: Row) -> str:
    """In which of the fields of ForeignElements its elements are."""
    stage = _stage(row)
    if stage is not ForeignStage.OVER:
        return str(stage.value)
    how = end(row.state, *split(row.status), started=_started(row) is not None)
    if how.ending in _CANCELED:
        return "canceled"
    return "finished" if how.ending is Ending.EXITED and not how.exit_code else "failed"
