"""scripts/pjm/paths.py. Spec pjm, sections 8.2 and 10.2."""

import pytest

from headgate.scripts.pjm.paths import fill, in_file_name, translated


def test_letters_that_are_not_defined_expand_to_nothing() -> None:
    assert fill("%j-%b%z.%n%", {"j": "7", "n": "a"}) == "7-.a%"


@pytest.mark.parametrize(
    ("name", "expected"), [("run", "run"), ("9x", "J9x"), ("a/b\n", "a_b_"), ("x" * 70, "x" * 63), ("", "")]
)
def test_a_name_is_made_fit_for_a_file(name: str, expected: str) -> None:
    assert in_file_name(name) == expected


@pytest.mark.parametrize(
    ("flavour", "path", "sweep", "expected", "lost"),
    [
        ("pjm", "%j%z", False, "%j%z", ()),
        ("slurm", "%x-%j.out", False, "%n-%j.out", ()),
        ("slurm", "%x-%A_%a.out", True, "%n-%j_%b.out", ()),
        ("slurm", "%j", True, "%J", ()),
        ("slurm", "%N.%4t%%", False, ".", ("%N", "%4t", "%%")),
        ("pbs", "o.^array_index^", True, "o.%b", ()),
        ("pbs", "100%", False, "100", ("%",)),
        ("", "out.*", True, "out.%b", ()),
        ("", "%CCP_JOBID%/$HOME/^*", False, "//*", ("%CCP_JOBID%", "$HOME")),
        ("other", "%x", False, "%x", ()),
    ],
)
def test_marks_of_other_flavours_become_ours_or_are_lost(
    flavour: str, path: str, sweep: bool, expected: str, lost: tuple[str, ...]
) -> None:
    assert translated(path, flavour, sweep=sweep) == (expected, lost)
