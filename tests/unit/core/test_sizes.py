"""core/sizes.py."""

import pytest

from headgate.core.errors import BadRequest
from headgate.core.model import Task, TaskSpec
from headgate.core.sizes import MOST_BYTES, check_grown, text_bytes


def test_bytes_are_counted_not_characters_and_wherever_they_stand() -> None:
    spec = TaskSpec(command_line="ä", script=b"abc", depends_on=("b", "c"), required_nodes=("n",))
    assert text_bytes(Task(spec=spec, environment={"A": "bc"}, custom={"k": ""})) == 2 + 3 + 2 + 1 + 3 + 1
    assert text_bytes(Task()) == 0


def test_half_a_character_is_counted_all_the_same() -> None:
    assert text_bytes(Task(spec=TaskSpec(command_line="\ud800"))) == 1


def test_what_is_too_large_may_shrink_but_not_grow() -> None:
    check_grown(1, 0, MOST_BYTES)
    check_grown(1, MOST_BYTES + 9, MOST_BYTES + 8)
    for before in (0, MOST_BYTES, MOST_BYTES + 9):
        with pytest.raises(BadRequest, match="tasks of job 1"):
            check_grown(1, before, MOST_BYTES + 10)
