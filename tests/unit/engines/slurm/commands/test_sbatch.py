import errno

import pytest

from headgate.engines.command.outcomes import Done, Hung, NotRun, not_run
from headgate.engines.slurm.commands.sbatch import Component, Full, Request, Submitted, build, literal, parse
from headgate.ports.engine import Refused, Uncertain


def test_every_property_is_an_argument_of_its_own() -> None:
    command = build(
        Request(
            script=b"#!/bin/sh\n",
            comment="tag; rm -rf $HOME",
            uid=1000,
            array="0-9%3",
            nodes=(1, 2),
            wall_time_s=90,
            only_nodes=("n1", "n2"),
            not_before=0,
            memory_mb=100,
            hold=True,
        )
    )
    assert command.stdin == b"#!/bin/sh\n"
    assert command.environment == {"SLURM_UMASK": "0022"}
    assert {
        "--comment=tag; rm -rf $HOME",
        "--uid=1000",
        "--array=0-9%3",
        "--nodes=1-2",
        "--time=00:01:30",
        "--nodelist=n[1-2]",
        "--begin=1970-01-01T00:00:00",
        "--mem=100M",
        "--hold",
        "--no-requeue",
        "--export=NONE",
    } <= set(command.argv)


def test_a_nul_is_refused_before_anything_runs() -> None:
    with pytest.raises(ValueError, match="--job-name"):
        build(Request(script=b"", comment="t", name="a\0b"))


def test_a_path_is_no_pattern() -> None:
    assert literal("/a/%j") == "/a/%%j"
    with pytest.raises(ValueError, match="backslash"):
        literal("/a\\b")


@pytest.mark.parametrize(
    ("stdout", "expected"), [(b"12\n", Submitted(12)), (b"12;other\n", Submitted(12)), (b"12", Submitted(12))]
)
def test_an_id_is_an_acceptance(stdout: bytes, expected: Submitted) -> None:
    assert parse(Done(0, stdout, b"")) == expected


@pytest.mark.parametrize(
    "outcome",
    [
        Done(0, b"", b""),
        Done(0, b"Submitted batch job 12\n", b""),
        Done(0, b"12\n13\n", b""),
        Done(1, b"12\n", b"sbatch: error: Batch job submission failed: Invalid account\n"),
        Done(1, b"", b""),
        Done(-9, b"", b"sbatch: error: Invalid --time specification\n"),
        Done(1, b"", b"sbatch: error: Batch job submission failed: Something of another version\n"),
        Done(1, b"", b"sbatch: error: Batch job submission failed: Connection reset by peer\n"),
        Done(
            1, b"", b"sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n"
        ),
        Hung(5.0, b"12\n", b""),
        NotRun("sbatch is not installed"),
    ],
)
def test_all_that_is_not_certain_is_uncertain(outcome: Done | Hung | NotRun) -> None:
    assert isinstance(parse(outcome), Uncertain)


def test_what_could_not_be_started_for_want_of_room_may_be_later_and_no_part_of_it_sooner() -> None:
    answer = parse(not_run("sbatch", OSError(errno.ENOSPC, "No space left on device")))
    assert answer == Full("sbatch could not be started: [Errno 28] No space left on device", fewer=False)
    assert isinstance(parse(not_run("sbatch", OSError(errno.E2BIG, "Argument list too long"))), Uncertain)


def test_a_site_policy_that_says_only_error_is_a_refusal() -> None:
    lines = ("too many GPUs for you", "Batch job submission failed: Unspecified error")
    said = "".join(f"sbatch: error: {line}\n" for line in lines)
    answer = parse(Done(1, b"", said.encode()))
    assert isinstance(answer, Refused)
    assert "too many GPUs" in answer.reason


POLICY = (
    "Batch job submission failed: "
    "Job violates accounting/QOS policy (job submit limit, user's size and/or time limits)"
)


def said(*lines: str) -> Done:
    return Done(1, b"", "".join(f"sbatch: error: {line}\n" for line in lines).encode())


@pytest.mark.parametrize(
    "limit",
    [
        "AssocMaxSubmitJobLimit",
        "AssocGrpSubmitJobsLimit",
        "QOSMaxSubmitJobPerUserLimit",
        "MaxSubmitJobsPerAccount",
        "QOSGrpSubmitJobsLimit",
    ],
)
def test_a_limit_of_jobs_that_are_there_is_no_refusal_for_good(limit: str) -> None:
    answer = parse(said(limit, POLICY))
    assert isinstance(answer, Full)
    assert answer.reason.startswith(f"Slurm: {limit}, ")


@pytest.mark.parametrize("lines", [("QOSMaxWallDurationPerJobLimit",), ("QOSGrpCpuLimit",), ()])
def test_a_limit_of_what_a_job_may_ask_for_is_a_refusal_that_says_which_and_what_helps(
    lines: tuple[str, ...],
) -> None:
    answer = parse(said(*lines, POLICY))
    assert isinstance(answer, Refused)
    assert " ".join(lines) in answer.reason
    assert "ask for less" in answer.reason


def test_a_rule_of_sudo_that_is_missing_is_a_refusal_and_a_warning_of_sudo_is_none() -> None:
    refused = parse(Done(1, b"", b"sudo: a password is required\n"))
    assert isinstance(refused, Refused)
    assert "rule for sudo" in refused.reason
    warned = b"sudo: unable to resolve host here: Name or service not known\n"
    lost = b"sbatch: error: Batch job submission failed: Socket timed out on send/recv operation\n"
    assert isinstance(parse(Done(1, b"", warned + lost)), Uncertain)
    assert parse(Done(0, b"7\n", warned)) == Submitted(7, warned.decode().removeprefix("sudo: ").strip())


def test_components_are_parted_by_colons_and_say_everything_but_licences() -> None:
    asked = Request(
        script=b"",
        comment="t+0",
        uid=7,
        nodes=(1, 1),
        tasks=1,
        memory_mb=5,
        exclusive=True,
        not_nodes=("n9",),
        licenses="matlab:1",
        wall_time_s=60,
        nice=4,
        beside=(
            Component(comment="t+1", tasks=2, cores_of_node=3, memory_mb=0, only_nodes=("n3",)),
            Component(comment="t+2", nodes=(2, 4), tasks_per_node=1, not_nodes=("n9",)),
        ),
    )
    words = build(asked).argv
    first, second, third = " ".join(words).split(" : ")
    assert "--comment=t+0" in first
    assert "--licenses=matlab:1" in first
    shared = ["--comment=t+1", "--uid=7", "--chdir=/", "--output=/dev/null", "--time=00:01:00"]
    assert second.split() == [
        *shared, "--ntasks=2", "--mincpus=3", "--mem=0M", "--nodelist=n3", "--nice=4", "--no-requeue",
    ]  # fmt: skip
    assert third.split()[5:] == [
        "--nodes=2-4", "--ntasks-per-node=1", "--exclude=n9", "--nice=4", "--no-requeue",
    ]  # fmt: skip


def test_a_component_holds_no_nul_either() -> None:
    with pytest.raises(ValueError, match="--constraint"):
        build(Request(script=b"", comment="t", beside=(Component(constraint="a\0"),)))
