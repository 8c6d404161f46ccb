"""scripts/pjm/directives.py: which lines count, how they are told apart, and what of them lasts."""

import pytest

from headgate.core.scripts import ScriptError
from headgate.scripts.lines import normal
from headgate.scripts.pjm.directives import Directives
from headgate.scripts.pjm.words import MOST_OPTIONS


def said(script: str | bytes) -> Directives:
    return Directives(normal(script.encode() if isinstance(script, str) else script))


def values(script: str) -> dict[str, str]:
    return {key: given.value for key, given in said(script).options.items()}


def notes(script: str) -> list[str]:
    return [str(note) for note in said(script).notes]


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("#PJM -N a\n", "a"),
        ("#!/bin/sh\n\n# comment\n \t\n#PBS -N b\n#PJM -N a\necho\n", "a"),
        ("#PJM\t-N\ta", "a"),
        ("#PJM -N a\r\necho\r\n", "a"),
        ("#PJMX -N b\n#PJM:-N c\n#pjm -N d\n# PJM -N e\n#PJM -N a\n", "a"),
        ("#PJM\n#PJM -N a", "a"),
        ("  # an indented comment\n#PJM -N a\n", "a"),
        ("#PJM -Na", "a"),
        ("#PJM -jNa", "a"),
        ("#PJM --name=a=b", "a=b"),
    ],
)
def test_a_directive_begins_a_line_before_the_first_command(script: str, name: str) -> None:
    assert values(script)["name"] == name


@pytest.mark.parametrize(
    ("script", "note"),
    [
        ("echo\n#PJM -N a\n#PJM -N b\n", "2:1: #PJM behind the first command (line 1) is a comment"),
        ("\n:\n#PJM -N a\n", "3:1: #PJM behind the first command (line 2) is a comment"),
        ("\ufeff#!/bin/sh\n#PJM -N a\n", "2:1: #PJM behind the first command (line 1) is a comment"),
        (" #PJM -N a\n", "1:1: #PJM counts at the begin of a line alone"),
    ],
)
def test_a_directive_that_does_not_count_is_told(script: str, note: str) -> None:
    (text,) = notes(script)
    assert text.startswith(note)
    assert values(script) == {}


def test_the_last_one_of_a_name_counts_and_that_is_told() -> None:
    script = "#PJM -N a --name b -j -j\n#PJM -L rg=x\n#PJM -L rscgrp=y,elapse=1\n#PJM -N b"
    directives = said(script)
    assert directives.options["name"].value == "b"
    assert directives.items["rsc-list"]["rscgrp"].value == "y"
    assert directives.items["rsc-list"]["elapse"].value == "1"
    assert [str(note) for note in directives.notes] == [
        "1:18: --name is said again: this one counts, not that of line 1",
        "3:9: rscgrp is said again: this one counts, not that of line 2",
    ]


def test_vset_counts_from_its_place_on() -> None:
    directives = said("#PJM --comment ${v} --vset v=1 -N a${v}\n#PJM --vset v=2 -o ${v}")
    assert {key: given.value for key, given in directives.options.items()} == {
        "comment": "${v}",
        "name": "a1",
        "out": "2",
    }
    assert [str(note) for note in directives.notes] == ["1:16: ${v} stays as it is: no --vset defines it"]


def test_what_is_kept_is_told_once() -> None:
    assert notes("#PJM -s -s -L freq=1\n#PJM -s -L freq=1\n  #PJM -j\n  #PJM -j") == [
        "1:6: -s is kept, but no statistics are written",
        "1:15: freq is kept as a resource of the site, but no power knob is turned",
        "3:1: #PJM counts at the begin of a line alone: this is a comment, and others like it",
    ]


def test_variables_of_more_than_4095_characters_are_refused() -> None:
    with pytest.raises(ScriptError, match="PJM 0003: --vset has more than 4095 characters"):
        said("#PJM --vset a=" + "x" * 2047 + "\n#PJM --vset b=${a}${a},c=1")


def test_a_line_has_64_options_and_the_rest_is_ignored_with_a_warning() -> None:
    script = "#PJM" + " -j" * (MOST_OPTIONS - 1) + " -N a"
    assert values(script)["name"] == "a"
    assert notes(script) == []
    (note,) = notes(script + " -N b --frobnicate")
    assert note.startswith("1:200: PJM 0024: ")
    assert values(script + " -N b --frobnicate")["name"] == "a"


@pytest.mark.parametrize(("text", "column"), [(b"#PJM -N \xff", 9), (b"#PJM -N \xc3\xa4\xff", 10)])
def test_a_directive_that_is_not_utf_8_is_refused_at_its_byte(text: bytes, column: int) -> None:
    with pytest.raises(ScriptError, match="0xFF") as refused:
        said(text)
    assert (refused.value.note.line, refused.value.note.column) == (1, column)


def test_a_comment_or_body_that_is_not_utf_8_is_nobodys_business() -> None:
    assert said(b"# \xff\n#PJM -j\n\xff\n").options.keys() == {"j"}


def test_one_long_line_is_an_error_only_where_it_is_a_directive() -> None:
    assert said("#PJM -j\n" + "x" * 1_000_000).options.keys() == {"j"}
    with pytest.raises(ScriptError, match="PJM 0025"):
        said("#PJM -N " + "x" * 1_000_000)
