"""One shepherd, one server, one directory: taking over, turning away, stepping down, going home."""

import asyncio
import os
import signal
from pathlib import Path

import msgspec
import pytest

from headgate.core.errors import EngineUnavailable
from headgate.engines.local.engine import LocalEngine
from headgate.engines.local.wire import (
    SOCKET_NAME,
    VERSION,
    Find,
    Frames,
    Hello,
    Limits,
    Submit,
    decode_reply,
    frame,
)
from headgate.ports.engine import Accepted, Found, Key, Refused, Uncertain
from tests.integration.engines.local.rig import ROOT, Rig, shepherd_of, wait_until_gone

UNTIL_GO = "echo start >>runs; until [ -e go ]; do sleep 0.02; done; exit 3"


async def found(rig: Rig, *intents: int) -> dict[int, Found]:
    return dict(await rig.engine.find({intent: f"test-{intent}" for intent in intents}))


async def test_the_same_submission_again_runs_nothing_again(rig: Rig) -> None:
    submission = rig.submission(rig.launch("echo start >>runs"))
    for _ in range(3):
        assert list(await rig.engine.submit([submission, submission])) == [Accepted(), Accepted()]
    await rig.end_of(Key(1, 0))
    assert (rig.work / "runs").read_text() == "start\n"
    other = msgspec.structs.replace(submission, tag="of another store")
    assert isinstance((await rig.engine.submit([other]))[0], Refused)


async def test_what_a_dead_server_had_sent_is_taken_before_the_next_one_looks(rig: Rig) -> None:
    """The shepherd is stopped while one server sends and dies and the next one asks: its words come first."""
    shepherd = rig.note()
    old = rig.engine
    assert isinstance(old, LocalEngine)
    os.kill(shepherd, signal.SIGSTOP)
    try:
        sending = asyncio.ensure_future(old.submit([rig.submission(rig.launch("true"))]))
        await asyncio.sleep(0.05)
        rig.engine = LocalEngine(rig.directory, rig.options)
        opening = asyncio.ensure_future(rig.engine.open())
        await asyncio.sleep(0.05)
    finally:
        os.kill(shepherd, signal.SIGCONT)
    await opening
    assert (await found(rig, 1))[1].taken == {0}
    await sending
    assert (await rig.end_of(Key(1, 0))).exit_code == 0
    assert isinstance((await old.submit([rig.submission(rig.launch("true"))]))[0], Uncertain)
    with pytest.raises(EngineUnavailable):
        await old.observe(0)


async def talk(directory: Path, *requests: Hello | Submit | Find) -> list[object]:
    """Say these over one raw connection, and hear what is answered until it is closed or all are."""
    folder = os.open(directory, os.O_RDONLY)
    reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/{SOCKET_NAME}")
    os.close(folder)
    replies: list[object] = []
    frames = Frames()
    try:
        for request in requests:
            writer.write(frame(request))
        while len(replies) < len(requests) and (data := await reader.read(65536)):
            replies.extend(decode_reply(payload) for payload in frames.feed(data))
    except ConnectionError:
        pass
    writer.close()
    return replies


async def test_an_older_server_and_one_that_does_not_greet_are_turned_away(rig: Rig) -> None:
    assert await talk(rig.directory, Find(1, {})) == []
    assert await talk(rig.directory, Hello(1, VERSION, 0, Limits()), Find(2, {})) == []
    assert (await rig.run("true")).exit_code == 0


async def test_a_shepherd_of_another_version_steps_down(rig: Rig) -> None:
    old = rig.note()
    key = await rig.start(UNTIL_GO, ready="runs")
    await talk(rig.directory, Hello(1, VERSION + 1, 2**62, Limits()))
    wait_until_gone(old)
    await rig.reopen()
    (rig.work / "go").touch()
    assert (await rig.end_of(key)).exit_code == 3


async def test_a_shepherd_without_server_and_work_ends_itself() -> None:
    rig = Rig(idle_exit_s=0.2)
    await rig.engine.open()
    try:
        await rig.run("true")
        shepherd = shepherd_of(rig.directory)
        await rig.engine.close()
        wait_until_gone(shepherd)
        await rig.reopen()
        assert [sighting.intent for sighting in (await rig.engine.observe(0)).seen] == [1]
        assert shepherd_of(rig.directory) != shepherd
    finally:
        await rig.close()


async def test_a_second_shepherd_ends_at_once_and_two_engines_start_one(tmp_path: Path) -> None:
    rig = Rig()
    other = LocalEngine(rig.directory, rig.options)
    try:
        await asyncio.gather(rig.engine.open(), other.open(), return_exceptions=True)
        await asyncio.sleep(0.2)
        log = (rig.directory / "shepherd.log").read_text()
        assert log.count("shepherd started") == 1
        await other.close()
        await rig.reopen()
        assert (await rig.run("true")).exit_code == 0
    finally:
        await rig.close()


async def test_the_directory_may_be_deep() -> None:
    rig = Rig()
    rig.directory = rig.folder / ("d" * 100) / ("e" * 100) / "engine"
    rig.engine = LocalEngine(rig.directory, rig.options)
    try:
        await rig.engine.open()
        assert (await rig.run("true")).exit_code == 0
    finally:
        await rig.close()


async def test_idle_workers_and_empty_journals_go() -> None:
    rig = Rig(idle_worker_s=0.1)
    await rig.engine.open()
    try:
        await asyncio.gather(*[rig.submit(rig.launch("true"), lane=lane) for lane in range(3)])
        await rig.until(lambda: len(rig.ended) == 3)
        await rig.until(lambda: not list((rig.directory / "journal").iterdir()))
    finally:
        await rig.close()


@pytest.mark.skipif(not ROOT, reason="a full disk is made by mounting one")
async def test_a_full_disk_delays_tasks_and_fails_none() -> None:
    rig = Rig()
    rig.directory.mkdir(mode=0o700)
    assert os.system(f"mount -t tmpfs -o size=256k,mode=0700 none {rig.directory}") == 0
    try:
        await rig.engine.open()
        await rig.run("true")
        full = rig.directory / "full"
        with pytest.raises(OSError, match="No space"):
            full.write_bytes(b"x" * 10_000_000)
        keys = await rig.submit(*[rig.launch("head -c 3000 /dev/zero") for _ in range(4)])
        await asyncio.sleep(0.3)
        full.unlink()
        for key in keys:
            assert (await rig.end_of(key)).exit_code == 0
    finally:
        await rig.engine.close()
        os.kill(rig.note(), signal.SIGKILL)
        os.system(f"umount -l {rig.directory}")
        await rig.close()
