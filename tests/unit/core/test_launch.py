"""core/launch.py."""

import pytest
from msgspec.structs import replace

from headgate.core.launch import Launch, with_wall_time

WARNED = Launch(script=b"", wall_time_s=60.0, warning_signal="USR1", warning_after_s=50.0)


@pytest.mark.parametrize(("wall", "after"), [(90.0, 80.0), (30.0, 20.0), (5.0, 0.0), (60.0, 50.0)])
def test_a_warning_keeps_its_distance_from_the_end(wall: float, after: float) -> None:
    changed = with_wall_time(WARNED, wall)
    assert (changed.wall_time_s, changed.warning_after_s) == (wall, after)


def test_without_an_end_there_is_nothing_to_warn_of() -> None:
    assert with_wall_time(WARNED, None) == replace(WARNED, wall_time_s=None, warning_signal="")


def test_a_launch_that_had_no_end_gets_one() -> None:
    assert with_wall_time(Launch(script=b""), 9.0) == Launch(script=b"", wall_time_s=9.0)
