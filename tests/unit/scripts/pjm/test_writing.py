"""scripts/pjm/writing.py: jobs of other flavours, and what can't be said. PJM's own: tests/compliance."""

from typing import Any

import pytest
from msgspec.structs import replace

from headgate.core.model import Chunk, JobSpec, Step, TaskSpec
from headgate.core.scripts import Rendered, Script, Submitter
from headgate.core.vocabulary import Arrangement, Sharing, TaskType
from headgate.scripts.pjm import FLAVOUR

NOW = 1_700_000_000_000_000
BY = Submitter(now=NOW, time_zone="Asia/Tokyo", file="run.sh")
SWEEP = {"type": TaskType.PARAMETRIC_SWEEP, "start_value": 1, "end_value": 9}
OWN = {"flavour": "pjm", "stop_signal": "TERM", "stop_grace_s": 10.0, "limit_signal": "XCPU"}


def render(
    job: dict[str, Any] | None = None,
    task: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
) -> Rendered:
    """A job of nobody's flavour that ends as PJM's do, so that only what a test is about is lost."""
    spec = JobSpec(**{**OWN, "flavour": "", **(job or {})})
    work = TaskSpec(
        **{
            "script": b"#!/bin/sh\necho\n",
            "interpreter": (),
            "rerunnable": False,
            "at_submission": True,
            **(task or {}),
        }
    )
    return FLAVOUR.render(Script(job=spec, task=work, environment=environment or {}), BY)


PLAIN = {"--norestart", "--rsc-list vnode=1", "--rsc-list vnode-core=1"}


def written(rendered: Rendered) -> list[str]:
    lines = [line.removeprefix("#PJM ") for line in rendered.text.decode().splitlines() if line[:4] == "#PJM"]
    return [line for line in lines if line not in PLAIN]


def told(rendered: Rendered) -> list[str]:
    return [str(loss) for loss in rendered.losses]


def test_a_script_is_its_first_line_the_directives_and_the_body_without_foreign_ones() -> None:
    script = b"#!/bin/sh\n#SBATCH -N 1\n# why\n#PBS -j oe\necho\n#PBS -N late\n"
    rendered = render({"name": "a"}, {"script": script})
    assert rendered.text == (
        b"#!/bin/sh\n#PJM --name=a\n#PJM --rsc-list vnode=1\n#PJM --rsc-list vnode-core=1\n#PJM --norestart\n"
        b"# why\necho\n#PBS -N late\n"
    )
    assert rendered.losses == ()


def test_a_script_that_begins_with_no_interpreter_gets_none() -> None:
    assert render(task={"script": b"echo\n"}).text.startswith(b"#PJM ")


@pytest.mark.parametrize(
    ("words", "first", "losses"),
    [
        (("/bin/csh",), b"#!/bin/csh\n", []),
        (("/bin/csh", "-f"), b"#!/bin/csh -f\n", []),
        (
            ("/usr/bin/env", "-S", "x"),
            b"#!/usr/bin/env -S x\n",
            ["approximated: interpreter /usr/bin/env -S x: its arguments are passed as one"],
        ),
    ],
)
def test_an_interpreter_is_the_first_line(words: tuple[str, ...], first: bytes, losses: list[str]) -> None:
    rendered = render(task={"interpreter": words})
    assert rendered.text.startswith(first + b"#PJM ")
    assert told(rendered) == losses


def test_a_command_line_is_a_script_and_the_value_of_a_sweep_a_variable() -> None:
    task = {"script": b"", "interpreter": ("/bin/bash",), "command_line": "work *.in ***.out ^*"} | SWEEP
    rendered = render(task=task)
    assert rendered.text.startswith(b"#!/bin/bash\n")
    assert rendered.text.endswith(b'\nwork ${PJM_BULKNUM}.in $(printf %03d "$PJM_BULKNUM").out *\n')
    assert told(rendered) == ["approximated: * in the command line: it is ${PJM_BULKNUM}"]


@pytest.mark.parametrize(
    ("job", "lines", "losses"),
    [
        ({"name": "1 a/b"}, ["--name=J1_a_b"], ["approximated: name '1 a/b': J1_a_b is a name PJM takes"]),
        ({"name": "run.sh"}, [], []),
        ({"project": "p"}, ["--gname=p"], []),
        ({"project": "7"}, ["--gname=7"], ["approximated: project 7: a number is taken for an OS group"]),
        ({"project": "p", "account": "p", "group": "p"}, ["--gname=p"], []),
        (
            {"project": "p", "account": "a", "group": "g"},
            ["--gname=p"],
            ["lost: account a: --gname is p already", "lost: group g: --gname is p already"],
        ),
        (
            {"account": "a"},
            ["--gname=a"],
            ["approximated: account a: --gname names what a job is charged to"],
        ),
        (
            {"group": "g"},
            ["--gname=g"],
            ["approximated: group g: --gname also names what a job is charged to"],
        ),
        ({"comment": "x" * 256}, [], [f"lost: --comment {'x' * 40!r}: it is longer than 255"]),
        ({"comment": "a\nb"}, [], [r"lost: --comment 'a\nb': a directive can't hold this text"]),
        ({"queue": "a,b"}, [], ["lost: rscgrp='a,b': it can't stand in a list of resources"]),
        (
            {"runtime_s": 0},
            ["--rsc-list elapse=00:00:01"],
            ["approximated: run time of 0 s: a time is 1 to 2147483647 s"],
        ),
        (
            {"runtime_s": 10, "min_runtime_s": 20},
            ["--rsc-list elapse=00:00:10"],
            ["lost: least run time of 20 s: it is not within the run time"],
        ),
        ({"priority": 2003}, [], ["approximated: priority 2003: -p is 127"]),
        ({"priority": 2005}, ["-p 128"], ["approximated: priority 2005: -p is 128"]),
        ({"priority": 0}, ["-p 0"], ["approximated: priority 0: -p is 0"]),
        ({"priority": 4000}, ["-p 255"], ["approximated: priority 4000: -p is 255"]),
        ({"not_before": NOW}, [], ["lost: start time: it has passed"]),
        ({"not_before": 10**18}, [], ["lost: start time: it is beyond the calendar"]),
        (
            {"not_before": NOW + 1_000_000},
            ["--at=202311150714"],
            ["approximated: start time: --at is 202311150714"],
        ),
        ({"notify_on_failure": True}, ["-m e"], ["approximated: a mail on failure: every end is mailed"]),
        ({"notify_on_failure": True, "notify_on_completion": True}, ["-m e"], []),
        ({"email_address": "a@b;c@d"}, ["--mail-list=a@b,c@d"], []),
        (
            {"extra_resources": {"lic": "2", "node": "3", "freq": "x"}},
            ["--rsc-list lic=2"],
            [
                "approximated: resource lic: written as a custom resource, which the site has to know",
                "lost: resource node='3': it can't stand in a list of resources",
                "lost: resource freq='x': it can't stand in a list of resources",
            ],
        ),
        (
            OWN | {"options": {"z": "x", "spath": "", "stats": "1"}},
            [],
            [
                "lost: --stats '1': it does not take this value",
                "lost: --spath '': it does not take this value",
                "lost: -z 'x': it does not take this value",
            ],
        ),
        (
            OWN | {"options": {"llio.perf": "a,b", "other": "1"}},
            [],
            [
                "lost: other: not an option that a PJM script keeps",
                "lost: llio.perf='a,b': it can't stand in a list",
            ],
        ),
    ],
)
def test_a_job_is_said_as_far_as_it_can_be_and_the_rest_is_told(
    job: dict[str, Any], lines: list[str], losses: list[str]
) -> None:
    rendered = render(job)
    assert written(rendered) == lines
    assert told(rendered) == losses


@pytest.mark.parametrize(
    ("task", "lines", "losses"),
    [
        ({"runtime_s": 60}, ["--rsc-list elapse=00:01:00"], []),
        (
            {"join": "eo", "stdout": "a", "stderr": "b"},
            ["--out=b", "-j"],
            ["approximated: stdout joined to stderr: both are in the file of stdout"],
        ),
        ({"join": "n"}, [], []),
        ({"stdout": "a.*"} | SWEEP, ["--bulk", "--sparam=1-9", "--out=a.%b"], []),
        ({"stdout": "%x"}, ["--out=x"], ["approximated: % in %x: left out of the name"]),
        ({"limits": {"rss": 1}}, [], ["lost: limit rss: PJM has no such limit"]),
        (
            {"limits": {"core": 1, "fsize": 1, "cpu": 0, "nofile": 1 << 40, "nproc": 1 << 40}},
            [
                "--rsc-list proc-core=1Ki",
                "--rsc-list proc-filesz=3K",
                "--rsc-list proc-cpu=00:00:01",
                "--rsc-list proc-crproc=2147483647",
                "--rsc-list proc-openfd=1048576",
            ],
            [
                "approximated: limit core of 1: proc-core is 1Ki",
                "approximated: limit fsize of 1: proc-filesz is 3K",
                "approximated: limit cpu of 0: proc-cpu is 00:00:01",
                f"approximated: limit nproc of {1 << 40}: proc-crproc is 2147483647",
                f"approximated: limit nofile of {1 << 40}: proc-openfd is 1048576",
            ],
        ),
        (
            {"chunks": (Chunk(cores=0),), "sharing": Sharing.SHARED},
            ["--rsc-list node=1"],
            ["approximated: shared nodes: whole nodes are never shared"],
        ),
        (
            {"chunks": (Chunk(count=2, cores=0),), "arrangement": Arrangement.PACK},
            ["--rsc-list node=2"],
            ["lost: all on one node: whole nodes are as many nodes"],
        ),
        (
            {"chunks": (Chunk(cores=4, memory=1000), Chunk(count=2, cores=2, ranks=2, threads=3))},
            [
                "--rsc-list vnode=3",
                "--rsc-list vnode-core=4",
                "--rsc-list vnode-mem=1Mi",
                "--mpi proc=6",
                "-x OMP_NUM_THREADS=3",
            ],
            [
                "approximated: parts of several kinds: as many of the largest are asked for",
                "approximated: 1000 bytes of memory: 1Mi are asked for",
                "approximated: 3 threads: as the variable OMP_NUM_THREADS",
            ],
        ),
        (
            {"chunks": (Chunk(count=2, cores=2, ranks=3),), "processes": 5},
            ["--rsc-list vnode=2", "--rsc-list vnode-core=2", "--mpi proc=5"],
            [],
        ),
        (
            {"chunks": (Chunk(count=2, cores=0, ranks=2),), "processes": 5},
            ["--rsc-list node=2", "--mpi proc=5"],
            ["approximated: 2 processes on each part: up to 3 are asked for"],
        ),
        (
            {"chunks": (Chunk(max_count=3, host="n1", features=("big",), extra={"lic": "1"}),)},
            [],
            [
                "lost: up to 3 parts: the least number is asked for",
                "lost: host n1: nodes have no names in a script",
                "lost: features big: nodes have no features in a script",
                "lost: resources lic of each part: only a job has custom resources",
            ],
        ),
        (
            {"exclusive": True, "max_cores": 4},
            ["--rsc-list vnode=4", "-P exec-policy=simplex"],
            ["approximated: 1 to 4 cores: the most is asked for"],
        ),
    ],
)
def test_a_task_is_said_as_far_as_it_can_be_and_the_rest_is_told(
    task: dict[str, Any], lines: list[str], losses: list[str]
) -> None:
    rendered = render(task=task)
    assert written(rendered) == lines
    assert told(rendered) == losses


@pytest.mark.parametrize(
    ("options", "count", "line", "loss"),
    [
        ({"rsc-list.node": "2x3"}, 7, "--rsc-list node=7", "approximated: node=2x3: the job has 7 nodes now"),
        ({"rsc-list.node": "2x3"}, 6, "--rsc-list node=2x3", ""),
        ({"rsc-list.node": "bad"}, 6, "--rsc-list node=6", "approximated: node=bad: the job has 6 nodes now"),
        ({"mpi.shape": "2x3"}, 4, "--rsc-list node=4", "lost: shape=2x3: the job has 4 nodes now"),
        ({"rsc-list.core-mem": "bad"}, 1, "--rsc-list node=1", ""),
    ],
)
def test_what_is_kept_gives_way_to_what_the_job_has_become(
    options: dict[str, str], count: int, line: str, loss: str
) -> None:
    rendered = render(OWN | {"options": options}, {"chunks": (Chunk(count=count, cores=0),)})
    assert line in written(rendered)
    assert told(rendered) == ([loss] if loss else [])


def test_memory_by_the_core_gives_way_too() -> None:
    for text in ("bad", "1Gi", "unlimited"):
        rendered = render(
            OWN | {"options": {"rsc-list.core-mem": text}}, {"chunks": (Chunk(cores=2, memory=1 << 30),)}
        )
        assert "--rsc-list vnode-mem=1Gi" in written(rendered)


def test_variables_that_can_be_said_are_written_one_to_a_line() -> None:
    rendered = render(
        environment={"A": "b c", "B": "1,2", "a-b": "1", "PJM_JOBID": "1", "OMP_NUM_THREADS": ""}
    )
    assert written(rendered) == ['-x "A=b c"', "-x OMP_NUM_THREADS="]
    assert told(rendered) == [
        "lost: variable B: -x takes plain names, and values without commas",
        "lost: variable a-b: -x takes plain names, and values without commas",
        "lost: variable PJM_JOBID: PJM sets it itself",
    ]


def test_beside_minus_x_of_all_only_what_differs_is_written() -> None:
    by = replace(BY, variables={"A": "1", "B": "1,2", "LD_LIBRARY_PATH": "/lib"})
    script = FLAVOUR.parse(b"#PJM -X -x LD_LIBRARY_PATH=/lib,A=2", by)
    rendered = FLAVOUR.render(script, by)
    assert [line for line in written(rendered) if line[:2] in ("-x", "-X")] == [
        "-X",
        "-x A=2",
        "-x LD_LIBRARY_PATH=/lib",
    ]
    assert FLAVOUR.parse(rendered.text, by).environment == script.environment


def test_threads_the_script_sets_itself_stay() -> None:
    rendered = render(task={"chunks": (Chunk(threads=4),)}, environment={"OMP_NUM_THREADS": "2"})
    assert written(rendered) == ["-x OMP_NUM_THREADS=2"]


def test_a_bulk_job_is_no_part_of_a_chain() -> None:
    rendered = render({"step": Step(of=3)}, SWEEP)
    assert written(rendered) == ["--bulk", "--sparam=1-9"]
    assert told(rendered) == ["lost: step: a bulk job is no part of a chain"]


def test_more_directives_than_are_read_are_told() -> None:
    rendered = render(environment={f"V{number}": "x" * 4000 for number in range(40)})
    assert len(written(rendered)) == 32
    assert len(told(rendered)) == 8
    FLAVOUR.parse(rendered.text, BY)
