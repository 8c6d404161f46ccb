"""An expanded task in a list: a row for each of its instances, most of which may be stored nowhere.

The instances without a row of their own are alike (`Task.rest_state`, the task's times), so either all of
them fit a filter or none. Those with a row are counted by state in stretches of numbers (`stretches.py`):
whole stretches are stepped over by their counts, and within one the numbers that fit are looked up.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from headgate.core.instances import untouched
from headgate.core.model import Instance, Task
from headgate.ports.store import TaskRow
from headgate.store import codec, stretches
from headgate.store.sql import instances as sql
from headgate.store.taskparts import Filter


class Stretch(NamedTuple):
    """Numbers from `first` to `last`."""

    first: int
    last: int
    touched: dict[int, int]
    """How many have a row, by state."""
    is_whole: bool
    """Whether `touched` is about these numbers and no others."""


class Expanded(NamedTuple):
    """Instances `first` to `last` of one task, each a row."""

    judge: Filter
    task: Task
    first: int
    last: int

    @property
    def _rest_fits(self) -> bool:
        return self.judge.fits(self.task.rest_state, self.task.times.changed)

    def size(self) -> int:
        if self.judge.instances is not None:
            return len(self._chosen())
        if self.judge.changed_from is None:
            return sum(self._size_of(stretch) for stretch in self._stretches())
        span = self.last - self.first + 1
        return self._count(fitting=True) + (span - self._count(fitting=False) if self._rest_fits else 0)

    def _count(self, *, fitting: bool) -> int:
        """How many have a row: of those that fit, or of all."""
        shape, since = (self.judge.shape, self.judge.changed_from is not None) if fitting else (None, False)
        n: int = self.judge.session.value(
            sql.count(shape, changed_from=since), self._parameters(self.first, self.last)
        )
        return n

    def _parameters(self, first: int, last: int, **more: int) -> dict[str, int]:
        return self.judge.parameters(task=self.task.number, first=first, last=last, **more)

    def _stretches(self) -> list[Stretch]:
        """The numbers, cut where the counts are; those between, of which none has a row, in one piece."""
        if self.judge.shape is None and self.judge.changed_from is None:
            # Whatever it is, it fits.
            return [Stretch(self.first, self.last, {}, True)]
        counts = stretches.counted(self.judge.session, self.judge.job_id, self.task.number)
        found = []
        begin = self.first
        for bucket in sorted(counts):
            first, last = (
                max(1, bucket << stretches.SHIFT),
                min(self.task.instance_count, ((bucket + 1) << stretches.SHIFT) - 1),
            )
            low, high = max(self.first, first), min(self.last, last)
            if low > high:
                continue
            if begin < low:
                found.append(Stretch(begin, low - 1, {}, True))
            found.append(Stretch(low, high, counts[bucket], (low, high) == (first, last)))
            begin = high + 1
        if begin <= self.last:
            found.append(Stretch(begin, self.last, {}, True))
        return found

    def _size_of(self, stretch: Stretch) -> int:
        """How many rows a stretch has."""
        if not stretch.is_whole:
            return len(self._numbers(stretch))
        fitting = sum(
            n for state, n in stretch.touched.items() if self.judge.shape is None or state in self.judge.shape
        )
        if not self._rest_fits:
            return fitting
        return fitting + stretch.last - stretch.first + 1 - sum(stretch.touched.values())

    def _numbers(self, stretch: Stretch) -> Sequence[int]:
        """The numbers of its rows."""
        everything = range(stretch.first, stretch.last + 1)
        if not stretch.touched:
            return everything if self._rest_fits else ()
        since = self.judge.changed_from is not None
        if self._rest_fits:
            statement = sql.numbers_unfit(self.judge.other_states, changed_from=since)
        else:
            statement = sql.numbers(self.judge.shape, changed_from=since)
        joined = self.judge.session.value(statement, self._parameters(stretch.first, stretch.last))
        listed = [] if joined is None else sorted(map(int, joined.split(",")))
        if not self._rest_fits:
            return listed
        unfit = set(listed)
        return [number for number in everything if number not in unfit] if unfit else everything

    def read(self, skip: int, limit: int, descending: bool) -> list[TaskRow]:
        if self.judge.instances is not None:
            chosen = self._chosen()
            if descending:
                chosen.reverse()
            return [TaskRow(self.task, instance) for instance in chosen[skip : skip + limit]]
        numbers = self._page(skip, limit, descending)
        if not numbers:
            return []
        # Whatever lies between the first and the last of the page and fits is in it.
        stored = {
            instance.number: instance for instance in self._stored(min(numbers), max(numbers), len(numbers))
        }
        return [TaskRow(self.task, stored.get(number) or untouched(self.task, number)) for number in numbers]

    def _page(self, skip: int, limit: int, descending: bool) -> list[int]:
        """The numbers of the rows of a page."""
        found: list[int] = []
        cut = self._stretches()
        for stretch in reversed(cut) if descending else cut:
            if len(found) == limit:
                break
            if stretch.is_whole and (self.judge.changed_from is None or not stretch.touched):
                size = self._size_of(stretch)
                if size <= skip:
                    skip -= size
                    continue
            numbers = self._numbers(stretch)
            here = len(numbers)
            if descending:
                numbers = numbers[::-1]
            found += numbers[skip : skip + limit - len(found)]
            skip = max(0, skip - here)
        return found

    def _stored(self, first: int, last: int, limit: int) -> list[Instance]:
        """Instances with a row that fit."""
        statement = sql.page(self.judge.shape, changed_from=self.judge.changed_from is not None)
        return codec.INSTANCES.many(
            self.judge.session.value(statement, self._parameters(first, last, limit=limit))
        )

    def _chosen(self) -> list[Instance]:
        """The instances asked for by number that fit."""
        return [
            instance
            for instance in self._asked_for()
            if self.judge.fits(instance.state, instance.times.changed)
        ]

    def _asked_for(self) -> Iterator[Instance]:
        for number in sorted(self.judge.instances or ()):
            if self.first <= number <= self.last:
                key = {"job_id": self.judge.job_id, "task": self.task.number, "number": number}
                body = self.judge.session.value(sql.get, key)
                yield untouched(self.task, number) if body is None else codec.INSTANCES.one(body)

    def behind(self, number: int, instance: int, descending: bool) -> "Expanded | None":
        if number != self.task.number:
            return self if (self.task.number < number) == descending else None
        first, last = self.first, self.last
        if descending:
            last = min(last, instance - 1)
        else:
            first = max(first, instance + 1)
        return None if first > last else self._replace(first=first, last=last)
