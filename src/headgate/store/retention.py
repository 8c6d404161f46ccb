"""Removing jobs that ended long ago, in portions that don't hold up other changes.

The job itself goes at once, and with it everybody's way to the rest. Its tasks, instances, events, output and
intents follow, at most `PORTION` rows in one call; what is left over is noted in `remains` and cleared away
by the next calls, before they remove another job.
"""

from collections.abc import Collection, Mapping
from typing import Protocol

from headgate.store.session import Session
from headgate.store.sql import jobs as job_sql
from headgate.store.sql import ledger as sql
from headgate.store.statement import Statement

PORTION = 5_000


class _Jobs(Protocol):
    """The part of a transaction that is needed here."""

    def touch(self) -> None:
        """Before a statement that writes."""
        ...

    def remove_job(self, job_id: int) -> None:
        """Forget the job itself."""
        ...


def remove_ended(
    jobs: _Jobs, session: Session, *, before: int, limit: int, sparing: Collection[int] = ()
) -> int:
    """Remove up to `limit` jobs that ended before a time. How many, or `limit` if the portion was used up.

    sparing: jobs that are being made; theirs are no remains yet.
    """
    return _remove(jobs, session, job_sql.ended, {"before": before}, limit, sparing)


def remove_foreign(jobs: _Jobs, session: Session, *, limit: int, sparing: Collection[int] = ()) -> int:
    """The same with jobs that were entered elsewhere, whether they have ended or not."""
    return _remove(jobs, session, job_sql.any_foreign, {}, limit, sparing)


def _remove(
    jobs: _Jobs,
    session: Session,
    which: Statement,
    parameters: Mapping[str, int],
    limit: int,
    sparing: Collection[int],
) -> int:
    budget = PORTION
    removed = 0
    for (left,) in session.rows(sql.all_remains):
        if left in sparing:
            continue
        jobs.touch()
        budget = _clear(session, left, budget)
        if not budget:
            return limit
        session.change(sql.drop_remains, {"job_id": left})
    for (job_id,) in session.rows(which, {**parameters, "limit": limit}):
        jobs.remove_job(job_id)
        removed += 1
        budget = _clear(session, job_id, budget)
        if not budget:
            session.change(sql.add_remains, {"job_id": job_id})
            return limit
    return removed


def _clear(session: Session, job_id: int, budget: int) -> int:
    """Remove up to `budget` rows of a job. What is left of the budget; 0: there may be more."""
    for table in sql.OF_A_JOB:
        budget -= session.change(sql.clear(table), {"job_id": job_id, "limit": budget})
        if budget <= 0:
            return 0
    return budget
