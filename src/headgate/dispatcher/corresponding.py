"""Instances that wait each for the instance of the same index of another job (Slurm's aftercorr).

Those whose own has finished are handed out, out of order if need be; those whose own has failed or was
cancelled are cancelled, as they can never run. Only so many are looked at in one go, from the first that was
never handed out.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final

from msgspec.structs import replace

from headgate.core.lifecycle import TaskHappened
from headgate.core.model import Instance, Job, Mishap, Task
from headgate.core.states import FINAL_JOB_STATES, JobState, TaskState
from headgate.core.sweep import index_of, instance_with
from headgate.ports.store import Reader
from headgate.service.edit import JobEdit

WINDOW: Final = 1024


class _Says(Enum):
    MAY = "may run"
    WAITS = "waits"
    NEVER = "will never run"


def choose_corresponding(edit: JobEdit, number: int, wanted: int, parents: Sequence[Job]) -> list[Instance]:
    """Up to `wanted` instances that may run now; what can never run is cancelled."""
    task = edit.task(number)
    queued = edit.queued_rows(number, WINDOW) if task.queued_rows else []
    chosen: list[Instance] = []
    first = task.next_instance
    last = min(task.instance_count, first + WINDOW - 1)
    fresh: list[int] = []
    if task.rest_state is TaskState.QUEUED and first <= last:
        touched = edit.touched(number, first, last)
        fresh = [one for one in range(first, last + 1) if one not in touched]
    numbers = [*(row.number for row in queued), *fresh]
    if not numbers:
        edit.set_task(number, next_instance=max(first, last + 1))
        return []
    looks = [_Look(edit.tx, parent, task, numbers) for parent in parents]
    for one in numbers:
        if len(chosen) == wanted:
            break
        says = [look.says(one) for look in looks]
        if _Says.NEVER in says:
            _drop(edit, number, one, looks[says.index(_Says.NEVER)].parent)
        elif _Says.WAITS not in says:
            chosen.append(edit.instance(number, one))
    gone = {row.number for row in chosen} | edit.touched(number, first, last)
    while first <= last and first in gone:
        first += 1
    edit.set_task(number, next_instance=first)
    return chosen


def _drop(edit: JobEdit, number: int, instance: int, parent: Job) -> None:
    index = index_of(edit.task(number).spec, instance)
    edit.instance_happens(number, instance, TaskHappened.CANCEL_ASKED)
    edit.set_run(number, instance, mishap=Mishap("Script_InstanceDropped", (f"{index} of job {parent.id}",)))
    row = edit.instance(number, instance)
    edit.set_instance(number, instance, times=replace(row.times, ended=edit.tx.now))


class _Look:
    """The instances of one parent that these correspond to, read in one go."""

    def __init__(self, reader: Reader, parent: Job, task: Task, numbers: Sequence[int]) -> None:
        self.parent = parent
        self._theirs = reader.task(parent.id, 1)
        self._mine = task.spec
        of = [instance_with(self._theirs.spec, index_of(task.spec, one)) for one in numbers]
        known = [one for one in of if one is not None]
        self._rows: dict[int, TaskState] = {}
        if known:
            least, most = min(known), max(known)
            if most - least <= 4 * WINDOW:
                rows: Sequence[Instance | None] = reader.instances(parent.id, 1, first=least, last=most)
            else:
                rows = [reader.instance(parent.id, 1, one) for one in known]
            self._rows = {row.number: row.state for row in rows if row is not None}

    def says(self, instance: int) -> _Says:
        of = instance_with(self._theirs.spec, index_of(self._mine, instance))
        if of is None:  # nothing corresponds: it waits for the whole
            if self.parent.state not in FINAL_JOB_STATES:
                return _Says.WAITS
            return _Says.MAY if self.parent.state is JobState.FINISHED else _Says.NEVER
        state = self._rows.get(of, self._theirs.rest_state)
        if state is TaskState.FINISHED:
            return _Says.MAY
        ended = state in (TaskState.FAILED, TaskState.CANCELED)
        return _Says.NEVER if ended else _Says.WAITS
