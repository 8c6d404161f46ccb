"""scripts/pjm/words.py. Spec pjm, section 2."""

import pytest

from headgate.core.scripts import ScriptError
from headgate.scripts.pjm.words import LONGEST_IN_ALL, LONGEST_LINE, Words, items, quoted, sayable


def split(line: str, **variables: str) -> list[tuple[str, int]]:
    words = Words()
    words.variables.update(variables)
    return [(word.text, word.place().column) for word in words.of(f"#PJM{line}", 1)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        (" ", []),
        (" -N x", [("-N", 6), ("x", 9)]),
        ("\t-N\tx\t", [("-N", 6), ("x", 9)]),
        (' -L "a b"', [("-L", 6), ("a b", 10)]),
        (" a\"b c\"'d e'f", [("ab cd ef", 6)]),
        (""" "it's" '"'""", [("it's", 7), ('"', 14)]),
        (' ""', [("", 7)]),
        (" -N x # why -N y", [("-N", 6), ("x", 9)]),
        (" a#b '#c'", [("a#b", 6), ("#c", 11)]),
        (r" a\b", [(r"a\b", 6)]),
        (" $HOME `x` *", [("$HOME", 6), ("`x`", 12), ("*", 16)]),
        (" ä -N", [("ä", 6), ("-N", 8)]),
    ],
)
def test_a_line_is_split_at_blanks_outside_quotes(line: str, words: list[tuple[str, int]]) -> None:
    assert split(line) == words


def test_variables_are_replaced_in_quotes_too_and_not_split() -> None:
    assert split(" ${a} '${a}' \"x${a}y\" ${A}", a="1 2") == [
        ("1 2", 6),
        ("1 2", 12),
        ("x1 2y", 19),
        ("${A}", 27),
    ]


def test_a_variable_nobody_set_stays_and_is_told() -> None:
    words = Words()
    assert [word.text for word in words.of("#PJM -x A=${HOME}", 7)] == ["-x", "A=${HOME}"]
    assert [str(note) for note in words.notes] == ["7:11: ${HOME} stays as it is: no --vset defines it"]


def test_a_place_inside_a_word_is_found_behind_quotes_and_variables() -> None:
    words = Words()
    words.variables["v"] = "three"
    (word,) = words.of('#PJM a"b${v}"c', 1)
    assert word.text == "abthreec"
    assert [word.place(offset).column for offset in range(8)] == [6, 8, 9, 9, 9, 9, 9, 14]


@pytest.mark.parametrize(("line", "column"), [(' "x', 6), (" x 'y\" z", 8), (' -N""\'', 10)])
def test_a_quote_that_is_never_closed_is_refused_where_it_opens(line: str, column: int) -> None:
    with pytest.raises(ScriptError, match="PJM 0008") as refused:
        split(line)
    assert refused.value.note.column == column


def test_a_line_has_4096_characters_with_its_end_at_most() -> None:
    fits = " " + "x" * (LONGEST_LINE - 6)
    assert split(fits)
    with pytest.raises(ScriptError, match="PJM 0025: the line has 4097 characters"):
        split(fits + "x")


def test_variables_do_not_make_a_script_without_bounds() -> None:
    words = Words()
    words.variables["v"] = "x" * 4095
    lines = LONGEST_IN_ALL // (len("#PJM -N ${v}") + 2 + 4095)
    for number in range(1, lines + 1):
        assert len(list(words.of("#PJM -N ${v}", number))) == 2
    with pytest.raises(ScriptError, match=f"more than {LONGEST_IN_ALL} characters in all"):
        list(words.of("#PJM -N ${v}", lines + 1))


def listed(text: str, *, whole: bool = False) -> list[tuple[str, str, bool]]:
    (word,) = Words().of(f"#PJM {quoted(text)}", 1)
    return [(item.name, item.value, item.bare) for item in items(word, whole=whole)]


def test_items_are_separated_by_commas_outside_parentheses() -> None:
    assert listed("a=1, b ,c=2(d=3,e=4),f=x=y,") == [
        ("a", "1", False),
        ("b", "", True),
        ("c", "2(d=3,e=4)", False),
        ("f", "x=y", False),
        ("", "", True),
    ]


def test_items_of_variables_keep_their_blanks_and_parentheses() -> None:
    assert listed("A=(1,B= x ", whole=True) == [("A", "(1", False), ("B", " x ", False)]


@pytest.mark.parametrize("text", ["a", "a b", "#a", "", "'", '"', "a'b\"c", "''\"\"", "${v}", "ä", "=", "-x"])
def test_a_word_is_quoted_so_that_it_is_read_as_it_was(text: str) -> None:
    assert [word for word, _ in split(f" {quoted(text)}")] == [text]


@pytest.mark.parametrize(("text", "says"), [("a\nb", False), ("\0", False), ("\udc80", False), ("ä\t", True)])
def test_a_line_end_can_be_in_no_directive(text: str, says: bool) -> None:
    assert sayable(text) is says
