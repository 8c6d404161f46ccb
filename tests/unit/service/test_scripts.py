"""service/scripts.py: a text and who submits it become a job to create."""

import pytest

from headgate.core.errors import BadProperty
from headgate.core.launch import OsAccount
from headgate.core.model import Job, JobSpec, Run, Task, TaskSpec
from headgate.core.scripts import Note, Script, ScriptError, Submitter
from headgate.core.vocabulary import TaskType
from headgate.service.scripts import Scripts, new_job
from headgate.testing.clock import TestClock
from tests.unit.dispatcher.flavour import Tiny


class Curious(Tiny):
    """Keeps who submitted."""

    by: Submitter | None = None

    def parse(self, text: bytes, by: Submitter) -> Script:
        self.by = by
        return super().parse(text, by)


@pytest.fixture
def tiny() -> Curious:
    return Curious()


@pytest.fixture
def scripts(tiny: Curious) -> Scripts:
    return Scripts({"tiny": tiny}, TestClock(), time_zone="Asia/Tokyo")


def test_a_script_is_read_with_the_servers_time_and_zone(scripts: Scripts, tiny: Curious) -> None:
    read = scripts.read(b"#T x\n", "tiny", file="job.sh", directory="/d", host="h", variables={"A": "1"})
    assert (read.job.name, read.job.submit_directory) == ("job.sh", "/d")
    assert tiny.by is not None
    assert (tiny.by.now, tiny.by.time_zone) == (TestClock().now(), "Asia/Tokyo")
    assert (tiny.by.host, dict(tiny.by.variables)) == ("h", {"A": "1"})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"#!/bin/sh\n# hello\n\n  #T a\n", "tiny"),
        (b"#Ta\n", "tiny"),
        (b"echo\n#T a\n", ""),
        (b"#t a\n# T a\n", ""),
        (b": no-op\n#T a", "tiny"),
        (b"", ""),
        (b"\xff\xfe\n#T a\n", ""),
    ],
)
def test_the_flavour_is_told_by_the_first_directive(scripts: Scripts, text: bytes, name: str) -> None:
    assert scripts.guess(text) == name


def test_a_flavour_or_a_folder_that_is_none_is_refused(scripts: Scripts) -> None:
    with pytest.raises(BadProperty, match="there are: tiny"):
        scripts.read(b"", "klingon")
    for folder in ("relative", "/a\0b"):
        with pytest.raises(BadProperty, match="absolute"):
            scripts.read(b"", "tiny", directory=folder)


def test_what_no_variable_of_a_job_can_hold_is_refused_of_the_submitter_too(scripts: Scripts) -> None:
    for refused in ({"file": "a\0"}, {"host": "\0"}, {"variables": {"HOME": "x\0"}}):
        with pytest.raises(BadProperty, match="NUL"):
            scripts.read(b"", "tiny", **refused)
    with pytest.raises(BadProperty, match="longer than"):
        scripts.read(b"", "tiny", variables={"PATH": "x" * 200_000})


def test_a_first_line_that_can_not_be_split_is_refused_with_its_place(scripts: Scripts) -> None:
    with pytest.raises(ScriptError) as refused:
        scripts.read(b"#!/bin/sh 'open\n", "tiny")
    assert refused.value.note.line == 1
    with pytest.raises(ScriptError):
        scripts.read(b"#T oops\n", "tiny")


def test_the_notes_of_a_script_are_warnings_of_its_job() -> None:
    script = Script(
        job=JobSpec(name="j"),
        task=TaskSpec(script=b"true"),
        environment={"A": ""},
        notes=(Note(3, 7, "does nothing"),),
    )
    made = new_job(script)
    assert made.warnings == ("Line 3, column 7: does nothing",)
    assert made.environment == {"A": ""}


ACCOUNT = OsAccount(name="ada", uid=1000, gid=1000, home="/home/ada")


@pytest.mark.parametrize(
    ("spec", "files"),
    [
        (TaskSpec(), ("", "")),
        (TaskSpec(stdout="o"), ("/home/ada/o", "")),
        (TaskSpec(stdout="o", work_directory="w", join="oe"), ("/home/ada/w/o", "/home/ada/w/o")),
        (TaskSpec(stderr="e", work_directory="/w", join="eo"), ("/w/e", "/w/e")),
        (TaskSpec(stdout="/a/b", stderr="c"), ("/a/b", "/home/ada/c")),
    ],
)
def test_a_task_writes_to_the_files_it_names(
    scripts: Scripts, spec: TaskSpec, files: tuple[str, str]
) -> None:
    task = Task(job_id=7, number=1, spec=spec)
    assert scripts.streams(Job(id=7), task, 0, Run(), ACCOUNT) == files


def test_an_instance_writes_to_files_of_its_own(scripts: Scripts) -> None:
    spec = TaskSpec(type=TaskType.PARAMETRIC_SWEEP, start_value=5, end_value=9, stdout="o.*")
    task = Task(job_id=7, number=1, spec=spec)
    assert scripts.streams(Job(id=7), task, 2, Run(), None) == ("~/o.6", "")


def test_a_script_writes_where_its_flavour_says(scripts: Scripts) -> None:
    spec = TaskSpec(type=TaskType.PARAMETRIC_SWEEP, start_value=5, end_value=9)
    job = Job(id=7, spec=JobSpec(flavour="tiny", submit_directory="sub"))
    task = Task(job_id=7, number=1, spec=spec)
    assert scripts.streams(job, task, 2, Run(), ACCOUNT) == ("/home/ada/sub/out.7.6", "/home/ada/sub/out.7.6")
