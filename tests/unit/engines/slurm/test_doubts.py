"""engines/slurm/doubts.py: when it is believed that Slurm does not have a part."""

from collections.abc import Callable

import pytest

from headgate.engines.slurm.doubts import PATIENCE_S, Doubts, Finding
from headgate.engines.slurm.parts import Part

MEMORY_S = 300.0


class Told:
    """Doubts whose clock stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0
        self.part = Part("t-1.0-0", "t-1", 1, (0,), 1001)
        self.lives = False
        self.doubts = Doubts(lambda: self.now, 5.0, lambda _: self.lives)

    def look(
        self, found: int = 0, recorded: int | None = None, after: float = 0.0
    ) -> list[tuple[Finding, int]]:
        self.now += after
        by_record: Callable[[Part], int] | None = None if recorded is None else lambda _: recorded
        jobs = {self.part.name: found} if found else {}
        return [
            (finding, job) for _, finding, job, _ in self.doubts.look(jobs, by_record, self.now, MEMORY_S)
        ]


def test_what_is_seen_is_there_at_once() -> None:
    told = Told()
    told.doubts.add(told.part, "hung", 99.0)
    assert told.look(found=7) == [(Finding.THERE, 7)]
    assert not told.doubts.open


def test_a_record_tells_of_a_job_that_slurm_has_forgotten() -> None:
    told = Told()
    told.doubts.add(told.part, "hung", 99.0)
    assert told.look(recorded=8) == [(Finding.THERE, 8)]


def test_absence_takes_two_looks_apart_the_first_of_them_late() -> None:
    told = Told()
    told.doubts.add(told.part, "hung", 99.0)
    assert told.look(after=4.9) == []
    assert told.look(after=0.2) == []
    assert told.look(after=4.9) == []
    assert told.look(after=0.2) == [(Finding.ABSENT, 0)]


def test_one_that_comes_late_is_found_by_the_second_look() -> None:
    told = Told()
    told.doubts.add(told.part, "hung", 99.0)
    assert told.look(after=6) == []
    assert told.look(found=9, after=6) == [(Finding.THERE, 9)]


@pytest.mark.parametrize("tried", [None, 100.0 - MEMORY_S])
def test_what_slurm_may_have_forgotten_is_lost_unless_records_say_that_it_never_ran(
    tried: float | None,
) -> None:
    for recorded, expected in ((None, Finding.LOST), (0, Finding.ABSENT)):
        told = Told()
        told.doubts.add(told.part, "killed", tried)
        assert told.look(recorded=recorded, after=6) == []
        assert told.look(recorded=recorded, after=6) == [(expected, 0)]


def test_while_an_sbatch_is_there_that_has_it_no_look_counts() -> None:
    told = Told()
    told.doubts.add(told.part, "hung", 99.0)
    told.lives = True
    assert [told.look(after=6) for _ in range(4)] == [[]] * 4
    told.lives = False
    assert [told.look(after=4.9), told.look(after=0.2), told.look(after=4.9)] == [[]] * 3
    assert told.look(after=0.2) == [(Finding.ABSENT, 0)]


def test_what_is_seen_is_there_whoever_has_it_still() -> None:
    told = Told()
    told.doubts.add(told.part, "hung", 99.0)
    told.lives = True
    assert told.look(found=7) == [(Finding.THERE, 7)]


def test_an_sbatch_that_is_kept_there_does_not_keep_all_others_waiting_for_ever() -> None:
    told = Told()
    told.doubts.add(told.part, "hung", 99.0)
    told.lives = True
    assert told.look(after=PATIENCE_S - 1) == []
    assert told.look(after=2) == [(Finding.LOST, 0)]
