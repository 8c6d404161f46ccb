"""Every item that was ever taken and that the server has not been told to be over, and what is to be told.

An item is the crew's (`hands.Entry`), or runs under a worker that an earlier shepherd left
(`orphans.Orphan`), or is over and waits to be acknowledged (None).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headgate.engines.local.journal import Journal, Story
from headgate.engines.local.reports import Reports
from headgate.engines.local.state import State
from headgate.engines.local.worker import now_us
from headgate.ports.engine import Ended, Ending, Fault, Found, Sighting, Sightings


@dataclass(slots=True)
class _Intent:
    tag: str
    items: dict[int, object | None] = field(default_factory=dict)


class Ledger:
    """The items, and the reports about them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._intents: dict[int, _Intent] = {}
        self.reports = Reports(state.number_report, lambda: state.next_report)
        self.unfinished = 0

    def knows_otherwise(self, intent: int, tag: str) -> bool:
        """Is this intent known under another tag? (A restored store counts again from an older number.)"""
        known = self._intents.get(intent)
        return known is not None and known.tag != tag

    def has(self, intent: int, instance: int) -> bool:
        """Was this item taken?"""
        known = self._intents.get(intent)
        return known is not None and instance in known.items

    def take(self, intent: int, instance: int, tag: str, item: object) -> None:
        """From now on this item is known."""
        self._intents.setdefault(intent, _Intent(tag)).items[instance] = item
        self.unfinished += 1

    def get(self, intent: int, instance: int) -> object | None:
        """The item, unless it is over or unknown."""
        known = self._intents.get(intent)
        return known.items.get(instance) if known is not None else None

    def say(self, sighting: Sighting) -> None:
        """Report something that is not an ending."""
        self.reports.add(sighting)

    def end(self, ended: Ended, journal: Journal | None, *, tag: str) -> None:
        """This item is over. `journal`: where that it was taken is written."""
        known = self._intents.setdefault(ended.intent, _Intent(tag))
        if known.items.get(ended.instance) is not None:
            self.unfinished -= 1
        known.items[ended.instance] = None
        self.reports.add(ended, journal)

    def observe(self, since: int) -> Sightings:
        """What is to be told after `since`."""
        return self.reports.following(since)

    def acknowledge(self, since: int) -> None:
        """The server has taken everything up to `since`."""
        for ended in self.reports.acknowledge(since):
            known = self._intents.get(ended.intent)
            if known is not None:
                known.items.pop(ended.instance, None)
                if not known.items:
                    del self._intents[ended.intent]

    def find(self, tags: Mapping[int, str]) -> dict[int, Found]:
        """Which of these were ever taken (see `ports.engine.Found`)."""
        self._state.looked_up(tags)
        found = {}
        for intent, tag in tags.items():
            known = self._intents.get(intent)
            taken = known.items if known is not None and known.tag == tag else ()
            found[intent] = Found(frozenset(taken), self._state.certain(intent))
        return found


def lost_ending(story: Story, fault: Fault, reason: str) -> Ended:
    """The ending of an item that was taken and whose end nobody has seen."""
    begun = story.begun
    return Ended(
        intent=story.taken.intent,
        instance=story.taken.instance,
        ending=Ending.LOST,
        at=now_us(),
        started_at=story.taken.at,
        fault=fault,
        reason=reason,
        native=str(begun.pid) if begun is not None else "",
    )
