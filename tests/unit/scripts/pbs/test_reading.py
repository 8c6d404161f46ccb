"""scripts/pbs/reading.py: precedence (spec pbs, 1.2) and places."""

from typing import Any

import pytest

from headgate.core.model import Chunk, JobDependency
from headgate.core.scripts import Script, ScriptError, Submitter
from headgate.scripts.pbs.reading import parse
from headgate.scripts.pbs.words import MOST_OPTIONS

BY = Submitter(now=1_709_629_502_000_000, file="job.sh")


def read(text: str, **by: Any) -> Script:
    return parse(text.encode(), Submitter(now=BY.now, **({"file": "job.sh"} | by)))


def told(script: Script) -> list[tuple[int, int, str]]:
    return [(note.line, note.column, note.text) for note in script.notes]


def refused(text: str | bytes, **by: Any) -> tuple[int, int, str]:
    with pytest.raises(ScriptError) as error:
        parse(text.encode() if isinstance(text, str) else text, Submitter(now=BY.now, **by))
    return error.value.note.line, error.value.note.column, error.value.note.text


def test_of_an_ordinary_option_the_last_counts_and_the_others_are_told() -> None:
    script = read("#PBS -q a -h\n#PBS -q b -h\n#PBS -q b\n")
    assert script.job.queue == "b"
    assert told(script) == [(1, 9, "-q is given again: the last one counts, in line 2.")]


def test_of_a_resource_the_first_counts() -> None:
    script = read("#PBS -l mem=1gb\n#PBS -l mem=2gb\n")
    assert script.task.chunks == (Chunk(memory=1 << 30),)
    assert told(script) == [(2, 9, "-l mem was given before: the first one counts, in line 1.")]


def test_several_attributes_are_kept_and_of_one_the_last() -> None:
    script = read("#PBS -W umask=022,depend=afterok:1,afterany:2\n#PBS -W umask=027\n")
    assert script.task.umask == 0o027
    assert [one.job_id for one in script.job.depends_on] == [1, 2]
    assert told(script) == [(1, 9, "-W umask is given again: the last one counts, in line 2.")]


def test_the_command_wins_over_the_script() -> None:
    text = b"#PBS -q a -l mem=1gb -W umask=022\n"
    script = parse(text, BY, ["-q", "b", "-l", "mem=2gb", "-lmem=3gb", "-W", "umask=027"])
    assert script.job.queue == "b"
    assert script.task.chunks == (Chunk(memory=3 << 30),)
    assert script.task.umask == 0o027
    assert script.notes[0].text == "-q is given again: what is said beside the script counts."


def test_an_error_in_the_command_is_in_line_0_at_the_number_of_the_argument() -> None:
    with pytest.raises(ScriptError) as error:
        parse(b"", BY, ["-h", "-q", "sixteencharacter"])
    assert (error.value.note.line, error.value.note.column) == (0, 3)


def test_attributes_are_split_where_a_name_begins() -> None:
    script = read("#PBS -W stagein=a@h:b,c@h:d,block=true,group_list='x'\n")
    assert script.job.options == {"stagein": "a@h:b,c@h:d", "block": "true"}
    assert script.job.group == "x"
    assert script.job.depends_on == ()
    assert read("#PBS -W 'depend=\"afterok:7\"'\n").job.depends_on == (JobDependency(7),)


@pytest.mark.parametrize(
    ("text", "place", "named"),
    [
        ("#PBS -W speed=1\n", (1, 9), "Undefined Attribute 'speed'"),
        ("#PBS -W umask=022,speed=1\n", (1, 9), "Undefined Attribute 'speed'"),
        ("#PBS -W umask\n", (1, 9), "'umask'"),
        ("#PBS -W umask='0\n", (1, 15), "never closed"),
        ('#PBS -W "umask=\'0"\n', (1, 9), "never closed"),
        ("#PBS -W umask=\n", (1, 9), "illegal -W umask value: it is empty"),
        ("#PBS -q a\n\n#PBS -h -p high\n", (3, 12), "illegal -p value: 'high'"),
        ("#PBS -J 1-5\n#PBS -r n\n", (2, 9), "non-rerunable"),
        ("#PBS -W max_run_subjobs=2\n", (1, 9), "arrays"),
        ("#PBS -I\n", (1, 6), "terminal"),
        ("#PBS -a 2500\n", (1, 9), "illegal -a value"),
    ],
)
def test_errors_have_their_place(text: str, place: tuple[int, int], named: str) -> None:
    line, column, said = refused(text)
    assert (line, column) == place
    assert named in said


def test_a_job_is_named_after_its_file_which_is_held_to_the_rule() -> None:
    assert read("echo").job.name == "job.sh"
    assert read("echo", file="").job.name == "STDIN"
    assert read("#PBS -N a", file="my job (1).sh").job.name == "a"
    line, column, said = refused("echo", file="my job (1).sh")
    assert (line, column) == (1, 1)
    assert "'my job (1).sh'" in said


def test_line_ends_of_other_systems_are_read_and_told_and_the_script_is_kept_without() -> None:
    script = parse(b"#!/bin/sh\r\n#PBS -N a\r\necho\r\n", BY)
    assert script.job.name == "a"
    assert script.task.script == b"#!/bin/sh\n#PBS -N a\necho\n"
    assert [(note.line, note.column) for note in script.notes] == [(1, 1)]


def test_a_stray_carriage_return_or_a_nul_is_refused_with_its_place() -> None:
    assert refused(b"#PBS -N a\r\r\n")[:2] == (1, 9)
    assert refused(b"#PBS -N a\0\n")[:2] == (1, 10)


def test_a_script_with_a_byte_order_mark_begins_with_a_command_and_that_is_told() -> None:
    script = parse("\ufeff#!/bin/sh\n#PBS -N a\n".encode(), BY)
    assert script.job.name == "job.sh"
    assert [(note.line, note.column) for note in script.notes] == [(2, 1)]


def test_more_options_than_anybody_has_are_refused() -> None:
    flags = "#PBS -" + "h" * MOST_OPTIONS
    assert read(flags).job.holds
    assert "options" in refused(flags + "h")[2]


def test_notes_come_in_the_order_of_the_script() -> None:
    notes = read("#PBS -z\n#PBS -l cput=1\n#PBS -W block=true -k o\necho\n#PBS -h\n").notes
    assert [note.line for note in notes] == [1, 2, 3, 3, 5]
