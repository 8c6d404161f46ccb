"""scripts/pbs/variables.py."""

import pytest

from headgate.scripts.pbs.variables import all_of, list_text, read_list
from headgate.scripts.pbs.words import IllegalValue

OURS = {"HOME": "/home/ada", "EDITOR": "ed"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1", {"A": "1"}),
        ("A=1,B='x,y'", {"A": "1", "B": "x,y"}),
        ("A=,B==", {"A": "", "B": "="}),
        ("HOME", {"HOME": "/home/ada"}),
        ("A=1, B=2", {"A": "1", "B": "2"}),
        (r"A=x\,y", {"A": "x,y"}),
        ("A=1,A=2", {"A": "2"}),
        (r"A=C:\d", {"A": r"C:\d"}),
    ],
)
def test_variables_are_read(text: str, found: dict[str, str]) -> None:
    assert read_list(text, OURS) == found
    assert read_list(list_text(found)[0], {}) == found


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("NONE", "NONE is not set"),
        ("1A=2", "'1A'"),
        ("", "''"),
        ("A=1,,B=2", "''"),
        ("=1", "''"),
        ("A='", "closed"),
    ],
)
def test_other_variables_are_refused(text: str, named: str) -> None:
    with pytest.raises(IllegalValue) as refused:
        read_list(text, OURS)
    assert named in refused.value.text


def test_of_all_variables_those_that_change_shells_and_schedulers_are_left() -> None:
    sent = {
        **OURS,
        **dict.fromkeys(("LD_PRELOAD", "BASH_ENV", "ENV", "BASH_FUNC_f%%", "HEADGATE_KEY", "PBS_JOBID"), "x"),
        "BAD NAME": "x",
        "NUL": "\0",
    }
    assert all_of(sent) == (OURS, 8)


def test_what_can_not_be_said_is_named() -> None:
    assert list_text({"A": "a b", "bad name": "1", "B": "x\ny"}) == ('A="a b"', ["bad name", "B"])
    assert list_text({}) == ("", [])
