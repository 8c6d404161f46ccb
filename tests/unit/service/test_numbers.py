"""The numbers that users and groups are listed under."""

import pytest

from headgate.core.errors import BadRequest, Taken, Unavailable
from headgate.service.numbers import FIRST, LAST, free, number_for


def test_a_free_number_is_drawn_between_the_bounds() -> None:
    assert free("uid", set(), lambda below: 0) == FIRST
    assert free("uid", set(), lambda below: below - 1) == LAST


def test_an_unlucky_draw_still_finds_the_only_free_number() -> None:
    used = set(range(FIRST, LAST + 1)) - {LAST - 5}
    assert free("uid", used, lambda below: 0) == LAST - 5


def test_where_none_is_left_that_is_said() -> None:
    with pytest.raises(Unavailable):
        free("gid", set(range(FIRST, LAST + 1)), lambda below: 0)


def test_a_number_that_is_asked_for_is_given_if_it_is_one_and_nobody_has_it() -> None:
    assert number_for("uid", 7, set(), lambda below: 0) == 7
    with pytest.raises(Taken) as refused:
        number_for("uid", 7, {7}, lambda below: 0)
    assert refused.value.kind == "uid"
    for wrong in (0, -1, 2**31 - 1):
        with pytest.raises(BadRequest):
            number_for("uid", wrong, set(), lambda below: 0)
