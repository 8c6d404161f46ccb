"""dialects/soca/naming.py: spec soca, 4.1 step 4."""

import pytest

from headgate.dialects.soca.naming import with_legal_names


@pytest.mark.parametrize(
    ("script", "made"),
    [
        (b"#PBS -N My Super-Job.v2\necho", b"#PBS -N MySuper-Job.v2\necho"),
        (b"#PBS -N a -q high\n", b"#PBS -N a -q high\n"),
        (b"#PBS -N a b -q high\n", b"#PBS -N ab -q high\n"),
        (b"#PBS -q high -N 'a/b'\n", b"#PBS -q high -N ab\n"),
        (b"#PBS -VN a;b\n", b"#PBS -VN ab\n"),
        (b"#PBS -Px/y -q low\n", b"#PBS -Pxy -q low\n"),
        (b"#PBS -P a+b\n", b"#PBS -P ab\n"),
        (b"#!/bin/sh\n#PBS -N $(id)\n#PBS -N x`y`\n", b"#!/bin/sh\n#PBS -N id\n#PBS -N xy\n"),
        (b"#PBS -N \xc3\xa9t\xc3\xa9 -j oe\r\ntrue\r\n", b"#PBS -N t -j oe\r\ntrue\r\n"),
        (b"#PBS -N my job\r\ntrue\r\n", b"#PBS -N myjob\r\ntrue\r\n"),
    ],
)
def test_only_the_value_of_a_name_changes(script: bytes, made: bytes) -> None:
    assert with_legal_names(script) == made


@pytest.mark.parametrize(
    "script",
    [
        b"",
        b"echo '#PBS -N a/b'\n#PBS -N a/b\n",  # a directive too late is none
        b"#PBS -P ///\n",  # nothing would be left
        b"#PBS -N\n",
        b"#PBS -N 'a b\n",  # the quote is never closed
        b"#PBS -Y a/b\n",
        b"#PBS -A a/b -l x=1\n",  # other values are none of ours
        b"#PBS -N a\\\n b c\n",  # over two lines
        b"\xff\n#PBS -N a b\n",
    ],
)
def test_what_is_no_name_or_cant_be_understood_stays(script: bytes) -> None:
    assert with_legal_names(script) == script
