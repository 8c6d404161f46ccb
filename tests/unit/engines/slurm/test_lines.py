"""engines/slurm/lines.py: who has as many jobs with Slurm as he may have waits, and is tried again."""

from headgate.engines.slurm.lines import FIRST_PAUSE_S, LONGEST_PAUSE_S, ROOM_S, Lines, Standing, Whose

ANN = Whose(1001, "", "", "")
BOB = Whose(1002, "", "", "")


class Hall(Lines):
    """With a clock of its own."""

    def __init__(self) -> None:
        self.now = 100.0
        super().__init__(lambda: self.now)

    def refuse(self, name: str, *, whose: Whose = ANN, smaller: bool = False) -> None:
        self.full(whose, name, f"{name} is too much", standing(name), smaller=smaller)

    def come(self, *names: str, whose: Whose = ANN) -> None:
        self.join(whose, *map(standing, names))

    def turn(self, *kept: str) -> list[str]:
        return self.turns(lambda name: name not in kept)


def standing(name: str) -> Standing:
    """Their names are their numbers, which are their intents too."""
    return Standing(int(name), 0, name, int(name))


def test_while_nobody_was_refused_there_is_no_line() -> None:
    hall = Hall()
    assert not hall.holds(ANN, "1")
    assert (hall.turn(), hall.wait_s(), hall.reasons) == ([], None, {})


def test_who_was_refused_and_who_comes_after_him_wait_and_nobody_else() -> None:
    hall = Hall()
    hall.refuse("1")
    assert (hall.holds(ANN, "2"), hall.holds(BOB, "3")) == (True, False)
    hall.come("2")
    assert hall.turn() == []
    assert hall.wait_s() == FIRST_PAUSE_S
    assert hall.reasons == {1: "1 is too much", 2: "1 is too much"}
    assert hall.reasons is hall.reasons


def test_the_first_who_came_is_tried_first_and_alone() -> None:
    hall = Hall()
    hall.refuse("2")
    hall.come("3", "1")
    hall.now += FIRST_PAUSE_S
    assert hall.turn() == ["1"]
    assert (hall.turn(), hall.wait_s()) == ([], None)
    assert (hall.holds(ANN, "1"), hall.holds(ANN, "2")) == (False, True)


def test_after_one_that_was_taken_the_next_is_tried_at_once_and_the_line_ends_with_the_last() -> None:
    hall = Hall()
    hall.refuse("1")
    hall.come("2")
    hall.now += FIRST_PAUSE_S
    for name in ("1", "2"):
        assert hall.turn() == [name]
        hall.over(ANN, name, taken=True)
    assert not hall.holds(ANN, "3")
    assert hall.reasons == {}


def test_who_is_refused_again_and_again_is_tried_less_and_less_often_but_ever_again() -> None:
    hall = Hall()
    hall.refuse("1")
    pauses = []
    for _ in range(8):
        pauses.append(hall.wait_s() or 0.0)
        hall.now += pauses[-1]
        assert hall.turn() == ["1"]
        hall.refuse("1")
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_those_that_were_on_their_way_together_count_as_one_refusal() -> None:
    hall = Hall()
    hall.refuse("1")
    hall.refuse("2")
    hall.refuse("3")
    hall.now += FIRST_PAUSE_S
    assert hall.turn() == ["1"]


def test_when_something_of_the_owner_ends_there_may_be_room_soon() -> None:
    hall = Hall()
    hall.refuse("1")
    hall.refuse("2", whose=BOB)
    hall.room(ANN.uid)
    assert hall.wait_s() == ROOM_S
    hall.now += ROOM_S / 2
    hall.room(ANN.uid)  # it is not put off by that
    assert hall.wait_s() == ROOM_S / 2
    hall.now += ROOM_S / 2
    assert hall.turn() == ["1"]


def test_a_half_is_tried_at_once() -> None:
    hall = Hall()
    hall.refuse("1", smaller=True)
    assert hall.turn() == ["1"]


def test_who_may_not_go_yet_lets_others_pass() -> None:
    hall = Hall()
    hall.refuse("1")
    hall.come("2")
    hall.now += FIRST_PAUSE_S
    assert hall.turn("1") == ["2"]
    hall.over(ANN, "2", taken=True)
    assert hall.turn("1") == []
    assert hall.wait_s() == FIRST_PAUSE_S
    hall.come("3")
    assert hall.turn("1") == ["3"]
