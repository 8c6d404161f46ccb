"""dialects/soca/times.py: spec pbs, 12.2."""

import time
from zoneinfo import ZoneInfo

from headgate.dialects.soca.times import ctime, in_a_comment

AT = 1_709_630_102_500_000


def test_a_time_is_local_and_of_a_fixed_width() -> None:
    assert ctime(AT, ZoneInfo("UTC")) == "Tue Mar  5 09:15:02 2024"
    assert ctime(AT, ZoneInfo("Asia/Tokyo")) == "Tue Mar  5 18:15:02 2024"
    assert in_a_comment(AT, ZoneInfo("UTC")) == "Tue Mar 05 at 09:15"


def test_clients_can_parse_it() -> None:
    """With the format SOCA's own pages use (spec soca, 4.3)."""
    parsed = time.strptime(ctime(AT, ZoneInfo("UTC")), "%a %b %d %H:%M:%S %Y")
    assert parsed[:6] == (2024, 3, 5, 9, 15, 2)
