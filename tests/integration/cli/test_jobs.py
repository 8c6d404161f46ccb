"""`headgate job` and `node`, from login to the last line of output."""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from headgate.testing.server import Server
from tests.integration.cli.conftest import Command


def test_a_sweep_is_submitted_waited_for_and_read(headgate: Command) -> None:
    words = ["--name", "sweep", "--sweep", "1-5:2", "--workdir", "/", "--env", "WHO=me", "--wait"]
    job = headgate("job", "submit", *words, "--", "echo value * for $WHO").stdout.strip()
    assert headgate("job", "logs", job).stdout.splitlines() == [
        f"==> {job}.1.1 <==",
        "value 1 for me",
        f"==> {job}.1.2 <==",
        "value 3 for me",
        f"==> {job}.1.3 <==",
        "value 5 for me",
    ]
    assert headgate("job", "logs", f"{job}.1.2").stdout == "value 3 for me\n"
    shown = headgate("job", "show", job).stdout
    assert "State:" in shown
    listed = headgate("job", "list", "--mine").stdout
    assert f"{job}\tsweep\tada\tfinished" in listed


def test_one_word_is_a_line_for_the_shell(headgate: Command) -> None:
    job = headgate("job", "submit", "--workdir", "/", "--wait", "--", "echo $((6*7)); pwd").stdout.strip()
    assert headgate("job", "logs", job).stdout == "42\n/\n"
    assert headgate("job", "logs", f"{job}.1").stdout == "42\n/\n"


def test_a_script_file_runs_with_its_own_interpreter(headgate: Command, script: Path) -> None:
    job = headgate("job", "submit", "--workdir", "/", "--wait", str(script)).stdout.strip()
    assert headgate("job", "logs", job).stdout == "from a script:\n"


def test_a_job_that_fails_ends_the_command_with_1(headgate: Command) -> None:
    done = headgate("job", "submit", "--workdir", "/", "--wait", "--", "exit 3", check=False)
    assert done.returncode == 1
    job = done.stdout.strip()
    assert f"job {job} failed" in done.stderr
    assert f"{job}.1\t\tbasic\tfailed\t3" in headgate("job", "show", job).stdout


def test_a_job_that_fails_says_why_its_first_failed_task_did_and_where_its_output_is(
    headgate: Command,
) -> None:
    why = "The command of the task ended with exit code 3."
    words = ["--workdir", "/", "--sweep", "1-3", "--wait", "--"]
    done = headgate("job", "submit", *words, "test * -lt 2 || exit 3", check=False)
    job = done.stdout.strip()
    assert done.stderr.splitlines() == [
        f"headgate: job {job} failed: Task {job}.1 failed.",
        f"headgate: task {job}.1.2, exit code 3: {why}",
        f"headgate: its output: headgate job logs {job}.1.2",
    ]
    assert headgate("job", "watch", job, check=False).stderr == done.stderr
    shown = headgate("job", "show", job).stdout
    assert f"First failed: {job}.1.2, exit code 3: {why}\n" in shown
    assert f"Its output:   headgate job logs {job}.1.2\n" in shown


def test_a_failed_script_tells_the_files_that_its_output_is_in(headgate: Command, script: Path) -> None:
    # Folders of pytest are closed to the account of the user.
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        script.write_text(f"#PBS -o {folder}/out -e {folder}/\necho no >&2\nexit 4\n")
        done = headgate("job", "submit", "--workdir", "/", "--wait", str(script), check=False)
        files = done.stderr.splitlines()[-1].removeprefix("headgate: its output: ")
        output, error = map(Path, files.split(", "))
        job = done.stdout.strip()
        assert (output, output.read_text()) == (Path(folder) / "out", "")
        assert error.read_text() == "no\n"
        for place in (job, f"{job}.1"):
            logs = headgate("job", "logs", place)
            assert (logs.stdout, logs.stderr) == ("", f"headgate: task {job}.1 writes to {output}, {error}\n")


def test_a_task_that_could_not_start_has_no_output_and_says_why(headgate: Command) -> None:
    words = ["--workdir", "/nonexistent", "--sweep", "1-2", "--wait", "--", "true"]
    done = headgate("job", "submit", *words, check=False)
    job = done.stdout.strip()
    assert len(done.stderr.splitlines()) == 2
    assert done.stderr.splitlines()[1].startswith(f"headgate: task {job}.1.1: The work directory")


def test_a_command_that_was_killed_is_not_said_to_have_ended_by_itself(headgate: Command) -> None:
    done = headgate("job", "submit", "--workdir", "/", "--wait", "--", "kill -9 $$", check=False)
    assert "ended with exit code 9 (killed by SIGKILL)." in done.stderr


def test_logs_say_when_no_more_was_kept(headgate: Command) -> None:
    job = headgate("job", "submit", "--workdir", "/", "--wait", "--", "seq 20000").stdout.strip()
    logs = headgate("job", "logs", job)
    assert len(logs.stdout) in (65536, 65537)
    assert logs.stderr.startswith(f"headgate: task {job}.1: no more of it was kept")
    job = headgate("job", "submit", "--workdir", "/", "--wait", "--", "seq 200").stdout.strip()
    assert headgate("job", "logs", job).stderr == ""


def test_logs_of_a_task_that_is_none_are_refused(headgate: Command) -> None:
    job = headgate("job", "submit", "--workdir", "/", "--wait", "--", "true").stdout.strip()
    for place in (f"{job}.7", f"{job}.7.1"):
        done = headgate("job", "logs", place, check=False)
        assert (done.returncode, done.stderr) == (1, f"headgate: there is no task {job}.7\n")


def test_a_job_that_was_never_valid_says_that_alone(headgate: Command) -> None:
    done = headgate(
        "job", "submit", "--workdir", "/", "--wait", "--node", "nowhere", "--", "true", check=False
    )
    assert len(done.stderr.splitlines()) == 1
    assert "nowhere" in done.stderr


def test_a_job_is_cancelled_watched_and_requeued(headgate: Command) -> None:
    job = headgate("job", "submit", "--workdir", "/", "--", "sleep 60").stdout.strip()
    _until(headgate, job, "running")
    headgate("job", "cancel", job, "--message", "enough", "--force")
    watched = headgate("job", "watch", job, check=False)
    assert watched.returncode == 1
    assert "canceled" in watched.stdout
    assert "enough" in headgate("job", "show", job).stdout
    headgate("job", "requeue", job)
    _until(headgate, job, "running")
    headgate("job", "cancel", job, "--force")


def _until(headgate: Command, job: str, state: str) -> None:
    until = time.monotonic() + 20
    while f"State:        {state}" not in (shown := headgate("job", "show", job).stdout):
        assert time.monotonic() < until, shown
        time.sleep(0.1)


def test_what_the_server_refuses_is_one_line_and_exit_status_1(headgate: Command) -> None:
    done = headgate("job", "show", "999999", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("headgate: ")
    assert len(done.stderr.splitlines()) == 1


def test_wrong_usage_is_exit_status_2(headgate: Command) -> None:
    for words in (
        ["job", "submit"],
        ["job", "submit", "--sweep", "x", "--", "true"],
        ["job", "logs", "1.2.3.4"],
    ):
        assert headgate(*words, check=False).returncode == 2


def test_a_server_that_is_not_there_is_exit_status_3(server: Server) -> None:
    server.environment["HEADGATE_TOKEN"] = "x"
    try:
        done = server.command("job", "list", "--url", "http://127.0.0.1:1", check=False)
    finally:
        del server.environment["HEADGATE_TOKEN"]
    assert done.returncode == 3
    assert "127.0.0.1:1" in done.stderr


def test_nodes_are_listed_and_operators_take_them_offline(server: Server, headgate: Command) -> None:
    name = headgate("node", "list").stdout.split("\t")[0]
    assert headgate("node", "offline", name, check=False).returncode == 1
    with server.http(("olga", "engine")) as client:
        token = client.post("/v1/tokens").json()["token"]
    server.environment["HEADGATE_TOKEN"] = token
    try:
        headgate("node", "offline", name)
        assert "offline" in headgate("node", "list").stdout or "draining" in headgate("node", "list").stdout
        headgate("node", "online", name)
        assert "\tonline\t" in headgate("node", "list").stdout
    finally:
        del server.environment["HEADGATE_TOKEN"]


def test_the_token_file_is_ones_own_and_logging_out_ends_the_token(server: Server) -> None:
    file = Path(server.environment["XDG_CONFIG_HOME"]) / "headgate" / "servers.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "engine" not in file.read_text()
    server.command("logout")
    assert "not logged in" in server.command("job", "list", check=False).stderr
    server.command("login", "--url", server.url, "--user", "ada", "--password-stdin", stdin="engine\n")
    server.command("job", "list")


def test_a_wrong_password_is_refused(server: Server) -> None:
    login = ["login", "--url", server.url, "--user", "ada", "--password-stdin"]
    assert server.command(*login, stdin="wrong\n", check=False).returncode == 1
