"""Scripts that are read: errors with their place, notes, and what contradicts."""

import pytest

from headgate.core.scripts import Script, ScriptError, Submitter
from headgate.core.vocabulary import HoldKind, Sharing, TaskType
from headgate.scripts.slurm import FLAVOUR

BY = Submitter(
    now=1_800_000_000_000_000,
    time_zone="Europe/Berlin",
    file="run.sh",
    directory="/home/u",
    host="login",
    variables={
        "EDITOR": "vi",
        "LANG": "C",
        "LD_PRELOAD": "/x.so",
        "SLURM_JOB_ID": "3",
        "BASH_FUNC_f%%": "() {",
    },
)


def read(*directives: str) -> Script:
    return FLAVOUR.parse("\n".join(["#!/bin/bash", *(f"#SBATCH {d}" for d in directives), ""]).encode(), BY)


def notes(*directives: str) -> list[str]:
    return [str(note) for note in read("--export=NONE", *directives).notes]


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        (b"", (1, 1), "begins with #!"),
        (b"echo\n", (1, 1), "begins with #!"),
        (b"\xef\xbb\xbf#!/bin/sh\n", (1, 1), "begins with #!"),
        (b"#!/bin/sh\n#SBATCH -N\0\n", (2, 11), "NUL"),
        (b"#!/bin/sh\n#SBATCH -J \xff\n", (2, 12), "0xFF is not UTF-8"),
        (b"#!/bin/sh\n#SBATCH -J 'a\n", (2, 12), "quote ' is not closed"),
        (b"#!/bin/sh\n#SBATCH\t-t5\t-Q x\n", (2, 16), "x is no option"),
        ("#!/bin/sh\n#SBATCH -J é --time=x\n".encode(), (2, 14), "--time=x"),
        (b"#!/bin/sh\n#SBATCH -N2 : -N3\n", (2, 13), "heterogeneous"),
        (b"#!/bin/sh\n\n# c\n#SBATCH hetjob\n", (4, 9), "heterogeneous"),
        (b"#!/bin/sh\n#SBATCH --mem=1G\n#SBATCH --mem-per-cpu=2G\n", (3, 9), "excludes --mem"),
        (b"#!/bin/sh\n#SBATCH --ntasks-per-gpu=1 --gpus-per-task=1\n", (2, 9), "excludes --gpus-per-task"),
        (b"#!/bin/sh\n#SBATCH -S 1 --thread-spec=1\n", (2, 14), "excludes --core-spec"),
        (b"#!/bin/sh\n#SBATCH --time=5 --time-min=6\n", (2, 18), "more than --time"),
        (b"#!/bin/sh\n#SBATCH --nodelist=/etc/hosts\n", (2, 9), "file"),
        (b"#!/bin/sh\n#SBATCH --exclude=./hosts\n", (2, 9), "file"),
        (b"#!/bin/sh\n#SBATCH -p ,\n", (2, 12), "names no partition"),
        (b"#!/bin/sh\n#SBATCH -L ,\n", (2, 12), "names no licence"),
        (b"#!/bin/sh\n#SBATCH --deadline=never\n", (2, 9), "a time is"),
        (b"#!/bin/sh\n#SBATCH -t 5 -- -N2\n", (2, 17), "-N2 is no option"),
        (b"#!/bin/sh\n#SBATCH --nodefile=hosts\n", (2, 9), "--nodelist"),
        (b"#!/bin/sh\n#SBATCH -d afterok:1,after:2?afterany:3\n", (2, 12), "only one separator"),
        (b"#!/bin/sh\n#SBATCH -d afterok:1+5\n", (2, 12), "only after may have"),
        (b"#!/bin/sh\n#SBATCH -n 4000000 -c 2147483647 --mem-per-cpu=1T\n", (2, 12), "any cluster"),
        (b"#!/bin/sh\n" + b"#SBATCH -v\n" * 10001, (10002, 9), "more than 10000 options"),
    ],
)
def test_an_error_names_the_place_and_what_is_wrong(text: bytes, place: tuple[int, int], words: str) -> None:
    with pytest.raises(ScriptError) as caught:
        FLAVOUR.parse(text, BY)
    assert (caught.value.note.line, caught.value.note.column) == place
    assert words in caught.value.note.text


def test_directives_behind_the_first_command_are_comments() -> None:
    script = FLAVOUR.parse(b"#!/bin/sh\nset -e\n#SBATCH --nonsense\n", BY)
    assert script.task.chunks == ()


def test_an_indented_directive_is_a_comment() -> None:
    assert FLAVOUR.parse(b"#!/bin/sh\n  #SBATCH --nonsense\n#SBATCH -J x\n", BY).job.name == "x"


def test_line_ends_of_another_system_are_mended_with_a_note() -> None:
    script = FLAVOUR.parse(b"#!/bin/sh\r\n#SBATCH -J x\r\n", BY)
    assert script.job.name == "x"
    assert script.task.script == b"#!/bin/sh\n#SBATCH -J x\n"
    assert "CR LF" in script.notes[0].text


def test_directives_of_other_systems_are_noted() -> None:
    script = FLAVOUR.parse(b"#!/bin/sh\n#PBS -N x\n", BY)
    assert script.job.name == "run.sh"
    assert [note.line for note in script.notes if "#PBS" in note.text] == [2]


def test_a_script_without_a_file_is_named_after_the_command() -> None:
    assert FLAVOUR.parse(b"#!/bin/sh\n", Submitter(now=0)).job.name == "sbatch"


def test_of_options_given_twice_the_last_counts_with_a_note() -> None:
    assert read("-J a", "-J b").job.name == "b"
    assert notes("-J a", "-J b") == [
        "4:12: --job-name is given more than once (on line 3 too): the last one counts"
    ]
    assert notes("-J a", "-J a") == []


@pytest.mark.parametrize(
    ("directives", "rerunnable"),
    [(["--requeue", "--no-requeue"], False), (["--no-requeue", "--requeue"], True), ([], True)],
)
def test_of_opposites_the_last_counts(directives: list[str], rerunnable: bool) -> None:
    assert read(*directives).task.rerunnable is rerunnable


def test_exclusive_and_shared_nodes_take_turns() -> None:
    assert read("--exclusive=user", "-s").task.sharing is Sharing.SHARED
    assert read("--exclusive=user", "-s").job.options == {}
    assert read("-s", "--exclusive").task.sharing is Sharing.EXCLUSIVE


def test_kinds_of_mail_add_up() -> None:
    job = read("--mail-type=BEGIN", "--mail-type=FAIL").job
    assert (job.notify_on_start, job.notify_on_completion, job.notify_on_failure) == (True, False, True)


def test_how_it_ends_and_who_holds_it() -> None:
    job = read("-H").job
    assert (job.stop_signal, job.stop_grace_s, job.holds) == ("TERM", 30.0, (HoldKind.USER,))


def test_an_array_is_a_sweep() -> None:
    task = read("-a 0-15:4%2").task
    assert task.type is TaskType.PARAMETRIC_SWEEP
    assert (task.start_value, task.end_value, task.increment, task.max_running) == (0, 15, 4, 2)
    listed = read("-a 7-9,1,3,3").task
    assert (listed.index_set, listed.start_value, listed.end_value) == ("1,3,7-9", 1, 5)


@pytest.mark.parametrize(
    ("export", "environment"),
    [
        ("", {"EDITOR": "vi", "LANG": "C"}),
        ("--export=ALL", {"EDITOR": "vi", "LANG": "C"}),
        ("--export=NONE", {}),
        ("--export=NIL", {}),
        ("--export=EDITOR,ARG1=test,MISSING", {"EDITOR": "vi", "ARG1": "test"}),
        ("--export=ALL,EDITOR=/bin/emacs", {"EDITOR": "/bin/emacs", "LANG": "C"}),
        ("--export=\"A='x,y'\"", {"A": "'x,y'"}),
        ("--export=SLURM_X=1", {"SLURM_X": "1"}),
    ],
)
def test_the_variables_are_those_that_were_asked_for(export: str, environment: dict[str, str]) -> None:
    assert read(export).environment == environment


def test_variables_that_could_change_the_shell_stay_behind_with_one_note() -> None:
    texts = [note.text for note in read().notes]
    assert texts == ["variables that are not passed on to a job: LD_PRELOAD, SLURM_JOB_ID, BASH_FUNC_f%%"]


def test_priority_is_lowered_by_nice() -> None:
    assert read("--nice").job.priority == 1900
    assert read("--nice=-500").job.priority == 2500
    lowest = read("--nice=5000")
    assert lowest.job.priority == 0
    assert lowest.job.options == {"nice": "5000"}


def test_what_is_decided_is_noted() -> None:
    assert notes("-N2-4 -n8") == ["3:9: the fewest nodes that will do, 2, are taken"]
    assert notes("-n8 --mem=8G") == [
        "3:13: the number of nodes is not said: the memory of a node is divided among the 8 ranks"
    ]
    assert notes("--signal=USR1") == [
        "3:9: USR1 goes to all processes of the job here, the batch shell among them"
    ]
    assert notes("--signal=B:USR1") == []
    assert notes("--input=in.%j") == ["3:9: --input=in.%j: symbols with % are not replaced here"]
