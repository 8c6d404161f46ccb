"""Names of output files."""

import pytest

from headgate.scripts.slurm.patterns import Names, file_name, foreign

ELEMENT = Names(job_id=64, index=12, node="vm.example.org", user="root", name="j.sh")
ALONE = Names(job_id=65, node="vm", user="root", name="nm")


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        # As Slurm 22.05.8 named them, but for %j of an element, which has a number of its own there.
        ("a%A_%3a_%J_%N_%n_%s_%t_%u_%x_%%", "a64_012_64_12_vm_0_batch_0_root_j.sh_%"),
        ("%q_%12a.out", "%q_0000000012.out"),
        ("%5j_%03j", "00064_12_064_12"),
        ("%b", "2"),
        ("%5x_%3u_%%j_%", "j.sh_root_%j_%"),
    ],
)
def test_symbols_of_an_element_are_replaced(pattern: str, name: str) -> None:
    assert file_name(pattern, ELEMENT) == name


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("p%j-%a-%A-%3x.out", "p65-4294967294-65-nm.out"),
        ("z%10j", "z0000000065"),
        ("e%15j", "e0000000065"),
        ("one\\%j", "one%j"),
        ("lit\\\\%j.out", "lit\\%j.out"),
    ],
)
def test_symbols_outside_of_an_array_are_replaced(pattern: str, name: str) -> None:
    assert file_name(pattern, ALONE) == name


@pytest.mark.parametrize(
    ("path", "flavour", "array", "pattern", "lossy"),
    [
        ("out.txt", "pbs", False, "out.txt", False),
        ("100%.^array_index^", "pbs", True, "100%%.%a", False),
        ("%n.%j.out", "pjm", False, "%x.%j.out", False),
        ("%n.%j.%b", "pjm", True, "%x.%A.%a", False),
        ("%J", "pjm", True, "%A[%a]", False),
        ("%s.out", "pjm", False, ".out", True),
        ("out***.txt", "", True, "out%3a.txt", False),
        ("out*.txt", "", False, "out*.txt", False),
        ("C:\\out", "", False, "C:\\\\out", False),
        ("C:\\out*", "", True, "C:\\\\out%a", True),
    ],
)
def test_paths_of_other_flavours_are_said_in_its_terms(
    path: str, flavour: str, array: bool, pattern: str, lossy: bool
) -> None:
    text, lost = foreign(path, flavour, array=array)
    assert text == pattern
    assert bool(lost) is lossy


def test_a_foreign_path_names_the_same_file() -> None:
    for path in ("100%", "a%%b", "%j", "b\\c%d"):
        assert file_name(foreign(path, "pbs", array=False)[0], ALONE) == path
