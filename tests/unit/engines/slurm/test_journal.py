"""engines/slurm/journal.py: what is known after a restart."""

from pathlib import Path

import pytest

from headgate.engines.slurm import journal as module
from headgate.engines.slurm.journal import Dropped, Journal, Over, Story, Taken, Tried

ONE = Tried(part="t-1.1-3", tag="t-1", intent=1, instances=(1, 2, 3), uid=1001)
TWO = Tried(part="t-2.0-0", tag="t-2", intent=2, instances=(0,), uid=1001)


def reopened(journal: Journal, path: Path) -> dict[str, Story]:
    journal.close()
    return Journal(path).open("ff")


def test_what_was_tried_is_known_with_its_job_and_what_is_over(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    assert journal.open("abcd") == {}
    assert journal.fresh
    journal.note(ONE, TWO, sync=True)
    journal.note(Taken(ONE.part, 77), Over(ONE.part, (2,)), sync=False)
    stories = reopened(journal, path)
    assert set(stories) == {ONE.part, TWO.part}
    assert (stories[ONE.part].tried, stories[ONE.part].job, stories[ONE.part].over) == (ONE, 77, {2})
    assert stories[TWO.part].job == 0


def test_what_is_over_or_was_dropped_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("abcd")
    journal.note(ONE, TWO, Over(ONE.part, (1, 2)), Over(ONE.part, (3,)), Dropped(TWO.part), sync=True)
    assert reopened(journal, path) == {}


def test_the_secret_stays_and_a_known_journal_is_not_fresh(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    first = Journal(path)
    first.open("abcd")
    first.close()
    second = Journal(path)
    second.open("ff")
    assert (second.secret, second.fresh) == (b"\xab\xcd", False)


def test_a_torn_line_hides_nothing_but_itself(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("abcd")
    journal.note(ONE, sync=True)
    with path.open("ab") as file:
        file.write(b'{"type":"taken","part":"t-1')
    journal.note(TWO, sync=True)
    assert set(reopened(journal, path)) == {ONE.part, TWO.part}


def test_a_job_that_was_tried_again_is_known_by_its_last_try(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("abcd")
    journal.note(TWO, Taken(TWO.part, 5), Dropped(TWO.part), TWO, sync=True)
    assert reopened(journal, path)[TWO.part].job == 0


def test_it_does_not_grow_with_all_that_was_ever_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", 1024)
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("abcd")
    journal.note(ONE, sync=True)
    journal.note(Taken(ONE.part, 77), Over(ONE.part, (2,)), sync=False)
    for _ in range(40):
        journal.note(TWO, sync=True)
        journal.note(Dropped(TWO.part), sync=False)
    assert path.stat().st_size < 2500
    journal.note(TWO, sync=True)
    stories = reopened(journal, path)
    assert (stories[ONE.part].job, stories[ONE.part].over, set(stories)) == (77, {2}, {ONE.part, TWO.part})
    assert (journal.secret, journal.fresh) == (b"\xab\xcd", True)


def test_a_journal_that_can_not_be_written_anew_goes_on_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGE", 100)
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.open("abcd")
    path.with_suffix(".new").mkdir()
    for _ in range(3):
        journal.note(ONE, TWO, sync=True)
    path.with_suffix(".new").rmdir()
    assert set(reopened(journal, path)) == {ONE.part, TWO.part}
