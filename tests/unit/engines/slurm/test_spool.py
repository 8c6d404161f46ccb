"""engines/slurm/spool.py: what a record says."""

import pytest

from headgate.engines.slurm.spool import Record, parse
from headgate.ports.engine import Fault

BEGAN = "began 1000000 12 n1 2(x2) n[1-2]\n"
KILLED = "slurm_script: line 170: 99 Killed                  HG_child 3< <(...)\n"


def test_a_record_that_has_begun_says_where_and_when() -> None:
    assert parse(BEGAN) == Record(began_at=1000000, job=12, node="n1", cores="2(x2)", nodes="n[1-2]")


@pytest.mark.parametrize(
    ("lines", "code", "signal"),
    [
        ("exit 2000000 0\n", 0, None),
        ("exit 2000000 137\n", 137, None),
        (f"{KILLED}exit 2000000 137\n", None, 9),
        ("[1]+  Interrupt               HG_child 3< <(...)\nexit 2000000 130\n", None, 2),
    ],
)
def test_an_exit_code_is_told_from_a_signal(lines: str, code: int | None, signal: int | None) -> None:
    record = parse(f"{BEGAN}{lines}end\n")
    assert record is not None
    assert (record.whole, record.ended_at, record.code, record.signal) == (True, 2000000, code, signal)


def test_a_fault_has_its_kind_and_reason() -> None:
    record = parse(f"{BEGAN}fault 2000000 stdout The stdout file x can't be opened.\nend\n")
    assert record is not None
    assert (record.fault, record.reason) == (Fault.STDOUT, "The stdout file x can't be opened.")


def test_the_end_of_the_wall_time_is_noted() -> None:
    record = parse(f"{BEGAN}over\n{KILLED}exit 3000000 137\nend\n")
    assert record is not None
    assert record.over


@pytest.mark.parametrize("text", ["", "began", "began 1 2", "exit 1 0\nend\n", "\0\0\0", "end\n"])
def test_what_has_no_beginning_is_no_record(text: str) -> None:
    assert parse(text) is None


def test_every_piece_of_a_record_is_understood_and_only_all_of_it_is_whole() -> None:
    text = f"{BEGAN}{KILLED}exit 2000000 137\nend\n"
    for length in range(len(text)):
        record = parse(text[:length])
        assert (record is None) == (length < len(BEGAN))
        assert record is None or not record.whole
