"""scripts/pjm/reading.py: what depends on who submits, and when; options are in tests/compliance."""

import pytest
from msgspec.structs import replace

from headgate.core.scripts import Script, ScriptError, Submitter
from headgate.scripts.pjm.reading import MOST_NOTES, is_name, parse

NOW = 1_700_000_000_000_000
BY = Submitter(now=NOW, time_zone="Europe/Berlin")


def read(script: str, by: Submitter = BY) -> Script:
    return parse(script.encode(), by)


def notes(script: Script) -> list[str]:
    return [str(note) for note in script.notes]


@pytest.mark.parametrize(("file", "name"), [("", "STDIN"), ("9.sh", "9.sh"), ("x" * 80, "x" * 63)])
def test_a_job_without_a_name_is_called_as_its_file(file: str, name: str) -> None:
    assert read("echo", replace(BY, file=file)).job.name == name


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        *(("a", True), ("Z.1-_", True), ("a b", True), ("", False), ("1a", False), ("_a", False)),
        *(("ä", False), ("a/b", False), ("a\tb", False), ("a" * 63, True)),
        *(("a" + "ä" * 31, True), ("ab" + "ä" * 31, False)),
    ],
)
def test_a_name_begins_with_a_letter_and_is_short(text: str, fits: bool) -> None:
    assert is_name(text) is fits


@pytest.mark.parametrize(
    ("at", "micros", "told"),
    [
        ("202407011200", 1719828000, False),
        ("202412011200", 1733050800, False),
        # Clocks go back at 3:00 on 27 October: 2:30 is there twice, the first is meant.
        ("202410270230", 1729989000, True),
        # And forward at 2:00 on 31 March: 2:30 is never.
        ("202403310230", 1711848600, True),
    ],
)
def test_a_start_time_is_on_the_clocks_of_the_zone(at: str, micros: int, told: bool) -> None:
    script = read(f"#PJM --at {at}")
    assert script.job.not_before == micros * 10**6
    assert bool([note for note in notes(script) if "twice or not at all" in note]) is told


@pytest.mark.parametrize("at", ["00010101", "19700101", "20231114", "202311142313"])
def test_a_start_time_that_has_passed_is_refused(at: str) -> None:
    with pytest.raises(ScriptError, match=r"PJM 0056: --at .* has passed"):
        read(f"#PJM --at {at}")


def test_the_last_moment_of_the_calendar_is_a_start_time() -> None:
    script = read("#PJM --at 999912312359", replace(BY, time_zone="America/New_York"))
    assert script.job.not_before == 253402318740 * 10**6


def test_minus_x_of_the_script_wins_over_the_submitters() -> None:
    by = replace(BY, variables={"A": "1", "B": "2", "SLURM_JOB_ID": "3", "BASH_FUNC_f%%": "() {", "LD_X": ""})
    script = read("#PJM -x A=0,PJM_JOBID=9,C=3 -X", by)
    assert script.environment == {"A": "0", "B": "2", "C": "3"}
    assert notes(script) == [
        "1:13: -x: PJM_JOBID is set by the system alone",
        "1:29: -X does not pass on BASH_FUNC_f%%, LD_X, SLURM_JOB_ID",
    ]


def test_nothing_is_passed_without_minus_x() -> None:
    script = read("echo", replace(BY, variables={"A": "1", "LANG": "C", "TZ": "UTC"}))
    assert script.environment == {}
    assert script.job.submit_variables == {"LANG": "C", "TZ": "UTC"}


def test_more_notes_than_anybody_reads_are_counted() -> None:
    script = read("\n".join(f"#PJM -N a{number}" for number in range(MOST_NOTES + 6)))
    assert len(script.notes) == MOST_NOTES + 1
    assert script.notes[-1].text == "and 5 more of the like"
    assert [note.line for note in script.notes] == sorted(note.line for note in script.notes)


def test_the_script_is_kept_as_it_came() -> None:
    assert read("#PJM -j\r\necho\r\n").task.script == b"#PJM -j\necho\n"
    assert read("").task.script == b""


def test_a_nul_is_refused_with_its_place() -> None:
    with pytest.raises(ScriptError) as refused:
        read("#PJM -j\na\0")
    assert (refused.value.note.line, refused.value.note.column) == (2, 2)


def test_minus_e_beside_minus_j_is_told() -> None:
    script = read("#PJM -j -e x")
    assert (script.task.join, script.task.stderr) == ("oe", "x")
    assert notes(script) == ["1:12: -e does nothing beside -j"]


def test_of_several_ranges_of_a_bulk_job_the_last_counts() -> None:
    script = read("#PJM --bulk --sparam 0-1\n#PJM --sparam 3-4")
    assert (script.task.start_value, script.task.end_value) == (3, 4)
    assert notes(script) == ["2:15: --sparam is said again: this one counts, not that of line 1"]
