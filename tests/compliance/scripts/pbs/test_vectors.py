"""The vectors of spec pbs: 1.3 (lines), 3.1 (old requests), 7 to 10 and 15 as far as text decides them."""

from collections.abc import Callable

import pytest

from headgate.core.model import Chunk, JobDependency
from headgate.core.scripts import Script, ScriptError, Submitter
from headgate.core.vocabulary import Arrangement, DependencyCondition, TaskType
from headgate.scripts.pbs import FLAVOUR, resource_list, totals

BY = Submitter(now=1_709_629_502_000_000, file="job.sh", directory="/home/ada/run")
GB = 1 << 30


def read(text: str) -> Script:
    return FLAVOUR.parse(text.encode(), BY)


def name(script: Script) -> object:
    return script.job.name


def queue(script: Script) -> object:
    return script.job.queue


def memory(script: Script) -> object:
    return script.task.chunks[0].memory


LINES: list[tuple[str, list[tuple[Callable[[Script], object], object]]]] = [
    ("#PBS -N a -q high\n", [(name, "a"), (queue, "high")]),
    ("   #PBS -N a\n", [(name, "a")]),
    (
        "#PBS -l walltime=1:00:00,mem=2gb\n",
        [(lambda script: script.job.runtime_s, 3600), (memory, 2 * GB)],
    ),
    (
        '#PBS -l "nodes=2, walltime=10"\n',
        [(lambda script: script.job.runtime_s, 10), (lambda script: script.task.chunks, (Chunk(count=2),))],
    ),
    ("#PBS -l mem=1gb\n#PBS -l mem=2gb\n", [(memory, GB)]),
    ("#PBS -q a\n#PBS -q b\n", [(queue, "b")]),
    ("echo hi\n#PBS -N late\n", [(name, "job.sh")]),
    (": no-op\n#PBS -N x\n", [(name, "x")]),
    ("#PBS -v \"A=1,B='x,y'\"\n", [(lambda script: script.environment, {"A": "1", "B": "x,y"})]),
]


@pytest.mark.parametrize(("text", "facts"), LINES)
def test_lines_of_1_3(text: str, facts: list[tuple[Callable[[Script], object], object]]) -> None:
    script = read(text)
    assert [get(script) for get, _ in facts] == [value for _, value in facts]


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("#PBS -l nodes=2, walltime=10\n", 9, "illegal -l value"),
        ("#PBS -N a # my job\n", 11, "directive error: '# my job'"),
        ("#PBSfoo\n", 5, "directive error: 'foo'"),
    ],
)
def test_lines_of_1_3_that_are_errors(text: str, column: int, said: str) -> None:
    with pytest.raises(ScriptError) as refused:
        read(text)
    assert (refused.value.note.line, refused.value.note.column) == (1, column)
    assert said in refused.value.text


@pytest.mark.parametrize(
    ("given", "select", "place", "shown"),
    [
        ("", "1:ncpus=1", "pack", {"ncpus": 1, "nodect": 1}),
        ("nodes=3", "3:ncpus=1", "scatter", {"ncpus": 3, "nodect": 3}),
        ("nodes=3:ppn=4", "3:ncpus=4:mpiprocs=4", "scatter", {"mpiprocs": 12, "ncpus": 12, "nodect": 3}),
        ("nodes=3:ppn=1", "3:ncpus=1", "scatter", {"ncpus": 3, "nodect": 3}),
        ("nodes=2:ppn=2:cpp=3", "2:ncpus=6:mpiprocs=2", "scatter", {}),
        ("nodes=2,ncpus=8", "2:ncpus=4", "scatter", {"ncpus": 8}),
        ("nodes=2,mem=4gb", "2:ncpus=1:mem=2gb", "scatter", {"mem": "4gb"}),
        ("nodes=a1+2:fast", "1:ncpus=1:host=a1+2:ncpus=1:fast=True", "scatter", {}),
        ("nodes=2#excl", "2:ncpus=1", "scatter:excl", {}),
        ("nodes=2#shared", "2:ncpus=1", "scatter:shared", {}),
        ("ncpus=4,mem=2gb", "1:ncpus=4:mem=2gb", "pack", {}),
        ("select=2:ncpus=8", "2:ncpus=8", "free", {"ncpus": 16, "nodect": 2}),
    ],
)
def test_requests_of_3_1(given: str, select: str, place: str, shown: dict[str, object]) -> None:
    """mem comes in the largest unit that keeps it whole (the server: 2097152KB); `share` as `shared`."""
    script = read(f"#PBS -l {given}\n" if given else "echo\n")
    listed = resource_list(script.job, script.task)
    assert (listed["select"], listed["place"]) == (select, place)
    assert listed.items() >= shown.items()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("select=1 -l mem=1gb", '"-lresource=" cannot be used with "select" or "place", resource is: mem'),
        ("place=pack", 'Cannot have "place" without "select"'),
        ("nodes=2:gpus=1", "gpus="),
        ("nodes=3,ncpus=8", "evenly"),
        ("nodes=2:ppn=2,ncpus=8", "ncpus=8"),
    ],
)
def test_requests_that_3_1_refuses(given: str, said: str) -> None:
    with pytest.raises(ScriptError) as refused:
        read(f"#PBS -l {given}\n")
    assert said in refused.value.text


def test_sizes_and_times_of_3_2() -> None:
    assert read("#PBS -l walltime=90\n").job.runtime_s == 90
    assert read("#PBS -l walltime=1:30\n").job.runtime_s == 90
    assert totals(read("#PBS -l select=2:mem=512mb+1:mem=1kw\n").task.chunks).mem == GB + 8192


def test_an_array_of_15_4() -> None:
    script = read("#PBS -J 1-5:2%1\n")
    task = script.task
    assert task.type is TaskType.PARAMETRIC_SWEEP
    assert list(range(task.start_value, task.end_value + 1, task.increment)) == [1, 3, 5]
    assert task.max_running == 1


def test_dependencies_of_10_drop_the_job_when_they_can_no_longer_be_met() -> None:
    job = read("#PBS -W depend=afterok:812.head1@head1,afternotok:813[]\n").job
    assert job.depends_on == (
        JobDependency(812, DependencyCondition.SUCCEEDED),
        JobDependency(813, DependencyCondition.FAILED),
    )
    assert job.drop_when_hopeless


def test_a_first_line_of_15_7_runs_the_script_and_without_options_15_8_holds() -> None:
    script = read("#!/usr/bin/env python3\n#PBS -S /bin/bash\nprint('hi')\n")
    assert script.task.interpreter == ()
    assert script.task.umask == 0o077
    assert script.task.work_directory == ""
    assert script.job.submit_directory == "/home/ada/run"


def test_nodes_of_15_9_and_where_they_go() -> None:
    task = read("#PBS -l nodes=2:ppn=3\n").task
    assert task.chunks == (Chunk(count=2, cores=3, ranks=3),)
    assert task.arrangement is Arrangement.SCATTER


@pytest.mark.parametrize("text", ["005", "inf", "1e5", 'q"\\,x', "größe"])
def test_values_of_15_10_stay_as_they_are(text: str) -> None:
    script = Script(job=read("").job, task=read("").task, environment={"A": text})
    again = FLAVOUR.parse(FLAVOUR.render(script, BY).text, BY)
    assert again.environment == {"A": text}


def test_the_resources_of_soca_pass_and_are_told_and_a_slip_is_refused() -> None:
    """Spec soca, sections 7.1 and 11 (22); the blank and ami_id are its two traps."""
    script = read("#PBS -l nodes=2,instance_type=c5.xlarge -l scratch_size=100,spot_price=auto\n")
    assert script.job.extra_resources == {
        "instance_type": "c5.xlarge",
        "scratch_size": "100",
        "spot_price": "auto",
    }
    assert len(script.notes) == 3
    with pytest.raises(ScriptError, match="an item is empty") as refused:
        read("#PBS -l nodes=5,instance_type=a+b, spot_price=auto\n")
    assert refused.value.note.line == 1
    with pytest.raises(ScriptError, match="ami_id; instance_ami is meant"):
        read("#PBS -l ami_id=ami-0123456789\n")
