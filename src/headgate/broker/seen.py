"""Which message ids a batch has had: a table of eight bytes each, for a set of Python would take ten times
that.

Two ids are taken for one with a probability of n²/2⁶⁵: 1 in 30 million for a batch of a million requests.
"""

from array import array
from typing import Final

_FIRST: Final = 16


class Seen:
    """A set of numbers from 1 to 2⁶⁴-1."""

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * _FIRST))
        self._count = 0

    def __contains__(self, number: int) -> bool:
        return self._slots[self._place(self._slots, number)] == number

    def add(self, number: int) -> None:
        """Have it in the set."""
        place = self._place(self._slots, number)
        if self._slots[place] == number:
            return
        self._slots[place] = number
        self._count += 1
        if self._count * 3 > len(self._slots) * 2:
            self._grow()

    def _grow(self) -> None:
        larger = array("Q", bytes(16 * len(self._slots)))
        for number in self._slots:
            if number:
                larger[self._place(larger, number)] = number
        self._slots = larger

    @staticmethod
    def _place(slots: "array[int]", number: int) -> int:
        """Where it is, or would be. The numbers are digests, so that their last bits are as good as any."""
        mask = len(slots) - 1
        place = number & mask
        while (there := slots[place]) and there != number:
            place = (place + 1) & mask
        return place
