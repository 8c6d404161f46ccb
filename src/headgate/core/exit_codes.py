"""Valid exit codes: `0,3..7,min..-1` to a set of ranges and back. Pure.

Spec hpcpack-model, section 8: comma-separated items, each an integer or `a..b`; a and b may be `min` or `max`
and stand in either order. Blanks around items are ignored, an empty item is an error, an empty text is no
setting at all.
"""

import re
from bisect import bisect_right

from msgspec import Struct

from headgate.core.errors import BadRequest

LEAST = -2147483648
MOST = 2147483647

_ITEM = re.compile(
    r"\s*(?P<low>[+-]?[0-9]+|min|max)(?:\s*\.\.\s*(?P<high>[+-]?[0-9]+|min|max))?\s*",
    re.ASCII | re.IGNORECASE,
)


class ExitCodes(Struct, frozen=True):
    """A set of exit codes.

    `ranges` are as written, each low to high; `lows` and `highs` are the same, merged, for look-up.
    """

    ranges: tuple[tuple[int, int], ...]
    lows: tuple[int, ...]
    highs: tuple[int, ...]

    def contains(self, code: int) -> bool:
        """Whether this exit code means success."""
        place = bisect_right(self.lows, code) - 1
        return place >= 0 and code <= self.highs[place]

    def __str__(self) -> str:
        """The canonical text: no blanks, ranges low to high, `min` and `max` for the ends of the scale."""
        return ",".join(
            _written(low) if low == high else f"{_written(low)}..{_written(high)}"
            for low, high in self.ranges
        )


def parse(text: str) -> ExitCodes:
    """Read a list of exit codes.

    Raises BadRequest (InvalidExitCodes) saying what is wrong and where; so does an empty list.
    """
    ranges = []
    position = 0
    for item in text.split(","):
        found = _ITEM.fullmatch(item)
        if found is None:
            raise _wrong(text, position, item, "is neither an integer nor a range a..b")
        low = _bound(text, position, found["low"])
        high = low if found["high"] is None else _bound(text, position, found["high"])
        ranges.append((min(low, high), max(low, high)))
        position += len(item) + 1
    lows: list[int] = []
    highs: list[int] = []
    for low, high in sorted(ranges):
        if highs and low <= highs[-1] + 1:
            highs[-1] = max(highs[-1], high)
        else:
            lows.append(low)
            highs.append(high)
    return ExitCodes(tuple(ranges), tuple(lows), tuple(highs))


def canonical(text: str) -> str:
    """The canonical text of a setting; empty (or blank) means no setting."""
    return str(parse(text)) if text.strip() else ""


def is_success(text: str, code: int) -> bool:
    """Whether an exit code means success under this setting; without one only 0 does."""
    return parse(text).contains(code) if text else code == 0


def _bound(text: str, position: int, word: str) -> int:
    folded = word.lower()
    if folded == "min":
        return LEAST
    if folded == "max":
        return MOST
    # Eleven digits are already too many; the rest of a long one is not worth converting.
    number = int(folded.lstrip("+-").lstrip("0")[:11] or "0") * (-1 if folded[0] == "-" else 1)
    if not LEAST <= number <= MOST:
        raise _wrong(text, position, word, f"is not between {LEAST} and {MOST}")
    return number


def _wrong(text: str, position: int, item: str, why: str) -> BadRequest:
    shown = item.strip()[:40]
    return BadRequest(
        f"The exit codes {text[:200]!r} are not valid: {shown!r} at character {position + 1} {why}.",
        code="Operation_InvalidExitCodes",
        parameters=(text[:200],),
    )


def _written(bound: int) -> str:
    return "min" if bound == LEAST else "max" if bound == MOST else str(bound)
