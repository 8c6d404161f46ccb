"""scripts/pbs/quantities.py: the types of spec pbs, section 3.2, and the dates of section 2."""

from datetime import UTC, datetime

import pytest

from headgate.core.model import INT_MAX
from headgate.scripts.pbs.quantities import (
    SIZE_MAX,
    read_date,
    read_integer,
    read_size,
    read_switch,
    read_time,
    write_date,
    write_size,
    write_time,
)
from headgate.scripts.pbs.words import IllegalValue


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("007", 7), ("+3", 3), (str(INT_MAX), INT_MAX)])
def test_integers_are_decimal(text: str, value: int) -> None:
    assert read_integer(text) == value


@pytest.mark.parametrize("text", ["", "-1", "1.0", "0x1", str(INT_MAX + 1), "9" * 5000, "٣", "1 "])
def test_other_integers_are_refused(text: str) -> None:
    with pytest.raises(IllegalValue, match="whole number"):
        read_integer(text)


@pytest.mark.parametrize(
    ("text", "seconds", "shown"),
    [
        ("90", 90, "00:01:30"),
        ("1:30", 90, "00:01:30"),
        ("1:00:00", 3600, "01:00:00"),
        ("100:00:01", 360001, "100:00:01"),
        ("0:90:0", 5400, "01:30:00"),
        ("1.5", 2, "00:00:02"),
        ("1.000", 1, "00:00:01"),
        (str(INT_MAX), INT_MAX, "596523:14:07"),
    ],
)
def test_a_bare_time_is_seconds_and_times_are_shown_with_hours(text: str, seconds: int, shown: str) -> None:
    assert read_time(text) == seconds
    assert write_time(seconds) == shown
    assert read_time(shown) == seconds


@pytest.mark.parametrize("text", ["", "1:", ":1", "1:2:3:4", "-1", "1h", "1.", "9" * 11, "600000:00:00"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(IllegalValue, match="time"):
        read_time(text)


@pytest.mark.parametrize(
    ("text", "size", "shown"),
    [
        ("2000", 2000, "2000b"),
        ("2G", 2 << 30, "2gb"),
        ("4gb", 4 << 30, "4gb"),
        ("512MB", 512 << 20, "512mb"),
        ("1w", 8, "8b"),
        ("2kw", 16384, "16kb"),
        ("1tb", 1 << 40, "1tb"),
        ("3p", 3 << 50, "3pb"),
        ("2048pb", 2 << 60, "2048pb"),
        ("0", 0, "0b"),
        ("2097152KB", 2 << 30, "2gb"),
        (f"{SIZE_MAX}b", SIZE_MAX, f"{SIZE_MAX}b"),
    ],
)
def test_sizes_are_bytes_and_shown_in_the_unit_that_keeps_them_whole(
    text: str, size: int, shown: str
) -> None:
    assert read_size(text) == size
    assert write_size(size) == shown
    assert read_size(shown) == size


@pytest.mark.parametrize(
    "text", ["", "gb", "1.5gb", "-1", "1 gb", "1gib", "1eb", f"{SIZE_MAX + 1}", "9000pb"]
)
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(IllegalValue, match="size"):
        read_size(text)


@pytest.mark.parametrize("text", ["TRUE", "True", "true", "T", "t", "Y", "y", "1"])
def test_all_spellings_of_true_are_true(text: str) -> None:
    assert read_switch(text)


@pytest.mark.parametrize("text", ["FALSE", "False", "f", "F", "N", "n", "0"])
def test_all_spellings_of_false_are_false(text: str) -> None:
    assert not read_switch(text)


def test_other_switches_are_refused() -> None:
    with pytest.raises(IllegalValue, match="neither True nor False"):
        read_switch("on")


def micros(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp()) * 1_000_000


NOW = micros(2024, 3, 5, 9, 5, 2)
"""10:05:02 in Berlin, winter time."""


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("1005.03", (2024, 3, 5, 9, 5, 3)),
        ("1005", (2024, 3, 6, 9, 5)),
        ("1005.02", (2024, 3, 6, 9, 5, 2)),
        ("0930", (2024, 3, 6, 8, 30)),
        ("051200", (2024, 3, 5, 11, 0)),
        ("050900", (2024, 4, 5, 7, 0)),
        ("311200", (2024, 3, 31, 10, 0)),
        ("03051200", (2024, 3, 5, 11, 0)),
        ("03050900", (2025, 3, 5, 8, 0)),
        ("02291200", (2028, 2, 29, 11, 0)),
        ("2501021200", (2025, 1, 2, 11, 0)),
        ("202501021200.30", (2025, 1, 2, 11, 0, 30)),
    ],
)
def test_a_date_is_the_nearest_future_moment_of_the_local_clock(text: str, when: tuple[int, ...]) -> None:
    assert read_date(text, NOW, "Europe/Berlin") == (micros(*when), "")


def test_a_day_that_the_month_lacks_is_in_the_next_that_has_it() -> None:
    assert read_date("311200", micros(2024, 4, 2), "UTC")[0] == micros(2024, 5, 31, 12)
    assert read_date("301200", micros(2024, 1, 31), "UTC")[0] == micros(2024, 3, 30, 12)


def test_a_year_of_two_digits_above_68_is_of_the_last_century_and_a_past_moment_is_told() -> None:
    assert read_date("6901010000", NOW, "UTC")[0] == micros(1969, 1, 1)
    when, remark = read_date("6801010000", NOW, "UTC")
    assert (when, remark) == (micros(2068, 1, 1), "")
    assert "passed" in read_date("202301010000", NOW, "UTC")[1]


def test_a_time_that_the_clocks_skip_or_that_comes_twice_is_read_as_the_c_library_does_and_told() -> None:
    skipped, remark = read_date("202403310230", NOW, "Europe/Berlin")
    assert skipped == micros(2024, 3, 31, 1, 30)
    assert "03:30:00" in remark
    twice, remark = read_date("202410270230", NOW, "Europe/Berlin")
    assert twice == micros(2024, 10, 27, 0, 30)
    assert "twice" in remark


@pytest.mark.parametrize(
    "text",
    ["", "930", "2500", "0960", "0900.60", "002500", "20240230120", "202402301200", "000002301200", "12:00"],
)
def test_other_dates_are_refused(text: str) -> None:
    with pytest.raises(IllegalValue):
        read_date(text, NOW, "UTC")


def test_dates_at_the_end_of_time_are_read_or_refused_and_never_more() -> None:
    with pytest.raises(IllegalValue, match="day and time"):
        read_date("999912312359", NOW, "America/New_York")
    with pytest.raises(IllegalValue, match="9999"):
        write_date(10**18, "UTC")


def test_an_unknown_time_zone_is_refused() -> None:
    for zone in ("No/Where", "../etc", ""):
        with pytest.raises(IllegalValue, match="time zone"):
            read_date("1200", NOW, zone)


def test_a_date_is_written_in_full_and_knows_whether_it_reads_back() -> None:
    assert write_date(NOW, "Europe/Berlin") == ("202403051005.02", True)
    assert write_date(NOW + 1, "UTC") == ("202403050905.03", False)
    first, second = micros(2024, 10, 27, 0, 30), micros(2024, 10, 27, 1, 30)
    assert write_date(first, "Europe/Berlin") == ("202410270230.00", True)
    assert write_date(second, "Europe/Berlin") == ("202410270230.00", False)
