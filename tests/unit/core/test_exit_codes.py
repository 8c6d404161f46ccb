"""core/exit_codes.py: spec hpcpack-model, section 8."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import BadRequest
from headgate.core.exit_codes import LEAST, MOST, canonical, is_success, parse

INT32 = st.integers(LEAST, MOST)


@pytest.mark.parametrize(
    ("text", "told", "valid", "invalid"),
    [
        ("0", "0", [0], [1, -1]),
        ("0,3", "0,3", [0, 3], [1, 2]),
        ("1..5", "1..5", [1, 3, 5], [0, 6]),
        ("7..3", "3..7", [3, 7], [2, 8]),
        (" 1 , 2 .. 4 ", "1,2..4", [1, 2, 4], [0, 5]),
        ("min..-1", "min..-1", [LEAST, -1], [0]),
        ("MAX..Min", "min..max", [LEAST, 0, MOST], []),
        ("max", "max", [MOST], [0]),
        ("-5..-2,+3", "-5..-2,3", [-5, -2, 3], [-1, 0]),
        ("5,1..6,2", "5,1..6,2", [1, 2, 6], [0, 7]),
        ("007", "7", [7], [0]),
        ("-00000000000000005", "-5", [-5], [5]),
        (f"{LEAST}", "min", [LEAST], [0]),
    ],
)
def test_lists_of_exit_codes(text: str, told: str, valid: list[int], invalid: list[int]) -> None:
    codes = parse(text)
    assert str(codes) == told
    assert [code for code in valid if not codes.contains(code)] == []
    assert [code for code in invalid if codes.contains(code)] == []


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("1,,2", 3),
        ("", 1),
        (",1", 1),
        ("1,", 3),
        ("a", 1),
        ("1..", 1),
        ("..1", 1),
        ("1...2", 1),
        ("1..2..3", 1),
        ("1 2", 1),
        ("1-2", 1),
        ("1,0x10", 3),
        ("1_000", 1),
        ("٣", 1),
        ("2147483648", 1),
        ("-2147483649", 1),
        ("1," + "9" * 10_000, 3),
        ("minimum", 1),
        ("1;2", 1),
    ],
)
def test_anything_else_is_refused_with_its_place(text: str, position: int) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(text)
    assert caught.value.code == "Operation_InvalidExitCodes"
    assert f"at character {position} " in caught.value.text
    assert len(caught.value.text) < 600


def test_an_empty_setting_is_none_and_only_zero_is_success() -> None:
    assert canonical("  ") == ""
    assert is_success("", 0)
    assert not is_success("", 1)
    assert is_success("1", 1)
    assert not is_success("1", 0)


RANGES = st.lists(st.tuples(INT32, INT32).map(sorted), min_size=1, max_size=20)


@given(RANGES, INT32)
def test_contains_is_what_the_ranges_say(ranges: list[list[int]], code: int) -> None:
    codes = parse(",".join(f"{low}..{high}" for low, high in ranges))
    assert codes.contains(code) == any(low <= code <= high for low, high in ranges)
    for low, high in ranges:
        assert codes.contains(low)
        assert codes.contains(high)


@given(RANGES)
def test_the_canonical_text_means_the_same_and_stays_as_it_is(ranges: list[list[int]]) -> None:
    codes = parse(",".join(f"{high}..{low}" for low, high in ranges))
    assert parse(str(codes)) == codes
    assert canonical(str(codes)) == str(codes)


@given(st.text("0123456789.,-+ minaxMX", max_size=40) | st.text(max_size=20))
def test_anything_may_arrive(text: str) -> None:
    code = "Operation_InvalidExitCodes"
    try:
        assert canonical(str(parse(text))) == str(parse(text))
    except BadRequest as error:
        code = error.code
    assert code == "Operation_InvalidExitCodes"
