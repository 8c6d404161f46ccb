"""Foreign commands as they are really run: surroundings, deadlines, floods."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from headgate.engines.command import hand
from headgate.engines.command.kept import held
from headgate.engines.command.outcomes import BASE, Command, Done, Flooded, Hung, Lost, NotRun
from headgate.engines.command.runner import Runner

Make = Callable[..., Runner]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Makes runners, which are closed after the test."""
    made: list[Runner] = []

    def one(*arguments: object, **options: object) -> Runner:
        made.append(Runner(*arguments, **options))  # type: ignore[arg-type]  # as the runner's own
        return made[-1]

    yield one
    for runner in made:
        await runner.close()


def sh(script: str, stdin: bytes = b"") -> Command:
    return Command(argv=("sh", "-c", script), stdin=stdin)


async def test_a_command_sees_no_variable_of_the_server(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SBATCH_PARTITION", "elsewhere")
    monkeypatch.setenv("SLURM_CONF", "/elsewhere")
    outcome = await make({"SLURM_CONF": "/ours"}).run(
        Command(argv=("env",), environment={"SLURM_UMASK": "0022"}), deadline_s=20
    )
    assert isinstance(outcome, Done)
    seen = dict(line.split("=", 1) for line in outcome.stdout.decode().splitlines())
    assert seen == {**BASE, "SLURM_CONF": "/ours", "SLURM_UMASK": "0022"}


async def test_input_output_and_status_are_whole(make: Make) -> None:
    data = os.urandom(3_000_000)
    outcome = await make().run(sh("cat; echo wrong >&2; pwd >&2; exit 7", data), deadline_s=20)
    assert outcome == Done(7, data, b"wrong\n/\n")


async def test_a_signal_is_told_from_a_status(make: Make) -> None:
    assert await make().run(sh("kill -9 $$"), deadline_s=20) == Done(-9, b"", b"")


async def test_input_that_is_not_read_is_no_failure(make: Make) -> None:
    assert await make().run(sh("exit 3", b"x" * 2_000_000), deadline_s=20) == Done(3, b"", b"")


async def test_what_hangs_is_killed_with_all_that_it_started(make: Make, tmp_path: Path) -> None:
    said = tmp_path / "pid"
    outcome = await make().run(sh(f"echo part; sleep 600 & echo $! > {said}; wait"), deadline_s=0.5)
    assert outcome == Hung(0.5, b"part\n", b"")
    assert await _ends(int(said.read_text()))


async def test_what_leaves_somebody_behind_with_its_output_is_not_done(make: Make, tmp_path: Path) -> None:
    said = tmp_path / "pid"
    outcome = await make().run(sh(f"sleep 600 & echo $! > {said}"), deadline_s=0.5)
    assert isinstance(outcome, Hung)
    assert await _ends(int(said.read_text()))


async def test_a_flood_is_stopped(make: Make) -> None:
    outcome = await make(most_bytes=100_000).run(Command(argv=("yes",)), deadline_s=20)
    assert outcome == Flooded(100_000)


async def test_a_cancelled_run_leaves_no_process(make: Make, tmp_path: Path) -> None:
    said = tmp_path / "pid"
    task = asyncio.create_task(make().run(sh(f"echo $$ > {said}; exec sleep 600"), deadline_s=60))
    until = time.monotonic() + 20
    while not (said.exists() and said.read_text().endswith("\n")):
        assert time.monotonic() < until
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await _ends(int(said.read_text()))


async def test_what_cannot_be_started_says_why(make: Make) -> None:
    runner = make()
    for argv in (("no-such-command",), ("true", "a\0b"), ("true", "x" * 3_000_000)):
        assert isinstance(await runner.run(Command(argv=argv), deadline_s=20), NotRun)


async def test_a_command_can_be_nicer_than_the_server(make: Make) -> None:
    wanted = os.getpriority(os.PRIO_PROCESS, 0) + 5
    # It is made so when it has been started.
    script = f"until [ $(nice) = {wanted} ]; do sleep 0.01; done"
    outcome = await make().run(Command(argv=("sh", "-c", script), niceness=5), deadline_s=20)
    assert outcome == Done(0, b"", b"")


async def test_a_command_is_in_the_session_of_the_server_and_in_a_group_of_its_own(make: Make) -> None:
    """Else it would count as much as all of the server where processors are shared by sessions."""
    script = "import os; print(os.getsid(0), os.getpgrp() == os.getpid())"
    outcome = await make().run(Command(argv=(sys.executable, "-c", script)), deadline_s=20)
    assert outcome == Done(0, f"{os.getsid(0)} True\n".encode(), b"")


async def test_only_so_many_run_at_once(make: Make, tmp_path: Path) -> None:
    runner = make(most_at_once=1)
    # A folder can be made once: whoever finds it there was not alone.
    script = sh(f"mkdir {tmp_path}/busy && sleep 0.02 && rmdir {tmp_path}/busy")
    outcomes = await asyncio.gather(*(runner.run(script, deadline_s=20) for _ in range(5)))
    assert outcomes == [Done(0, b"", b"")] * 5


async def test_another_account_is_reached_by_sudo_without_a_question(make: Make, tmp_path: Path) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    sudo.chmod(0o755)
    outcome = await make({"SLURM_CONF": "/c"}, become=str(sudo)).run(
        Command(argv=("true", "-x")), deadline_s=20, account="ann", gid=1001
    )
    assert isinstance(outcome, Done)
    *before, command, argument = outcome.stdout.decode().splitlines()
    assert before == ["-n", "--preserve-env=LC_ALL,SLURM_CONF,TZ", "-u", "ann", "-g", "#1001", "--"]
    assert (command.rpartition("/")[2], argument) == ("true", "-x")


async def test_sudo_is_told_to_end_for_killed_it_leaves_its_command_behind(
    make: Make, tmp_path: Path
) -> None:
    sudo = tmp_path / "sudo"
    sudo.write_text(f"#!/bin/sh\ntrap 'echo ended >{tmp_path}/told; exit 1' TERM\nsleep 60 & wait\n")
    sudo.chmod(0o755)
    run = make(become=str(sudo)).run(Command(argv=("true",)), deadline_s=0.5, account="ann")
    assert isinstance(await run, Hung)
    assert (tmp_path / "told").read_text() == "ended\n"


async def test_input_is_kept_as_long_as_anything_that_was_started_has_it(make: Make, tmp_path: Path) -> None:
    kept, go = tmp_path / "kept", tmp_path / "go"
    # What it leaves behind in a session of its own is out of the reach of whoever kills its group.
    left = f"setsid sh -c 'until [ -e {go} ]; do sleep 0.05; done' <&3 >/dev/null 2>&1 &"
    command = Command(argv=("sh", "-c", f"exec 3<&0; cat; {left} exec 3<&-"), stdin=b"whole", kept=str(kept))
    assert await make().run(command, deadline_s=20) == Done(0, b"whole", b"")
    assert held(kept)
    go.touch()
    assert await _true(lambda: not held(kept))
    assert not kept.exists()


async def test_input_that_the_disk_has_no_room_for_may_have_it_later(make: Make) -> None:
    runner = make()
    command = Command(argv=("cat",), stdin=b"x" * 10, kept="/dev/full")
    outcome = await runner.run(command, deadline_s=20)
    assert isinstance(outcome, NotRun)
    assert outcome.later
    assert "No space left" in outcome.reason


async def test_input_that_nobody_has_any_more_is_removed(make: Make, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    command = Command(argv=("cat",), stdin=b"whole", kept=str(kept))
    assert await make().run(command, deadline_s=20) == Done(0, b"whole", b"")
    assert await _true(lambda: not held(kept))
    assert not kept.exists()


async def test_when_what_runs_commands_is_killed_its_commands_are_lost_and_the_next_run(make: Make) -> None:
    runner = make()
    (pid,) = await _starters(runner)
    running = asyncio.create_task(runner.run(sh("exec sleep 5"), deadline_s=20))
    await asyncio.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    assert isinstance(await running, Lost)
    assert await runner.run(sh("exit 4"), deadline_s=20) == Done(4, b"", b"")


async def test_when_what_runs_commands_hangs_it_is_killed_and_the_next_run(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand, "BEYOND_S", 0.3)
    runner = make()
    (pid,) = await _starters(runner)
    os.kill(pid, signal.SIGSTOP)
    assert isinstance(await runner.run(sh("true"), deadline_s=0.2), Lost)
    assert await _ends(pid)
    assert await runner.run(sh("exit 4"), deadline_s=20) == Done(4, b"", b"")


async def test_what_says_nonsense_is_not_believed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    lie = r"import os, time; os.write(1, b'\0\0\0\1x'); time.sleep(60)"
    monkeypatch.setattr(hand, "_BOOT", lie)
    assert isinstance(await make().run(sh("true"), deadline_s=20), Lost)


async def test_a_server_that_is_killed_leaves_no_command(tmp_path: Path) -> None:
    said = tmp_path / "pids"
    script = f"""if True:
        import asyncio, os
        from headgate.engines.command.outcomes import Command
        from headgate.engines.command.runner import Runner
        work = "echo $PPID $$ > {said}; exec sleep 600"
        asyncio.run(Runner().run(Command(argv=("sh", "-c", work)), deadline_s=600))
    """
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", script)
    until = time.monotonic() + 20
    while not (said.exists() and said.read_text().endswith("\n")):
        assert time.monotonic() < until
        await asyncio.sleep(0.01)
    server.kill()
    await server.wait()
    for pid in map(int, said.read_text().split()):
        assert await _ends(pid)


async def test_a_closed_runner_leaves_no_process(make: Make) -> None:
    runner = make()
    (pid,) = await _starters(runner)
    await runner.close()
    assert await _ends(pid)


async def _starters(runner: Runner) -> list[int]:
    """The process that runs commands."""
    outcome = await runner.run(sh("echo $PPID"), deadline_s=20)
    assert isinstance(outcome, Done)
    return [int(outcome.stdout)]


async def _ends(pid: int) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        await asyncio.sleep(0.01)
    return False


async def _true(look: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if look():
            return True
        await asyncio.sleep(0.01)
    return False
