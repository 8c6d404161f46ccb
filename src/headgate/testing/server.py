"""A real `headgate serve` on a free port, in a process of its own, with its shepherd known.

Use `running(folder)` for a server that is gone afterwards with everything it started, or `Server` where a
test kills and starts it itself. Nothing is ended by name: only pids that this server's data folder leads to.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

START_S = 30.0
STOP_S = 20.0
READY = " ready: "


class Server:
    """One data folder and the server process that serves it, now or later.

    arguments: flags of `serve` besides `--data` and `--port 0`. environment: variables besides this process's
    own. python: what runs `-m headgate`: other words than this interpreter, as `ordinary.python` makes them.
    """

    def __init__(
        self,
        data: Path,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        python: Sequence[str] = (),
    ) -> None:
        self.data = data
        self.arguments = tuple(arguments)
        self.environment = dict(environment or {})
        self.python = tuple(python)
        self.log = data.with_name(data.name + ".log")
        self.url = ""
        self.ready_line = ""
        self.process: subprocess.Popen[bytes] | None = None

    # ---- the process

    def start(self, *, wait: bool = True) -> "Server":
        """Start it and wait until it says that it is ready.

        Raises AssertionError with its log when it ends instead.
        """
        begin = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(self.python or (sys.executable,)),
                    *("-m", "headgate", "serve", "--data", str(self.data), "--port", "0"),
                    *self.arguments,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
            )
        if wait:
            self.wait_until_ready(begin)
        return self

    def wait_until_ready(self, begin: int = 0) -> None:
        """Wait for the ready line in the log, behind this position."""
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            said = self.log.read_bytes()[begin:].decode("utf-8", "replace")
            for line in said.splitlines():
                if line.startswith("Headgate ") and READY in line:
                    self.ready_line = line
                    self.url = line.partition(READY)[2].split()[0]
                    return
            assert self.running, f"the server ended with {self._process.returncode}:\n{said}"
            time.sleep(0.02)
        raise AssertionError(f"the server was not ready in {START_S} s:\n{self.log.read_text()}")

    @property
    def _process(self) -> "subprocess.Popen[bytes]":
        assert self.process is not None, "the server was not started"
        return self.process

    @property
    def running(self) -> bool:
        """Whether the server process is there."""
        return self.process is not None and self.process.poll() is None

    def children(self, module: str) -> list[int]:
        """The processes that the server has started for this module of ours, by its name."""
        found = Path(f"/proc/{self._process.pid}/task").glob("*/children")
        pids = [int(pid) for path in found for pid in path.read_text().split()]
        return [pid for pid in pids if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def terminate(self) -> int:
        """SIGTERM, and wait. Its exit status."""
        self._process.terminate()
        return self._process.wait(STOP_S)

    def kill(self) -> None:
        """SIGKILL the server process alone; its shepherd and tasks go on."""
        self._process.kill()
        self._process.wait(STOP_S)

    def stop(self) -> None:
        """End the server, its shepherd and all tasks."""
        if self.running:
            try:
                self.terminate()
            except subprocess.TimeoutExpired:
                self.kill()
        self.kill_shepherd()

    # ---- the shepherd

    def shepherd_pid(self) -> int | None:
        """The pid of whoever listens on the engine's socket; None when nobody does."""
        try:
            folder = os.open(self.data / "engine", os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return None
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
                # The path of a temporary folder may be longer than a socket's address may be.
                asking.connect(f"/proc/self/fd/{folder}/shepherd.sock")
                found = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
                return int(struct.unpack("3i", found)[0])
        except OSError:
            return None
        finally:
            os.close(folder)

    def kill_shepherd(self) -> None:
        """SIGKILL the shepherd and everything below it."""
        pid = self.shepherd_pid()
        if pid is None:
            return
        for one in (pid, *descendants(pid)):
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass

    # ---- asking

    @property
    def admin(self) -> tuple[str, str]:
        """Name and password of the first user."""
        return "admin", (self.data / "initial-admin-password").read_text().strip()

    def http(self, user: tuple[str, str] | None = None, **options: Any) -> httpx.Client:
        """A client; as the admin unless said otherwise."""
        return httpx.Client(base_url=self.url, auth=user or self.admin, timeout=30, **options)

    def command(
        self, *arguments: str, stdin: str = "", check: bool = True
    ) -> "subprocess.CompletedProcess[str]":
        """Run `headgate …` to its end, for instance on this data folder."""
        done = subprocess.run(
            [*(self.python or (sys.executable,)), "-m", "headgate", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, **self.environment},
            check=False,
        )
        assert not check or done.returncode == 0, (
            f"headgate {arguments} ended with {done.returncode}: {done.stderr}"
        )
        return done

    def add_user(self, name: str, password: str, *, role: str = "user", os_account: str = "") -> None:
        """A user, by the command as an administrator would have it."""
        account = ("--os-account", os_account) if os_account else ()
        self.here("user", "add", name, "--role", role, "--password-stdin", *account, stdin=password)

    def add_key(self, user: str) -> dict[str, str]:
        """A new access key: `access_key` and `secret_key`."""
        made: dict[str, str] = json.loads(self.here("key", "create", user))
        return made

    def here(self, *arguments: str, stdin: str = "") -> str:
        """Run a `headgate …` that works on this data folder; what it prints. In this process, a fifth of the
        time that one of its own takes, unless other words run it.
        """
        if self.python:
            return self.command(*arguments, "--data", str(self.data), stdin=stdin).stdout
        from typer.testing import CliRunner  # noqa: PLC0415 - benchmarks have servers without it

        from headgate.cli.main import app  # noqa: PLC0415 - they do not load it

        def run() -> str:
            done = CliRunner().invoke(
                app, [*arguments, "--data", str(self.data)], input=stdin, env=self.environment
            )
            assert done.exit_code == 0, f"headgate {arguments}: {done.output} {done.exception}"
            return done.stdout

        mask = os.umask(0o077)  # as the command sets it, which has its process to itself
        try:
            # A thread of its own: the test may be a coroutine, and each command has a loop to itself.
            with ThreadPoolExecutor(1) as thread:
                return thread.submit(run).result()
        finally:
            os.umask(mask)


@contextmanager
def running(data: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A server that is ready; afterwards it and everything it started is gone."""
    server = Server(data, arguments, environment)
    try:
        yield server.start()
    finally:
        server.stop()


def descendants(pid: int) -> list[int]:
    """All processes below this one, by the kernel's list of parents."""
    parents: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                status = Path("/proc", entry, "stat").read_text()
            except OSError:
                continue
            parents[int(entry)] = int(status.rpartition(")")[2].split()[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]
