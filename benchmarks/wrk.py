"""The load generator `wrk`, on the same cores as the server: what it takes, the server lacks."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.bench import Skipped
from benchmarks.http import basic

CONNECTIONS = 8


class Load(NamedTuple):
    """What a script counted. done: whole jobs (accept.lua) or requests; refused: unexpected answers."""

    done: int
    refused: int
    errors: int
    requests: int
    seconds: float
    p99_ms: float

    @property
    def rate(self) -> float:
        """So many a second."""
        return self.done / self.seconds


def run(
    url: str,
    script: str,
    user: tuple[str, str],
    *,
    seconds: int,
    threads: int,
    path: str = "",
    more: Sequence[str] = (),
) -> Load:
    """Run a script of this folder for some seconds over 8 connections, kept alive unless it says otherwise.

    more: arguments of the script besides the user's Authorization and the path.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise Skipped("wrk is not installed (tools/system-tools wrk)")
    argv = [wrk, f"-t{threads}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "30s", "-s"]
    argv += [str(Path(__file__).with_name(script)), url, "--", basic(user), path, *more]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=seconds + 60, check=True)
    counted = json.loads(ended.stdout.splitlines()[-1])
    return Load(**counted)
