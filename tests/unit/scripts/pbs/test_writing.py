"""scripts/pbs/writing.py: how it looks, and what is told. That it reads back is tests/property."""

import pytest
from msgspec.structs import replace

from headgate.core.model import Chunk, JobDependency, JobSpec, TaskSpec
from headgate.core.scripts import Script, Submitter
from headgate.core.vocabulary import Arrangement, DependencyCondition, HoldKind, Sharing, TaskType
from headgate.scripts.pbs import FLAVOUR

BY = Submitter(now=1_709_629_502_000_000, time_zone="Europe/Berlin", file="job.sh", directory="/home/ada/run")

EVERYTHING = b"""#!/bin/bash
#PBS -N demo -q high -P proj -A 'team a' -p 5 -a 202503051005.02 -h -r n
#PBS -l select=2:ncpus=8:mpiprocs=4:mem=4gb+1:ncpus=1 -l place=scatter:excl,walltime=90
#PBS -l instance_type=c5.xlarge -V -v "A=1,B='x y'" -S /bin/sh@n1,/bin/zsh -W umask=022,block=true
#PBS -W depend=afterok:7,group_list=hpc -o out/ -e host:err -j oe -m be -M ada -k oed -z -u bob
# a comment

cd "$PBS_O_WORKDIR"
"""
WRITTEN = b"""#!/bin/bash
#PBS -N demo
#PBS -q high
#PBS -P proj
#PBS -A "team a"
#PBS -u bob
#PBS -W group_list=hpc
#PBS -a 202503051005.02
#PBS -h
#PBS -p 5
#PBS -r n
#PBS -W depend=afterok:7
#PBS -l select=2:ncpus=8:mem=4gb:mpiprocs=4+1:ncpus=1
#PBS -l place=scatter:excl
#PBS -l walltime=00:01:30
#PBS -l instance_type=c5.xlarge
#PBS -S "/bin/sh@n1,/bin/zsh"
#PBS -W umask=022
#PBS -V
#PBS -v 'A=1,B="x y"'
#PBS -o out/
#PBS -e host:err
#PBS -j oe
#PBS -m be
#PBS -M ada
#PBS -W block=true
#PBS -k oed
#PBS -z
# a comment

cd "$PBS_O_WORKDIR"
"""


PLAIN_JOB, PLAIN_TASK = JobSpec(), TaskSpec()


def foreign(job: JobSpec = PLAIN_JOB, task: TaskSpec = PLAIN_TASK) -> Script:
    """A script of Slurm's manners that PBS can say but for its start directory."""
    return Script(
        job=replace(job, flavour="slurm", stop_signal="TERM", stop_grace_s=10.0),
        task=replace(task, script=b"#!/bin/sh\n#SBATCH -J x\nsrun a\n", interpreter=(), at_submission=True),
    )


def whats(script: Script) -> list[str]:
    """What is lost, besides the start directory, which a job of another flavour always loses."""
    return [
        loss.what
        for loss in FLAVOUR.render(script, BY).losses
        if loss.what != "start in the directory of submission"
    ]


def lines(script: Script) -> list[str]:
    text = FLAVOUR.render(script, BY).text.decode()
    return [line.removeprefix("#PBS ") for line in text.splitlines() if line.startswith("#PBS")]


def test_every_option_has_a_line_and_the_body_stays() -> None:
    script = FLAVOUR.parse(EVERYTHING, BY)
    written = FLAVOUR.render(script, BY)
    assert sorted(written.text.splitlines()) == sorted(WRITTEN.splitlines())
    assert written.text.splitlines()[-3:] == WRITTEN.splitlines()[-3:]
    assert not written.losses


def test_a_script_of_another_flavour_loses_its_directives_and_its_start_directory_which_is_told() -> None:
    written = FLAVOUR.render(foreign(JobSpec(name="x")), BY)
    assert written.text.decode().splitlines()[-1] == "srun a"
    assert b"SBATCH" not in written.text
    assert [loss.what for loss in written.losses] == ["start in the directory of submission"]


@pytest.mark.parametrize(
    ("job", "line", "what"),
    [
        (JobSpec(name="my job"), "-N my_job", "name my job"),
        (JobSpec(name="x" * 300), "-N " + "x" * 230, "name " + "x" * 300),
        (JobSpec(priority=4000), "-p 1023", "priority 4000"),
        (JobSpec(priority=0), "-p -1024", "priority 0"),
        (JobSpec(holds=(HoldKind.USER, HoldKind.SYSTEM)), "-h", "hold of system"),
        (JobSpec(not_before=1_741_165_500_000_001), "-a 202503051005.01", "start time"),
        (JobSpec(not_before=10**18), "", "start time"),
        (
            JobSpec(depends_on=(JobDependency(7, DependencyCondition.CORRESPONDS),), drop_when_hopeless=True),
            "-W depend=afterok:7",
            "aftercorr of job 7",
        ),
        (
            JobSpec(depends_on=(JobDependency(7),)),
            "-W depend=afterok:7",
            "waiting for what can no longer happen",
        ),
        (JobSpec(queue="a queue"), "", "-q a queue"),
        (JobSpec(project="a/b"), "", "-P a/b"),
        (JobSpec(account="a\nb"), "", "-A a\nb"),
        (JobSpec(email_address="a b"), "", "-M a b"),
        (JobSpec(group="a b"), "", "-W group_list a b"),
        (JobSpec(extra_resources={"gres/x": "1"}), "", "gres/x=1"),
        (JobSpec(extra_resources={"mem": "1"}), "", "mem=1"),
        (JobSpec(extra_resources={"procs": "1"}), "", "procs=1"),
    ],
)  # fmt: skip - a case a line
def test_what_comes_near_or_can_not_be_said_is_told(job: JobSpec, line: str, what: str) -> None:
    script = foreign(job)
    assert whats(script) == [what]
    assert not line or line in lines(script)


@pytest.mark.parametrize(
    ("task", "line", "whats_lost"),
    [
        (
            TaskSpec(chunks=(Chunk(cores=0, features=("a|b",)),)),
            "-l select=1:ncpus=1",
            ["all cores of a node", "a|b"],
        ),
        (TaskSpec(stdout="a.%a"), "-o a.^array_index^", []),
        (TaskSpec(join="n"), "-l place=free", []),
        (TaskSpec(sharing=Sharing.SHARED, arrangement=Arrangement.PACK), "-l place=pack:shared", []),
        (
            TaskSpec(type=TaskType.PARAMETRIC_SWEEP, start_value=1, end_value=3, rerunnable=False),
            "-J 1-3",
            ["not rerunnable"],
        ),
        (TaskSpec(runtime_s=90), "-l walltime=00:01:30", []),
        (TaskSpec(limits={"as": 1024, "nproc": 3}), "-l pvmem=1kb", ["limit nproc"]),
    ],
)  # fmt: skip - a case a line
def test_tasks_of_other_flavours(task: TaskSpec, line: str, whats_lost: list[str]) -> None:
    script = foreign(task=task)
    assert whats(script) == whats_lost
    assert line in lines(script)


def test_more_chunks_than_pbs_takes_are_not_asked_for_and_that_is_told() -> None:
    script = foreign(task=TaskSpec(chunks=(Chunk(count=2_000_000),)))
    assert whats(script) == ["chunks"]
    assert not [line for line in lines(script) if "select" in line or "place" in line]


def test_the_shorter_of_two_run_times_counts_and_that_is_told() -> None:
    script = foreign(JobSpec(runtime_s=60), TaskSpec(runtime_s=30))
    assert "-l walltime=00:00:30" in lines(script)
    assert whats(script) == ["run times of job and task"]


def test_an_option_that_no_longer_says_what_the_field_does_is_not_written() -> None:
    script = FLAVOUR.parse(b"#PBS -q high@srv -o h:out -l select=1 -l place=vscatter\n", BY)
    job = replace(script.job, queue="low")
    task = replace(script.task, stdout="", arrangement=Arrangement.PACK)
    changed = replace(script, job=job, task=task)
    written = FLAVOUR.render(changed, BY)
    assert "-q low" in lines(changed)
    assert "-l place=pack" in lines(changed)
    assert not any(line.startswith("-o") for line in lines(changed))
    assert {loss.what for loss in written.losses} == {"-o h:out", "-l place=vscatter"}


def test_an_option_that_nobody_knows_is_told() -> None:
    script = FLAVOUR.parse(b"echo\n", BY)
    job = replace(script.job, options={"odd": "1", "Keep_Files": "x", "Resource_List.odd": "1"})
    assert whats(replace(script, job=job)) == ["odd", "-k x", "Resource_List.odd"]


def test_all_variables_are_not_spelled_out_where_they_are_taken_along() -> None:
    by = replace(BY, variables={"EDITOR": "ed", "TOKEN": "secret"})
    script = FLAVOUR.parse(b"#PBS -V -v EDITOR=vi\n", by)
    assert {"-V", "-v EDITOR=vi"} <= set(lines_of(FLAVOUR.render(script, by).text))
    assert b"secret" not in FLAVOUR.render(script, by).text


def lines_of(text: bytes) -> list[str]:
    return [line.removeprefix("#PBS ") for line in text.decode().splitlines()]


def test_variables_that_can_not_be_said_are_told() -> None:
    script = Script(job=FLAVOUR.parse(b"", BY).job, task=TaskSpec(script=b"a\n"), environment={"A": "x\ny"})
    assert whats(script) == ["variable A"]


@pytest.mark.parametrize(
    ("script", "interpreter", "head", "lost"),
    [
        (b"#!/bin/sh\na\n", (), "#!/bin/sh", 0),
        (b"#!/bin/sh\na\n", ("/bin/bash",), "#!/bin/sh", 0),
        (b"#!/bin/sh\na\n", ("/bin/zsh",), "#!/bin/sh", 1),
        (b"a\n", ("/bin/zsh",), "-S /bin/zsh", 0),
        (b"a\n", ("/bin/zsh", "-e"), "#!/bin/zsh -e", 0),
        (b"a\n", ("/bin/zsh", "-e", "-u"), "", 1),
        (b"a\n", ("python3",), "", 1),
        (b"a\n", ("python3", "-u"), "", 1),
        (b"a\n", ("/my python", "-u"), "", 1),
    ],
)
def test_what_runs_the_script(script: bytes, interpreter: tuple[str, ...], head: str, lost: int) -> None:
    job = FLAVOUR.parse(b"", BY).job
    written = FLAVOUR.render(
        Script(job=job, task=TaskSpec(script=script, interpreter=interpreter, umask=0o077)), BY
    )
    assert not head or head in lines_of(written.text)
    assert len(written.losses) == lost
    again = FLAVOUR.parse(written.text, BY)
    assert lost or again.task.interpreter in (interpreter, ())


def test_variables_of_other_schedulers_in_the_body_are_told() -> None:
    script = foreign()
    body = b"#SBATCH -J $SLURM_NO\necho $SLURM_JOB_ID ${SLURM_JOB_ID} $PJM_O_HOST $MY_SLURM_X\n"
    changed = replace(script, task=replace(script.task, script=body))
    assert whats(changed) == ["variable PJM_O_HOST in the script", "variable SLURM_JOB_ID in the script"]


def test_a_command_line_is_the_body_and_its_stars_are_told() -> None:
    job = FLAVOUR.parse(b"", BY).job
    script = Script(job=job, task=TaskSpec(command_line="run *.in", umask=0o077))
    written = FLAVOUR.render(script, BY)
    assert written.text.endswith(b"\nrun *.in\n")
    assert [loss.what for loss in written.losses] == ["* in the command line"]
