"""An engine in a directory of its own, and what a dispatcher would do with it, for one test."""

import asyncio
import os
import shutil
import signal
import socket
import struct
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headgate.core.launch import Launch, OsAccount, Placement
from headgate.engines.local.engine import LocalEngine
from headgate.engines.local.linux import descendants, process_facts
from headgate.engines.local.options import Options
from headgate.ports.engine import Accepted, Ended, Engine, Item, Key, OutputSeen, Started, Submission

ROOT = os.getuid() == 0
NOBODY = OsAccount("nobody", 65534, 65534, "/tmp", (65534,))


class Rig:
    """`engine` may be replaced by `reopen`, as after a restart of the server; what was seen stays."""

    def __init__(self, **options: Any) -> None:
        # Not pytest's tmp_path: that is closed to the accounts the tasks run under.
        self.folder = Path(tempfile.mkdtemp(prefix="headgate-test-"))
        self.folder.chmod(0o755)
        self.directory = self.folder / "engine"
        self.work = self.folder / "work"
        self.work.mkdir()
        self.work.chmod(0o777)
        self.account = NOBODY if ROOT else None
        self.options = Options(**{"idle_exit_s": 2.0, **options})
        self.engine: Engine = LocalEngine(self.directory, self.options)
        self.watermark = 0
        self.started: dict[Key, Started] = {}
        self.output: dict[Key, bytes] = {}
        self.ended: dict[Key, Ended] = {}
        self._intents = 0
        self._ours: set[tuple[int, int]] = set()

    def launch(self, script: str | bytes, **more: Any) -> Launch:
        """A launch in the work folder, under the account of the test."""
        raw = script.encode() if isinstance(script, str) else script
        return Launch(**{"script": raw, "work_directory": str(self.work), "account": self.account, **more})

    def submission(self, *launches: Launch, lane: int = 1, intent: int | None = None) -> Submission:
        """The next intent."""
        if intent is None:
            self._intents += 1
            intent = self._intents
        items = tuple(Item(number, launch) for number, launch in enumerate(launches))
        return Submission(tag=f"test-{intent}", intent=intent, lane=lane, items=items, placement=Placement())

    async def submit(self, *launches: Launch, lane: int = 1) -> list[Key]:
        """Hand these over as one submission."""
        submission = self.submission(*launches, lane=lane)
        answers = await self.engine.submit([submission])
        assert list(answers) == [Accepted()]
        return [Key(submission.intent, item.instance) for item in submission.items]

    async def run(self, script: str | bytes, **more: Any) -> Ended:
        """Run it to its end."""
        (key,) = await self.submit(self.launch(script, **more))
        return await self.end_of(key)

    async def start(self, script: str, *, lane: int = 1, ready: str | None = None, **more: Any) -> Key:
        """Start it, and wait until it runs (and, if asked, has made the file `ready` in the work folder)."""
        (key,) = await self.submit(self.launch(script, **more), lane=lane)
        await self.until(lambda: key in self.started or key in self.ended)
        if ready is not None:
            await self.until((self.work / ready).exists)
        return key

    async def look(self) -> None:
        """Observe once. An instance ends at most once."""
        sightings = await self.engine.observe(self.watermark)
        assert sightings.watermark >= self.watermark
        self.watermark = sightings.watermark
        for sighting in sightings.seen:
            key = Key(sighting.intent, sighting.instance)
            match sighting:
                case Started():
                    self.started[key] = sighting
                case OutputSeen(output=output):
                    self.output[key] = output
                case Ended():
                    assert key not in self.ended, "ended twice"
                    self.ended[key] = sighting

    async def until(self, condition: Callable[[], object], timeout_s: float = 20.0) -> None:
        """Observe until it is so."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                looking = asyncio.ensure_future(self.look())
                while not looking.done() and not condition():
                    await asyncio.wait([looking], timeout=0.02)
                await looking

    async def end_of(self, key: Key) -> Ended:
        """How it ended."""
        await self.until(lambda: key in self.ended)
        return self.ended[key]

    async def cancel(
        self, *keys: Key, forced: bool = False, grace_s: float = 10.0, signal: str = "INT"
    ) -> None:
        """Cancel these."""
        await self.engine.cancel(keys, stop_signal=signal, grace_s=grace_s, forced=forced)

    async def reopen(self) -> None:
        """Another server takes over, knowing what the first one had written down."""
        await self.engine.close()
        self.engine = LocalEngine(self.directory, self.options)
        await self.engine.open()

    def note(self) -> int:
        """Remember the shepherd and its workers, to end them with the test. The shepherd's pid."""
        pid = shepherd_of(self.directory)
        for ours in (pid, *descendants(pid)):
            if (facts := process_facts(ours)) is not None:
                self._ours.add((ours, facts.start))
        return pid

    async def close(self) -> None:
        """End everything that the test has started."""
        await self.engine.close()
        try:
            self.note()
        except OSError:
            pass
        for pid, start in self._ours:
            facts = process_facts(pid)
            if facts is not None and facts.start == start:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        log = self.directory / "shepherd.log"
        print(log.read_text() if log.exists() else "no shepherd")  # pytest shows it when the test failed
        shutil.rmtree(self.folder, ignore_errors=True)


def shepherd_of(directory: Path) -> int:
    """The pid of the process that listens there."""
    with socket.socket(socket.AF_UNIX) as sock:
        folder = os.open(directory, os.O_RDONLY)
        try:
            sock.connect(f"/proc/self/fd/{folder}/shepherd.sock")
        finally:
            os.close(folder)
        pid: int = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        return pid


def gone(pid: int, start: int | None = None) -> bool:
    """Has this process ended (a zombie has)?"""
    facts = process_facts(pid)
    return facts is None or facts.state in "ZX" or (start is not None and facts.start != start)


def wait_until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Wait for it."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.01)


def wait_until_gone(pid: int, timeout_s: float = 10.0) -> None:
    """Wait for the end of this process."""
    wait_until(lambda: gone(pid), timeout_s)
