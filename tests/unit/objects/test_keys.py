"""objects/keys.py: which keys can be files, and which files keys."""

import os

import pytest

from headgate.objects.keys import clashing, key_refusal, name_refusal, shown


@pytest.mark.parametrize(
    "key",
    [
        "/etc/passwd",
        "../../etc/passwd",
        "a/../b",
        "..",
        ".",
        "a/./b",
        "a//b",
        "a/",
        "",
        "a\0b",
        "n" * 256,
        "é" * 128,
        ".headgate-sync-1",
        "a/.headgate-sync-/b",
        "\udcff",
    ],
)
def test_a_hostile_key_is_refused_with_a_reason(key: str) -> None:
    assert key_refusal(key)


@pytest.mark.parametrize(
    "key", ["a", "a/b", "...", "..a/b..", "n" * 255, "é" * 127, " ", "a\nb", "-rf", "~", "\\"]
)
def test_an_odd_key_is_none_the_less_a_file(key: str) -> None:
    assert key_refusal(key) == ""


def test_a_name_of_other_bytes_or_with_a_key_too_long_does_not_travel() -> None:
    assert name_refusal(os.fsdecode(b"\xff"), "") == "the name is not UTF-8"
    assert name_refusal("n" * 1024, "") == ""
    assert "1025 bytes" in name_refusal("n" * 1024, "/")


def test_the_key_of_a_file_that_is_a_directory_too_clashes_and_nothing_else_does() -> None:
    assert clashing(["a", "a/b", "a/b/c", "ab", "a-", "d/e"]) == {"a", "a/b"}
    assert clashing([]) == set()


def test_what_is_shown_can_be_sent_whatever_it_was() -> None:
    assert shown("a\udcff") == "a?"
    assert len(shown("x" * 5000)) == 1024
