"""What the shepherd has to say to the server, kept until the server has taken it.

Numbers rise; `acknowledge` forgets a prefix. A newer report about an instance replaces what it makes
superfluous (output by later output, everything by the ending), so an absent server costs bounded memory.
"""

from collections.abc import Callable
from dataclasses import dataclass

from headgate.engines.local.journal import Journal
from headgate.ports.engine import Ended, OutputSeen, Sighting, Sightings, Started

_MANY = 2000
_MUCH = 8 * 1024 * 1024


@dataclass(slots=True)
class _Report:
    sighting: Sighting
    journal: Journal | None


class Reports:
    """The reports that are not acknowledged."""

    def __init__(self, number: Callable[[], int], newest: Callable[[], int]) -> None:
        self._number = number
        self._newest = newest
        self._reports: dict[int, _Report] = {}
        self._superfluous: dict[tuple[int, int], list[int]] = {}
        self._output: dict[tuple[int, int], int] = {}
        self.unwritten = 0
        """Endings that are in no journal: they would be gone with us."""

    def __len__(self) -> int:
        return len(self._reports)

    def add(self, sighting: Sighting, journal: Journal | None = None) -> None:
        """Say this next. `journal`: where an ending is written down."""
        key = (sighting.intent, sighting.instance)
        number = self._number()
        match sighting:
            case Started():
                self._superfluous.setdefault(key, []).append(number)
            case OutputSeen():
                self._reports.pop(self._output.pop(key, -1), None)
                self._output[key] = number
            case Ended():
                for old in (*self._superfluous.pop(key, ()), self._output.pop(key, -1)):
                    self._reports.pop(old, None)
                if journal is not None:
                    journal.promised += 1
                else:
                    self.unwritten += 1
        self._reports[number] = _Report(sighting, journal)

    def acknowledge(self, since: int) -> list[Ended]:
        """Forget everything up to `since`; the endings among it. Journals with nothing left to say go."""
        if since >= self._newest():
            return []  # a number that was never given out: not ours, and no proof that anything was taken
        endings: list[Ended] = []
        journals: dict[str, Journal] = {}
        while self._reports:
            number = next(iter(self._reports))
            if number > since:
                break
            report = self._reports.pop(number)
            if isinstance(report.sighting, Ended):
                endings.append(report.sighting)
                if report.journal is not None:
                    report.journal.promised -= 1
                    report.journal.acknowledged += 1
                    journals[report.journal.name] = report.journal
                else:
                    self.unwritten -= 1
        for journal in journals.values():
            if journal.over and not journal.promised:
                journal.remove()
            else:
                journal.acknowledge()
        return endings

    @staticmethod
    def close_journal(journal: Journal) -> None:
        """All it says has been reported: it goes with the last acknowledgement."""
        journal.over = True
        if not journal.promised:
            journal.remove()

    def following(self, since: int) -> Sightings:
        """What comes after `since`, as much as fits one answer."""
        if since >= self._newest():
            since = 0
        seen: list[Sighting] = []
        watermark = since
        size = 0
        for number, report in self._reports.items():
            if number <= since:
                continue
            seen.append(report.sighting)
            watermark = number
            if not isinstance(report.sighting, Started):
                size += len(report.sighting.output)
            if len(seen) >= _MANY or size > _MUCH:
                break
        return Sightings(watermark, tuple(seen))
