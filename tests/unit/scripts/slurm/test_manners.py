"""How a run is started: variables, files, directories."""

from typing import Any

import pytest
from msgspec.structs import replace

from headgate.core.launch import NodeShare, Placement
from headgate.core.model import Job, Run, Task
from headgate.core.scripts import Manners, RunFacts, Submitter
from headgate.scripts.slurm import FLAVOUR

BY = Submitter(now=1_800_000_000_000_000, file="j.sh", directory="/home/u/run", host="vm")


def facts(*directives: str, shares: tuple[NodeShare, ...] = (), **more: Any) -> RunFacts:
    text = "\n".join(["#!/bin/sh", *(f"#SBATCH {line}" for line in directives), "env", ""])
    script = FLAVOUR.parse(text.encode(), BY)
    return RunFacts(
        job=Job(id=47, owner="u", spec=script.job),
        task=Task(spec=script.task),
        placement=Placement(shares or (NodeShare("vm", (0,), 16),)),
        home="/home/u",
        user="u",
        cluster="judge",
        **more,
    )


def manners(*directives: str, **more: Any) -> Manners:
    return FLAVOUR.manners(facts(*directives, **more))


def node(name: str, cores: int) -> NodeShare:
    return NodeShare(name, tuple(range(cores)), 16)


# What Slurm 22.05.8 gave such a job, but for the addresses, ids and paths of that machine.
COMMON = {
    "ENVIRONMENT": "BATCH",
    "SLURMD_NODENAME": "vm",
    "SLURM_CLUSTER_NAME": "judge",
    "SLURM_GTIDS": "0",
    "SLURM_JOBID": "47",
    "SLURM_JOB_ID": "47",
    "SLURM_JOB_NAME": "j.sh",
    "SLURM_JOB_NODELIST": "vm",
    "SLURM_JOB_NUM_NODES": "1",
    "SLURM_JOB_PARTITION": "p",
    "SLURM_JOB_USER": "u",
    "SLURM_LOCALID": "0",
    "SLURM_NNODES": "1",
    "SLURM_NODEID": "0",
    "SLURM_NODELIST": "vm",
    "SLURM_PRIO_PROCESS": "0",
    "SLURM_PROCID": "0",
    "SLURM_SUBMIT_DIR": "/home/u/run",
    "SLURM_SUBMIT_HOST": "vm",
}


@pytest.mark.parametrize(
    ("directives", "cores", "index", "recorded"),
    [
        (
            ["-p p"],
            1,
            None,
            {"SLURM_CPUS_ON_NODE": "1", "SLURM_JOB_CPUS_PER_NODE": "1", "SLURM_TASKS_PER_NODE": "1"},
        ),
        (
            ["-p p", "-n3 -c2 --mem=2G -N1"],
            6,
            None,
            {
                "SLURM_CPUS_ON_NODE": "6",
                "SLURM_CPUS_PER_TASK": "2",
                "SLURM_JOB_CPUS_PER_NODE": "6",
                "SLURM_MEM_PER_NODE": "2048",
                "SLURM_NPROCS": "3",
                "SLURM_NTASKS": "3",
                "SLURM_TASKS_PER_NODE": "3",
            },
        ),
        (
            ["-p p", "-N1 --ntasks-per-node=4"],
            4,
            None,
            {
                "SLURM_CPUS_ON_NODE": "4",
                "SLURM_JOB_CPUS_PER_NODE": "4",
                "SLURM_NPROCS": "4",
                "SLURM_NTASKS": "4",
                "SLURM_NTASKS_PER_NODE": "4",
                "SLURM_TASKS_PER_NODE": "4",
            },
        ),
        (
            ["-p p", "-a 3-9:3%1"],
            1,
            3,
            {
                "SLURM_ARRAY_JOB_ID": "47",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_ID": "3",
                "SLURM_ARRAY_TASK_MAX": "9",
                "SLURM_ARRAY_TASK_MIN": "3",
                "SLURM_ARRAY_TASK_STEP": "3",
                "SLURM_CPUS_ON_NODE": "1",
                "SLURM_JOB_CPUS_PER_NODE": "1",
                "SLURM_TASKS_PER_NODE": "1",
            },
        ),
        (
            ["-p p", "-a 2,5,6"],
            1,
            5,
            {
                "SLURM_ARRAY_JOB_ID": "47",
                "SLURM_ARRAY_TASK_COUNT": "3",
                "SLURM_ARRAY_TASK_ID": "5",
                "SLURM_ARRAY_TASK_MAX": "6",
                "SLURM_ARRAY_TASK_MIN": "2",
                "SLURM_ARRAY_TASK_STEP": "1",
                "SLURM_CPUS_ON_NODE": "1",
                "SLURM_JOB_CPUS_PER_NODE": "1",
                "SLURM_TASKS_PER_NODE": "1",
            },
        ),
    ],
)
def test_the_variables_are_those_that_slurm_sets(
    directives: list[str], cores: int, index: int | None, recorded: dict[str, str]
) -> None:
    run = facts(*directives, shares=(node("vm", cores),), index=index)
    assert dict(FLAVOUR.manners(run).environment) == {**COMMON, **recorded}


def test_nodes_are_named_in_short_and_counts_that_repeat_are_counted() -> None:
    shares = (node("n01", 2), node("n02", 2), node("n03", 2), node("x", 1))
    environment = manners("-n7", shares=shares).environment
    assert environment["SLURM_JOB_NODELIST"] == "n[01-03],x"
    assert environment["SLURM_JOB_CPUS_PER_NODE"] == "2(x3),1"
    assert environment["SLURM_TASKS_PER_NODE"] == "2(x3),1"
    assert environment["SLURMD_NODENAME"] == "n01"


def test_ranks_that_do_not_divide_stand_as_their_parts_do() -> None:
    shares = (node("a", 3), node("b", 3), node("c", 2))
    environment = manners("-N3 -n8", shares=shares).environment
    assert environment["SLURM_TASKS_PER_NODE"] == "3(x2),2"
    assert environment["SLURM_NTASKS"] == "8"


def test_exclusive_nodes_have_all_their_cores() -> None:
    assert manners("--exclusive", shares=(node("a", 4),)).environment["SLURM_CPUS_ON_NODE"] == "16"


def test_memory_of_a_rank_is_told_for_each_core() -> None:
    environment = manners("-n4 -c2 --mem-per-cpu=100M").environment
    assert environment["SLURM_MEM_PER_CPU"] == "100"
    assert "SLURM_MEM_PER_NODE" not in environment


def test_options_that_are_kept_are_told() -> None:
    environment = manners("--qos=high -A me --reservation=r --export=NONE -O").environment
    assert environment["SLURM_JOB_QOS"] == "high"
    assert environment["SLURM_JOB_ACCOUNT"] == "me"
    assert environment["SLURM_JOB_RESERVATION"] == "r"
    assert environment["SLURM_EXPORT_ENV"] == "NONE"
    assert environment["SLURM_OVERCOMMIT"] == "1"


def test_a_run_that_was_repeated_knows_how_often() -> None:
    run = facts()
    assert "SLURM_RESTART_COUNT" not in FLAVOUR.manners(run).environment
    again = replace(run, task=replace(run.task, run=Run(requeue_count=2)))
    assert FLAVOUR.manners(again).environment["SLURM_RESTART_COUNT"] == "2"


@pytest.mark.parametrize(
    ("directives", "index", "stdout", "stderr"),
    [
        ((), None, "slurm-47.out", "slurm-47.out"),
        (("-a 1-3",), 2, "slurm-47_2.out", "slurm-47_2.out"),
        (("-o out.%j -e err.%j",), None, "out.47", "err.47"),
        (("-e err.%j",), None, "slurm-47.out", "err.47"),
        (("-a 1-3 -o one-%j.out",), 2, "one-47_2.out", "one-47_2.out"),
        (("-o none",), None, "/dev/null", "/dev/null"),
        (('-J "a b" -o /logs/%x.%5j',), None, "/logs/a b.00047", "/logs/a b.00047"),
    ],
)
def test_output_goes_where_slurm_puts_it(
    directives: tuple[str, ...], index: int | None, stdout: str, stderr: str
) -> None:
    made = manners(*directives, index=index)
    assert (made.stdout, made.stderr) == (stdout, stderr)


def test_it_runs_where_it_was_submitted_or_where_it_says() -> None:
    assert manners().work_directory == "/home/u/run"
    assert manners("-D /scratch").work_directory == "/scratch"
    assert manners("-D sub").work_directory == "/home/u/run/sub"
    assert manners("-D sub").output_directory == "/home/u/run/sub"


def test_without_a_place_of_submission_it_is_the_home() -> None:
    run = facts()
    run = replace(run, job=replace(run.job, spec=replace(run.job.spec, submit_directory="", submit_host="")))
    made = FLAVOUR.manners(run)
    assert made.work_directory == ""
    assert made.environment["SLURM_SUBMIT_DIR"] == "/home/u"
    assert made.environment["SLURM_SUBMIT_HOST"] == "judge"


@pytest.mark.parametrize(
    ("directive", "login"),
    [
        ("--time=5", False),
        ("--get-user-env", True),
        ("--get-user-env=10L", True),
        ("--get-user-env=S", False),
    ],
)
def test_the_login_environment_is_that_of_a_login_shell(directive: str, login: bool) -> None:
    assert manners(directive).login is login


def test_without_a_place_nothing_is_told_of_nodes() -> None:
    run = replace(facts("-o %N.out"), placement=Placement())
    made = FLAVOUR.manners(run)
    assert made.stdout == ".out"
    assert "SLURM_JOB_NODELIST" not in made.environment


def test_gpus_of_the_node_are_counted() -> None:
    assert manners("--gres=gpu:2").environment["SLURM_GPUS_ON_NODE"] == "2"


def test_more_nodes_than_parts_have_a_rank_each() -> None:
    shares = (node("a", 1), node("b", 1), node("c", 1))
    assert manners("-N2-3", shares=shares).environment["SLURM_TASKS_PER_NODE"] == "1(x3)"
