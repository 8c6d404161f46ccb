import errno
import os
from pathlib import Path

import pytest

from headgate.engines.local.journal import (
    Begun,
    Halt,
    Identity,
    Journal,
    Pen,
    Seal,
    Sealed,
    Taken,
    journals_in,
)
from headgate.ports.engine import Ended, Ending, Key

IDENTITY = Identity(pid=7, start=70, boot="boot", uid=1000)


def taken(instance: int) -> Taken:
    return Taken(intent=1, tag="tag", instance=instance, lane=4, at=10, ticks=100)


def ended(instance: int, output: bytes = b"\0\xff") -> Ended:
    return Ended(intent=1, instance=instance, ending=Ending.EXITED, at=11, exit_code=3, output=output)


BEGUN = Begun(pid=8, at=10, ticks=101)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """With its identity."""
    journal = Journal(tmp_path, "one", create=True)
    journal.introduce(IDENTITY)
    return journal


@pytest.fixture
def pen(journal: Journal) -> Pen:
    return Pen(journal.fd, journal.orders_fd)


def test_a_journal_tells_what_was_written(journal: Journal, pen: Pen, tmp_path: Path) -> None:
    pen.take(taken(0))
    pen.write(BEGUN)
    pen.write(ended(0))
    pen.take(taken(1))
    journal.acknowledged = 1
    journal.acknowledge()
    journal.close()
    (again,) = journals_in(tmp_path)
    contents = again.read()
    assert (contents.identity, contents.acknowledged, again.acknowledged) == (IDENTITY, 1, 1)
    first, second = contents.stories
    assert (first.taken, first.begun, first.ended) == (taken(0), BEGUN, ended(0))
    assert (second.taken, second.begun, second.ended) == (taken(1), None, None)
    again.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_line_without_its_end_is_not_there_yet(journal: Journal, pen: Pen) -> None:
    pen.take(taken(0))
    os.write(journal.fd, b'{"type":"Ended","intent":1')
    assert journal.read().stories[0].ended is None


def test_only_the_first_identity_counts(journal: Journal) -> None:
    journal.introduce(Identity(pid=1, start=1, boot="boot", uid=0))
    assert journal.read().identity == IDENTITY


def test_an_ending_of_something_else_is_none(journal: Journal, pen: Pen) -> None:
    pen.write(ended(5))
    pen.take(taken(0))
    pen.write(ended(1))
    (story,) = journal.read().stories
    assert story.ended is None


def test_what_is_sealed_takes_nothing_more(journal: Journal, pen: Pen) -> None:
    pen.take(taken(0))
    assert journal.seal()
    with pytest.raises(Sealed):
        pen.take(taken(1))
    pen.write(ended(0))
    assert len(journal.read().stories) == 1


def test_a_taking_in_progress_keeps_the_seal_out(journal: Journal, tmp_path: Path) -> None:
    import fcntl

    other = os.open(tmp_path / "one.orders", os.O_RDWR)
    fcntl.flock(other, fcntl.LOCK_EX)
    assert not journal.seal(patience_s=0)
    fcntl.flock(other, fcntl.LOCK_UN)
    assert journal.seal(patience_s=0)


def test_orders_are_heard_once_each(journal: Journal, pen: Pen) -> None:
    assert pen.orders() == []
    journal.seal()
    assert pen.orders() == [Seal()]
    halt = Halt(key=Key(1, 0), signal=2, grace_s=1.5, forced=False)
    journal.order(halt)
    assert pen.orders() == [halt]
    assert pen.orders() == []


def test_a_full_disk_loses_no_fact_and_leaves_no_half_one(
    journal: Journal, pen: Pen, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, room = os.write, [40]

    def full(fd: int, data: bytes) -> int:
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = write(fd, bytes(data)[: room[0]])
        room[0] -= count
        return count

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        pen.take(taken(0))  # half of it is written
    room[0] = 10_000
    pen.take(taken(1))
    room[0] = 30
    with pytest.raises(OSError, match="No space"):
        pen.write(ended(1))
    with pytest.raises(OSError, match="No space"):
        pen.take(taken(2))  # the ending comes first
    room[0] = 10_000
    pen.take(taken(2))
    assert [(story.key, story.ended) for story in journal.read().stories] == [
        ((1, 1), ended(1)),
        ((1, 2), None),
    ]
