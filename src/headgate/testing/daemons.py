"""The daemons of a test cluster by name: each can be killed, started again, and stopped for a while.

They belong to a `Brood`, so that none outlives who started it, whatever was done to it.
"""

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headgate.testing.brood import Brood

GONE_S = 10.0


@dataclass(frozen=True)
class _Started:
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    user: str
    pid: int


@dataclass(frozen=True)
class Daemons:
    """Those of one cluster. Their logs are `NAME.log` in the folder, all starts of one in the same."""

    brood: Brood
    folder: Path
    _by_name: dict[str, _Started] = field(default_factory=dict)

    def start(self, name: str, argv: Sequence[str], environment: Mapping[str, str], user: str = "") -> None:
        """Start one under this name. Raises OSError when that fails."""
        pid = self.brood.start(argv, self.folder / f"{name}.log", environment, user)
        self._by_name[name] = _Started(tuple(argv), dict(environment), user, pid)

    def pid(self, name: str) -> int:
        """The process of the last start."""
        return self._by_name[name].pid

    def kill(self, name: str) -> None:
        """SIGKILL, and wait until it is gone. What it started (a slurmstepd and its job) goes on."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + GONE_S
        while _runs(pid):
            assert time.monotonic() < until, f"{name} did not die"
            time.sleep(0.005)

    def restart(self, name: str) -> None:
        """Start it again with the same arguments; kill it before, if it is there. Does not wait for it."""
        if _runs(self.pid(name)):
            self.kill(name)
        old = self._by_name[name]
        self.start(name, old.argv, old.environment, old.user)

    def pause(self, name: str) -> None:
        """SIGSTOP: it is there, takes connections, and answers nothing."""
        os.kill(self.pid(name), signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT."""
        os.kill(self.pid(name), signal.SIGCONT)


def _runs(pid: int) -> bool:
    """Not gone, and no zombie: the keeper of the brood collects those at the end."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
