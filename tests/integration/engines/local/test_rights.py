"""Who a task is, what it can't be, and what it can't do to those that watch it."""

import os
import shutil
import signal
from pathlib import Path

import pytest

from headgate.core.launch import OsAccount
from headgate.engines.local.engine import LocalEngine
from headgate.engines.local.linux import children, process_facts, process_uid
from headgate.ports.engine import Ending, Fault
from tests.integration.engines.local.rig import NOBODY, ROOT, Rig, gone, shepherd_of

as_root = pytest.mark.skipif(not ROOT, reason="only root can start tasks under other accounts")
not_as_root = pytest.mark.skipif(ROOT, reason="root gives every task an account")


def account(uid: int, gid: int = 60000, *groups: int) -> OsAccount:
    return OsAccount(f"user-{uid}", uid, gid, "/tmp", groups)


@as_root
async def test_the_uid_is_dropped_for_good(rig: Rig) -> None:
    script = "grep -E '^(Uid|Gid|Groups|Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)' /proc/$$/status; umask"
    ended = await rig.run(script, account=account(60001, 60002, 60003, 60004), umask=0o027)
    lines = dict(line.split(":") for line in ended.output.decode().splitlines()[:-1])
    assert lines["Uid"].split() == ["60001"] * 4
    assert lines["Gid"].split() == ["60002"] * 4
    assert lines["Groups"].split() == ["60002", "60003", "60004"]
    assert {int(lines[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    assert ended.output.decode().splitlines()[-1] == "0027"


@as_root
async def test_an_account_that_can_not_be_entered_is_told(rig: Rig) -> None:
    ended = await rig.run("true", account=account(60001, 60001, *range(1000, 70000)))
    assert (ended.ending, ended.fault) == (Ending.NOT_STARTABLE, Fault.ACCOUNT)
    assert "can't be entered" in ended.reason
    assert (await rig.run("true")).exit_code == 0


@as_root
async def test_what_has_become_root_in_a_task_ends_with_it_too(rig: Rig) -> None:
    """As with sudo: the worker may not signal it, the shepherd can."""
    python = shutil.which("python3", path="/usr/bin")
    if python is None:
        pytest.skip("there is no /usr/bin/python3 to make a set-uid program of")
    owner = account(62000 + os.getpid() % 3000)
    os.chown(rig.work, owner.uid, owner.gid)
    rig.work.chmod(0o700)  # nobody else may ever get at it
    program = Path(shutil.copy(Path(python).resolve(), rig.work / "powerful"))
    program.chmod(0o4755)
    script = (
        "import os, time; os.setresuid(0, 0, 0); open('pid', 'w').write(str(os.getpid()));"
        " os.rename('pid', 'ready'); time.sleep(600)"
    )
    for forced in (True, False):
        key = await rig.start(f'exec ./powerful -c "{script}"', ready="ready", account=owner)
        assert process_uid(int((rig.work / "ready").read_text())) == 0
        await rig.cancel(key, forced=forced, grace_s=0.2)
        assert (await rig.end_of(key)).ending is Ending.STOPPED
        (rig.work / "ready").unlink()


async def test_files_are_made_with_the_umask_and_the_account(rig: Rig) -> None:
    await rig.run("touch made", stdout="out", umask=0o077)
    for name in ("made", "out"):
        found = (rig.work / name).stat()
        assert found.st_mode & 0o777 == 0o600
        assert found.st_uid == (NOBODY.uid if ROOT else os.getuid())


@as_root
async def test_each_account_has_a_process_of_its_own(rig: Rig) -> None:
    launches = [rig.launch("id -u", account=account(uid)) for uid in (60001, 60002, 60001, 65534)]
    keys = await rig.submit(*launches)
    assert [(await rig.end_of(key)).output for key in keys] == [
        b"60001\n",
        b"60002\n",
        b"60001\n",
        b"65534\n",
    ]


@as_root
@pytest.mark.parametrize("uid", [0, 1, 999, -1, 2**32 - 1, 2**32])
async def test_root_and_system_accounts_are_refused(rig: Rig, uid: int) -> None:
    ended = await rig.run("touch ran", account=account(uid))
    assert (ended.ending, ended.fault) == (Ending.NOT_STARTABLE, Fault.ACCOUNT)
    assert f"user-{uid}" in ended.reason
    assert not (rig.work / "ran").exists()


@as_root
async def test_a_user_whose_name_is_root_is_just_a_user(rig: Rig) -> None:
    assert (await rig.run("id -u", account=OsAccount("root", 60001, 60001, "/tmp"))).output == b"60001\n"
    ended = await rig.run("id -u", account=OsAccount("alice", 0, 60001, "/tmp"))
    assert ended.fault is Fault.ACCOUNT


@as_root
async def test_root_runs_nothing_without_an_account(rig: Rig) -> None:
    ended = await rig.run("true", account=None)
    assert (ended.ending, ended.fault) == (Ending.NOT_STARTABLE, Fault.ACCOUNT)


@not_as_root
async def test_without_root_only_the_own_account_runs(rig: Rig) -> None:
    assert (await rig.run("id -u")).output == b"%d\n" % os.getuid()
    assert (await rig.run("true", account=account(os.getuid() + 1))).fault is Fault.ACCOUNT


async def test_nothing_of_the_servers_environment_reaches_a_task(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = Rig()
    trap = hostile.folder / "trap.sh"
    trap.write_text("echo sprung >&2\n")
    trap.chmod(0o755)
    for name, value in (
        ("HEADGATE_SECRET", "x"),
        ("BASH_ENV", str(trap)),
        ("LD_PRELOAD", str(hostile.folder / "missing.so")),
        ("PYTHONPATH", str(hostile.folder)),
        ("PYTHONSTARTUP", str(trap)),
    ):
        monkeypatch.setenv(name, value)
    try:
        await hostile.engine.open()
        ended = await hostile.run("tr '\\0' '\\n' </proc/$$/environ | cut -d= -f1 | sort | tr '\\n' ' '")
        assert ended.output == b"HOME LOGNAME PATH SHELL USER "
        shepherd = shepherd_of(hostile.directory)
        found = Path(f"/proc/{shepherd}/environ").read_bytes()
        assert b"HEADGATE" not in found
        assert b"PRELOAD" not in found
    finally:
        await hostile.close()


async def test_the_jobs_variables_take_effect_in_the_task_alone(rig: Rig) -> None:
    (rig.work / "env.sh").write_text("echo from BASH_ENV as $(id -u)\n")
    variables = (
        ("LD_PRELOAD", "/nowhere/evil.so"),
        ("BASH_ENV", "env.sh"),
        ("LD_LIBRARY_PATH", str(rig.work)),
    )
    ended = await rig.run("echo ran", environment=variables)
    uid = NOBODY.uid if ROOT else os.getuid()
    text = ended.output.decode()
    assert f"from BASH_ENV as {uid}\n" in text
    assert "evil.so" in text
    for pid in (shepherd_of(rig.directory), *children(shepherd_of(rig.directory))):
        assert "evil.so" not in Path(f"/proc/{pid}/maps").read_text()
        assert b"LD_PRELOAD" not in Path(f"/proc/{pid}/environ").read_bytes()


async def test_a_task_inherits_no_descriptor_but_its_own(rig: Rig) -> None:
    ended = await rig.run("exec ls -l /proc/self/fd")
    lines = ended.output.decode().replace(" (deleted)", "").splitlines()[1:]
    found = {line.split()[-3]: line.split()[-1] for line in lines}
    assert set(found) == {"0", "1", "2", "3", "4"}, "4 is what ls itself has opened"
    assert found["0"] == "/dev/null"
    assert found["3"] == "/memfd:script"


@as_root
async def test_a_task_reaches_neither_worker_nor_directory(rig: Rig) -> None:
    ended = await rig.run(
        "worker=$PPID; cat /proc/$worker/environ; ls /proc/$worker/fd; head -c1 /proc/$worker/mem;"
        f"ls {rig.directory}; cat {rig.directory}/state.json; echo x >/proc/$worker/fd/3;"
        "grep Uid /proc/$worker/status"
    )
    text = ended.output.decode()
    assert text.count("Permission denied") == 6
    assert "Uid:\t65534\t65534\t65534\t65534" in text


@as_root
async def test_the_directory_and_all_in_it_are_roots_alone(rig: Rig) -> None:
    await rig.run("true")
    for path in (rig.directory, *rig.directory.rglob("*")):
        found = path.lstat()
        assert found.st_uid == 0
        assert found.st_mode & 0o077 == 0, path


@as_root
async def test_a_task_that_kills_everything_it_may_harms_only_its_own_account(rig: Rig) -> None:
    # An account of this test alone: what it may kill belongs to it.
    reckless = account(62000 + os.getpid() % 3000)
    shepherd = rig.note()
    other = await rig.start("until [ -e go ]; do sleep 0.02; done; exit 4", lane=2, account=account(60001))
    rig.note()
    keys = await rig.submit(
        rig.launch("true", account=reckless),
        rig.launch("(setsid sleep 600) & echo $! >stray; kill -9 -1; sleep 600", account=reckless),
        rig.launch("echo after", account=reckless),
    )
    first, lost, after = [await rig.end_of(key) for key in keys]
    assert first.exit_code == 0
    assert (lost.ending, lost.fault) == (Ending.LOST, Fault.SUPERVISION)
    assert lost.started_at is not None
    assert after.output == b"after\n"
    assert gone(int((rig.work / "stray").read_text()))
    (rig.work / "go").touch()
    assert (await rig.end_of(other)).exit_code == 4
    assert rig.note() == shepherd


async def test_what_a_killed_worker_leaves_is_killed(rig: Rig) -> None:
    stray = "python3 -c 'import os,time; os.fork() and os._exit(0); os.setsid(); time.sleep(600)'"
    (key, after) = await rig.submit(
        rig.launch(f"{stray}; echo $$ >pid; touch ready; kill -9 $PPID; sleep 600"), rig.launch("echo after")
    )
    ended = await rig.end_of(key)
    assert (ended.ending, ended.fault) == (Ending.LOST, Fault.SUPERVISION)
    assert gone(int((rig.work / "pid").read_text()))
    assert (await rig.end_of(after)).output == b"after\n"
    left = [pid for pid in children(shepherd_of(rig.directory)) if not gone(pid)]
    assert len(left) == 1, "the worker of the second task, and nothing else"


async def test_a_cancel_that_meets_a_dead_worker_harms_nobody(rig: Rig) -> None:
    shepherd = rig.note()
    for number in range(5):
        key = await rig.start(
            f"echo $PPID >worker-{number}; touch ready-{number}; sleep 600", ready=f"ready-{number}"
        )
        os.kill(int((rig.work / f"worker-{number}").read_text()), signal.SIGKILL)
        for _ in range(3):
            await rig.cancel(key, forced=True)
        assert (await rig.end_of(key)).ending in (Ending.LOST, Ending.STOPPED)
    assert rig.note() == shepherd


async def test_a_task_that_stops_its_watcher_is_watched_again(rig: Rig) -> None:
    ended = await rig.run("kill -STOP $PPID; sleep 600", wall_time_s=1.2)
    assert ended.ending is Ending.WALL_TIME


async def test_a_task_that_stops_its_watcher_can_still_be_cancelled(rig: Rig) -> None:
    key = await rig.start("until [ -e go ]; do sleep 0.02; done; kill -STOP $PPID; touch ready; sleep 600")
    (rig.work / "go").touch()
    await rig.until((rig.work / "ready").exists)
    await rig.cancel(key, forced=True)
    assert (await rig.end_of(key)).ending is Ending.STOPPED


async def test_signals_of_the_user_do_not_end_a_worker(rig: Rig) -> None:
    ended = await rig.run(
        "for s in HUP INT TERM QUIT USR1 USR2 ALRM PIPE CHLD; do kill -$s $PPID; done; exit 6"
    )
    assert ended.exit_code == 6


@as_root
async def test_only_the_own_account_may_speak_to_the_shepherd(rig: Rig) -> None:
    rig.directory.chmod(0o755)
    (rig.directory / "shepherd.sock").chmod(0o777)
    script = (
        "import socket; s = socket.socket(socket.AF_UNIX); "
        f"s.connect('{rig.directory}/shepherd.sock'); print(s.recv(1))"
    )
    ended = await rig.run(script, interpreter=("/usr/bin/env", "python3"))
    assert ended.output == b"b''\n"
    assert (await rig.run("true")).exit_code == 0


@as_root
async def test_a_directory_of_somebody_else_is_refused(tmp_path: Path) -> None:
    from headgate.core.errors import EngineUnavailable

    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    rig = Rig()
    for place in (theirs, tmp_path / "link"):
        if place.name == "link":
            place.symlink_to(rig.folder)
        with pytest.raises(EngineUnavailable, match="not a folder of the server's account"):
            await LocalEngine(place, rig.options).open()
    rig.folder.rmdir() if not any(rig.folder.iterdir()) else await rig.close()


async def test_the_shepherd_is_of_nobody(rig: Rig) -> None:
    facts = process_facts(shepherd_of(rig.directory))
    assert facts is not None
    assert facts.parent != os.getpid()
    assert facts.session == shepherd_of(rig.directory)
