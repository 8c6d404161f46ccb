"""objects/comparing.py: what is the same, and the cheapest question that decides it."""

import pytest

from headgate.objects.comparing import (
    SMALL,
    Facts,
    Local,
    Remote,
    Step,
    mtime_of,
    mtime_text,
    next_step,
    plain_md5,
)

MD5 = "9dd4e461268c8034f5c8564e155c67a6"
OTHER = "0" * 32
PARTS = f'"{MD5}-3"'
S = 1_000_000_000
LARGE = SMALL + 1


def test_another_size_is_copied_without_any_question() -> None:
    assert next_step(Local(1, 0), Remote(2, MD5, 0)) is Step.COPY


def test_a_small_file_is_read_before_the_store_is_asked() -> None:
    local, remote = Local(1, 5 * S), Remote(1, f'"{MD5.upper()}"', 9 * S)
    assert next_step(local, remote) is Step.SUM
    assert next_step(local, remote, md5=MD5) is Step.SAME
    assert next_step(local, remote, md5=OTHER) is Step.ASK
    assert next_step(local, remote, md5=OTHER, facts=Facts(5 * S, opaque=False)) is Step.COPY


def test_of_a_large_file_the_time_is_asked_first_and_only_another_time_makes_it_be_read() -> None:
    local, remote = Local(LARGE, 5 * S), Remote(LARGE, MD5, 9 * S)
    assert next_step(local, remote) is Step.ASK
    assert next_step(local, remote, facts=Facts(6 * S, opaque=False)) is Step.SAME
    assert next_step(local, remote, facts=Facts(6 * S + 1, opaque=False)) is Step.SUM
    assert next_step(local, remote, facts=Facts(9 * S, opaque=False), md5=MD5) is Step.SET_TIME
    assert next_step(local, remote, facts=Facts(9 * S, opaque=False), md5=OTHER) is Step.COPY


@pytest.mark.parametrize("size", [1, LARGE])
def test_where_there_is_no_checksum_the_time_decides(size: int) -> None:
    local = Local(size, 5 * S)
    assert next_step(local, Remote(size, PARTS, 0)) is Step.ASK
    for etag, opaque in ((PARTS, False), ("", False), (MD5, True)):
        remote = Remote(size, etag, 0)
        assert next_step(local, remote, facts=Facts(4 * S, opaque=opaque), md5=OTHER) is Step.SAME
        assert next_step(local, remote, facts=Facts(3 * S, opaque=opaque), md5=OTHER) is Step.COPY


@pytest.mark.parametrize("etag", ["", '"', PARTS, MD5[1:], f"{MD5}0", f"g{MD5[1:]}", f"{MD5}\n"])
def test_an_etag_that_is_no_md5_is_none(etag: str) -> None:
    assert plain_md5(etag) == ""


@pytest.mark.parametrize("ns", [0, 1, 1_600_000_000_123_456_789, 4_000_000_000 * S])
def test_a_time_is_read_as_it_was_written(ns: int) -> None:
    assert mtime_of(mtime_text(ns), -1) == ns


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "-1", "1e30", "253402300800"])
def test_what_is_no_time_is_not_taken_for_one(text: str) -> None:
    assert mtime_of(text, 7) == 7


def test_nothing_is_older_than_1970() -> None:
    assert mtime_text(-5) == "0.000000000"
    assert mtime_of("1600000000.5", 0) == 1_600_000_000_500_000_000
