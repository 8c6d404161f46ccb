"""The batch script run by bash alone, as slurmstepd would: what it does, and what its record says."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from headgate.core.launch import Launch, OsAccount
from headgate.engines.slurm.script import Site, record_name, script
from headgate.engines.slurm.spool import Record, parse
from headgate.ports.engine import Fault, Item

SLURM = {
    "PATH": "/usr/bin:/bin",
    "SLURM_JOB_ID": "7",
    "SLURM_JOB_CPUS_PER_NODE": "2",
    "SLURM_JOB_NODELIST": "n1",
    "SLURM_JOB_NUM_NODES": "1",
    "SLURM_TASKS_PER_NODE": "2",
}


class Node:
    """Where it runs; `status`, `record` and `output` are of the last run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spool = folder / "spool"
        self.spool.mkdir()
        self.slurm = dict(SLURM)
        self.site = Site(spool=str(self.spool), scratch=str(folder), capture_limit=100, secret=b"x")
        self.starter: tuple[str, ...] = ()
        self.me = OsAccount("me", os.getuid(), os.getgid(), str(folder), shell="/bin/bash")

    def run(self, text: str, tag: str = "t-1", **more: Any) -> "Node":
        made = script(tag, [Item(0, Launch(script=text.encode(), **more))], self.me, self.site)
        path = self.folder / "slurm_script"
        path.write_bytes(made)
        argv = [*self.starter, "bash", str(path)]
        self.status = subprocess.run(argv, env=self.slurm, timeout=20, check=False).returncode
        name = record_name(tag, 0, b"x")
        found = parse((self.spool / name).read_text())
        assert found is not None
        self.record: Record = found
        captured = self.spool / f"{name}.out"
        self.output = captured.read_bytes() if captured.exists() else b""
        return self


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


@pytest.mark.parametrize(
    ("text", "code", "signal", "status"),
    [
        ("exit 0", 0, None, 0),
        ("exit 130", 130, None, 130),
        ("kill -INT $$", None, 2, -2),
        ("kill -KILL $$", None, 9, -9),
        ("kill -TERM $$", None, 15, -15),
    ],
)
def test_an_exit_code_is_told_from_a_signal(
    node: Node, text: str, code: int | None, signal: int | None, status: int
) -> None:
    node.run(text)
    assert (node.record.whole, node.record.code, node.record.signal) == (True, code, signal)
    assert node.status == status


@pytest.mark.parametrize(("what", "signal"), [("INT", 2), ("TERM", 15), ("PIPE", 13)])
def test_signals_that_its_parent_ignores_are_not_ignored_by_the_program(
    node: Node, what: str, signal: int
) -> None:
    """slurmstepd 26.05 starts scripts with INT and TERM ignored."""
    node.starter = ("env", "--ignore-signal=INT,TERM,PIPE")
    node.run(f"kill -{what} $$")
    assert (node.record.whole, node.record.code, node.record.signal) == (True, None, signal)
    assert node.status == -signal


def test_an_element_of_an_array_is_the_same_one_when_it_is_started_once_more(node: Node) -> None:
    """Scripts for Slurm see the index that they asked for instead of the position in our array."""
    items = [
        Item(
            number, Launch(script=b"exit $SLURM_ARRAY_TASK_ID", environment=(("SLURM_ARRAY_TASK_ID", index),))
        )
        for number, index in enumerate(("3", "7"))
    ]
    path = node.folder / "slurm_script"
    path.write_bytes(script("t-1", items, node.me, node.site))
    argv = ("env", "--ignore-signal=INT,TERM", "SLURM_ARRAY_TASK_ID=1", "bash", str(path))
    assert subprocess.run(argv, env=SLURM, timeout=20, check=False).returncode == 7


def test_a_work_directory_is_there_once_the_script_was_left_below_it(node: Node) -> None:
    home = node.folder / "new"
    said = {"output_directory": str(home / "out"), "script_file": "job.sh", "work_directory": str(home)}
    node.run("pwd > where", **said)
    assert (node.record.code, node.record.fault) == (0, Fault.NONE)
    assert (home / "where").read_text() == f"{home}\n"
    assert (home / "out" / "job.sh").read_text() == "pwd > where"


def test_whoever_comes_second_runs_nothing(node: Node) -> None:
    mark = node.folder / "mark"
    node.run(f"echo x >> {mark}")
    node.run(f"echo x >> {mark}")
    assert (mark.read_text(), node.status) == ("x\n", 125)


def test_variables_come_as_they_are(node: Node) -> None:
    environment = (("V", "it's $x\r\n\\ ü"), ("A.B", "odd"), ("LC_ALL", "C.UTF-8"))
    node.run('printf "%s|" "$V" "$LC_ALL"; env | grep A.B; env | grep -c HG_', environment=environment)
    assert node.output == "it's $x\r\n\\ ü|C.UTF-8|A.B=odd\n0\n".encode()


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"work_directory": "/nowhere"}, Fault.WORK_DIRECTORY),
        ({"stdin": "/nowhere"}, Fault.STDIN),
        ({"stdout": "/nowhere/x"}, Fault.STDOUT),
        ({"stdout": "x", "stderr": "/nowhere/x"}, Fault.STDERR),
    ],
)
def test_what_cannot_be_opened_is_told_and_nothing_runs(
    node: Node, more: dict[str, str], fault: Fault
) -> None:
    node.run("touch ran", **more)
    assert (node.record.fault, node.status) == (fault, 126)
    assert "/nowhere" in node.record.reason
    assert not (node.folder / "ran").exists()


def test_a_run_within_its_wall_time_is_left_alone(node: Node) -> None:
    node.run("sleep 0.3; echo through", wall_time_s=60, warning_signal="USR1", warning_after_s=30)
    assert (node.record.over, node.record.code, node.output) == (False, 0, b"through\n")


def test_the_wall_time_sends_the_signal_waits_and_kills(node: Node) -> None:
    node.run("trap 'echo asked' INT; sleep 9 & wait; sleep 9 & wait", wall_time_s=0.2, grace_s=0.2)
    assert (node.record.over, node.record.signal, node.output) == (True, 9, b"asked\n")


@pytest.mark.parametrize("more", [{}, {"warning_signal": "USR1", "warning_after_s": 200.0}])
def test_a_wall_time_that_is_not_over_stops_nothing(node: Node, more: dict[str, Any]) -> None:
    """awk refused the line that subtracts, and the timer took that for the end."""
    node.run("sleep 0.3; exit 3", wall_time_s=300.0, **more)
    assert (node.record.over, node.record.code) == (False, 3)
    for number in range(10):
        node.run("exit 3", tag=f"t-{number}", wall_time_s=300.0, **more)
        assert (node.record.over, node.record.code) == (False, 3), number


def test_a_warning_comes_before_the_end(node: Node) -> None:
    node.run("trap 'echo warned' USR1; sleep 9 & wait; exit 4", warning_signal="USR1", warning_after_s=0.2)
    assert (node.record.code, node.output) == (4, b"warned\n")


def test_private_files_and_folders_are_there_and_go_with_the_run(node: Node) -> None:
    files = (("PBS_NODEFILE", b""), ("DATA", b"a\0b"))
    node.run(
        'cat "$PBS_NODEFILE"; cat "$DATA"; echo; echo x > "$TMPDIR/x"; echo "$TMPDIR"',
        files=files,
        scratch=("TMPDIR",),
    )
    *found, place = node.output.splitlines()
    assert found == [b"n1", b"n1", b"a\0b"]
    assert not Path(place.decode()).exists()


def test_one_file_for_both_streams_keeps_the_order(node: Node) -> None:
    node.run("echo a; echo b >&2; echo c", stdout="both", stderr="both")
    assert (node.folder / "both").read_text() == "a\nb\nc\n"


def test_only_so_much_output_is_kept(node: Node) -> None:
    node.run("yes | head -c 100000")
    assert len(node.output) == 100


def test_limits_are_for_the_program_alone(node: Node) -> None:
    node.run("ulimit -n; umask", limits=(("nofile", 64),), umask=0o027)
    assert node.output == b"64\n0027\n"


def test_a_job_of_several_components_finds_the_nodes_of_all_in_their_order(node: Node) -> None:
    commands = node.folder / "bin"
    commands.mkdir()
    (commands / "scontrol").write_text('#!/bin/sh\n[ "$3" = "n[2-3]" ] && printf "n2.here\\nn3\\n"\n')
    (commands / "scontrol").chmod(0o755)
    node.slurm["SLURM_HET_SIZE"] = "3"
    sizes = (("1", "n1", "2", "2"), ("2", "n[2-3]", "4,1", "3,1"), ("1", "n4", "8", ""))
    for number, (count, names, cores, tasks) in enumerate(sizes):
        node.slurm |= {
            f"SLURM_JOB_NUM_NODES_HET_GROUP_{number}": count,
            f"SLURM_JOB_NODELIST_HET_GROUP_{number}": names,
            f"SLURM_JOB_CPUS_PER_NODE_HET_GROUP_{number}": cores,
            f"SLURM_TASKS_PER_NODE_HET_GROUP_{number}": tasks,
        }
    files = (("PBS_NODEFILE", b""), ("PJM_O_NODEINF", b""))
    node.run(
        'tr "\\n" " " <$PBS_NODEFILE; tr "\\n" " " <$PJM_O_NODEINF; echo; echo $CCP_NODES $CCP_NUMCPUS',
        files=files,
        environment=(("PATH", f"{commands}:/usr/bin:/bin"),),
    )
    assert node.output == (b"n1 n1 n2 n2 n2 n3 n4 n1 n2.here n3 n4 \n4 n1 2 n2.here 4 n3 1 n4 8 15\n")
    assert (node.record.cores, node.record.nodes) == ("2,4,1,8", "n1,n[2-3],n4")
