"""scripts/pbs/words.py."""

import pytest

from headgate.core.scripts import ScriptError
from headgate.scripts.pbs.words import (
    MOST_OPTIONS,
    MOST_WORDS,
    IllegalValue,
    Word,
    options,
    part,
    parts,
    quoted,
    scan,
    split,
    unquoted,
    writable,
)


def texts(script: bytes) -> list[str]:
    return [directive.text for directive in scan(script)[0]]


def words(line: str) -> list[Word]:
    ((directive,), _) = scan(line.encode())
    return split(directive)


def place(error: ScriptError) -> tuple[int, int]:
    return error.note.line, error.note.column


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (b"#PBS -N a\n", [" -N a"]),
        (b" \t #PBS -N a", [" -N a"]),
        (b"#PBS-N a", ["-N a"]),
        (b"#PBS", [""]),
        (b"#pbs -N a\n# PBS -N b\n##PBS -N c\n", []),
        (b"#!/bin/sh\n\n  \n# x\n#PBS -h\n", [" -h"]),
        (b"echo\n#PBS -h\n", []),
        (b"  echo\n#PBS -h\n", []),
        (b": x\n#PBS -h\n", [" -h"]),
        (b" : x\n#PBS -h\n", []),
        (b"#PBS -N \\\na\n#PBS -h\n", [" -N a", " -h"]),
        (b"#PBS -N a\\", [" -N a"]),
        (b"# x \\\n#PBS -h\n", [" -h"]),
    ],
)
def test_directives_stand_before_the_first_command(script: bytes, found: list[str]) -> None:
    assert texts(script) == found


def test_a_late_directive_is_told_with_its_place_and_how_many_follow() -> None:
    (note,) = scan(b"echo\n\n  #PBS -N a\n#PBS -h\n")[1]
    assert (note.line, note.column) == (3, 3)
    assert "1 more" in note.text
    assert scan(b"echo '#PBS'\n")[1] == ()


def test_a_directive_that_is_not_text_is_refused_at_the_bad_byte_and_a_body_is_not_looked_at() -> None:
    with pytest.raises(ScriptError, match="0xFF") as refused:
        scan(b"#PBS -N \xc3\xa4\xff")
    assert place(refused.value) == (1, 10)
    with pytest.raises(ScriptError, match=r"U\+0007") as refused:
        scan(b"#PBS -N a\\\n \x07")
    assert place(refused.value) == (2, 2)
    assert texts(b"echo \xff\n") == []


def test_too_many_directives_are_refused() -> None:
    assert len(texts(b"#PBS\n" * MOST_OPTIONS)) == MOST_OPTIONS
    with pytest.raises(ScriptError, match="directives"):
        scan(b"#PBS\n" * (MOST_OPTIONS + 1))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("#PBS  a\tb ", [("a", 7), ("b", 9)]),
        ("#PBS 'a b' \"c 'd\"", [("a b", 6), ("c 'd", 12)]),
        (r"#PBS 'a\' \ b\"", [("a\\", 6), (' b"', 11)]),
        ("#PBS a'b'\"c\"d", [("abcd", 6)]),
        ("#PBS ''", [("", 6)]),
        ("#PBS ä 'é' x", [("ä", 6), ("é", 8), ("x", 12)]),
    ],
)
def test_quotes_group_and_words_know_where_they_begin(line: str, found: list[tuple[str, int]]) -> None:
    assert words(line) == [Word(text, 1, column) for text, column in found]


def test_a_word_of_a_continued_line_knows_its_own_line() -> None:
    ((directive,), _) = scan(b"\n#PBS -N \\\n  a -q \\\nb\n")
    assert split(directive) == [Word("-N", 2, 6), Word("a", 3, 3), Word("-q", 3, 5), Word("b", 4, 1)]


@pytest.mark.parametrize(("line", "column"), [("#PBS -N 'a b", 9), ('#PBS a "', 8), ("#PBS 'a'\"b", 9)])
def test_an_unmatched_quote_is_refused_where_it_is(line: str, column: int) -> None:
    with pytest.raises(ScriptError, match="never closed") as refused:
        words(line)
    assert place(refused.value) == (1, column)


def test_a_line_has_so_many_words_and_no_more() -> None:
    assert len(words("#PBS" + " a" * MOST_WORDS)) == MOST_WORDS
    with pytest.raises(ScriptError, match="words"):
        words("#PBS" + " a" * (MOST_WORDS + 1))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("-N a -q high", [("N", "a"), ("q", "high")]),
        ("-Na -lncpus=2", [("N", "a"), ("l", "ncpus=2")]),
        ("-Vh -VN a", [("V", ""), ("h", ""), ("V", ""), ("N", "a")]),
        ("-p -5", [("p", "-5")]),
        ("-N ''", [("N", "")]),
    ],
)
def test_options_are_read_as_getopt_does(line: str, found: list[tuple[str, str]]) -> None:
    assert [(given.letter, given.value.text) for given in options(words(f"#PBS {line}"))] == found


@pytest.mark.parametrize(
    ("line", "column", "text"),
    [
        ("-N a # my job", 11, "directive error: '# my job'"),
        ("foo", 6, "directive error: 'foo'"),
        ("-h -", 9, "directive error"),
        ("-N a -- b", 11, "directive error"),
        ("--version", 6, "directive error"),
        ("-h -N", 9, "-N needs a value"),
        ("-G", 6, "no option -G"),
        ("-hG", 6, "no option -G"),
    ],
)
def test_what_is_no_option_is_refused_at_its_word(line: str, column: int, text: str) -> None:
    with pytest.raises(ScriptError, match=text) as refused:
        list(options(words(f"#PBS {line}")))
    assert place(refused.value) == (1, column)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1,B='x,y'", ["A=1", "B='x,y'"]),
        ("a", ["a"]),
        ("a,,b,", ["a", "", "b", ""]),
        (r"a\,b,c\d", [r"a\,b", r"c\d"]),
        ('a"b\'",c', ['a"b\'"', "c"]),
    ],
)
def test_a_separator_within_quotes_separates_nothing(text: str, found: list[str]) -> None:
    assert parts(text) == found


def test_a_list_with_an_unmatched_quote_or_too_many_items_is_refused() -> None:
    with pytest.raises(IllegalValue, match="never closed"):
        parts("a,'b")
    assert len(parts("," * (MOST_OPTIONS - 1))) == MOST_OPTIONS
    with pytest.raises(IllegalValue, match="items"):
        parts("," * MOST_OPTIONS)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a", "a"),
        ("'x,y'", "x,y"),
        ("a'b'\"c\"", "abc"),
        (r"a\,b\\\'\"", "a,b\\'\""),
        (r"\d", r"\d"),
        ("''", ""),
    ],
)
def test_an_item_loses_its_quotes(text: str, plain: str) -> None:
    assert unquoted(text) == plain


@pytest.mark.parametrize(
    "text", ["a", "", "a b", "'", '"', "a'\"b", "x\\", "a,b:c+d", "ä", "\\'\"\\", '""', "#"]
)
def test_what_is_quoted_reads_back_at_either_level(text: str) -> None:
    assert words(f"#PBS {quoted(text)}")[0].text == text
    for written, separator in ((quoted(text), ","), (part(text), ":"), (part(text), "+")):
        (item,) = parts(written, separator)
        assert unquoted(item) == text
    assert not quoted(text).endswith("\\")


def test_a_directive_can_hold_neither_line_ends_nor_control_characters() -> None:
    assert writable("a ä\t'\"")
    assert not any(writable(text) for text in ("a\nb", "\x00", "\x1b", "\ud800"))
