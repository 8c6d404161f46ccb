"""How many instances of each state there are in each stretch of a sweep's numbers.

Kept in the same transaction as the instances, for the lists of tasks (`sweeplist.py`): a sweep may have a
million instances with a row, and a page of those in one state must not look at them all. Instances without a
row are not counted; they are alike.
"""

from collections.abc import Iterable
from typing import Any

from headgate.core.model import Instance
from headgate.store.codec import encode
from headgate.store.session import Session
from headgate.store.sql import instances as sql

SHIFT = 12
"""A stretch is 2**SHIFT numbers wide."""

_SCATTERED = 8
"""Instances further apart than this on average are looked up one by one."""

Counts = dict[int, dict[int, int]]
"""By stretch and state."""


def put(session: Session, given: Iterable[Instance]) -> None:
    """Keep instances, and count them."""
    by_task: dict[tuple[int, int], dict[int, Instance]] = {}
    for instance in given:
        by_task.setdefault((instance.job_id, instance.task), {})[instance.number] = instance
    for (job_id, task), instances in by_task.items():
        key = {"job_id": job_id, "task": task}
        before = _states(session, key, instances)
        moved: dict[tuple[int, int], int] = {}
        rows = []
        for number, instance in instances.items():
            state, old = instance.state.value, before.get(number)
            if state != old:
                bucket = number >> SHIFT
                moved[bucket, state] = moved.get((bucket, state), 0) + 1
                if old is not None:
                    moved[bucket, old] = moved.get((bucket, old), 0) - 1
            rows.append(
                {
                    **key,
                    "number": number,
                    "state": state,
                    "changed": instance.times.changed,
                    "body": encode(instance),
                }
            )
        session.change_many(sql.put, rows)
        changes = [
            {**key, "bucket": bucket, "state": state, "n": n} for (bucket, state), n in moved.items() if n
        ]
        if changes:
            session.change_many(sql.add_count, changes)
            if any(change["n"] < 0 for change in changes):
                session.change(sql.drop_empty_counts)


def _states(session: Session, key: dict[str, int], instances: dict[int, Instance]) -> dict[int, int]:
    """The states, before, of those that have a row."""
    first, last = min(instances), max(instances)
    if last - first < _SCATTERED * len(instances):
        joined = session.value(sql.states_between, {**key, "first": first, "last": last})
        return dict(_numbers(joined))
    found = {number: session.value(sql.state_of, {**key, "number": number}) for number in instances}
    return {number: state for number, state in found.items() if state is not None}


def drop(session: Session, job_id: int, task: int) -> None:
    """Forget all instances of a task."""
    session.change(sql.drop, {"job_id": job_id, "task": task})
    session.change(sql.drop_counts, {"job_id": job_id, "task": task})


def counted(session: Session, job_id: int, task: int) -> Counts:
    """The stretches of a task in which any instance has a row."""
    counts: Counts = {}
    for bucket, state, n in _numbers(session.value(sql.counts, {"job_id": job_id, "task": task})):
        counts.setdefault(bucket, {})[state] = n
    return counts


def _numbers(joined: str | None) -> Iterable[Any]:
    """`1:2,3:4` as tuples of numbers."""
    return [] if joined is None else [tuple(map(int, each.split(":"))) for each in joined.split(",")]
