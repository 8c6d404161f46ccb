"""Deaths: of the server, of the shepherd, of both; and that nothing is lost, told twice or run twice."""

import asyncio
import os
import signal
import sys

import msgspec
import pytest

from headgate.core.errors import EngineUnavailable
from headgate.engines.local.linux import boot_id, process_facts
from headgate.ports.engine import Accepted, Ending, Fault, Found, Key, Uncertain
from tests.integration.engines.local.rig import Rig, gone, shepherd_of, wait_until, wait_until_gone

UNTIL_GO = "echo start >>runs; echo before; until [ -e go ]; do sleep 0.02; done; echo after; exit 3"


def kill_shepherd(rig: Rig) -> int:
    pid = rig.note()
    os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid)
    return pid


async def found(rig: Rig, *intents: int) -> dict[int, Found]:
    return dict(await rig.engine.find({intent: f"test-{intent}" for intent in intents}))


SERVER = """
import asyncio, sys
from pathlib import Path
import msgspec
from headgate.engines.local.engine import LocalEngine
from headgate.engines.local.options import Options
from headgate.ports.engine import Submission

async def main():
    engine = LocalEngine(Path(sys.argv[1]), Options(idle_exit_s=2.0))
    await engine.open()
    submissions = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Submission])
    print(await engine.submit(submissions), flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def test_a_killed_server_costs_nothing(rig: Rig) -> None:
    await rig.engine.close()
    running = rig.submission(rig.launch(UNTIL_GO), rig.launch("echo second"), lane=1)
    quick = rig.submission(rig.launch("exit 5"), lane=2)
    server = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVER,
        str(rig.directory),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(msgspec.json.encode([running, quick]))
    server.stdin.close()
    assert (await server.stdout.readline()).count(b"Accepted") == 2
    await asyncio.to_thread(wait_until, (rig.work / "runs").exists)
    server.kill()
    await server.wait()

    await rig.reopen()
    taken = await found(rig, 1, 2, 3)
    assert taken[1] == Found(frozenset({0, 1}), certain=True)
    assert taken[2] == Found(frozenset({0}), certain=True)
    assert taken[3] == Found(frozenset(), certain=True)
    (rig.work / "go").touch()
    assert (await rig.end_of(Key(1, 0))).output == b"before\nafter\n"
    assert (await rig.end_of(Key(1, 1))).output == b"second\n"
    assert (await rig.end_of(Key(2, 0))).exit_code == 5
    assert (rig.work / "runs").read_text() == "start\n"


async def test_endings_stay_until_they_are_acknowledged(rig: Rig) -> None:
    (key,) = await rig.submit(rig.launch("exit 5"))
    await rig.end_of(key)
    before = rig.watermark
    rig.ended.clear()
    for _ in range(2):
        sightings = await rig.engine.observe(0)
        assert [sighting.intent for sighting in sightings.seen][-1] == key.intent
        assert sightings.watermark == before
    await rig.reopen()
    assert (await rig.engine.observe(0)).watermark == before
    assert (await found(rig, 1))[1].taken == {0}
    assert (await rig.engine.observe(before)).seen == ()
    assert (await rig.engine.observe(0)).seen == ()
    assert (await found(rig, 1))[1] == Found(frozenset(), certain=True)
    assert (await rig.engine.find({1: "another tag"}))[1].taken == frozenset()


async def test_a_killed_shepherd_leaves_its_tasks_to_the_next(rig: Rig) -> None:
    old = shepherd_of(rig.directory)
    running = await rig.start(UNTIL_GO, ready="runs")
    behind = await rig.submit(*[rig.launch("echo start >>runs") for _ in range(40)], lane=1)
    (quick,) = await rig.submit(rig.launch("exit 5"), lane=2)
    watermark = rig.watermark
    await rig.end_of(quick)
    rig.ended.clear()
    rig.watermark = watermark
    kill_shepherd(rig)
    with pytest.raises(EngineUnavailable):
        await rig.engine.observe(rig.watermark)
    answers = await rig.engine.submit([rig.submission(rig.launch("true"), intent=77)])
    assert isinstance(answers[0], Uncertain)

    await rig.reopen()
    assert shepherd_of(rig.directory) != old
    taken = await found(rig, running.intent, behind[0].intent, quick.intent, 77)
    assert [taken[intent].taken for intent in taken] == [{0}, set(), {0}, set()]
    assert all(one.certain for one in taken.values())
    assert (await rig.end_of(quick)).exit_code == 5
    assert running not in rig.ended
    (rig.work / "go").touch()
    ended = await rig.end_of(running)
    assert (ended.ending, ended.exit_code, ended.output) == (Ending.EXITED, 3, b"before\nafter\n")
    assert rig.started[running].native == ended.native
    assert (rig.work / "runs").read_text() == "start\n"
    assert (await rig.run("echo fresh")).output == b"fresh\n"


async def test_a_task_that_ended_while_nobody_watched_keeps_its_exit_status(rig: Rig) -> None:
    key = await rig.start(UNTIL_GO, ready="runs")
    kill_shepherd(rig)
    (rig.work / "go").touch()
    wait_until_gone(int(rig.started[key].native))
    await rig.reopen()
    ended = await rig.end_of(key)
    assert (ended.ending, ended.exit_code, ended.output) == (Ending.EXITED, 3, b"before\nafter\n")


@pytest.mark.parametrize("forced", [False, True])
async def test_an_adopted_task_can_be_cancelled(rig: Rig, forced: bool) -> None:
    script = "trap 'echo int >trapped; exit 9' INT; touch ready; while :; do sleep 0.02; done"
    key = await rig.start(script, ready="ready")
    kill_shepherd(rig)
    await rig.reopen()
    await rig.cancel(key, forced=forced)
    ended = await rig.end_of(key)
    assert ended.ending is Ending.STOPPED
    assert (ended.exit_code, ended.signal) == ((None, 9) if forced else (9, None))
    assert (rig.work / "trapped").exists() is not forced


async def test_the_wall_time_of_a_task_outlives_the_shepherd(rig: Rig) -> None:
    key = await rig.start("sleep 600", wall_time_s=0.5)
    kill_shepherd(rig)
    await rig.reopen()
    assert (await rig.end_of(key)).ending is Ending.WALL_TIME


async def test_shepherds_killed_one_after_another(rig: Rig) -> None:
    key = await rig.start(UNTIL_GO, ready="runs")
    for _ in range(3):
        kill_shepherd(rig)
        await rig.reopen()
        assert (await found(rig, key.intent))[key.intent].taken == {0}
    (rig.work / "go").touch()
    assert (await rig.end_of(key)).exit_code == 3


async def test_shepherd_and_worker_killed_is_lost_and_what_is_left_of_it_is_killed(rig: Rig) -> None:
    key = await rig.start("echo $PPID >worker; sleep 600 & echo $! >child; touch ready; wait", ready="ready")
    worker, child = (int((rig.work / name).read_text()) for name in ("worker", "child"))
    kill_shepherd(rig)
    os.kill(worker, signal.SIGKILL)
    await rig.reopen()
    ended = await rig.end_of(key)
    assert (ended.ending, ended.fault) == (Ending.LOST, Fault.SUPERVISION)
    wait_until_gone(int(ended.native))
    wait_until_gone(child)


async def test_an_adopted_worker_killed_is_lost_and_what_was_seen_of_it_is_killed(rig: Rig) -> None:
    script = "echo $PPID >worker; setsid sleep 600 & echo $! >child; touch ready; wait"
    key = await rig.start(script, ready="ready")
    kill_shepherd(rig)
    await rig.reopen()
    os.kill(int((rig.work / "worker").read_text()), signal.SIGKILL)
    assert (await rig.end_of(key)).ending is Ending.LOST
    wait_until_gone(int((rig.work / "child").read_text()))


async def test_acknowledged_endings_are_not_told_again_by_the_next_shepherd(rig: Rig) -> None:
    first = await rig.run("exit 1")
    await rig.look()  # acknowledges
    (key,) = await rig.submit(rig.launch("exit 2"))
    await rig.end_of(key)
    kill_shepherd(rig)
    before = rig.watermark
    await rig.reopen()
    sightings = await rig.engine.observe(0)
    assert [sighting.intent for sighting in sightings.seen] == [key.intent]
    assert sightings.watermark > before
    assert first.exit_code == 1
    await rig.engine.observe(sightings.watermark)
    assert not list((rig.directory / "journal").iterdir())


async def test_the_journals_of_a_record_that_points_at_somebody_else(rig: Rig) -> None:
    """The worker is gone and its pid, and that of its task, now belong to processes of somebody else."""
    victim = await asyncio.create_subprocess_exec("sleep", "600", start_new_session=True)
    facts = process_facts(victim.pid)
    assert facts is not None
    await rig.engine.close()
    kill_shepherd(rig)
    uid = os.getuid()
    records = {
        # the right boot and account, another start time
        "1": (facts.start - 5, boot_id(), uid, Fault.SUPERVISION),
        # everything right but the boot
        "2": (facts.start, "00000000-0000-0000-0000-000000000000", uid, Fault.REBOOT),
        # everything right but the account
        "3": (facts.start, boot_id(), uid + 1, Fault.SUPERVISION),
    }
    for name, (start, boot, owner, _) in records.items():
        lines = [
            {"type": "Identity", "pid": victim.pid, "start": start, "boot": boot, "uid": owner},
            {
                "type": "Taken",
                "intent": int(name),
                "tag": f"test-{name}",
                "instance": 0,
                "lane": 1,
                "at": 1,
                "ticks": start,
            },
            {"type": "Begun", "pid": victim.pid, "at": 1, "ticks": start},
        ]
        text = "000000000000\n" + "".join(msgspec.json.encode(line).decode() + "\n" for line in lines)
        (rig.directory / "journal" / f"{name}.journal").write_text(text)
    try:
        await rig.reopen()
        await rig.cancel(Key(1, 0), Key(2, 0), Key(3, 0), forced=True)
        for name, (*_, fault) in records.items():
            ended = await rig.end_of(Key(int(name), 0))
            assert (ended.ending, ended.fault) == (Ending.LOST, fault)
        await asyncio.sleep(0.1)
        assert victim.returncode is None
        assert not gone(victim.pid)
    finally:
        victim.kill()
        await victim.wait()


async def test_after_a_restart_of_the_machine_nothing_older_is_certain(rig: Rig) -> None:
    await rig.run("true")
    await rig.engine.close()
    kill_shepherd(rig)
    state = msgspec.json.decode((rig.directory / "state.json").read_bytes())
    state["boot"] = "00000000-0000-0000-0000-000000000000"
    (rig.directory / "state.json").write_bytes(msgspec.json.encode(state))
    for _ in range(2):
        await rig.reopen()
        taken = await found(rig, 1, 5)
        assert taken == {1: Found(frozenset({0}), certain=False), 5: Found(frozenset(), certain=False)}
        await rig.engine.close()
        kill_shepherd(rig)
    await rig.reopen()
    await found(rig, 5)
    assert list(await rig.engine.submit([rig.submission(rig.launch("sleep 600"), intent=6)])) == [Accepted()]
    kill_shepherd(rig)
    await rig.reopen()
    taken = await found(rig, 5, 7)
    assert (taken[5].certain, taken[7].certain) == (False, True)
