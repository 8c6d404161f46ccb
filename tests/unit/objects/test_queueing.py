"""objects/queueing.py: overlapping syncs one after the other, and nobody first for ever."""

import pytest

from headgate.core.syncs import Direction, Sync
from headgate.objects.queueing import next_sync, overlap


def syncs(*asked: tuple[str, str]) -> tuple[list[Sync], dict[int, str]]:
    """Syncs of these owners, and their directories by number."""
    made = [
        Sync(id=number, owner=owner, path="", direction=Direction.TO_ONLINE, created=0)
        for number, (owner, _) in enumerate(asked, 1)
    ]
    return made, {number: directory for number, (_, directory) in enumerate(asked, 1)}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("/s/a", "/s/a", True),
        ("/s/a", "/s/a/b", True),
        ("/s/a", "/s/ab", False),
        ("/s/", "/s/a", True),
        ("/s/a/b", "/s/a/c", False),
    ],
)
def test_directories_overlap_when_one_is_in_the_other(one: str, other: str, expected: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is expected


def test_a_later_sync_waits_for_an_earlier_one_that_still_waits_itself() -> None:
    waiting, directories = syncs(("ada", "/s/a"), ("ada", "/s/a/b"), ("ada", "/s/a/b/c"), ("ada", "/s/d"))
    running = {1: directories.pop(1)}
    chosen = next_sync(waiting, running, directories, at_once=9)
    assert chosen is not None
    assert chosen.id == 4
    running[4] = directories.pop(4)
    assert next_sync(waiting, running, directories, at_once=9) is None


def test_whose_owner_has_fewest_at_work_goes_first() -> None:
    waiting, directories = syncs(("ada", "/a/1"), ("Ada", "/a/2"), ("ben", "/b/1"))
    running = {1: directories.pop(1)}
    chosen = next_sync(waiting, running, directories, at_once=9)
    assert chosen is not None
    assert chosen.owner == "ben"


def test_where_nothing_waits_nothing_begins() -> None:
    assert next_sync([], {}, {}, at_once=9) is None


def test_no_owner_has_every_place_and_no_more_run_than_may() -> None:
    waiting, directories = syncs(("ada", "/a/1"), ("ada", "/a/2"), ("ben", "/b/1"), ("eve", "/e/1"))
    running = {1: directories.pop(1)}
    chosen = next_sync(waiting, running, directories, at_once=2)
    assert chosen is not None
    assert chosen.owner == "ben"
    assert next_sync(waiting[:2], running, directories, at_once=2) is None
    running[3] = directories.pop(3)
    assert next_sync(waiting, running, directories, at_once=2) is None
