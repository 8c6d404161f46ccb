"""A real server and somebody who is logged in to it."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.testing.server import Server, running

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the users ada and olga (an operator); their tokens are kept in a folder of this test."""
    folder = tmp_path_factory.mktemp("cli")
    environment = {"XDG_CONFIG_HOME": str(folder / "config")}
    with running(folder / "data", environment=environment) as started:
        started.add_user("ada", "engine", os_account="nobody")
        started.add_user("olga", "engine", role="operator", os_account="nobody")
        login = ["login", "--url", started.url, "--user", "ada", "--password-stdin"]
        started.command(*login, stdin="engine\n")
        yield started


@pytest.fixture
def headgate(server: Server) -> Command:
    """Runs `headgate …` as ada."""
    return server.command


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """A script file."""
    file = tmp_path / "work.sh"
    file.write_text("#!/bin/sh\necho from a script: $0 | cut -c1-14\n")
    return file
