"""scripts/pjm/moments.py."""

import pytest

from headgate.scripts.pjm.moments import read_moment, utc_micros, write_at, write_moment

ZONE = "Europe/Berlin"


@pytest.mark.parametrize(
    ("micros", "text", "exact"),
    [
        (1719828000_000000, "202407011200", True),
        (1719828000_000001, "202407011201", False),
        (1719828059_000000, "202407011201", False),
        # The second 2:30 of 27 October reads back as the first.
        (1729992600_000000, "202410270230", False),
        # Half a minute before the clocks go forward from 2:00 to 3:00.
        (1711846770_000000, "202403310300", False),
        (10**18, "", False),
        (-(10**18), "", False),
    ],
)
def test_a_moment_is_written_as_the_minute_it_reaches(micros: int, text: str, exact: bool) -> None:
    assert write_moment(micros, ZONE) == (text, exact)


def test_a_moment_that_is_exact_is_read_as_it_was() -> None:
    for micros in range(1729900800_000000, 1729900800_000000 + 172800_000000, 1800_000000):
        text, exact = write_moment(micros, ZONE)
        assert (utc_micros(read_moment(text), ZONE)[0] == micros) is exact


def test_a_moment_has_seconds_in_the_variable() -> None:
    assert write_at(1719828001_500000, ZONE) == "2024/07/01 12:00:01"
    assert write_at(10**18, ZONE) == ""
