"""core/properties/dates.py: spec hpcpack-model, section 1."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.properties import dates


def at(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0
) -> int:
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 1_000_000 + micro


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (at(2019, 7, 5, 9, 5, 7), "7/5/2019 9:05:07 AM"),  # the example of section 1.1
        (at(2019, 12, 31, 0, 0, 0), "12/31/2019 12:00:00 AM"),
        (at(2019, 12, 31, 12, 0, 0), "12/31/2019 12:00:00 PM"),
        (at(2020, 2, 29, 23, 59, 59, 999_999), "2/29/2020 11:59:59 PM"),
        (0, "1/1/1970 12:00:00 AM"),
        (-1, "12/31/1969 11:59:59 PM"),
    ],
)
def test_dates_are_written_without_zone(moment: int, text: str) -> None:
    assert dates.write(moment) == text


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7/5/2019 9:05:07 AM", at(2019, 7, 5, 9, 5, 7)),
        ("7/5/2019 9:05:07 pm", at(2019, 7, 5, 21, 5, 7)),
        ("01/31/2020 14:00:00", at(2020, 1, 31, 14)),  # hpcpack-2016, section 3.2
        ("2020-01-31", at(2020, 1, 31)),
        ("1/31/2020", at(2020, 1, 31)),
        ("1/31/2020 14:00", at(2020, 1, 31, 14)),
        ("2010/12/7 23:18:20", at(2010, 12, 7, 23, 18, 20)),  # hpcpack-model, section 12.3
        ("2020-01-31T14:00:00Z", at(2020, 1, 31, 14)),
        ("2020-01-31T14:00:00.25+02:00", at(2020, 1, 31, 12, 0, 0, 250_000)),
        ("2020-01-31 14:00:00 -0130", at(2020, 1, 31, 15, 30)),
        ("  1/31/2020   2:00:00 AM ", at(2020, 1, 31, 2)),
        ("12/31/2019 12:00:00 AM", at(2019, 12, 31)),
    ],
)
def test_dates_are_read_in_every_form_clients_send(text: str, moment: int) -> None:
    assert dates.read(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2020-13-01",
        "2/30/2020",
        "31/12/2020",
        "1/1/2020 25:00:00",
        "1/1/2020 13:00:00 PM",
        "1/1/2020 0:00:00 AM",
        "1/1/2020 1:60:00",
        "0000-01-01",
        "1/1/20",
        "2020-1/1",
        "٢٠٢٠-01-01",
        "2020-01-01T00:00:00+99:99",
        "2020-01-01T00:00:00-15:00",
        "2020-01-01" + " " * 100,
        "1580479200",
    ],
)
def test_anything_else_is_no_date(text: str) -> None:
    assert dates.read(text) is None


@given(st.datetimes(min_value=datetime(1, 1, 2), timezones=st.just(UTC)))
def test_what_is_written_is_read_again_to_the_second(moment: datetime) -> None:
    seconds = int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1)
    if moment.year >= 1000:  # years are written without leading zeros
        assert dates.read(dates.write(seconds * 1_000_000)) == seconds * 1_000_000


@given(st.text() | st.text("0123456789/-:. TZAPM+", max_size=30))
def test_anything_may_arrive(text: str) -> None:
    assert isinstance(dates.read(text), int | None)
