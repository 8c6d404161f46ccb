"""What is still to be sent."""

from hypothesis import given
from hypothesis import strategies as st

from headgate.notify import outbox
from headgate.notify.outbox import LONGEST_PAUSE_S, MOST, Outbox
from headgate.ports.mailer import Mail


def letter(number: int) -> Mail:
    return Mail(number, 1, "ada", ("a@b",), b"", 0)


@given(st.integers(0, 1 << 40), st.sets(st.integers(0, 1 << 41), max_size=50))
def test_the_text_remembers_everything(seen: int, numbers: set[int]) -> None:
    box = Outbox(seen)
    for number in numbers:
        box.add(letter(number))
    assert outbox.read(box.text()) == (seen, sorted(numbers))


def test_a_mail_that_failed_does_not_hold_up_the_others() -> None:
    box = Outbox()
    first, second = letter(1), letter(2)
    box.add(first)
    box.add(second)
    box.later(first, 100.0, 30.0)
    assert box.next(100.0) == second
    box.done(2)
    assert (box.next(129.0), box.due()) == (None, 130.0)
    assert box.next(130.0) == first
    box.later(first, 130.0, 30.0)
    assert box.due() == 190.0, "twice as long"
    assert box.text() == "0 1"
    box.done(1)
    assert (len(box), box.due(), box.text()) == (0, None, "0")


def test_a_pause_grows_to_a_limit() -> None:
    assert outbox.pause(0, 30.0) == 30.0
    assert outbox.pause(10_000, 30.0) == LONGEST_PAUSE_S


def test_the_queue_is_bounded() -> None:
    box = Outbox()
    for number in range(MOST):
        assert not box.full
        box.add(letter(number))
    assert box.full
    assert len(box.text()) < 8000
