"""The server of a durable session is killed, and started again: no acknowledged request is lost, and none has
two answers.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

COUNT = 1500
ROOT = Path(__file__).parents[3]


class Server:
    """An installation in a process of its own."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        with self.data.with_name("server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.soa.installation", str(self.data)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=ROOT,
            )
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline()) != "ready\n":
            assert line, self.data.with_name("server.log").read_text()

    def begin(self, do: str, **said: Any) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **said}) + "\n")
        self.process.stdin.flush()

    def answer(self) -> Any:
        assert self.process is not None
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.data.with_name("server.log").read_text()
        return json.loads(line)

    def ask(self, do: str, **said: Any) -> Any:
        self.begin(do, **said)
        return self.answer()

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "data")
    made.start()
    yield made
    made.kill()


def test_a_killed_server_loses_nothing_that_was_acknowledged(server: Server) -> None:
    dice = random.Random(7)
    session = server.ask("create", durable=True)
    sent = 0
    while sent < COUNT:
        last = min(COUNT, sent + 250)
        server.begin("send", session=session, first=sent, last=last)
        if dice.random() < 0.25:
            # In the middle of it: what was not acknowledged is sent again.
            time.sleep(dice.random() * 0.02)
            server.kill()
            server.start()
            assert server.ask("attach", session=session) == "ann"
            continue
        server.answer()
        sent = last
    server.ask("commit", session=session)
    server.begin("read", session=session)
    time.sleep(0.2)
    server.kill()
    server.start()
    found, count, reason = server.ask("read", session=session, reset=True)
    assert sorted(found) == sorted(f"id-{n}" for n in range(COUNT))
    assert (count, reason) == (COUNT, "Success")
    assert server.ask("read", session=session) == [[], COUNT, "Success"]
    server.kill()
    server.start()
    assert server.ask("read", session=session) == [[], 0, "Success"]
    again, *_ = server.ask("read", session=session, reset=True)
    assert sorted(again) == sorted(found)
    server.ask("close", session=session)
    for _ in range(100):
        if server.ask("traces") == [0, None]:
            return
        time.sleep(0.05)
    raise AssertionError("closing left something behind")


def test_an_interactive_session_ends_with_its_server(server: Server) -> None:
    server.ask("create")
    server.kill()
    server.start()
    assert server.ask("traces") == [0, None]
