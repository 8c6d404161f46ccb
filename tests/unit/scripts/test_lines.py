"""scripts/lines.py."""

import pytest

from headgate.core.scripts import ScriptError
from headgate.scripts.lines import LONGEST, body, lines, normal


def test_lines_are_numbered_from_1_and_a_last_one_needs_no_end() -> None:
    assert [(line.number, line.text) for line in lines(b"a\n\nb")] == [(1, b"a"), (2, b""), (3, b"b")]
    assert list(lines(b"")) == []


def test_a_carriage_return_before_a_line_end_is_dropped_and_one_elsewhere_stays() -> None:
    assert normal(b"a\r\nb\rc\r\n\r") == b"a\nb\rc\n"


@pytest.mark.parametrize(
    ("script", "place"), [(b"\0", (1, 1)), (b"a\nb\xc3\xa4\0", (2, 3)), (b"\n\n\n\0\n", (4, 1))]
)
def test_a_nul_is_refused_with_its_place(script: bytes, place: tuple[int, int]) -> None:
    with pytest.raises(ScriptError) as refused:
        normal(script)
    assert (refused.value.note.line, refused.value.note.column) == place


def test_a_script_that_is_too_long_is_refused() -> None:
    assert len(normal(b"x" * LONGEST)) == LONGEST
    with pytest.raises(ScriptError):
        normal(b"x" * (LONGEST + 1))


def test_a_line_that_is_not_utf_8_is_refused_at_the_bad_byte() -> None:
    (line,) = lines(b"#PBS -N \xc3\xa4\xff")
    with pytest.raises(ScriptError, match="0xFF") as refused:
        line.decoded()
    assert refused.value.note.column == 10


@pytest.mark.parametrize(
    ("script", "shebang", "rest"),
    [
        (b"#!/bin/sh\n#PBS -N x\necho\n", b"#!/bin/sh\n", b"echo\n"),
        (b"#PJM -N x\n#SBATCH -J y\n# a\n\nrun", b"", b"# a\n\nrun"),
        (b"echo\n#PBS -N late\n", b"", b"echo\n#PBS -N late\n"),
        (b"  #PBS -N x\\\n  -q y\nrun\n", b"", b"run\n"),
        (b"#SBATCH -N 1\\\necho\n#PBS -N x\n", b"", b"echo\n#PBS -N x\n"),
        (b": no-op\n#PBS -N x\nrun\n", b"", b": no-op\nrun\n"),
        (b"#!/bin/sh", b"#!/bin/sh\n", b""),
        (b"#PBS -N x", b"", b""),
        (b"", b"", b""),
        (b"\xff\n#PBS\n", b"", b"\xff\n#PBS\n"),
    ],
)
def test_the_body_is_what_is_left_without_directives(script: bytes, shebang: bytes, rest: bytes) -> None:
    assert body(script) == (shebang, rest)
