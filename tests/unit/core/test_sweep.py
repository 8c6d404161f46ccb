"""core/sweep.py: counting, values and substitution (spec hpcpack-model, sections 6.2 and 6.3)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.model import TaskSpec
from headgate.core.sweep import (
    index_count,
    index_of,
    instance_count,
    instance_spec,
    instance_with,
    substitute,
    value,
)
from headgate.core.vocabulary import TaskType

INT32 = st.integers(-(2**31), 2**31 - 1)


@pytest.mark.parametrize(
    ("start", "end", "increment", "count"),
    [
        (1, 3, 1, 3),
        (1, 9, 2, 5),
        (1, 10, 2, 5),
        (5, 5, 1, 1),
        (5, 4, 1, 0),
        (1, 9, 0, 0),
        (1, 9, -1, 0),
        (-3, 3, 3, 3),
        (1, 1_000_000, 1, 1_000_000),
        (-(2**31), 2**31 - 1, 1, 2**32),
    ],
)
def test_the_number_of_instances(start: int, end: int, increment: int, count: int) -> None:
    assert instance_count(start, end, increment) == count


@given(INT32, INT32, st.integers(1, 2**31 - 1))
def test_the_last_value_is_the_last_that_fits(start: int, end: int, increment: int) -> None:
    count = instance_count(start, end, increment)
    if count:
        assert value(start, increment, 1) == start
        assert value(start, increment, count) <= end < value(start, increment, count + 1)
    else:
        assert end < start


@pytest.mark.parametrize(
    ("written", "number", "becomes"),
    [  # the examples of section 6.3
        ("f*.txt", 5, "f5.txt"),
        ("f***.txt", 5, "f005.txt"),
        ("2^*3=*", 5, "2*3=5"),
        ("a^^b", 5, "a^b"),
        ("a^b", 5, "a^b"),
        ("**", 1234, "1234"),
        # and what follows from them
        ("", 5, ""),
        ("^", 5, "^"),
        ("a^", 5, "a^"),
        ("^**", 5, "*5"),
        ("^^*", 5, "^5"),
        ("^^^*", 5, "^*"),
        ("*^*", 5, "5*"),
        ("***", -5, "0-5"),
        ("*", -12, "-12"),
        ("* * **", 7, "7 7 07"),
        ("Δ*", 7, "Δ7"),
    ],
)
def test_substitution(written: str, number: int, becomes: str) -> None:
    assert substitute(written, number) == becomes


def by_hand(text: str, number: int) -> str:
    """The table of section 6.3 read character by character."""
    out, at = "", 0
    while at < len(text):
        if text[at] == "^" and text[at + 1 : at + 2] in ("*", "^"):
            out, at = out + text[at + 1], at + 2
        elif text[at] == "*":
            end = at
            while text[end : end + 1] == "*":
                end += 1
            out, at = out + str(number).rjust(end - at, "0"), end
        else:
            out, at = out + text[at], at + 1
    return out


@given(st.text("*^ab0-"), INT32)
def test_substitution_is_the_published_table(text: str, number: int) -> None:
    assert substitute(text, number) == by_hand(text, number)


@given(st.text(), INT32)
def test_an_escaped_text_comes_back_as_it_was(text: str, number: int) -> None:
    escaped = text.replace("^", "^^").replace("*", "^*")
    assert substitute(escaped, number) == text


def test_long_texts_take_linear_time() -> None:
    started = time.process_time()
    assert substitute("^" * 1_000_001 + "*" * 1_000_000, 1).endswith("1")
    assert time.process_time() - started < 2


def test_an_instance_gets_the_value_in_every_text_that_takes_it() -> None:
    master = TaskSpec(
        type=TaskType.PARAMETRIC_SWEEP,
        start_value=10,
        end_value=30,
        increment=10,
        name="s*",
        command_line="echo *",
        work_directory="/d/*",
        stdin="i*",
        stdout="o*",
        stderr="e*",
        user_blob="*",
    )
    second = instance_spec(master, 2)
    assert (second.name, second.command_line, second.work_directory) == ("s20", "echo 20", "/d/20")
    assert (second.stdin, second.stdout, second.stderr, second.user_blob) == ("i20", "o20", "e20", "*")


def test_only_sweeps_have_values() -> None:
    service = TaskSpec(type=TaskType.SERVICE, command_line="echo *")
    assert instance_spec(service, 3) is service


def test_an_instance_without_anything_to_fill_in_is_its_master() -> None:
    master = TaskSpec(type=TaskType.PARAMETRIC_SWEEP, end_value=3, command_line="true")
    assert instance_spec(master, 2) is master


# ---- index sets

SETS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), min_size=1, max_size=20)


@given(SETS)
def test_an_index_set_is_its_indices_in_order(made: list[tuple[int, int]]) -> None:
    parts: list[str] = []
    indices: list[int] = []
    last = -1
    for gap, more in made:
        first = last + 1 + gap
        last = first + more
        parts.append(str(first) if first == last else f"{first}-{last}")
        indices += range(first, last + 1)
    spec = TaskSpec(type=TaskType.PARAMETRIC_SWEEP, index_set=",".join(parts))
    assert index_count(spec.index_set) == len(indices)
    assert [index_of(spec, n) for n in range(1, len(indices) + 1)] == indices
    for index in range(last + 3):
        expected = indices.index(index) + 1 if index in indices else None
        assert instance_with(spec, index) == expected


@pytest.mark.parametrize("text", ["", ",", "2,1", "3,3", "5-4", "1-3,3", "x", "1 2", "-3", "1:2", "１"])
def test_what_is_no_index_set_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"neither|ascend"):
        index_count(text)


def test_an_index_set_costs_as_much_as_its_text() -> None:
    began = time.perf_counter()
    assert index_count("0-999999999") == 1_000_000_000
    assert time.perf_counter() - began < 1
    with pytest.raises(ValueError, match="more than 65536"):
        index_count("1," * 40000)


def test_the_instance_of_a_value_in_a_range() -> None:
    spec = TaskSpec(type=TaskType.PARAMETRIC_SWEEP, start_value=-3, end_value=7, increment=5)
    assert [instance_with(spec, value) for value in (-3, 2, 7, 12, 3, -8)] == [1, 2, 3, None, None, None]


def test_a_script_gets_no_values() -> None:
    spec = TaskSpec(type=TaskType.PARAMETRIC_SWEEP, start_value=1, end_value=3, stdout="*", script=b"echo *")
    assert instance_spec(spec, 2) is spec
