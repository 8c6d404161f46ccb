"""scripts/pjm/quantities.py. Spec pjm, section 3.2."""

import pytest

from headgate.scripts.pjm.quantities import (
    ANY_UNITS,
    MEMORY_UNITS,
    MIB,
    SIZE_UNITS,
    Bad,
    read_amount,
    read_count,
    read_time,
    write_amount,
    write_time,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("0", 0),
        ("60:00", 3600),
        ("1:2:3", 3723),
        ("0:0:90", 90),
        ("300m", 18000),
        ("2H", 7200),
        ("1h1m1s", 3661),
        ("5S", 5),
        ("1h5s", 3605),
        ("unlimited", None),
        ("2147483647", 2147483647),
    ],
)
def test_a_bare_time_is_seconds_and_fields_may_exceed_59(text: str, seconds: int | None) -> None:
    assert read_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", ":", "1:", ":1", "1 m", "1m1h", "-1", "1.5", "UNLIMITED", "٣", "9" * 5000]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(Bad) as bad:
        read_time(text)
    assert bad.value.number == "0003"


@pytest.mark.parametrize("text", ["2147483648", "596523h15m", "99999999999999999:00"])
def test_a_time_beyond_the_upper_bound_is_refused(text: str) -> None:
    with pytest.raises(Bad) as bad:
        read_time(text)
    assert bad.value.number == "0057"


@pytest.mark.parametrize(("seconds", "text"), [(0, "00:00:00"), (5410, "01:30:10"), (360000, "100:00:00")])
def test_a_time_is_written_with_its_seconds(seconds: int, text: str) -> None:
    assert write_time(seconds) == text
    assert read_time(text) == seconds


@pytest.mark.parametrize(
    ("text", "amount"),
    [("1", MIB), ("1Ki", 1024), ("2Gi", 2 << 30), ("1Ti", 1 << 40), ("1Pi", 1 << 50), ("unlimited", None)],
)
def test_bare_memory_is_mebibytes(text: str, amount: int | None) -> None:
    assert read_amount(text, MEMORY_UNITS) == amount


@pytest.mark.parametrize(("text", "amount"), [("1", 10**6), ("3K", 3000), ("2G", 2 * 10**9), ("1T", 10**12)])
def test_a_bare_size_is_megabytes_of_1000(text: str, amount: int) -> None:
    assert read_amount(text, SIZE_UNITS) == amount


@pytest.mark.parametrize("text", ["", "Gi", "1gi", "1GB", "1B", "1.5Gi", "-1", "1 Gi", "1K", "1G"])
def test_what_is_no_memory_is_refused(text: str) -> None:
    with pytest.raises(Bad) as bad:
        read_amount(text, MEMORY_UNITS)
    assert bad.value.number == "0003"


def test_limits_of_memory_take_both_families() -> None:
    assert read_amount("1K", ANY_UNITS) == 1000
    assert read_amount("1Ki", ANY_UNITS) == 1024
    assert read_amount("1", ANY_UNITS) == MIB


def test_the_upper_bound_is_of_the_unit() -> None:
    assert read_amount("2147483647Pi", MEMORY_UNITS) == 2147483647 << 50
    with pytest.raises(Bad):
        read_amount("2147483648Ki", MEMORY_UNITS)


@pytest.mark.parametrize(
    ("amount", "text", "exact"),
    [
        (0, "0", True),
        (1 << 30, "1Gi", True),
        (1536 * MIB, "1536Mi", True),
        (1025, "2Ki", False),
        # Too many KiB for the upper bound: the next larger unit holds it.
        (3 * (1 << 41) + 1, "6291457Mi", False),
        (1 << 62, "4096Pi", True),
        ((2147483647 << 50) + 1, "unlimited", False),
    ],
)
def test_memory_is_written_exactly_or_rounded_up(amount: int, text: str, exact: bool) -> None:
    written = write_amount(amount, MEMORY_UNITS)
    assert written == (text, exact)
    read = read_amount(written[0], MEMORY_UNITS)
    assert read is None or read >= amount


def test_a_number_may_be_unlimited_where_that_is_said() -> None:
    assert read_count("unlimited") is None
    assert read_count("7") == 7
