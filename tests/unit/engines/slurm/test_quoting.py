"""engines/slurm/quoting.py: any text as a word of bash."""

import pytest

from headgate.engines.slurm.quoting import quoted, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain/path-1.2", b"plain/path-1.2"),
        ("", b"''"),
        ("two words", b"'two words'"),
        ('$HOME `x` "y"', b"'$HOME `x` \"y\"'"),
        ("it's", rb"$'it\047s'"),
        ("a\\b", rb"$'a\134b'"),
        ("a\r\nb7", rb"$'a\015\012b7'"),
        ("ü", "'ü'".encode()),
        ("\udcff", b"'\xff'"),
        ("nul\0", b"$'nul'"),
    ],
)
def test_a_text_is_one_word_without_control_characters(text: str, expected: bytes) -> None:
    assert quoted(text) == expected


def test_words_stand_in_a_row() -> None:
    assert words(["a b", "c"]) == b"'a b' c"
