"""Cancel, recall, wall time; and that nothing of a task is left, whatever it did to stay."""

import time

import pytest

from headgate.core.errors import BadRequest
from headgate.ports.engine import Ending, Key, Refused
from tests.integration.engines.local.rig import Rig, gone, wait_until_gone

TRAP = "trap 'echo stopped >trapped; exit 7' {0}; touch ready; while :; do sleep 0.05; done"


async def test_a_gentle_cancel_lets_the_task_clean_up(rig: Rig) -> None:
    key = await rig.start(TRAP.format("INT"), ready="ready")
    await rig.cancel(key)
    ended = await rig.end_of(key)
    assert (ended.ending, ended.exit_code) == (Ending.STOPPED, 7)
    assert (rig.work / "trapped").read_text() == "stopped\n"


async def test_every_process_of_the_task_gets_the_stop_signal(rig: Rig) -> None:
    child = "trap 'echo got it >child; exit 0' USR1; touch ready; while :; do sleep 0.05; done"
    key = await rig.start(f'trap : USR1; setsid bash -c "{child}" & wait; wait; exit 3', ready="ready")
    await rig.cancel(key, signal="USR1")
    assert (await rig.end_of(key)).exit_code == 3
    assert (rig.work / "child").read_text() == "got it\n"


async def test_one_that_will_not_stop_is_killed_after_the_grace(rig: Rig) -> None:
    key = await rig.start("trap '' INT; touch ready; while :; do sleep 0.05; done", ready="ready")
    began = time.monotonic()
    await rig.cancel(key, grace_s=0.4)
    ended = await rig.end_of(key)
    assert (ended.ending, ended.signal) == (Ending.STOPPED, 9)
    assert 0.35 < time.monotonic() - began < 3


async def test_a_child_with_a_handler_gets_its_grace_when_the_main_process_is_gone(rig: Rig) -> None:
    child = "trap 'sleep 0.3; echo saved >state; exit' INT; touch ready; while :; do sleep 0.05; done"
    key = await rig.start(
        f'setsid bash -c "set -m; {child}" & trap "exit 1" INT; while :; do sleep 0.02; done', ready="ready"
    )
    await rig.cancel(key)
    assert (await rig.end_of(key)).exit_code == 1
    assert not (rig.work / "state").exists() or (rig.work / "state").read_text() == "saved\n"


async def test_a_forced_cancel_kills_at_once(rig: Rig) -> None:
    key = await rig.start(TRAP.format("INT TERM"), ready="ready")
    await rig.cancel(key, forced=True)
    assert (await rig.end_of(key)).signal == 9
    assert not (rig.work / "trapped").exists()


async def test_forcing_what_was_asked_gently_shortens_it(rig: Rig) -> None:
    key = await rig.start("trap '' INT; touch ready; while :; do sleep 0.05; done", ready="ready")
    await rig.cancel(key, grace_s=60)
    await rig.cancel(key, grace_s=60)
    await rig.cancel(key, forced=True)
    assert (await rig.end_of(key)).ending is Ending.STOPPED


async def test_a_stopped_task_still_hears_a_cancel(rig: Rig) -> None:
    key = await rig.start(TRAP.format("INT") + " & kill -STOP $!; kill -STOP $$", ready="ready")
    await rig.cancel(key, grace_s=0.5)
    assert (await rig.end_of(key)).ending is Ending.STOPPED


async def test_the_wall_time_ends_a_task(rig: Rig) -> None:
    began = time.monotonic()
    ended = await rig.run(TRAP.format("TERM"), wall_time_s=0.3, stop_signal="TERM")
    assert (ended.ending, ended.exit_code) == (Ending.WALL_TIME, 7)
    assert 0.25 < time.monotonic() - began < 3
    ended = await rig.run("trap '' INT; while :; do sleep 0.05; done", wall_time_s=0.2, grace_s=0.2)
    assert (ended.ending, ended.signal) == (Ending.WALL_TIME, 9)


async def test_a_task_within_its_wall_time_is_left_alone(rig: Rig) -> None:
    assert (await rig.run("sleep 0.2", wall_time_s=5)).ending is Ending.EXITED


async def test_what_has_not_started_never_starts(rig: Rig) -> None:
    running = await rig.start("until [ -e go ]; do sleep 0.02; done")
    # More than a worker is given ahead, so that some wait in the lane and some with the worker.
    keys = await rig.submit(*[rig.launch(f"touch ran-{number}") for number in range(40)])
    await rig.cancel(*keys[::2])
    await rig.engine.recall([*keys[1::2], running, Key(999, 0)])
    for key in keys:
        ended = await rig.end_of(key)
        assert (ended.ending, ended.started_at) == (Ending.NEVER_STARTED, None)
    assert running not in rig.ended
    (rig.work / "go").touch()
    assert (await rig.end_of(running)).ending is Ending.EXITED
    assert not list(rig.work.glob("ran-*"))
    assert (await rig.run("true")).exit_code == 0


async def test_unknown_and_ended_keys_are_ignored(rig: Rig) -> None:
    (key,) = await rig.submit(rig.launch("true"))
    await rig.end_of(key)
    await rig.cancel(key, Key(12345, 6), forced=True)
    assert (await rig.run("true")).exit_code == 0


async def test_a_signal_that_does_not_exist_is_refused(rig: Rig) -> None:
    with pytest.raises(BadRequest):
        await rig.cancel(Key(1, 0), signal="SIGINT")
    answers = await rig.engine.submit([rig.submission(rig.launch("true", stop_signal="NOSUCH"))])
    assert isinstance(answers[0], Refused)


DAEMON = """
python3 - <<'END'
import os, time
for _ in range(2):
    if os.fork():
        os._exit(0)
    os.setsid()
with open("daemon", "w") as file:
    file.write(str(os.getpid()))
os.rename("daemon", "daemon.pid")
time.sleep(600)
END
until [ -e daemon.pid ]; do sleep 0.02; done
"""


async def test_a_daemon_of_the_task_ends_with_it(rig: Rig) -> None:
    ended = await rig.run(DAEMON + "exit 5")
    assert (ended.ending, ended.exit_code) == (Ending.EXITED, 5)
    assert gone(int((rig.work / "daemon.pid").read_text()))


async def test_a_daemon_of_the_task_is_cancelled_with_it(rig: Rig) -> None:
    key = await rig.start(DAEMON + "touch ready; sleep 600", ready="ready")
    await rig.cancel(key, forced=True)
    await rig.end_of(key)
    assert gone(int((rig.work / "daemon.pid").read_text()))


async def test_what_runs_in_the_background_ends_with_the_script(rig: Rig) -> None:
    ended = await rig.run("trap '' HUP INT TERM; (sleep 600; :) & echo $! >pid; disown; echo done")
    assert ended.output == b"done\n"
    wait_until_gone(int((rig.work / "pid").read_text()), 0.5)


async def test_a_task_that_multiplies_is_ended(rig: Rig) -> None:
    script = "f() { touch ready; for i in 1 2 3; do (f2 $i) & done; wait; }\n"
    script += "f2() { while :; do (sleep 0.03; :) & (sleep 600) & sleep 0.04; done; }\nf"
    key = await rig.start(script, ready="ready")
    await rig.cancel(key, forced=True)
    assert (await rig.end_of(key)).ending is Ending.STOPPED
    assert (await rig.run("pgrep -u $(id -u) -x sleep -a | grep -c 600 || true")).exit_code == 0
