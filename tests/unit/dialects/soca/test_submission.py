"""dialects/soca/submission.py: spec soca, 4.1."""

import pytest

from headgate.core.errors import NotPermitted, QueueReason, QueueRefused
from headgate.core.launch import OsAccount
from headgate.dialects.soca import submission
from headgate.dialects.soca.errors import Failure
from headgate.dialects.soca.submission import Desk

ADA = OsAccount("ada", 1000, 1000, "/home/ada", shell="/bin/zsh")
DESK = Desk(account=ADA, home="/home/ada", now=0, time_zone="UTC", host="login1", suffix="Ab12Cd34Ef")


def test_a_job_gets_a_directory_named_after_it() -> None:
    script = submission.submitted(b"#PBS -N my job\ntrue\n", {}, DESK)
    assert script.job.submit_directory == "/home/ada/soca_job_output/myjob_Ab12Cd34Ef"
    assert script.job.script_file == "job_submit_Ab12Cd34Ef.sh"
    assert script.task.work_directory == ""


def test_a_job_without_a_name_is_called_as_its_file() -> None:
    script = submission.submitted(b"true\n", {}, DESK)
    assert script.job.name == "job_submit_Ab12Cd34Ef.sh"
    assert script.job.submit_directory == "/home/ada/soca_job_output/_Ab12Cd34Ef"


def test_another_home_is_where_jobs_start() -> None:
    desk = Desk(account=ADA, home="/data/home/ada", now=0, time_zone="UTC", host="h", suffix="R")
    script = submission.submitted(b"true\n", {}, desk)
    assert script.job.submit_directory == "/data/home/ada/soca_job_output/_R"
    assert script.task.work_directory == "/data/home/ada"


def test_the_environment_is_the_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_SECRET", "x")
    script = submission.submitted(b"#PBS -V\ntrue\n", {}, DESK)
    assert script.environment == {
        "HOME": "/home/ada",
        "LOGNAME": "ada",
        "USER": "ada",
        "SHELL": "/bin/zsh",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
    }


def test_fields_win_over_directives_and_are_no_directives() -> None:
    text = b"#PBS -N a -q low -l walltime=5 -v X=1\ntrue\n"
    fields = {
        "job_name": "b",
        "queue": "high",
        "project": "p",
        "resources": "walltime=00:01:00",
        "env": "X=2,Y=3",
        "depend": "afterok:7",
    }
    script = submission.submitted(text, fields, DESK)
    assert (script.job.name, script.job.queue, script.job.project) == ("b", "high", "p")
    assert script.job.runtime_s == 60
    assert script.environment == {"X": "2", "Y": "3"}
    assert [one.job_id for one in script.job.depends_on] == [7]
    assert script.task.script == text


@pytest.mark.parametrize("field", submission.ARGUMENTS)
@pytest.mark.parametrize("value", ["x\n#PBS -h", "x\r", "x\0"])
def test_a_field_with_a_line_end_is_refused(field: str, value: str) -> None:
    with pytest.raises(Failure) as caught:
        submission.submitted(b"true\n", {field: value}, DESK)
    assert caught.value.code == "CLIENT_INVALID_PARAMETER"


@pytest.mark.parametrize(
    ("path", "directory"),
    [("/home/ada", "/home/ada"), ("/home/ada//run/", "/home/ada/run"), ("/home/ada/a b", "/home/ada/a b")],
)
def test_a_path_in_the_home_is_submitted_from(path: str, directory: str) -> None:
    script = submission.submitted(b"true\n", {"input_file_path": path}, DESK)
    assert script.job.submit_directory == directory


@pytest.mark.parametrize(
    "path", ["run", "../x", "/home/ada/../ben", "/home/ada/./x", "/home/adam", "/", "/etc", "/home/ada/a\nb"]
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(Failure, match="input_file_path"):
        submission.submitted(b"true\n", {"input_file_path": path}, DESK)


def test_an_account_without_a_home_has_nothing_to_submit_from() -> None:
    desk = Desk(account=ADA, home="/", now=0, time_zone="UTC", host="h", suffix="R")
    with pytest.raises(Failure, match="input_file_path"):
        submission.submitted(b"true\n", {"input_file_path": "/etc"}, desk)


def test_a_directive_that_is_none_is_told_with_its_place() -> None:
    with pytest.raises(Failure) as caught:
        submission.submitted(b"#!/bin/sh\n#PBS -l ami_id=x\n", {}, DESK)
    error = caught.value
    assert error.code == "QSUB_DIRECTIVE"
    assert error.body is not None
    assert error.body["stderr"].startswith("qsub: ")
    assert "instance_ami is meant" in error.body["stderr"]
    assert error.body["job_script"] == "#!/bin/sh\n#PBS -l ami_id=x\n"
    (fault,) = error.more["faults"]
    assert (fault["line"], fault["column"]) == (2, 9)


def test_a_field_that_cant_be_is_named_and_not_a_line_of_the_script() -> None:
    fields = {"job_name": "ok", "queue": "high -N x"}
    with pytest.raises(Failure) as caught:
        submission.submitted(b"true\n", fields, DESK)
    error = caught.value
    assert error.body is not None
    assert error.body["stderr"].startswith("qsub: queue: illegal -q value: 'high -N x'")
    (fault,) = error.more["faults"]
    assert fault["field"] == "queue"
    assert "line" not in fault


def test_a_remark_on_a_field_names_the_field() -> None:
    text = b"#PBS -N a -l scratch_size=5\ntrue\n"
    script = submission.submitted(text, {"job_name": "b", "resources": "root_size=50"}, DESK)
    said = sorted(note.told for note in script.notes)
    assert any(one.startswith("resources: root_size") for one in said)
    assert any(one.startswith("Line 1, column 14: scratch_size") for one in said)
    assert any(one.startswith("Line 1, column 9: -N is given again: what") for one in said)


def test_a_first_line_that_cant_be_run_is_told() -> None:
    with pytest.raises(Failure) as caught:
        submission.submitted(b"#!/bin/sh 'x\ntrue\n", {}, DESK)
    assert caught.value.code == "QSUB_DIRECTIVE"


def test_a_queues_refusal_is_qsubs_and_says_which_limit() -> None:
    error = QueueRefused(
        "walltime is too long", reason=QueueReason.LIMIT, queue="q", name="walltime", asked="2", allowed="1"
    )
    failure = submission.refused(error, b"true\n")
    assert failure.code == "QUEUE_LIMIT"
    assert failure.more == {"queue": "q", "name": "walltime", "asked": "2", "allowed": "1"}
    assert failure.body is not None
    assert failure.body["stderr"] == (
        "qsub: Job violates queue and/or server resource limits: walltime is too long\n"
    )


def test_nobody_to_run_it_as_is_told() -> None:
    failure = submission.impossible(NotPermitted("no account"), b"true\n")
    assert failure.body == {
        "error": "Unable to run Qsub command.",
        "trace": "no account",
        "job_script": "true\n",
    }
