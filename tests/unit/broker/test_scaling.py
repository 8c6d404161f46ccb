"""broker/scaling.py: how many hosts a session should have."""

import pytest

from headgate.broker.scaling import Bounds, target

USUAL = Bounds(least=1, most=16, grow=125, shrink=75)


@pytest.mark.parametrize(
    ("now", "requests", "slots", "low_for_s", "wanted"),
    [
        (1, 0, 1, 0, 1),
        (1, 1, 1, 0, 1),
        (1, 2, 1, 0, 2),
        (1, 1000, 1, 0, 2),  # doubles, and looks again
        (8, 1000, 1, 0, 16),
        (16, 1000, 1, 0, 16),
        (2, 1000, 1000, 0, 2),  # one host does so many at once
        (8, 10, 1, 99, 8),  # 125 per cent is enough
        (8, 7, 1, 99, 8),
        (8, 5, 1, 0, 8),  # not for long enough
        (8, 5, 1, 30, 5),
        (8, 0, 1, 30, 1),
        (8, 6, 4, 30, 2),
    ],
)
def test_the_load_says_how_many(now: int, requests: int, slots: int, low_for_s: float, wanted: int) -> None:
    found = target(USUAL, now=now, requests=requests, slots=slots, low_for_s=low_for_s, patience_s=30)
    assert found == wanted


def test_the_bounds_are_kept() -> None:
    bounds = Bounds(least=3, most=4, grow=125, shrink=75)
    assert target(bounds, now=3, requests=99, slots=1, low_for_s=0, patience_s=1) == 4
    assert target(bounds, now=4, requests=0, slots=1, low_for_s=9, patience_s=1) == 3
    assert target(bounds, now=1, requests=0, slots=1, low_for_s=0, patience_s=1) == 3
