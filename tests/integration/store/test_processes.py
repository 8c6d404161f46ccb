"""A server and administration commands on one directory, each in a process of its own."""

import subprocess
import sys
from pathlib import Path

from tests.unit.store.worlds import World

ROOT = Path(__file__).parents[3]

COMMAND = """
import sys
from pathlib import Path
from tests.unit.store.worlds import World

world = World(Path(sys.argv[1]), exclusive=False)
print(*[world.add("command").id for _ in range(40)])
world.close()
"""

SERVER = """
import sys
from pathlib import Path
from headgate.core.errors import StartupRefused
from tests.unit.store.worlds import World

try:
    World(Path(sys.argv[1]))
except StartupRefused as refused:
    print(refused.text)
"""


def start(script: str, data: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, str(data)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


def test_a_server_and_two_commands_write_at_the_same_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        commands = [start(COMMAND, tmp_path) for _ in range(2)]
        own = []
        while any(command.poll() is None for command in commands):
            own.append(world.add("server").id)
        theirs = [int(word) for command in commands for word in command.communicate()[0].split()]
        assert len(theirs) == 80
        assert sorted([*own, *theirs]) == list(range(1, len(own) + 81))
        jobs = world.look(lambda look: look.jobs(range(len(own) + 99)))
        assert {job.id for job in jobs if job.owner == "command"} == set(theirs)
    finally:
        world.close()


def test_commands_that_find_no_directory_make_one_together(tmp_path: Path) -> None:
    commands = [start(COMMAND, tmp_path / "data") for _ in range(3)]
    ids = [int(word) for command in commands for word in command.communicate()[0].split()]
    assert sorted(ids) == list(range(1, 121))


def test_a_second_server_process_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    try:
        assert "another headgate server is running" in start(SERVER, tmp_path).communicate()[0]
    finally:
        world.close()
    assert start(SERVER, tmp_path).communicate()[0] == ""
