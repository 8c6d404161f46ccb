"""Syncs with an object store beside `aws s3 sync`, on the same files and the same server in the same round,
taking turns: 2,000 files of 4 KB and one of 500 MB, each way, from the request until its end is on disk. And
the memory of it: of the server process and of the process that syncs, above the idle server.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.bench import Bench, under
from benchmarks.machine import memory_mb
from benchmarks.rig import PASSWORD, USER
from headgate.testing.object_store import BUCKET, ObjectStore, object_store
from headgate.testing.server import Server, descendants
from headgate.testing.signing import Signer

RATIO = 1.0
MEMORY_MB = 100
BLOCK = 1 << 20


class Site:
    """A server with a user and an object store."""

    def __init__(self, folder: Path, store: ObjectStore) -> None:
        self.store = store
        self.root = folder / "storage" / USER
        self.root.parent.mkdir(parents=True)
        variables = {**store.settings(), "HEADGATE_STORAGE__ROOT": str(self.root.parent)}
        self.server = Server(folder / "data", environment=variables)
        self.server.add_user(USER, PASSWORD, os_account="nobody" if os.geteuid() == 0 else "")
        self.signer = Signer(**self.server.add_key(USER))
        self.server.start()
        self.ask("POST", "/jobs", {"jobfile": "missing"})  # makes the storage

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A signed request; what its answer holds."""
        content = b"" if body is None else httpx.Request("POST", "http://x", json=body).content
        headers = dict(self.signer.headers(method, self.server.url + path, content))
        return httpx.request(method, self.server.url + path, content=content, headers=headers).json()

    def sync(self, path: str, direction: str) -> None:
        """One sync, until it is over."""
        number = self.ask("POST", "/files/sync", {"path": path, "direction": direction})["requestid"]
        while (found := self.ask("GET", f"/files/sync/{number}"))["status"] == "waiting":
            time.sleep(0.02)
        assert found == {"status": "complete", "result": "0"}, found

    def memory(self) -> float:
        """Of the server and of what syncs, in MiB."""
        process = self.server.process
        assert process is not None
        pids = [process.pid, *(pid for pid in descendants(process.pid) if _syncs(pid))]
        return sum(_memory_mb(pid) for pid in pids)


def measure(bench: Bench) -> None:
    """See the module."""
    folder = bench.folder / "sync"
    folder.mkdir()
    folder.chmod(0o755)
    with object_store(folder / "s3") as store:
        site = Site(folder, store)
        try:
            idle = site.memory()
            trees = {
                f"{(count := bench.size(2_000, 100)):,} x 4 KB": (count, 4096),
                f"1 x {(size := bench.size(500, 20))} MB": (1, size * BLOCK),
            }
            peaks = []
            for name, (count, size) in trees.items():
                peaks.append(_tree(bench, site, name, count, size) - idle)
            note = f"{idle:.0f} MiB idle"
            bench.report("sync: memory above the idle server", "MiB", [max(peaks)], under(MEMORY_MB), note)
        finally:
            site.server.stop()


def _tree(bench: Bench, site: Site, name: str, count: int, size: int) -> float:
    """Both ways, both of us. The most memory there was."""
    took: dict[str, list[float]] = {"up": [], "aws up": [], "down": [], "aws down": []}
    watch = _Watch(site.memory)
    ours, theirs = site.root / "ours", site.root / "theirs"
    for number in bench.each_round():
        for folder in (ours, theirs):
            _fill(folder, count, size)
        turns: list[tuple[str, Callable[[], object]]] = [
            ("up", lambda: site.sync("ours", "to_online")),
            ("aws up", lambda: site.store.aws("sync", theirs, f"s3://{BUCKET}/theirs")),
        ]
        back: list[tuple[str, Callable[[], object]]] = [
            ("down", lambda: site.sync("ours", "from_online")),
            ("aws down", lambda: site.store.aws("sync", f"s3://{BUCKET}/theirs", theirs)),
        ]
        _timed(took, turns if number % 2 else turns[::-1])
        for folder in (ours, theirs):
            shutil.rmtree(folder)
        _timed(took, back if number % 2 else back[::-1])
        assert len(list(ours.rglob("*.dat"))) == len(list(theirs.rglob("*.dat"))) == count
        for folder in (ours, theirs):
            shutil.rmtree(folder)
        site.store.aws("rm", "--recursive", "--quiet", f"s3://{BUCKET}/")
    for way in ("up", "down"):
        theirs_s = f"aws s3 sync {median(took[f'aws {way}']):.2f} s"
        bench.report(f"sync {way}: {name}", "s", took[way], note=theirs_s)
        ratios = [a / b for a, b in zip(took[way], took[f"aws {way}"], strict=True)]
        bench.report(f"sync {way}: {name}, beside aws", "ratio", ratios, under(RATIO))
    return watch.stop()


def _timed(took: dict[str, list[float]], turns: list[tuple[str, Callable[[], object]]]) -> None:
    for name, act in turns:
        os.sync()  # nobody waits for what others have left to write
        began = time.perf_counter()
        act()
        took[name].append(time.perf_counter() - began)


def _fill(folder: Path, count: int, size: int) -> None:
    """Files of another content each time, that belong to the user."""
    owner = _owner(folder.parent)
    for number in range(count):
        path = folder / str(number % 20) / f"{number}.dat"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for _ in range(max(1, size // BLOCK)):
                file.write(os.urandom(min(size, BLOCK)))
    for one in (folder, *folder.rglob("*")):
        os.chown(one, *owner)


def _owner(folder: Path) -> tuple[int, int]:
    """Whose storage this is."""
    status = folder.stat()
    return status.st_uid, status.st_gid


class _Watch:
    """The largest value there was, looked at many times a second."""

    def __init__(self, look: Callable[[], float]) -> None:
        self._look = look
        self._most = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            self._most = max(self._most, self._look())

    def stop(self) -> float:
        """Look no longer. The largest."""
        self._over.set()
        self._thread.join()
        return self._most


def _memory_mb(pid: int) -> float:
    try:
        return memory_mb(pid)
    except OSError:
        return 0.0  # it has ended


def _syncs(pid: int) -> bool:
    try:
        return b"account_hand" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
