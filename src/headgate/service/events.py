"""Changes of state as they happen: who watches a job is told of its events after each commit, in order.

There is one listener to the store for everybody who watches, and it looks up each event by its job: with
nobody watching, a commit costs one comparison. Events are kept in the store, so that a watcher who was away
asks for those it missed; which those are, its last number tells.

Every user may list the states of all jobs (`rights.py`), so every user may watch any job.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from headgate.core.errors import Refusal
from headgate.core.model import Event
from headgate.core.states import JobState
from headgate.ports.identity import Caller
from headgate.ports.store import Reader, Store


class TooMuchMissed(Refusal):
    """More has happened meanwhile than can be told afterwards."""


class Watcher(Protocol):
    """Whoever is told of events."""

    def heard(self, event: Event) -> None:
        """Something has happened to a job that is being watched. Must not wait."""
        ...


class Missed(Struct, frozen=True):
    """Events behind some number up to `last`, in commit order."""

    last: int
    events: Sequence[Event]


class Events:
    """See the module. Lives on the event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watchers: dict[int, set[Watcher]] = {}
        store.on_commit(self._heard)

    def begin(self, caller: Caller, job_id: int) -> int:
        """The number of the last event before now: what comes behind it happens from now on.

        Raises NotFound when there is no such job.
        """
        del caller  # every user may (see above)

        def look(reader: Reader) -> int:
            reader.job(job_id)
            return reader.last_event()

        return self._store.peek(look)

    def last(self) -> int:
        """The number of the last event there is."""
        return self._store.peek(lambda reader: reader.last_event())

    def silent(self, job_ids: Collection[int]) -> list[int]:
        """Those of these jobs that will never have an event again: finished, or removed."""

        def look(reader: Reader) -> list[int]:
            alive = {job.id for job in reader.jobs(job_ids) if job.state is not JobState.FINISHED}
            return [job_id for job_id in job_ids if job_id not in alive]

        return self._store.peek(look)

    def watch(self, job_id: int, watcher: Watcher) -> None:
        """Tell this watcher of the job's events from now on. Again changes nothing."""
        self._watchers.setdefault(job_id, set()).add(watcher)

    def unwatch(self, job_id: int, watcher: Watcher) -> None:
        """No longer."""
        watching = self._watchers.get(job_id)
        if watching is not None:
            watching.discard(watcher)
            if not watching:
                del self._watchers[job_id]

    async def missed(self, after: Mapping[int, int], *, most: int) -> Missed:
        """The events of these jobs behind a number of each. Raises TooMuchMissed for more than `most`."""

        def look(reader: Reader) -> Missed:
            found: list[Event] = []
            for job_id, number in after.items():
                found += reader.events(after=number, limit=most + 1 - len(found), job_id=job_id)
                if len(found) > most:
                    raise TooMuchMissed(f"More than {most} changes of state have been missed.")
            found.sort(key=lambda event: event.seq)
            return Missed(reader.last_event(), found)

        return await self._store.read(look)

    def _heard(self, events: Sequence[Event]) -> None:
        if not self._watchers:
            return
        for event in events:
            watching = self._watchers.get(event.job_id)
            if watching:
                for watcher in tuple(watching):
                    watcher.heard(event)
