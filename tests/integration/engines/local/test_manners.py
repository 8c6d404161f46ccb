"""How a job script is started, for real: limits, login shells, private files, scratch folders, output
folders, signals before and at the end, wall times that change.
"""

import os
import signal
import time
from pathlib import Path

import pytest

from headgate.engines.local.linux import descendants
from headgate.ports.engine import Ending, Fault, Key
from tests.integration.engines.local.rig import ROOT, Rig, wait_until, wait_until_gone


async def test_limits_are_those_of_the_run_and_of_no_other(rig: Rig) -> None:
    limits = (("core", 0), ("nofile", 77), ("cpu", 1234), ("fsize", 1 << 20), ("stack", -1))
    show = "ulimit -c -n -t -f; ulimit -Hn"
    (limited, free) = await rig.submit(rig.launch(show, limits=limits), rig.launch("ulimit -n"))
    lines = (await rig.end_of(limited)).output.decode().splitlines()
    assert [line.split()[-1] for line in lines] == ["0", "77", "1234", "1024", "77"]
    assert (await rig.end_of(free)).output != b"77\n"


async def test_a_limited_run_is_like_any_other(rig: Rig) -> None:
    script = "cat; echo out; echo err >&2; kill -TERM $$"
    (rig.work / "in").write_text("in\n")
    ended = await rig.run(script, limits=(("core", 0),), stdin="in", stdout="o", stderr="e")
    assert (ended.ending, ended.signal) == (Ending.SIGNALED, signal.SIGTERM)
    assert ((rig.work / "o").read_text(), (rig.work / "e").read_text()) == ("in\nout\n", "err\n")
    ended = await rig.run("true", limits=(("core", 0),), interpreter=("/missing/one",))
    assert (ended.ending, ended.fault) == (Ending.NOT_STARTABLE, Fault.SCRIPT)
    assert "No such file" in ended.reason


async def test_a_file_grows_no_larger_than_its_limit(rig: Rig) -> None:
    ended = await rig.run("exec head -c 10000 /dev/zero >big", limits=(("fsize", 4096),))
    assert (ended.ending, ended.signal) == (Ending.SIGNALED, signal.SIGXFSZ)
    assert (rig.work / "big").stat().st_size == 4096


async def test_a_login_shell_has_read_its_start_up_file(rig: Rig) -> None:
    (rig.work / ".bash_profile").write_text("export FROM_PROFILE=yes\n")
    home = (("HOME", str(rig.work)),)
    plain = await rig.run("echo $FROM_PROFILE.", environment=home)
    login = await rig.run(
        "echo $FROM_PROFILE.; shopt -q login_shell && echo login", environment=home, login=True,
        shell="/bin/bash", interpreter=(),
    )  # fmt: skip
    other = await rig.run(
        "import os; print(os.environ['FROM_PROFILE'])", environment=home, login=True, shell="/bin/bash",
        interpreter=("/usr/bin/env", "python3"),
    )  # fmt: skip
    assert (plain.output, login.output, other.output) == (b".\n", b"yes.\nlogin\n", b"yes\n")


async def test_private_files_and_scratch_folders_are_gone_afterwards(rig: Rig) -> None:
    script = """cat "$NODES"; stat -c %a "$NODES" "$TMPDIR"
        echo x >"$TMPDIR/x"; mkdir "$TMPDIR/y"; echo "$NODES $TMPDIR" >paths"""
    ended = await rig.run(script, files=(("NODES", b"n1\nn1\n"),), scratch=("TMPDIR",))
    assert ended.output == b"n1\nn1\n600\n700\n"
    for path in (rig.work / "paths").read_text().split():
        wait_until(lambda: not Path(path).parent.exists())  # noqa: B023 - called before the next one


async def test_a_scratch_folder_goes_whatever_its_modes_and_however_deep_it_is(rig: Rig) -> None:
    script = """import os, stat
path = os.environ["TMPDIR"]
print(path)
os.chdir(path)
os.makedirs("read/only"); open("read/only/file", "w").close(); os.symlink("/", "read/only/root")
for mode, name in ((0o500, "read/only"), (0o500, "read"), (0, ".")):
    os.chmod(name, mode)
os.chmod(path, 0o700)
for _ in range(3000):
    os.mkdir("d"); os.chdir("d")
os.chmod(path, 0)
"""
    ended = await rig.run(script, interpreter=("/usr/bin/env", "python3"), scratch=("TMPDIR",))
    assert (ended.ending, ended.exit_code) == (Ending.EXITED, 0)
    folder = Path(ended.output.decode().strip()).parent
    wait_until(lambda: not folder.exists())
    assert Path("/etc").is_dir()


async def test_a_umask_that_takes_everything_does_not_take_the_scratch_folder(rig: Rig) -> None:
    ended = await rig.run(
        'umask; cat "$NODES"; stat -c %a "$NODES" "$TMPDIR"; >mine; stat -c %a mine', umask=0o777,
        files=(("NODES", b"n1\n"),), scratch=("TMPDIR",),
    )  # fmt: skip
    assert ended.output == b"0777\nn1\n600\n700\n0\n"


async def test_what_a_run_that_can_not_start_would_have_had_is_gone_too(rig: Rig) -> None:
    before = set(os.listdir("/tmp"))
    ended = await rig.run("true", scratch=("TMPDIR",), stdout="/missing/folder/out")
    assert ended.fault is Fault.STDOUT
    assert not [
        name
        for name in set(os.listdir("/tmp")) - before
        if name.startswith("headgate-") and name != rig.folder.name
    ]


async def test_a_scratch_folder_outlives_no_killed_worker(rig: Rig) -> None:
    await rig.start('echo "$TMPDIR" >where; touch ready; sleep 60', scratch=("TMPDIR",), ready="ready")
    folder = Path((rig.work / "where").read_text().strip())
    assert folder.is_dir()
    (worker,) = [pid for pid in descendants(rig.note()) if b"headgate-worker" in _name(pid)]
    os.kill(worker, signal.SIGKILL)
    wait_until_gone(worker)
    wait_until(lambda: not folder.parent.exists())


def _name(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/comm").read_bytes()
    except OSError:
        return b""


async def test_output_goes_to_its_own_folder_and_may_be_appended(rig: Rig) -> None:
    output = rig.work / "output"
    output.mkdir()
    output.chmod(0o777)
    for text in ("one", "two"):
        ended = await rig.run(
            f"echo {text}; echo err >&2; pwd",
            output_directory=str(output),
            stdout="o",
            stderr="o",
            append=True,
        )
        assert ended.ending is Ending.EXITED
    assert (output / "o").read_text() == f"one\nerr\n{rig.work}\ntwo\nerr\n{rig.work}\n"
    await rig.run("echo three", output_directory=str(output), stdout="o")
    assert (output / "o").read_text() == "three\n"


async def test_the_umask_holds_for_output_and_files(rig: Rig) -> None:
    await rig.run("touch made; umask", umask=0o077, stdout="out")
    assert {oct((rig.work / name).stat().st_mode & 0o777) for name in ("made", "out")} == {"0o600"}


# ---- signals

TELL = (
    "trap 'echo {0} >>heard' {0}; trap 'echo {1} >>heard; exit 9' {1}; touch ready;"
    " while :; do sleep 0.02; done"
)


async def test_a_warning_comes_before_the_signal_of_the_end(rig: Rig) -> None:
    ended = await rig.run(
        TELL.format("USR1", "XCPU"), wall_time_s=0.8, warning_signal="USR1", warning_after_s=0.4,
        limit_signal="XCPU",
    )  # fmt: skip
    assert (ended.ending, ended.exit_code) == (Ending.WALL_TIME, 9)
    assert (rig.work / "heard").read_text() == "USR1\nXCPU\n"


async def test_both_come_while_server_and_shepherd_are_gone(rig: Rig) -> None:
    key = await rig.start(
        TELL.format("USR1", "XCPU"), wall_time_s=1.2, warning_signal="USR1", warning_after_s=0.8,
        limit_signal="XCPU", ready="ready",
    )  # fmt: skip
    shepherd = rig.note()
    await rig.engine.close()
    os.kill(shepherd, signal.SIGKILL)
    wait_until(lambda: (rig.work / "heard").exists() and "XCPU" in (rig.work / "heard").read_text())
    assert (rig.work / "heard").read_text() == "USR1\nXCPU\n"
    await rig.reopen()
    assert (await rig.end_of(key)).ending is Ending.WALL_TIME


# ---- wall times


async def test_the_wall_time_of_what_runs_can_be_changed(rig: Rig) -> None:
    key = await rig.start("touch ready; sleep 3; echo done", wall_time_s=2.5, ready="ready")
    await rig.engine.allow({key: 30.0, Key(99, 0): 1.0})
    assert (await rig.end_of(key)).output == b"done\n"
    key = await rig.start("touch again; sleep 60", ready="again")
    began = time.monotonic()
    await rig.engine.allow({key: 0.3})
    assert (await rig.end_of(key)).ending is Ending.WALL_TIME
    assert time.monotonic() - began < 10


async def test_the_wall_time_of_what_waits_can_be_changed(rig: Rig) -> None:
    first, second = await rig.submit(
        rig.launch("touch ready; until [ -e go ]; do sleep 0.02; done"),
        rig.launch("sleep 0.6; echo done", wall_time_s=0.2),
    )
    await rig.until((rig.work / "ready").exists)
    await rig.engine.allow({second: None})
    (rig.work / "go").touch()
    assert (await rig.end_of(first)).ending is Ending.EXITED
    assert (await rig.end_of(second)).output == b"done\n"


async def test_a_changed_wall_time_holds_over_the_death_of_the_shepherd_and_is_changed_after_it(
    rig: Rig,
) -> None:
    key = await rig.start("touch ready; sleep 5; echo done", wall_time_s=4.0, ready="ready")
    await rig.engine.allow({key: 4.2})
    shepherd = rig.note()
    await rig.engine.close()
    os.kill(shepherd, signal.SIGKILL)
    wait_until_gone(shepherd)
    await rig.reopen()
    await rig.engine.allow({key: 30.0})
    ended = await rig.end_of(key)
    assert (ended.ending, ended.output) == (Ending.EXITED, b"done\n")


# ---- rights


@pytest.mark.skipif(not ROOT, reason="only root can start tasks under other accounts")
async def test_files_scratch_and_limits_are_the_accounts_own(rig: Rig) -> None:
    script = 'stat -c "%U" "$NODES" "$TMPDIR"; id -un'
    ended = await rig.run(script, files=(("NODES", b""),), scratch=("TMPDIR",), limits=(("nproc", 500),))
    assert ended.output == b"nobody\nnobody\nnobody\n"


@pytest.mark.skipif(not ROOT, reason="only root can start tasks under other accounts")
async def test_a_run_has_the_group_of_its_account(rig: Rig) -> None:
    from msgspec.structs import replace

    assert rig.account is not None
    grouped = replace(rig.account, gid=12345, groups=(12345, 65534))
    ended = await rig.run("id -g; touch made; stat -c %g made", account=grouped)
    assert ended.output == b"12345\n12345\n"
    assert (await rig.run("id -g")).output == b"65534\n"
