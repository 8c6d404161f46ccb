"""What a task gets, what it leaves, and how its ending is told."""

import os
from pathlib import Path

import pytest

from headgate.core.launch import CAPTURE_LIMIT, PATH
from headgate.engines.account import own_account
from headgate.ports.engine import Ended, Ending, Fault
from tests.integration.engines.local.rig import Rig


@pytest.mark.parametrize("code", [0, 1, 42, 255])
async def test_an_exit_code_is_told(rig: Rig, code: int) -> None:
    ended = await rig.run(f"exit {code}")
    assert (ended.ending, ended.exit_code, ended.signal) == (Ending.EXITED, code, None)
    assert ended.started_at is not None
    assert ended.started_at <= ended.at
    assert int(ended.native) > 1


@pytest.mark.parametrize("number", [1, 6, 9, 11, 15, 40])
async def test_a_signal_is_told_apart_from_an_exit_code(rig: Rig, number: int) -> None:
    ended = await rig.run(f"kill -{number} $$")
    assert (ended.ending, ended.exit_code, ended.signal) == (Ending.SIGNALED, None, number)


async def test_both_streams_are_captured_in_order(rig: Rig) -> None:
    ended = await rig.run("echo one; echo two >&2; echo three")
    assert ended.output == b"one\ntwo\nthree\n"


async def test_the_script_is_a_bash_script_that_stands_in_no_command_line(rig: Rig) -> None:
    ended = await rig.run("x=secret-$((40 + 2)); tr '\\0' ' ' </proc/$$/cmdline; false || echo \" $x\" | cat")
    assert ended.output == b"/bin/bash /dev/fd/3  secret-42\n"


async def test_the_first_bytes_of_much_output_are_kept(rig: Rig) -> None:
    ended = await rig.run("head -c 70000 /dev/zero | tr '\\0' a; head -c 10000000 /dev/zero | tr '\\0' b")
    assert ended.exit_code == 0
    assert ended.output == b"a" * CAPTURE_LIMIT


async def test_output_may_be_any_bytes(rig: Rig) -> None:
    ended = await rig.run("printf '\\0\\377\\200\\n'; head -c 300 /dev/urandom | tee noise")
    assert ended.output == b"\0\xff\x80\n" + (rig.work / "noise").read_bytes()


async def test_output_is_seen_while_the_task_runs(rig: Rig) -> None:
    key = await rig.start("echo first; sleep 0.7; echo second; until [ -e go ]; do sleep 0.05; done")
    await rig.until(lambda: rig.output.get(key) == b"first\n")
    await rig.until(lambda: rig.output.get(key) == b"first\nsecond\n")
    (rig.work / "go").touch()
    assert (await rig.end_of(key)).output == b"first\nsecond\n"


async def test_both_streams_to_files_leave_nothing_to_capture(rig: Rig) -> None:
    ended = await rig.run("echo out; echo err >&2", stdout="o", stderr="e")
    assert ended.output == b""
    assert (rig.work / "o").read_text() == "out\n"
    assert (rig.work / "e").read_text() == "err\n"


async def test_the_stream_without_a_file_is_captured(rig: Rig) -> None:
    assert (await rig.run("echo out; echo err >&2", stdout="o")).output == b"err\n"
    assert (await rig.run("echo out; echo err >&2", stderr="e")).output == b"out\n"
    assert [(rig.work / name).read_text() for name in "oe"] == ["out\n", "err\n"]


@pytest.mark.parametrize("second", ["both", "./both", "link"])
async def test_one_file_for_both_streams_gets_both_texts(rig: Rig, second: str) -> None:
    (rig.work / "link").symlink_to("both")
    ended = await rig.run("echo out; echo err >&2; echo out", stdout="both", stderr=second)
    assert ended.output == b""
    assert (rig.work / "both").read_text() == "out\nerr\nout\n"


async def test_an_existing_file_is_overwritten_and_input_is_read(rig: Rig) -> None:
    for name, text in (("in", "from a file\n"), ("out", "a much longer text that was there before\n")):
        (rig.work / name).write_text(text)
        (rig.work / name).chmod(0o666)
    await rig.run("cat", stdin="in", stdout="out")
    assert (rig.work / "out").read_text() == "from a file\n"


async def test_without_input_there_is_nothing_to_read(rig: Rig) -> None:
    assert (await rig.run("cat; readlink /proc/$$/fd/0")).output == b"/dev/null\n"


async def test_paths_are_expanded_from_the_variables_of_the_task(rig: Rig) -> None:
    (rig.work / "job 7").mkdir()
    (rig.work / "job 7").chmod(0o777)
    environment = (("CCP_JOBID", "7"), ("CCP_TASKID", "3"))
    ended = await rig.run(
        "pwd; echo err >&2; echo out",
        work_directory=f"{rig.work}/job %CCP_JOBID%",
        stdout="$CCP_JOBID.${CCP_TASKID}.%UNKNOWN%",
        stderr="%CCP_TASKID%$HOME_OF_NOBODY",
        environment=environment,
    )
    assert ended.ending is Ending.EXITED
    assert (rig.work / "job 7" / "7.3.%UNKNOWN%").read_text() == f"{rig.work}/job 7\nout\n"
    assert (rig.work / "job 7" / "3$HOME_OF_NOBODY").read_text() == "err\n"


async def test_the_environment_is_the_accounts_and_the_jobs_and_nothing_else(rig: Rig) -> None:
    variables = (("GREETING", "grüß dich"), ("EMPTY", ""), ("PATH", "/usr/bin:/bin"))
    ended = await rig.run("tr '\\0' '\\n' </proc/$$/environ", environment=variables)
    found = dict(line.split("=", 1) for line in ended.output.decode().splitlines())
    assert found.pop("SHELL")
    assert found.pop("USER") == found.pop("LOGNAME")
    assert Path(found.pop("HOME")).is_absolute()
    assert found == dict(variables)
    assert PATH == "/usr/local/bin:/usr/bin:/bin"


async def test_signals_and_limits_are_the_usual_ones(rig: Rig) -> None:
    ended = await rig.run("grep -E 'Sig(Blk|Ign)' /proc/self/status; ps -o sid= -p $$; echo $$")
    blocked, ignored, session, pid = ended.output.decode().split("\n")[:4]
    assert int(blocked.split()[1], 16) == 0
    # glibc's posix_spawn leaves its two internal signals (32 and 33) ignored.
    assert int(ignored.split()[1], 16) & ~(0b11 << 31) == 0
    assert session.strip() == pid


async def test_the_work_directory_defaults_to_the_home(rig: Rig) -> None:
    if not Path(own_account().home).is_dir():
        pytest.skip("this account has no home")
    ended = await rig.run("pwd -P; echo $HOME", work_directory="")
    where, home = ended.output.decode().splitlines()
    assert Path(where) == Path(home).resolve()


async def test_another_interpreter_reads_the_script(rig: Rig) -> None:
    script = "import sys; print('py', sys.version_info.major)"
    assert (await rig.run(script, interpreter=("/usr/bin/env", "python3", "-I"))).output == b"py 3\n"
    assert (await rig.run("p", interpreter=("sed", "-nf"), stdin="/dev/null")).exit_code == 0


async def test_a_script_may_be_a_megabyte(rig: Rig) -> None:
    script = "x='" + "y" * 1_000_000 + "'\necho ${#x}\n"
    assert (await rig.run(script)).output == b"1000000\n"


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"work_directory": "/nowhere/at/all"}, Fault.WORK_DIRECTORY),
        ({"work_directory": "/etc/passwd"}, Fault.WORK_DIRECTORY),
        ({"work_directory": "/tmp/\0"}, Fault.WORK_DIRECTORY),
        ({"stdin": "missing"}, Fault.STDIN),
        ({"stdout": "missing/out"}, Fault.STDOUT),
        ({"stdout": "/"}, Fault.STDOUT),
        ({"stderr": "missing/err"}, Fault.STDERR),
        ({"stderr": "x" * 300}, Fault.STDERR),
        ({"interpreter": ("/missing/interpreter",)}, Fault.SCRIPT),
        ({"interpreter": ("missing-interpreter",)}, Fault.SCRIPT),
        ({"interpreter": ("/etc/passwd",)}, Fault.SCRIPT),
        ({"environment": (("A", "x" * 3_000_000),)}, Fault.SCRIPT),
        ({"environment": (("A=B", "x"),)}, Fault.SCRIPT),
        ({"environment": (("A", "x\0"),)}, Fault.SCRIPT),
    ],
)
async def test_what_can_not_be_started_says_why_and_the_next_one_runs(
    rig: Rig, more: dict[str, object], fault: Fault
) -> None:
    ended = await rig.run("touch ran", **more)
    assert (ended.ending, ended.fault, ended.started_at) == (Ending.NOT_STARTABLE, fault, None)
    assert ended.reason
    assert not (rig.work / "ran").exists()
    assert (await rig.run("true")).exit_code == 0


async def test_a_pipe_nobody_uses_holds_nothing_up(rig: Rig) -> None:
    os.mkfifo(rig.work / "pipe")
    (rig.work / "pipe").chmod(0o666)
    assert (await rig.run("true", stdout="pipe")).fault is Fault.STDOUT
    assert (await rig.run("cat", stdin="pipe")).exit_code == 0


async def test_items_of_a_lane_run_one_after_another_and_lanes_side_by_side(rig: Rig) -> None:
    one = [rig.launch(f"echo {number} >>one; sleep 0.01") for number in range(40)]
    keys = await rig.submit(*one[:25], lane=1)
    keys += await rig.submit(*one[25:], lane=1)
    (waiting,) = await rig.submit(rig.launch("until [ -e go ]; do sleep 0.02; done"), lane=2)
    (last,) = await rig.submit(rig.launch("touch go"), lane=3)
    for key in (*keys, waiting, last):
        assert (await rig.end_of(key)).exit_code == 0
    assert (rig.work / "one").read_text().split() == [str(number) for number in range(40)]


async def test_many_short_tasks_all_end(rig: Rig) -> None:
    keys = []
    for lane in (1, 2):
        for _ in range(3):
            keys += await rig.submit(*[rig.launch(f"exit {number % 7}") for number in range(32)], lane=lane)
    ends: list[Ended] = [await rig.end_of(key) for key in keys]
    assert [end.exit_code for end in ends] == [key.instance % 7 for key in keys]
