"""store/orders.py: who waits for whom, and that nothing handed in is lost."""

import threading
from collections.abc import Callable
from itertools import count

from headgate.store.orders import Orders


class Ticks:
    """A clock on which a millisecond passes whenever somebody looks."""

    def __init__(self) -> None:
        self._ticks = count(1)

    def now(self) -> int:
        return 1

    def monotonic(self) -> float:
        return next(self._ticks) / 1000


def orders(*there: int, clock: Callable[[], Ticks] = Ticks) -> Orders[int]:
    made: Orders[int] = Orders(clock())
    for one in there:
        made.put(one)
    return made


def test_what_is_there_is_taken_in_its_order() -> None:
    assert orders(1, 2, 3).take(1, 0, 9) == [1, 2, 3]


def test_no_more_are_taken_than_may_be_and_the_rest_comes_next() -> None:
    made = orders(1, 2, 3)
    assert made.take(1, 0, 2) == [1, 2]
    assert made.take(1, 0, 2) == [3]
    assert len(made) == 0


def test_who_is_alone_is_not_kept_waiting() -> None:
    assert orders(1).take(1, 3600, 9) == [1]


def test_those_hoped_for_are_not_waited_for_for_ever() -> None:
    assert orders(1).take(9, 0, 9) == [1]
    assert orders(1).take(9, 0.01, 9) == [1]


def test_those_hoped_for_are_waited_for() -> None:
    made = orders(1, clock=Still)
    later = threading.Thread(target=lambda: list(map(made.put, (2, 3))))
    later.start()
    assert made.take(3, 30, 9) == [1, 2, 3]
    later.join()


class Still(Ticks):
    """A clock that stands: patience never ends."""

    def monotonic(self) -> float:
        return 0.0


def test_what_many_hand_in_at_once_is_taken_whole() -> None:
    made: Orders[int] = Orders(Still())
    total, hands = 2000, 4

    def hand_in() -> None:
        for number in range(total):
            made.put(number)

    threads = [threading.Thread(target=hand_in) for _ in range(hands)]
    for thread in threads:
        thread.start()
    taken = 0
    while taken < total * hands:
        taken += len(made.take(3, 0.001, 256))
    for thread in threads:
        thread.join()
    assert taken == total * hands
    assert len(made) == 0
