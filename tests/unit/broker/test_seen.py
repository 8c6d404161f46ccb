"""broker/seen.py: a set of numbers that is small."""

import random

from headgate.broker.seen import Seen


def test_it_is_a_set() -> None:
    dice = random.Random(1)
    numbers = [dice.randrange(1, 2**64) for _ in range(5000)]
    seen = Seen()
    for number in numbers:
        assert number not in seen
        seen.add(number)
        seen.add(number)
    assert all(number in seen for number in numbers)
    assert not any(number ^ 1 in seen for number in numbers)


def test_numbers_that_fall_together_are_told_apart() -> None:
    seen = Seen()
    alike = [1 + n * 2**40 for n in range(3000)]
    for number in alike:
        seen.add(number)
    assert all(number in seen for number in alike)
    assert 1 + 3000 * 2**40 not in seen
