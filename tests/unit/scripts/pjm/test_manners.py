"""scripts/pjm/manners.py. Spec pjm, section 8."""

from typing import Any

import pytest
from msgspec.structs import replace

from headgate.core.launch import NodeShare, Placement
from headgate.core.model import Job, Task
from headgate.core.scripts import Manners, RunFacts, Submitter
from headgate.scripts.pjm import FLAVOUR

NOW = 1_700_000_000_000_000
BY = Submitter(
    now=NOW,
    time_zone="Asia/Tokyo",
    file="run.sh",
    directory="/home/ann/sim",
    host="login1",
    variables={"HOME": "/home/ann", "LANG": "C", "PATH": "/bin", "OTHER": "x"},
)


def manners(script: str, by: Submitter = BY, **facts: Any) -> Manners:
    read = FLAVOUR.parse(script.encode(), by)
    return FLAVOUR.manners(
        RunFacts(
            **{
                "job": Job(id=812, spec=read.job),
                "task": Task(spec=read.task),
                "home": "/home/ann",
                "shell": "/bin/zsh",
                "user": "ann",
                "cluster": "site",
                "time_zone": "Asia/Tokyo",
                **facts,
            }
        )
    )


def variables(script: str, **facts: Any) -> dict[str, str]:
    return dict(manners(script, **facts).environment)


def test_a_job_that_says_nothing_is_told_this_and_no_more() -> None:
    assert variables("echo") == {
        "PJM_JOBID": "812",
        "PJM_SUBJOBID": "812",
        "PJM_JOBNAME": "run.sh",
        "PJM_ENVIRONMENT": "BATCH",
        "PJM_JOBDIR": "/home/ann/sim",
        "PJM_O_WORKDIR": "/home/ann/sim",
        "PJM_O_HOST": "login1",
        "PJM_O_HOME": "/home/ann",
        "PJM_O_LANG": "C",
        "PJM_O_PATH": "/bin",
        "PJM_NODE": "1",
        "PJM_NODE_X": "1",
        "PJM_ELAPSE_LIMIT": "unlimited",
        "PJM_ELAPSED_TIME_MODE": "fixed",
        "PJM_RSCUNIT": "site",
        "PJM_NORESTART": "1",
        "PJM_STDOUT_PATH": "/home/ann/sim/run.sh.812.out",
        "PJM_STDERR_PATH": "/home/ann/sim/run.sh.812.err",
        "PJM_SHELL": "/bin/zsh",
        "PJM_DPREFIX": "#PJM",
    }


@pytest.mark.parametrize(
    ("directive", "expected"),
    [
        ("-L node=2x3x2:torus", {"NODE": "12", "NODE_X": "2", "NODE_Y": "3", "NODE_Z": "2"}),
        ("-L node=2x3x2:torus", {"NODE_ALLOCATION_MODE": "torus", "NODE_ALLOCATION_IO_MODE": None}),
        ("-L node=4x3:torus:io-exclusive", {"NODE_ALLOCATION_IO_MODE": "io-exclusive", "NODE_Z": None}),
        ("-L node=2x3x2:torus:strict-io", {"NODE_ALLOCATION_MODE": "torus", "NODE_ALLOCATION_IO_MODE": None}),
        ("-L node=4:no-io-exclusive", {"NODE_ALLOCATION_IO_MODE": "no-io-exclusive", "NODE_X": "4"}),
        ("-L node-mem=28Gi", {"NODE_MEM_LIMIT": "30064771072", "VNODE_MEM_LIMIT": None}),
        ("-L node-mem=unlimited", {"NODE_MEM_LIMIT": "unlimited"}),
        ("-L vnode=3(core=2;mem=1Gi)", {"VNODE": "3", "VNODE_CORE": "2", "VNODE_MEM_LIMIT": "1073741824"}),
        ("-L vnode=3", {"NODE": None, "NODE_X": None, "VNODE_MEM_LIMIT": None, "EXEC_POLICY": None}),
        ("-L core-mem=1Gi", {"CORE_MEM_LIMIT": "1073741824", "VNODE_MEM_LIMIT": None}),
        ("-L core-mem=unlimited", {"CORE_MEM_LIMIT": "unlimited"}),
        (
            "-L vnode=2 -P vn-policy=abs-pack,exec-policy=share",
            {"VN_POLICY": "abs-pack", "EXEC_POLICY": "share"},
        ),
        ("-L vnode=2 -P vn-policy=unpack=2", {"VN_POLICY": "unpack=2"}),
        ("-L node=1", {"MPI_PROC": None, "PROC_BY_NODE": None, "MPI_SHAPE_X": None}),
        ("-L node=3", {"MPI_PROC": "3", "PROC_BY_NODE": "1", "MPI_SHAPE_X": "3"}),
        ("--mpi proc=4", {"MPI_PROC": "4", "PROC_BY_NODE": "4", "MPI_SHAPE_X": "1"}),
        ("-L node=4 --mpi proc=10", {"MPI_PROC": "10", "PROC_BY_NODE": "3"}),
        ("-L node=2x3 --mpi max-proc-per-node=4", {"MPI_PROC": "24", "MPI_SHAPE_X": "2", "MPI_SHAPE_Y": "3"}),
        ("-L node=12 --mpi shape=2x3,max-proc-per-node=4", {"MPI_PROC": "24", "MPI_SHAPE_Y": "3"}),
        ("--mpi rank-map-bychip", {"RANK_MAP_BYCHIP": "DEF", "RANK_MAP_BYNODE": None}),
        ("--mpi rank-map-bynode=XY", {"RANK_MAP_BYNODE": "XY"}),
        ("--mpi assign-online-node", {"ASSIGN_ONLINE_NODE": "1"}),
        ("-L rscgrp=small,rscunit=ft01", {"RSCGRP": "small", "RSCUNIT": "ft01"}),
        ("-L elapse=1:00:00", {"ELAPSE_LIMIT": "3600", "ELAPSED_TIME_MODE": "fixed"}),
        ("-L elapse=60-120", {"ELAPSED_TIME_MODE": "adaptive", "ADAPTIVE_ELAPSED_TIME_MIN": "60"}),
        ("-L elapse=60-120", {"ADAPTIVE_ELAPSED_TIME_MAX": "120", "ELAPSE_LIMIT": "120"}),
        ("-L elapse=60-", {"ADAPTIVE_ELAPSED_TIME_MAX": "unlimited"}),
        ("--comment 'a b' --appname x --fs y", {"COMMENT": "a b", "APPNAME": "x", "FSNAME": "y"}),
        ("--at 202412312359", {"AT": "2024/12/31 23:59:00"}),
        ("-m b,e,r,s,S --mail-list a@b", {"MAILOPTION": "0x1f", "MAILSENDTO": "a@b"}),
        ("-m e", {"MAILOPTION": "0x2", "MAILSENDTO": None}),
        ("--restart", {"NORESTART": None}),
        ("--net-route static", {"NET_ROUTE": "static"}),
        ("-L freq=2000,matlab", {"CUSTOM_RESOURCES": "freq=2000,matlab"}),
        ("--bulk --sparam 0-9", {"STEPNUM": None}),
        ("--step", {"STEPNUM": "0", "SUBJOBID": "812_0", "JOBID": "812", "BULKNUM": None}),
        ("--step --sparam jid=7,sn=3", {"STEPNUM": "3", "SUBJOBID": "7_3", "JOBID": "7"}),
        ("--step --sparam jid=7", {"STEPNUM": None, "SUBJOBID": "812"}),
    ],
)
def test_a_variable_is_set_where_there_is_something_to_tell(
    directive: str, expected: dict[str, str | None]
) -> None:
    found = variables(f"#PJM {directive}")
    assert {name: found.get(f"PJM_{name}") for name in expected} == expected


def test_a_run_of_a_bulk_job_knows_its_number() -> None:
    found = manners("#PJM --bulk --sparam 3-9 -N sim", index=4)
    assert found.environment["PJM_BULKNUM"] == "4"
    assert found.environment["PJM_SUBJOBID"] == "812[4]"
    assert (found.stdout, found.stderr) == ("sim.812[4].out", "sim.812[4].err")


def test_the_seconds_of_the_run_win_over_what_was_asked() -> None:
    assert variables("#PJM -L elapse=60", seconds=45.9)["PJM_ELAPSE_LIMIT"] == "45"


@pytest.mark.parametrize(
    ("script", "stdout", "stderr"),
    [
        ("#PJM -o %n.%j.%J -e /tmp/%%x%q", "run.sh.812.812", "/tmp/x"),
        ("#PJM -o out -e err -j", "out", "out"),
        ("#PJM -j", "run.sh.812.out", "run.sh.812.out"),
        ("#PJM --step -o %s.out", "0.out", "run.sh.812_0.err"),
        ("#PJM -o %b", "run.sh.812.out", "run.sh.812.err"),
    ],
)
def test_output_files_are_named_by_the_letters_or_by_the_job(script: str, stdout: str, stderr: str) -> None:
    found = manners(script)
    assert (found.stdout, found.stderr) == (stdout, stderr)
    assert (found.work_directory, found.output_directory) == ("/home/ann/sim", "/home/ann/sim")
    assert found.environment["PJM_STDOUT_PATH"].endswith(stdout)


def test_a_name_that_begins_with_a_digit_gets_a_letter_in_its_files() -> None:
    by = Submitter(now=NOW, file="9.sh")
    assert manners("echo", by).stdout == "J9.sh.812.out"
    assert manners("echo", by).output_directory == "/home/ann"


def test_the_nodes_are_listed_in_a_file_and_scratch_folders_are_asked_for() -> None:
    shares = (NodeShare("n1", (0, 1), 2), NodeShare("n2", (0,), 2))
    found = manners("#PJM --llio localtmp-size=1Gi,sharedtmp-size=1Gi", placement=Placement(shares))
    assert found.files == {"PJM_O_NODEINF": b"n1\nn2\n"}
    assert found.scratch == ("PJM_LOCALTMP", "PJM_SHAREDTMP")
    assert manners("echo").scratch == ()


def test_an_interpreter_that_was_said_is_the_shell() -> None:
    read = FLAVOUR.parse(b"#!/bin/csh\n", BY)
    task = Task(spec=replace(read.task, interpreter=("/bin/bash", "-l")))
    assert variables("echo", task=task)["PJM_SHELL"] == "/bin/bash"


@pytest.mark.parametrize(
    ("first", "shell"),
    [("#!/bin/csh -f", "/bin/csh"), ("#! /bin/bash", "/bin/bash"), ("#!", "/bin/zsh"), ("echo", "/bin/zsh")],
)
def test_the_shell_is_that_of_the_first_line_or_the_login_shell(first: str, shell: str) -> None:
    assert variables(f"{first}\n")["PJM_SHELL"] == shell
